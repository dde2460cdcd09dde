"""The moments a run can go back to: bookmarks and automatic ones, the newest first."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import chain
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from tuilab.tui.figures import grouped, percent, short
from tuilab.tui.turns import Turn
from tuilab.tui.windows import Window

if TYPE_CHECKING:
    from tuilab.lab.trail import Place

#: What a person wants of a moment (`back`, `fork`), and its key.
Wish = tuple[str, int]

_HINTS = (("enter", "go back"), ("n", "new lane from there"), ("b", "name"), ("x", "forget"), ("esc", "close"))


class MomentsScreen(Window[Wish | None]):
    """Pick a moment: to go back to it, or to fork a lane from it. `rename` and `forget` act at once."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,comma", "leave", "Close"),
        Binding("j", "move('down')", show=False),
        Binding("k", "move('up')", show=False),
        Binding("n", "wish('fork')", "New lane"),
        Binding("b", "name", "Name"),
        Binding("x,delete", "forget", "Forget"),
    ]

    def __init__(
        self, places: tuple[Place, ...], turned: Callable[[Place], list[Turn]], *,
        rename: Callable[[int, str], None], forget: Callable[[int], None],
    ):  # fmt: skip
        super().__init__()
        self._places = {place.key: place for place in reversed(places)}
        self._turned, self._rename, self._forget = turned, rename, forget

    def compose(self) -> ComposeResult:
        with Vertical(classes="window moments") as window:
            window.border_title = "Go back to"
            yield OptionList(*self._options())
            yield Static("", id="there", markup=False)
            yield Input(placeholder="a name for this moment", id="name", max_length=40)
            pairs = (((key, "$accent bold"), (f" {word}   ", "$foreground 65%")) for key, word in _HINTS)
            yield Static(Content.assemble(*chain(*pairs)), classes="hint")

    def on_mount(self) -> None:
        """The field for a name is only there while one is typed."""
        self.query_one(Input).display = False
        self._list.focus()
        self._list.highlighted = 0 if self._places else None

    @property
    def _list(self) -> OptionList:
        return self.query_one(OptionList)

    @property
    def _chosen(self) -> Place | None:
        at = self._list.highlighted
        return None if at is None else self._places[int(self._list.get_option_at_index(at).id or 0)]

    def _options(self) -> list[Option]:
        return [Option(_row(place), id=str(place.key)) for place in self._places.values()]

    def _again(self, at: int) -> None:
        """Show the list anew, with the cursor on row `at`."""
        self._list.clear_options()
        self._list.add_options(self._options())
        self._list.highlighted = min(at, len(self._places) - 1) if self._places else None
        if not self._places:
            self.query_one("#there", Static).update("no moment is left; esc leads back, and going on keeps new ones")

    @on(OptionList.OptionHighlighted)
    def _tell(self) -> None:
        place = self._chosen
        turned = [] if place is None else self._turned(place)
        last = " · ".join(turn.text for turn in turned[-3:])
        more = f"{len(turned) - 3} more · " if len(turned) > 3 else ""
        self.query_one("#there", Static).update(f"turned by then: {more}{last}" if last else "nothing turned by then")

    @on(OptionList.OptionSelected)
    def _picked(self) -> None:
        self.action_wish("back")

    def action_wish(self, what: str) -> None:
        """Close with what is wanted of the chosen moment."""
        if self._chosen is not None:
            self.dismiss((what, self._chosen.key))

    def action_leave(self) -> None:
        """Stop typing a name, or close."""
        field = self.query_one(Input)
        if not field.display:
            self.dismiss(None)
            return
        field.display = False
        self._list.focus()

    def action_move(self, way: str) -> None:
        """Up or down the list."""
        self._list.action_cursor_down() if way == "down" else self._list.action_cursor_up()

    def action_forget(self) -> None:
        """Keep the chosen moment no longer."""
        place, at = self._chosen, self._list.highlighted
        if place is not None and at is not None:
            del self._places[place.key]
            self._forget(place.key)
            self._again(at)

    def action_name(self) -> None:
        """Type a name for the chosen moment, which makes it a bookmark."""
        if self._chosen is not None:
            field = self.query_one(Input)
            field.display, field.value = True, self._chosen.name
            field.focus()

    @on(Input.Submitted)
    def _named(self, event: Input.Submitted) -> None:
        from dataclasses import replace

        place, at, name = self._chosen, self._list.highlighted, event.value.strip()
        if place is not None and at is not None and name:
            self._rename(place.key, name)
            self._places[place.key] = replace(place, name=name)
            self._again(at)
        self.action_leave()


def _row(place: Place) -> Content:
    """A star and its name for a bookmark; step, validation loss and accuracy in columns."""
    name = place.name if len(place.name) <= 20 else place.name[:19] + "…"
    loss = "–" if math.isnan(place.val_loss) else short(place.val_loss)
    share = "" if math.isnan(place.val_accuracy) else percent(place.val_accuracy)
    return Content.assemble(
        ("★ " if name else "· ", "$accent bold" if name else "$foreground 45%"),
        (f"{name:<21}", "$foreground bold"),
        ("step ", "$foreground 55%"), (f"{grouped(place.step):>11}", "$foreground"),
        ("   val ", "$foreground 55%"), (f"{loss:>7}", "$val"), (f"{share:>9}", "$accuracy"),
    )  # fmt: skip
