"""A preset that extends another one: what it takes over, and the circles it can be caught in."""

from __future__ import annotations

from pathlib import Path

import pytest

from tuilab.lab.errors import PresetError
from tuilab.lab.preset import dumps, load_preset, loads

BASE = """\
name = "base"
dataset = "xor"
widths = [8, 8]
epochs = 7
lr = 0.02

[[timeline]]
step = 4
dropout = 0.5

[claim]
number = 1
sentence = "x"
metric = "overshoot"
arms = ["a", "b"]
direction = "less"
"""


def test_what_is_not_said_is_taken_over(tmp_path: Path) -> None:
    (tmp_path / "base.toml").write_text(BASE)
    (tmp_path / "mine.toml").write_text('extends = "base.toml"\nlr = 0.5\nsteps = 9')
    mine, base = load_preset(tmp_path / "mine.toml"), load_preset(tmp_path / "base.toml")
    assert (mine.name, mine.dataset, mine.widths, mine.recipe.lr) == ("mine", "xor", (8, 8), 0.5)
    assert (mine.steps, mine.epochs, mine.timeline) == (9, None, base.timeline)
    assert base.claim is not None and mine.claim is None
    assert loads(dumps(mine)) == mine and "extends" not in dumps(mine)


def test_a_shipped_preset_can_be_extended() -> None:
    mine, base = loads('extends = "digits"\ndropout = 0.5', "mine.toml"), load_preset("digits")
    assert mine == base.with_(name="mine", dropout=0.5)


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"mine": 'extends = "mine.toml"'}, "found a circle: .*mine.toml → .*mine.toml"),
        ({"mine": 'extends = "b.toml"', "b": 'extends = "mine.toml"'}, "circle: .*mine.toml → .*b.toml → .*mine.toml"),
        ({"mine": "extends = 3"}, "extends: found 3, expected the name"),
        ({"mine": 'extends = ""'}, "extends: found ''"),
        ({"mine": 'extends = "digitz"'}, "extends: .*did you mean 'digits'"),
        ({"mine": 'extends = "b.toml"', "b": "lr = = 3"}, "extends: .*b.toml: line 1.*not TOML"),
        ({"mine": 'extends = "b.toml"', "b": "dataset = 'xor'\nlr = -1"}, "lr: found -1"),
        ({"mine": 'extends = "b0.toml"', **{f"b{i}": f'extends = "b{i + 1}.toml"' for i in range(9)}}, "more than 8"),
    ],
)  # fmt: skip
def test_a_mistake_is_one_line(files: dict[str, str], words: str, tmp_path: Path) -> None:
    for name, text in files.items():
        (tmp_path / f"{name}.toml").write_text(text)
    with pytest.raises(PresetError, match=words) as caught:
        load_preset(tmp_path / "mine.toml")
    assert str(caught.value).startswith(str(tmp_path / "mine.toml")) and str(caught.value).isprintable()
