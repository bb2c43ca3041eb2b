"""Activation functions that bend smoothly: exponentials, logistic functions and GELU, in blocks.

Names, arguments and defaults are those of ``torch.nn.functional``.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

import autograd_core as ag
from autograd_core import relu, sigmoid
from autograd_core.ops.arithmetic.elementwise import step
from autograd_core.ops.blockwise import at_least, at_most, blockwise, choose, in_blocks

from ..kernels.accuracy import accurate, like
from ..kernels.normal import ROOT_2_PI, bell, distance, normal_share, share_of, tail
from ..modules.checking import NONZERO, checked

if TYPE_CHECKING:
    from autograd_core import Tensor
    from autograd_core.support.types import AnyArray, Function, TensorLike

__all__ = ["celu", "elu", "gelu", "logsigmoid", "mish", "selu", "silu", "softplus"]


def _elu_slope(input: AnyArray, alpha: float, width: float = 1.0, scale: float = 1.0) -> AnyArray:
    """scale for x > 0, scale·alpha·exp(x/width) otherwise."""
    below = -relu(-input)
    slope = np.exp(below if width == 1 else below / width)
    if alpha != 1:
        positive = step(input)
        other = 1 - positive
        other *= scale * alpha
        other += positive if scale == 1 else scale * positive
        slope *= other
    return slope


def _exponential_unit(x: AnyArray, alpha: float, width: float = 1, out: Any = None) -> AnyArray:
    """x for x > 0, alpha·(exp(x/width) − 1) otherwise."""
    near = at_most(x, 0)
    below = np.expm1(near if width == 1 else near / width)
    if alpha != 1:
        below *= alpha
    if 0 < alpha <= width:
        return np.maximum(x, below, out=out)  # as eˣ − 1 ≥ x
    return np.add(at_least(x, 0), below, out=out)


@checked()
@ag.elementwise(**blockwise(input=lambda input, alpha: _elu_slope(input, alpha)))
def elu(input, alpha=1.0):
    """x for x > 0, alpha·(eˣ − 1) otherwise (Clevert et al. 2016).

    input : x, of any shape
    alpha : −alpha is the limit on the left

    >>> elu(np.array([-1000.0, 3.0]))
    array([-1.,  3.])
    """
    return in_blocks(lambda x, out=None: _exponential_unit(x, alpha, 1, out), input)


@checked(alpha=NONZERO)
@ag.elementwise(**blockwise(input=lambda input, alpha: _elu_slope(input, 1.0, alpha)))
def celu(input, alpha=1.0):
    """x for x > 0, alpha·(exp(x/alpha) − 1) otherwise: smooth for every alpha (Barron 2017).

    input : x, of any shape
    alpha : −alpha is the limit on the left; not 0

    >>> celu(np.array([-1000.0, 3.0]), 2.0)
    array([-2.,  3.])
    """
    return in_blocks(lambda x, out=None: _exponential_unit(x, alpha, alpha, out), input)


_SELU_ALPHA, _SELU_SCALE = 1.6732632423543772848170429916717, 1.0507009873554804934193349852946


@ag.elementwise(**blockwise(input=lambda input: _elu_slope(input, _SELU_ALPHA, 1.0, _SELU_SCALE)))
def selu(input: TensorLike) -> Tensor:
    """scale · elu(x, alpha), which keeps mean 0 and variance 1 from layer to layer (Klambauer et al. 2017).

    input : x, of any shape; scale ≈ 1.0507, alpha ≈ 1.6733

    >>> selu(np.array([-1000.0, 1.0]))
    array([-1.75809934,  1.05070099])
    """
    return in_blocks(_selu, input)


def _selu(x: AnyArray, out: Any = None) -> AnyArray:
    return np.multiply(_SELU_SCALE, _exponential_unit(x, _SELU_ALPHA), out=out)


def _softplus_slope(input: AnyArray, beta: float, threshold: float) -> AnyArray:
    if _is_straight(input, beta, threshold):
        return sigmoid(input)
    steep = input if beta == 1 else beta * input
    return np.maximum(sigmoid(steep), step(steep - threshold))


def _is_straight(input: AnyArray, beta: float, threshold: float) -> bool:
    """Whether log(1 + eˣ) is x to the last bit beyond the threshold, in any case."""
    dtype = getattr(input, "dtype", None)
    return beta == 1 and dtype is not None and dtype.kind == "f" and threshold > 1.5 - math.log(np.finfo(dtype).eps)


@checked()
@ag.elementwise(
    **blockwise(input=lambda input, beta, threshold: _softplus_slope(input, beta, threshold)), name="nn.softplus"
)
def softplus(input: TensorLike, beta: float = 1.0, threshold: float = 20.0) -> Tensor:
    """log(1 + exp(beta·x)) / beta, and x itself where beta·x > threshold.

    input : x, of any shape
    beta : how sharply it bends
    threshold : where it becomes a straight line

    >>> softplus(np.array([-1000.0, 0.0, 1000.0]))
    array([0.00000000e+00, 6.93147181e-01, 1.00000000e+03])
    """
    if _is_straight(input, beta, threshold):
        return ag.softplus(input)
    return in_blocks(lambda x, out=None: _bent(x, beta, threshold, out), input)


def _bent(x: AnyArray, beta: float, threshold: float, out: AnyArray) -> AnyArray:
    steep = x if beta == 1 else beta * x
    curve = ag.softplus(steep)
    return choose(np.greater(steep, threshold), x, curve if beta == 1 else curve / beta, out)


@ag.elementwise(**blockwise(input=lambda input: sigmoid(-input)))
def logsigmoid(input: TensorLike) -> Tensor:
    """log σ(x) = −softplus(−x).

    input : x, of any shape

    >>> logsigmoid(np.array([-1000.0, 0.0])).round(3)
    array([-1.000e+03, -6.930e-01])
    """
    return in_blocks(lambda x, out=None: np.negative(ag.softplus(-x), out=out), input)


def _silu_slope(input: AnyArray) -> AnyArray:
    share = sigmoid(input)
    slope = 1 - share
    slope *= input
    slope += 1
    slope *= share
    return slope


@ag.elementwise(**blockwise(input=lambda input: _silu_slope(input)))
def silu(input):
    """x·σ(x), also called swish (Elfwing et al. 2017).

    input : x, of any shape

    >>> silu(np.array([-1000.0, 0.0, 1000.0]))
    array([  -0.,    0., 1000.])
    """
    return in_blocks(_silu, input)


def _silu(x: AnyArray, out: Any = None) -> AnyArray:
    return np.multiply(x, sigmoid(x), out=out)


def _growth(input: AnyArray) -> AnyArray:
    """eˣ, cut off where tanh(log(1 + eˣ)) is 1: before its square overflows."""
    return np.exp(np.minimum(input, 5 if getattr(input, "dtype", None) == np.float16 else 20))


def _mish_share(e: AnyArray) -> AnyArray:
    """tanh(log(1 + e)) = (e² + 2e) / (e² + 2e + 2)."""
    share = e + 2
    share *= e
    share /= share + 2
    return share


def _mish_slope(input: AnyArray) -> AnyArray:
    e = _growth(input)
    share = _mish_share(e)
    slope = 1 - share * share
    slope *= input
    slope *= e
    slope /= 1 + e
    slope += share
    return slope


@ag.elementwise(**blockwise(input=lambda input: _mish_slope(input)))
def mish(input: TensorLike) -> Tensor:
    """x · tanh(softplus(x)) (Misra 2019).

    input : x, of any shape

    >>> mish(np.array([-1000.0, 0.0, 1000.0]))
    array([  -0.,    0., 1000.])
    """
    return in_blocks(_mish, input)


def _mish(x: AnyArray, out: Any = None) -> AnyArray:
    return np.multiply(x, _mish_share(_growth(x)), out=out)


def _by_share(through: Function, slope: Function, g: AnyArray, x: AnyArray, ans: AnyArray) -> AnyArray:
    """g·slope(x); of many numbers by their share ans/x, which costs less than to compute it again, and
    is kept anyway where a linear map comes next."""
    return in_blocks(through, g, x, ans) if math.prod(x.shape) > 1 << 12 else np.multiply(g, slope(x))


def _gelu_slope(input: AnyArray, share: AnyArray | None = None) -> AnyArray:
    near = np.clip(input, -40, 40)  # the bell is 0 beyond
    slope = bell(near)
    slope *= near
    slope *= 1 / ROOT_2_PI
    slope += normal_share(input) if share is None else share
    return slope


def _through_gelu(g: Any, x: Any, ans: Any, out: Any = None) -> AnyArray:
    return np.multiply(g, _gelu_slope(x, share_of(ans, x, normal_share)), out=out)


@ag.elementwise(
    name="gelu",
    input=lambda input, ans: _gelu_slope(input),
    vjp={"input": lambda g, input, ans: _by_share(_through_gelu, _gelu_slope, g, input, ans)},
)
def _exact_gelu(input):
    return like(input, in_blocks(_gelu, accurate(input)))


def _gelu(x: AnyArray, out: Any = None) -> AnyArray:
    away = distance(x)
    beyond = tail(away)
    beyond *= away
    return np.subtract(at_least(x, 0), beyond, out=out)


_GELU_1, _GELU_3 = 2 * math.sqrt(2 / math.pi), 2 * math.sqrt(2 / math.pi) * 0.044715


def _tanh_gelu_share(x: AnyArray) -> AnyArray:
    """(1 + tanh u) / 2 = σ(2u), u = √(2/π)·(x + 0.044715x³)."""
    return _tanh_gelu_share_of(np.clip(x, -30, 30))  # the share is 0 or 1 beyond, where the cube may overflow


def _tanh_gelu_share_of(near: AnyArray) -> AnyArray:
    twice = np.square(near)
    twice *= _GELU_3
    twice += _GELU_1
    twice *= near
    return sigmoid(twice)


def _tanh_gelu_slope(input: AnyArray, share: AnyArray | None = None) -> AnyArray:
    near = np.clip(input, -30, 30)
    share = _tanh_gelu_share_of(near) if share is None else share
    slope = np.square(near)
    slope *= 3 * _GELU_3
    slope += _GELU_1
    slope *= near
    slope *= 1 - share
    slope += 1
    slope *= share
    return slope


def _through_tanh_gelu(g: Any, x: Any, ans: Any, out: Any = None) -> AnyArray:
    return np.multiply(g, _tanh_gelu_slope(x, share_of(ans, x, _tanh_gelu_share)), out=out)


@ag.elementwise(
    name="gelu_tanh",
    input=lambda input, ans: _tanh_gelu_slope(input),
    vjp={"input": lambda g, input, ans: _by_share(_through_tanh_gelu, _tanh_gelu_slope, g, input, ans)},
)
def _tanh_gelu(input):
    return in_blocks(lambda x, out=None: np.multiply(x, _tanh_gelu_share(x), out=out), input)


@checked()
def gelu(input: TensorLike, approximate: str = "none") -> Tensor:
    """x·Φ(x), Φ the normal distribution (Hendrycks & Gimpel 2016); with ``approximate="tanh"`` their formula for it.

    input : x, of any shape
    approximate : "none" or "tanh"; ValueError for others

    >>> gelu(np.array([-1.0, 0.0, 1.0]))
    array([-0.15865525,  0.        ,  0.84134475])
    >>> gelu(np.array([-1.0, 0.0, 1.0]), approximate="tanh")
    array([-0.15880801,  0.        ,  0.84119199])
    """
    if approximate not in ("none", "tanh"):
        raise ValueError(f"gelu: approximate={approximate!r}; it is 'none' or 'tanh'.")
    return _exact_gelu(input) if approximate == "none" else _tanh_gelu(input)
