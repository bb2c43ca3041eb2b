"""Activation functions: each is an elementwise primitive with its derivative, in blocks where it is a formula.

Names, arguments and defaults are those of ``torch.nn.functional``. ``step`` is the Heaviside function with 0 at 0, so
that a derivative at a kink is that of the left side, as in PyTorch.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

import autograd_core as ag
from autograd_core import default_generator, relu, sigmoid, tanh
from autograd_core.engine.tensor import bare
from autograd_core.ops.arithmetic.elementwise import step
from autograd_core.ops.blockwise import at_most, blockwise, choose, in_blocks, select, sum_in_blocks
from autograd_core.support.arrays import brought

from ..modules.checking import NOT_NEGATIVE, checked
from ..modules.dtypes import real_only, same_dtype
from .smooth_activations import celu, elu, gelu, logsigmoid, mish, selu, silu, softplus  # noqa: F401 (in __all__)

if TYPE_CHECKING:
    from autograd_core import Tensor
    from autograd_core.support.types import AnyArray, TensorLike

__all__ = [
    *("celu", "elu", "gelu", "glu", "hardshrink", "hardsigmoid", "hardswish", "hardtanh", "leaky_relu", "log_softmax"),
    *("logsigmoid", "mish", "prelu", "relu", "relu6", "rrelu", "selu", "sigmoid", "silu", "softmax", "softmin"),
    *("softplus", "softshrink", "softsign", "tanh", "tanhshrink", "threshold"),
]

# Sides of a kink -----------------------------------------------------------------------------------------------------


@checked()
@ag.elementwise(**blockwise(input=lambda input, negative_slope: negative_slope + (1 - negative_slope) * step(input)))
def leaky_relu(input, negative_slope=0.01):
    """x for x > 0, negative_slope·x otherwise (Maas et al. 2013).

    input : x, of any shape
    negative_slope : the slope for x ≤ 0

    >>> leaky_relu(np.array([-2.0, 3.0]))
    array([-0.02,  3.  ])
    """
    return in_blocks(lambda x, out=None: _leaky(x, negative_slope, out), input)


def _leaky(x: AnyArray, slope: float, out: Any) -> AnyArray:
    other = slope * x
    return np.maximum(x, other, out=out) if 0 < slope <= 1 else choose(np.greater(x, 0), x, other, out)


def prelu(input: TensorLike, weight: TensorLike) -> Tensor:
    """Leaky ReLU whose slope is learned: one number, or one for each channel of axis 1 (He et al. 2015).

    input : x, of any shape; (N, C, …) for a slope a channel
    weight : the slopes for x ≤ 0, of one element or of C

    Raises ValueError for another number of slopes, TypeError where the dtypes differ.

    >>> prelu(np.array([-2.0, 3.0]), np.array([0.5]))
    array([-1.,  3.])
    """
    same_dtype("prelu", "input", input, weight)
    if np.size(weight) > 1:
        channels = input.shape[1] if input.ndim > 1 else None
        if channels != np.size(weight):
            raise ValueError(f"prelu: {np.size(weight)} slopes for an input of shape {input.shape}; axis 1 must agree.")
        weight = np.reshape(weight, (-1, *[1] * (input.ndim - 2)))
    elif not input.ndim:
        weight = np.reshape(weight, ())
    return _prelu(input, weight)


def _beside(x: AnyArray, weight: AnyArray) -> AnyArray:
    """A single slope without axes, which takes part in every block of x."""
    return np.reshape(weight, ()) if math.prod(weight.shape) == 1 and len(weight.shape) <= len(x.shape) else weight


@ag.elementwise(
    name="prelu",
    input=lambda input, weight: select(np.greater(input, 0), 1, weight),
    weight=lambda input, weight: -relu(-input),
    vjp={
        "input": lambda g, input, weight: in_blocks(_through_prelu, g, input, _beside(input, weight)),
        "weight": lambda g, input, weight: _of_slopes(g, input, weight),
    },
)
def _prelu(input, weight):
    return in_blocks(_bent, input, _beside(input, weight))


def _bent(x: AnyArray, slope: AnyArray, out: AnyArray | None = None) -> AnyArray:
    return choose(np.greater(x, 0), x, slope * x, out)


def _through_prelu(g: AnyArray, x: AnyArray, slope: AnyArray, out: Any = None) -> AnyArray:
    return np.multiply(g, choose(np.greater(x, 0), 1, slope), out=out)


def _of_slopes(g: AnyArray, x: AnyArray, weight: AnyArray) -> AnyArray:
    """The cotangent of the slopes, of a single one added up without an array of products."""
    if math.prod(weight.shape) == 1 and g.dtype.itemsize > 2:
        return np.reshape(sum_in_blocks(lambda g, x: np.dot(np.ravel(g), np.ravel(at_most(x, 0))), g, x), weight.shape)
    return g * at_most(x, 0)


@checked()
def rrelu(
    input: TensorLike,
    lower: float = 1 / 8,
    upper: float = 1 / 3,
    training: bool = False,
    generator: np.random.Generator | None = None,
) -> Tensor:
    """Leaky ReLU with a slope from U(lower, upper) for each element in training, their mean otherwise (Xu et al. 2015).

    input : x, of any shape
    lower, upper : the interval of the slopes for x ≤ 0
    training : whether slopes are drawn
    generator : draws them; ``ag.default_generator()`` by default

    Raises ValueError for lower > upper.

    >>> rrelu(np.array([-24.0, 3.0]))
    array([-5.5,  3. ])
    """
    if not lower <= upper:
        raise ValueError(f"rrelu: lower={lower!r} must not be larger than upper={upper!r}.")
    if not training:
        return leaky_relu(input, (lower + upper) / 2)
    slopes = (generator or default_generator()).random(input.shape, np.result_type(input.dtype, np.float32))
    slopes *= upper - lower
    slopes += lower
    slopes = brought(slopes.astype(input.dtype, copy=False), input)
    return np.multiply(input, select(np.greater(bare(input), 0), 1.0, slopes))  # type: ignore[return-value]


@ag.elementwise(input=0)
def beyond(input, threshold):
    """0 where x ≤ threshold, 1 elsewhere, at NaN, too."""
    return np.logical_not(np.less_equal(input, threshold)).astype(input.dtype)


@checked()
@ag.elementwise(
    input=lambda input, threshold: beyond(input, threshold),
    vjp={"input": lambda g, input, threshold: g * np.logical_not(input <= threshold)},
)
def threshold(input: TensorLike, threshold: float, value: float) -> Tensor:
    """``value`` where x ≤ threshold, x elsewhere.

    input : x, of any shape
    threshold : the greatest number that is replaced
    value : what stands for it

    >>> threshold(np.array([0.5, 2.0, np.nan]), 1.0, -1.0)
    array([-1.,  2., nan])
    """
    other = np.asarray(value, input.dtype).item()
    return in_blocks(lambda x, out=None: choose(np.less_equal(x, threshold), other, x, out), input)


@checked()
@ag.elementwise(
    input=lambda input, min_val, max_val: step(input - min_val) * step(max_val - input),
    vjp={"input": lambda g, input, min_val, max_val: g * ((input > min_val) & (input < max_val))},
)
def hardtanh(input, min_val=-1.0, max_val=1.0):
    """x, cut off at min_val and max_val.

    input : x, of any shape
    min_val, max_val : the ends of the straight part

    Raises ValueError for min_val > max_val.

    >>> hardtanh(np.array([-3.0, 0.5, 3.0]))
    array([-1. ,  0.5,  1. ])
    """
    if not min_val <= max_val:
        raise ValueError(f"hardtanh: min_val={min_val!r} must not be larger than max_val={max_val!r}.")
    return np.clip(input, min_val, max_val)


def relu6(input: TensorLike) -> Tensor:
    """min(max(x, 0), 6) (Krizhevsky 2010).

    input : x, of any shape
    """
    return hardtanh(input, 0.0, 6.0)


@ag.elementwise(**blockwise(input=lambda input: step(3 - np.absolute(input)) / 6))
def hardsigmoid(input: TensorLike) -> Tensor:
    """min(max(x + 3, 0), 6) / 6, a sigmoid of three straight lines.

    input : x, of any shape

    >>> hardsigmoid(np.array([-4.0, 0.0, 4.0]))
    array([0. , 0.5, 1. ])
    """
    return in_blocks(_hardsigmoid, input)


def _hardsigmoid(x: AnyArray, out: Any = None) -> AnyArray:
    return np.divide(np.clip(x + 3, 0, 6), 6, out=out)


def _hardswish_slope(input: AnyArray) -> AnyArray:
    slope = hardtanh(input, -3.0, 3.0) * step(3 - np.absolute(input))
    slope /= 6
    slope += hardsigmoid(input)
    return slope


@ag.elementwise(**blockwise(input=lambda input: _hardswish_slope(input)))
def hardswish(input):
    """x · hardsigmoid(x) (Howard et al. 2019).

    input : x, of any shape

    >>> hardswish(np.array([-3.0, 1.0, 3.0]))
    array([-0.        ,  0.66666667,  3.        ])
    """
    return in_blocks(lambda x, out=None: np.multiply(x, hardsigmoid(x), out=out), input)


def _beyond_both(g: AnyArray, x: AnyArray, lambd: float, out: Any = None) -> AnyArray:
    return np.multiply(g, np.absolute(x) > lambd, out=out)


@checked()
@ag.elementwise(
    input=lambda input, lambd: step(np.absolute(input) - lambd),
    vjp={"input": lambda g, input, lambd: in_blocks(_beyond_both, g, input, lambd)},
)
def hardshrink(input, lambd=0.5):
    """x where |x| > lambd, 0 elsewhere.

    input : x, of any shape
    lambd : what counts as small

    >>> hardshrink(np.array([0.2, -2.0]))
    array([ 0., -2.])
    """
    return in_blocks(lambda x, out=None: np.multiply(x, np.absolute(x) > lambd, out=out), input)


@checked(lambd=NOT_NEGATIVE)
@ag.elementwise(
    input=lambda input, lambd: step(np.absolute(input) - lambd),
    vjp={"input": lambda g, input, lambd: in_blocks(_beyond_both, g, input, lambd)},
)
def softshrink(input, lambd=0.5):
    """x moved towards 0 by lambd, and 0 where |x| ≤ lambd: the proximal map of lambd·|x|.

    input : x, of any shape
    lambd : how far towards 0, ≥ 0

    >>> softshrink(np.array([0.2, -2.0]))
    array([ 0. , -1.5])
    """
    real_only("softshrink", input)
    return in_blocks(lambda x, out=None: np.subtract(x, np.clip(x, -lambd, lambd), out=out), input)


# Rational functions, gates, distributions ----------------------------------------------------------------------------


def softsign(input: TensorLike) -> Tensor:
    """x / (1 + |x|).

    input : x, of any shape

    >>> softsign(np.array([-1.0, 0.0, 3.0]))
    array([-0.5 ,  0.  ,  0.75])
    """
    if input.dtype.kind == "c":  # |x| has no complex derivative
        return input / (1 + np.absolute(input))  # type: ignore[return-value]
    return _softsign(input)


@ag.elementwise(**blockwise(input=lambda input: np.square(1 / (1 + np.absolute(input)))), name="softsign")
def _softsign(input):
    return in_blocks(lambda x, out=None: np.divide(x, 1 + np.absolute(x), out=out), input)


@ag.elementwise(**blockwise(input=lambda input: np.square(tanh(input))))
def tanhshrink(input: TensorLike) -> Tensor:
    """x − tanh x.

    input : x, of any shape

    >>> tanhshrink(np.array([0.0, 100.0]))
    array([ 0., 99.])
    """
    return in_blocks(lambda x, out=None: np.subtract(x, np.tanh(x), out=out), input)


@checked()
def glu(input: TensorLike, dim: int = -1) -> Tensor:
    """a · σ(b), a and b the two halves along ``dim`` (Dauphin et al. 2017).

    input : an array with an even size along ``dim``; ValueError otherwise
    dim : the axis that is halved

    >>> glu(np.array([3.0, 0.0]))
    array([1.5])
    """
    n = input.shape[dim]
    if n % 2:
        raise ValueError(f"glu: axis {dim} of shape {input.shape} must have an even size, to be halved.")
    before = (slice(None),) * (dim % input.ndim)
    return input[(*before, slice(n // 2))] * sigmoid(input[(*before, slice(n // 2, None))])


@checked()
def softmax(input: TensorLike, dim: int = -1) -> Tensor:
    """exp x / Σ exp x along ``dim``.

    input : x, of any shape
    dim : the axis along which the results add up to 1

    >>> softmax(np.array([0.0, 0.0]))
    array([0.5, 0.5])
    """
    return ag.softmax(input, dim)


@checked()
def softmin(input: TensorLike, dim: int = -1) -> Tensor:
    """softmax(−x) along ``dim``.

    input : x, of any shape
    dim : the axis along which the results add up to 1
    """
    return ag.softmax(-input, dim)


@checked()
def log_softmax(input: TensorLike, dim: int = -1) -> Tensor:
    """x − log Σ exp x along ``dim``, accurate where softmax underflows.

    input : x, of any shape
    dim : the axis of the distribution
    """
    return ag.log_softmax(input, dim)
