"""A training step of a small GPT: 4 pre-norm blocks, 128 wide, 4 heads, 64 characters of 65, a batch of 16.

Token and position embeddings, causal attention, GELU with tanh, a final norm, a linear layer to the characters; softmax
cross-entropy over all positions, Adam, float32.
"""

import numpy as np

from benchmarks.workloads import networks, seconds_per_step

BATCH, STEPS, WIDTH, HEADS, DEPTH, CHARACTERS = 16, 64, 128, 4, 4, 65
DTYPE = "float32"
COMPILED = True
METRICS = {"time": "ms/step"}
ABSENT = networks.ABSENT


def measure(trial):
    return {"time": seconds_per_step(trial.step, repeat=5) * 1e3}


def make(nn):
    attend = nn.functional.scaled_dot_product_attention

    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.norm1, self.norm2 = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
            self.packed, self.mixed = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)
            self.wider, self.narrower = nn.Linear(WIDTH, 4 * WIDTH), nn.Linear(4 * WIDTH, WIDTH)
            self.gelu = nn.GELU(approximate="tanh")

        def forward(self, x):
            packed = self.packed(self.norm1(x)).reshape(-1, STEPS, 3, HEADS, WIDTH // HEADS)
            q, k, v = (packed[:, :, i].swapaxes(1, 2) for i in range(3))
            seen = attend(q, k, v, is_causal=True).swapaxes(1, 2).reshape(-1, STEPS, WIDTH)
            x = x + self.mixed(seen)
            return x + self.narrower(self.gelu(self.wider(self.norm2(x))))

    class GPT(nn.Module):
        def __init__(self):
            super().__init__()
            self.token, self.place = nn.Embedding(CHARACTERS, WIDTH), nn.Embedding(STEPS, WIDTH)
            self.blocks = nn.Sequential(*(Block() for _ in range(DEPTH)))
            self.norm, self.head = nn.LayerNorm(WIDTH), nn.Linear(WIDTH, CHARACTERS)

        def forward(self, indices):
            x = self.token(indices) + self.place.weight
            return self.head(self.norm(self.blocks(x))).reshape(-1, CHARACTERS)

    return GPT()


def data():
    rng = np.random.default_rng(0)
    draw = rng.integers
    return [(draw(0, CHARACTERS, (BATCH, STEPS)), draw(0, CHARACTERS, BATCH * STEPS)) for _ in range(8)]


def torch_eager():
    return networks.in_torch(make, data())


def torch_compile():
    return networks.in_torch(make, data(), compiled=True)


def ours():
    return networks.in_ours(make, data())


def jax_jit():
    import jax
    import jax.numpy as jnp

    seen_by = np.tril(np.ones((STEPS, STEPS), bool))

    def norm(x, p, name):
        centred = x - x.mean(-1, keepdims=True)
        return centred / jnp.sqrt((centred**2).mean(-1, keepdims=True) + 1e-5) * p[f"{name}.weight"] + p[f"{name}.bias"]

    def linear(x, p, name):
        return x @ p[f"{name}.weight"].T + p[f"{name}.bias"]

    def forward(p, indices):
        x = p["token.weight"][indices] + p["place.weight"]
        for i in range(DEPTH):
            at = f"blocks.{i}."
            packed = linear(norm(x, p, at + "norm1"), p, at + "packed").reshape(BATCH, STEPS, 3, HEADS, -1)
            q, k, v = jnp.moveaxis(packed, (2, 3), (0, 2))
            scores = jnp.where(seen_by, q @ k.mT / np.sqrt(WIDTH / HEADS), -jnp.inf)
            seen = (jax.nn.softmax(scores, axis=-1) @ v).swapaxes(1, 2).reshape(x.shape)
            x = x + linear(seen, p, at + "mixed")
            x = x + linear(jax.nn.gelu(linear(norm(x, p, at + "norm2"), p, at + "wider")), p, at + "narrower")
        return linear(norm(x, p, "norm"), p, "head").reshape(-1, CHARACTERS)

    return networks.in_jax(make, forward, data())
