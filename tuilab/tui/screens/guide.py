"""The lab screen leads a first-time user: what was done is noted, and the next step shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tuilab.tui.dials import first_dial
from tuilab.tui.keys import shown
from tuilab.tui.screens.library import Library


class Guide(Library):
    """The part of the lab screen about first steps. They are the app's, and go on in the next preset."""

    if TYPE_CHECKING:  # the lab screen's own

        def tell(self, text: str, style: str = "$accent") -> None: ...

    @property
    def first_dial(self) -> str:
        """Where the cursor stands at the start."""
        return first_dial(led=self.lab.first_steps.wanted)

    def did(self, step: str) -> None:
        """A step was done."""
        self.lab.first_steps.did(step)

    def lead(self) -> None:
        """Show the next step, once there is something to lead through; after the last no more at the next start."""
        frame, steps = self.model.frame, self.lab.first_steps
        if frame is None or (frame.step == 0 and (frame.message or frame.error)):
            return
        if frame.step:
            self.did("run")
        if steps.pass_time(self.model.running):
            self._keep("hints", False)
        row = self.dials.focused
        dial = row.dial.label if row is not None else ""
        self.hints.show(steps, self.model.running, self.lab.language, dial)

    def action_hints(self) -> None:
        """No more of them, now and at the next start; or all of them again."""
        steps = self.lab.first_steps
        if steps.wanted:
            steps.wanted = False
            self.tell(f"no more hints; {shown('hints')} brings them back, {shown('help')} lists the keys")
        else:
            steps.begin()
            self.tell(f"hints again; {shown('hints')} ends them")
        self._keep("hints", steps.wanted)
        self.lead()
