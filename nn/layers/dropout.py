"""Noise in training: dropout in all its forms, Gaussian noise, and Monte-Carlo dropout."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np

import autograd_core as ag
from autograd_core import Tensor, default_generator
from autograd_core.engine.errors import class_name
from autograd_core.engine.tensor import bare
from autograd_core.support.arrays import brought
from autograd_core.support.modes import modes_of, restoring
from autograd_core.support.random import draw

from ..modules.checking import NOT_NEGATIVE, PROBABILITY, checked
from ..modules.layer import Layer
from ..modules.module import Module

if TYPE_CHECKING:
    from autograd_core.support.types import AnyArray, Array, ArrayLike, DTypeLike, TensorLike

Generator: TypeAlias = "np.random.Generator | None"


# Functions ---------------------------------------------------------------------------------------------------------


@checked()
def dropout(
    input: TensorLike, p: float = 0.5, training: bool = True, inplace: bool = False, generator: Generator = None
) -> Tensor:
    """Zero each element with probability p and scale the others by 1/(1−p), so that the mean stays (inverted dropout).

    input : of any shape
    p : the probability of a zero, in [0, 1]
    training : whether anything is dropped
    inplace : taken for PyTorch's sake
    generator : draws the mask; ``ag.default_generator()`` by default

    Raises ValueError for p outside [0, 1].

    The identity where ``training`` is false. ``inplace`` is accepted and changes nothing. Srivastava et al. 2014.
    """
    return _dropped("dropout", input, lambda: input.shape, p, training, generator)


@checked()
def dropout1d(
    input: TensorLike, p: float = 0.5, training: bool = True, inplace: bool = False, generator: Generator = None
) -> Tensor:
    """Dropout of whole channels of (N, C, L) or (C, L) (Tompson et al. 2015).

    input : (N, C, L) or (C, L)
    p, training, inplace, generator : those of ``dropout``
    """
    return _dropped("dropout1d", input, lambda: _channels("dropout1d", input, 1), p, training, generator)


@checked()
def dropout2d(
    input: TensorLike, p: float = 0.5, training: bool = True, inplace: bool = False, generator: Generator = None
) -> Tensor:
    """Dropout of whole channels of (N, C, H, W); three axes are (N, C, L), as PyTorch reads them.

    input : (N, C, H, W)
    p, training, inplace, generator : those of ``dropout``
    """
    return _dropped("dropout2d", input, lambda: _channels("dropout2d", input, 2), p, training, generator)


@checked()
def dropout3d(
    input: TensorLike, p: float = 0.5, training: bool = True, inplace: bool = False, generator: Generator = None
) -> Tensor:
    """Dropout of whole channels of (N, C, D, H, W) or (C, D, H, W).

    input : (N, C, D, H, W) or (C, D, H, W)
    p, training, inplace, generator : those of ``dropout``
    """
    return _dropped("dropout3d", input, lambda: _channels("dropout3d", input, 3), p, training, generator)


SELU_FLOOR = -1.7580993408473766
"""The value that SELU approaches for x → −∞, −λα."""


@checked()
def alpha_dropout(
    input: TensorLike, p: float = 0.5, training: bool = False, inplace: bool = False, generator: Generator = None
) -> Tensor:
    """Dropout that keeps mean 0 and variance 1 behind SELU: dropped elements become α′, then all become a·x + b.

    input, p, training, inplace, generator : those of ``dropout``

    a = ((1−p)(1 + p α′²))^(−1/2), b = −a p α′, α′ = −λα ≈ −1.758. Klambauer et al. 2017, section 2.
    """
    return _alpha("alpha_dropout", input, lambda: input.shape, p, training, generator)


@checked()
def feature_alpha_dropout(
    input: TensorLike, p: float = 0.5, training: bool = False, inplace: bool = False, generator: Generator = None
) -> Tensor:
    """Alpha dropout of whole channels of (N, C, …).

    input : (N, C, …)
    p, training, inplace, generator : those of ``dropout``
    """
    shape = lambda: _channels("feature_alpha_dropout", input, None)
    return _alpha("feature_alpha_dropout", input, shape, p, training, generator)


@checked()
def gaussian_noise(input: TensorLike, std: float = 0.1, training: bool = True, generator: Generator = None) -> Tensor:
    """x + ε, ε ~ N(0, std²) for each element; the identity where ``training`` is false.

    input : of any shape
    std : the spread of the noise, ≥ 0
    training : whether anything is added
    generator : draws the noise; ``ag.default_generator()`` by default
    """
    if not std >= 0:
        raise ValueError(f"gaussian_noise: std={std!r} must not be negative.")
    if not training or std == 0:
        return input  # type: ignore[return-value]
    noise = (generator or default_generator()).normal(0.0, std, input.shape)
    return input + brought(noise.astype(input.dtype), input)


def keep_mask(shape: tuple[int, ...], p: float, dtype: DTypeLike, generator: np.random.Generator) -> Array:
    """1 with probability 1 − p and 0 with probability p, independently, from 8 random bits an element.

    shape, dtype : those of the mask
    p : the probability of 0
    generator : draws the bits

    Where 256·p is not an integer, the elements whose 8 bits fall on the boundary (one in 256) are decided by 32 more,
    so that p is exact to 2⁻⁴⁰.

    >>> keep_mask((4, 5), 0.5, np.float32, np.random.default_rng(0)).shape
    (4, 5)
    """
    size = math.prod(shape)
    # Whole 64-bit words are what the generator makes; one is cut into eight elements.
    words = generator.integers(0, 2**64, -(-size // 8), np.uint64)
    drawn = words.view(np.uint8)[:size].reshape(shape)
    boundary = int(256 * p)
    rest = 256 * p - boundary
    mask = np.empty(shape, dtype)
    np.greater_equal(drawn, np.uint8(boundary), out=mask, casting="unsafe")
    if rest:
        undecided = np.flatnonzero(drawn == boundary)
        mask.reshape(-1)[undecided] = generator.integers(0, 2**32, len(undecided), np.uint32) >= rest * 2**32
    return mask


def _check(name: str, input: AnyArray, p: float) -> None:
    if not 0 <= p <= 1:
        raise ValueError(f"{name}: p={p!r} is not a probability.")
    if not hasattr(input, "shape") or input.dtype.kind not in "fc":
        what = f"{input.dtype} {input.shape}" if hasattr(input, "shape") else class_name(input)
        raise TypeError(f"{name}: input is {what}; expected a floating tensor or array.")


def _dropped(name: str, input: AnyArray, shape: Any, p: float, training: bool, generator: Generator) -> Any:
    _check(name, input, p)
    shape = shape()
    if not training or p == 0:
        return input
    if p == 1:
        return input * np.zeros_like(bare(input), shape=shape)
    mask = brought(draw(keep_mask, shape, p, input.dtype, generator=generator or default_generator()), input)
    mask *= 1 / (1 - p)
    return input * mask


def _alpha(name: str, input: AnyArray, shape: Any, p: float, training: bool, generator: Generator) -> Any:
    _check(name, input, p)
    shape = shape()
    if not training or p == 0:
        return input
    if p == 1:
        return input * np.zeros_like(bare(input), shape=shape)
    a = 1 / math.sqrt((1 - p) * (1 + p * SELU_FLOOR**2))
    mask = brought(draw(keep_mask, shape, p, input.dtype, generator=generator or default_generator()), input)
    shift = (1 - mask) * input.dtype.type(a * SELU_FLOOR)
    shift -= a * p * SELU_FLOOR
    mask *= a
    return input * mask + shift


def _channels(name: str, input: AnyArray, axes: int | None) -> tuple[int, ...]:
    """The shape of a mask with one element a channel; ``axes`` is the number of those behind the channels."""
    ndim = input.ndim
    if ndim < 2 or (axes is not None and ndim not in (axes + 1, axes + 2)):
        expected = "(N, C, …)" if axes is None else f"(N, C, …) with {axes + 2} axes, or {axes + 1}"
        raise ValueError(f"{name}: input of shape {input.shape}; expected {expected}.")
    lead = 1 if axes in (1, 3) and ndim == axes + 1 else 2
    return (*input.shape[:lead], *[1] * (ndim - lead))


# Layers ------------------------------------------------------------------------------------------------------------


class _DropoutNd(Layer):
    """A layer that drops in training and is the identity in eval mode."""

    function: Callable[..., Tensor]

    @checked(p=PROBABILITY)
    def __init__(self, p: float = 0.5, inplace: bool = False, generator: Generator = None) -> None:
        if not 0 <= p <= 1:
            raise ValueError(f"{class_name(self)}: p={p!r} is not a probability.")
        self.p, self.inplace, self.generator = p, inplace, generator

    def forward(self, input: TensorLike) -> Tensor:
        return type(self).function(input, self.p, True, False, self.generator) if self.training else input  # type: ignore[return-value]

    def extra_repr(self) -> str:
        return f"p={self.p}, inplace={self.inplace}"


class Dropout(_DropoutNd):
    """In training, zero each element with probability p and scale the rest by 1/(1−p); the identity in eval mode.

    p : the probability of a zero, in [0, 1]
    inplace : taken for PyTorch's sake
    generator : draws the masks; ``ag.default_generator()`` by default

    >>> Dropout(0.5).eval()(np.ones(3))
    array([1., 1., 1.])
    """

    function = staticmethod(dropout)


class Dropout1d(_DropoutNd):
    """Dropout of whole channels of (N, C, L) or (C, L): see ``dropout1d``.

    p, inplace, generator : those of ``Dropout``

    >>> y = Dropout1d(0.5)(np.ones((2, 3, 4)))
    >>> bool((y == y[..., :1]).all())
    True
    """

    function = staticmethod(dropout1d)


class Dropout2d(_DropoutNd):
    """Dropout of whole channels of (N, C, H, W).

    p, inplace, generator : those of ``Dropout``
    """

    function = staticmethod(dropout2d)


class Dropout3d(_DropoutNd):
    """Dropout of whole channels of (N, C, D, H, W) or (C, D, H, W).

    p, inplace, generator : those of ``Dropout``
    """

    function = staticmethod(dropout3d)


class AlphaDropout(_DropoutNd):
    """Dropout behind SELU, which keeps mean 0 and variance 1: see ``alpha_dropout``.

    p, inplace, generator : those of ``Dropout``
    """

    function = staticmethod(alpha_dropout)


class FeatureAlphaDropout(_DropoutNd):
    """Alpha dropout of whole channels of (N, C, …).

    p, inplace, generator : those of ``Dropout``
    """

    function = staticmethod(feature_alpha_dropout)


class GaussianNoise(Layer):
    """In training, x + ε with ε ~ N(0, std²) for each element; the identity in eval mode.

    std : the spread of the noise, ≥ 0
    generator : draws the noise; ``ag.default_generator()`` by default

    As a layer it disturbs inputs or activations; registered as a parametrization, the weights:
    ``nn.utils.parametrize.register_parametrization(layer, "weight", nn.GaussianNoise(0.01))``. Noise on the inputs
    acts like a penalty on the derivative of the model (Bishop 1995).

    >>> GaussianNoise(0.1).eval()(np.ones(2))
    array([1., 1.])
    """

    @checked(std=NOT_NEGATIVE)
    def __init__(self, std: float = 0.1, generator: Generator = None) -> None:
        if not std >= 0:
            raise ValueError(f"GaussianNoise: std={std!r} must not be negative.")
        self.std, self.generator = std, generator

    def forward(self, input: TensorLike) -> Tensor:
        return gaussian_noise(input, self.std, self.training, self.generator)

    def extra_repr(self) -> str:
        return f"std={self.std}"


# Monte-Carlo dropout -----------------------------------------------------------------------------------------------


class Samples(NamedTuple):
    """What ``mc_dropout`` found: the mean of the outputs and their standard deviation, element by element."""

    mean: Tensor
    spread: Tensor


def mc_dropout(model: Module, x: ArrayLike, samples: int = 100) -> Samples:
    """Mean and spread of the outputs over random dropout masks: how sure the model is (Gal & Ghahramani 2016).

    Only what drops is in training mode (layers of the dropout family, and modules with a ``dropout`` rate), so that
    normalisation layers use their running statistics. Nothing is recorded, and all modes are as before at the end.

    samples : how many masks are drawn, at least 2
    x : the model's input, or a tuple of its inputs
    Returns mean and spread (n−1 in the denominator), tensors of the output's shape.
    Raises ValueError for a model without dropout and for fewer than 2 samples.

    >>> import nn
    >>> _ = ag.manual_seed(0)
    >>> mean, spread = nn.mc_dropout(nn.Dropout(0.5), np.ones(1), samples=2000)
    >>> abs(mean.item() - 1) < 0.1, abs(spread.item() - 1) < 0.1
    (True, True)
    """
    if samples < 2:
        raise ValueError(f"mc_dropout: samples={samples!r}; a spread needs at least 2.")
    dropping = [m for m in model.modules() if _drops(m)]
    if not dropping:
        raise ValueError(
            f"mc_dropout: {class_name(model)} has no dropout, so all its outputs are the same. "
            "Fix: put nn.Dropout layers into it and train with them."
        )
    inputs = x if isinstance(x, tuple) else (x,)

    def sampled() -> Samples:
        model.eval()
        for module in dropping:
            module.training = True
        with ag.no_grad():
            mean: Any = 0.0
            squares: Any = 0.0
            for n in range(1, samples + 1):  # Welford 1962: no cancellation, and one sample in memory at a time
                y = model(*inputs)
                y = np.asarray(bare(y))
                step = y - mean
                mean = mean + step / n
                squares = squares + step * (y - mean)
        return Samples(Tensor(np.asarray(mean)), Tensor(np.sqrt(np.asarray(squares) / (samples - 1))))

    return restoring(sampled, modes_of(model))


def _drops(module: Module) -> bool:
    if isinstance(module, _DropoutNd):
        return module.p > 0
    rate = getattr(module, "dropout", 0.0)
    return isinstance(rate, (int, float)) and rate > 0
