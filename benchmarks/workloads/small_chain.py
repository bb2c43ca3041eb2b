"""300 elementwise operations on 10 float32 elements: the price of an op where the array hardly matters.

y ← 1.01·(exp(tanh(w·y)) + b − 1), 50 times (6 operations each: 2 with a tensor, 2 with a Python number), then the sum;
gradients with respect to x, w and b. Near its fixed point the map is almost the identity: no gradient vanishes.
"""

import numpy as np

from benchmarks.workloads import NO_OPTIMIZER, ONLY_ESTIMATORS, ONLY_SCALARS, Trial, compiled, seconds_per_step

OPS = 300
DTYPE = "float32"
COMPILED = True
METRICS = {"time": "µs/op"}
ABSENT = {"torch_fused": NO_OPTIMIZER, "micrograd": ONLY_SCALARS, "sklearn": ONLY_ESTIMATORS}


def measure(trial):
    return {"time": seconds_per_step(trial.step, repeat=30) / OPS * 1e6}


def arrays():
    rng = np.random.default_rng(0)
    return [rng.uniform(low, high, 10).astype(DTYPE) for low, high in ((-1, -0.1), (0.97, 1.03), (-0.01, -0.001))]


def chain(x, w, b, tanh, exp, one=1.0, scale=1.01):
    y = x
    for _ in range(OPS // 6):
        y = y * w
        y = tanh(y)
        y = exp(y)
        y = y + b
        y = y - one
        y = y * scale
    return y.sum()


def torch_eager(compiled=False):
    import torch

    leaves = [torch.tensor(array, requires_grad=True) for array in arrays()]
    function = torch.compile(chain) if compiled else chain

    def step():
        for leaf in leaves:
            leaf.grad = None
        loss = function(*leaves, torch.tanh, torch.exp)
        loss.backward()
        return loss

    return Trial(step, lambda: [step().detach().numpy(), *(leaf.grad.numpy() for leaf in leaves)])


def torch_compile():
    return torch_eager(compiled=True)


def ours():
    import autograd_core as ag

    leaves = [ag.Tensor(array, requires_grad=True) for array in arrays()]

    @compiled
    def step():
        for leaf in leaves:
            leaf.grad = None
        loss = chain(*leaves, ag.tanh, ag.exp)
        loss.backward()
        return loss

    return Trial(step, lambda: [step().data, *(leaf.grad.data for leaf in leaves)])


def numpy():
    x, w, b = arrays()
    # 0-d arrays: a Python number costs a conversion in every call.
    one, scale = np.array(1.0, DTYPE), np.array(1.01, DTYPE)

    def step():
        multiply, add, subtract, tanh, exp = np.multiply, np.add, np.subtract, np.tanh, np.exp
        saved, y = [], x
        for _ in range(OPS // 6):
            t = multiply(y, w)
            tanh(t, t)
            e = exp(t)
            saved.append((y, t, e))
            y = add(e, b)
            subtract(y, one, y)
            multiply(y, scale, y)
        loss = y.sum()
        g, gw, gb, work = np.ones_like(x), np.zeros_like(w), np.zeros_like(b), np.empty_like(x)
        for y, t, e in reversed(saved):
            multiply(g, scale, g)
            add(gb, g, gb)
            multiply(g, e, g)
            multiply(t, t, work)
            subtract(one, work, work)
            multiply(g, work, g)
            multiply(g, y, work)
            add(gw, work, gw)
            multiply(g, w, g)
        return loss, g, gw, gb

    return Trial(step, step)


def jax_jit():
    import jax
    import jax.numpy as jnp

    leaves = [jnp.asarray(array) for array in arrays()]
    function = jax.jit(jax.value_and_grad(lambda *leaves: chain(*leaves, jnp.tanh, jnp.exp), argnums=(0, 1, 2)))

    def step():
        return jax.block_until_ready(function(*leaves))

    return Trial(step, lambda: (lambda loss, gradients: [loss, *gradients])(*step()))


def autograd():
    import autograd.numpy as anp
    from autograd import value_and_grad

    function = value_and_grad(lambda leaves: chain(*leaves, anp.tanh, anp.exp))
    leaves = tuple(arrays())

    def step():
        return function(leaves)

    return Trial(step, lambda: (lambda loss, gradients: [loss, *gradients])(*step()))


def mygrad():
    import mygrad as mg

    leaves = [mg.tensor(array) for array in arrays()]
    one, scale = np.float32(1.0), np.float32(1.01)  # a Python number would widen everything to float64

    def step():
        loss = chain(*leaves, mg.tanh, mg.exp, one, scale)
        loss.backward()
        return loss

    return Trial(step, lambda: [step().data, *(leaf.grad for leaf in leaves)])
