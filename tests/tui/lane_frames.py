"""Frames with lanes and moments, from formulas, for tests of the screen."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import numpy as np

from engine.spec import Recipe
from tests.tui.fake import FakeWorker, curves, frame, preset
from tuilab.lab.frame import Frame, LaneFrame
from tuilab.lab.history import Series
from tuilab.lab.timeline import Change
from tuilab.lab.trail import Place

FORKED = 600
#: (name, what it is beside the main lane, its dials, how much lower its curves come to lie)
LANES: tuple[tuple[str, str, dict[str, Any], float], ...] = (
    ("A", "", {}, 1.0),
    ("B", "A + batch norm", {"batch_norm": True}, 0.62),
    ("C", "A + dropout 0.5, lr 0.01", {"dropout": 0.5, "lr": 0.01}, 1.35),
    ("D", "A − batch norm + sgd", {"optimizer": "sgd"}, 1.9),
)
PLACES = (
    Place(1, "", 0, float("nan"), 2.31, 0.1, ()),
    Place(2, "", 340, 0.41, 0.382, 0.894, ()),
    Place(3, "before dropout", 600, 0.22, 0.251, 0.931, ()),
    Place(4, "", 1020, 0.09, 0.137, 0.959, (Change(610, "dropout", 0.3), Change(900, "optimizer", "sgd"))),
)


def _bent(series: Series, factor: float) -> Series:
    """The curve with what lies after the fork moved gradually."""
    way = np.clip((series.x - FORKED) / 400, 0, 1)
    by = (1 + (factor - 1) * way).astype(np.float32)
    return Series(series.x, series.low * by, series.high * by, series.mean * by)


def lane(step: int, at: int, active: int, main: int = 0, **changes: Any) -> LaneFrame:
    """Lane number `at` of LANES after `step` steps."""
    name, difference, dials, factor = LANES[at]
    plain = curves(step)
    made = replace(
        plain, train=_bent(plain.train, factor), val=_bent(plain.val, factor),
        grad_norm=tuple(_bent(s, factor) for s in plain.grad_norm),
    )  # fmt: skip
    base = frame(step, "running")
    shared = {f.name: getattr(base, f.name) for f in fields(LaneFrame) if hasattr(base, f.name)}
    own = {
        "name": name, "main": at == main, "active": at == active, "difference": "" if at == main else difference,
        "recipe": Recipe(**dials), "history": made,
        "train_loss": float(made.train.mean[-1]),
        "val_loss": float(made.val.mean[-1]), "places": PLACES,
        "events": tuple(Change(FORKED, field, value) for field, value in dials.items()),
    }  # fmt: skip
    return LaneFrame(**{**shared, **own, **changes})


def lanes_frame(count: int, active: int = 1, step: int = 1500, **overrides: Any) -> Frame:
    """A frame of `count` lanes, as the engine would publish it."""
    lanes = tuple(lane(step, at, active) for at in range(count))
    chosen = lanes[active]
    shared = {f.name: getattr(chosen, f.name) for f in fields(Frame) if hasattr(chosen, f.name)}
    made = replace(frame(step, "running"), **{**shared, "lanes": lanes, "moving": True, "steps_per_s": 12_345.0})
    return replace(made, **overrides)


def with_lanes(count: int, active: int = 1, **overrides: Any) -> FakeWorker:
    """A worker that shows them."""
    return FakeWorker(preset(), now=lanes_frame(count, active, **overrides))
