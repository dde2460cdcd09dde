"""Changes: checked when they are made, kept in order, written as rows that read back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.spec import OPTIMIZERS, SpecError
from tuilab.lab import timeline
from tuilab.lab.preset import KEYS
from tuilab.lab.timeline import FIXED, TURNABLE, Change, check_dial, from_rows, to_rows

changes = st.one_of(
    st.builds(Change, st.integers(0, 9), st.just("dropout"), st.floats(0, 0.9)),
    st.builds(Change, st.integers(0, 9), st.just("lr"), st.none() | st.floats(1e-6, 1.0)),
    st.builds(Change, st.integers(0, 9), st.just("optimizer"), st.sampled_from(OPTIMIZERS)),
    st.builds(Change, st.integers(0, 9), st.just("activation"), st.lists(st.just("tanh"), min_size=1, max_size=3)),
    st.builds(Change, st.integers(0, 9), st.just("batch_size"), st.integers(1, 99)),
)


@given(st.lists(changes, max_size=20))
def test_rows_read_back_in_the_order_they_are_applied(some: list[Change]) -> None:
    ordered = timeline.in_order(some)
    assert from_rows(to_rows(ordered)) == ordered


def test_changes_of_one_step_keep_their_order() -> None:
    rows = [{"step": 5, "lr": 0.1}, {"step": 2, "dropout": 0.1, "lr": 0.2}, {"step": 5, "lr": 0.3}]
    assert [(c.step, c.field, c.value) for c in from_rows(rows)] == [
        (2, "dropout", 0.1), (2, "lr", 0.2), (5, "lr", 0.1), (5, "lr", 0.3),
    ]  # fmt: skip


def test_every_key_of_a_preset_can_be_turned_or_says_why_not() -> None:
    assert {*TURNABLE} | {*FIXED} == {*KEYS} and not {*TURNABLE} & {*FIXED}
    for key in FIXED:
        with pytest.raises(SpecError, match="cannot change"):
            Change(1, key, 1)


def test_widths_need_a_new_network() -> None:
    with pytest.raises(SpecError, match="needs a new network"):
        check_dial("widths", (3,))


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("dropuot", 0.1, "did you mean 'dropout'"),
        ("dropout", 1.0, r"\[0, 1\)"),
        ("dropout", float("nan"), "nan"),
        ("lr", -1, "-1"),
        ("optimizer", "adm", "did you mean 'adam'"),
        ("batch_norm", 1, "true or false"),
        ("batch_size", 0, "whole number"),
        ("batch_size", 1.5, "whole number"),
    ],
)
def test_a_bad_change_names_what_is_allowed(field: str, value: object, words: str) -> None:
    with pytest.raises(SpecError, match=words):
        Change(1, field, value)


@pytest.mark.parametrize("step", [-1, 1.5, "7", True, 10**13])
def test_a_step_is_a_whole_number(step: object) -> None:
    with pytest.raises(SpecError, match="step"):
        Change(step, "lr", 0.1)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ("rows", "expected rows"),
        ([1], "expected rows"),
        ([{"dropout": 0.1}], "row 1: step: missing"),
        ([{"step": 1, "lr": 0.1}, {"step": 2}], "row 2: step: found no dial"),
        ([{"step": 1, "seed": 3}], "row 1: seed: belongs to the whole run"),
    ],
)
def test_a_bad_row_is_named(rows: object, words: str) -> None:
    with pytest.raises(SpecError, match=words):
        from_rows(rows)


def test_auto_is_the_usual_value() -> None:
    assert check_dial("lr", "auto") is None and to_rows([Change(1, "lr", "auto")]) == [{"step": 1, "lr": "auto"}]
    with pytest.raises(SpecError):
        check_dial("dropout", "auto")


def test_one_activation_for_each_hidden_layer() -> None:
    assert check_dial("activation", ["relu", "tanh"], hidden=2) == ("relu", "tanh")
    with pytest.raises(SpecError, match="expected one or 3"):
        check_dial("activation", ["relu", "tanh"], hidden=3)
