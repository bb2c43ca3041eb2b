"""A training step of a character model: Embedding(64, 64), LSTM(64, 128), Linear(128, 64), over 32 steps.

16 sequences in a batch, the loss is the cross-entropy of all next characters; Adam, float32.
"""

import numpy as np

from benchmarks.workloads import networks, seconds_per_step

BATCH, STEPS, CHARACTERS, WIDTH, HIDDEN = 16, 32, 64, 64, 128
DTYPE = "float32"
COMPILED = True
METRICS = {"time": "ms/step"}
ABSENT = networks.ABSENT


def measure(trial):
    return {"time": seconds_per_step(trial.step, repeat=20) * 1e3}


def make(nn):
    class Characters(nn.Module):
        def __init__(self):
            super().__init__()
            self.embedding = nn.Embedding(CHARACTERS, WIDTH)
            self.lstm = nn.LSTM(WIDTH, HIDDEN)
            self.head = nn.Linear(HIDDEN, CHARACTERS)

        def forward(self, text):
            steps, _ = self.lstm(self.embedding(text))
            return self.head(steps.reshape(-1, HIDDEN))

    return Characters()


def data():
    rng = np.random.default_rng(0)
    texts = rng.integers(0, CHARACTERS, (8, STEPS + 1, BATCH))
    return [(text[:-1], text[1:].reshape(-1)) for text in texts]


def torch_eager():
    return networks.in_torch(make, data())


def ours():
    return networks.in_ours(make, data())


def torch_compile():
    return networks.in_torch(make, data(), compiled=True)


def jax_jit():
    import jax
    import jax.numpy as jnp
    from jax import lax

    def forward(p, text):
        gates = p["embedding.weight"][text] @ p["lstm.weight_ih_l0"].T + p["lstm.bias_ih_l0"] + p["lstm.bias_hh_l0"]

        def step(state, gates):
            h, c = state
            i, f, g, o = jnp.split(gates + h @ p["lstm.weight_hh_l0"].T, 4, axis=1)
            c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
            h = jax.nn.sigmoid(o) * jnp.tanh(c)
            return (h, c), h

        zeros = jnp.zeros((BATCH, HIDDEN))
        _, steps = lax.scan(step, (zeros, zeros), gates)
        return steps.reshape(-1, HIDDEN) @ p["head.weight"].T + p["head.bias"]

    return networks.in_jax(make, forward, data())
