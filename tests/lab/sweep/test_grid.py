"""A grid of settings times seeds: what it holds, how it is written, what is refused before anything runs."""

from __future__ import annotations

from math import prod
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tuilab.lab.errors import PresetError
from tuilab.lab.preset import KEYS, Preset, loads
from tuilab.lab.session import Session
from tuilab.lab.sweep.grid import IN_RESULTS, columns, differences, expand, parse_grid, split_values

PLAIN = Preset("xor", name="plain", widths=(8,), steps=20, seed=3)
VALUES = {
    "lr": st.sampled_from(["0.1", "0.01", "1e-3", "auto"]),
    "widths": st.sampled_from(["4", "[4, 4]", "[2,3,4]"]),
    "optimizer": st.sampled_from(["sgd", "adam", "nag"]),
    "dropout": st.sampled_from(["0", "0.25", "0.5"]),
    "batch_norm": st.sampled_from(["true", "false"]),
}
GRIDS = st.dictionaries(st.sampled_from(sorted(VALUES)), st.none(), max_size=3).flatmap(
    lambda keys: st.fixed_dictionaries({key: st.lists(VALUES[key], min_size=1, unique=True) for key in keys})
)


def words(grid: dict[str, list[str]]) -> list[str]:
    return [f"{key}={','.join(values)}" for key, values in grid.items()]


@settings(max_examples=25)
@given(GRIDS, st.integers(1, 4))
def test_every_combination_comes_once_at_every_seed(grid: dict[str, list[str]], seeds: int) -> None:
    plan = expand(PLAIN, parse_grid(words(grid)), seeds)
    count = prod(len(values) for values in grid.values())
    assert len(plan.settings) == count and len(plan.runs) == count * seeds
    assert len({run.run_id for run in plan.runs}) == len(plan.runs)
    assert [run.seed for run in plan.runs] == [seed for seed in range(3, 3 + seeds) for _ in range(count)]
    for setting in plan.settings:
        assert dict(setting.values).keys() == grid.keys()
        again = loads(setting.text)
        for key in KEYS:
            if key not in ("name", "title", "description", "seed"):
                assert again.get(key) == setting.preset.get(key)


@settings(max_examples=25)
@given(GRIDS, st.randoms())
def test_a_run_is_known_by_what_it_trains_not_by_how_that_is_written(grid: dict[str, list[str]], rng: Random) -> None:
    shuffled = {key: rng.sample(grid[key], len(grid[key])) for key in rng.sample(sorted(grid), len(grid))}
    renamed = PLAIN.with_(name="other", title="Another title", lr=PLAIN.recipe.lr)
    first, second = (expand(p, parse_grid(words(g)), 2) for p, g in ((PLAIN, grid), (renamed, shuffled)))
    assert {run.run_id for run in first.runs} == {run.run_id for run in second.runs}
    more = expand(PLAIN, parse_grid(words(grid)), 3)
    assert {run.run_id for run in first.runs} < {run.run_id for run in more.runs}
    changed = expand(PLAIN.with_(momentum=0.5), parse_grid(words(grid)), 2)
    assert not {run.run_id for run in first.runs} & {run.run_id for run in changed.runs}


@given(st.lists(st.text("ab1.-", min_size=1), min_size=1), st.sampled_from(",;"))
def test_plain_values_are_what_stands_between_the_separators(parts: list[str], separator: str) -> None:
    assert split_values(separator.join(parts)) == parts


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("64,32", ["64", "32"]),
        ("64,32;32", ["64,32", "32"]),
        ("64,32;", ["64,32"]),
        ("[64,32],[32]", ["[64,32]", "[32]"]),
        ("[64,32];16", ["[64,32]", "16"]),
        (" a , b ", ["a", "b"]),
        ('"x,y",z', ['"x,y"', "z"]),
    ],
)
def test_values_with_commas_of_their_own(text: str, parts: list[str]) -> None:
    assert split_values(text) == parts


def test_widths_are_swept_in_either_way_of_writing() -> None:
    for grid in (["widths=64,32;32"], ["widths=[64,32],[32]"], ["widths=64,32;", "widths=32"]):
        assert [s.preset.widths for s in expand(PLAIN, parse_grid(grid)).settings] == [(64, 32), (32,)]


@pytest.mark.parametrize(
    ("grid", "seeds", "said"),
    [
        (["lr=0.1", "dropout=0.5,2"], 1, "--grid dropout=2: dropout: found 2"),
        (["lr"], 1, "found no '='"),
        (["drop=0.1"], 1, "did you mean 'dropout'"),
        (["lr=0.1,"], 1, "empty value"),
        (["lr=0.1,1e-1"], 1, "found twice"),
        (["seed=1,2"], 1, "--seeds N"),
        (["title=a,b"], 1, "unknown key 'title'"),
        (["lr=0.1"], 0, "--seeds: found 0"),
        (["lr=0.1,0.2"], 100_000, "200,000 runs"),
        (["activation=[relu,tanh],relu"], 1, "--grid activation=[relu,tanh]"),
    ],
)
def test_what_cannot_be_is_one_line_that_names_the_option(grid: list[str], seeds: int, said: str) -> None:
    with pytest.raises(PresetError) as caught:
        expand(PLAIN, parse_grid(grid), seeds)
    assert said in str(caught.value) and "\n" not in str(caught.value)


def test_names_of_settings_and_of_results_do_not_meet() -> None:
    session = Session(PLAIN)
    session.advance(20)
    assert set(IN_RESULTS) == set(KEYS) & set(session.result()) - {"seed"}
    assert columns(("lr", "steps", "seed")) == ("lr", "set_steps", "seed")


def test_a_changed_preset_is_told_beside_what_is_swept() -> None:
    assert differences(PLAIN, PLAIN.with_(name="b", seed=9, lr=0.5), ("lr",)) == []
    assert differences(PLAIN, PLAIN.with_(steps=30), ()) == ["steps = 20, now 30"]
    assert differences(PLAIN, PLAIN.with_(epochs=3), ("steps",)) == []
    assert differences(PLAIN, PLAIN.at(5, dropout=0.5), ()) == ["other timeline"]
