"""The GPU's side of the benchmark: peers on the device, and the roofline that its own rates allow.

    python -m tuilab.bench.gpu      prints the device's matrix rate and memory bandwidth as one JSON object

All products are float32 (TF32 off), as the engine's are. None of this has met a GPU so far: `tuilab bench --backend
cuda` says "not measured" where there is none.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from tuilab.bench.cases import ROWS, Case

Run = Callable[[int], float]
GPU_PEERS = ("torch-cuda", "torch-graph", "cublas")
#: How often Adam moves each parameter through memory: gradient written and read, p and two slots read and written.
_TRAFFIC = 8


@dataclass(frozen=True, slots=True)
class Peaks:
    """What the device reaches at its best: operations a second in a large float32 product, bytes a second copied."""

    flops: float
    bytes_s: float

    def floor_us(self, case: Case) -> float:
        """The fewest microseconds a step can take: its arithmetic, or its traffic with the device's memory."""
        sizes = [n * m for n, m in pairwise(case.widths)]
        operations = 2 * case.batch_size * (3 * sum(sizes) - sizes[0])  # nothing goes back below the first layer
        return max(operations / self.flops, 4 * _TRAFFIC * sum(sizes) / self.bytes_s) * 1e6


def measured_peaks() -> Peaks:
    """The device's peaks, by PyTorch in a process of its own; raises RuntimeError if that fails."""
    done = subprocess.run([sys.executable, "-m", "tuilab.bench.gpu"], capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"bench: the roofline ended with code {done.returncode}: {done.stderr.strip()[-200:]}")
    return Peaks(**json.loads(done.stdout))


def _network(case: Case, pt: Any, device: str) -> Any:
    layers: list[Any] = []
    for n, m in pairwise(case.widths):
        layers += [pt.nn.Linear(n, m), pt.nn.ReLU()]
    return pt.nn.Sequential(*layers[:-1]).to(device)


def torch_graph(case: Case, threads: int) -> Run:
    """PyTorch with the whole step in one CUDA graph, and its metrics kept on the device until the end of a call."""
    import torch as pt

    net, criterion = _network(case, pt, "cuda"), pt.nn.CrossEntropyLoss()
    parameters = list(net.parameters())
    optimizer = pt.optim.Adam(parameters, 1e-3, fused=True, capturable=True)
    data = pt.randn(ROWS, case.widths[0], device="cuda")
    labels = pt.randint(case.widths[-1], (ROWS,), device="cuda")
    order, rows = pt.randperm(ROWS, device="cuda"), pt.arange(case.batch_size, device="cuda")

    def step() -> Any:
        loss = criterion(net(data[rows]), labels[rows])
        loss.backward()
        norms = pt.stack(pt._foreach_norm([p.grad for p in parameters if p.grad is not None]))
        optimizer.step()
        return pt.cat((loss.detach()[None], norms))

    side = pt.cuda.Stream()
    side.wait_stream(pt.cuda.current_stream())
    with pt.cuda.stream(side):  # what is made on the first steps must not be made within the graph
        for _ in range(3):
            optimizer.zero_grad(set_to_none=True)
            step()
    pt.cuda.current_stream().wait_stream(side)
    optimizer.zero_grad(set_to_none=True)
    graph = pt.cuda.CUDAGraph()
    with pt.cuda.graph(graph):
        metrics = step()

    def run(steps: int) -> float:
        kept = pt.empty(steps, metrics.numel(), device="cuda")
        for i in range(steps):
            start = i * case.batch_size % (ROWS - case.batch_size)
            rows.copy_(order[start : start + case.batch_size])
            graph.replay()
            kept[i].copy_(metrics)
        kept.tolist()
        return steps

    return run


def cublas(case: Case, threads: int, device: str = "cuda") -> Run:
    """No peer but the floor: the matrix products of a step by cuBLAS, and nothing else."""
    import torch as pt

    values = [pt.randn(case.batch_size, n, device=device) for n in case.widths]
    weights = [pt.randn(n, m, device=device) for n, m in pairwise(case.widths)]
    out, gradients = [pt.empty_like(v) for v in values], [pt.empty_like(w) for w in weights]

    def run(steps: int) -> float:
        for _ in range(steps):
            for i, w in enumerate(weights):
                pt.mm(values[i], w, out=out[i + 1])
            for i in reversed(range(len(weights))):
                pt.mm(values[i].T, values[i + 1], out=gradients[i])
                if i:
                    pt.mm(values[i + 1], weights[i].T, out=out[i])
        _wait(pt, device)
        return steps

    return run


def peaks(device: str = "cuda", size: int = 8192, rounds: int = 10) -> Peaks:
    """The rates of a product of square matrices of `size` and of a copy of as many numbers."""
    import torch as pt

    a, b, c = (pt.randn(size, size, device=device) for _ in range(3))
    product = _seconds(pt, device, rounds, lambda: pt.mm(a, b, out=c))
    copy = _seconds(pt, device, rounds, lambda: c.copy_(a))
    return Peaks(2.0 * size**3 / product, 2.0 * 4.0 * size**2 / copy)


def _seconds(pt: Any, device: str, rounds: int, work: Callable[[], Any]) -> float:
    """Seconds of one `work`, the best of three times `rounds`."""
    best = float("inf")
    work()
    for _ in range(3):
        _wait(pt, device)
        begun = time.perf_counter()
        for _ in range(rounds):
            work()
        _wait(pt, device)
        best = min(best, (time.perf_counter() - begun) / rounds)
    return best


def _wait(pt: Any, device: str) -> None:
    if device == "cuda":
        pt.cuda.synchronize()


if __name__ == "__main__":
    found = peaks()
    print(json.dumps({"flops": found.flops, "bytes_s": found.bytes_s}))
