"""Convolution as one primitive, for a benchmark shows that it pays: fewer and longer copies, and few of them at a time.

The columns of the matrix product (what a window sees, side by side) are made for as many samples as fit in the cache,
not for the whole batch. Where all strides are 1, a window's place k is the padded array, flat, read from another
offset: long runs instead of short rows, at the price of some columns beyond each row's end, which are cut off.
Wherever something is not a plain array (forward mode, higher orders), ``composed``, made of ``unfold``, is
differentiated instead; the tests hold the fused form to it.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

import autograd_core as ag
from autograd_core.engine.arithmetic import conjugate
from autograd_core.engine.node import PLAIN

from .windows import Pads, Sizes, fold, inside, outs, places, unfold

if TYPE_CHECKING:
    from autograd_core.support.types import AnyArray

__all__ = ["composed", "correlate"]

_BLOCK = 2**20
"""Bytes of columns that are made at a time: half of a usual second-level cache, or all of it."""


def composed(
    x: AnyArray, weight: AnyArray, bias: AnyArray | None, stride: Sizes, pads: Pads, dilation: Sizes, groups: int
) -> AnyArray:
    """Convolution as ``unfold`` and a matrix product: x (N, C, *size), weight (F, C/groups, *kernel), bias (F,)."""
    filters, _, *kernel = weight.shape
    out = outs(x.shape[2:], tuple(kernel), stride, dilation, pads)
    columns = unfold(x, tuple(kernel), stride, dilation, pads)
    y = _matrices(weight, groups) @ _by_group(columns, groups)
    y = np.reshape(y, (x.shape[0], filters, *out))
    return y if bias is None else y + np.reshape(bias, (-1, *[1] * len(out)))


def _by_group(columns: AnyArray, groups: int) -> AnyArray:
    """(N, C, K, P) → (N, groups, C/groups·K, P)."""
    count, channels, taps, places = columns.shape
    return np.reshape(columns, (count, groups, channels // groups * taps, places))


def _matrices(weight: AnyArray, groups: int) -> AnyArray:
    """(F, C, *kernel) → (groups, F/groups, C·K)."""
    return np.reshape(weight, (groups, weight.shape[0] // groups, math.prod(weight.shape[1:])))


def _flat(x: AnyArray) -> AnyArray:
    """(N, C, *size) → (N, C, places), of an empty batch, too."""
    return np.reshape(x, (*x.shape[:2], math.prod(x.shape[2:])))


def _plain(*arrays: object) -> bool:
    return all(type(a) in PLAIN for a in arrays)


class _Windows:
    """Where each place of the window lies in the padded array, for all windows at once.

    taps   : for each place of the window its index into the padded array, which is flat where windows are runs
    places : the shape of what a tap takes
    out    : how many windows there are along each axis
    wide   : the same, of runs with those that reach beyond each row's end, which ``cut`` leaves out
    """

    def __init__(self, size: Sizes, kernel: Sizes, stride: Sizes, pads: Pads, dilation: Sizes, as_runs: bool) -> None:
        self.size, self.pads, self.as_runs = size, pads, as_runs
        self.padded = tuple(n + a + b for n, (a, b) in zip(size, pads, strict=True))
        self.out = self.wide = self.places = out = outs(size, kernel, stride, dilation, pads)
        self.cut: Any = (..., *map(slice, out))
        self.taps: list[Any] = [(..., *taken) for _, taken in places(kernel, out, stride, dilation)]
        self.total = math.prod(self.padded)
        if as_runs:
            strides = tuple(math.prod(self.padded[i + 1 :]) for i in range(len(size)))
            steps = [d * s for d, s in zip(dilation, strides, strict=True)]
            offsets = [
                sum(p * s for p, s in zip(place, steps, strict=True))
                for place in itertools.product(*map(range, kernel))
            ]
            self.wide = (out[0], *self.padded[1:])
            length = math.prod(self.wide)
            self.places = (length,)
            self.taps = [(..., slice(offset, offset + length)) for offset in offsets]
            self.total = max(self.total, offsets[-1] + length)

    def zeros(self, like: AnyArray, count: int, channels: int) -> AnyArray:
        """The padded array of ``count`` samples, yet empty."""
        shape = (self.total,) if self.as_runs else self.padded
        return np.zeros_like(like, order="C", shape=(count, channels, *shape))

    def inner(self, whole: AnyArray) -> AnyArray:
        """The part of a padded array that is not padding: a view."""
        if self.as_runs:
            whole = whole[:, :, : math.prod(self.padded)].reshape(*whole.shape[:2], *self.padded)
        return whole[inside(self.size, self.pads)]

    def around(self, x: AnyArray) -> AnyArray:
        """x with zeros around it, and where windows are runs behind it."""
        if self.padded == x.shape[2:] and self.total == math.prod(self.padded):
            return _flat(x) if self.as_runs else x
        whole = self.zeros(x, x.shape[0], x.shape[1])
        self.inner(whole)[...] = x
        return whole

    def widened(self, g: AnyArray) -> AnyArray:
        """(N, F, places) from (N, F, *out): of runs with zeros beyond each row's end."""
        if self.wide == g.shape[2:]:
            return _flat(g)
        wide = np.zeros_like(g, order="C", shape=(*g.shape[:2], *self.wide))
        wide[self.cut] = g
        return _flat(wide)

    def blocks(self, like: AnyArray, count: int, channels: int, groups: int) -> Iterator[tuple[slice, Any, Any]]:
        """As many samples as fit in the cache, and room for their columns, the same for every block.

        As matrices (B, groups, C/groups·K, P) and, the same memory, as (B, C, K, *places).
        """
        taps, width = len(self.taps), math.prod(self.places)
        size = max(1, _BLOCK // max(1, channels * taps * width * like.dtype.itemsize))
        room = np.empty_like(like, order="C", shape=(min(count, size), groups, channels // groups * taps, width))
        for start in range(0, count, size):
            matrices = room[: min(size, count - start)]
            yield slice(start, start + size), matrices, matrices.reshape(-1, channels, taps, *self.places)

    def columns(self, x: AnyArray, groups: int) -> Iterator[tuple[slice, Any]]:
        """Block by block the samples, and their columns (B, groups, C/groups·K, P), written over by the next."""
        whole = self.around(x)
        if len(self.taps) == 1:
            yield slice(None), _by_group(_flat(whole[self.taps[0]])[:, :, None], groups)
            return
        for block, matrices, columns in self.blocks(x, x.shape[0], x.shape[1], groups):
            part = whole[block]
            for k, tap in enumerate(self.taps):
                columns[:, :, k] = part[tap]
            yield block, matrices


@functools.lru_cache(maxsize=256)
def _windows(
    channels: int, filters: int, size: Sizes, kernel: Sizes, stride: Sizes, pads: Pads, dilation: Sizes
) -> _Windows:
    """As runs where strides are 1, unless more rows would be cut off the result than are copied into the columns."""
    as_runs = set(stride) == {1} and channels * math.prod(kernel) > filters
    return _Windows(size, kernel, stride, pads, dilation, as_runs)


def _of_x(
    g: AnyArray, weight: AnyArray, size: Sizes, stride: Sizes, pads: Pads, dilation: Sizes, groups: int
) -> AnyArray:
    """Wᴴ g, folded."""
    count, channels, kernel = g.shape[0], weight.shape[1] * groups, weight.shape[2:]
    matrices = conjugate(np.swapaxes(_matrices(weight, groups), -1, -2))
    if not _plain(g, weight):
        columns = matrices @ _by_group(_flat(g)[:, :, None], groups)
        columns = np.reshape(columns, (count, channels, math.prod(kernel), columns.shape[3]))
        return fold(columns, size, kernel, stride, dilation, pads)
    windows = _windows(channels, g.shape[1], size, kernel, stride, pads, dilation)
    flat = _by_group(windows.widened(g)[:, :, None], groups)
    if len(windows.taps) == 1 and windows.padded == windows.out == size:  # 1×1: nothing to fold
        return np.matmul(matrices, flat).reshape(count, channels, *size)
    whole = windows.zeros(g, count, channels)
    times = np.multiply if g.shape[1] == groups else np.matmul  # of a column with a row
    for block, products, columns in windows.blocks(g, count, channels, groups):
        times(matrices, flat[block], products)
        part = whole[block]
        for k, tap in enumerate(windows.taps):
            np.add(part[tap], columns[:, :, k], part[tap])
    return windows.inner(whole)


def _of_weight(
    g: AnyArray, x: AnyArray, kernel: Sizes, stride: Sizes, pads: Pads, dilation: Sizes, groups: int
) -> AnyArray:
    """Σ g columnsᴴ over the batch."""
    filters, depth = g.shape[1], x.shape[1] // groups
    if not _plain(g, x):
        columns = _by_group(unfold(x, kernel, stride, dilation, pads), groups)
        flat = _by_group(_flat(g)[:, :, None], groups)
        total = np.sum(flat @ conjugate(np.swapaxes(columns, -1, -2)), axis=0)
        return np.reshape(total, (filters, depth, *kernel))
    windows = _windows(x.shape[1], filters, x.shape[2:], kernel, stride, pads, dilation)
    if depth == 1 and filters == groups:
        return _of_own_weights(windows, g, x).reshape(filters, depth, *kernel)
    flat = np.swapaxes(_by_group(windows.widened(g)[:, :, None], groups), -1, -2)
    total = np.zeros_like(g, order="C", shape=(groups, depth * math.prod(kernel), filters // groups))
    for block, columns in windows.columns(conjugate(x), groups):  # columns* gᵀ: the way round that BLAS is faster at
        total = total + np.add.reduce(np.matmul(columns, flat[block]), axis=0)
    return np.swapaxes(total, -1, -2).reshape(filters, depth, *kernel)


def _of_own_weights(windows: _Windows, g: AnyArray, x: AnyArray) -> Any:
    """The same where each channel has its own filter: products of vectors (x conjugated there), no columns. (C, K)."""
    whole = windows.around(x)
    cotangents = np.reshape(windows.widened(g), (*g.shape[:2], *windows.places))
    axes = (0, *range(2, 1 + len(windows.places)))
    return np.stack([np.add.reduce(np.vecdot(whole[tap], cotangents), axis=axes) for tap in windows.taps], axis=1)


def _of_bias(g: AnyArray) -> AnyArray:
    rows = _flat(g)
    if not _plain(g):
        return np.sum(rows, axis=(0, 2))
    return np.add.reduce(rows @ np.ones_like(g, order="C", shape=rows.shape[-1:]), axis=0)


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
    if not _plain(x, weight):
        return composed(x, weight, bias, stride, pads, dilation, groups)
    windows = _windows(x.shape[1], weight.shape[0], size, kernel, stride, pads, dilation)
    matrices, width = _matrices(weight, groups), math.prod(windows.places)
    dtype = np.result_type(x.dtype, weight.dtype)
    y = np.empty_like(x, dtype, order="C", shape=(x.shape[0], *matrices.shape[:2], width))
    for block, columns in windows.columns(x, groups):
        np.matmul(matrices, columns, y[block])
    y, bias = y.reshape(x.shape[0], weight.shape[0], *windows.wide), bias.reshape(-1, *[1] * len(size))
    if windows.wide != windows.out or bias.dtype != dtype:
        return y[windows.cut] + bias
    y += bias
    return y
