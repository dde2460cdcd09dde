"""A trainer's arrays on the GPU, and how they get there and back.

The trainer's own arrays on the host are a mirror. Whoever looks at parameters gets the mirror, brought up to date; what
may have been written there goes back before the next step.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
from numba import cuda
from numpy.typing import NDArray

from engine import dials
from engine.cpu.state import State
from engine.cuda import net as n
from engine.cuda.compiling import SIMULATED
from engine.formulas.optimizers import COEFFICIENTS
from engine.layout import WEIGHT, Layout

#: Steps of one launch at most; the tables of a launch are as long.
CHUNK = 16 if SIMULATED else 1024
#: Numbers of the flat vector that a block handles at once.
SPAN = 8 if SIMULATED else 4096


def allocate(layout: Layout, state: State) -> n.Net:
    """Everything a trainer needs on the device, allocated once."""
    layers, size, units = len(layout.table), layout.parameters, max(layout.units, 1)
    cut = spans(layout)
    return n.Net(
        **data_on_device(state.x, state.labels, state.targets),
        table=cuda.to_device(layout.table.reshape(-1)),
        dials=zeros(dials.COUNT, np.float64), plan=zeros(n.PLAN, np.int64),
        rates=zeros(n.RATES), thresholds=zeros(n.THRESHOLDS, np.uint32),
        p=zeros(size), g=zeros(size), s1=zeros(size), s2=zeros(size), before=zeros(size),
        **work_area(layout), units=zeros(n.UNIT_ROWS * units),
        spans=cuda.to_device(cut.reshape(-1)), partial=zeros(len(cut) * n.PARTIAL, np.float64),
        ticket=zeros(CHUNK * n.TICKET, np.int64), coefficients=zeros(CHUNK * (COEFFICIENTS + 1)),
        keys=zeros(CHUNK * (layers + 1), np.uint64), report=zeros(CHUNK * (n.NORMS + 3 * layers)),
        status=zeros(n.STATUS, np.int64),
    )  # fmt: skip


def zeros(count: int, dtype: Any = np.float32) -> Any:
    """A vector of zeros on the device."""
    return cuda.to_device(np.zeros(count, dtype))


def data_on_device(x: Any, labels: Any, targets: Any) -> dict[str, Any]:
    """The data fields of a net."""
    flat = {"x": x, "labels": labels, "targets": targets}
    return {name: cuda.to_device(array.reshape(-1)) for name, array in flat.items()}


def work_area(layout: Layout) -> dict[str, Any]:
    """The fields of a net whose size depends on the rows of a batch."""
    rows = layout.capacity
    return {
        "work": zeros(layout.work), "rows": zeros(rows, np.int64),
        "row_loss": zeros(rows, np.float64), "row_hit": zeros(rows, np.float64),
    }  # fmt: skip


def spans(layout: Layout) -> NDArray[np.int64]:
    """The flat vector in pieces of at most SPAN numbers, none of which reaches into another layer: (spans, 3)."""
    begins = [int(row[WEIGHT]) for row in layout.table]
    found = [
        (layer, first, min(first + SPAN, end))
        for layer, (begin, end) in enumerate(pairwise([*begins, layout.parameters]))
        for first in range(begin, end, SPAN)
    ]
    return np.array(found, np.int64)


class Mirror:
    """Which side has the newest parameters, slots and running statistics, and how they move."""

    def __init__(self) -> None:
        self._host_is_newer, self._device_is_newer = True, False

    def trained(self) -> None:
        """The device is ahead from now on."""
        self._device_is_newer = True

    def pull(self, net: n.Net, state: State, *, to_write: bool) -> None:
        """Brings the host up to date; `to_write`: it may be written to, so it goes back before the next step."""
        if self._device_is_newer:
            for there, here in _vectors(net, state):
                there.copy_to_host(here)
            units = net.units.copy_to_host().reshape(n.UNIT_ROWS, -1)
            state.units[: n.MEAN] = units[: n.MEAN]
            self._device_is_newer = False
        self._host_is_newer |= to_write

    def push(self, net: n.Net, state: State) -> None:
        """Brings the device up to date."""
        if self._host_is_newer:
            for there, here in _vectors(net, state):
                there.copy_to_device(here)
            units = np.zeros((n.UNIT_ROWS, state.units.shape[1]), np.float32)
            units[: n.MEAN] = state.units[: n.MEAN]
            net.units.copy_to_device(units.reshape(-1))
            self._host_is_newer = False


def _vectors(net: n.Net, state: State) -> tuple[tuple[Any, Any], ...]:
    return (net.p, state.p), (net.s1, state.s1), (net.s2, state.s2)
