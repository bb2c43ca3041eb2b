"""Adam's step alone on 1,000,000 float32 parameters in 4, 40 and 400 tensors; the gradients are there already.

Each tensor has a gradient of its own in memory, as a backward pass leaves it. `torch_eager` is Adam with foreach=True
(its default on a CPU is a loop over the tensors, slower still). The figures compared are parameters after three steps.
"""

import numpy as np

from benchmarks.workloads import ONLY_ESTIMATORS, ONLY_SCALARS, Trial, compiled, seconds_per_step
from benchmarks.workloads import by_hand as hand
from benchmarks.workloads import training as tr

ELEMENTS, COUNTS = 1_000_000, (4, 40, 400)
DTYPE = "float32"
COMPILED = True
METRICS = {f"{count} tensors": "ms/step" for count in COUNTS}
SAME = "no optimizer of its own; the NumPy one is timed"
ABSENT = {
    "torch_compile": "fused is PyTorch's fastest",
    "jax_jit": "no optimizer of its own",
    "autograd": SAME,
    "mygrad": SAME,
    "micrograd": ONLY_SCALARS,
    "sklearn": ONLY_ESTIMATORS,
}


def measure(trial):
    return {f"{n} tensors": seconds_per_step(step, repeat=20) * 1e3 for n, step in trial.state.items()}


def trial(build):
    """Return the trial of `build(parameters, gradients)`, which returns a step and the current parameters' arrays."""

    def pair(count, elements):
        rng = np.random.default_rng(count)
        shape = (elements // count // 50, 50)
        return [[rng.standard_normal(shape, dtype=np.float32) for _ in range(count)] for _ in range(2)]

    def figures():
        step, arrays = build(*pair(4, 2000))
        for _ in range(3):
            step()
        return [np.array(array) for array in arrays()]

    steps = {count: build(*pair(count, ELEMENTS))[0] for count in COUNTS}
    return Trial(steps[COUNTS[0]], figures, steps)


def torch_eager(**options):
    import torch

    def build(parameters, gradients):
        tensors = [torch.tensor(p, requires_grad=True) for p in parameters]
        for tensor, gradient in zip(tensors, gradients, strict=True):
            tensor.grad = torch.tensor(gradient)
        optimizer = torch.optim.Adam(tensors, lr=tr.LEARNING_RATE, **options or {"foreach": True})
        return optimizer.step, lambda: [tensor.detach() for tensor in tensors]

    return trial(build)


def torch_fused():
    return torch_eager(fused=True)


def ours():
    import autograd_core as ag
    import optim

    def build(parameters, gradients):
        tensors = [ag.Tensor(p.copy(), requires_grad=True) for p in parameters]
        for tensor, gradient in zip(tensors, gradients, strict=True):
            tensor.grad = gradient
        optimizer = optim.Adam(tensors, lr=tr.LEARNING_RATE)
        return compiled(optimizer.step), lambda: [tensor.numpy() for tensor in tensors]

    return trial(build)


def numpy():
    def build(parameters, gradients):
        adam = hand.FlatAdam(parameters)
        return lambda: adam.step(gradients), lambda: adam.views

    return trial(build)
