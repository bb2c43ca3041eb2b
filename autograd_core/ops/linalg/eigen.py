"""Eigenvalues and eigenvectors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ...batching.batched import one_by_one
from ...engine.arithmetic import conjugate
from ...engine.forms import primitive
from ...engine.node import somewhere
from ...engine.registry import implements
from ...engine.tensor import bare
from ..composites import composite
from .parts import (
    adjoint,
    each_column,
    folded,
    mirrored,
    of_one_function,
    on_diagonal,
    own_kind,
    packed,
    per_gap,
    quiet,
    solved,
    steadied,
    steadied_back,
    unpacked,
)

if TYPE_CHECKING:
    from ...support.types import AnyArray

__all__ = ["eig", "eigh", "eigvals", "eigvalsh"]

# Perturbation theory: with P = V⁻¹ ȧ V the eigenvalues move by wᵢ˙ = Pᵢᵢ, the eigenvectors by V̇ = V F with
# Fᵢⱼ = Pᵢⱼ/(wⱼ − wᵢ) and nothing on the diagonal. (Giles, An extended collection of matrix derivative results, 2008.)

# Of Hermitian matrices -----------------------------------------------------------------------------------------------


@primitive(
    name="linalg.eigh",
    a=lambda g, a, ans, UPLO: folded(_eigh_back(g, a, ans), _is_lower(UPLO)),
    jvp={"a": lambda t, a, ans, UPLO: _eigh_push(mirrored(t, _is_lower(UPLO)), a, ans)},
)
def _eigh(a, UPLO="L"):
    return packed(len(a.shape) - 2, *np.linalg.eigh(a, UPLO))


def _is_lower(UPLO: str) -> bool:
    return UPLO.upper() == "L"


def _eigh_parts(row: AnyArray, a: AnyArray) -> tuple[AnyArray, AnyArray]:
    n = a.shape[-1]
    w, v = unpacked(row, (n,), (n, n))
    return np.real(w) if a.dtype.kind == "c" else w, v


@quiet
def _eigh_back(g: AnyArray, a: AnyArray, ans: AnyArray) -> AnyArray:
    (w, v), (w_bar, v_bar) = _eigh_parts(ans, a), _eigh_parts(g, a)
    whole = adjoint(v) @ steadied_back(v, v_bar)
    turning = per_gap(0.5 * (whole - adjoint(whole)), w, whole) + of_one_function(whole, w, w_bar)
    return (v * each_column(w_bar) + v @ turning) @ adjoint(v)


@quiet
def _eigh_push(t: AnyArray, a: AnyArray, ans: AnyArray) -> AnyArray:
    w, v = _eigh_parts(ans, a)
    inner = adjoint(v) @ t @ v
    v_dot = v @ per_gap(inner, w, inner)
    return packed(len(a.shape) - 2, np.real(on_diagonal(inner)), steadied(v, v_dot))


_HermitianResult: Any = type(np.linalg.eigh(np.ones((1, 1))))


@composite(np.linalg.eigh)
def eigh(a, UPLO="L"):
    """a = V diag(w) Vᴴ of Hermitian matrices: eigenvalues w in ascending order, orthonormal eigenvectors as columns.

    UPLO : which triangle of ``a`` is read, "L" (lower) or "U" (upper)

    >>> eigh(np.array([[2.0, 0.0], [0.0, 1.0]])).eigenvalues
    array([1., 2.])
    """
    return _HermitianResult(*_eigh_parts(_eigh(a, UPLO=UPLO), a))


@implements(np.linalg.eigvalsh)
@primitive(
    name="linalg.eigvalsh",
    a=lambda g, a, UPLO: folded(_eigvalsh_back(np.real(g), a, UPLO), _is_lower(UPLO)),
    jvp={"a": lambda t, a, UPLO: _eigvalsh_push(mirrored(t, _is_lower(UPLO)), a, UPLO)},
)
def eigvalsh(a, UPLO="L"):
    """The eigenvalues of Hermitian matrices, in ascending order (see ``eigh``).

    Arguments are those of ``np.linalg.eigvalsh``.

    >>> eigvalsh(np.array([[2.0, 0.0], [0.0, 1.0]]))
    array([1., 2.])
    """
    return np.linalg.eigvalsh(a, UPLO)


def _eigvalsh_back(g: AnyArray, a: AnyArray, UPLO: str) -> AnyArray:
    _, v = _eigh_parts(_eigh(a, UPLO=UPLO), a)
    return v * each_column(g) @ adjoint(v)


def _eigvalsh_push(t: AnyArray, a: AnyArray, UPLO: str) -> AnyArray:
    _, v = _eigh_parts(_eigh(a, UPLO=UPLO), a)
    return np.real(on_diagonal(adjoint(v) @ t @ v))


# Of any square matrices ----------------------------------------------------------------------------------------------


@primitive(
    name="linalg.eig",
    a=lambda g, a, ans: own_kind(_eig_back(g, ans), a),
    jvp={"a": lambda t, ans: _eig_push(t, ans)},
)
def _eig(a):
    return packed(len(a.shape) - 2, *np.linalg.eig(a))


def _eig_parts(row: AnyArray) -> list[AnyArray]:
    n = round(((4 * row.shape[-1] + 1) ** 0.5 - 1) / 2)
    return unpacked(row, (n,), (n, n))


@quiet
def _eig_back(g: AnyArray, ans: AnyArray) -> AnyArray:
    (w, v), (w_bar, v_bar) = _eig_parts(ans), _eig_parts(g)
    v_bar = steadied_back(v, v_bar)
    v_bar = v_bar - v * np.real(np.sum(conjugate(v) * v_bar, axis=-2, keepdims=True))
    inner = adjoint(v) @ v_bar
    inner = per_gap(inner, conjugate(w), inner)
    inner = inner @ adjoint(v) + np.expand_dims(w_bar, -1) * adjoint(v)
    return solved("eig", adjoint(v), inner, "the matrix of eigenvectors")


@quiet
def _eig_push(t: AnyArray, ans: AnyArray) -> AnyArray:
    w, v = _eig_parts(ans)
    inner = solved("eig", v, t @ v, "the matrix of eigenvectors")
    v_dot = v @ per_gap(inner, w, inner)
    v_dot = v_dot - v * np.real(np.sum(conjugate(v) * v_dot, axis=-2, keepdims=True))  # columns stay of length 1
    return packed(len(v.shape) - 2, on_diagonal(inner), steadied(v, v_dot))


_Result: Any = type(np.linalg.eig(np.ones((1, 1))))


@composite(np.linalg.eig)
def eig(a):
    """a V = V diag(w): eigenvalues w in no order, eigenvectors of length 1 in V's columns.

    Both are complex since NumPy 2.5; before that, only where some eigenvalue is.

    >>> np.real(eig(np.array([[2.0, 0.0], [0.0, 1.0]])).eigenvalues)
    array([2., 1.])
    """
    return _Result(*_eig_parts(_eig(a)))


@implements(np.linalg.eigvals)
@primitive(
    name="linalg.eigvals",
    a=lambda g, a, ans: own_kind(_eigvals_back(g, _eigenvectors(a, ans)), a),
    jvp={"a": lambda t, a, ans: _eigvals_push(t, _eigenvectors(a, ans))},
)
def eigvals(a):
    """The eigenvalues of square matrices, in no order; complex since NumPy 2.5, before that where needed.

    Arguments are those of ``np.linalg.eigvals``.

    >>> np.real(eigvals(np.array([[2.0, 0.0], [0.0, 1.0]])))
    array([2., 1.])
    """
    return np.linalg.eigvals(a)


def _eigvals_back(g: AnyArray, v: AnyArray) -> AnyArray:
    return solved("eigvals", adjoint(v), np.expand_dims(g, -1) * adjoint(v), "the matrix of eigenvectors")


def _eigvals_push(t: AnyArray, v: AnyArray) -> AnyArray:
    return on_diagonal(solved("eigvals", v, t @ v, "the matrix of eigenvectors"))


def _eigenvectors(a: AnyArray, wanted: AnyArray) -> AnyArray:
    """Eigenvectors in the order of the eigenvalues that were found without them, which may be another one."""
    w, v = _eig_parts(_eig(a))
    order = _matching(bare(w), bare(wanted))
    return v if order is None else np.take_along_axis(v, np.expand_dims(order, -2), -1)


def _matching(w: AnyArray, wanted: AnyArray) -> AnyArray | None:
    """Where each wanted number stands in ``w``, each place taken once; None where all stand where they are wanted."""
    if hasattr(w, "apply_primitive") or not somewhere(np.logical_not(np.isclose(w, wanted, rtol=1e-5))):
        return None
    return _nearest(np.absolute(np.expand_dims(wanted, -1) - np.expand_dims(w, -2)))


@one_by_one
def _nearest(distances: AnyArray) -> AnyArray:
    """For each row of the matrices the column of its least number, each taken once."""
    order = np.zeros(distances.shape[:-1], int)
    for stack in np.ndindex(order.shape[:-1]):
        for i in range(order.shape[-1]):
            order[(*stack, i)] = j = np.argmin(distances[(*stack, i)])
            distances[(*stack, slice(None), j)] = np.inf
    return order
