"""A worker without an engine: the same methods and frames, curves from a formula, so that every picture repeats."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any

import numpy as np

from engine.spec import Recipe
from tests.tui.fake_insights import guess, nearest_picture, pictures, trainer
from tuilab.lab.history import Curves, Series
from tuilab.lab.preset import Preset, Recorded
from tuilab.lab.timeline import Change, check_dial
from tuilab.lab.worker import Frame

TOTAL = 4_000


def preset(**overrides: Any) -> Preset:
    """A small preset with three layers."""
    base = Preset(dataset="digits", name="digits", title="Handwritten digits", widths=(64, 32), steps=TOTAL)
    return base.with_(**overrides) if overrides else base


def series(x: np.ndarray, mean: np.ndarray, spread: float = 0.0) -> Series:
    """A curve with a band `spread` wide (relative) around its mean."""
    mean = mean.astype(np.float32)
    return Series(x, (mean * (1 - spread)).astype(np.float32), (mean * (1 + spread)).astype(np.float32), mean)


def curves(step: int, layers: int = 3, vanishing: bool = False) -> Curves:
    """Curves of a run of `step` steps: falling losses, gradients that fall faster the deeper the layer lies."""
    rng = np.random.default_rng(7)
    every = max(1, step // 500)
    x = np.arange(every / 2, step, every, dtype=np.float64) if step else np.zeros(0)
    noise = rng.lognormal(0.0, 0.22, TOTAL)[: len(x)]
    train = (2.2 * np.exp(-x / 260) + 0.35 * np.exp(-x / 1200) + 0.012) * noise
    vx = np.arange(0, step + 1, 45, dtype=np.float64)
    val = 2.2 * np.exp(-vx / 270) + 0.3 * np.exp(-vx / 900) + 0.085 + vx * 4e-6
    falls = 12.0 if vanishing else 1.7
    norms = [
        (1.6 * np.exp(-x / 500) + 0.07) * rng.lognormal(0.0, 0.25, TOTAL)[: len(x)] / falls ** (layers - 1 - k)
        for k in range(layers)
    ]
    lr = np.full(len(x), 1e-3)
    return Curves(
        train=series(x, train, 0.35), accuracy=series(x, 1 - 0.85 * np.exp(-x / 200), 0.02), lr=series(x, lr),
        grad_norm=tuple(series(x, n, 0.4) for n in norms), val=series(vx, val),
        val_accuracy=series(vx, 0.975 - 0.88 * np.exp(-vx / 210)),
        update_ratio=tuple(series(x[::25], 0.02 / (1 + k + x[::25] / 300)) for k in range(layers)),
    )  # fmt: skip


def frame(step: int = 0, status: str = "ready", layers: int = 3, **overrides: Any) -> Frame:
    """A frame of such a run."""
    made = curves(step, layers, vanishing=bool(overrides.pop("vanishing", False)))
    fields: dict[str, Any] = {
        "status": status, "step": step, "total_steps": TOTAL, "epoch": step / 34, "steps_per_s": 0.0,
        "recipe": Recipe(), "batch_size": 32, "seed": 0, "history": made, "events": (),
        "train_loss": float(made.train.mean[-1]) if step else float("nan"),
        "val_loss": float(made.val.mean[-1]), "val_accuracy": float(made.val_accuracy.mean[-1]),
        "diverged_at": None, "message": "", "error": None, "revision": 1,
    }  # fmt: skip
    return Frame(**{**fields, **overrides})


def plane() -> SimpleNamespace:
    """Two half moons."""
    t = np.linspace(0, np.pi, 60)
    upper = np.column_stack([np.cos(t), np.sin(t)])
    lower = np.column_stack([1 - np.cos(t), 0.4 - np.sin(t)])
    points = np.concatenate([upper, lower]).astype(np.float32)
    labels = np.repeat([0, 1], 60)
    return SimpleNamespace(features=2, task="classification", image_shape=None, x_train=points, y_train=labels,
                           x_val=points, y_val=labels)  # fmt: skip


def spiral_opinion(x: np.ndarray) -> np.ndarray:
    """Probabilities of two classes, divided by a wave."""
    p = 1 / (1 + np.exp(6 * (x[:, 1] - 0.2 - 0.5 * np.sin(3 * x[:, 0] - 0.5))))
    return np.column_stack([1 - p, p]).astype(np.float32)


@dataclass
class FakeWorker:
    """Does what it is told at once: `advance` jumps, a turn is applied at the step where the run stands."""

    preset: Preset
    calls: list[tuple[Any, ...]] = field(default_factory=list)
    now: Frame = field(default_factory=frame)
    plane: bool = False  # whether its data are points in a plane

    def __post_init__(self) -> None:
        hidden = self.preset.widths
        opinion = {2: spiral_opinion, 3: guess, 64: nearest_picture}
        network = trainer((64, *hidden, 10), lambda x: opinion[x.shape[1]](x))
        self.session = SimpleNamespace(
            is_prepared=True,
            trainer=network,
            data=plane() if self.plane else pictures(),
            step=0,
            threads=1,
        )
        if self.now.step == 0:
            self.put(recipe=self.preset.recipe, batch_size=self.preset.batch_size)

    def put(self, **changes: Any) -> None:
        """Publish a frame with these fields changed."""
        self.now = replace(self.now, revision=self.now.revision + 1, **changes)

    def frame(self) -> Frame:
        return self.now

    def start(self) -> None:
        self.calls.append(("start",))

    def run(self) -> None:
        self.calls.append(("run",))
        self.put(status="running", steps_per_s=12_345.0)

    def pause(self) -> None:
        self.calls.append(("pause",))
        self.put(status="paused", steps_per_s=0.0)

    def advance(self, n: int) -> None:
        self.calls.append(("advance", n))
        step = self.now.step + n
        made = curves(step, len(self.now.curves.grad_norm))
        loss = float(made.train.mean[-1])
        self.put(step=step, status="paused", history=made, epoch=step / 34, train_loss=loss, val_loss=loss * 1.2)

    def turn(self, name: str, value: Any) -> None:
        value = check_dial(name, value)
        self.calls.append(("turn", name, value))
        change = Change(self.now.step, name, value)
        recipe = self.now.recipe if name == "batch_size" else self.now.recipe.changed(**{name: value})
        size = value if name == "batch_size" else self.now.batch_size
        self.put(recipe=recipe, batch_size=size, events=(*self.now.events, change))

    def reset(self) -> None:
        self.calls.append(("reset",))
        self.now = replace(frame(), revision=self.now.revision + 1)

    def rewind(self) -> None:
        self.calls.append(("rewind",))
        self.put(status="paused", diverged_at=None)

    def lane(self, action: str, *args: Any) -> None:
        self.calls.append(("lane", action, *args))

    def seek(self, step: int) -> None:
        self.calls.append(("seek", step))

    def extend(self, steps: int) -> None:
        self.calls.append(("extend", steps))
        self.put(total_steps=self.now.total_steps + steps, status="paused")

    def set_speed(self, steps_per_s: float | None) -> None:
        self.calls.append(("speed", steps_per_s))

    def as_preset(self, name: str | None = None, title: str | None = None, timeout: float | None = None) -> Preset:
        made = self.preset.with_(timeline=self.now.events)
        return made.with_(recorded=Recorded(self.now.step, "0" * 64)) if self.now.step else made

    def call(self, function: Any, timeout: float | None = None) -> Any:
        return function(self.session)

    def stop(self, timeout: float | None = None) -> bool:
        self.calls.append(("stop",))
        return True
