"""The picture in the README, taken by the lab itself of a real run: `python -m tuilab.tui.portrait docs/lab.svg`.

Eight layers of sigmoids hardly learn: their gradients vanish on the way to the first layer. Then two dials are turned.
"""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from tuilab.tui.app import LabApp
from tuilab.tui.picture import picture

if TYPE_CHECKING:
    from textual.pilot import Pilot

    from tuilab.lab.preset import Preset
    from tuilab.lab.worker import Worker

PRESET = "vanishing"
SIZE = (140, 40)
PATIENCE = 300.0  # seconds for the first compile
#: (steps to train before, dial, value)
STORY: tuple[tuple[int, str, object], ...] = ((600, "initializer", "he_normal"), (0, "activation", "relu"))
LAST = 900


def _worker(preset: Preset) -> Worker:
    from tuilab.lab.session import Session
    from tuilab.lab.worker import Worker

    return Worker(Session(preset, threads=1))


def portrait(theme: str = "tuilab-dark", size: tuple[int, int] = SIZE) -> str:
    """Run the story on a lab without a terminal and give its last screen as SVG."""
    from tuilab.lab.preset import load_preset

    app = LabApp(load_preset(PRESET), _worker, speed=0.0)
    taken: list[str] = []

    async def act(pilot: Pilot[object]) -> None:
        app.theme = theme
        await _until(lambda: app.model.frame is not None and app.model.frame.total_steps > 0)
        done = 0
        for steps, name, value in (*STORY, (LAST, "", None)):
            if steps:
                done += steps
                app.model.advance(steps)
                await _until(lambda target=done: app.model.step == target and not app.model.running)  # type: ignore[misc]
            if name:
                app.model.set(name, value)
        await pilot.pause(0.5)
        taken.append(picture(app))
        await app.action_quit()

    app.run(headless=True, size=size, auto_pilot=act)
    return taken[0]


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not condition():
            await asyncio.sleep(0.02)


def main() -> None:
    """Write the picture."""
    parser = argparse.ArgumentParser(prog="python -m tuilab.tui.portrait", description=__doc__)
    parser.add_argument("path", type=Path, help="where the SVG goes")
    parser.add_argument("--theme", default="tuilab-dark", help="tuilab-dark or tuilab-light")
    args = parser.parse_args()
    args.path.write_text(portrait(args.theme), encoding="utf-8")


if __name__ == "__main__":
    main()
