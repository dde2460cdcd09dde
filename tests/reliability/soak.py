"""The lab under random keys for as long as wanted: it must not crash nor grow, and what it did must come again.

    python -m tests.reliability.soak --minutes 60 --seed 1

Types at the lab in a pseudo-terminal, moves drawn from the seed, at full training speed. Watched: the process lives and
answers, no traceback, resident memory: after five minutes, in which everything was open once, it may not exceed its
highest so far by more than GROWTH. Then the run is saved, the lab is left, and the saved preset and the run folders
are replayed: the same parameters, bit for bit. Exit code 0 if all of that holds.
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
SETTLED = 300.0  # seconds after which memory counts
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
    rss: list[tuple[float, int]] = field(default_factory=list)  # (seconds since the start, kB)
    runs: int = 0
    replays: dict[str, bool] = field(default_factory=dict)
    steps: int = 0  # replayed

    def between(self, begin: float, end: float) -> list[int]:
        """Memory samples of that time."""
        return [kb for at, kb in self.rss if begin <= at < end]

    @property
    def growth(self) -> float | None:
        """Largest memory since it settled over the largest before; None: too short."""
        before, after = self.between(0.0, SETTLED), self.between(SETTLED, self.seconds + 1.0)
        return max(after) / max(before) - 1.0 if before and after else None

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
            _tour(lab, out, began)
        _full_speed(lab)
        sampled = probed = 0.0
        while (at := time.monotonic() - began) < seconds:
            if at >= sampled:
                sampled = at + SAMPLE_EVERY
                out.rss.append((at, lab.rss()))
            if log and at >= probed:
                probed = at + 60.0
                print(f"{at:7.0f} s  {out.moves:7,} moves  {out.rss[-1][1]:9,} kB", flush=True)
            name, move = moves.draw(rng)
            _type(lab, move, pause * rng.random())
            out.moves += 1
            if name in ("another preset", "begin anew"):
                _full_speed(lab)
            if out.moves % PROBE_EVERY == 0:
                _probe(lab)
                _full_speed(lab)
        out.seconds = time.monotonic() - began
        out.rss.append((out.seconds, lab.rss()))
        _probe(lab)
        _save(lab)
        lab.press("q")
        code = lab.end()
        assert code == 0, f"exit code {code}"
    finally:
        lab.close()
    _replay_all(folder, out, replays, log)
    return out


def _tour(lab: Line, out: Soak, began: float) -> None:
    """All there is once, that memory be what it may be at most: the windows, and full lanes of the largest preset."""
    for move in moves.TOUR:
        _type(lab, move)
    _open(lab, moves.LARGEST)
    _full_speed(lab)
    for _ in range(4):
        _type(lab, moves.FULL_LANE, 0.1)
        lab.read(3.0)
        out.rss.append((time.monotonic() - began, lab.rss()))
    _open(lab, out.preset)


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
    settled = max(out.between(0.0, SETTLED), default=0)
    growth = "too short to measure growth" if out.growth is None else f"{100 * out.growth:+.2f} % later"
    return "\n".join((
        f"soak      seed {out.seed}: {out.seconds / 60:.1f} minutes, {out.moves:,} moves, no crash",
        f"memory    {out.rss[0][1]:,} kB at first, {settled:,} at most in five minutes, {out.rss[-1][1]:,} at the end,"
        f" {max(kb for _, kb in out.rss):,} at most: {growth} (allowed {100 * GROWTH:.0f} %)",
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
