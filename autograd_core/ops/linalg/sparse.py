"""Sparse systems and products, with derivatives in a sparse matrix's entries as in the dense side.

One factorisation (SuperLU) serves a system, its adjoint, and the derivatives of both. Of A x = b: b̄ = A⁻ᴴ x̄, and the
entry (i, j) has the cotangent −b̄ᵢ conj(xⱼ): entries that A does not hold have none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ...batching.batched import one_by_one
from ...engine.errors import class_name
from ...engine.forms import primitive
from ...support.arrays import anyarray
from ..places.indexing import _scatter

if TYPE_CHECKING:
    from ...support.types import AnyArray

__all__ = ["spmatmul", "spsolve"]


class _Pattern:
    """Where the entries of a sparse matrix lie, and the factors of the last matrix with them; or its transpose."""

    def __init__(self, rows: AnyArray, columns: AnyArray, shape: tuple[int, int]) -> None:
        self.rows, self.columns, self.shape, self.turned = rows, columns, shape, False
        self.held: list[Any] = []
        self.original = self

    def transposed(self) -> _Pattern:
        """The transpose's; it solves with the same factors."""
        other = _Pattern(self.columns, self.rows, self.shape[::-1])
        other.turned, other.original, other.held = not self.turned, self.original, self.held
        return other

    def solve(self, data: AnyArray, b: AnyArray) -> AnyArray:
        """x with A x = b."""
        way = "T" if self.turned else "N"
        if self.held and self.turned and data.dtype.kind == "c" and np.array_equal(np.conjugate(data), self.held[0]):
            way = "H"
        elif not self.held or not np.array_equal(data, self.held[0]):
            self.held[:] = [data.copy(), self.original._factors(data)]
        factors = self.held[1]
        dtype = np.result_type(data, b)
        if dtype.kind == "c" and data.dtype.kind != "c":
            real, imag = (factors.solve(part.astype(float), way) for part in (b.real, b.imag))
            return np.asarray(real + 1j * imag, dtype)
        work = np.complex128 if dtype.kind == "c" else np.float64
        return factors.solve(np.ascontiguousarray(b, work), way).astype(dtype)  # type: ignore[no-any-return]

    def _factors(self, data: AnyArray) -> Any:
        import scipy.sparse
        import scipy.sparse.linalg

        work = np.complex128 if data.dtype.kind == "c" else np.float64
        matrix = scipy.sparse.csc_array((data.astype(work), (self.rows, self.columns)), shape=self.shape)
        try:
            return scipy.sparse.linalg.splu(matrix)
        except RuntimeError as error:
            raise np.linalg.LinAlgError(
                f"spsolve: the sparse matrix of shape {self.shape} with {data.shape[0]} entries is singular. Fix: "
                "entries in every row and column, or add a small multiple of the identity."
            ) from error


def _solve_back(g: AnyArray, data: AnyArray, ans: AnyArray, b: AnyArray, pattern: _Pattern) -> Any:
    s = _spsolve(np.conjugate(data), g, pattern.transposed())
    of_data = -np.sum(s[pattern.rows] * np.conjugate(ans[pattern.columns]), axis=1)
    real = lambda c, x: c if x.dtype.kind == "c" else np.real(c)
    return real(of_data, data), real(s, b)


@primitive(name="linalg.spsolve", together=_solve_back)
@one_by_one
def _spsolve(data, b, pattern=None):
    return pattern.solve(data, b) if b.size else b


def _entries(name: str, A: Any, data: Any) -> tuple[_Pattern, AnyArray]:
    """Where A's entries lie, and what they are."""
    if not hasattr(A, "tocoo") or A.ndim != 2:
        raise TypeError(f"{name}: A is {class_name(A)}. Fix: a matrix of scipy.sparse; its entries as data=.")
    coo = A.tocoo()
    entries = coo.data if data is None else anyarray(data)
    if entries.shape != coo.data.shape:
        raise ValueError(
            f"{name}: data of shape {tuple(entries.shape)} for the {coo.nnz} entries of A. Fix: one for each, in the "
            "order of A.data."
        )
    if entries.dtype.kind not in "fc":
        entries = entries.astype(np.float64)
    return _Pattern(coo.row, coo.col, coo.shape), entries


def _columns(name: str, b: Any, shape: tuple[int, int], count: int) -> tuple[AnyArray, bool]:
    b = anyarray(b)
    if b.ndim not in (1, 2) or b.shape[0] != count:
        raise ValueError(
            f"{name}: A of shape {shape} and an array of {tuple(b.shape)}. Fix: ({count},) or ({count}, k)."
        )
    return (b[:, None], True) if b.ndim == 1 else (b, False)


def spsolve(A: Any, b: Any, data: Any = None) -> AnyArray:
    """x with A x = b for a sparse A, differentiable in its entries and in b; factored once for both.

    A : of scipy.sparse, of shape (n, n): where entries lie
    b : of shape (n,) or (n, k)
    data : the entries, in the order of A.data; A's own where it is None

    Raises LinAlgError where A is singular.

    >>> import autograd_core as ag
    >>> import scipy.sparse
    >>> A = scipy.sparse.csr_array(np.diag([2.0, 4.0]))
    >>> spsolve(A, np.array([2.0, 2.0]))
    array([1. , 0.5])
    >>> ag.grad(lambda d: spsolve(A, np.ones(2), d).sum())(A.data)
    array([-0.25  , -0.0625])
    """
    pattern, entries = _entries("spsolve", A, data)
    m, n = pattern.shape
    if m != n:
        raise ValueError(f"spsolve: A of shape {pattern.shape} is not square. Fix: ag.linalg.lstsq(A.toarray(), b).")
    b, vector = _columns("spsolve", b, pattern.shape, n)
    x = _spsolve(entries, b, pattern)
    return x[:, 0] if vector else x  # type: ignore[no-any-return]


def spmatmul(A: Any, x: Any, data: Any = None) -> AnyArray:
    """A @ x for a sparse A, differentiable in its entries and in x. (``A @ x`` itself takes A for a constant.)

    A : of scipy.sparse, of shape (m, n): where entries lie
    x : of shape (n,) or (n, k)
    data : the entries, in the order of A.data; A's own where it is None

    >>> import autograd_core as ag
    >>> import scipy.sparse
    >>> A = scipy.sparse.csr_array(np.diag([2.0, 4.0]))
    >>> ag.grad(lambda d: spmatmul(A, np.array([1.0, 3.0]), d).sum())(A.data)
    array([1., 3.])
    """
    pattern, entries = _entries("spmatmul", A, data)
    m, n = pattern.shape
    x, vector = _columns("spmatmul", x, pattern.shape, n)
    y = _scatter(entries[:, None] * x[pattern.columns], shape=(m, x.shape[1]), index=(pattern.rows,))
    return y[:, 0] if vector else y  # type: ignore[no-any-return]
