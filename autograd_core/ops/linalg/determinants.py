"""Determinants and their logarithms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ...engine.arithmetic import conjugate
from ...engine.forms import primitive
from ...engine.node import somewhere
from ...engine.registry import implements
from ...engine.tensor import bare
from ..composites import composite
from .parts import adjoint, own_kind, regular, solved

if TYPE_CHECKING:
    from ...support.types import AnyArray

__all__ = ["det", "slogdet"]


def _per_matrix(d: AnyArray) -> AnyArray:
    """A number for each matrix, so that it multiplies all of it."""
    return np.expand_dims(d, (-2, -1))


@implements(np.linalg.det)
@primitive(
    name="linalg.det",
    a=lambda g, a: _per_matrix(g) * conjugate(cofactors(a)),
    jvp={"a": lambda t, a: np.sum(t * cofactors(a), axis=(-2, -1))},
)
def det(a):
    """The determinant of each matrix; its derivative is the matrix of cofactors, where the determinant is 0, too.

    Arguments are those of ``np.linalg.det``.

    >>> det(np.array([[1.0, 2.0], [3.0, 4.0]]))
    np.float64(-2.0)
    """
    return np.linalg.det(a)


# Cofactors ∂det/∂a[i, j]. Of a regular matrix they are det(a) a⁻ᵀ. A singular one is first written as u b vᴴ with u and
# v from its singular value decomposition, and kept constant. Then b has a regular block in the upper left corner, and
# by Schur's complement s = b₂₂ − b₂₁ b₁₁⁻¹ b₁₂ everything is a polynomial in the small matrix s: exact to any order.


def cofactors(a: AnyArray) -> AnyArray:
    """The matrix of cofactors of each matrix, a polynomial in its elements."""
    values = bare(a)
    small = 0 if hasattr(values, "apply_primitive") else _small_values(values)
    if not small:
        return _per_matrix(np.linalg.det(a)) * np.swapaxes(np.linalg.inv(a), -1, -2)
    u, _, vh = np.linalg.svd(values)
    outer = _per_matrix(np.linalg.det(u) * np.linalg.det(vh))
    inner = _adjugate(np.matmul(np.matmul(adjoint(u), a), adjoint(vh)), small)
    return outer * np.matmul(np.matmul(conjugate(u), np.swapaxes(inner, -1, -2)), conjugate(vh))


def _small_values(a: AnyArray) -> int:
    """How many singular values are small beside the largest: the greatest number among the matrices."""
    if not a.size or not somewhere(np.logical_not(np.linalg.cond(a, 1) < 1 / _fine(a))):
        return 0
    s = np.linalg.svd(a, compute_uv=False)
    small = np.sum(s <= _fine(a) * s[..., :1], axis=-1)
    return next(k for k in range(a.shape[-1] + 1) if not somewhere(small > k))


def _fine(a: AnyArray) -> float:
    return float(np.finfo(a.dtype).eps) ** 0.5


def _adjugate(b: AnyArray, small: int) -> AnyArray:
    """det(b) b⁻¹ of matrices whose last ``small`` rows and columns are nearly zero."""
    regular = b.shape[-1] - small
    if not regular:
        return _polynomial(b)[0]
    rows, columns = b[..., :regular, :], b[..., regular:, :]
    b11, b12, b21, b22 = (x for half in (rows, columns) for x in (half[..., :regular], half[..., regular:]))
    inverse = np.linalg.inv(b11)
    right, below = inverse @ b12, b21 @ inverse
    adjugate, determinant = _polynomial(b22 - b21 @ right)
    corner = _per_matrix(determinant) * inverse + right @ adjugate @ below
    upper = np.concatenate([corner, -(right @ adjugate)], axis=-1)
    lower = np.concatenate([-(adjugate @ below), adjugate], axis=-1)
    return _per_matrix(np.linalg.det(b11)) * np.concatenate([upper, lower], axis=-2)


def _polynomial(s: AnyArray) -> tuple[AnyArray, AnyArray]:
    """Adjugate and determinant of small matrices without any division by what may be 0 (Faddeev and Leverrier)."""
    n = s.shape[-1]
    one = np.zeros_like(bare(s))
    one[..., range(n), range(n)] = 1
    m: Any = one
    for k in range(1, n):
        m = s @ m
        m = m - _per_matrix(np.trace(m, 0, -2, -1) / k) * one
    sign = (-1) ** (n - 1)
    return sign * m, sign * np.trace(s @ m, 0, -2, -1) / n


# Sign (or phase) and logarithm: log det a moves by τ = tr(a⁻¹ ȧ), |det a| by its real part, the phase by the imaginary


@primitive(
    name="linalg.slogdet",
    a=lambda g, a, ans: own_kind(_slogdet_back(g, a, ans), a),
    jvp={"a": lambda t, a, ans: _slogdet_push(t, a, ans)},
)
def _slogdet(a):
    return np.stack(list(np.linalg.slogdet(a)), axis=-1)


def _slogdet_back(g: AnyArray, a: AnyArray, ans: AnyArray) -> AnyArray:
    slope = np.real(g[..., 1])
    if a.dtype.kind == "c":
        slope = slope + 1j * np.imag(g[..., 0] * conjugate(ans[..., 0]))
    with regular("slogdet", a, "a"):
        return _per_matrix(slope) * np.linalg.inv(adjoint(a))


def _slogdet_push(t: AnyArray, a: AnyArray, ans: AnyArray) -> AnyArray:
    tau = np.trace(solved("slogdet", a, t, "a"), 0, -2, -1)
    turned = np.zeros_like(tau) if a.dtype.kind != "c" else 1j * ans[..., 0] * np.imag(tau)
    return np.stack([turned, np.real(tau)], axis=-1)


_Result: Any = type(np.linalg.slogdet(np.ones((1, 1))))


@composite(np.linalg.slogdet)
def slogdet(a):
    """det(a) of each matrix as (sign, log|det a|), without overflow; of complex matrices the sign is a phase.

    The derivative of the logarithm is a⁻ᴴ; the sign of a real matrix is a constant.

    >>> slogdet(np.array([[0.0, 2.0], [1.0, 0.0]])).sign
    np.float64(-1.0)
    """
    both = _slogdet(a)
    if a.dtype.kind == "c":
        return _Result(both[..., 0], np.real(both[..., 1]))
    return _Result(both[..., 0].detach(), both[..., 1])
