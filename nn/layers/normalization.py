"""Normalisation as functions: numbers brought to mean 0 and variance 1, over batch, layer, group or instance."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

import autograd_core as ag
from autograd_core.engine.tensor import bare

from ..kernels.accuracy import accurate, like, squared
from ..kernels.normalising import normalised, normalised_batch, standardised, statistics
from ..modules.checking import NOT_NEGATIVE, checked
from ..modules.dtypes import check_held

if TYPE_CHECKING:
    from autograd_core import Tensor
    from autograd_core.support.types import AnyArray, TensorLike

__all__ = ["batch_norm", "group_norm", "instance_norm", "layer_norm", "rms_norm"]


def _scaled(y: AnyArray, weight: AnyArray, bias: AnyArray | None, shape: tuple[int, ...]) -> AnyArray:
    y = y if weight is None else y * np.reshape(weight, shape)
    return y if bias is None else y + np.reshape(bias, shape)


@checked(eps=NOT_NEGATIVE)
def batch_norm(
    input: TensorLike,
    running_mean: TensorLike | None = None,
    running_var: TensorLike | None = None,
    weight: TensorLike | None = None,
    bias: TensorLike | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """(x − mean) / √(var + ε) · weight + bias for each channel of (N, C, …); ε stands inside the root.

    input : (N, C, …)
    running_mean, running_var : (C,) or None; written in place in training, used otherwise
    weight, bias : (C,), the scale and the shift; None for none
    training : whether the batch's own statistics count
    momentum : the weight of the batch in the running statistics
    eps : ε ≥ 0

    Training: mean and biased variance of the batch, towards which (with the unbiased variance) the running ones move
    by ``momentum``. Otherwise the running ones are used. Ioffe & Szegedy 2015, algorithm 1.
    Raises ValueError for one value a channel in training.
    """
    _check_channels("batch_norm", input, running_mean, running_var, weight, bias, training)
    x = accurate(input)
    if not training:
        return like(input, _by_statistics(x, running_mean, accurate(running_var), weight, bias, eps))
    channels = input.shape[1]
    n = input.size // max(1, channels)
    if n == 1:
        raise ValueError(
            f"batch_norm: input of shape {input.shape} has one value a channel, whose variance says nothing. "
            "Fix: use a larger batch, or eval()."
        )
    if n == 0:  # nothing to bring to a mean, and nothing for the running statistics to learn
        return like(input, _by_statistics(x, None, np.ones_like(bare(x), shape=channels), weight, bias, eps))
    if x.dtype.kind == "c":
        axes = (0, *range(2, input.ndim))
        mean = ag.mean(x, axis=axes)
        var = ag.mean(squared(x - _lying(mean, x)), axis=axes)
        y = _by_statistics(x, mean, var, weight, bias, eps)
    else:
        mean, var = statistics(bare(x))
        weight = np.ones_like(bare(x), shape=channels) if weight is None else accurate(weight)
        bias = np.zeros_like(bare(x), shape=channels) if bias is None else accurate(bias)
        y = normalised_batch(x, weight, bias, mean, var, eps)
    _move(running_mean, mean, momentum)
    _move(running_var, var, momentum, n / (n - 1))
    return like(input, y)


def _by_statistics(x: AnyArray, mean: Any, var: Any, weight: Any, bias: AnyArray | None, eps: float) -> AnyArray:
    scale = 1 / np.sqrt(var + eps)
    if weight is not None:
        scale = scale * weight  # a row: cheaper than scaling the whole batch twice
    y = (x if mean is None else x - _lying(mean, x)) * _lying(scale, x)
    return y if bias is None else y + _lying(bias, x)


def _lying(channels: AnyArray, x: AnyArray) -> AnyArray:
    """A vector of channels as it lies beside x, along axis 1."""
    return channels if x.ndim == 2 else np.reshape(channels, (-1, *[1] * (x.ndim - 2)))


def _move(running: TensorLike | None, batch: AnyArray, momentum: float, factor: float = 1) -> None:
    """Move running statistics, an array or a tensor, towards those of a batch, in place."""
    if running is not None:
        held = bare(running)
        held[...] += momentum * (factor * bare(batch) - held)


def _check_channels(
    name: str, input: AnyArray, mean: Any, var: Any, weight: Any, bias: AnyArray | None, by_input: bool
) -> None:
    if input.ndim < 2:
        raise ValueError(f"{name}: input of shape {input.shape}; expected (N, C, …).")
    held = {"running_mean": mean, "running_var": var, "weight": weight, "bias": bias}
    check_held(name, input, (input.shape[1],), **held)
    if (mean is None) != (var is None) or (mean is None and not by_input):
        raise ValueError(f"{name}: give running_mean and running_var, or neither where the input's own count.")


@checked(eps=NOT_NEGATIVE)
def instance_norm(
    input: TensorLike,
    running_mean: TensorLike | None = None,
    running_var: TensorLike | None = None,
    weight: TensorLike | None = None,
    bias: TensorLike | None = None,
    use_input_stats: bool = True,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """``batch_norm`` of each sample by itself: over the places of each channel of (N, C, …) (Ulyanov et al. 2016).

    input : (N, C, …)
    use_input_stats : whether each sample's own statistics count; else the running ones
    running_mean, running_var, weight, bias, momentum, eps : those of ``batch_norm``

    Raises ValueError for one value a channel and sample.
    """
    _check_channels("instance_norm", input, running_mean, running_var, weight, bias, use_input_stats)
    if not use_input_stats:
        return batch_norm(input, running_mean, running_var, weight, bias, False, momentum, eps)
    axes = tuple(range(2, input.ndim))
    n = math.prod(input.shape[2:])
    if n == 1:
        raise ValueError(
            f"instance_norm: input of shape {input.shape} has one value a channel and sample, whose variance says "
            "nothing. Fix: inputs with more places."
        )
    if running_mean is not None and input.size:
        values = accurate(bare(input))
        _move(running_mean, values.mean(axis=axes).mean(axis=0), momentum)
        _move(running_var, values.var(axis=axes, ddof=1).mean(axis=0), momentum)
    return _normalised(input, weight, bias, (input.shape[1],), eps, input.shape[1])


@checked(eps=NOT_NEGATIVE)
def layer_norm(
    input: TensorLike,
    normalized_shape: Sequence[int],
    weight: TensorLike | None = None,
    bias: TensorLike | None = None,
    eps: float = 1e-5,
) -> Tensor:
    """(x − mean) / √(var + ε) · weight + bias over the last axes, ``normalized_shape`` (Ba et al. 2016).

    input : (…, *normalized_shape)
    normalized_shape : the last axes, which have mean 0 and variance 1 before scale and shift
    weight, bias : of that shape; None for none
    eps : ε ≥ 0

    >>> layer_norm(np.array([[1.0, 3.0]]), (2,), eps=0.0)
    array([[-1.,  1.]])
    """
    shape = _last_axes("layer_norm", input, normalized_shape)
    check_held("layer_norm", input, shape, weight=weight, bias=bias)
    return _normalised(input, weight, bias, shape, eps)


def _normalised(
    input: AnyArray,
    weight: Any,
    bias: AnyArray | None,
    shape: tuple[int, ...],
    eps: float,
    groups: int | None = None,
    center: bool = True,
) -> Any:
    """``normalised``, by steps where numbers are complex; ``shape`` is that of weight and bias, which may be None."""
    if input.dtype.kind == "c":
        x = input if groups is None else np.reshape(input, (len(input), groups, -1))
        axes = (2,) if groups else tuple(range(-len(shape), 0))
        y = np.reshape(standardised(x, axes, eps, center), input.shape)
        return _scaled(y, weight, bias, (-1, *[1] * (input.ndim - 2)) if groups else shape)
    x = accurate(input)
    weight = np.ones_like(bare(x), shape=shape) if weight is None else accurate(weight)
    bias = np.zeros_like(bare(x), shape=shape) if bias is None else accurate(bias)
    return like(input, normalised(x, weight, bias, eps, groups, center))


@checked(eps=NOT_NEGATIVE)
def rms_norm(
    input: TensorLike,
    normalized_shape: Sequence[int],
    weight: TensorLike | None = None,
    eps: float | None = None,
) -> Tensor:
    """x / √(mean x² + ε) · weight over the last axes (Zhang & Sennrich 2019); ε is the dtype's resolution by default.

    input, normalized_shape, weight : those of ``layer_norm``
    eps : ε ≥ 0; None is the resolution of the dtype

    >>> rms_norm(np.array([[3.0, 4.0]]), (2,), eps=0.0).round(4)
    array([[0.8485, 1.1314]])
    """
    shape = _last_axes("rms_norm", input, normalized_shape)
    check_held("rms_norm", input, shape, weight=weight)
    eps = float(np.finfo(input.dtype).eps) if eps is None else eps
    return _normalised(input, weight, None, shape, eps, center=False)


def _last_axes(name: str, input: AnyArray, shape: Sequence[int]) -> tuple[int, ...]:
    shape = tuple(shape)
    if tuple(input.shape[-len(shape) :]) != shape:
        raise ValueError(f"{name}: input of shape {input.shape}; its last axes must be {shape}.")
    return shape


@checked(eps=NOT_NEGATIVE)
def group_norm(
    input: TensorLike,
    num_groups: int,
    weight: TensorLike | None = None,
    bias: TensorLike | None = None,
    eps: float = 1e-5,
) -> Tensor:
    """Each of num_groups groups of channels of (N, C, …) by its own mean and variance (Wu & He 2018).

    input : (N, C, …)
    num_groups : a divisor of C
    weight, bias : (C,); None for none
    eps : ε ≥ 0

    Raises ValueError where num_groups does not divide C.

    >>> group_norm(np.array([[1.0, 3.0, 5.0, 5.0]]), 2, eps=0.1).round(3)
    array([[-0.953,  0.953,  0.   ,  0.   ]])
    """
    if input.ndim < 2 or input.shape[1] % num_groups:
        raise ValueError(f"group_norm: {num_groups} groups do not divide the channels of an input {input.shape}.")
    check_held("group_norm", input, (input.shape[1],), weight=weight, bias=bias)
    return _normalised(input, weight, bias, (input.shape[1],), eps, num_groups)
