"""A trainer's device: chunks of steps are launched, gradients and outputs asked for. Nothing is allocated in a step."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
from numba import cuda
from numpy.typing import NDArray

from engine.backends import guarded, work
from engine.cpu.activate import alpha_affine
from engine.cpu.state import State
from engine.cpu.step import BATCH_SIZE, COUNT
from engine.cuda import net as n
from engine.cuda.compiling import SIMULATED, THREADS
from engine.cuda.memory import CHUNK, Mirror, allocate, data_on_device, work_area, zeros
from engine.cuda.program import LONGEST, most_tiles, program
from engine.cuda.step import launch
from engine.cuda.timetable import fill_keys, move_clock, plan_steps
from engine.data import Data
from engine.dials import ALPHA_DROPOUT, BATCH_NORM, DROPOUT, INPUT_DROPOUT
from engine.formulas.optimizers import COEFFICIENTS
from engine.layout import ACTIVATION, D, Layout, layout
from engine.normalise import folded
from engine.spec import Architecture, Recipe

Floats = NDArray[np.float32]
#: Multiply-adds of a step up to which one block is taken, which meets faster than many. To be set by measurement.
ONE_BLOCK = 200_000


class Device:
    """The GPU's side of one trainer, whose `state` is the mirror. Raises DeviceError if the GPU fails.

    `piecewise` launches every operation by itself, for devices on which blocks cannot meet within a kernel.
    """

    def __init__(self, architecture: Architecture, plan: Layout, state: State):
        self._architecture, self._widths = architecture, architecture.widths
        self._layers, self._capacity = architecture.layers, plan.capacity
        self._mirror = Mirror()
        self.piecewise = False
        #: Blocks of a launch; 0: by the size of the step.
        self.blocks = 0
        self._plan = np.zeros(n.PLAN, np.int64)
        self._lr = np.zeros(CHUNK, np.float32)
        self._ticket = np.zeros(CHUNK * n.TICKET, np.int64)
        self._c = np.zeros(CHUNK * (COEFFICIENTS + 1), np.float32)
        self._keys = np.zeros(CHUNK * (self._layers + 1), np.uint64)
        self._report = np.zeros((CHUNK, n.NORMS + 3 * self._layers), np.float32)
        self._status = np.zeros(n.STATUS, np.int64)
        self._ops = np.zeros(LONGEST * (self._layers + 1) * n.PROGRAM, np.int64)
        self._net = guarded(allocate, plan, state)
        self._program = guarded(zeros, self._ops.size, np.int64)
        spans = self._net.spans.size // n.SPAN
        self._plan[: n.REGRESSION] = (
            self._layers, self._widths[0], self._widths[-1], len(state.x), state.units.shape[1], spans
        )  # fmt: skip
        self._plan[n.REGRESSION] = architecture.task == "regression"

    def pull(self, state: State, *, to_write: bool) -> None:
        """Brings `state` up to date; `to_write`: it may be written to and goes back before the next step."""
        guarded(lambda: self._mirror.pull(self._net, state, to_write=to_write))

    def resize(self, plan: Layout) -> None:
        """A work area for another batch size."""
        self._capacity = plan.capacity
        self._net = self._net._replace(work=None, rows=None, row_loss=None, row_hit=None)  # frees it first
        self._net = guarded(lambda: self._net._replace(**work_area(plan)))

    def advance(
        self, state: State, recipe: Recipe, clock: NDArray[np.int64], steps: int, every: int, out: tuple[Floats, ...]
    ) -> int:
        """Trains up to `steps` steps and returns how many, as `engine.cpu.step.advance`; `out`: its six metrics."""
        return int(guarded(self._advance, state, recipe, clock, steps, every, out))

    def gradients(self, state: State, recipe: Recipe, data: Data, seed: int, step: int | None) -> Floats:
        """The flat gradient on the rows of `data`; with the dropout of `step` if one is given."""
        return np.asarray(guarded(self._gradients, state, recipe, data, seed, step))

    def outputs(self, state: State, recipe: Recipe, x: Floats) -> Floats:
        """Logits or outputs (n, outputs) for the rows of x in evaluation mode."""
        return np.asarray(guarded(self._outputs, state, recipe, x))

    # ---- training

    def _advance(self, state: State, recipe: Recipe, clock: Any, steps: int, every: int, out: Any) -> int:
        net, rows = self._net, int(min(clock[BATCH_SIZE], clock[COUNT]))
        self._mirror.push(net, state)
        self._settle(net, state, state.table, dropping=True, updating=True, plain=False)
        ops = program(self._widths, rows, self._useful_blocks(rows), recipe, probing=every > 0)
        self._load(ops)
        done = 0
        while done < steps:
            count = min(CHUNK, steps - done)
            self._fill_tables(net, state, clock, count, every)
            self._mirror.trained()
            self._launch(net, rows, count, len(ops))
            net.status.copy_to_host(self._status)
            finished = int(self._status[n.DONE])
            self._read_report(net, finished, out, done)
            move_clock(clock, finished)
            done += finished
            if self._status[n.STOPPED]:
                break
        return done

    def _fill_tables(self, net: n.Net, state: State, clock: Any, count: int, every: int) -> None:
        """What the next `count` steps need, onto the device."""
        layers = self._layers
        plan_steps(clock, count, every, state.dials, layers, self._lr, self._ticket, self._c, self._keys)
        _copy(net.ticket, self._ticket, count * n.TICKET)
        _copy(net.coefficients, self._c, count * (COEFFICIENTS + 1))
        _copy(net.keys, self._keys, count * (layers + 1))

    def _read_report(self, net: n.Net, count: int, out: Any, start: int) -> None:
        """Loss, accuracy, rate and the three norms of `count` steps, into rows `start` on of the metrics."""
        flat = self._report.reshape(-1)[: count * self._report.shape[1]]
        if count:
            net.report[: flat.size].copy_to_host(flat)
        loss, accuracy, lr, *norms = out
        here = slice(start, start + count)
        loss[here], accuracy[here] = self._report[:count, n.LOSS], self._report[:count, n.HITS]
        lr[here] = self._lr[:count]
        for place, norm in enumerate(norms):
            first = n.NORMS + place * self._layers
            norm[here] = self._report[:count, first : first + self._layers]

    # ---- launching

    def _settle(
        self, net: n.Net, state: State, table: NDArray[np.int64], *, dropping: bool, updating: bool, plain: bool
    ) -> None:
        """The dials, and what follows from them for a whole launch."""
        rate, inputs = float(state.dials[DROPOUT]), float(state.dials[INPUT_DROPOUT])
        keep, shift = 1.0 / (1.0 - rate), 0.0
        if state.dials[ALPHA_DROPOUT] != 0.0:
            keep, shift = alpha_affine(rate)
        self._plan[[n.PLAIN_ROWS, n.DROPPING, n.UPDATING]] = plain, dropping, updating
        self._status[:] = 0
        net.dials.copy_to_device(state.dials)
        net.plan.copy_to_device(self._plan)
        net.table.copy_to_device(table.reshape(-1))
        net.rates.copy_to_device(np.array([1.0 / (1.0 - inputs), keep, shift], np.float32))
        net.thresholds.copy_to_device(np.array([inputs * 2.0**32, rate * 2.0**32]).astype(np.uint32))
        net.status.copy_to_device(self._status)

    def _load(self, ops: NDArray[np.int64]) -> None:
        self._ops[: ops.size] = ops.reshape(-1)
        self._program.copy_to_device(self._ops)

    def _launch(self, net: n.Net, rows: int, steps: int, operations: int) -> None:
        blocks = self._useful_blocks(rows)
        if not self.piecewise:
            launch[blocks, THREADS](net, self._program, 0, steps, 0, operations)
            return
        for step in range(steps):
            for at in range(operations):
                launch[blocks, THREADS](net, self._program, step, step + 1, at, at + 1)

    def _useful_blocks(self, rows: int) -> int:
        """Blocks for a step: each should have a tile, and all must be on the device at once to meet."""
        if self.blocks:
            return self.blocks
        if SIMULATED or work(self._widths, rows) <= ONE_BLOCK:
            return 1
        return max(1, min(self.most_blocks, most_tiles(self._widths, rows)))

    @cached_property
    def most_blocks(self) -> int:
        """Blocks that can be on this device at once; compiles the kernel, or reads it from the cache."""
        types = tuple(launch.typeof_pyval(value) for value in (self._net, self._program, 0, 0, 0, 0))
        launch.compile(types)
        return int(launch.overloads[types].max_cooperative_grid_blocks(THREADS))

    # ---- looking

    def _gradients(self, state: State, recipe: Recipe, data: Data, seed: int, step: int | None) -> Floats:
        rows = len(data[0])
        self._mirror.push(self._net, state)
        net, table = self._net._replace(**data_on_device(*data)), state.table
        if rows > self._capacity:
            plan = layout(self._architecture, rows)
            plan.table[:, ACTIVATION] = table[:, ACTIVATION]
            net, table = net._replace(**work_area(plan)), plan.table
        self._settle(net, state, table, dropping=step is not None, updating=False, plain=True)
        if step is not None:
            fill_keys(self._keys[: self._layers + 1], seed, step)
            _copy(net.keys, self._keys, self._layers + 1)
        self._pass(net, rows, program(self._widths, rows, self._useful_blocks(rows), recipe, updating=False))
        return np.asarray(net.g.copy_to_host())

    def _outputs(self, state: State, recipe: Recipe, x: Floats) -> Floats:
        self._mirror.push(self._net, state)
        net = self._net._replace(x=cuda.to_device(x.reshape(-1)))
        plain = recipe
        if recipe.batch_norm:
            self._mirror.pull(net, state, to_write=False)
            net = net._replace(p=cuda.to_device(folded(state, recipe)))
            plain = recipe.changed(batch_norm=False)
        view = state.with_(dials=state.dials.copy())
        view.dials[BATCH_NORM] = 0.0
        self._settle(net, view, state.table, dropping=False, updating=False, plain=True)
        place, width = int(state.table[-1, D]), self._widths[-1]
        out = np.empty((len(x), width), np.float32)
        for start in range(0, len(x), self._capacity):
            rows = min(self._capacity, len(x) - start)
            ops = program(self._widths, rows, self._useful_blocks(rows), plain, backward=False, updating=False)
            self._pass(net, rows, ops, start)
            net.work[place : place + rows * width].copy_to_host(out[start : start + rows].reshape(-1))
        return out

    def _pass(self, net: n.Net, rows: int, ops: NDArray[np.int64], place: int = 0) -> None:
        """The operations once, over `rows` rows of the data from `place` on."""
        self._ticket[: n.TICKET] = rows, place, 0
        _copy(net.ticket, self._ticket, n.TICKET)
        self._load(ops)
        self._launch(net, rows, 1, len(ops))


def _copy(there: Any, here: Any, count: int) -> None:
    """The first `count` numbers, onto the device."""
    there[:count].copy_to_device(here[:count])
