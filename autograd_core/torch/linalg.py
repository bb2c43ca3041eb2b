"""``torch.linalg``: NumPy's, with PyTorch's names for the arguments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from autograd_core.engine.tensor import bare
from autograd_core.ops import linalg as _library
from autograd_core.spellings import factors
from autograd_core.spellings.arguments import axes, cast
from autograd_core.support.lazy import advice

from .tensor import faced

if TYPE_CHECKING:
    from autograd_core.support.types import AnyArray, Axis, DTypeLike, Function


def norm(A: AnyArray, ord: Any = None, dim: Axis = None, keepdim: bool = False, *, dtype: DTypeLike = None) -> Any:
    """The norm of all elements, of vectors (one axis) or of matrices (two)."""
    x = cast(A, dtype)
    if ord is None and dim is None:
        y = _library.norm(np.reshape(x, -1))
        return np.reshape(y, (1,) * np.ndim(x)) if keepdim else y
    return _library.norm(x, ord=ord, axis=axes(dim), keepdims=keepdim)


def vector_norm(x: AnyArray, ord: Any = 2, dim: Axis = None, keepdim: bool = False, *, dtype: DTypeLike = None) -> Any:
    """The norm of vectors."""
    return _library.vector_norm(cast(x, dtype), ord=ord, axis=axes(dim), keepdims=keepdim)


def matrix_norm(
    A: AnyArray, ord: Any = "fro", dim: Axis = (-2, -1), keepdim: bool = False, *, dtype: DTypeLike = None
) -> Any:
    """The norm of matrices."""
    return _library.norm(cast(A, dtype), ord=ord, axis=axes(dim), keepdims=keepdim)


def cholesky(A: AnyArray, *, upper: bool = False) -> Any:
    """Cholesky's factor."""
    factor = _library.cholesky(A)
    return _adjoint(factor) if upper else factor


def _adjoint(x: AnyArray) -> Any:
    return np.conj(np.swapaxes(x, -1, -2))


def solve(A: Any, B: Any, *, left: bool = True) -> Any:
    """X with A X = B, or X A = B."""
    if not left:
        return np.swapaxes(solve(np.swapaxes(A, -1, -2), np.swapaxes(B, -1, -2)), -1, -2)
    vector = np.ndim(B) == 1 or (np.ndim(A) - 1 == np.ndim(B) and np.shape(B) == np.shape(A)[:-1])
    return _library.solve(A, B[..., None])[..., 0] if vector else _library.solve(A, B)


def solve_triangular(A: Any, B: Any, *, upper: bool, left: bool = True, unitriangular: bool = False) -> Any:
    """``solve`` with a triangle of A, with ones on its diagonal where ``unitriangular``."""
    k = int(unitriangular)
    triangle = np.triu(A, k) if upper else np.tril(A, -k)
    return solve(triangle + np.eye(np.shape(A)[-1], dtype=A.dtype) if unitriangular else triangle, B, left=left)


def lu(A: AnyArray, *, pivot: bool = True) -> Any:
    """P, L and U."""
    return factors.lu_unpack(*factors.lu_factor(A, pivot=pivot))


def lu_factor_ex(A: AnyArray, *, pivot: bool = True, check_errors: bool = False) -> Any:
    """``lu_factor``, and the number of the first pivot that is zero."""
    found = factors.lu(A, pivot, True)
    if check_errors and np.any(found[2]):
        raise _library.LinAlgError("lu_factor_ex: the matrix is singular.")
    return found


def lu_solve(LU: Any, pivots: Any, B: AnyArray, *, left: bool = True, adjoint: bool = False) -> Any:
    """X with A X = B, or X A = B; of A's adjoint, where ``adjoint``."""
    if left:
        return _library.lu_solve((LU, pivots - 1), B, 2 if adjoint else 0)
    return _adjoint(lu_solve(LU, pivots, _adjoint(B), adjoint=not adjoint))


def lstsq(A: AnyArray, B: AnyArray, rcond: Any = None, *, driver: str | None = None) -> Any:
    """X for which ‖A X − B‖ is smallest, and with it the residuals, A's rank and its singular values."""
    vector = np.ndim(B) == np.ndim(A) - 1
    right = B[..., None] if vector else B
    inverse = _library.pinv(A) if rcond is None else _library.pinv(A, rcond)
    x = inverse @ right
    sigma, (m, n) = _library.svdvals(A), np.shape(A)[-2:]
    rank = matrix_rank(A) if driver != "gels" else np.zeros(0, np.int64)
    full = m > n and driver in ("gels", "gelsd", "gelss") and bool(np.all(bare(matrix_rank(A)) == n))
    residuals = np.sum(np.abs(A @ x - right) ** 2, axis=-2) if full else np.zeros(0, right.dtype)
    kept = sigma if driver in ("gelsd", "gelss") else np.zeros(0, sigma.dtype)
    return LeastSquares(x[..., 0] if vector else x, residuals, rank, kept)


class LeastSquares(NamedTuple):
    """What ``lstsq`` finds."""

    solution: Any
    residuals: Any
    rank: Any
    singular_values: Any


def cross(input: Any, other: Any, *, dim: int = -1) -> Any:
    """Vector products."""
    return np.cross(input, other, axis=dim)


def vecdot(x: AnyArray, y: AnyArray, *, dim: int = -1) -> Any:
    """Inner products of vectors."""
    return _library.vecdot(x, y, axis=dim)


def diagonal(A: AnyArray, *, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Any:
    """The diagonals of matrices."""
    return np.diagonal(A, offset, dim1, dim2)


def vander(x: AnyArray, N: int | None = None) -> Any:
    """The powers of x: 0 … N − 1."""
    x = np.atleast_1d(x)
    return cast(x[..., None] ** np.arange(np.shape(x)[-1] if N is None else N), x.dtype)


def tensorsolve(A: AnyArray, B: AnyArray, dims: Any = None) -> Any:
    """X with tensordot(A, X) = B."""
    return _library.tensorsolve(A, B, axes(dims))


def _complex(x: AnyArray) -> Any:
    return cast(x, np.result_type(x.dtype, np.complex64))


def eigvals(A: AnyArray) -> Any:
    """Eigenvalues, complex ones."""
    return _complex(_library.eigvals(A))


def eig(A: AnyArray) -> Any:
    """Eigenvalues and eigenvectors, complex ones."""
    values, vectors = _library.eig(A)
    return _complex(values), _complex(vectors)


def matrix_rank(A: AnyArray, *, atol: Any = None, rtol: Any = None, hermitian: bool = False) -> Any:
    """How many singular values are larger than max(atol, rtol · the largest)."""
    sigma = bare(_library.svdvals(A))
    largest = sigma.max(axis=-1, keepdims=True, initial=0)
    usual = max(np.shape(A)[-2:]) * np.finfo(sigma.dtype).eps if atol is None else 0.0
    least, part = (
        np.asarray(v)[..., None] for v in (0.0 if atol is None else bare(atol), usual if rtol is None else bare(rtol))
    )
    bound = np.maximum(least, largest * part)
    return np.sum(sigma > bound, axis=-1)


_SPELLED: dict[str, Function] = {
    f.__name__: f
    for f in (norm, vector_norm, matrix_norm, cholesky, solve, solve_triangular, cross, vecdot, diagonal, vander)
} | {f.__name__: f for f in (tensorsolve, eig, eigvals, matrix_rank, lu, lu_factor_ex, lu_solve, lstsq)}
_SPELLED |= {
    "lu_factor": factors.lu_factor,
    "matrix_exp": factors.matrix_exp,
    "householder_product": factors.orgqr,
}
for _name in (*_SPELLED, *(n for n in _library.__all__ if n not in _SPELLED and n != "LinAlgError")):
    globals()[_name] = faced(_SPELLED.get(_name) or getattr(_library, _name), _name)
LinAlgError = _library.LinAlgError


def __getattr__(name: str) -> Any:
    raise AttributeError(advice("torch.linalg", name))
