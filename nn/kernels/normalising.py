"""Normalisation as one row, forward and backward in blocks: nothing but the input is kept for the backward pass.

``normalised`` brings rows or groups of channels of each sample to mean 0 and variance 1, ``normalised_batch`` each
channel over the batch; then both scale and shift. The tests hold them to ``standardised_by_steps``.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

import autograd_core as ag
from autograd_core.engine.arithmetic import conjugate
from autograd_core.engine.node import PLAIN
from autograd_core.engine.tensor import bare
from autograd_core.ops import blockwise

from .accuracy import accurate, like, squared

if TYPE_CHECKING:
    from autograd_core.support.types import AnyArray

Axes = tuple[int, ...]

# Mean 0 and variance 1 -----------------------------------------------------------------------------------------------


def standardised_by_steps(x: AnyArray, axes: Axes, eps: float) -> AnyArray:
    """(x − mean) / √(mean |x − mean|² + ε) over some axes, in six rows: the reference of ``standardised``."""
    centered = x - ag.mean(x, axis=axes, keepdims=True)
    return centered / np.sqrt(ag.mean(squared(centered), axis=axes, keepdims=True) + eps)


def _mean(x: AnyArray, axes: Axes) -> AnyArray:
    return np.sum(x, axis=axes, keepdims=True) * (1 / max(1, math.prod(x.shape[a] for a in axes)))


def _through_standardised(t: AnyArray, x: AnyArray, ans: AnyArray, axes: Axes, eps: float, center: bool) -> AnyArray:
    """(t − mean t − y·mean Re(ȳt)) / s: the derivative is a symmetric matrix, so this serves both directions."""
    values = accurate(x)
    s = np.sqrt(_mean(squared(values - _mean(values, axes) if center else values), axes) + eps)
    moved, y = accurate(t), accurate(ans)
    along = np.real(moved * conjugate(y)) if y.dtype.kind == "c" else moved * y
    change = moved - y * _mean(along, axes)
    return like(x, (change - _mean(moved, axes) if center else change) / s)


@ag.primitive(
    x=lambda g, x, ans, axes, eps, center: _through_standardised(g, x, ans, axes, eps, center),
    jvp={"x": lambda t, x, ans, axes, eps, center: _through_standardised(t, x, ans, axes, eps, center)},
    flops=(lambda call: 5 * math.prod(call.out), lambda call: 11 * math.prod(call.out)),
)
def standardised(x, axes, eps, center=True):
    """(x − mean) / √(var + ε) over some axes; without ``center`` x / √(mean |x|² + ε). float16 goes by float32.

    >>> standardised(np.array([[1.0, 3.0]]), (1,), 0.0)
    array([[-1.,  1.]])
    """
    values = accurate(x)
    y = values - _mean(values, axes) if center else values
    s = np.sqrt(_mean(np.multiply(y, y) if y.dtype.kind != "c" else squared(y), axes) + eps)
    return like(x, np.divide(y, s, out=y) if y.dtype == s.dtype and center else y / s)


# Rows, and groups of channels, of each sample ------------------------------------------------------------------------


@ag.primitive(
    together=lambda g, x, weight, bias, eps, groups, center: _through_normalised(g, x, weight, eps, groups, center),
    jvp={
        "x": lambda t, x, weight, eps, groups, center: (
            _moved_with_x(t, x, weight, eps, groups, center) * _lying(weight, x, groups)
        ),
        "weight": lambda t, x, weight, eps, groups, center: (
            _whole_standardised(x, weight, eps, groups, center) * _lying(t, x, groups)
        ),
        "bias": lambda t, x, groups: _lying(t, x, groups),
    },
    flops=(lambda call: 7 * math.prod(call.out), lambda call: 15 * math.prod(call.out)),
)
def normalised(x, weight, bias, eps=1e-5, groups=None, center=True):
    """(x − mean) / √(var + ε) · weight + bias over the last axes, those of weight, of each row; with ``groups`` over so
    many groups of the channels of (N, C, …), for which weight is (C,). Without ``center`` of the mean square.

    >>> normalised(np.array([[1.0, 3.0]]), np.array([1.0, 2.0]), np.array([0.0, 1.0]), 0.0)
    array([[-1.,  3.]])
    """
    if type(x) not in PLAIN:
        y = _whole_standardised(x, weight, eps, groups, center)
        return y * _lying(weight, x, groups) + _lying(bias, x, groups)
    dtype = np.result_type(x, weight, bias)
    x = x.astype(dtype, copy=False)
    samples, (w, b), shape = _samples(x, groups, weight, bias)

    def block(x: Any, out: AnyArray | None = None) -> AnyArray:
        rows = x if groups is None else x.reshape(len(x) * groups, x.shape[1] // groups)
        y = _standard(rows, eps, center)[0].reshape(len(x), *shape)
        y *= w
        return np.add(y, b, out=None if out is None else out.reshape(y.shape)).reshape(x.shape)

    return _of_blocks(block, samples).reshape(x.shape)


def _samples(x: Any, groups: int | None, *vectors: Any) -> tuple[Any, Any, tuple[int, ...]]:
    """x as one row a sample, the weights as they lie beside samples, and the shape that a sample then has."""
    if groups is None:
        n = math.prod(vectors[0].shape)
        rows = x if x.ndim == 2 and x.shape[1] == n else x.reshape(x.size // max(1, n), n)
        return rows, [v.reshape(n) if v.ndim > 1 else v for v in vectors], (n,)
    channels, places = x.shape[1] // groups, math.prod(x.shape[2:])
    rows = x.reshape(len(x), groups * channels * places)
    return rows, [v.reshape(groups, channels, 1) for v in vectors], (groups, channels, places)


def _of_blocks(f: Callable[..., Any], x: Any, *others: Any) -> AnyArray:
    """``f(x, …, out)`` of blocks of samples."""
    if x.nbytes <= blockwise.BLOCK:
        return f(x, *others)
    out = np.empty_like(x)
    for place in _blocks(x):
        f(x[place], *[a[place] for a in others], out=out[place])
    return out


def _blocks(x: Any) -> list[slice]:
    step = max(1, blockwise.BLOCK * len(x) // max(1, x.nbytes))
    return [slice(start, start + step) for start in range(0, max(1, len(x)), step)]


def _standard(x: Any, eps: float, center: bool) -> tuple[AnyArray, AnyArray]:
    """Rows of mean 0 and variance 1, and what they were multiplied by."""
    share = 1 / max(1, x.shape[1])
    rows = x - np.add.reduce(x, axis=1, keepdims=True) * share if center else x
    scale = np.vecdot(rows, rows)[:, None]
    scale *= share
    scale += eps
    scale = 1 / np.sqrt(scale)
    return (np.multiply(rows, scale, out=rows) if center else rows * scale), scale


def _through_normalised(
    g: AnyArray, x: AnyArray, weight: AnyArray, eps: float, groups: int | None, center: bool
) -> tuple[AnyArray, AnyArray, AnyArray]:
    if type(g) not in PLAIN or type(x) not in PLAIN or type(weight) not in PLAIN:
        y = _whole_standardised(x, weight, eps, groups, center)
        return (
            _moved_with_x(g * _lying(weight, x, groups), x, weight, eps, groups, center),
            _gathered(g * y, weight, groups),
            _gathered(g, weight, groups),
        )
    samples, (w,), shape = _samples(x, groups, weight)
    of_weight, of_bias = [], []

    def block(x: Any, g: AnyArray, out: AnyArray | None = None) -> AnyArray:
        g = g.reshape(len(x), *shape)
        rows = x if groups is None else x.reshape(len(x) * groups, x.shape[1] // groups)
        y, scale = _standard(rows, eps, center)
        if groups is None:
            of_weight.append(np.einsum("ij,ij->j", g, y))
            of_bias.append(np.dot(np.ones_like(bare(g), shape=(len(g),)), g))
        else:
            of_weight.append(np.add.reduce(np.vecdot(g, y.reshape(g.shape)), axis=0))
            of_bias.append(np.add.reduce(np.add.reduce(g, axis=3), axis=0))
        c = (g * w).reshape(rows.shape)
        share = 1 / max(1, rows.shape[1])
        y *= np.vecdot(c, y)[:, None] * share
        if center:
            y += np.add.reduce(c, axis=1, keepdims=True) * share
        c -= y
        return np.multiply(c, scale, out=None if out is None else out.reshape(rows.shape)).reshape(x.shape)

    through = _of_blocks(block, samples, g.reshape(samples.shape)).reshape(x.shape)
    return through, _total(of_weight).reshape(weight.shape), _total(of_bias).reshape(weight.shape)


def _total(parts: list[AnyArray]) -> AnyArray:
    return parts[0] if len(parts) == 1 else np.add.reduce(np.stack(parts), axis=0)


def _axes(x: AnyArray, weight: AnyArray, groups: int | None) -> Axes:
    return (2, 3) if groups else tuple(range(-weight.ndim, 0))


def _grouped(x: AnyArray, groups: int | None) -> AnyArray:
    return np.reshape(x, (x.shape[0], groups, x.shape[1] // groups, math.prod(x.shape[2:]))) if groups else x


def _whole_standardised(x: AnyArray, weight: AnyArray, eps: float, groups: int | None, center: bool) -> AnyArray:
    return np.reshape(standardised(_grouped(x, groups), _axes(x, weight, groups), eps, center), x.shape)


def _moved_with_x(t: AnyArray, x: AnyArray, weight: AnyArray, eps: float, groups: int | None, center: bool) -> AnyArray:
    """Where t moves the standardised x, or what g of it is for x."""
    grouped, axes = _grouped(x, groups), _axes(x, weight, groups)
    y = standardised(grouped, axes, eps, center)
    return np.reshape(_through_standardised(_grouped(t, groups), grouped, y, axes, eps, center), x.shape)


def _lying(vector: AnyArray, x: AnyArray, groups: int | None) -> AnyArray:
    """Weights as they lie beside x."""
    return np.reshape(vector, (-1, *[1] * (x.ndim - 2))) if groups else vector


def _gathered(g: AnyArray, weight: AnyArray, groups: int | None) -> AnyArray:
    """The adjoint of that."""
    axes = (0, *range(2, g.ndim)) if groups else tuple(range(g.ndim - weight.ndim))
    return np.sum(g, axis=axes) if axes else g


# Channels over the batch ---------------------------------------------------------------------------------------------


def statistics(x: Any) -> tuple[Any, Any]:
    """Mean and variance of each channel of an array (N, C, …)."""
    axes, n = (0, *range(2, x.ndim)), x.size // max(1, x.shape[1])
    if type(x) not in PLAIN:
        mean = np.sum(x, axis=axes) * (1 / n)
        return mean, np.sum(np.square(x - _column(mean, x)), axis=axes) * (1 / n)
    places = x.reshape(*x.shape[:2], math.prod(x.shape[2:]))
    mean = _total([_of_channels(places[at]) for at in _blocks(places)]) * (1 / n)
    squares = [_products(d := places[at] - mean[:, None], d) for at in _blocks(places)]
    return mean, _total(squares) * (1 / n)


def _of_channels(x: AnyArray) -> AnyArray:
    """Sums of (N, C, L) for each channel."""
    if x.shape[2] == 1:
        return np.add.reduce(x[:, :, 0], axis=0)
    return np.add.reduce(np.add.reduce(x, axis=2), axis=0)


def _products(x: AnyArray, y: AnyArray) -> AnyArray:
    """Sums of products, in the same way."""
    if x.shape[2] == 1:
        return np.einsum("ij,ij->j", x[:, :, 0], y[:, :, 0])
    return np.add.reduce(np.vecdot(x, y), axis=0)


def _column(vector: AnyArray, x: AnyArray) -> AnyArray:
    return np.reshape(vector, (-1, *[1] * (x.ndim - 2)))


@ag.primitive(
    together=lambda g, x, weight, bias, mean, var, eps: _through_batch(g, x, weight, mean, var, eps),
    jvp={
        "x": lambda t, x, weight, eps: _batch_moved(t, x, eps) * _column(weight, x),
        "weight": lambda t, x, eps: _batch_standardised(x, eps) * _column(t, x),
        "bias": lambda t, x: np.broadcast_to(_column(t, x), x.shape),
    },
    flops=(lambda call: 7 * math.prod(call.out), lambda call: 15 * math.prod(call.out)),
)
def normalised_batch(x, weight, bias, mean=None, var=None, eps=1e-5):
    """(x − mean) / √(var + ε) · weight + bias for each channel of (N, C, …), by its own mean and variance.

    mean, var : those that ``statistics(x)`` gives; they are differentiated as what they are, functions of x

    >>> normalised_batch(np.array([[1.0], [3.0]]), np.array([2.0]), np.array([1.0]), eps=0.0)
    array([[-1.],
           [ 3.]])
    """
    if type(x) not in PLAIN:
        return _batch_standardised(x, eps) * _column(weight, x) + _column(bias, x)
    mean, var = statistics(x) if mean is None else (mean, var)
    scale = weight / np.sqrt(var + eps)
    places, (m, s, b) = x.reshape(*x.shape[:2], math.prod(x.shape[2:])), (v[:, None] for v in (mean, scale, bias))

    def block(x: Any, out: Any = None) -> AnyArray:
        y = np.subtract(x, m, out=out)
        y *= s
        y += b
        return y

    return _of_blocks(block, places).reshape(x.shape)


def _through_batch(
    g: AnyArray, x: Any, weight: AnyArray, mean: Any, var: Any, eps: float
) -> tuple[AnyArray, AnyArray, AnyArray]:
    if type(g) not in PLAIN or type(x) not in PLAIN or type(weight) not in PLAIN:
        axes = (0, *range(2, x.ndim))
        of_weight = np.sum(g * _batch_standardised(x, eps), axis=axes)
        return _batch_moved(g * _column(weight, x), x, eps), of_weight, np.sum(g, axis=axes)
    mean, var = statistics(x) if mean is None else (mean, var)
    places, n = x.reshape(*x.shape[:2], math.prod(x.shape[2:])), x.size // max(1, x.shape[1])
    cotangents = g.reshape(places.shape)
    m, scale = mean[:, None], (1 / np.sqrt(var + eps))[:, None]
    of_bias = _total([_of_channels(cotangents[at]) for at in _blocks(places)])
    along = [_products(places[at] - m, cotangents[at]) for at in _blocks(places)]
    of_weight = _total(along) * scale[:, 0]
    shift, slope, s = of_bias[:, None] * (1 / n), of_weight[:, None] * scale * (1 / n), weight[:, None] * scale

    def block(x: Any, g: AnyArray, out: Any = None) -> AnyArray:
        y = np.subtract(x, m, out=out)
        y *= slope
        y += shift
        y = np.subtract(g, y, out=y)
        y *= s
        return y

    return _of_blocks(block, places, cotangents).reshape(x.shape), of_weight, of_bias


def _batch_axes(x: AnyArray) -> Axes:
    return (0, *range(2, x.ndim))


def _batch_standardised(x: AnyArray, eps: float) -> AnyArray:
    return standardised(x, _batch_axes(x), eps)


def _batch_moved(t: AnyArray, x: AnyArray, eps: float) -> AnyArray:
    return _through_standardised(t, x, _batch_standardised(x, eps), _batch_axes(x), eps, True)
