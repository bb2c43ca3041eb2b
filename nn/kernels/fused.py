"""The linear layer as one row, and what its cotangents are made of."""

from __future__ import annotations

import functools
import math
from typing import TYPE_CHECKING

import numpy as np

import autograd_core as ag
from autograd_core.engine.arithmetic import conjugate
from autograd_core.engine.node import PLAIN

if TYPE_CHECKING:
    from autograd_core.support.types import AnyArray, DTypeLike


def _rows(x: AnyArray) -> AnyArray:
    """(…, n) as a matrix with n columns."""
    return x if x.ndim == 2 else np.reshape(x, (math.prod(x.shape[:-1]), x.shape[-1]))


def _times(x: AnyArray, matrix: AnyArray) -> AnyArray:
    """x (…, n) times a matrix; of an array in one product, which NumPy would split into one for each matrix in x."""
    if x.ndim == 2 or type(x) not in PLAIN:
        return np.matmul(x, matrix)
    return np.matmul(_rows(x), matrix).reshape(*x.shape[:-1], matrix.shape[1])


def column_sums(g: AnyArray) -> AnyArray:
    """Sums over all axes but the last; of an array as a product with ones, which is several times faster."""
    g = _rows(g)
    return np.matmul(ones(g.shape[0], g.dtype), g) if type(g) in PLAIN else np.sum(g, axis=0)


@functools.lru_cache(maxsize=64)
def ones(count: int, dtype: DTypeLike) -> AnyArray:
    """As many ones, to sum by a product: one array for all."""
    made = np.ones(count, dtype)
    made.flags.writeable = False
    return made


@ag.primitive(
    contract="x.shape[-1] == weight.shape[-1]",
    x=lambda g, weight: _times(g, conjugate(weight)),
    weight=lambda g, x: np.matmul(_rows(g).T, conjugate(_rows(x))),
    bias=lambda g: column_sums(g),
    jvp={
        "x": lambda t, weight: np.matmul(t, weight.T),
        "weight": lambda t, x: np.matmul(x, t.T),
        "bias": lambda t: t,
    },
    flops=(
        lambda call: math.prod(call.out) * (2 * call.shapes[1][1] + 1),
        lambda call: (
            2 * math.prod(call.out) * call.shapes[1][1] * sum(call.tracked[:2])
            + call.tracked[2] * (math.prod(call.out) - call.out[-1])
        ),
    ),
)
def linear(x, weight, bias):
    """x Wᵀ + b in one row: its cotangents are g W, gᵀ x and Σ g, with the conjugates of complex W and x."""
    y = _times(x, weight.T)
    if y.dtype is not bias.dtype:
        return y + bias
    y += bias
    return y
