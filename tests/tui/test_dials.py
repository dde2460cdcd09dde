"""Dials go through exact values; turns are remembered the way people read them."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import engine.spec
from engine.spec import Recipe, SpecError
from tests.tui.fake import FakeWorker, frame, preset
from tuilab.lab.timeline import Change
from tuilab.tui.dials import BY_NAME, DIALS, Dial, current
from tuilab.tui.figures import exact, grouped, percent, rate, short
from tuilab.tui.labmodel import SPEEDS, LabModel, watchable
from tuilab.tui.turns import TurnLog, marks, turns


def test_there_is_a_dial_for_everything_that_can_be_turned() -> None:
    assert {dial.name for dial in DIALS} == {*engine.spec.DIALS, "batch_size"}


@pytest.mark.parametrize("dial", DIALS, ids=lambda dial: dial.name)
def test_every_value_on_the_way_of_a_dial_is_allowed(dial: Dial) -> None:
    for value in dial.values:
        if dial.name != "batch_size":
            assert getattr(Recipe().changed(**{dial.name: value}), dial.name) == value
    assert list(dial.values) == sorted(dial.values) or dial.cyclic


@pytest.mark.parametrize("dial", DIALS, ids=lambda dial: dial.name)
def test_a_turn_and_a_turn_back_meet(dial: Dial) -> None:
    for i, value in enumerate(dial.values):
        up = dial.turned(value, 1)
        assert up == (
            dial.values[(i + 1) % len(dial.values)] if dial.cyclic else dial.values[min(i + 1, len(dial.values) - 1)]
        )
        if up != value:
            assert dial.turned(up, -1) == value


def test_five_turns_of_dropout_are_one_half_exactly() -> None:
    value = 0.0
    for _ in range(5):
        value = BY_NAME["dropout"].turned(value, 1)
    assert value == 0.5
    for _ in range(9):
        value = BY_NAME["dropout"].turned(value, 1)
    assert value == 0.9


@pytest.mark.parametrize(("value", "up", "down"), [(0.003, 0.005, 0.002), (0.001, 0.002, 0.0005), (3e-3, 0.005, 0.002)])
def test_a_learning_rate_between_two_marks_goes_to_the_next(value: float, up: float, down: float) -> None:
    assert (BY_NAME["lr"].turned(value, 1), BY_NAME["lr"].turned(value, -1)) == (up, down)


@given(st.sampled_from(DIALS), st.integers(1, 40))
def test_turning_on_and_on_stays_on_the_way(dial: Dial, count: int) -> None:
    value = current(dial.name, Recipe(), 32)
    for _ in range(count):
        value = dial.turned(value, 1)
    assert value in dial.values
    share = dial.gauge(value)
    assert dial.cyclic == (share is None) and (share is None or 0 <= share <= 1)


def test_a_list_of_activations_turns_to_one_for_all() -> None:
    mixed = ("relu", "tanh")
    assert BY_NAME["activation"].turned(mixed, 1) == "linear"
    assert current("activation", Recipe(activation=("relu", "relu")), 32) == "relu"


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [("dropout", "0.35", 0.35), ("batch_size", "48", 48), ("batch_norm", "on", True), ("batch_norm", "No", False),
     ("optimizer", "nag", "nag"), ("lr", "auto", None), ("lr", "1e-4", 1e-4)],
)  # fmt: skip
def test_typed_values_are_read(name: str, text: str, value: object) -> None:
    assert BY_NAME[name].parse(text) == value


@pytest.mark.parametrize(("name", "text"), [("dropout", "much"), ("batch_size", "3.5"), ("batch_norm", "maybe")])
def test_typed_nonsense_is_told_in_one_line(name: str, text: str) -> None:
    with pytest.raises(ValueError, match=rf"^{name}: found '{text}', expected [a-z ]+$"):
        BY_NAME[name].parse(text)


def test_dials_say_when_they_have_no_effect() -> None:
    sgd, momentum = Recipe(optimizer="sgd"), Recipe(optimizer="momentum")
    assert not BY_NAME["momentum"].effect(sgd) and BY_NAME["momentum"].effect(momentum)
    assert not BY_NAME["bn_eps"].effect(sgd) and BY_NAME["bn_eps"].effect(Recipe(batch_norm=True))
    assert all(dial.needs for dial in DIALS if not dial.effect(Recipe()))


def test_turns_of_one_dial_at_one_step_are_one_and_coming_back_is_none() -> None:
    changes = [Change(100, "dropout", v) for v in (0.1, 0.2, 0.3)]
    changes += [Change(200, "lr", 0.01), Change(200, "lr", 0.001), Change(300, "batch_size", 64)]
    made = turns(changes, Recipe(lr=0.001), 32)
    assert [turn.line for turn in made] == ["step 100 · dropout 0.0 → 0.3", "step 300 · batch_size 32 → 64"]


_CHANGES = st.tuples(st.integers(0, 2), st.sampled_from(("lr", "dropout", "batch_size")), st.integers(1, 3))


@given(st.lists(st.tuples(st.integers(0, 12), st.lists(_CHANGES, max_size=5)), max_size=8))
@example([(0, [(0, "lr", 1), (1, "lr", 1)]), (1, [(0, "lr", 2)])])  # back to an earlier step, and another turn there
def test_a_log_of_turns_told_of_changes_as_they_come_is_one_told_of_all_at_once(
    told: list[tuple[int, list[tuple[int, str, int]]]],
) -> None:
    """Each time some of the last changes are taken back (time travel), then others made, at the same or later steps."""
    log, changes = TurnLog(Recipe(lr=1.0), 2), ()
    for back, more in told:
        changes = changes[: max(len(changes) - back, 0)]
        for later, field, value in more:
            step = (changes[-1].step if changes else 0) + later
            changes = (*changes, Change(step, field, value if field == "batch_size" else value / 4))
        assert list(log.follow(changes)) == turns(changes, Recipe(lr=1.0), 2)


def test_a_log_of_many_turns_looks_at_the_new_ones_only() -> None:
    seen = []

    class Watched(Change):
        def __getattribute__(self, name: str) -> object:
            if name == "value":
                seen.append(self)
            return super().__getattribute__(name)

    changes = tuple(Watched(step, "dropout", (step % 9) / 10) for step in range(1000))
    log = TurnLog(Recipe(), 32)
    assert len(log.follow(changes)) == 999  # the first is none: dropout is 0 already
    seen.clear()
    assert len(log.follow((*changes, Watched(1000, "dropout", 0.5)))) == 1000
    assert len({id(change) for change in seen}) <= 2, "the new one, and the one of the step before"


def test_turns_of_one_step_share_a_mark() -> None:
    made = turns([Change(5, "optimizer", "sgd"), Change(5, "lr", 0.05), Change(9, "batch_norm", True)], Recipe(), 32)
    assert marks(made) == [(5, "optimizer sgd, lr 0.05"), (9, "batch_norm on")]


def test_a_value_shows_at_once_and_the_next_turn_goes_on_from_it() -> None:
    class Slow(FakeWorker):
        """Applies nothing until told."""

        def turn(self, name: str, value: object) -> None:
            self.calls.append(("turn", name, value))

    worker = Slow(preset())
    model = LabModel(preset())
    model.attach(worker)
    model.poll()
    for _ in range(3):
        model.turn("dropout", 1)
    assert model.value("dropout") == 0.3
    assert [call[2] for call in worker.calls if call[0] == "turn"] == [0.1, 0.2, 0.3]
    worker.put(recipe=worker.now.recipe.changed(dropout=0.2))
    model.poll()
    assert model.value("dropout") == 0.3, "not the value of an older turn"
    worker.put(recipe=worker.now.recipe.changed(dropout=0.3))
    model.poll()
    worker.put(recipe=worker.now.recipe.changed(dropout=0.0))
    model.poll()
    assert model.value("dropout") == 0.0, "once it was applied the frame counts"


def test_what_is_asked_before_there_is_an_engine_is_done_once_there_is() -> None:
    model = LabModel(preset())
    assert model.turn("batch_norm", 1) is not None
    model.toggle()
    assert model.value("batch_norm") is True
    worker = FakeWorker(preset())
    model.attach(worker)
    assert worker.calls == [("turn", "batch_norm", True), ("run",)]


def test_a_value_that_cannot_be_is_refused_before_the_worker_hears_of_it() -> None:
    model, worker = LabModel(preset()), FakeWorker(preset())
    model.attach(worker)
    with pytest.raises(SpecError, match="dropout"):
        model.set("dropout", 1.5)
    assert worker.calls == [] and model.value("dropout") == 0.0


def test_the_end_of_the_way_is_no_turn() -> None:
    model = LabModel(preset(dropout=0.9))
    model.attach(FakeWorker(preset(dropout=0.9)))
    assert model.turn("dropout", 1) is None


@given(st.integers(1, 10**9))
def test_a_run_is_slow_enough_to_watch_and_not_endless(total: int) -> None:
    speed = watchable(total)
    assert speed in SPEEDS and speed is not None
    assert total / speed >= 12 or speed == 10.0


def test_a_finished_run_goes_on_with_space() -> None:
    model, worker = LabModel(preset()), FakeWorker(preset(), now=frame(4000, "finished"))
    model.attach(worker)
    model.toggle()
    assert worker.calls[-2:] == [("extend", 4000), ("run",)]


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.01234, "0.0123"), (2.3456, "2.346"), (12.345, "12.35"), (123.45, "123.5"), (1.23e-5, "1.2e-5"), (0.0, "0"),
     (float("nan"), "nan"), (-0.5, "-0.5000"), (123456.0, "1.2e5"), (None, "–")],
)  # fmt: skip
def test_short_numbers(value: float | None, text: str) -> None:
    assert short(value) == text


@given(st.floats(-1e99, 1e99).filter(lambda v: v == 0 or abs(v) > 1e-99))
def test_short_numbers_are_short(value: float) -> None:
    assert len(short(value)) <= 8


def test_other_numbers() -> None:
    assert [exact(v) for v in (True, 0.5, 1.0, 2e-5, "relu", ("a", "b"), 32)] == [
        "on",
        "0.5",
        "1.0",
        "2e-5",
        "relu",
        "mixed",
        "32",
    ]
    assert grouped(1234567) == "1 234 567"
    assert [rate(v) for v in (0, 3.14, 950.0, 12_345.0, 2.5e7)] == ["0", "3.1", "950", "12.3k", "25.0M"]
    assert percent(0.9721) == "97.2 %" and percent(float("nan")) == "–"
