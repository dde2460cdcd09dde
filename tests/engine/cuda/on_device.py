"""What only a GPU can tell: `python -m tests.engine.cuda.on_device [--minutes M] [--thresholds]`.

The checks of `simulated` on the device itself, then a soak: a net is trained, its dials turned and looked at for M
minutes, in which neither the device's free memory nor the result may move. `--thresholds` times one block against
many, and the GPU against the CPU, over sizes of a step: what `ONE_BLOCK` and `WORTH_A_GPU` are to be set by. For a look
at memory errors: compute-sanitizer python -m tests.engine.cuda.on_device --minutes 0. Without a GPU it says so.
"""

from __future__ import annotations

import argparse
import time
from typing import Any

import numpy as np

from engine.backends import find_gpu, work
from tests.engine.cuda.simulated import CHECKS, Case, both

BAR = 1e-5
TURNS: tuple[dict[str, Any], ...] = (
    {"batch_norm": True}, {"dropout": 0.3, "optimizer": "radam"}, {"clip_norm": 0.5, "activation": "prelu"},
    {"batch_norm": False, "dropout": 0.0}, {"batch_size": 256}, {"clip_norm": 0.0, "max_norm": 2.0},
    {"batch_size": 64, "max_norm": 0.0, "optimizer": "adam", "activation": "relu"},
)  # fmt: skip


def parity() -> bool:
    """Every check of the simulator, on the device."""
    good = True
    for name, check in CHECKS.items():
        found = check()
        good &= found <= BAR
        print(f"{'ok  ' if found <= BAR else 'FAIL'} {name:<14} {found:.1e} apart", flush=True)
    return good


def _trainer(widths: tuple[int, ...], batch: int, backend: str, rows: int = 4096) -> Any:
    cpu, gpu, _, _ = both(Case({}, widths, batch_size=batch), rows)
    return cpu if backend == "cpu" else gpu


def soak(minutes: float) -> bool:
    """Two trainers side by side, turned alike: the same bits, and the same free memory after each round of turns."""
    from numba import cuda

    pair = [_trainer((64, 256, 128, 10), 64, "cuda") for _ in range(2)]
    free: list[int] = []
    ends = time.monotonic() + 60.0 * minutes
    while time.monotonic() < ends:
        for turn in TURNS:
            for trainer in pair:
                trainer.change(**turn)
                trainer.advance(500)
                trainer.snapshot()
        if len({trainer.params_sha256() for trainer in pair}) > 1:
            print(f"FAIL soak: two equal runs differ at step {pair[0].step:,}")
            return False
        cuda.current_context().deallocations.clear()  # numba frees late
        free.append(cuda.current_context().get_memory_info().free)
    lost = free[0] - free[-1] if free else 0
    print(f"{'ok  ' if lost <= 0 else 'FAIL'} soak {minutes:g} min, {pair[0].step:,} steps, {lost:,} bytes lost")
    return lost <= 0


def thresholds() -> None:
    """Microseconds a step of one block, of many and of the CPU, over sizes of a step."""
    print("multiply-adds     one block   many blocks         CPU   µs a step")
    for width in (8, 16, 32, 64, 128, 256, 512, 1024, 2048):
        widths, batch = (width, width, width, 10), 64
        times = []
        for blocks in (1, 0, None):
            trainer = _trainer(widths, batch, "cpu" if blocks is None else "cuda")
            if blocks is not None:
                trainer._device.blocks = blocks or trainer._device.most_blocks
            trainer.probe_every = 0
            trainer.advance(50)
            steps = 20 if width >= 512 else 500
            begun = time.perf_counter()
            trainer.advance(steps)
            times.append((time.perf_counter() - begun) / steps * 1e6)
        print(f"{work(widths, batch):>13,}" + "".join(f"{t:>14.1f}" for t in times), flush=True)


def main() -> int:
    """All of it; 1 if anything is wrong."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--thresholds", action="store_true")
    args = parser.parse_args()
    gpu = find_gpu()
    if not gpu.usable or gpu.simulated:
        print(f"not measured: no GPU ({gpu.why or gpu.name})")
        return 0
    print(gpu.name)
    np.seterr(all="ignore")
    good = parity() and soak(args.minutes)
    if args.thresholds:
        thresholds()
    return int(not good)


if __name__ == "__main__":
    raise SystemExit(main())
