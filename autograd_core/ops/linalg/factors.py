"""Triangular factors of matrices."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ...engine.forms import primitive
from ...engine.registry import implements
from ..composites import composite
from .parts import adjoint, folded, mirrored, packed, solved, unpacked, without_diagonal

if TYPE_CHECKING:
    from ...support.types import AnyArray

__all__ = ["cholesky", "qr"]

# With Φ(x), the lower triangle of x with half its diagonal: L̇ = L Φ(L⁻¹ ȧ L⁻ᴴ). (Murray, Differentiation of the
# Cholesky decomposition, 2016, eqs. 8 and 10.)


@implements(np.linalg.cholesky)
@primitive(
    name="linalg.cholesky",
    a=lambda g, ans, upper: folded(_cholesky_back(*(adjoint(x) if upper else x for x in (g, ans))), not upper),
    jvp={"a": lambda t, ans, upper: _cholesky_push(mirrored(t, not upper), ans, upper)},
    fix="give matrices that are positive definite, x @ x.mT plus a small multiple of the identity.",
)
def cholesky(a, /, *, upper=False):
    """The lower triangular L with L Lᴴ = a, or the upper triangular U with Uᴴ U = a, of positive definite matrices.

    Only that triangle of ``a`` is read.

    >>> cholesky(np.array([[4.0, 0.0], [0.0, 9.0]]))
    array([[2., 0.],
           [0., 3.]])
    """
    return np.linalg.cholesky(a, upper=upper) if upper else np.linalg.cholesky(a)


def _half(x: AnyArray) -> AnyArray:
    return 0.5 * (np.tril(x) + np.tril(x, -1))


def _cholesky_back(g: AnyArray, factor: AnyArray) -> AnyArray:
    inner = _half(adjoint(factor) @ g)
    above = np.linalg.solve(adjoint(factor), 0.5 * (inner + adjoint(inner)))
    return np.linalg.solve(adjoint(factor), adjoint(above))


def _cholesky_push(t: AnyArray, ans: AnyArray, upper: bool) -> AnyArray:
    factor = adjoint(ans) if upper else ans
    above = np.linalg.solve(factor, t)
    moved = factor @ _half(np.linalg.solve(factor, adjoint(above)))
    return adjoint(moved) if upper else moved


# Of a = Q R, square or tall, with M = Qᴴ ȧ R⁻¹: Q̇ = Q Ω + (1 − Q Qᴴ) ȧ R⁻¹ and Ṙ = (M − Ω) R, where Ω is anti-Hermitian
# and agrees with M below the diagonal; on it, it takes the imaginary part, for LAPACK keeps R's diagonal real. Of a
# wide matrix the left square is factored so, and the other columns of R are Qᴴ times those of a.


@primitive(
    name="linalg.qr",
    a=lambda g, a, ans, complete: _qr_back(g, a, ans, complete),
    jvp={"a": lambda t, a, ans, complete: _qr_push(t, a, ans, complete)},
)
def _qr(a, complete=False):
    return packed(len(a.shape) - 2, *np.linalg.qr(a, "complete" if complete else "reduced"))


def _qr_parts(row: AnyArray, a: AnyArray, complete: bool) -> list[AnyArray]:
    m, n = a.shape[-2:]
    k = m if complete else min(m, n)
    return unpacked(row, (m, k), (k, n))


def _qr_back(g: AnyArray, a: AnyArray, ans: AnyArray, complete: bool) -> AnyArray:
    (q, r), (q_bar, r_bar) = _qr_parts(ans, a, complete), _qr_parts(g, a, complete)
    k = min(a.shape[-2:])
    rest, rest_bar = q[..., k:], q_bar[..., k:]
    q, q_bar, wide_bar = q[..., :k], q_bar[..., :k], r_bar[..., :k, k:]
    if rest.shape[-1]:
        q_bar = q_bar - rest @ (adjoint(rest_bar) @ q)
    if wide_bar.shape[-1]:
        q_bar = q_bar + a[..., k:] @ adjoint(wide_bar)
    r, r_bar = r[..., :k, :k], r_bar[..., :k, :k]
    of_q, of_r = adjoint(q) @ q_bar, r_bar @ adjoint(r)
    inner = of_q - of_r
    inner = np.tril(inner - adjoint(inner), -1) + _imaginary_diagonal(inner) + of_r
    left = _over(q_bar + q @ (inner - of_q), adjoint(r))
    return np.concatenate([left, q @ wide_bar], axis=-1) if wide_bar.shape[-1] else left


def _qr_push(t: AnyArray, a: AnyArray, ans: AnyArray, complete: bool) -> AnyArray:
    q_all, r = _qr_parts(ans, a, complete)
    k = min(a.shape[-2:])
    q, rest, r = q_all[..., :k], q_all[..., k:], r[..., :k, :k]
    moved = _over(t[..., :k], r)
    inner = adjoint(q) @ moved
    omega = np.tril(inner, -1) - adjoint(np.tril(inner, -1)) + _imaginary_diagonal(inner)
    q_dot = moved + q @ (omega - inner)
    r_dot = (inner - omega) @ r
    if a.shape[-1] > k:
        r_dot = np.concatenate([r_dot, adjoint(q_dot) @ a[..., k:] + adjoint(q) @ t[..., k:]], axis=-1)
    if rest.shape[-1]:  # the columns that complete the basis move as little as they can
        q_dot = np.concatenate([q_dot, -(q @ (adjoint(q_dot) @ rest))], axis=-1)
        r_dot = np.concatenate([r_dot, np.zeros_like(adjoint(rest) @ t)], axis=-2)
    return packed(len(a.shape) - 2, q_dot, r_dot)


def _over(x: AnyArray, r: AnyArray) -> AnyArray:
    """x r⁻¹."""
    return np.swapaxes(solved("qr", np.swapaxes(r, -1, -2), np.swapaxes(x, -1, -2), "R"), -1, -2)


def _imaginary_diagonal(x: AnyArray) -> AnyArray | int:
    return 1j * (np.imag(x) - without_diagonal(np.imag(x))) if x.dtype.kind == "c" else 0


_Result: Any = type(np.linalg.qr(np.ones((1, 1))))


@composite(np.linalg.qr)
def qr(a, mode="reduced"):
    """a = Q R of each matrix, with orthonormal columns in Q and an upper triangular R, as (Q, R).

    mode : "reduced"; "complete" for a square Q, completed to a basis where ``a`` is tall; "r" for R alone

    Raises LinAlgError when differentiated where the columns of ``a`` (of a wide one, its first) are dependent.

    >>> abs(qr(np.array([[3.0], [4.0]])).R)
    array([[5.]])
    """
    if mode not in ("reduced", "complete", "r"):
        raise ValueError(f"qr: mode={mode!r} is not differentiable here. Fix: 'reduced', 'complete' or 'r'.")
    complete = mode == "complete" and a.shape[-2] > a.shape[-1]
    q, r = _qr_parts(_qr(a, complete=complete), a, complete)
    return r if mode == "r" else _Result(q, r)
