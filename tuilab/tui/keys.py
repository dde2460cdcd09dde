"""Every key of the lab, once: the bindings, the footer and the help screen are made from this list.

A person may put other keys in their place (see keymap.py): `use` tells which.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from textual.binding import Binding, BindingType

from tuilab.tui.dials import DIALS


@dataclass(frozen=True, slots=True)
class Key:
    """`keys` as Textual names them, `shown` as people do; `word` for the footer, `about` for the help."""

    id: str
    keys: str
    shown: str
    action: str
    word: str
    about: str
    section: str


_RUN, _DIALS, _VIEW, _LAB, _LANES = "Training", "Dials", "Charts", "Lab", "Lanes and time"

KEYS: tuple[Key, ...] = (
    Key("run", "space", "space", "run", "run", "run, or pause", _RUN),
    Key("step", "full_stop", ".", "advance(1)", "step", "one step, then pause", _RUN),
    Key("steps", "greater_than_sign", ">", "advance(100)", "100 steps", "100 steps, then pause", _RUN),
    Key("slower", "f", "f", "speed(1)", "speed", "slower: 1000, 100, 10, 1 steps a second", _RUN),
    Key("faster", "F", "F", "speed(-1)", "faster", "faster, up to full speed", _RUN),
    Key("reset", "r", "r", "reset", "reset", "back to step 0 and to the preset's dials", _RUN),
    Key("rewind", "R", "R", "rewind", "back", "back to the last good step, after a divergence", _RUN),
    Key("lr-down", "left_square_bracket", "[", "quick('lr',-1)", "lr −", "learning rate down", _DIALS),
    Key("lr-up", "right_square_bracket", "]", "quick('lr',1)", "lr +", "learning rate up", _DIALS),
    Key("fork", "n", "n", "fork", "new lane", "new lane: fork this network, then turn a dial of it", _LANES),
    *(
        Key(f"lane-{c}", str(k), str(k), f"lane('{c}')", f"lane {c}", f"the dials act on lane {c}", _LANES)
        for k, c in enumerate("ABCD", 1)
    ),
    Key("promote", "P", "P", "promote", "main", "make this lane the main one, which others are compared with", _LANES),
    Key("drop", "X,delete", "X", "drop_lane", "drop", "drop this lane; its run folder stays", _LANES),
    Key("bookmark", "K", "K", "bookmark", "keep", "keep this moment (a bookmark)", _LANES),
    Key("back", "less_than_sign", "<", "back", "go back", "back to the moment kept before this one", _LANES),
    Key("seek", "slash", "/", "seek", "seek", "to a step, forwards or back", _LANES),
    Key("take-over", "T", "T", "take_over", "take over", "take over: drop the turns that are planned still", _LANES),
    Key("moments", "comma", ",", "moments", "moments", "all moments kept: go back, fork, name, forget", _LANES),
    Key("charts", "c", "c", "charts", "crosshair", "to the charts' crosshair and back", _VIEW),
    Key("top", "v", "v", "top", "view", "upper chart: loss, accuracy, learning rate, update / weight", _VIEW),
    Key("flow", "g", "g", "flow", "flow", "lower chart: gradients, layers, boundary, mistakes", _VIEW),
    Key("references", "x", "x", "references", "others", "compare with an SVM and a random forest", _VIEW),
    Key("log", "y", "y", "log", "log", "upper chart: linear or logarithmic", _VIEW),
    Key("smooth", "e", "e", "smooth(1)", "smoothing", "smoothing: off, light, medium, strong", _VIEW),
    Key("theme", "t", "t", "theme", "theme", "dark or light", _VIEW),
    Key("explain", "E", "E", "explain", "explain", "what this dial is, what to watch, and its paper", _DIALS),
    Key("language", "Y", "Y", "language", "한국어", "lesson cards in English or Korean (한국어)", _DIALS),
    Key("save", "s", "s", "save", "save", "save as a preset, with everything you turned", _LAB),
    Key("open", "p", "p", "presets", "presets", "open another preset", _LAB),
    Key("runs", "C", "C", "runs", "runs", "earlier runs: overlay, open, go on, name, note, export", _LAB),
    Key("surfaces", "S", "S", "surfaces", "surfaces", "optimizers racing on surfaces", _LAB),
    Key("palette", "colon,ctrl+p", ":", "app.command_palette", "commands", "every dial and command by name", _LAB),
    Key("shot", "f12", "F12", "picture", "picture", "save a picture of the screen (SVG)", _LAB),
    Key("hints", "N", "N", "hints", "hints", "first steps: no more of them, or all again", _LAB),
    Key("help", "question_mark", "?", "help", "help", "this list", _LAB),
    Key("quit", "q", "q", "app.quit", "quit", "quit; the run is saved", _LAB),
)

#: Keys that act on the dial or the chart that has the focus: (as shown, what they do, section).
LOCAL: tuple[tuple[str, str, str], ...] = (
    ("tab ↑ ↓ j k", "to the next dial, or the one before", _DIALS),
    ("← → h l - +", "turn the dial under the cursor", _DIALS),
    ("enter", "type a value, or pick from a list", _DIALS),
    ("backspace", "back to the preset's value", _DIALS),
    ("← → h l", "crosshair (with shift: ten columns)", _VIEW),
    ("+ -", "zoom in, out (mouse: wheel)", _VIEW),
    ("{ }", "earlier, later (mouse: drag)", _VIEW),
    ("0", "the whole run", _VIEW),
)


#: What a person rebound: name → (keys as Textual names them, as shown).
_rebound: dict[str, tuple[str, str]] = {}


def use(rebound: Mapping[str, tuple[str, str]]) -> None:
    """Show these keys in place of the usual ones from now on; all others are the usual ones again."""
    _rebound.clear()
    _rebound.update(rebound)


def active() -> tuple[Key, ...]:
    """The list above with the keys that a person chose."""
    return tuple(replace(k, keys=_rebound[k.id][0], shown=_rebound[k.id][1]) if k.id in _rebound else k for k in KEYS)


def shown(name: str) -> str:
    """The key of a command, as it is shown; messages name keys by it."""
    return next(key.shown for key in active() if key.id == name)


def keys_of(name: str) -> tuple[str, ...]:
    """The keys of a command, as Textual names them."""
    return tuple(next(key.keys for key in active() if key.id == name).split(","))


def quick(name: str, usual: str) -> str:
    """The key that turns a dial from anywhere, as it is shown."""
    return _rebound[name][1] if name in _rebound else usual


def bindings() -> list[BindingType]:
    """The bindings of the lab screen: the list above and the quick keys of the dials, to be rebound by their ids."""
    made: list[BindingType] = [Binding(k.keys, k.action, k.about, show=False, id=k.id) for k in KEYS]
    for dial in DIALS:
        if dial.key:
            made.append(Binding(dial.key, f"quick('{dial.name}',1)", dial.label, show=False, id=dial.name))
            back = f"{dial.label}, backwards"
            made.append(Binding(dial.key.upper(), f"quick('{dial.name}',-1)", back, show=False, id=f"{dial.name}-back"))
    made.append(Binding("escape", "dials", "Back to the dials", show=False))
    return made


def footer() -> list[tuple[str, str, str]]:
    """The footer's hints (key, word, action), the most important first; help and quit last."""
    order = ("run", "step", "steps", "lr-down", "lr-up", "save", "slower", "flow", "top", "explain", "fork", "back",
             "reset", "palette", "charts", "open", "runs", "references", "surfaces", "smooth", "log", "theme",
             "help", "quit")  # fmt: skip
    by_id = {key.id: key for key in active()}
    chosen = (by_id[name] for name in order)
    return [(k.shown, k.word, k.action if k.action.startswith("app.") else f"screen.{k.action}") for k in chosen]


def help_rows() -> dict[str, list[tuple[str, str]]]:
    """Section → (keys, what they do)."""
    rows: dict[str, list[tuple[str, str]]] = {}
    for key in active():
        rows.setdefault(key.section, []).append((key.shown, key.about))
    turns = [(f"{quick(d.name, d.key)} {quick(f'{d.name}-back', d.key.upper())}", d.label) for d in DIALS if d.key]
    turns[0] = (turns[0][0], f"{turns[0][1]}, and back")
    rows[_DIALS] = [(s, a) for s, a, section in LOCAL if section == _DIALS] + rows[_DIALS] + turns
    rows[_VIEW] += [(s, a) for s, a, section in LOCAL if section == _VIEW]
    return rows
