"""A = P L U, of matrices of any shape: the factors, LAPACK's packed form of them, and solutions from it.

SciPy factorises. Derivatives: de Hoog, Anderssen and Lukas (2011), "Differentiation of matrix functionals using
triangular factorization", section 3; by blocks where A is not square.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ...batching.batched import one_by_one
from ...engine.forms import primitive
from ...engine.tensor import bare
from .functions import solve_triangular
from .parts import adjoint

if TYPE_CHECKING:
    from ...support.types import AnyArray, ArrayLike

__all__ = ["lu", "lu_factor", "lu_solve"]


def _back(g: AnyArray, a: AnyArray, ans: AnyArray) -> AnyArray:
    """Of the square block with F = L⁻¹ Ȧ U⁻¹: L̇ = L tril(F, −1), U̇ = triu(F) U. Beside it stand U₂ = L⁻¹ A₂, where
    A is wide, and L₂ = A₂ U⁻¹, where it is tall."""
    m, n = np.shape(a)[-2:]
    k = min(m, n)
    packed, g = ans[..., :n], g[..., :n]
    lower, upper = triangles(packed[..., :k, :k])
    of_lower = adjoint(lower) @ np.tril(g[..., :k, :k], -1) - g[..., :k, k:] @ adjoint(packed[..., :k, k:])
    of_upper = np.triu(g[..., :k, :k]) @ adjoint(upper) - adjoint(packed[..., k:, :k]) @ g[..., k:, :k]
    inner = np.tril(of_lower, -1) + np.triu(of_upper)
    wide = solve_triangular(adjoint(lower), np.concatenate([inner, g[..., :k, k:]], -1), unit_diagonal=True)
    inner, beside = wide[..., :k], wide[..., k:]
    below = solve_triangular(upper, adjoint(np.concatenate([inner, g[..., k:, :k]], -2)))
    back = np.concatenate([adjoint(below), beside], -1) if n > k else adjoint(below)
    return np.take_along_axis(back, np.argsort(_order(ans), axis=-1)[..., None], axis=-2)


def triangles(packed: AnyArray) -> tuple[AnyArray, AnyArray]:
    """L, with its ones, and U."""
    k = min(np.shape(packed)[-2:])
    lower = np.tril(packed[..., :, :k], -1) + np.eye(np.shape(packed)[-2], k, dtype=packed.dtype)
    return lower, np.triu(packed[..., :k, :])


def _order(factors: AnyArray) -> AnyArray:
    """Which row of A each row of L U is."""
    return bare(factors)[..., -1].real.astype(np.intp)


@primitive(
    name="linalg.lu_factors",
    a=_back,
    fix="a singular matrix has no derivative of its factors; add a small multiple of the identity.",
)
@one_by_one
def _factors(a):
    """L and U in one matrix, and a last column that says which row of A each of its rows is."""
    import scipy.linalg

    found = np.zeros((*a.shape[:-1], a.shape[-1] + 1), a.dtype)
    for i in np.ndindex(*a.shape[:-2]) if a.size else ():
        rows, lower, upper = scipy.linalg.lu(a[i], p_indices=True)
        k = upper.shape[0]
        found[i][:, :k] = np.tril(lower, -1)
        found[i][:k, :-1] += upper
        found[i][:, -1] = np.argsort(rows)
    return found


def _factored(name: str, a: ArrayLike) -> tuple[AnyArray, Any]:
    if np.ndim(a) < 2:
        raise ValueError(f"{name}: needs matrices, not an array of shape {tuple(np.shape(a))}.")
    factors = _factors(a)
    order = _order(factors) if np.size(a) else np.broadcast_to(np.arange(np.shape(a)[-2]), np.shape(a)[:-1])
    return factors[..., :-1], order


def lu(a: ArrayLike) -> tuple[AnyArray, AnyArray, AnyArray]:
    """P, L and U with A = P L U: a permutation, a lower triangle with ones on the diagonal, an upper triangle.

    a : of shape (…, m, n); where it is differentiated, its first min(m, n) pivots are not zero

    >>> lu(np.array([[0.0, 1.0], [2.0, 0.0]]))[2]
    array([[2., 0.],
           [0., 1.]])
    """
    packed, order = _factored("lu", a)
    places = np.equal(order[..., None, :], np.arange(order.shape[-1])[:, None])
    return places.astype(packed.dtype), *triangles(packed)


def lu_factor(a: ArrayLike) -> tuple[AnyArray, Any]:
    """L and U in one matrix, without the ones of L, and LAPACK's pivots: row i was exchanged with row pivots[i].

    a : of shape (…, m, n)

    >>> lu_factor(np.array([[0.0, 1.0], [2.0, 0.0]]))
    (array([[2., 0.],
           [0., 1.]]), array([1, 1]))
    """
    packed, order = _factored("lu_factor", a)
    return packed, _pivots(order, min(np.shape(a)[-2:]))


@one_by_one
def _pivots(order: AnyArray, k: int) -> AnyArray:
    pivots = np.empty((*order.shape[:-1], k), np.intp)
    for i in np.ndindex(*order.shape[:-1]):
        now = list(range(order.shape[-1]))  # which row of A lies where
        for row in range(k):
            there = now.index(order[i][row], row)
            now[row], now[there] = now[there], now[row]
            pivots[i][row] = there
    return pivots


@one_by_one
def exchanged(pivots: AnyArray, rows: int) -> AnyArray:
    """Which row of A each row of L U is, by LAPACK's pivots.

    pivots : of shape (…, k)
    rows : how many A has

    >>> exchanged(np.array([1, 1]), 2)
    array([1, 0])
    """
    order = np.empty((*pivots.shape[:-1], rows), np.intp)
    order[...] = np.arange(rows)
    for i in np.ndindex(*pivots.shape[:-1]):
        for row, there in enumerate(pivots[i]):
            order[i][[row, there]] = order[i][[there, row]]
    return order


def lu_solve(lu_and_piv: tuple[Any, Any], b: AnyArray, trans: int = 0) -> AnyArray:
    """X with A X = B, from what ``lu_factor`` gives of A.

    lu_and_piv : the factors of shape (…, n, n) and the pivots
    b : of shape (n,), or (…, n, k)
    trans : 0: A X = B; 1: AᵀX = B; 2: AᴴX = B

    >>> lu_solve(lu_factor(np.array([[0.0, 1.0], [2.0, 0.0]])), np.array([3.0, 4.0]))
    array([2., 3.])
    """
    packed, pivots = lu_and_piv
    if np.ndim(packed) < 2 or np.shape(packed)[-1] != np.shape(packed)[-2]:
        raise ValueError(f"lu_solve: needs factors of square matrices, not {tuple(np.shape(packed))}.")
    if trans not in (0, 1, 2):
        raise ValueError(f"lu_solve: trans={trans!r}. Fix: give 0, 1 or 2.")
    lower, upper = triangles(packed)
    order = exchanged(bare(pivots), np.shape(packed)[-1])
    vector = np.ndim(b) == 1
    x = b[:, None] if vector else b
    if trans == 0:
        x = solve_triangular(upper, solve_triangular(lower, _permuted(x, order), lower=True))
    else:
        turn = adjoint if trans == 2 else lambda m: np.swapaxes(m, -1, -2)
        x = solve_triangular(turn(lower), solve_triangular(turn(upper), x, lower=True))
        x = _permuted(x, np.argsort(order, axis=-1))
    return x[..., 0] if vector else x


def _permuted(x: AnyArray, order: AnyArray) -> AnyArray:
    stack = np.broadcast_shapes(order.shape[:-1], np.shape(x)[:-2])
    order = np.broadcast_to(order, (*stack, order.shape[-1]))
    return np.take_along_axis(np.broadcast_to(x, (*stack, *np.shape(x)[-2:])), order[..., None], axis=-2)
