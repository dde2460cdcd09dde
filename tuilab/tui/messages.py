"""What the widgets tell the screen."""

from __future__ import annotations

from textual.message import Message


class DialTurned(Message):
    """A dial was turned by one notch (`direction` 1 or -1)."""

    def __init__(self, name: str, direction: int):
        super().__init__()
        self.name = name
        self.direction = direction


class DialTyped(Message):
    """An exact value for a dial is wanted."""

    def __init__(self, name: str):
        super().__init__()
        self.name = name


class DialRestored(Message):
    """A dial is to stand where the preset had it."""

    def __init__(self, name: str):
        super().__init__()
        self.name = name


class ViewMoved(Message):
    """The charts' window or crosshair moved."""


class LaneChosen(Message):
    """The dials are to act on this lane."""

    def __init__(self, name: str):
        super().__init__()
        self.name = name
