"""What is told about each layer, against the network's own arrays."""

from __future__ import annotations

import numpy as np
import pytest

from tuilab.lab.health import BINS, health
from tuilab.lab.preset import Preset
from tuilab.lab.session import Session
from tuilab.lab.worker import PROBE_EVERY, Worker


def test_the_facts_are_those_of_the_network(tiny: Preset) -> None:
    session = Session(tiny.with_(activation="relu"), threads=1)
    session.advance(20)
    before = session.trainer.params_sha256()
    seen = health(session)
    assert seen.step == 20 and session.trainer.params_sha256() == before
    assert [(layer.fan_in, layer.fan_out) for layer in seen.layers] == [(2, 8), (8, 8), (8, 2)]
    assert [layer.activation for layer in seen.layers] == ["relu", "relu", "output"]
    for k, layer in enumerate(seen.layers):
        assert layer.weight_norm == pytest.approx(np.linalg.norm(session.trainer.tensors()[f"{k}.weight"]), rel=1e-5)
    for layer, probe in zip(seen.layers, session.trainer.probe(session.data.x_train[:256], BINS), strict=False):
        assert (layer.dead, layer.counts) == (probe.dead, tuple(probe.counts))
        assert (layer.low, layer.high) == (probe.edges[0], probe.edges[-1])
    assert np.isnan(seen.layers[-1].dead) and seen.layers[-1].counts == ()


def test_dead_units_are_found(tiny: Preset) -> None:
    session = Session(tiny.with_(activation="relu"), threads=1)
    session.prepare()
    session.trainer.tensors()["0.bias"][:4] = -100.0
    assert health(session).layers[0].dead >= 0.5


def test_a_worker_has_update_ratios_probed_also_after_a_reset_and_a_turn(tiny: Preset) -> None:
    worker = Worker(Session(tiny, threads=1))
    worker.start()
    try:
        for steps in (60, 120):
            worker.advance(60)
            while worker.frame().step < steps or worker.frame().status == "running":
                worker.call(lambda session: session.step, 10.0)
            worker.turn("lr", 0.5)
        x = worker.frame().curves.update_ratio[0].x
        assert np.all((x - 1) % PROBE_EVERY == 0) and len(x) == -(-120 // PROBE_EVERY)
        worker.reset()
        worker.advance(PROBE_EVERY + 5)
        while worker.frame().step != PROBE_EVERY + 5:
            worker.call(lambda session: session.step, 10.0)
        assert len(worker.frame().curves.update_ratio[2].x) == 2
    finally:
        worker.stop(10.0)
