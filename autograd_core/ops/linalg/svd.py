"""Singular values and vectors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ...engine.forms import primitive
from ...engine.tensor import bare
from ..composites import composite
from .parts import (
    adjoint,
    each_column,
    of_one_function,
    on_diagonal,
    packed,
    per_gap,
    quiet,
    ratio,
    steadied,
    steadied_back,
    unpacked,
)

if TYPE_CHECKING:
    from ...support.types import AnyArray

__all__ = ["svd", "svdvals"]

# Of a = U S Vᴴ, with Ω = UᴴU̇ and Ψ = VᴴV̇, which are anti-Hermitian, Uᴴ ȧ V = Ω S + Ṡ − S Ψ. The Hermitian part H and
# the anti-Hermitian part K of it then give Ω, Ψ = H/(sⱼ − sᵢ) ± K/(sⱼ + sᵢ). What of U̇ and V̇ lies beside U and V is
# ȧ V S⁻¹ and ȧᴴ U S⁻¹. (As in Townsend, Differentiating the singular value decomposition, 2016, in other letters.)


@primitive(
    name="linalg.svd",
    a=lambda g, a, ans, full: _svd_back(g, a, ans, full),
    jvp={"a": lambda t, a, ans, full: _svd_push(t, a, ans, full)},
)
def _svd(a, full=False):
    u, s, vh = np.linalg.svd(a, full)
    return packed(len(a.shape) - 2, u, s, vh)


def _parts(row: AnyArray, a: AnyArray, full: bool) -> tuple[AnyArray, AnyArray, AnyArray]:
    """U, S and V."""
    m, n = a.shape[-2:]
    k = min(m, n)
    u, s, vh = unpacked(row, (m, m if full else k), (k,), (n if full else k, n))
    return u, np.real(s) if a.dtype.kind == "c" else s, adjoint(vh)


@quiet
def _svd_back(g: AnyArray, a: AnyArray, ans: AnyArray, full: bool) -> AnyArray:
    (u, s, v), (u_bar, s_bar, v_bar) = _parts(ans, a, full), _parts(g, a, full)
    k, (m, n) = s.shape[-1], a.shape[-2:]
    u, u_bar = _folded_complement(u, u_bar, k)
    v, v_bar = _folded_complement(v, v_bar, k)
    if a.dtype.kind == "c":
        both = steadied_back(np.concatenate([u, v], axis=-2), np.concatenate([u_bar, v_bar], axis=-2))
        u_bar, v_bar = both[..., :m, :], both[..., m:, :]
    of_u, of_v = adjoint(u) @ u_bar, adjoint(v) @ v_bar
    omega, psi = (0.5 * (x - adjoint(x)) for x in (of_u, of_v))
    whole = np.concatenate([of_u, of_v], axis=-1)
    inner = per_gap(omega + psi, s, whole) + ratio(omega - psi, _sums(s))
    inner = inner + of_one_function(0.5 * (of_u + of_v), s, s_bar)
    total = (u * each_column(s_bar) + u @ inner) @ adjoint(v)
    if m > k:
        total = total + ratio(u_bar - u @ of_u, each_column(s)) @ adjoint(v)
    if n > k:
        total = total + u @ adjoint(ratio(v_bar - v @ of_v, each_column(s)))
    return total


@quiet
def _svd_push(t: AnyArray, a: AnyArray, ans: AnyArray, full: bool) -> AnyArray:
    u_all, s, v_all = _parts(ans, a, full)
    k, (m, n) = s.shape[-1], a.shape[-2:]
    u, v = u_all[..., :k], v_all[..., :k]
    inner = adjoint(u) @ t @ v
    turning = per_gap(0.5 * (inner + adjoint(inner)), s, inner)
    twisting = ratio(0.5 * (inner - adjoint(inner)), _sums(s))
    u_dot, v_dot = u @ (turning + twisting), v @ (turning - twisting)
    if m > k:
        u_dot = u_dot + ratio(t @ v - u @ inner, each_column(s))
    if n > k:
        v_dot = v_dot + ratio(adjoint(t) @ u - v @ adjoint(inner), each_column(s))
    if a.dtype.kind == "c":
        both = steadied(np.concatenate([u, v], axis=-2), np.concatenate([u_dot, v_dot], axis=-2))
        u_dot, v_dot = both[..., :m, :], both[..., m:, :]
    s_dot = np.real(on_diagonal(inner))
    u_dot, v_dot = _with_complement(u_all, u_dot, k), _with_complement(v_all, v_dot, k)
    return packed(len(a.shape) - 2, u_dot, s_dot, adjoint(v_dot))


def _sums(s: AnyArray) -> AnyArray:
    return np.expand_dims(s, -2) + np.expand_dims(s, -1)


# Columns W that complete those of Q to a basis move as little as they can: Ẇ = −Q Q̇ᴴ W.


def _with_complement(basis: AnyArray, q_dot: AnyArray, k: int) -> AnyArray:
    if basis.shape[-1] == k:
        return q_dot
    q, w = basis[..., :k], basis[..., k:]
    return np.concatenate([q_dot, -(q @ (adjoint(q_dot) @ w))], axis=-1)


def _folded_complement(basis: AnyArray, cotangent: AnyArray, k: int) -> tuple[AnyArray, AnyArray]:
    """Q, and its cotangent with that of W pulled back into it."""
    if basis.shape[-1] == k:
        return basis, cotangent
    q, w = basis[..., :k], basis[..., k:]
    return q, cotangent[..., :k] - w @ (adjoint(cotangent[..., k:]) @ q)


_Result: Any = type(np.linalg.svd(np.ones((1, 1))))


@composite(np.linalg.svd)
def svd(a, full_matrices=True, compute_uv=True, hermitian=False):
    """a = U diag(S) Vᴴ with orthonormal columns in U and V, and S ≥ 0 in descending order, as (U, S, Vᴴ).

    full_matrices : complete U and V to bases
    compute_uv : False for S alone
    hermitian : the lower triangle of ``a`` stands for a Hermitian matrix

    >>> svd(np.array([[0.0, 2.0], [1.0, 0.0]])).S
    array([2., 1.])
    """
    if hermitian:
        return _hermitian_svd(a, compute_uv)
    if not compute_uv:
        return known_values(a)
    u, s, v = _parts(_svd(a, full=bool(full_matrices)), a, bool(full_matrices))
    return _Result(u, s, adjoint(v))


@composite(np.linalg.svdvals)
def svdvals(x, /):
    """The singular values of each matrix, in descending order; the slope of a value that is 0 is 0.

    Arguments are those of ``np.linalg.svdvals``.

    >>> svdvals(np.array([[0.0, 2.0], [1.0, 0.0]]))
    array([2., 1.])
    """
    return known_values(x)


@primitive(
    name="linalg.svdvals",
    a=lambda g, a, ans: values_back(np.sign(ans) * np.real(g), a),
    jvp={"a": lambda t, a, ans: np.sign(ans) * values_push(t, a)},
)
def known_values(a, values=None):
    """The singular values, or ``values`` where they were found before."""
    return np.linalg.svd(a, compute_uv=False) if values is None else values


def values_back(g: AnyArray, a: AnyArray) -> AnyArray:
    """U diag(g) Vᴴ: the cotangent of a matrix from that of its singular values."""
    u, _, v = _parts(_svd(a), a, full=False)
    return u * each_column(g) @ adjoint(v)


def values_push(t: AnyArray, a: AnyArray) -> AnyArray:
    """Re diag(Uᴴ t V): the tangent of the singular values from that of the matrix."""
    u, _, v = _parts(_svd(a), a, full=False)
    return np.real(on_diagonal(adjoint(u) @ t @ v))


def _hermitian_svd(a: AnyArray, compute_uv: bool) -> AnyArray:
    """Eigenvectors, and eigenvalues without their signs."""
    if not compute_uv:
        return np.flip(np.sort(np.absolute(np.linalg.eigvalsh(a)), axis=-1), -1)
    w, v = np.linalg.eigh(a)
    order = np.flip(np.argsort(np.absolute(bare(w)), axis=-1), -1)
    w, u = np.take_along_axis(w, order, -1), np.take_along_axis(v, np.expand_dims(order, -2), -1)
    return _Result(u, np.absolute(w), adjoint(u * each_column(np.sign(bare(w)))))
