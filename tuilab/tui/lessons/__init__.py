"""The lesson cards (what each dial is, what to watch, its paper) and the first steps. The texts lie in TOML here."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Lesson:
    """One dial's card in one language; each paper is `authors (year): title`."""

    what: str
    watch: str
    papers: tuple[str, ...]


def lesson(name: str, language: str, value: object = None) -> Lesson:
    """The card of the dial `name`; where it names methods, the paper of the one it stands at comes first."""
    card, origin = _table(language)[name], _table("papers").get(name, {})
    own = origin.get("values", {}).get(value) if isinstance(value, str) else None
    papers = [own] if own else list(origin.get("papers", ()))
    return Lesson(card["what"], card["watch"], tuple(papers))


def word(name: str, language: str) -> str:
    """One of the headings of a card."""
    return str(_table(language)["words"][name])


def first_step(name: str, language: str) -> str:
    """What the hint bar says; what is to be pressed or looked for stands in braces."""
    return str(_table(language)["first_steps"][name])


@cache
def _table(name: str) -> dict[str, Any]:
    return tomllib.loads((_FOLDER / f"{name}.toml").read_text(encoding="utf-8"))
