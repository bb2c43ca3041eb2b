"""A training step of a small convolutional network: two of Conv2d 3×3, ReLU, MaxPool2d(2), then a linear layer.

Images of 1×28×28 in batches of 32, 16 and 32 channels, 10 classes, softmax cross-entropy, Adam, float32.
"""

import numpy as np

from benchmarks.workloads import networks, seconds_per_step

BATCH, SIDE, CLASSES = 32, 28, 10
DTYPE = "float32"
COMPILED = True
METRICS = {"time": "ms/step"}
ABSENT = networks.ABSENT


def measure(trial):
    return {"time": seconds_per_step(trial.step, repeat=20) * 1e3}


def make(nn):
    return nn.Sequential(
        *(nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Flatten(), nn.Linear(32 * (SIDE // 4) ** 2, CLASSES)),
    )


def data():
    rng = np.random.default_rng(0)
    shape = (BATCH, 1, SIDE, SIDE)
    return [(rng.standard_normal(shape, dtype=np.float32), rng.integers(0, CLASSES, BATCH)) for _ in range(8)]


def torch_eager():
    return networks.in_torch(make, data())


def torch_compile():
    return networks.in_torch(make, data(), compiled=True)


def ours():
    return networks.in_ours(make, data())


def jax_jit():
    import jax
    from jax import lax

    def block(x, weight, bias):
        y = lax.conv_general_dilated(x, weight, (1, 1), "SAME") + bias[:, None, None]
        return lax.reduce_window(jax.nn.relu(y), -np.inf, lax.max, (1, 1, 2, 2), (1, 1, 2, 2), "VALID")

    def forward(p, x):
        x = block(block(x, p["0.weight"], p["0.bias"]), p["3.weight"], p["3.bias"])
        return x.reshape(len(x), -1) @ p["7.weight"].T + p["7.bias"]

    return networks.in_jax(make, forward, data())
