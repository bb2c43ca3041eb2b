"""Convolution and max pooling as one primitive each, for a benchmark shows that it pays: fewer and longer copies.

Where all strides are 1, a window's place k is the padded array, flat, read from another offset: the columns of the
matrix product are long runs instead of short rows, at the price of some columns beyond each row's end, which are cut
off. Wherever something is not a plain array (forward mode, higher orders), ``composed`` and ``windowed_max``, made of
``unfold``, are differentiated instead; the tests hold the fused forms to them.
"""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np

import autograd_core as ag
from autograd_core.engine.forms import conjugate
from autograd_core.engine.node import PLAIN

from .windows import Pads, Sizes, fold, places, unfold, windows_along

__all__ = ["composed", "correlate", "max_of_windows", "windowed_max"]


def composed(x: Any, weight: Any, bias: Any, stride: Sizes, pads: Pads, dilation: Sizes, groups: int) -> Any:
    """Convolution as ``unfold`` and a matrix product: x (N, C, *size), weight (F, C/groups, *kernel), bias (F,)."""
    filters, _, *kernel = weight.shape
    out = _outs(x.shape[2:], tuple(kernel), stride, dilation, pads)
    columns = unfold(x, tuple(kernel), stride, dilation, pads)
    y = _matrices(weight, groups) @ _by_group(columns, groups)
    y = np.reshape(y, (x.shape[0], filters, *out))
    return y if bias is None else y + np.reshape(bias, (-1, *[1] * len(out)))


def _outs(size: Sizes, kernel: Sizes, stride: Sizes, dilation: Sizes, pads: Pads) -> Sizes:
    return tuple(windows_along(*axis) for axis in zip(size, kernel, stride, dilation, pads, strict=True))


def _by_group(columns: Any, groups: int) -> Any:
    """(N, C, K, P) → (N, groups, C/groups·K, P)."""
    count, channels, taps, places = columns.shape
    return np.reshape(columns, (count, groups, channels // groups * taps, places))


def _matrices(weight: Any, groups: int) -> Any:
    """(F, C, *kernel) → (groups, F/groups, C·K)."""
    return np.reshape(weight, (groups, weight.shape[0] // groups, math.prod(weight.shape[1:])))


def _flat(x: Any) -> Any:
    """(N, C, *size) → (N, C, places), of an empty batch, too."""
    return np.reshape(x, (*x.shape[:2], math.prod(x.shape[2:])))


def _plain(*arrays: Any) -> bool:
    return all(type(a) in PLAIN for a in arrays)


class _Runs:
    """Flat offsets into the padded array, for strides of 1."""

    def __init__(self, size: Sizes, kernel: Sizes, dilation: Sizes, pads: Pads) -> None:
        self.padded = tuple(n + a + b for n, (a, b) in zip(size, pads, strict=True))
        self.inner = tuple(slice(a, a + n) for n, (a, _) in zip(size, pads, strict=True))
        strides = tuple(math.prod(self.padded[i + 1 :]) for i in range(len(size)))
        steps = [d * s for d, s in zip(dilation, strides, strict=True)]
        self.offsets = [
            sum(p * s for p, s in zip(place, steps, strict=True)) for place in itertools.product(*map(range, kernel))
        ]
        out = _outs(size, kernel, (1,) * len(size), dilation, pads)
        self.cut: Any = (..., *(slice(n) for n in out))
        self.wide = (out[0], *self.padded[1:])  # the result with what stands beyond each row's end
        self.length = math.prod(self.wide)
        self.total = max(math.prod(self.padded), self.offsets[-1] + self.length)

    def flat(self, x: Any) -> Any:
        """(N, C, total): x with zeros around it and behind it."""
        if self.padded == x.shape[2:] and self.total == math.prod(self.padded):
            return _flat(x)
        whole = np.zeros_like(x, order="C", shape=(*x.shape[:2], self.total))
        self.inside(whole)[...] = x
        return whole

    def inside(self, whole: Any) -> Any:
        """The part of a flat array that is x: a view."""
        part = whole[:, :, : math.prod(self.padded)].reshape(*whole.shape[:2], *self.padded)
        inner: Any = (..., *self.inner)
        return part[inner]

    def columns(self, x: Any) -> Any:
        flat = self.flat(x)
        if len(self.offsets) == 1:
            return flat[:, :, None]
        columns = np.empty_like(x, order="C", shape=(*x.shape[:2], len(self.offsets), self.length))
        for k, offset in enumerate(self.offsets):
            columns[:, :, k] = flat[:, :, offset : offset + self.length]
        return columns

    def widened(self, g: Any) -> Any:
        """(N, F, length) from (N, F, *out): zeros beyond each row's end."""
        if self.wide == g.shape[2:]:
            return _flat(g)
        wide = np.zeros_like(g, order="C", shape=(*g.shape[:2], *self.wide))
        wide[self.cut] = g
        return _flat(wide)

    def folded(self, columns: Any) -> Any:
        whole = np.zeros_like(columns, order="C", shape=(*columns.shape[:2], self.total))
        for k, offset in enumerate(self.offsets):
            part = whole[:, :, offset : offset + self.length]
            np.add(part, columns[:, :, k], part)
        return self.inside(whole)


def _of_x(g: Any, weight: Any, size: Sizes, stride: Sizes, pads: Pads, dilation: Sizes, groups: int) -> Any:
    """Wᴴ g, folded."""
    filters, channels, *kernel = weight.shape
    matrices = conjugate(np.swapaxes(_matrices(weight, groups), -1, -2))
    runs = _Runs(size, tuple(kernel), dilation, pads) if _plain(g, weight) and set(stride) == {1} else None
    flat = runs.widened(g) if runs else _flat(g)
    columns = matrices @ np.reshape(flat, (g.shape[0], groups, filters // groups, flat.shape[2]))
    columns = np.reshape(columns, (g.shape[0], channels * groups, math.prod(kernel), flat.shape[2]))
    return runs.folded(columns) if runs else fold(columns, size, tuple(kernel), stride, dilation, pads)


def _of_weight(g: Any, x: Any, kernel: Sizes, stride: Sizes, pads: Pads, dilation: Sizes, groups: int) -> Any:
    """Σ g columnsᴴ over the batch."""
    runs = _Runs(x.shape[2:], kernel, dilation, pads) if _plain(g, x) and set(stride) == {1} else None
    columns = runs.columns(x) if runs else unfold(x, kernel, stride, dilation, pads)
    flat = runs.widened(g) if runs else _flat(g)
    flat = np.reshape(flat, (g.shape[0], groups, g.shape[1] // groups, flat.shape[2]))
    total = np.sum(flat @ conjugate(np.swapaxes(_by_group(columns, groups), -1, -2)), axis=0)
    return np.reshape(total, (g.shape[1], x.shape[1] // groups, *kernel))


def _of_bias(g: Any) -> Any:
    rows = _flat(g)
    return np.sum(rows @ np.ones((rows.shape[-1],), g.dtype), axis=0) if _plain(g) else np.sum(rows, axis=(0, 2))


def _products(call: Any) -> int:
    """Multiplications of the naive loops, those with zeros of the padding included."""
    return math.prod(call.out) * math.prod(call.shapes[1][1:])


@ag.primitive(
    name="convolution",
    x=lambda g, weight, size, stride, pads, dilation, groups: _of_x(g, weight, size, stride, pads, dilation, groups),
    weight=lambda g, x, kernel, stride, pads, dilation, groups: _of_weight(
        g, x, kernel, stride, pads, dilation, groups
    ),
    bias=lambda g: _of_bias(g),
    jvp={
        "x": lambda t, weight, stride, pads, dilation, groups: composed(
            t, weight, None, stride, pads, dilation, groups
        ),
        "weight": lambda t, x, stride, pads, dilation, groups: composed(x, t, None, stride, pads, dilation, groups),
        "bias": lambda t, stride: np.reshape(t, (-1, *[1] * len(stride))),
    },
    flops=(
        lambda call: 2 * _products(call) + math.prod(call.out),
        lambda call: (
            2 * _products(call) * sum(call.tracked[:2]) + call.tracked[2] * (math.prod(call.out) - call.out[1])
        ),
    ),
)
def correlate(x, weight, bias, size, kernel, stride, pads, dilation, groups):
    """``composed`` in one row; ``size`` and ``kernel`` are the shapes of x and weight beyond the first two axes."""
    if set(stride) != {1} or not _plain(x, weight):
        return composed(x, weight, bias, stride, pads, dilation, groups)
    runs = _Runs(size, kernel, dilation, pads)
    y = np.matmul(_matrices(weight, groups), _by_group(runs.columns(x), groups))
    y = y.reshape(len(x), weight.shape[0], *runs.wide)[runs.cut]
    return y + bias.reshape(-1, *[1] * len(size))


# Max pooling ---------------------------------------------------------------------------------------------------------


def windowed_max(x: Any, kernel: Sizes, stride: Sizes, dilation: Sizes) -> Any:
    """The largest number of every window, by ``unfold`` and ``max``."""
    out = _outs(x.shape[2:], kernel, stride, dilation, ((0, 0),) * len(kernel))
    columns = unfold(x, kernel, stride, dilation, ((0, 0),) * len(kernel))
    return np.reshape(np.max(columns, axis=2), (*x.shape[:2], *out))


def _to_the_largest(g: Any, x: Any, ans: Any, kernel: Sizes, stride: Sizes, dilation: Sizes) -> Any:
    """Each window's g in equal shares to those that are the largest."""
    if not _plain(g, x, ans):
        return ag.vjp(lambda x: windowed_max(x, kernel, stride, dilation), x)[1](g)[0]
    taken = [(..., *place) for _, place in places(kernel, ans.shape[2:], stride, dilation)]
    hits = [np.equal(x[place], ans) for place in taken]
    count = np.zeros_like(ans, np.int8 if len(hits) < 128 else np.int32, order="C")
    for hit in hits:
        np.add(count, hit, count)
    share = (
        g if count.size and count.max() == 1 else g / np.maximum(count, 1).astype(g.dtype)
    )  # 0 where a NaN is the largest
    whole = np.zeros_like(x, g.dtype, order="C")
    for place, hit in zip(taken, hits, strict=True):
        part = whole[place]
        np.add(part, share * hit, part)
    return whole


def _largest_tangent(t: Any, x: Any, kernel: Sizes, stride: Sizes, dilation: Sizes) -> Any:
    return ag.jvp(lambda x: windowed_max(x, kernel, stride, dilation), (x,), (t,))[1]


@ag.primitive(
    x=lambda g, x, ans, kernel, stride, dilation: _to_the_largest(g, x, ans, kernel, stride, dilation),
    jvp={"x": _largest_tangent},
    flops=(
        lambda call: math.prod(call.out) * (math.prod(call.params["kernel"]) - 1),
        lambda call: math.prod(call.out) * (4 * math.prod(call.params["kernel"]) + 1),
    ),
)
def max_of_windows(x, kernel, stride, dilation):
    """``windowed_max`` in one row and without a copy of every window.

    >>> max_of_windows(np.array([[[1.0, 3.0, 2.0, 0.0]]]), (2,), (2,), (1,))
    array([[[3., 2.]]])
    """
    out = _outs(x.shape[2:], kernel, stride, dilation, ((0, 0),) * len(kernel))
    first, *others = [x[(..., *place)] for _, place in places(kernel, out, stride, dilation)]
    largest = first.copy()
    for part in others:
        np.maximum(largest, part, out=largest)
    return largest
