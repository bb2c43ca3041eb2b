"""Logistic negative log likelihood from primitives, 256 rows of 16 features, float64: value and gradient.

ξ1 = −x·w, ξ2 = exp ξ1, ξ3 = 1 + ξ2, ξ4 = 1/ξ3 = p, L = −mean(y·log ξ4 + (1 − y)·log(1 − ξ4)); gradient for w.
"""

import numpy as np

from benchmarks.workloads import NO_OPTIMIZER, ONLY_ESTIMATORS, ONLY_SCALARS, Trial, compiled, seconds_per_step

DTYPE = "float64"
COMPILED = True
METRICS = {"time": "µs/step"}
ABSENT = {"torch_fused": NO_OPTIMIZER, "micrograd": ONLY_SCALARS, "sklearn": ONLY_ESTIMATORS}


def measure(trial):
    return {"time": seconds_per_step(trial.step, repeat=500) * 1e6}


def arrays():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((256, 16))
    y = (rng.random(256) < 0.5).astype(DTYPE)
    return x, y, rng.standard_normal(16) * 0.3


def loss_of(w, x, y, exp, log):
    p = 1 / (1 + exp(-(x @ w)))
    return -(y * log(p) + (1 - y) * log(1 - p)).mean()


def torch_eager(compiled=False):
    import torch

    x, y, w = (torch.tensor(array) for array in arrays())
    w.requires_grad_()
    function = torch.compile(loss_of) if compiled else loss_of

    def step():
        w.grad = None
        loss = function(w, x, y, torch.exp, torch.log)
        loss.backward()
        return loss

    return Trial(step, lambda: [step().detach().numpy(), w.grad.numpy()])


def torch_compile():
    return torch_eager(compiled=True)


def ours():
    import autograd_core as ag

    x, y, w = (ag.Tensor(array) for array in arrays())
    w.requires_grad = True

    @compiled
    def step():
        w.grad = None
        loss = loss_of(w, x, y, ag.exp, ag.log)
        loss.backward()
        return loss

    return Trial(step, lambda: [step().data, w.grad.data])


def numpy():
    x, y, w = arrays()
    one = np.array(1.0)

    def step():
        p = x @ w
        np.negative(p, p)
        np.exp(p, p)
        np.add(p, one, p)
        np.divide(one, p, p)
        loss = -(y @ np.log(p) + (one - y) @ np.log(one - p)) / len(y)
        # By hand one simplifies: the chain of local derivatives is p − y.
        return loss, (p - y) @ x / len(y)

    return Trial(step, step)


def jax_jit():
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
    x, y, w = (jnp.asarray(array) for array in arrays())
    function = jax.jit(jax.value_and_grad(lambda w, x, y: loss_of(w, x, y, jnp.exp, jnp.log)))

    def step():
        return jax.block_until_ready(function(w, x, y))

    return Trial(step, step)


def autograd():
    import autograd.numpy as anp
    from autograd import value_and_grad

    x, y, w = arrays()
    function = value_and_grad(lambda w: loss_of(w, x, y, anp.exp, anp.log))

    def step():
        return function(w)

    return Trial(step, step)


def mygrad():
    import mygrad as mg

    x, y, w = arrays()
    w = mg.tensor(w)

    def step():
        loss = loss_of(w, x, y, mg.exp, mg.log)
        loss.backward()
        return loss

    return Trial(step, lambda: [step().data, w.grad])
