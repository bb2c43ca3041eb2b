"""Times of training steps on the CPU and, by CuPy, on a GPU: `make gpu` prints the table.

A row is a step of forward, loss, backward and Adam in float32 on data that lie where the model does; the median of
``ROUNDS`` after three that are not timed, each until the device has done it.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np

import autograd_core as ag
import nn
import optim

ROUNDS = 20


def perceptron(width: int) -> nn.Module:
    """Three layers of so many units, as the benchmark mlp_middle has them."""
    layers = [nn.Linear(784, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU(), nn.Linear(width, 10)]
    return nn.Sequential(*layers)


def images() -> nn.Module:
    """Two convolutions and a linear layer on images of 32 × 32."""
    first = nn.Conv2d(3, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)
    second = nn.Conv2d(32, 64, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)
    return nn.Sequential(*first, *second, nn.Flatten(), nn.Linear(64 * 64, 10))


def sequences() -> nn.Module:
    """A layer of a transformer, whose first place decides."""
    return nn.Sequential(nn.TransformerEncoderLayer(256, 8, 1024, batch_first=True), Last(), nn.Linear(256, 10))


class Last(nn.Module):
    """The last place of (N, L, E)."""

    def forward(self, x: Any) -> Any:
        return x[:, -1]


CASES: dict[str, tuple[Callable[[], nn.Module], tuple[int, ...]]] = {
    "perceptron 784-256-256-10, batch 32": (lambda: perceptron(256), (32, 784)),
    "perceptron 784-2048-2048-10, batch 1024": (lambda: perceptron(2048), (1024, 784)),
    "convolutions 3-32-64, 32×32, batch 128": (images, (128, 3, 32, 32)),
    "transformer layer 256, 8 heads, 64×128": (sequences, (64, 128, 256)),
}


def step_time(make: Callable[[], nn.Module], shape: tuple[int, ...], device: str) -> float:
    """Milliseconds of a training step."""
    ag.manual_seed(0)
    rng = np.random.default_rng(0)
    model = make().to(device)
    optimizer, loss_of = optim.Adam(model.parameters()), nn.CrossEntropyLoss()
    x = ag.Tensor(rng.normal(size=shape).astype(np.float32)).to(device)
    y = ag.Tensor(rng.integers(0, 10, shape[0])).to(device)
    times = []
    for _ in range(ROUNDS + 3):
        began = time.perf_counter()
        optimizer.zero_grad()
        loss = loss_of(model(x), y)
        loss.backward()
        optimizer.step()
        loss.item()  # waits for the device
        next(model.parameters()).numpy()
        times.append(1e3 * (time.perf_counter() - began))
    return statistics.median(times[3:])


def main() -> None:
    """Print the table; the GPU's column is empty where there is none, with the reason."""
    reason = ""
    try:
        ag.Tensor([0.0]).to("cuda")
    except RuntimeError as error:
        reason = str(error)
    print(f"{'ms a step':42} {'CPU':>9} {'GPU':>9} {'×':>6}")
    for name, (make, shape) in CASES.items():
        cpu = step_time(make, shape, "cpu")
        gpu = None if reason else step_time(make, shape, "cuda")
        other = ("–", "–") if gpu is None else (f"{gpu:.2f}", f"{cpu / gpu:.1f}")
        print(f"{name:42} {cpu:9.2f} {other[0]:>9} {other[1]:>6}")
    if reason:
        print(f"No GPU: {reason}")


if __name__ == "__main__":
    main()
