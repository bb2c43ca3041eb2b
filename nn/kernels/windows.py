"""unfold and fold: all windows of an array side by side, and their sum back into place. Each is the other's adjoint.

Convolution is a matrix product with ``unfold``, transposed convolution ``fold`` of a matrix product, pooling a
reduction over the windows.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

import autograd_core as ag
from autograd_core.engine import entry

if TYPE_CHECKING:
    from autograd_core.support.types import AnyArray

Sizes = tuple[int, ...]
Pads = tuple[tuple[int, int], ...]


def sizes(value: object, dims: int, what: str, least: int = 1) -> Sizes:
    """One number for each of ``dims`` axes, from a number or a sequence of them."""
    value = entry.setting(value, *what.split(": "))
    values = tuple(value) if isinstance(value, (tuple, list, np.ndarray)) else (value,)
    if len(values) == 1:
        values *= dims
    whole = all(isinstance(v, (int, np.integer)) and not isinstance(v, bool) for v in values)
    if not whole or len(values) != dims or min(values) < least:
        kind = ValueError if whole else TypeError
        raise kind(f"{what}={value!r}; give a whole number of at least {least}, or {dims} of them.")
    return tuple(map(int, values))


def windows_along(size: int, kernel: int, stride: int, dilation: int, pads: tuple[int, int]) -> int:
    """How many windows fit along an axis: ⌊(size + pads − dilation·(kernel − 1) − 1) / stride⌋ + 1."""
    return (size + sum(pads) - dilation * (kernel - 1) - 1) // stride + 1


def outs(size: Sizes, kernel: Sizes, stride: Sizes, dilation: Sizes, pads: Pads) -> Sizes:
    """How many windows fit along each axis."""
    return tuple(windows_along(*axis) for axis in zip(size, kernel, stride, dilation, pads, strict=True))


def places(kernel: Sizes, out: Sizes, stride: Sizes, dilation: Sizes) -> Iterator[tuple[Any, Any]]:
    """For each place in the window its index, and the slices of the array that it takes over all windows."""
    for place in itertools.product(*map(range, kernel)):
        starts = [p * d for p, d in zip(place, dilation, strict=True)]
        taken = tuple(slice(a, a + s * (n - 1) + 1, s) for a, s, n in zip(starts, stride, out, strict=True))
        yield place, taken


def inside(size: Sizes, pads: Pads) -> Any:
    """Where the array lies in its padded self."""
    return (..., *(slice(a, a + n) for n, (a, _) in zip(size, pads, strict=True)))


@ag.linear(
    x=lambda g, x, kernel, stride, dilation, pads: fold(g, x.shape[2:], kernel, stride, dilation, pads),
    flops=(lambda call: 0, lambda call: math.prod(call.out)),
)
def unfold(x, kernel, stride, dilation, pads):
    """(N, C, *size) → (N, C, K, P): the K = Πkernel numbers of each of the P windows, zeros beyond the edges.

    >>> x = np.arange(4.0).reshape(1, 1, 4)
    >>> unfold(x, (2,), (1,), (1,), ((0, 0),))[0, 0]
    array([[0., 1., 2.],
           [1., 2., 3.]])
    """
    axes = zip(x.shape[2:], kernel, stride, dilation, pads, strict=True)
    out = tuple(windows_along(*axis) for axis in axes)
    if any(map(any, pads)):
        padded = np.zeros_like(x, shape=(*x.shape[:2], *(n + sum(p) for n, p in zip(x.shape[2:], pads, strict=True))))
        padded[inside(x.shape[2:], pads)] = x
        x = padded
    columns = np.empty_like(x, shape=(*x.shape[:2], *kernel, *out))
    for place, taken in places(kernel, out, stride, dilation):
        columns[(slice(None), slice(None), *place)] = x[(..., *taken)]
    return np.reshape(columns, (*x.shape[:2], math.prod(kernel), math.prod(out)))


@ag.linear(
    columns=lambda g, kernel, stride, dilation, pads: unfold(g, kernel, stride, dilation, pads),
    flops=(lambda call: math.prod(call.shapes[0]), lambda call: 0),
)
def fold(columns, size, kernel, stride, dilation, pads):
    """(N, C, K, P) → (N, C, *size): every window added up at its place; what lies beyond the edges is dropped.

    >>> fold(np.ones((1, 1, 2, 3)), (4,), (2,), (1,), (1,), ((0, 0),))[0, 0]
    array([1., 2., 2., 1.])
    """
    out = tuple(windows_along(*axis) for axis in zip(size, kernel, stride, dilation, pads, strict=True))
    columns = np.reshape(columns, (*columns.shape[:2], *kernel, *out))
    whole = np.zeros_like(columns, shape=(*columns.shape[:2], *(n + sum(p) for n, p in zip(size, pads, strict=True))))
    for place, taken in places(kernel, out, stride, dilation):
        whole[(..., *taken)] += columns[(slice(None), slice(None), *place)]
    return whole[inside(size, pads)]


def batched(input: AnyArray, dims: int, layer: str) -> tuple[AnyArray, bool]:
    """(N, C, *size), from that or from (C, *size) without a batch; and whether the batch axis was added."""
    if np.ndim(input) == dims + 2:
        return input, False
    if np.ndim(input) == dims + 1:
        return np.reshape(input, (1, *input.shape)), True
    axes = ("C, L", "C, H, W", "C, D, H, W")[dims - 1]
    raise ValueError(f"{layer}: input of shape {np.shape(input)}; expected (N, {axes}) or ({axes}).")
