"""gelu (tanh), silu and tanh, four times, on 4,194,304 float32 elements, then the mean: as networks have them.

Time and peak as in `memory`. By hand everything is computed in place; what is kept is the input of each function.
"""

import numpy as np

from benchmarks.floors import activations
from benchmarks.workloads import NO_OPTIMIZER, ONLY_ESTIMATORS, ONLY_SCALARS
from benchmarks.workloads.memory import DTYPE, METRICS, jax_trial, measure, our_trial, torch_trial, trial

__all__ = ["ABSENT", "DTYPE", "METRICS", "jax_jit", "measure", "numpy", "ours", "torch_compile", "torch_eager"]

REPEATS = 4
NO_GELU = "has no gelu and silu"
ABSENT = {"torch_fused": NO_OPTIMIZER, "micrograd": ONLY_SCALARS, "sklearn": ONLY_ESTIMATORS, "autograd": NO_GELU,
          "mygrad": NO_GELU}  # fmt: skip


def chain(x, gelu, silu, tanh):
    for _ in range(REPEATS):
        x = tanh(silu(gelu(x)))
    return x.mean()


def torch_eager(compiled=False):
    import torch
    import torch.nn.functional as TF

    return torch_trial(lambda x: chain(x, lambda y: TF.gelu(y, approximate="tanh"), TF.silu, torch.tanh), compiled)


def torch_compile():
    return torch_eager(compiled=True)


def ours():
    import nn.functional as F

    return our_trial(lambda x: chain(x, lambda y: F.gelu(y, approximate="tanh"), F.silu, F.tanh))


def numpy():
    def build(x):
        def step():
            y, pulls = x, []
            for _ in range(REPEATS):
                for function in (activations.gelu_tanh, activations.silu, activations.tanh):
                    y, pull = function(y)
                    pulls.append(pull)
            loss = y.mean()
            g = np.full_like(y, 1 / y.size)
            while pulls:
                g = pulls.pop()(g)
            return loss, g

        return step

    return trial(build)


def jax_jit():
    import jax
    import jax.numpy as jnp

    def gelu(y):
        return jax.nn.gelu(y, approximate=True)

    return jax_trial(lambda x: chain(x, gelu, jax.nn.silu, jnp.tanh))
