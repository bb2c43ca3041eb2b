"""Activation functions: each is an elementwise primitive with its derivative, or a formula over others.

Names, arguments and defaults are those of ``torch.nn.functional``. ``step`` is the Heaviside function with 0 at 0, so
that a derivative at a kink is that of the left side, as in PyTorch.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

import autograd_core as ag
from autograd_core import default_generator, relu, sigmoid, tanh
from autograd_core.engine.tensor import bare
from autograd_core.ops.arithmetic.elementwise import step

from ..modules.checking import NONZERO, NOT_NEGATIVE, checked
from ..modules.dtypes import real_only, same_dtype

if TYPE_CHECKING:
    from autograd_core import Tensor
    from autograd_core.support.types import TensorLike

__all__ = [
    *("celu", "elu", "gelu", "glu", "hardshrink", "hardsigmoid", "hardswish", "hardtanh", "leaky_relu", "log_softmax"),
    *("logsigmoid", "mish", "prelu", "relu", "relu6", "rrelu", "selu", "sigmoid", "silu", "softmax", "softmin"),
    *("softplus", "softshrink", "softsign", "tanh", "tanhshrink", "threshold"),
]

# Sides of a kink -----------------------------------------------------------------------------------------------------


@checked()
@ag.elementwise(input=lambda input, negative_slope: negative_slope + (1 - negative_slope) * step(input))
def leaky_relu(input, negative_slope=0.01):
    """x for x > 0, negative_slope·x otherwise (Maas et al. 2013).

    input : x, of any shape
    negative_slope : the slope for x ≤ 0

    >>> leaky_relu(np.array([-2.0, 3.0]))
    array([-0.02,  3.  ])
    """
    return np.where(np.greater(input, 0), input, negative_slope * input)


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
    return _prelu(input, weight)


@ag.elementwise(
    name="prelu",
    input=lambda input, weight: np.where(np.greater(input, 0), 1, weight),
    weight=lambda input: -relu(-input),
)
def _prelu(input, weight):
    return np.where(np.greater(input, 0), input, weight * input)


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
    slopes = (generator or default_generator()).uniform(lower, upper, input.shape).astype(input.dtype)
    return relu(input) - slopes * relu(-input)


@ag.elementwise(input=0)
def beyond(input, threshold):
    """0 where x ≤ threshold, 1 elsewhere, at NaN, too."""
    return np.logical_not(np.less_equal(input, threshold)).astype(input.dtype)


@checked()
@ag.elementwise(input=lambda input, threshold: beyond(input, threshold))
def threshold(input: TensorLike, threshold: float, value: float) -> Tensor:
    """``value`` where x ≤ threshold, x elsewhere.

    input : x, of any shape
    threshold : the greatest number that is replaced
    value : what stands for it

    >>> threshold(np.array([0.5, 2.0, np.nan]), 1.0, -1.0)
    array([-1.,  2., nan])
    """
    return np.where(np.less_equal(input, threshold), input.dtype.type(value), input)  # type: ignore[return-value]


@checked()
@ag.elementwise(input=lambda input, min_val, max_val: step(input - min_val) * step(max_val - input))
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


def hardsigmoid(input: TensorLike) -> Tensor:
    """min(max(x + 3, 0), 6) / 6, a sigmoid of three straight lines.

    input : x, of any shape
    """
    return hardtanh(input + 3, 0.0, 6.0) / 6


@ag.elementwise(input=lambda input: hardsigmoid(input) + hardtanh(input, -3.0, 3.0) * step(3 - np.absolute(input)) / 6)
def hardswish(input):
    """x · hardsigmoid(x) (Howard et al. 2019).

    input : x, of any shape

    >>> hardswish(np.array([-3.0, 1.0, 3.0]))
    array([-0.        ,  0.66666667,  3.        ])
    """
    return input * hardsigmoid(input)


@checked()
@ag.elementwise(input=lambda input, lambd: step(np.absolute(input) - lambd))
def hardshrink(input, lambd=0.5):
    """x where |x| > lambd, 0 elsewhere.

    input : x, of any shape
    lambd : what counts as small

    >>> hardshrink(np.array([0.2, -2.0]))
    array([ 0., -2.])
    """
    return input * np.greater(np.absolute(input), lambd)


@checked(lambd=NOT_NEGATIVE)
@ag.elementwise(input=lambda input, lambd: step(np.absolute(input) - lambd))
def softshrink(input, lambd=0.5):
    """x moved towards 0 by lambd, and 0 where |x| ≤ lambd: the proximal map of lambd·|x|.

    input : x, of any shape
    lambd : how far towards 0, ≥ 0

    >>> softshrink(np.array([0.2, -2.0]))
    array([ 0. , -1.5])
    """
    real_only("softshrink", input)
    return np.sign(input) * np.maximum(np.absolute(input) - lambd, 0)


# Exponentials --------------------------------------------------------------------------------------------------------


@checked()
@ag.elementwise(input=lambda input, alpha: step(input) + alpha * (1 - step(input)) * np.exp(-relu(-input)))
def elu(input, alpha=1.0):
    """x for x > 0, alpha·(eˣ − 1) otherwise (Clevert et al. 2016).

    input : x, of any shape
    alpha : −alpha is the limit on the left

    >>> elu(np.array([-1000.0, 3.0]))
    array([-1.,  3.])
    """
    return np.where(np.greater(input, 0), input, alpha * np.expm1(np.minimum(input, 0)))


@checked(alpha=NONZERO)
@ag.elementwise(input=lambda input, alpha: step(input) + (1 - step(input)) * np.exp(-relu(-input) / alpha))
def celu(input, alpha=1.0):
    """x for x > 0, alpha·(exp(x/alpha) − 1) otherwise: smooth for every alpha (Barron 2017).

    input : x, of any shape
    alpha : −alpha is the limit on the left; not 0

    >>> celu(np.array([-1000.0, 3.0]), 2.0)
    array([-2.,  3.])
    """
    return np.where(np.greater(input, 0), input, alpha * np.expm1(np.minimum(input, 0) / alpha))


_SELU_ALPHA, _SELU_SCALE = 1.6732632423543772848170429916717, 1.0507009873554804934193349852946


def selu(input: TensorLike) -> Tensor:
    """scale · elu(x, alpha), which keeps mean 0 and variance 1 from layer to layer (Klambauer et al. 2017).

    input : x, of any shape; scale ≈ 1.0507, alpha ≈ 1.6733
    """
    return _SELU_SCALE * elu(input, _SELU_ALPHA)


@checked()
def softplus(input: TensorLike, beta: float = 1.0, threshold: float = 20.0) -> Tensor:
    """log(1 + exp(beta·x)) / beta, and x itself where beta·x > threshold.

    input : x, of any shape
    beta : how sharply it bends
    threshold : where it becomes a straight line

    >>> softplus(np.array([-1000.0, 0.0, 1000.0]))
    array([0.00000000e+00, 6.93147181e-01, 1.00000000e+03])
    """
    smooth = ag.softplus(input) if beta == 1 else ag.softplus(beta * input) / beta
    return np.where(np.greater(bare(input) * beta, threshold), input, smooth)  # type: ignore[return-value]


def logsigmoid(input: TensorLike) -> Tensor:
    """log σ(x) = −softplus(−x).

    input : x, of any shape

    >>> logsigmoid(np.array([-1000.0, 0.0])).round(3)
    array([-1.000e+03, -6.930e-01])
    """
    return -ag.softplus(-input)


@ag.elementwise(input=lambda input: sigmoid(input) * (1 + input * sigmoid(-input)))
def silu(input):
    """x·σ(x), also called swish (Elfwing et al. 2017).

    input : x, of any shape

    >>> silu(np.array([-1000.0, 0.0, 1000.0]))
    array([  -0.,    0., 1000.])
    """
    return input * sigmoid(input)


def mish(input: TensorLike) -> Tensor:
    """x · tanh(softplus(x)) (Misra 2019).

    input : x, of any shape
    """
    return input * tanh(ag.softplus(input))


@checked()
def gelu(input: TensorLike, approximate: str = "none") -> Tensor:
    """x·Φ(x), Φ the normal distribution (Hendrycks & Gimpel 2016); with ``approximate="tanh"`` their formula for it.

    input : x, of any shape
    approximate : "none" or "tanh"; ValueError for others

    The exact form needs scipy (``pip install autograd-core[special]``).

    >>> gelu(np.array([-1.0, 0.0, 1.0]), approximate="tanh")
    array([-0.15880801,  0.        ,  0.84119199])
    """
    if approximate == "tanh":
        return 0.5 * input * (1 + tanh(math.sqrt(2 / math.pi) * (input + 0.044715 * input * input * input)))
    if approximate != "none":
        raise ValueError(f"gelu: approximate={approximate!r}; it is 'none' or 'tanh'.")
    share = ag.special.ndtr(input)  # type: ignore[attr-defined]
    return input * (share if share.dtype == input.dtype else share.astype(input.dtype))  # scipy widens float16


# Rational functions, gates, distributions ----------------------------------------------------------------------------


def softsign(input: TensorLike) -> Tensor:
    """x / (1 + |x|).

    input : x, of any shape
    """
    return input / (1 + np.absolute(input))


def tanhshrink(input: TensorLike) -> Tensor:
    """x − tanh x.

    input : x, of any shape
    """
    return input - tanh(input)


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
