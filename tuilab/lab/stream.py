"""A run as JSON lines, for a program that reads them while it goes on: steps, looks, turns, and at last the result."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, TextIO

import numpy as np

from tuilab.lab import metrics_log
from tuilab.lab.preset import Preset
from tuilab.lab.session import Session
from tuilab.lab.timeline import to_rows

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Streamed(Session):
    """A session that writes the rows of its log (see metrics_log) to `out`, and each change as {"step", dial}.

    What is written depends on the preset alone, not on how fast it is trained: rows end where the log's would, at a
    look at the validation part, and at a change. Raises OSError where `out` takes no more.
    """

    def __init__(self, preset: Preset, out: TextIO, **more: Any):
        self._out = out
        self._rows: list[tuple[int, NDArray[Any]]] = []
        self._told = 0  # changes written already
        super().__init__(preset, **more)

    def _note(self, metrics: Any) -> None:
        super()._note(metrics)
        if len(metrics):
            if len(self.events) > self._told:
                self._write()
            columns = [metrics.loss, metrics.accuracy, metrics.lr, metrics.grad_norm]
            self._rows.append((metrics.first_step + 1, np.column_stack(columns)))

    def _look(self) -> None:
        super()._look()
        self._rows.append((self.step, np.array([[self.val_loss, self.val_accuracy]])))
        self._out.writelines(self._lines())
        self._out.flush()

    def close(self) -> None:
        """As a session does; what was not written yet is."""
        if not self.closed:
            super().close()
            self._write()

    def _write(self) -> None:
        """Writes the rows up to here, then the changes."""
        new, self._told = self.events[self._told :], len(self.events)
        self._out.writelines([*self._lines(), *(json.dumps(row, ensure_ascii=False) + "\n" for row in to_rows(new))])

    def _lines(self) -> Iterator[str]:
        rows, self._rows = self._rows, []
        return metrics_log.as_text(rows, metrics_log.steps_per_row(self.total_steps))
