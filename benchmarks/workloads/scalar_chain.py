"""1,000 operations on 0-d float64, some with Python numbers and some with tensors: the price of an op with no array.

y ← exp(tanh(a·y)) − 1 + b, 200 times (5 operations each); gradients of the last y with respect to x, a and b. Near its
fixed point the map is almost the identity, so the gradients neither vanish nor grow.
"""

import numpy as np

from benchmarks.workloads import NO_OPTIMIZER, ONLY_ESTIMATORS, Trial, compiled, seconds_per_step

OPS = 1000
X, A, B = -0.7, 1.01, -0.003
DTYPE = "float64"
COMPILED = True
METRICS = {"time": "µs/op"}
ABSENT = {
    "torch_fused": NO_OPTIMIZER,
    "torch_compile": "takes over a minute to compile one graph of 1,000 operations",
    "sklearn": ONLY_ESTIMATORS,
}


def measure(trial):
    return {"time": seconds_per_step(trial.step, repeat=10) / OPS * 1e6}


def chain(x, a, b, tanh, exp):
    y = x
    for _ in range(OPS // 5):
        y = y * a
        y = tanh(y)
        y = exp(y)
        y = y - 1.0
        y = y + b
    return y


def torch_eager():
    import torch

    leaves = [torch.tensor(value, dtype=torch.float64, requires_grad=True) for value in (X, A, B)]

    def step():
        for leaf in leaves:
            leaf.grad = None
        y = chain(*leaves, torch.tanh, torch.exp)
        y.backward()
        return y

    return Trial(step, lambda: [step().detach().numpy(), *(leaf.grad.numpy() for leaf in leaves)])


def ours():
    import autograd_core as ag

    leaves = [ag.Tensor(np.array(value), requires_grad=True) for value in (X, A, B)]

    @compiled
    def step():
        for leaf in leaves:
            leaf.grad = None
        y = chain(*leaves, ag.tanh, ag.exp)
        y.backward()
        return y

    return Trial(step, lambda: [step().data, *(leaf.grad.data for leaf in leaves)])


def numpy():
    x, a, b = np.float64(X), np.float64(A), np.float64(B)

    def step():
        saved, y = [], x
        for _ in range(OPS // 5):
            t = np.tanh(y * a)
            e = np.exp(t)
            saved.append((y, t, e))
            y = e - 1.0 + b
        g, ga, gb = np.float64(1), np.float64(0), np.float64(0)
        for v, t, e in reversed(saved):
            gb = gb + g
            g = g * e * (1 - t * t)
            ga = ga + g * v
            g = g * a
        return y, g, ga, gb

    return Trial(step, step)


def jax_jit():
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
    leaves = [jnp.asarray(value, dtype=jnp.float64) for value in (X, A, B)]
    function = jax.jit(jax.value_and_grad(lambda *leaves: chain(*leaves, jnp.tanh, jnp.exp), argnums=(0, 1, 2)))

    def step():
        return jax.block_until_ready(function(*leaves))

    return Trial(step, lambda: (lambda y, gradients: [y, *gradients])(*step()))


def autograd():
    import autograd.numpy as anp
    from autograd import value_and_grad

    function = value_and_grad(lambda leaves: chain(*leaves, anp.tanh, anp.exp))
    leaves = tuple(np.float64(value) for value in (X, A, B))

    def step():
        return function(leaves)

    return Trial(step, lambda: (lambda y, gradients: [y, *gradients])(*step()))


def mygrad():
    import mygrad as mg

    leaves = [mg.tensor(value, dtype=np.float64) for value in (X, A, B)]

    def step():
        y = chain(*leaves, mg.tanh, mg.exp)
        y.backward()
        return y

    return Trial(step, lambda: [step().data, *(leaf.grad for leaf in leaves)])


def micrograd():
    import math
    import sys

    from micrograd.engine import Value

    sys.setrecursionlimit(20 * OPS)  # its backward pass recurses over the graph

    # The released package has no exp and no tanh; these are its own `relu` with another function.
    def tanh(x):
        out = Value(math.tanh(x.data), (x,), "tanh")

        def backward():
            x.grad += (1 - out.data * out.data) * out.grad

        out._backward = backward
        return out

    def exp(x):
        out = Value(math.exp(x.data), (x,), "exp")

        def backward():
            x.grad += out.data * out.grad

        out._backward = backward
        return out

    leaves = [Value(value) for value in (X, A, B)]

    def step():
        for leaf in leaves:
            leaf.grad = 0
        y = chain(*leaves, tanh, exp)
        y.backward()
        return y

    return Trial(step, lambda: [step().data, *(leaf.grad for leaf in leaves)])
