"""LAPACK's factors, as PyTorch spells them: packed triangles and reflections."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..ops.linalg import pivoting as _lu
from ..ops.linalg.functions import expm as matrix_exp
from ..ops.linalg.parts import adjoint

if TYPE_CHECKING:
    from ..support.types import AnyArray

__all__ = ["lu", "lu_solve", "lu_unpack", "matrix_exp", "orgqr", "ormqr"]


class LU(NamedTuple):
    """The factors in one matrix, and LAPACK's pivots, which count from 1."""

    LU: Any
    pivots: Any


class Factors(NamedTuple):
    """A = P L U."""

    P: Any
    L: Any
    U: Any


def lu_factor(A: AnyArray, *, pivot: bool = True) -> LU:
    """L and U in one matrix, without the ones of L, and LAPACK's pivots."""
    if not pivot:
        raise NotImplementedError("lu_factor: pivot=False is a GPU's. Fix: pivot=True, which is stable.")
    packed, pivots = _lu.lu_factor(A)
    return LU(packed, (pivots + 1).astype(np.int32))


def lu(A: AnyArray, pivot: bool = True, get_infos: bool = False) -> Any:
    """``lu_factor``, and whether a pivot is zero (its number), where ``get_infos``."""
    packed, pivots = lu_factor(A, pivot=pivot)
    return (packed, pivots, singular(packed)) if get_infos else (packed, pivots)


def singular(packed: AnyArray) -> Any:
    """The number of the first pivot that is zero, from 1; 0 where none is."""
    zero = np.equal(np.diagonal(packed, axis1=-2, axis2=-1), 0)
    first = np.argmax(zero, axis=-1) + 1 if zero.shape[-1] else np.zeros(zero.shape[:-1], int)
    return np.where(np.any(zero, axis=-1), first, 0).astype(np.int32)


def lu_unpack(LU_data: AnyArray, LU_pivots: Any, unpack_data: bool = True, unpack_pivots: bool = True) -> Factors:
    """P, L and U of what ``lu`` gives; an empty array for what is not asked for."""
    rows = np.shape(LU_data)[-2]
    none: AnyArray = np.zeros(0, LU_data.dtype)
    places = lower = upper = none
    if unpack_pivots:
        order = _lu.exchanged(LU_pivots - 1, rows)
        places = np.equal(order[..., None, :], np.arange(rows)[:, None]).astype(LU_data.dtype)
    if unpack_data:
        lower, upper = _lu.triangles(LU_data)
    return Factors(places, lower, upper)


def lu_solve(b: AnyArray, LU_data: AnyArray, LU_pivots: Any) -> AnyArray:
    """X with A X = b, from what ``lu`` gives of A."""
    return _lu.lu_solve((LU_data, LU_pivots - 1), b)


def _reflected(x: AnyArray, a: AnyArray, tau: AnyArray, transpose: bool) -> AnyArray:
    """H₁ H₂ … x, or its adjoint's product, with Hᵢ = I − τᵢ vᵢ vᵢᴴ and vᵢ = (0, …, 0, 1, a[i+1:, i])."""
    count = np.shape(tau)[-1]
    below = np.tril(a, -1) + np.eye(*np.shape(a)[-2:], dtype=a.dtype)
    for i in range(count) if transpose else reversed(range(count)):
        v = below[..., :, i : i + 1]
        t = tau[..., i : i + 1, None]
        x = x - (np.conj(t) if transpose else t) * v @ (adjoint(v) @ x)
    return x


def orgqr(input: AnyArray, tau: AnyArray) -> AnyArray:
    """The first columns of the product of reflections that LAPACK's ``geqrf`` keeps below the diagonal."""
    eye = np.eye(*np.shape(input)[-2:], dtype=input.dtype)
    return _reflected(np.broadcast_to(eye, np.shape(input)), input, tau, False)


def ormqr(input: AnyArray, tau: AnyArray, other: AnyArray, left: bool = True, transpose: bool = False) -> AnyArray:
    """Q C, C Q, or with Q's adjoint, for the square Q of the reflections."""
    if left:
        return _reflected(other, input, tau, transpose)
    return adjoint(_reflected(adjoint(other), input, tau, not transpose))
