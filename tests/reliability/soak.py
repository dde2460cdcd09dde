"""The lab under random keys for as long as wanted: it must not crash nor grow, and what it did must come again.

    python -m tests.reliability.soak --minutes 60 --seed 1

Types at the lab in a pseudo-terminal, moves drawn from the seed, at full training speed. Watched: the process lives and
answers, no traceback, resident memory at rest: every REST seconds the first preset is opened anew, which keeps nothing
of what was before, and what is resident then may not grow by more than GROWTH after the first of these rests. Then the
run is saved, the lab is left, and the saved preset and the run folders are replayed: the same parameters, bit for bit.
Exit code 0 if all of that holds.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from tests.reliability import moves
from tests.reliability.line import Line, environment, plain

GROWTH = 0.05
REST = 300.0  # seconds from one to the next
PROBE_EVERY = 300  # moves
SAMPLE_EVERY = 5.0  # seconds
PATIENCE = 8  # attempts
BREATH = 0.25  # seconds after a key that opens or closes a window


@dataclass
class Soak:
    """What came out."""

    seed: int
    preset: str = "digits"
    seconds: float = 0.0
    moves: int = 0
    rss: list[int] = field(default_factory=list)  # kB, every SAMPLE_EVERY seconds
    rests: list[int] = field(default_factory=list)  # kB
    runs: int = 0
    replays: dict[str, bool] = field(default_factory=dict)
    steps: int = 0  # replayed

    @property
    def growth(self) -> float | None:
        """Memory at the last rest over that at the first; None: too short."""
        return self.rests[-1] / self.rests[0] - 1.0 if len(self.rests) > 1 else None

    @property
    def holds(self) -> bool:
        """Whether it went as promised (that nothing crashed is said by being here)."""
        return bool(self.replays) and all(self.replays.values()) and (self.growth is None or self.growth <= GROWTH)


def soak(folder: Path, seconds: float, seed: int, *, preset: str = "digits", nice: int = 0, replays: float = 60.0,
         pause: float = 0.05, log: bool = False, tour: bool = True) -> Soak:  # fmt: skip
    """`seconds` of random moves in `folder`, then replays for about `replays` seconds (at least one)."""
    rng, out = random.Random(seed), Soak(seed, preset)
    lab = Line(folder, preset, "--threads", "1", nice=nice)
    try:
        lab.see(b"steps/s", seconds=300.0)
        began = time.monotonic()
        if tour:
            _tour(lab)
            _open(lab, preset)
        _full_speed(lab)
        sampled = probed = 0.0
        rested = REST
        while (at := time.monotonic() - began) < seconds:
            if at >= sampled:
                sampled = at + SAMPLE_EVERY
                out.rss.append(lab.rss())
            if log and at >= probed:
                probed = at + 60.0
                print(f"{at:7.0f} s  {out.moves:7,} moves  {out.rss[-1]:9,} kB  at rest {out.rests}", flush=True)
            if at >= rested:
                rested = at + REST
                _rest(lab, out)
            name, move = moves.draw(rng)
            _type(lab, move, pause * rng.random())
            out.moves += 1
            if name in ("another preset", "begin anew"):
                _full_speed(lab)
            if out.moves % PROBE_EVERY == 0:
                _probe(lab)
                _full_speed(lab)
        out.seconds = time.monotonic() - began
        _probe(lab)
        _save(lab)
        lab.press("q")
        code = lab.end()
        assert code == 0, f"exit code {code}"
    finally:
        lab.close()
    _replay_all(folder, out, replays, log)
    return out


def _tour(lab: Line) -> None:
    """All there is once: the windows, and full lanes of the largest preset."""
    for move in moves.TOUR:
        _type(lab, move)
    _open(lab, moves.LARGEST)
    _full_speed(lab)
    for _ in range(4):
        _type(lab, moves.FULL_LANE, 0.1)
        lab.read(3.0)


def _rest(lab: Line, out: Soak) -> None:
    """Memory with the first preset just opened; then on at full speed."""
    _open(lab, out.preset)
    lab.read(5.0)
    out.rests.append(lab.rss())
    _full_speed(lab)


def _open(lab: Line, preset: str) -> None:
    """That preset, by its name."""
    _home(lab)
    for keys in ("p", "/", preset, "\r", "\r"):
        lab.press(keys)
        lab.read(4 * BREATH)


def _type(lab: Line, move: moves.Move, pause: float = 0.05) -> None:
    for key in move:
        lab.press(key)
        alive = lab.read(BREATH if key in moves.SLOW else pause)
        assert alive, f"the lab ended after {move!r}: {plain(lab.written)}"


def _probe(lab: Line) -> None:
    """The lab still answers: the help opens and closes. On a busy machine a key may take its time: try again."""
    for attempt in range(PATIENCE):
        _home(lab)
        lab.press("?")
        if lab.sees(b"esc closes", seconds=5.0 + attempt):
            _home(lab)
            return
    raise AssertionError(f"the lab does not answer any more: {lab.where()}")


def _home(lab: Line) -> None:
    """To the lab screen, whatever windows lie on it."""
    _type(lab, (moves.ESC,) * 6)


def _save(lab: Line) -> None:
    """The run as last.toml, in place of the name proposed. On a busy machine a key may overtake another: try again."""
    for _ in range(PATIENCE):
        _home(lab)
        lab.press("s")
        lab.see(b"Save as a preset")
        for keys in ("\x15", "last", "\r", "\r"):  # the second for a file that is there already
            lab.press(keys)
            if lab.sees(b"saved as last.toml", seconds=1.0):
                return
    raise AssertionError(f"the run cannot be saved: {lab.where()}")


def _full_speed(lab: Line) -> None:
    """F until the status line says that there is no limit, then run."""
    for _ in range(8):
        lab.written = b""
        _type(lab, ("F",), 0.6)
        if b"full speed" in lab.written:
            break
    _type(lab, ("R", " "), 0.3)


def _replay_all(folder: Path, out: Soak, seconds: float, log: bool) -> None:
    """The saved preset, then the runs, the newest first, as long as there is time."""
    runs = sorted((folder / "runs").iterdir(), reverse=True)
    out.runs, began = len(runs), time.monotonic()
    for ref in (folder / "last.toml", *runs):
        if out.replays and time.monotonic() - began > seconds:
            break
        done = subprocess.run(
            [sys.executable, "-m", "tuilab", "replay", str(ref), "--check", "--json"],
            cwd=folder, env=environment(), capture_output=True, text=True,
        )  # fmt: skip
        result = json.loads(done.stdout) if done.returncode in (0, 1) and done.stdout else {}
        out.replays[ref.name] = done.returncode == 0 and result["match"] is True
        out.steps += result.get("steps", 0)
        if log:
            print(f"replay {ref.name}: {result.get('steps')} steps, {len(result.get('events', ()))} turns,"
                  f" match {result.get('match')} {done.stderr.strip()[:300]}", flush=True)  # fmt: skip


def told(out: Soak) -> str:
    """The figures, for people."""
    growth = "too short to measure growth" if out.growth is None else f"{100 * out.growth:+.2f} %"
    return "\n".join((
        f"soak      seed {out.seed}: {out.seconds / 60:.1f} minutes, {out.moves:,} moves, no crash",
        f"memory    at rest, every {REST / 60:.0f} minutes, in kB: {', '.join(f'{kb:,}' for kb in out.rests) or '–'};"
        f" {growth} (allowed {100 * GROWTH:.0f} %); {max(out.rss):,} at most in between",
        f"replays   {sum(out.replays.values())} of {len(out.replays)} bit for bit ({out.steps:,} steps),"
        f" of {out.runs} runs made",
    ))  # fmt: skip


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description="Random keys at the lab: no crash, no growth, the same bits again.")
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--preset", default="digits")
    parser.add_argument("--nice", type=int, default=0)
    parser.add_argument("--replays", type=float, default=300.0, metavar="SECONDS", help="time for replays at the end")
    parser.add_argument("--folder", type=Path, help="where to work and leave everything (default: a temporary one)")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tuilab-soak-") as scratch:
        folder = Path(scratch) if args.folder is None else args.folder
        folder.mkdir(parents=True, exist_ok=True)
        out = soak(folder, 60.0 * args.minutes, args.seed, preset=args.preset, nice=args.nice, replays=args.replays,
                   log=True)  # fmt: skip
    print(told(out), flush=True)
    return int(not out.holds)


if __name__ == "__main__":
    sys.exit(main())
