"""A preset is right or it is one clear line; written out it is the same again; the shipped ones are right."""

from __future__ import annotations

import re
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from engine.spec import ACTIVATIONS, DIALS, INITIALIZERS, OPTIMIZERS, TASKS, Recipe, SpecError
from tuilab.datasets import MISSING_VALUES
from tuilab.lab import shelf
from tuilab.lab.arms import DIRECTIONS, Arm, Claim, Published
from tuilab.lab.claims.names import STUDIES
from tuilab.lab.conditions import METRICS, When
from tuilab.lab.errors import PresetError, RunError
from tuilab.lab.preset import KEYS, Preset, Recorded, dumps, load_preset, loads, summary
from tuilab.lab.timeline import Change
from tuilab.lab.toml_text import decode

GOOD = """\
title = "A try"
dataset = "digits"
widths = [64, 32]
optimizer = "adam"
lr = 0.003

[[timeline]]
step = 400
dropout = 0.5
"""
CONDITIONS = """
[[when]]
metric = "val_loss"
not_fallen_for = 5
lr = "/10"

[[when]]
metric = "val_accuracy"
above = 0.9
times = 2
optimizer = "sgd"
dropout = "+0.1"
"""

printable = st.characters(exclude_categories=["C", "Z"])
recipes = st.builds(
    Recipe,
    activation=st.sampled_from(ACTIVATIONS),
    initializer=st.sampled_from(INITIALIZERS),
    optimizer=st.sampled_from(OPTIMIZERS),
    lr=st.none() | st.floats(0, 10),
    dropout=st.floats(0, 0.99),
    batch_norm=st.booleans(),
    weight_decay=st.floats(0, 1),
    warmup_steps=st.integers(0, 100),
)
changes = st.fixed_dictionaries(
    {},
    optional={
        "dropout": st.floats(0, 0.99),
        "lr": st.just("auto") | st.floats(0, 9) | st.integers(0, 9),
        "widths": st.lists(st.integers(1, 300), max_size=4),
        "optimizer": st.sampled_from(OPTIMIZERS),
        "batch_norm": st.booleans(),
        "epochs": st.floats(0.1, 9),
    },
).map(lambda found: tuple(found.items()))
arms = st.lists(st.from_regex(r"[a-z0-9][a-z.-]{0,9}", fullmatch=True), max_size=3, unique=True).flatmap(
    lambda names: st.tuples(*[st.builds(Arm, st.just(name), changes) for name in names])
)
word = st.from_regex(r"[a-z]{1,9}", fullmatch=True)
studies = st.builds(
    Claim,
    number=st.integers(1, 99),
    sentence=st.text(printable, max_size=60),
    metric=st.sampled_from([*STUDIES]),
    arms=st.tuples(st.just("one"), st.just("other")),
    direction=st.sampled_from(DIRECTIONS),
    compare=st.sampled_from(["difference", "ratio"]),
    bound=st.floats(-10, 10),
    seeds=st.integers(2, 9),
    rates=st.lists(st.floats(0, 1), max_size=3),
    target=st.floats(0, 1),
    published=st.lists(st.builds(Published, word, word, word), max_size=2).map(tuple),
)
waits = st.sampled_from(["not_fallen_for", "not_risen_for"])
whens = st.builds(
    lambda metric, kind, number, times, done, dials: When(metric, dials, times=times, done=done, **{kind: number}),
    st.sampled_from(METRICS),
    waits | st.sampled_from(["above", "below"]),
    st.floats(1e-9, 1e9),
    st.none() | st.integers(1, 9),
    st.integers(0, 99),
    st.sampled_from([(("lr", "/10"),), (("l1", "+1e-3"), ("lr", 0.5)), (("lr", "- .2"),), (("optimizer", "sgd"),)]),
)
presets = st.builds(
    Preset,
    st.sampled_from(["digits", "xor", "spiral", "mine.csv", "../a b/mine.npz", "~/mine.data", "/x/./y.csv"]),
    name=st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,20}", fullmatch=True),
    title=st.text(printable, max_size=30),
    description=st.text(printable | st.sampled_from("\n\t"), max_size=60),
    train_size=st.none() | st.integers(1, 999),
    noise=st.none() | st.floats(0, 1),
    widths=st.lists(st.integers(1, 300), max_size=4).map(tuple),
    recipe=recipes,
    batch_size=st.integers(1, 500),
    seed=st.integers(0, 2**63 - 1),
    steps=st.none() | st.integers(1, 10**6),
    standardise=st.none() | st.booleans(),
    target=st.none() | st.text(printable, max_size=9),
    task=st.none() | st.sampled_from(TASKS),
    missing=st.none() | st.sampled_from(MISSING_VALUES),
    conditions=st.lists(whens, max_size=3).map(tuple),
    timeline=st.lists(st.builds(Change, st.integers(0, 99), st.just("dropout"), st.floats(0, 0.5))).map(tuple),
    arms=arms,
    claim=st.none() | studies,
    recorded=st.none() | st.builds(Recorded, st.integers(0, 99), st.from_regex(r"[0-9a-f]{64}", fullmatch=True)),
)


@settings(max_examples=500)
@given(presets)
def test_a_preset_written_is_the_preset_read(preset: Preset) -> None:
    assert loads(dumps(preset)) == preset


TABLE = 'version = 1\ndataset = "mine.csv"\ntarget = "kind"\ntask = "regression"\nmissing = "median"\n'


def test_a_path_counts_from_the_folder_of_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "mine.toml").write_text('dataset = "../t.csv"\n[[arm]]\nname = "a"\ndataset = "u.csv"\n')
    (tmp_path / "over.toml").write_text('extends = "deep/mine.toml"\n')
    monkeypatch.chdir(tmp_path)
    for ref in ("deep/mine.toml", "over.toml", str(tmp_path / "deep" / "mine.toml")):
        preset = load_preset(ref)
        assert preset.dataset == str(tmp_path / "t.csv")
        assert preset.arm("a").dataset == str(tmp_path / "deep" / "u.csv")
    assert Preset("./t.csv").dataset == loads("dataset = 'sub/../t.csv'").dataset == str(tmp_path / "t.csv")
    assert loads(dumps(preset), str(tmp_path / "deep" / "again.toml")) == preset


def test_a_version_that_is_not_known_is_refused(tmp_path: Path) -> None:
    assert loads("version = 1\ndataset = 'xor'") == loads("dataset = 'xor'")
    assert dumps(Preset("xor")).startswith("version = 1\n")
    with pytest.raises(PresetError, match=r"^mine\.toml: line 1: version: found 2, this lab reads version 1$"):
        loads("version = 2\ndataset = 'xor'", "mine.toml")
    (tmp_path / "base.toml").write_text("version = 2\ndataset = 'xor'")
    with pytest.raises(PresetError, match=r"extends: .*base\.toml: version: found 2"):
        loads("extends = 'base.toml'\nversion = 1", str(tmp_path / "mine.toml"))


def test_a_short_preset_takes_the_usual_values() -> None:
    preset = loads("dataset = 'xor'", "mine.toml")
    assert (preset.name, preset.widths, preset.recipe, preset.seed) == ("mine", (32,), Recipe(), 0)


def test_every_dial_is_a_key() -> None:
    assert set(DIALS) < set(KEYS)
    preset = loads("dataset = 'xor'\n" + "clip_norm = 2\nnegative_slope = 0.2\nschedule = 'cosine'")
    assert (preset.recipe.clip_norm, preset.recipe.negative_slope, preset.recipe.schedule) == (2.0, 0.2, "cosine")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("widths", "width", "line 3: width: unknown key.*did you mean 'widths'"),
        ('"digits"', '"digit"', "line 2: dataset: found 'digit'.*did you mean 'digits'"),
        ('dataset = "digits"', "", "dataset: missing"),
        ("0.003", "-0.003", r"line 5: lr: found -0.003, expected a number in \[0"),
        ("0.003", "nan", "line 5: lr: found nan"),
        ("0.003", "inf", "line 5: lr: found inf"),
        ("0.003", "'fast'", "line 5: lr: found 'fast', expected a number"),
        ("0.003", "true", "line 5: lr: found True"),
        ("0.003", "1979-05-27", "line 5: lr: found"),
        ("[64, 32]", "[64, 1000000000]", r"line 3: widths: found 1000000000, expected a whole number in \[1, 65536\]"),
        ("[64, 32]", "[60000, 60000]", "line 3: widths: found .* parameters"),
        ("[64, 32]", "[64.0]", "line 3: widths"),
        ("[64, 32]", "'64'", "line 3: widths: found '64'"),
        ("[64, 32]", "[[64]]", "line 3: widths"),
        ('"adam"', '"adm"', "line 4: optimizer: found 'adm'.*did you mean 'adam'"),
        ('"adam"', "7", "line 4: optimizer: found 7"),
        ('"A try"', '"\\u001b[2J"', r"line 1: title: found the character U\+001B"),
        ('"A try"', "3", "line 1: title: found 3, expected text"),
        ("lr = 0.003", "steps = 3\nepochs = 4", "line 6: epochs: found steps = 3 as well"),
        ("lr = 0.003", "seed = -1", "seed"),
        ("lr = 0.003", "seed = 0x" + "f" * 5000, "no preset can hold"),
        ("lr = 0.003", 'activation = ["relu"]', "line 5: activation: found 1 names, expected one or 2"),
        ("lr = 0.003", 'name = "../up"', "line 5: name"),
        ("dropout = 0.5", "widths = [3]", "line 7: timeline: row 1: widths: needs a new network"),
        ("dropout = 0.5", 'activation = ["relu"]', "activation: found 1 names, expected one or 2"),
        ("step = 400", "", "timeline: row 1: step: missing"),
        ("[[timeline]]", "[timeline]", "timeline: expected rows"),
        ("lr = 0.003", "version = 'x'", "line 5: version: found 'x', this lab reads version 1"),
        ("lr = 0.003", "target = 3", "line 5: target: found 3, expected text"),
        ("lr = 0.003", "task = 'clasification'", "line 5: task: .*did you mean 'classification'"),
        ("lr = 0.003", "missing = 'max'", "line 5: missing: found 'max', allowed: refuse, mean, median"),
        ("lr = 0.003", "[recorded]\nstep = 1", "recorded: expected a table"),
        ("lr = 0.003", "recorded = {step = 1, params_sha256 = 'x'}", "recorded: params_sha256: found 'x'"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_its_line(old: str, new: str, words: str) -> None:
    assert loads(GOOD) and old in GOOD
    with pytest.raises(PresetError) as caught:
        loads(GOOD.replace(old, new, 1), "folder/mine.toml")
    line = str(caught.value)
    assert line.startswith("folder/mine.toml: ") and "\n" not in line
    assert re.search(words, line), line


@settings(max_examples=300)
@given(st.data())
def test_mutated_bytes_are_a_preset_or_one_line(data: st.DataObject) -> None:
    """Cuts, doublings, stray bytes and swapped values: never anything but a Preset or a PresetError."""
    names = (*shelf.shipped_names(), *shelf.claim_names())
    seeds = [*map(shelf.shipped_bytes, names), GOOD.encode(), *[(TABLE + GOOD[36:] + CONDITIONS).encode()] * 9]
    raw = bytearray(data.draw(st.sampled_from(seeds)))
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(raw)))
        until = min(len(raw), at + data.draw(st.integers(0, 20)))
        piece = data.draw(
            st.binary(max_size=8)
            | st.sampled_from([b"nan", b"-1", b"1e999", b"[[", b"]]", b'"""', b"\n", b"=", b"{a=1}", b"9" * 30])
            | st.just(bytes(raw[at:until]))
        )
        raw[at:until] = piece
    try:
        preset = loads(decode(bytes(raw), "fuzzed.toml"), "fuzzed.toml")
    except PresetError as error:
        assert str(error).startswith("fuzzed.toml: ") and str(error).isprintable()
    else:
        assert loads(dumps(preset)) == preset


toml_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.dates(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)


@given(st.sampled_from(KEYS), toml_values)
@example("title", None)
def test_any_value_for_any_key_is_taken_or_refused(key: str, value: object) -> None:
    try:
        changed = Preset("xor").with_(**{key: value})
    except PresetError as error:
        assert str(error).isprintable()
    else:
        assert loads(dumps(changed)) == changed


def test_steps_and_epochs_take_each_others_place() -> None:
    preset = Preset("xor", epochs=5)
    assert (preset.with_(steps=7).epochs, preset.with_(steps=7).steps) == (None, 7)
    assert preset.with_(steps=7).with_(epochs=2).steps is None
    with pytest.raises(PresetError, match="epochs"):
        preset.with_(steps=7, epochs=2)


def test_a_record_is_dropped_by_what_makes_another_run() -> None:
    preset = Preset("xor", recorded=Recorded(5, "a" * 64))
    assert preset.with_(title="New", name="new").recorded is not None
    assert preset.with_(lr=0.5).recorded is None and preset.with_(seed=3).recorded is None


def test_an_unknown_key_names_the_nearest() -> None:
    with pytest.raises(PresetError, match="did you mean 'batch_size'"):
        Preset("xor").with_(batchsize=3)


def test_timelines_are_kept_in_order() -> None:
    late, early = Change(9, "lr", 0.1), Change(3, "lr", 0.2)
    assert replace(Preset("xor"), timeline=(late, early)).timeline == (early, late)


def test_a_wrong_field_is_a_spec_error_for_programs() -> None:
    with pytest.raises(SpecError) as caught:
        Preset("xor", batch_size=0)
    assert caught.value.field == "batch_size"


@pytest.mark.parametrize("name", shelf.shipped_names())
def test_a_shipped_preset_says_what_to_watch(name: str) -> None:
    preset = load_preset(name)
    assert preset.name == name and preset.title
    assert "Watch: " in preset.description and "Turn: " in preset.description
    assert max(map(len, preset.description.split("\n"))) <= 120
    raw = tomllib.loads(shelf.shipped_bytes(name).decode())
    assert set(raw) <= {*KEYS, "timeline"} and all(summary(preset).values())


def test_the_shelf_begins_with_the_default() -> None:
    assert shelf.shipped_names()[0] == "digits"
    assert {"spiral", "circle", "xor", "moons", "gaussians", "vanishing", "vanishing-fixed", "overfit"} <= {
        *shelf.shipped_names()
    }


def test_a_name_a_file_and_a_run_folder_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    mine = Preset("moons", name="mine")
    Path("mine.toml").write_text(dumps(mine))
    Path("run").mkdir()
    Path("run/preset.toml").write_text(dumps(mine))
    Path("digits").mkdir()  # a folder does not hide a shipped preset
    assert load_preset("mine.toml") == load_preset("run") == load_preset(Path("run")) == mine
    assert load_preset("digits").dataset == "digits"


@pytest.mark.parametrize(
    ("ref", "words"),
    [
        ("digit", "did you mean 'digits'"),
        ("./none.toml", "no such"),
        (".", "directory"),
        pytest.param("x" * 5000, "xxx", id="long"),
        pytest.param("a\0b", "a b", id="nul"),
    ],
)
def test_what_is_not_there_is_one_line(ref: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(PresetError, match=words) as caught:
        load_preset(ref)
    assert str(caught.value).isprintable()


def test_copy_keeps_every_byte_and_overwrites_nothing(tmp_path: Path) -> None:
    path = shelf.copy("digits", tmp_path)
    assert path == tmp_path / "digits.toml" and path.read_bytes() == shelf.shipped_bytes("digits")
    with pytest.raises(RunError, match="there already"):
        shelf.copy("digits", tmp_path)
    assert shelf.free_path(tmp_path, "digits") == tmp_path / "digits-2.toml"
