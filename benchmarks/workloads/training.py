"""What the two training workloads share: data, initial values, and the pieces that JAX and autograd do not bring."""

import itertools

import numpy as np

LEARNING_RATE, BETA1, BETA2, EPS = 1e-3, 0.9, 0.999, 1e-8
BN_EPS, MOMENTUM = np.float32(1e-5), 0.1


def batches(features: int, classes: int, size: int, count: int = 16):
    """Return `count` batches of noise with random labels; several, so that no peer trains into denormal numbers."""
    rng = np.random.default_rng(0)
    shape = (size, features)
    return [(rng.standard_normal(shape, dtype=np.float32), rng.integers(0, classes, size)) for _ in range(count)]


def initial(*sizes: int) -> list[np.ndarray]:
    """Return [W1, b1, W2, b2, …] as PyTorch initialises Linear layers, W of shape (out, in)."""
    rng = np.random.default_rng(1)
    arrays = []
    for fan_in, fan_out in itertools.pairwise(sizes):
        bound = fan_in**-0.5
        for shape in ((fan_out, fan_in), (fan_out,)):
            arrays.append(rng.uniform(-bound, bound, shape).astype(np.float32))
    return arrays


def jax_adam(state, gradients):
    """Apply the same update to lists of JAX arrays; `state` is (parameters, m, v, t)."""
    import jax.numpy as jnp

    parameters, ms, vs, t = state
    t = t + 1
    ms = [BETA1 * m + (1 - BETA1) * g for m, g in zip(ms, gradients, strict=True)]
    vs = [BETA2 * v + (1 - BETA2) * g * g for v, g in zip(vs, gradients, strict=True)]
    rate, root = LEARNING_RATE / (1 - BETA1**t), (1 - BETA2**t) ** -0.5
    updated = [p - rate * m / (jnp.sqrt(v) * root + EPS) for p, m, v in zip(parameters, ms, vs, strict=True)]
    return updated, ms, vs, t


def jax_state(arrays):
    """Return the first `state` of `jax_adam`."""
    import jax.numpy as jnp

    parameters = [jnp.asarray(array) for array in arrays]
    zeros = [[jnp.zeros_like(p) for p in parameters] for _ in range(2)]
    return (parameters, *zeros, jnp.float32(0))


def array_cross_entropy(z, labels, xp):
    """Return the mean loss from primitives, for peers whose `xp` namespace differentiates.

    A sum over a Python number rather than a mean: HIPS autograd's mean widens its cotangent to float64.
    """
    z = z - xp.max(z, axis=1, keepdims=True)
    return xp.sum(xp.log(xp.sum(xp.exp(z), axis=1)) - z[np.arange(len(labels)), labels]) / len(labels)
