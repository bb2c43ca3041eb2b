"""Chains of 100,000 and 1,000,000 operations on 10 float64 elements: building, walking and freeing a deep graph.

y ← c·y, y ← y + d. Time: build, backward and free, a node. Kept: growth of the resident memory from before the first
chain to after building, a node. Leak: what the third chain keeps more than the second did, a node; about 0 if graphs
are freed, about the whole of "kept" if they are not. Peers much slower than PyTorch run the short chain once.
"""

import gc
import os
from time import perf_counter

import numpy as np

from benchmarks.workloads import NO_OPTIMIZER, ONLY_ESTIMATORS, Trial

C, D = 0.999999, 1e-6
SIZES = {"100k": 100_000, "1M": 1_000_000}
ROUNDS = 3  # a million nodes take long enough to be steady
DTYPE = "float64"
METRICS = {
    "100k time": "µs/node",
    "100k kept": "B/node",
    "1M time": "µs/node",
    "1M kept": "B/node",
    "1M leak": "B/node",
}
ABSOLUTE = ("1M leak",)  # a ratio of two numbers near zero says nothing
ABSENT = {
    "torch_fused": NO_OPTIMIZER,
    "torch_compile": "would unroll the loop into one graph of 100,000 operations",
    "jax_jit": "would unroll the loop into one program of 100,000 operations",
    "micrograd": "its backward pass recurses over the graph",
    "sklearn": ONLY_ESTIMATORS,
}


def measure(trial):
    """Build, walk and free one chain of each size; `trial.step(n)` builds and returns the backward pass."""
    state = trial.state
    state["round"] = state.get("round", 0) + 1
    base = state.setdefault("base", resident())
    if "slow" in state:
        return one_chain(trial.step, "100k", base) if state["round"] == 1 else {}
    metrics = one_chain(trial.step, "100k", base) | one_chain(trial.step, "1M", base)
    if state["round"] > 1:
        # The pages of the first million are still mapped: a smaller chain fits into them without growth.
        del metrics["100k kept"]
    if state["round"] > 2:
        # The second million may still settle among the fragments of the first.
        metrics["1M leak"] = metrics["1M kept"] - state["1M kept"]
    state["1M kept"] = metrics["1M kept"]
    return metrics


def one_chain(build, name, base):
    n = SIZES[name]
    gc.collect()
    start = perf_counter()
    backward = build(n)
    middle = perf_counter()
    kept = resident() - base
    resumed = perf_counter()
    backward()
    del backward
    seconds = perf_counter() - resumed + middle - start
    return {f"{name} time": seconds / n * 1e6, f"{name} kept": kept / n}


def resident():
    with open("/proc/self/statm") as fields:
        return int(fields.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def trial(build, leaf_gradient, **state):
    """Return the trial of `build(n)`; a chain of 1,000 is compared, which also loads all code before measuring."""

    def figures():
        backward = build(1000)
        return [backward(), leaf_gradient()]

    return Trial(build, figures, state)


def chain(y, n):
    for _ in range(n // 2):
        y = y * C
        y = y + D
    return y


def start():
    return np.linspace(0.1, 1, 10)


def torch_eager():
    import torch

    x = torch.tensor(start(), requires_grad=True)

    def build(n):
        x.grad = None
        loss = chain(x, n).sum()

        def backward():
            loss.backward()
            return loss.detach()

        return backward

    return trial(build, lambda: x.grad)


def ours():
    import autograd_core as ag

    x = ag.Tensor(start(), requires_grad=True)

    def build(n):
        x.grad = None
        loss = chain(x, n).sum()

        def backward():
            loss.backward()
            return loss.data

        return backward

    return trial(build, lambda: x.grad.data)


def numpy():
    x, c, d = start(), np.array(C), np.array(D)
    gradient = np.empty_like(x)

    def build(n):
        # The derivative needs none of them; they are kept because keeping values is what a tape is.
        saved, y = [], x
        for _ in range(n // 2):
            y = np.multiply(y, c)
            saved.append(y)
            y = np.add(y, d)
            saved.append(y)

        def backward():
            gradient.fill(1)
            while saved:
                saved.pop()
                saved.pop()
                np.multiply(gradient, c, gradient)
            return y.sum()

        return backward

    return trial(build, lambda: gradient)


def autograd():
    import autograd.numpy as anp
    from autograd.core import make_vjp

    gradient = None

    def build(n):
        vjp, loss = make_vjp(lambda x: anp.sum(chain(x, n)), start())

        def backward():
            nonlocal gradient
            gradient = vjp(np.float64(1))
            return loss

        return backward

    return trial(build, lambda: gradient, slow=True)


def mygrad():
    import mygrad as mg

    x = mg.tensor(start())

    def build(n):
        loss = chain(x, n).sum()

        def backward():
            loss.backward()
            return loss.data

        return backward

    return trial(build, lambda: x.grad, slow=True)
