"""A training step of a transformer layer: width 64, 4 heads, 128 hidden units, without dropout, and a linear layer.

16 sequences of 32 vectors in a batch, a class for each vector; softmax cross-entropy, Adam, float32.
"""

import numpy as np

from benchmarks.workloads import networks, seconds_per_step

BATCH, STEPS, WIDTH, HEADS, HIDDEN, CLASSES = 16, 32, 64, 4, 128, 10
DTYPE = "float32"
COMPILED = True
METRICS = {"time": "ms/step"}
ABSENT = networks.ABSENT


def measure(trial):
    return {"time": seconds_per_step(trial.step, repeat=20) * 1e3}


def make(nn):
    return nn.Sequential(
        nn.TransformerEncoderLayer(WIDTH, HEADS, HIDDEN, dropout=0.0, batch_first=True),
        nn.Flatten(0, 1),
        nn.Linear(WIDTH, CLASSES),
    )


def data():
    rng = np.random.default_rng(0)
    shape = (BATCH, STEPS, WIDTH)
    return [(rng.standard_normal(shape, dtype=np.float32), rng.integers(0, CLASSES, BATCH * STEPS)) for _ in range(8)]


def torch_eager():
    return networks.in_torch(make, data())


def torch_compile():
    return networks.in_torch(make, data(), compiled=True)


def ours():
    return networks.in_ours(make, data())


def jax_jit():
    import jax
    import jax.numpy as jnp

    def norm(x, weight, bias):
        centred = x - x.mean(-1, keepdims=True)
        return centred / jnp.sqrt((centred**2).mean(-1, keepdims=True) + 1e-5) * weight + bias

    def forward(p, x):
        p = {name.removeprefix("0."): value for name, value in p.items()}
        packed = x @ p["self_attn.in_proj_weight"].T + p["self_attn.in_proj_bias"]
        q, k, v = jnp.moveaxis(packed.reshape(BATCH, STEPS, 3, HEADS, -1), (2, 3), (0, 2))
        weights = jax.nn.softmax(q @ k.mT / np.sqrt(WIDTH / HEADS), axis=-1)
        seen = (weights @ v).swapaxes(1, 2).reshape(x.shape)
        seen = seen @ p["self_attn.out_proj.weight"].T + p["self_attn.out_proj.bias"]
        x = norm(x + seen, p["norm1.weight"], p["norm1.bias"])
        hidden = jax.nn.relu(x @ p["linear1.weight"].T + p["linear1.bias"])
        x = norm(x + hidden @ p["linear2.weight"].T + p["linear2.bias"], p["norm2.weight"], p["norm2.bias"])
        return x.reshape(-1, WIDTH) @ p["2.weight"].T + p["2.bias"]

    return networks.in_jax(make, forward, data())
