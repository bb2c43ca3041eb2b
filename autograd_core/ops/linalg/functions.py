"""What SciPy has beside NumPy: functions of matrices, triangular and Sylvester's systems, matrices of a structure.

SciPy is imported when a function is called. Derivatives: Higham, Functions of Matrices (2008), chapter 3: that of f at
A in the direction E is the upper right block of f([[A, E], [0, A]]); Giles, Collected matrix derivative results (2008).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ...batching.batched import one_by_one
from ...engine.forms import primitive
from ...support.arrays import anyarray
from .factors import cholesky
from .parts import adjoint

if TYPE_CHECKING:
    from ...support.types import AnyArray, ArrayLike

__all__ = [
    "block_diag", "cho_factor", "cho_solve", "expm", "logm", "solve_sylvester", "solve_triangular", "sqrtm",
    "toeplitz",
]  # fmt: skip


def _each_matrix(name: str, a: AnyArray) -> AnyArray:
    """SciPy's function of every matrix of a stack, in the stack's dtype."""
    import scipy.linalg

    function = getattr(scipy.linalg, name)
    if a.ndim < 2 or a.shape[-1] != a.shape[-2]:
        raise ValueError(f"{name}: needs square matrices, not {a.dtype} {tuple(a.shape)}.")
    double = a.astype(np.result_type(a.dtype, np.float64))  # SciPy warns of what it reaches in single precision
    if not a.size:
        return np.zeros_like(a)
    found = [np.asarray(function(m)) for m in np.reshape(double, (-1, *a.shape[-2:]))]
    whole = np.reshape(np.stack(found), a.shape)
    if a.dtype.kind != "c":
        whole = np.real_if_close(whole, tol=1e4)  # old SciPys leave zeros of rounding beside a real root
    return whole.astype(np.result_type(a.dtype, np.complex64)) if whole.dtype.kind == "c" else whole.astype(a.dtype)


def _block(a: AnyArray, e: AnyArray) -> AnyArray:
    """[[A, E], [0, A]]."""
    top = np.concatenate([a, e], axis=-1)
    return np.concatenate([top, np.concatenate([np.zeros_like(a), a], axis=-1)], axis=-2)


def _corner(x: AnyArray) -> AnyArray:
    n = x.shape[-1] // 2
    return x[..., :n, n:]


@primitive(
    name="linalg.expm",
    a=lambda g, a: _corner(expm(_block(adjoint(a), g))),
    jvp={"a": lambda t, a: _corner(expm(_block(a, t)))},
)
@one_by_one
def expm(a):
    """e^A = Σ Aᵏ/k! of square matrices.

    a : of shape (…, n, n)

    >>> import autograd_core as ag
    >>> ag.grad(lambda t: expm(t * np.array([[0.0, 1.0], [0.0, 0.0]]))[0, 1])(np.array(3.0))
    array(1.)
    """
    return _each_matrix("expm", a)


@primitive(
    name="linalg.logm",
    a=lambda g, a: _corner(logm(_block(adjoint(a), g))),
    jvp={"a": lambda t, a: _corner(logm(_block(a, t)))},
)
@one_by_one
def logm(a):
    """The principal L with e^L = A, of square matrices without eigenvalues on the negative real axis.

    a : of shape (…, n, n)

    >>> float(logm(np.eye(2) * np.e)[0, 0].round(12))
    1.0
    """
    return _each_matrix("logm", a)


@primitive(
    name="linalg.sqrtm",
    a=lambda g, ans: solve_sylvester(adjoint(ans), adjoint(ans), g),
    jvp={"a": lambda t, ans: solve_sylvester(ans, ans, t)},
)
@one_by_one
def sqrtm(a):
    """The principal X with X X = A, of square matrices without eigenvalues on the negative real axis.

    a : of shape (…, n, n)

    >>> sqrtm(np.array([[4.0, 0.0], [0.0, 9.0]]))
    array([[2., 0.],
           [0., 3.]])
    """
    return _each_matrix("sqrtm", a)


def _sylvester_back(g: AnyArray, a: AnyArray, b: AnyArray, ans: AnyArray) -> tuple[AnyArray, AnyArray, AnyArray]:
    s = solve_sylvester(adjoint(a), adjoint(b), g)
    return -s @ adjoint(ans), -adjoint(ans) @ s, s


@primitive(
    name="linalg.solve_sylvester",
    together=_sylvester_back,
    jvp={
        "a": lambda t, a, b, ans: solve_sylvester(a, b, -t @ ans),
        "b": lambda t, a, b, ans: solve_sylvester(a, b, -ans @ t),
        "q": lambda t, a, b: solve_sylvester(a, b, t),
    },
)
@one_by_one
def solve_sylvester(a, b, q):
    """X with A X + X B = Q.

    a, b, q : of shapes (…, m, m), (…, n, n) and (…, m, n)

    >>> solve_sylvester(np.eye(2), np.eye(2), np.ones((2, 2)))
    array([[0.5, 0.5],
           [0.5, 0.5]])
    """
    import scipy.linalg

    a, b, q = (x.astype(np.result_type(a, b, q), copy=False) for x in (a, b, q))
    if a.ndim == b.ndim == q.ndim == 2:
        return np.asarray(scipy.linalg.solve_sylvester(a, b, q))
    stack = np.broadcast_shapes(a.shape[:-2], b.shape[:-2], q.shape[:-2])
    whole = [np.broadcast_to(x, (*stack, *x.shape[-2:])) for x in (a, b, q)]
    found = [scipy.linalg.solve_sylvester(*(x[i] for x in whole)) for i in np.ndindex(*stack)]
    return np.reshape(np.stack(found), (*stack, *q.shape[-2:]))


def _triangle(x: AnyArray, lower: bool, unit: bool) -> AnyArray:
    k = 1 if unit else 0
    return np.tril(x, -k) if lower else np.triu(x, k)


def _triangular_back(
    g: AnyArray, a: AnyArray, ans: AnyArray, trans: int, lower: bool, unit_diagonal: bool
) -> tuple[AnyArray, AnyArray]:
    turned = a if trans == 2 else np.conjugate(a)  # (A*)ᴴ is A's transpose, (Aᵀ)ᴴ its conjugate
    s = _triangular(turned, g, 0 if trans else 1, lower, unit_diagonal)
    of_a = -s @ adjoint(ans)
    if trans == 1:
        of_a = np.swapaxes(of_a, -1, -2)
    elif trans == 2:
        of_a = adjoint(of_a)
    return _triangle(of_a, lower, unit_diagonal), s


@primitive(name="linalg.solve_triangular", together=_triangular_back)
@one_by_one
def _triangular(a, b, trans=0, lower=False, unit_diagonal=False):
    """Of one stack of matrices a, b of equal height."""
    import scipy.linalg

    dtype = np.result_type(a, b) if np.result_type(a, b).kind in "fc" else np.dtype(np.float64)
    found = np.empty(b.shape, dtype)
    a, b = (x.astype(np.result_type(dtype, np.float32), copy=False) for x in (a, b))  # what LAPACK computes in
    for i in np.ndindex(*b.shape[:-2]) if b.size else ():
        found[i] = scipy.linalg.solve_triangular(a[i], b[i], trans, lower, unit_diagonal)
    return found


def solve_triangular(
    a: Any, b: Any, trans: Any = 0, lower: bool = False, unit_diagonal: bool = False
) -> AnyArray:
    """X with A X = B of a triangular A, whose other triangle is not read and has no gradient.

    a, b : of shapes (…, n, n), and (n,) or (…, n, k); the axes before broadcast
    trans : 0, or "N": A X = B; 1, or "T": AᵀX = B; 2, or "C": AᴴX = B
    lower : whether the lower triangle is A's
    unit_diagonal : whether its diagonal is 1, and not read

    >>> solve_triangular(np.array([[2.0, 0.0], [1.0, 1.0]]), np.array([2.0, 3.0]), lower=True)
    array([1., 2.])
    """
    a, b = map(anyarray, (a, b))
    trans = {"N": 0, "T": 1, "C": 2}.get(trans, trans)
    vector = b.ndim == 1
    if a.ndim < 2 or a.shape[-1] != a.shape[-2] or not b.ndim or b.shape[-1 if vector else -2] != a.shape[-1]:
        raise ValueError(
            f"solve_triangular: a of shape {tuple(a.shape)} and b of {tuple(b.shape)}. Fix: a square a, or a stack of "
            "such, and as many rows in b."
        )
    if trans not in (0, 1, 2):
        raise ValueError(f'solve_triangular: trans={trans!r}. Fix: give 0, 1 or 2, or "N", "T" or "C".')
    if vector:
        b = np.expand_dims(b, -1)
    if a.shape[:-2] != b.shape[:-2]:
        stack = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
        a, b = (x if x.shape[:-2] == stack else np.broadcast_to(x, stack + x.shape[-2:]) for x in (a, b))
    x = _triangular(a, b, trans, bool(lower), bool(unit_diagonal))
    return x[..., 0] if vector else x  # type: ignore[no-any-return]


def cho_factor(a: ArrayLike, lower: bool = False) -> tuple[AnyArray, bool]:
    """The Cholesky factor of a positive definite matrix, and which triangle it is: for ``cho_solve``.

    a : of shape (n, n)
    lower : whether L with L Lᴴ = a is given, or U with Uᴴ U = a

    >>> cho_factor(np.array([[4.0]]), lower=True)
    (array([[2.]]), True)
    """
    return cholesky(a, upper=not lower), lower


def cho_solve(c_and_lower: tuple[Any, bool], b: ArrayLike) -> AnyArray:
    """X with A X = B, from the Cholesky factor of A.

    c_and_lower : what ``cho_factor`` gives
    b : of shape (n,) or (n, k)

    >>> cho_solve(cho_factor(np.array([[4.0]])), np.array([8.0]))
    array([2.])
    """
    c, lower = c_and_lower
    first, second = (0, 2) if lower else (2, 0)
    return solve_triangular(c, solve_triangular(c, b, first, lower), second, lower)  # type: ignore[no-any-return]


def block_diag(*arrs: ArrayLike) -> AnyArray:
    """Matrices along the diagonal of one that is zero elsewhere.

    arrs : matrices; a vector is one row, a number one element

    >>> block_diag(np.ones((1, 2)), 3.0)
    array([[1., 1., 0.],
           [0., 0., 3.]])
    """
    blocks = [np.atleast_2d(x) for x in arrs] or [np.zeros((1, 0))]
    width = sum(b.shape[1] for b in blocks)
    rows, start = [], 0
    for b in blocks:
        rows.append(np.pad(b, ((0, 0), (start, width - start - b.shape[1]))))
        start += b.shape[1]
    return np.concatenate(rows)


def toeplitz(c: ArrayLike, r: ArrayLike | None = None) -> AnyArray:
    """The matrix with constant diagonals whose first column is ``c``, and whose first row is ``r`` but for r[0].

    c, r : vectors; without r it is the conjugate of c

    >>> toeplitz(np.array([1, 2, 3]), np.array([1, 4]))
    array([[1, 4],
           [2, 1],
           [3, 2]])
    """
    column = np.reshape(c, (-1,))
    row = np.conjugate(column) if r is None else np.reshape(r, (-1,))
    both = np.concatenate([row[:0:-1], column])
    return both[np.arange(column.shape[0])[:, None] + np.arange(row.shape[0])[::-1]]
