"""Max pooling as one primitive, for a benchmark shows that it pays: no copy of every window.

Wherever something is not a plain array (forward mode, higher orders), ``windowed_max``, made of ``unfold``, is
differentiated instead; the tests hold the fused form to it.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

import autograd_core as ag
from autograd_core.engine.node import PLAIN

from .windows import Sizes, outs, places, unfold

if TYPE_CHECKING:
    from autograd_core.support.types import AnyArray

__all__ = ["max_of_windows", "windowed_max"]


def windowed_max(x: AnyArray, kernel: Sizes, stride: Sizes, dilation: Sizes) -> AnyArray:
    """The largest number of every window, by ``unfold`` and ``max``."""
    out = outs(x.shape[2:], kernel, stride, dilation, ((0, 0),) * len(kernel))
    columns = unfold(x, kernel, stride, dilation, ((0, 0),) * len(kernel))
    return np.reshape(np.max(columns, axis=2), (*x.shape[:2], *out))


def _to_the_largest(g: AnyArray, x: AnyArray, ans: AnyArray, kernel: Sizes, stride: Sizes, dilation: Sizes) -> AnyArray:
    """Each window's g in equal shares to those that are the largest."""
    if not all(type(a) in PLAIN for a in (g, x, ans)):
        return ag.vjp(lambda x: windowed_max(x, kernel, stride, dilation), x)[1](g)[0]
    taken = [(..., *place) for _, place in places(kernel, ans.shape[2:], stride, dilation)]
    hits = [np.equal(x[place], ans) for place in taken]
    count = np.zeros_like(ans, np.int8 if len(hits) < 128 else np.int32, order="C")
    for hit in hits:
        np.add(count, hit, count)
    share = g / np.maximum(count, 1).astype(g.dtype)  # 0 hits where a NaN is the largest
    apart = all(d * (k - 1) < s for k, s, d in zip(kernel, stride, dilation, strict=True))
    whole = (np.empty_like if apart and len(hits) * ans.size == x.size else np.zeros_like)(x, g.dtype, order="C")
    for place, hit in zip(taken, hits, strict=True):
        part = whole[place]
        if apart:  # no two windows see the same number
            np.multiply(share, hit, part)
        else:
            np.add(part, share * hit, part)
    return whole


def _largest_tangent(t: AnyArray, x: AnyArray, kernel: Sizes, stride: Sizes, dilation: Sizes) -> AnyArray:
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
    out = outs(x.shape[2:], kernel, stride, dilation, ((0, 0),) * len(kernel))
    first, *others = [x[(..., *place)] for _, place in places(kernel, out, stride, dilation)]
    if not others:
        return first.copy()
    largest = np.maximum(first, others[0])
    for part in others[1:]:
        np.maximum(largest, part, out=largest)
    return largest
