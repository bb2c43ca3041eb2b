"""12 elementwise operations on 4,194,304 float32 elements, then the mean; value and gradient with respect to x.

Time: one step, allocating as the library does. Peak: the highest resident memory during one step above that before it,
with x in place and all freed pages returned to the system; the gradient counts, x does not.
"""

import ctypes
import pathlib
import time

import numpy as np

from benchmarks.workloads import NO_OPTIMIZER, ONLY_ESTIMATORS, ONLY_SCALARS, Trial, seconds_per_step

ELEMENTS = 4 * 1024 * 1024
DTYPE = "float32"
METRICS = {"time": "ms/step", "peak": "MB"}
ABSENT = {"torch_fused": NO_OPTIMIZER, "micrograd": ONLY_SCALARS, "sklearn": ONLY_ESTIMATORS}


def measure(trial):
    trial.step()  # compilers meet the full size here
    peak = peak_megabytes(trial.step)
    return {"time": seconds_per_step(trial.step, repeat=3) * 1e3, "peak": peak}


def peak_megabytes(step):
    """Return the peak of resident memory during `step` above that before it, or None where Linux does not tell."""
    reset = pathlib.Path("/proc/self/clear_refs")
    try:
        time.sleep(0.05)  # JAX drops the last step's arrays in a thread of its own
        # An allocator's hoard of freed pages would hide what the step needs.
        ctypes.CDLL(None).malloc_trim(0)
        reset.write_text("5")
    except (OSError, AttributeError):
        return None
    before = status("VmRSS")
    step()
    return (status("VmHWM") - before) * 1024 / 1e6


def status(field):
    lines = pathlib.Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(field))


def trial(build):
    """Return the trial of `build(x)`, which returns a step that gives the loss and the gradient."""

    def figures():
        return build(values(1000))()

    return Trial(build(values(ELEMENTS)), figures)


def torch_trial(function, compiled):
    """Return the trial of a function of one of PyTorch's tensors, compiled or not."""
    import torch

    function = torch.compile(function) if compiled else function

    def build(array):
        x = torch.tensor(array, requires_grad=True)

        def step():
            loss = function(x)
            loss.backward()
            gradient, x.grad = x.grad, None
            return loss.detach(), gradient

        return step

    return trial(build)


def our_trial(function):
    """Return the trial of a function of one of our tensors."""
    import autograd_core as ag

    def build(array):
        x = ag.Tensor(array, requires_grad=True)

        def step():
            loss = function(x)
            loss.backward()
            gradient, x.grad = x.grad, None
            return loss.data, gradient.data

        return step

    return trial(build)


def jax_trial(function):
    """Return the trial of a function of one of JAX's arrays, compiled."""
    import jax
    import jax.numpy as jnp

    function = jax.jit(jax.value_and_grad(function))

    def build(array):
        x = jnp.array(array)
        return lambda: jax.block_until_ready(function(x))

    return trial(build)


def values(n):
    return np.random.default_rng(0).standard_normal(n, dtype=np.float32)


def chain(x, exp, tanh, sqrt, log, half=0.5, one=1.0, mean=lambda y: y.mean()):
    y = x * half
    y = exp(y)
    y = y + one
    y = sqrt(y)
    y = y * x
    y = tanh(y)
    y = y + x
    y = y * y
    y = y + one
    y = log(y)
    y = y * half
    y = exp(y)
    return mean(y)


def torch_eager(compiled=False):
    import torch

    return torch_trial(lambda x: chain(x, torch.exp, torch.tanh, torch.sqrt, torch.log), compiled)


def torch_compile():
    return torch_eager(compiled=True)


def ours():
    import autograd_core as ag

    return our_trial(lambda x: chain(x, ag.exp, ag.tanh, ag.sqrt, ag.log))


def numpy():
    half, one = np.float32(0.5), np.float32(1)

    def build(x):
        def step():
            # Forward: e = exp(x/2), r = √(e+1), t = tanh(r·x), s = t+x, q = s²+1, z = exp(log(q)/2).
            e = x * half
            np.exp(e, e)
            r = e + one
            np.sqrt(r, r)
            t = r * x
            np.tanh(t, t)
            s = t + x
            q = s * s
            q += one
            z = np.log(q)
            z *= half
            np.exp(z, z)
            loss = z.mean()
            # Backward, each value's array taking over as work space once it is dead.
            z *= half / np.float32(x.size)
            z /= q
            z *= s
            z *= np.float32(2)  # ds, and dx by the sum
            t *= t
            np.subtract(one, t, t)
            t *= z  # d(r·x)
            np.multiply(t, r, s)
            z += s
            t *= x
            t /= r
            t *= half  # d(e+1)
            t *= e
            t *= half
            z += t
            return loss, z

        return step

    return trial(build)


def jax_jit():
    import jax.numpy as jnp

    return jax_trial(lambda x: chain(x, jnp.exp, jnp.tanh, jnp.sqrt, jnp.log))


def autograd():
    import autograd.numpy as anp
    from autograd import value_and_grad

    def mean(y):
        return anp.sum(y) / y.size  # its own mean divides the cotangent by an int64, which widens it to float64

    function = value_and_grad(lambda x: chain(x, anp.exp, anp.tanh, anp.sqrt, anp.log, mean=mean))
    return trial(lambda array: lambda: function(array))


def mygrad():
    import mygrad as mg

    half, one = np.float32(0.5), np.float32(1)  # a Python number would widen everything to float64

    def build(array):
        x = mg.tensor(array)

        def step():
            loss = chain(x, mg.exp, mg.tanh, mg.sqrt, mg.log, half, one)
            loss.backward()
            gradient = x.grad
            x.null_grad()
            return loss.data, gradient

        return step

    return trial(build)
