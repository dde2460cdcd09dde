"""A preset changed from the command line: `--set K=V`, `--at STEP K=V`, `--when WORDS K=V`, budget and seed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from engine.spec import SpecError, nearest
from tuilab.lab.conditions import When, check_all, condition, is_relative
from tuilab.lab.errors import PresetError
from tuilab.lab.preset import KEYS, Preset
from tuilab.lab.timeline import FIXED, TURNABLE, Change, check_dial
from tuilab.lab.toml_text import parse_value, shown

_TEXT = ("name", "title", "description", "dataset", "target")


def overridden(
    preset: Preset, *, sets: Iterable[str] = (), at: Iterable[Sequence[str]] = (),
    when: Iterable[Sequence[str]] = (), steps: int | None = None, epochs: float | None = None, seed: int | None = None,
) -> Preset:  # fmt: skip
    """`preset` with all of these; raises PresetError that names the option at fault."""
    for text in sets:
        key, value = _pair("--set", text, KEYS)
        try:
            preset = preset.with_(**{key: value})
        except PresetError as error:
            raise PresetError(f"--set {shown_text(text)}: {error}") from None
    changes = [_change(step, text, len(preset.widths)) for step, text in at]
    if changes:
        preset = preset.with_(timeline=(*preset.timeline, *changes))
    conditions = [_condition(words, text, len(preset.widths)) for words, text in when]
    if conditions:
        preset = preset.with_(conditions=(*preset.conditions, *conditions))
    for key, number in (("steps", steps), ("epochs", epochs), ("seed", seed)):
        if number is not None:
            try:
                preset = preset.with_(**{key: number})
            except PresetError as error:
                raise PresetError(f"--{error}") from None
    return preset


def _pair(option: str, text: str, keys: tuple[str, ...]) -> tuple[str, Any]:
    """Key and value of `K=V`; raises PresetError that names `option`."""
    key, word = split_pair(option, text, keys)
    return key, value_of(key, word)


def split_pair(option: str, text: str, keys: tuple[str, ...]) -> tuple[str, str]:
    """Key and word of `K=V`; raises PresetError that names `option`."""
    key, equals, value = text.partition("=")
    key = key.strip()
    if not equals:
        raise PresetError(f"{option} {shown_text(text)}: found no '=', expected KEY=VALUE such as dropout=0.5")
    if key not in keys:
        raise PresetError(
            f"{option} {shown_text(text)}: unknown key {key!r}, allowed: {', '.join(keys)}{nearest(key, keys)}"
        )
    return key, value.strip()


def value_of(key: str, word: str) -> Any:
    """What `word` means as the value of `key`: text stays as it is."""
    return word if key in _TEXT else parse_value(word)


def _change(step: str, text: str, hidden: int) -> Change:
    """The change of `--at STEP K=V`; raises PresetError."""
    option = f"--at {shown_text(step)} {shown_text(text)}"
    field, word = _turn("--at", step, text)
    if not (step.isascii() and step.isdigit() and len(step) < 16):
        raise PresetError(f"{option}: found {shown(step)} for the step, expected a whole number such as 200")
    try:
        return Change(int(step), field, check_dial(field, value_of(field, word), hidden))
    except SpecError as error:
        raise PresetError(f"{option}: {error}") from None
    except ValueError:
        raise PresetError(f"{option}: found a value no preset can hold") from None


def _condition(words: str, text: str, hidden: int) -> When:
    """The condition of `--when WORDS K=V`; raises PresetError."""
    field, word = _turn("--when", words, text)
    value = word if is_relative(word) else value_of(field, word)
    try:
        made = condition(words, **{field: value})
        check_all([made], hidden)
    except SpecError as error:
        message = error.message if error.field == "when" else str(error)
        raise PresetError(f"--when {shown_text(words)} {shown_text(text)}: {message}") from None
    except ValueError:
        raise PresetError(f"--when {shown_text(words)} {shown_text(text)}: found a value no preset can hold") from None
    return made


def _turn(option: str, first: str, text: str) -> tuple[str, str]:
    """Dial and word of the K=V behind the first word of an option; raises PresetError."""
    key = text.partition("=")[0].strip()
    if key in FIXED:
        raise PresetError(f"{option} {shown_text(first)} {shown_text(text)}: {key} {FIXED[key]}")
    return split_pair(f"{option} {shown_text(first)}", text, TURNABLE)


def shown_text(text: str) -> str:
    """A word of the command line for an error message, cut if long."""
    return text if len(text) <= 60 else f"{text[:57]}…"
