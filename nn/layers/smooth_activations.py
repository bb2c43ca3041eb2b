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
from autograd_core.ops.blockwise import blockwise, in_blocks, select

from ..kernels.accuracy import accurate, like
from ..kernels.normal import ROOT_2_PI, bell, distance, normal_share, tail
from ..modules.checking import NONZERO, checked

if TYPE_CHECKING:
    from autograd_core import Tensor
    from autograd_core.support.types import TensorLike

__all__ = ["celu", "elu", "gelu", "logsigmoid", "mish", "selu", "silu", "softplus"]


def _elu_slope(input: Any, alpha: float, width: float = 1.0) -> Any:
    """1 for x > 0, alpha·exp(x/width) otherwise."""
    below = -relu(-input)
    slope = np.exp(below if width == 1 else below / width)
    if alpha != 1:
        positive = step(input)
        slope *= positive + alpha * (1 - positive)
    return slope


@checked()
@ag.elementwise(**blockwise(input=lambda input, alpha: _elu_slope(input, alpha)))
@in_blocks
def elu(input, alpha=1.0):
    """x for x > 0, alpha·(eˣ − 1) otherwise (Clevert et al. 2016).

    input : x, of any shape
    alpha : −alpha is the limit on the left

    >>> elu(np.array([-1000.0, 3.0]))
    array([-1.,  3.])
    """
    return np.maximum(input, 0) + alpha * np.expm1(np.minimum(input, 0))


@checked(alpha=NONZERO)
@ag.elementwise(**blockwise(input=lambda input, alpha: _elu_slope(input, 1.0, alpha)))
@in_blocks
def celu(input, alpha=1.0):
    """x for x > 0, alpha·(exp(x/alpha) − 1) otherwise: smooth for every alpha (Barron 2017).

    input : x, of any shape
    alpha : −alpha is the limit on the left; not 0

    >>> celu(np.array([-1000.0, 3.0]), 2.0)
    array([-2.,  3.])
    """
    return np.maximum(input, 0) + alpha * np.expm1(np.minimum(input, 0) / alpha)


_SELU_ALPHA, _SELU_SCALE = 1.6732632423543772848170429916717, 1.0507009873554804934193349852946


@ag.elementwise(**blockwise(input=lambda input: _SELU_SCALE * _elu_slope(input, _SELU_ALPHA)))
@in_blocks
def selu(input: TensorLike) -> Tensor:
    """scale · elu(x, alpha), which keeps mean 0 and variance 1 from layer to layer (Klambauer et al. 2017).

    input : x, of any shape; scale ≈ 1.0507, alpha ≈ 1.6733

    >>> selu(np.array([-1000.0, 1.0]))
    array([-1.75809934,  1.05070099])
    """
    return _SELU_SCALE * (np.maximum(input, 0) + _SELU_ALPHA * np.expm1(np.minimum(input, 0)))  # type: ignore[return-value]


def _softplus_slope(input: Any, beta: float, threshold: float) -> Any:
    steep = input if beta == 1 else beta * input
    return np.maximum(sigmoid(steep), step(steep - threshold))


@checked()
@ag.elementwise(
    **blockwise(input=lambda input, beta, threshold: _softplus_slope(input, beta, threshold)), name="nn.softplus"
)
@in_blocks
def softplus(input: TensorLike, beta: float = 1.0, threshold: float = 20.0) -> Tensor:
    """log(1 + exp(beta·x)) / beta, and x itself where beta·x > threshold.

    input : x, of any shape
    beta : how sharply it bends
    threshold : where it becomes a straight line

    >>> softplus(np.array([-1000.0, 0.0, 1000.0]))
    array([0.00000000e+00, 6.93147181e-01, 1.00000000e+03])
    """
    steep = input if beta == 1 else beta * input
    return select(np.greater(steep, threshold), input, ag.softplus(steep) / beta)


@ag.elementwise(**blockwise(input=lambda input: sigmoid(-input)))
@in_blocks
def logsigmoid(input: TensorLike) -> Tensor:
    """log σ(x) = −softplus(−x).

    input : x, of any shape

    >>> logsigmoid(np.array([-1000.0, 0.0])).round(3)
    array([-1.000e+03, -6.930e-01])
    """
    return -ag.softplus(-input)


def _silu_slope(input: Any) -> Any:
    share = sigmoid(input)
    slope = 1 - share
    slope *= input
    slope += 1
    slope *= share
    return slope


@ag.elementwise(**blockwise(input=lambda input: _silu_slope(input)))
@in_blocks
def silu(input):
    """x·σ(x), also called swish (Elfwing et al. 2017).

    input : x, of any shape

    >>> silu(np.array([-1000.0, 0.0, 1000.0]))
    array([  -0.,    0., 1000.])
    """
    return input * sigmoid(input)


def _growth(input: Any) -> Any:
    """eˣ, cut off where tanh(log(1 + eˣ)) is 1: before its square overflows."""
    return np.exp(np.minimum(input, 5 if getattr(input, "dtype", None) == np.float16 else 20))


def _mish_share(e: Any) -> Any:
    """tanh(log(1 + e)) = (e² + 2e) / (e² + 2e + 2)."""
    share = e + 2
    share *= e
    share /= share + 2
    return share


def _mish_slope(input: Any) -> Any:
    e = _growth(input)
    share = _mish_share(e)
    slope = 1 - share * share
    slope *= input
    slope *= e
    slope /= 1 + e
    slope += share
    return slope


@ag.elementwise(**blockwise(input=lambda input: _mish_slope(input)))
@in_blocks
def mish(input: TensorLike) -> Tensor:
    """x · tanh(softplus(x)) (Misra 2019).

    input : x, of any shape

    >>> mish(np.array([-1000.0, 0.0, 1000.0]))
    array([  -0.,    0., 1000.])
    """
    return input * _mish_share(_growth(input))


def _gelu_slope(input: Any) -> Any:
    near = np.clip(input, -40, 40)  # the bell is 0 beyond
    slope = bell(near)
    slope *= near
    slope /= ROOT_2_PI
    slope += normal_share(input)
    return slope


@ag.elementwise(**blockwise(input=lambda input: _gelu_slope(input)), name="gelu")
@in_blocks
def _exact_gelu(input):
    x = accurate(input)
    away = distance(x)
    beyond = tail(away)
    beyond *= away
    return like(input, np.maximum(x, 0) - beyond)


_GELU_1, _GELU_3 = 2 * math.sqrt(2 / math.pi), 2 * math.sqrt(2 / math.pi) * 0.044715


def _tanh_gelu_slope(input: Any) -> Any:
    near = np.clip(input, -30, 30)  # the share is 0 or 1 beyond, where the cube may overflow
    square = np.square(near)
    share = sigmoid(near * (_GELU_1 + _GELU_3 * square))
    slope = 1 - share
    slope *= near
    slope *= _GELU_1 + 3 * _GELU_3 * square
    slope += 1
    slope *= share
    return slope


@ag.elementwise(**blockwise(input=lambda input: _tanh_gelu_slope(input)), name="gelu_tanh")
@in_blocks
def _tanh_gelu(input):
    near = np.clip(input, -30, 30)
    twice = np.square(near)
    twice *= _GELU_3
    twice += _GELU_1
    twice *= near
    return input * sigmoid(twice)  # (1 + tanh u) / 2 = σ(2u)


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
