"""How training by several processes scales: measured with 1 and 2 on this machine, computed for up to 1,000.

    python -m benchmarks.scaling [--plot docs/_static/scaling.svg]

A step of a perceptron 784-1024-1024-10 (1.9 million parameters, float32) takes

    T(n) = c₀ + c₁·B/n + 2·log₂n·α + 2·(n − 1)/n·bytes/β

on n processes with a batch of B samples in all: what every process does (the optimizer among it), its part of the
batch, and the sum of the gradients (recursive halving and doubling: Thakur, Rabenseifner & Gropp 2005). c₀ and c₁ come
from steps of one process, α and β from sums of small and of large arrays between two; the steps of two are measured
beside what the formula says. Between machines α and β are those of their network: ``--latency``, ``--bandwidth``.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

import autograd_core as ag
import nn
import optim
from nn import distributed

BATCHES = 256, 1024, 4096, 16384
MEASURED = 256, 1024, 4096


def step_ms(batch: int, comm: Any, rounds: int = 8) -> float:
    """The shortest step, in ms, of a batch that has ``batch`` samples on all ranks together."""
    ag.manual_seed(0)
    layers = nn.Linear(784, 1024), nn.ReLU(), nn.Linear(1024, 1024), nn.ReLU(), nn.Linear(1024, 10)
    model, loss_of = nn.Sequential(*layers), nn.CrossEntropyLoss()
    optimizer = optim.SGD(model.parameters(), lr=0.01)
    rng, mine = np.random.default_rng(comm.Get_rank()), batch // comm.Get_size()
    x, y = rng.normal(size=(mine, 784)).astype(np.float32), rng.integers(0, 10, mine)
    times = []
    for _ in range(rounds):
        began = time.perf_counter()
        optimizer.zero_grad()
        distributed.backward(loss_of(model(x), y), model.parameters(), comm, mine)
        optimizer.step()
        times.append(1e3 * (time.perf_counter() - began))
    return min(times)


def sum_ms(count: int, comm: Any, rounds: int = 40) -> float:
    """The shortest sum over the ranks of so many float32, in ms."""
    sent = np.ones(count, np.float32)
    received, times = np.empty_like(sent), []
    for _ in range(rounds):
        began = time.perf_counter()
        comm.Allreduce(sent, received)
        times.append(1e3 * (time.perf_counter() - began))
    return min(times)


def of_two() -> None:
    """What two processes measure, as JSON."""
    comm = distributed.world()
    found = {
        "latency": sum_ms(1, comm),
        "million": sum_ms(10**6, comm),
        "steps": {batch: step_ms(batch, comm) for batch in MEASURED},
    }
    if comm.Get_rank() == 0:
        print(json.dumps(found))


def measured() -> tuple[dict[int, float], dict[str, Any]]:
    """Steps of one process by batch, and what two measure."""
    alone = {batch: step_ms(batch, distributed.Alone()) for batch in (64, 128, *MEASURED)}
    mpiexec = shutil.which("mpiexec", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    settings = {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}
    command = [str(mpiexec), "--bind-to", "none", "-n", "2", sys.executable, "-m", "benchmarks.scaling", "--of-two"]
    done = subprocess.run(command, env=os.environ | settings, capture_output=True, text=True, check=True)
    return alone, json.loads(done.stdout)


def plot(path: Path, networks: dict[str, dict[int, Any]], points: dict[int, float], counts: Any) -> None:
    """Speedups over the number of processes, a line a batch and network, with the measured points."""
    import matplotlib

    matplotlib.use("svg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(6.4, 4), layout="constrained")
    for style, (network, curves) in zip(("-", ":"), networks.items(), strict=True):
        for k, (batch, speedup) in enumerate(curves.items()):
            axes.plot(counts, speedup, style, color=f"C{k}", label=f"batch {batch:,}, {network}")
    for k, batch in enumerate(BATCHES):
        if batch in points:
            axes.plot([1, 2], [1, points[batch]], "o", color=f"C{k}")
    axes.plot(counts, counts, color="0.7", lw=0.8)
    axes.set(xscale="log", yscale="log", xlabel="processes", ylabel="speedup", ylim=(0.5, 1000))
    axes.grid(alpha=0.3)
    axes.legend(fontsize=7)
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)


def main() -> None:
    """Measure, print the table, draw the plot."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--plot", type=Path, help="where the picture goes")
    parser.add_argument("--latency", type=float, default=0.02, help="α of a network in ms (default 0.02)")
    parser.add_argument("--bandwidth", type=float, default=1.2, help="β of a network in GB/s (default 1.2, 10 Gbit/s)")
    parser.add_argument("--of-two", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.of_two:
        return of_two()
    alone, two = measured()
    c1, c0 = np.polyfit(list(alone), list(alone.values()), 1)
    size = 4 * (785 * 1024 + 1025 * 1024 + 1025 * 10)
    here = two["latency"] / 2, 4e6 / max(two["million"] - two["latency"], 1e-6)  # ms, bytes a ms
    there = options.latency, options.bandwidth * 1e6
    counts = np.unique(np.geomspace(1, 1000, 200).round())

    def step(batch: float, n: Any, network: tuple[float, float]) -> Any:
        alpha, beta = network
        return c0 + c1 * batch / n + 2 * np.log2(n) * alpha + 2 * (n - 1) / n * size / beta

    print(f"c₀ {c0:.2f} ms, c₁ {1e3 * c1:.1f} µs a sample, {size:,} bytes of gradients")
    for name, (alpha, beta) in (("here", here), ("network", there)):
        print(f"{name}: α {1e3 * alpha:.1f} µs, β {beta / 1e6:.2f} GB/s")
    print(f"{'batch':>7} {'1: measured':>12} {'2: computed':>12} {'2: measured':>12} {'speedup':>8}  half efficient at")
    points = {batch: alone[batch] / two["steps"][str(batch)] for batch in MEASURED}
    curves = {
        name: {batch: step(batch, 1, network) / step(batch, counts, network) for batch in BATCHES}
        for name, network in (("in one machine", here), ("by network", there))
    }
    for batch in BATCHES:
        known = batch in points
        cells = f"{alone[batch]:.1f}" if known else "–", f"{two['steps'][str(batch)]:.1f}" if known else "–"
        halves = [counts[own[batch] >= counts / 2].max() for own in curves.values()]
        where = ", ".join(
            f"{n:.0f} {name} ({batch / n:.0f} samples each)" for n, name in zip(halves, curves, strict=True)
        )
        gain = f"{points[batch]:.2f}" if known else "–"
        print(f"{batch:7,} {cells[0]:>12} {step(batch, 2, here):12.1f} {cells[1]:>12} {gain:>8}  {where}")
    if options.plot:
        plot(options.plot, curves, points, counts)


if __name__ == "__main__":
    main()
