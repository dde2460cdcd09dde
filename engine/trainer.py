"""The public face of the engine: one network, its data, its dials and its place in time."""

from __future__ import annotations

import hashlib
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from engine import dials
from engine.backends import BACKENDS, choose
from engine.cpu import step as cpu
from engine.cpu.activate import activate_layer
from engine.cpu.parameters import parameter_share
from engine.cpu.passes import team_kernels
from engine.cpu.rows import run_stages
from engine.cpu.state import DROPPING, KEPT, PANELS, ROWS, UPDATING, State, allocate
from engine.cpu.state import RUNNING_MEAN as MEAN_ROW
from engine.cpu.state import RUNNING_VAR as VAR_ROW
from engine.cpu.team import prepare_team
from engine.cpu.update import update_range
from engine.data import check_data, check_rows
from engine.initialise import draw_parameters
from engine.layout import ACTIVATION, layout
from engine.metrics import Evaluation, Metrics, Probe
from engine.normalise import calibrate, folded
from engine.observe import evaluation, masks, probabilities, probe_layers
from engine.snapshot import ARRAYS, FORMAT, Snapshot
from engine.spec import ACTIVATIONS, DIALS, MAX_BATCH, Architecture, Recipe, SpecError, check_int, nearest
from engine.states import aside, frozen
from engine.threads import check_threads, useful_threads
from engine.warm import warm_up

if TYPE_CHECKING:
    from engine.cuda.device import Device

__all__ = ["BACKENDS", "Trainer"]
Floats = NDArray[np.float32]


class Trainer:
    """Trains `architecture` by `recipe` on x (n, features), y (n,) labels or (n, outputs) targets.

    `threads` is the number of parts a step is cut into and so part of the result, whatever the number of cores;
    None chooses by the size of the step. One thread at a time may call a trainer.
    Raises SpecError for a bad option and ValueError for bad data, each with one line.
    """

    def __init__(
        self, architecture: Architecture, recipe: Recipe, x: ArrayLike, y: ArrayLike, batch_size: int = 32,
        seed: int = 0, backend: str = "cpu", threads: int | None = None,
    ):  # fmt: skip
        recipe.activations(architecture.layers - 1)
        self.architecture, self.recipe = architecture, recipe
        self.batch_size = check_int("batch_size", batch_size, 1, MAX_BATCH)
        self.seed = check_int("seed", seed, 0, 2**63 - 1)
        self.diverged_at: int | None = None
        #: Every how many steps the norms of updates and weights are taken; 0: never.
        self.probe_every = 0
        self._data = check_data(architecture, x, y)
        count = len(self._data[0])
        rows = min(self.batch_size, count)
        self.backend = choose(backend, architecture, rows)
        self.threads = useful_threads(architecture, rows) if threads is None else check_threads(threads)
        self._layout = layout(architecture, min(self.batch_size, count))
        warm_up()
        kernels = *(k.address() for k in (activate_layer, update_range, run_stages, parameter_share)), *team_kernels()
        self._state = allocate(self._layout, self.threads, architecture.task == "regression", self._data, kernels)
        self._load_panels()
        self._clock = np.array([0, 0, 0, 0, self.batch_size, self.seed, count], np.int64)
        self._before = np.zeros(1, np.float32)
        self._device = self._make_device() if self.backend == "cuda" else None
        self._read_dials()
        self._draw()

    # ---- time

    @property
    def step(self) -> int:
        """Steps done."""
        return int(self._clock[cpu.STEP])

    @property
    def epoch(self) -> float:
        """Epochs done, with the part of the current one."""
        return float(self._clock[cpu.EPOCH] + self._clock[cpu.PLACE] / self._clock[cpu.COUNT])

    @property
    def layers(self) -> int:
        """Number of weight matrices."""
        return self.architecture.layers

    @property
    def parameters(self) -> int:
        """Length of the flat parameter vector, inactive parameters included."""
        return self._layout.parameters

    def advance(self, steps: int) -> Metrics:
        """Trains `steps` steps, or until loss or gradient is no longer finite (then `diverged_at` is that step)."""
        steps = check_int("steps", steps, 0, 2**40)
        first, layers = self.step, self.layers
        scalars = np.empty((3, steps), np.float32)
        norms = np.full((3, steps, layers), np.nan, np.float32)
        if self._device is None and self.probe_every and len(self._before) != self.parameters:
            self._before = np.empty(self.parameters, np.float32)
        s = self._state
        if self._device is not None:
            out = (*scalars, *norms)
            done = self._device.advance(s, self.recipe, self._clock, steps, self.probe_every, out)
        else:
            s.plan[[DROPPING, UPDATING]] = 1
            prepare_team(s.plan)
            done = cpu.advance(s.address, self._clock, steps, self.probe_every, self._before, *scalars, *norms)
        metrics = Metrics(first, *scalars[:, :done], *norms[:, :done])
        if done and not (np.isfinite(metrics.loss[-1]) and np.isfinite(metrics.grad_norm[-1]).all()):
            self.diverged_at = first + done
        if self.architecture.task == "regression":
            metrics.accuracy[:] = np.nan
        return metrics

    def change(self, **changes: Any) -> None:
        """Turns dials, from the next step on; a bad one raises SpecError and changes nothing.

        Any field of Recipe, and `batch_size`. What else a dial does: `optimizer` clears the optimizer's slots and
        its count of updates; `initializer` draws all parameters anew (and clears those); `batch_norm` on is
        calibrated on the training data so that the function stays, off is folded into the weights; `activation` to
        PReLU finds the slope where it last was (0.25 at first). No other dial touches parameters or slots.
        """
        batch_size = check_int("batch_size", changes.pop("batch_size", self.batch_size), 1, MAX_BATCH)
        for name in changes:
            if name not in DIALS:
                allowed = (*DIALS, "batch_size")
                raise SpecError(name, f"unknown dial, allowed: {', '.join(allowed)}{nearest(name, allowed)}")
        recipe = self.recipe.changed(**changes)
        recipe.activations(self.layers - 1)
        old, self.recipe = self.recipe, recipe
        if batch_size != self.batch_size:
            self._resize(batch_size)
        if recipe.optimizer != old.optimizer:
            self._clear_slots()
        # Before the calibration, which runs the network: with the activations that train from now on.
        self._read_dials()
        if "initializer" in changes:
            self._draw()
        elif recipe.batch_norm and not old.batch_norm:
            calibrate(self._live(to_write=True), recipe)
        elif old.batch_norm and not recipe.batch_norm:
            s = self._live(to_write=True)
            s.p[:] = folded(s, old)

    # ---- inspection

    @property
    def params(self) -> Floats:
        """The flat parameter vector (parameters,), live and writable.

        Of a GPU's trainer it is a mirror: true when asked for, and what is written there counts until the next step.
        """
        return self._live(to_write=True).p

    def tensors(self) -> dict[str, Floats]:
        """Every parameter by name ("0.weight": (fan_in, fan_out), …) as a writable view on `params`."""
        return self._layout.views(self.params)

    def buffers(self) -> dict[str, Floats]:
        """Running mean and variance of each hidden layer ("0.running_mean", …) as writable views."""
        units = self._live(to_write=True).units
        return self._layout.unit_views(units[MEAN_ROW], "running_mean") | self._layout.unit_views(
            units[VAR_ROW], "running_var"
        )

    def gradients(self, xb: ArrayLike, yb: ArrayLike, step: int | None = None) -> dict[str, Floats]:
        """The gradient of the loss on one batch, by name; with the dropout of `step` if one is given.

        Batch norm uses the statistics of this batch and leaves the running ones alone. Parameters that the dials
        make inactive have gradient 0.
        """
        data = check_data(self.architecture, xb, yb)
        if self._device is not None:
            return self._layout.views(self._device.gradients(self._state, self.recipe, data, self.seed, step))
        s = aside(self._state, self.architecture, data)
        s.plan[DROPPING] = step is not None
        s.plan[ROWS] = len(data[0])
        s.rows[:] = np.arange(len(data[0]))
        if step is not None:
            cpu.set_keys(s.address, self.seed, step)
        prepare_team(s.plan)
        cpu.compute_gradients(s.address)
        return self._layout.views(s.g)

    def batch_indices(self, step: int | None = None) -> NDArray[np.int64]:
        """The training rows of the next step."""
        if step not in (None, self.step):
            raise ValueError(f"step: found {step}, only the next step's batch is known: {self.step}")
        rows = np.empty(self.batch_size, np.int32)
        return rows[: cpu.fill_batch(self._clock, rows)].astype(np.int64)

    def dropout_masks(self, step: int, batch: int) -> list[Floats | None]:
        """The dropout multipliers of a step for `batch` rows: of the input, then of each hidden layer.

        Each is (batch, width), 0 for a dropped unit; None where the rate is 0. With alpha dropout the hidden
        layers' multipliers are 0 or the scale `a` of the affine map.
        """
        cpu.set_keys(self._state.address, self.seed, step)
        return masks(self._state, self.recipe, self.architecture.widths, batch)

    def evaluate(self, x: ArrayLike, y: ArrayLike) -> Evaluation:
        """Mean loss and accuracy on x, y in evaluation mode; label smoothing plays no part."""
        data = check_data(self.architecture, x, y)
        return evaluation(self.architecture, self._outputs(data[0]), data[1], data[2])

    def predict(self, x: ArrayLike) -> Floats:
        """Class probabilities, or outputs for regression: (n, outputs) in evaluation mode."""
        outputs = self._outputs(check_rows(self.architecture, x))
        return outputs if self.architecture.task == "regression" else probabilities(outputs)

    def probe(self, x: ArrayLike, bins: int = 16) -> list[Probe]:
        """Activation statistics of every hidden layer on the first rows of x, at most one batch of them."""
        rows = check_rows(self.architecture, x)[: self._layout.capacity]
        self._live()
        self._outputs_here(rows)
        return probe_layers(frozen(self._state, self.recipe, rows), len(rows), bins)

    def params_sha256(self) -> str:
        """SHA-256 of the bytes of the flat parameter vector."""
        return hashlib.sha256(self._live().p.tobytes()).hexdigest()

    # ---- saving

    def snapshot(self) -> Snapshot:
        """Everything needed to go on bit for bit, as copies."""
        meta = {
            "format": FORMAT,
            "widths": list(self.architecture.widths), "task": self.architecture.task, "recipe": asdict(self.recipe),
            "batch_size": self.batch_size, "seed": self.seed, "threads": self.threads, "backend": self.backend,
            "clock": [int(v) for v in self._clock], "diverged_at": self.diverged_at,
        }  # fmt: skip
        return Snapshot(meta, {name: vector.copy() for name, vector in self._saved(self._live()).items()})

    @classmethod
    def restore(
        cls, snapshot: Snapshot, x: ArrayLike, y: ArrayLike, threads: int | None = None, backend: str | None = None
    ) -> Trainer:  # fmt: skip
        """A trainer that goes on from `snapshot` with the same data; raises ValueError if they do not fit.

        `backend`: another one than the snapshot's; it goes on from the same numbers, and rounds in its own way.
        """
        snapshot.check()
        meta, arrays = snapshot.meta, snapshot.arrays
        trainer = cls(
            Architecture(tuple(meta["widths"]), meta["task"]), Recipe(**meta["recipe"]), x, y,
            meta["batch_size"], meta["seed"], backend or meta["backend"], threads or meta["threads"],
        )  # fmt: skip
        trainer.load(arrays, meta)
        return trainer

    def load(self, arrays: dict[str, Floats], meta: dict[str, Any]) -> None:
        """Takes over the vectors and the clock of a snapshot of the same architecture."""
        saved = self._saved(self._live(to_write=True))
        for name, vector in saved.items():
            if arrays[name].shape != vector.shape:
                raise ValueError(f"snapshot: {name} has {arrays[name].size} numbers, expected {vector.size}")
        if int(meta["clock"][cpu.COUNT]) != self._clock[cpu.COUNT]:
            raise ValueError(f"snapshot: made with {meta['clock'][cpu.COUNT]} rows, found {self._clock[cpu.COUNT]}")
        for name, vector in saved.items():
            vector[:] = arrays[name]
        self._clock[:] = meta["clock"]
        self.diverged_at = meta["diverged_at"]

    # ---- inside

    def _make_device(self) -> Device:
        from engine.cuda.device import Device

        return Device(self.architecture, self._layout, self._state)

    def _load_panels(self) -> None:
        """Loads what multiplies on a matrix unit, if there are products for it."""
        if self._state.plan[KEPT]:
            from engine.cpu.panels import multiply_panels

            self._state.plan[PANELS] = multiply_panels.address()

    def _live(self, *, to_write: bool = False) -> State:
        """The state with its parameters, slots and running statistics as they are now; `to_write`: to be changed."""
        if self._device is not None:
            self._device.pull(self._state, to_write=to_write)
        return self._state

    @staticmethod
    def _saved(s: State) -> dict[str, Floats]:
        """The vectors that a snapshot copies."""
        vectors = (s.p, s.s1, s.s2, s.units[MEAN_ROW], s.units[VAR_ROW])
        return dict(zip(ARRAYS, vectors, strict=True))

    def _read_dials(self) -> None:
        dials.pack(self.recipe, self._state.dials)
        hidden = self.recipe.activations(self.layers - 1)
        self._layout.table[:-1, ACTIVATION] = [ACTIVATIONS.index(name) for name in hidden]

    def _clear_slots(self) -> None:
        s = self._live(to_write=True)
        s.s1[:] = 0.0
        s.s2[:] = 0.0
        self._clock[cpu.UPDATES] = 0

    def _draw(self) -> None:
        """Weights by the initialiser; biases and beta 0, gamma 1, slopes 0.25; slots and statistics as at first."""
        s = self._live(to_write=True)
        s.p[:] = 0.0
        draw_parameters(self.tensors(), self.recipe, self.seed, self.step)
        s.units[MEAN_ROW] = 0.0
        s.units[VAR_ROW] = 1.0
        self._clear_slots()

    def _resize(self, batch_size: int) -> None:
        """Another batch size; the work area grows if it must, nothing else moves."""
        self.batch_size = batch_size
        self._clock[cpu.BATCH_SIZE] = batch_size
        capacity = min(batch_size, int(self._clock[cpu.COUNT]))
        if capacity > self._layout.capacity:
            self._layout = layout(self.architecture, capacity)
            self._state = self._state.resized(self._layout)
            self._load_panels()
            if self._device is not None:
                self._device.resize(self._layout)

    def _outputs(self, x: Floats) -> Floats:
        """Logits or outputs in evaluation mode."""
        if self._device is not None:
            return self._device.outputs(self._state, self.recipe, x)
        return self._outputs_here(x)

    def _outputs_here(self, x: Floats) -> Floats:
        """The same, worked out by the CPU."""
        view = frozen(self._state, self.recipe, x)
        out = np.empty((len(x), self.architecture.widths[-1]), np.float32)
        prepare_team(view.plan)
        cpu.forward_all(view.address, len(x), out)
        return out
