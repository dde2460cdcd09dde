"""What is turned by keys trains the same network as the same timeline without a screen, to the last bit."""

from __future__ import annotations

import pytest

from tests.tui.lab_app import real_app, until
from tuilab.lab.preset import Preset, dumps, load_preset, loads
from tuilab.lab.session import Session
from tuilab.lab.timeline import Change


def chosen() -> Preset:
    return load_preset("digits").with_(steps=800)


@pytest.fixture(scope="module")
def headless() -> str:
    """The parameters of `tuilab run digits --at 200 dropout=0.5 --at 400 optimizer=sgd --at 600 batch_norm=true`."""
    timeline = (Change(200, "dropout", 0.5), Change(400, "optimizer", "sgd"), Change(600, "batch_norm", True))
    return trained(chosen().with_(timeline=timeline))


def trained(preset: Preset) -> str:
    session = Session(preset, threads=1)
    while not session.ended:
        session.advance(137)
    return session.trainer.params_sha256()


@pytest.mark.parametrize("start", ["quick keys", "cursor"])
async def test_keys_and_timeline_give_the_same_parameters(headless: str, start: str) -> None:
    app = real_app(chosen())
    async with app.run_test(size=(140, 40)) as pilot:
        model = app.model

        async def paused_at(step: int) -> None:
            await until(pilot, lambda: model.frame is not None and (model.step, model.running) == (step, False), 120)

        await until(pilot, lambda: model.frame is not None and model.frame.total_steps > 0, 120)
        await pilot.press("greater_than_sign", "greater_than_sign")
        await paused_at(200)
        if start == "cursor":
            app.screen.query_one("#dial-dropout").focus()
            await pilot.press(*["right"] * 6, "left")
        else:
            await pilot.press(*["d"] * 6, "D")
        assert model.value("dropout") == 0.5
        await pilot.press("greater_than_sign", "greater_than_sign")
        await paused_at(400)
        while model.value("optimizer") != "sgd":
            await pilot.press("o")
        await pilot.press("greater_than_sign", *["full_stop"] * 3)
        await paused_at(503)
        await pilot.press("escape")
        model.advance(97)
        await paused_at(600)
        await pilot.press("b", "space")
        await until(pilot, lambda: model.frame is not None and model.frame.status == "finished", 60)
        assert model.worker is not None
        assert model.worker.call(lambda session: session.trainer.params_sha256()) == headless
        saved = model.worker.as_preset()
        await pilot.press("q")
    assert saved.recorded is not None and saved.recorded.params_sha256 == headless
    assert trained(loads(dumps(saved))) == headless, "the saved preset is the session"
