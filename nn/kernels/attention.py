"""Scaled dot-product attention as one primitive, which pays where there are many scores: they are never all there.

The scores of all queries with all keys are made for as many heads as fit in the cache, and made again on the way back
(Dao et al. 2022). Wherever something is not a
plain array (forward mode, higher orders), or not of one dtype, ``attention_by_steps`` is differentiated instead; the
tests hold the fused form to it.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

import autograd_core as ag
from autograd_core.engine.node import PLAIN
from autograd_core.engine.tensor import bare
from autograd_core.support.arrays import highest

if TYPE_CHECKING:
    from autograd_core.support.types import AnyArray, Array

__all__ = ["attention", "attention_by_steps", "attention_weights", "pays"]

_BLOCK = 2**18
"""How many scores are made at a time: in float32 half of a usual second-level cache, or all of it."""


def pays(query: AnyArray, key: AnyArray, bias: AnyArray | None, scale: object) -> bool:
    """Whether ``attention`` is the better way: there are more scores than fit in the cache, and bias is constant."""
    scores = (*query.shape[:-1], key.shape[-2])
    if math.prod(scores) <= _BLOCK or type(scale) not in (float, int) or isinstance(bias, ag.Tensor):
        return False
    shape = () if bias is None else bias.shape
    return len(shape) <= len(scores) and all(m in (1, n) for m, n in zip(shape[::-1], scores[::-1], strict=False))


def attention_weights(query: AnyArray, key: AnyArray, bias: AnyArray | None, scale: float) -> Any:
    """softmax(scale · Q Kᵀ + bias) along the keys; a query whose bias is −∞ everywhere gives weights of 0."""
    scores = (query * scale) @ np.swapaxes(key, -1, -2)
    if bias is None:
        return ag.softmax(scores, -1)
    blind = np.all(np.equal(bare(bias), -np.inf), axis=-1, keepdims=True)  # ∞ − ∞ in the softmax would make NaN
    return np.where(blind, 0, ag.softmax(scores + np.where(blind, 0, bias), -1))


def attention_by_steps(
    query: AnyArray, key: AnyArray, value: AnyArray, bias: AnyArray | None, scale: float
) -> AnyArray:
    """``attention`` in as many rows as it has steps."""
    return attention_weights(query, key, bias, scale) @ value


def _fits(*arrays: AnyArray) -> bool:
    """Plain arrays of float32 or float64, with the same axes before the last two."""
    dtype, lead = arrays[0].dtype, arrays[0].shape[:-2]
    return dtype.char in "fd" and all(type(a) in PLAIN and a.dtype == dtype and a.shape[:-2] == lead for a in arrays)


def _blocks(lead: tuple[int, ...], scores: int) -> Iterator[tuple[Any, ...]]:
    """Indices into the leading axes, each of as many matrices of so many scores as fit in the cache, or of one."""
    rest = math.prod(lead[1:]) * scores
    if not lead or lead[0] * rest <= _BLOCK:
        yield ()
    elif rest > _BLOCK:
        yield from ((i, *more) for i in range(lead[0]) for more in _blocks(lead[1:], scores))
    else:
        size = _BLOCK // rest
        yield from ((slice(start, start + size),) for start in range(0, lead[0], size))


def _weights(query: Array, key: Array, bias: Array | None, scale: Array) -> tuple[Array, Array]:
    """The weights of plain arrays, times their sums along the keys; and those sums."""
    weights = np.matmul(query * scale, np.swapaxes(key, -1, -2))
    if bias is not None:
        np.add(weights, bias, weights)
    largest = highest(weights, axis=-1, keepdims=True, initial=-np.inf)
    if bias is not None:
        largest = np.where(np.equal(largest, -np.inf), 0, largest)  # sees nothing: all weights are 0
    np.subtract(weights, largest, weights)
    np.exp(weights, weights)
    total = np.add.reduce(weights, axis=-1, keepdims=True)
    return weights, total if bias is None else np.where(np.equal(total, 0), 1, total)


def _of_attention(
    g: AnyArray, query: AnyArray, key: AnyArray, value: AnyArray, ans: AnyArray, bias: AnyArray | None, scale: float
) -> tuple[AnyArray, ...]:
    if not _fits(g, query, key, value, ans):
        return ag.vjp(functools.partial(attention_by_steps, bias=bias, scale=scale), query, key, value)[1](g)
    of_query, of_key, of_value = (np.empty_like(x, order="C") for x in (query, key, value))
    factor, bias = np.array(scale, query.dtype), _stretched(bias, query, key)
    for b in _blocks(query.shape[:-2], query.shape[-2] * key.shape[-2]):
        q, k, v, u = query[b], key[b], value[b], g[b]
        weights, total = _weights(q, k, None if bias is None else bias[b], factor)
        np.divide(weights, total, weights)
        np.matmul(np.swapaxes(weights, -1, -2), u, of_value[b])
        slopes = np.matmul(u, np.swapaxes(v, -1, -2))
        np.subtract(slopes, np.add.reduce(u * ans[b], axis=-1, keepdims=True), slopes)
        np.multiply(slopes, weights, slopes)
        np.matmul(slopes, k, of_query[b])
        np.matmul(np.swapaxes(slopes, -1, -2), q, of_key[b])
    np.multiply(of_query, factor, of_query)
    np.multiply(of_key, factor, of_key)
    return of_query, of_key, of_value


def _stretched(bias: AnyArray | None, query: AnyArray, key: AnyArray) -> AnyArray | None:
    return None if bias is None else np.broadcast_to(bias, (*query.shape[:-1], key.shape[-2]))


@ag.primitive(
    contract="key.shape[-2] == value.shape[-2]",
    together=_of_attention,
    flops=(lambda call: _operations(call, 1, 1, 4), lambda call: _operations(call, 3, 2, 8)),
)
def attention(query, key, value, bias=None, scale=1.0):
    """softmax(scale · Q Kᵀ + bias) V for Q (…, L, E), K (…, S, E), V (…, S, D) and a constant bias (…, L, S) or none.

    >>> attention(np.zeros((1, 3)), np.zeros((2, 3)), np.array([[2.0], [4.0]]))
    array([[3.]])
    """
    if not _fits(query, key, value):
        return attention_by_steps(query, key, value, bias, scale)
    out = np.empty_like(query, order="C", shape=(*query.shape[:-1], value.shape[-1]))
    factor, bias = np.array(scale, query.dtype), _stretched(bias, query, key)
    for b in _blocks(query.shape[:-2], query.shape[-2] * key.shape[-2]):
        weights, total = _weights(query[b], key[b], None if bias is None else bias[b], factor)
        np.matmul(weights, value[b], out[b])
        np.divide(out[b], total, out[b])
    return out


def _operations(call: Any, of_keys: int, of_values: int, others: int) -> int:
    """Products of the queries with the keys and with the values, and operations on each score."""
    *lead, length, width = call.shapes[0]
    keys, depth = call.shapes[2][-2:]
    scores = math.prod(lead) * length * keys
    return scores * (2 * of_keys * width + 2 * of_values * depth + others)
