"""Systems of linear equations: inverses, solutions, least squares, powers and products of matrices."""

from __future__ import annotations

import math
import operator
from typing import TYPE_CHECKING, Any

import numpy as np

from ...engine.arithmetic import conjugate
from ...engine.forms import primitive
from ...engine.registry import implements
from ...engine.tensor import Tensor, bare
from ...support.arrays import anyarray
from ..composites import composite, refuse_out
from .parts import adjoint, mirrored, own_kind, packed, unpacked
from .svd import known_values

if TYPE_CHECKING:
    from ...support.types import AnyArray

__all__ = [
    "inv", "lstsq", "matrix_power", "matrix_rank", "multi_dot", "pinv", "solve", "tensorinv", "tensorsolve",
]  # fmt: skip

matrix_rank = np.linalg.matrix_rank


# Square matrices -----------------------------------------------------------------------------------------------------


@implements(np.linalg.inv)
@primitive(
    name="linalg.inv",
    a=lambda g, ans: -(adjoint(ans) @ g @ adjoint(ans)),
    jvp={"a": lambda t, ans: -(ans @ t @ ans)},
    fix="a singular matrix has no inverse; use pinv, lstsq, or add a small multiple of the identity.",
)
def inv(a):
    """The inverse of each matrix: (a⁻¹)˙ = −a⁻¹ ȧ a⁻¹.

    >>> inv(np.array([[2.0, 0.0], [0.0, 4.0]]))
    array([[0.5 , 0.  ],
           [0.  , 0.25]])
    """
    return np.linalg.inv(a)


@primitive(
    name="linalg.solve",
    a=lambda g, a, ans: -(np.linalg.solve(adjoint(a), g) @ adjoint(ans)),
    b=lambda g, a: np.linalg.solve(adjoint(a), g),
    jvp={"a": lambda t, a, ans: -np.linalg.solve(a, t @ ans), "b": lambda t, a: np.linalg.solve(a, t)},
    fix="give square matrices a that are not singular, and b with as many rows; or use lstsq.",
)
def _solve(a, b):
    """One stack of matrices a, b of equal height."""
    return np.linalg.solve(a, b)


@composite(np.linalg.solve)
def solve(a, b):
    """x with a x = b, for a vector b or the columns of each matrix b; further axes broadcast.

    Adjoints: b̄ = a⁻ᴴ x̄ and ā = −b̄ xᴴ; the inverse is never formed.

    >>> solve(np.array([[2.0, 0.0], [0.0, 4.0]]), np.array([2.0, 2.0]))
    array([1. , 0.5])
    """
    a, b = map(anyarray, (a, b))
    vector = b.ndim == 1
    if vector:
        b = np.expand_dims(b, -1)
    if a.ndim > 1 and a.shape[:-2] != b.shape[:-2]:
        stack = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
        a, b = (x if x.shape[:-2] == stack else np.broadcast_to(x, stack + x.shape[-2:]) for x in (a, b))
    x = _solve(a, b)
    return x[..., 0] if vector else x


@composite(np.linalg.tensorinv)
def tensorinv(a, ind=2):
    """The inverse of a map between arrays: tensordot(tensorinv(a, ind), a, ind) is the identity.

    >>> tensorinv(np.eye(4).reshape(2, 2, 4)).shape
    (4, 2, 2)
    """
    if ind <= 0:
        raise ValueError(f"tensorinv: ind={ind}. Fix: give the number of axes of the result, at least 1.")
    shape = a.shape[ind:] + a.shape[:ind]
    return np.reshape(inv(np.reshape(a, (-1, math.prod(a.shape[ind:])))), shape)


@composite(np.linalg.tensorsolve)
def tensorsolve(a, b, axes=None):
    """x with tensordot(a, x, x.ndim) = b; ``axes`` of ``a`` are moved to the end before.

    >>> tensorsolve(np.eye(4).reshape(2, 2, 4), np.ones((2, 2)))
    array([1., 1., 1., 1.])
    """
    a, b = map(anyarray, (a, b))
    if axes is not None:
        last = [i % a.ndim for i in axes]
        a = np.transpose(a, [i for i in range(a.ndim) if i not in last] + last)
    shape = a.shape[b.ndim :]
    count = math.prod(shape)
    if a.size != count * count or b.size != count:
        raise ValueError(
            f"tensorsolve: {b.size} equations for {count} unknowns of shape {shape} [a: {a.shape}, b: {b.shape}]. "
            "Fix: a.shape must be b.shape followed by the shape of the solution, of as many elements."
        )
    return np.reshape(solve(np.reshape(a, (count, count)), np.reshape(b, (count,))), shape)


# Matrices of any shape -----------------------------------------------------------------------------------------------
# Golub and Pereyra, The differentiation of pseudo-inverses (1973), eq. 4.12: where the rank is constant,
# Ṗ = −P ȧ P + P Pᴴ ȧᴴ (1 − a P) + (1 − P a) ȧᴴ Pᴴ P.


def _beside_image(a: AnyArray, p: AnyArray, x: AnyArray) -> AnyArray:
    """(1 − a P) x: what of x no column of ``a`` reaches."""
    return x - a @ (p @ x)


@primitive(
    name="linalg.pinv",
    a=lambda g, a, ans: (
        _beside_image(a, ans, adjoint(g) @ ans @ adjoint(ans))
        + adjoint(_beside_image(ans, a, g @ adjoint(ans) @ ans))
        - adjoint(ans @ adjoint(g) @ ans)
    ),
    jvp={
        "a": lambda t, a, ans: (
            adjoint(_beside_image(a, ans, t @ ans @ adjoint(ans)))
            + _beside_image(ans, a, adjoint(t) @ adjoint(ans) @ ans)
            - ans @ t @ ans
        )
    },
)
def _pinv(a, settings):
    return np.linalg.pinv(a, **settings)


@composite(np.linalg.pinv)
def pinv(a, rcond=None, hermitian=False, **rtol):
    """The pseudo-inverse of each matrix; singular values up to ``rcond`` (or ``rtol``) of the largest count as zero.

    The derivative is that among matrices of the same rank.

    Arguments are those of ``np.linalg.pinv``.

    >>> pinv(np.array([[2.0], [0.0]]))
    array([[0.5, 0. ]])
    """
    if hermitian:
        a = mirrored(a)
    if rcond is not None:
        rtol["rcond"] = rcond
    return _pinv(a, settings={**rtol, "hermitian": hermitian})


# x = P b with the residual r = b − a x, and the same for ẋ: P (ḃ − ȧ x) + P Pᴴ ȧᴴ r + (1 − P a) ȧᴴ Pᴴ x.


@primitive(
    name="linalg.lstsq",
    together=lambda g, a, b, ans, rcond: _lstsq_back(g, a, b, ans, rcond),
    jvp={
        "a": lambda t, a, b, ans, rcond: _lstsq_push_a(t, a, b, ans, rcond),
        "b": lambda t, a, b, ans, rcond: _lstsq_push(t, 0, a, b, ans, rcond),
    },
)
def _lstsq(a, b, rcond=None, found=None):
    """x and the squares, or those in ``found``."""
    return packed(0, *(np.linalg.lstsq(a, b, rcond) if found is None else found)[:2])


def _lstsq_parts(row: AnyArray, a: AnyArray, b: AnyArray) -> tuple[AnyArray, AnyArray]:
    n, columns = a.shape[1], b.shape[1]
    x, squares = unpacked(row, (n, columns), (row.shape[0] - n * columns,))
    return x, squares if row.dtype.kind != "c" else np.real(squares)


def _lstsq_inverse(a: AnyArray, rcond: float | None) -> AnyArray:
    return np.linalg.pinv(a, rtol=np.finfo(a.dtype).eps if rcond == -1 else rcond)  # type: ignore[arg-type]  # None is as good


def _lstsq_back(g: AnyArray, a: AnyArray, b: AnyArray, ans: AnyArray, rcond: float | None) -> tuple[AnyArray, AnyArray]:
    x, _ = _lstsq_parts(ans, a, b)
    x_bar, squares_bar = _lstsq_parts(g, a, b)
    p, r = _lstsq_inverse(a, rcond), b - a @ x
    b_bar = adjoint(p) @ x_bar
    a_bar = r @ adjoint(p @ b_bar) - b_bar @ adjoint(x)
    a_bar = a_bar + adjoint(p) @ x @ adjoint(_beside_image(p, a, x_bar))
    if squares_bar.shape[0]:
        r_bar = 2 * r * squares_bar
        a_bar, b_bar = a_bar - r_bar @ adjoint(x), b_bar + r_bar
    return own_kind(a_bar, a), own_kind(b_bar, b)


def _lstsq_push_a(t: AnyArray, a: AnyArray, b: AnyArray, ans: AnyArray, rcond: float | None) -> AnyArray:
    x, _ = _lstsq_parts(ans, a, b)
    p, r, back = _lstsq_inverse(a, rcond), b - a @ x, adjoint(t)
    turned = p @ (adjoint(p) @ (back @ r)) + _beside_image(p, a, back @ (adjoint(p) @ x))
    return _lstsq_push(-(t @ x), turned, a, b, ans, rcond)


def _lstsq_push(
    r_dot: AnyArray, turned: AnyArray | int, a: AnyArray, b: AnyArray, ans: AnyArray, rcond: float | None
) -> AnyArray:
    """What moves where the residual does, and x by ``turned`` besides."""
    x, squares = _lstsq_parts(ans, a, b)
    x_dot = _lstsq_inverse(a, rcond) @ r_dot + turned
    return packed(0, x_dot, 2 * np.sum(np.real(conjugate(b - a @ x) * r_dot), axis=0)[: squares.shape[0]])


@composite(np.linalg.lstsq)
def lstsq(a, b, rcond=None):
    """The x with the smallest |a x − b|, among those the one with the smallest |x|; the squares |a x − b|², the rank
    of ``a`` and its singular values.

    rcond : singular values up to ``rcond`` of the largest count as zero (None: those within rounding errors)

    The derivative is that among matrices of the same rank. As in NumPy there are no squares where the rank is less
    than the number of columns, or the number of rows not greater.

    >>> lstsq(np.array([[1.0], [1.0]]), np.array([1.0, 3.0]))[0]
    array([2.])
    """
    a, b = map(anyarray, (a, b))
    if a.ndim != 2 or b.ndim not in (1, 2) or a.shape[0] != b.shape[0]:
        raise np.linalg.LinAlgError(
            f"lstsq: a of shape {a.shape}, b of shape {b.shape}. "
            "Fix: give a matrix, and a vector or a matrix of its height."
        )
    columns = np.expand_dims(b, -1) if b.ndim == 1 else b
    found = np.linalg.lstsq(bare(a), bare(columns), rcond)
    x, squares = _lstsq_parts(_lstsq(a, columns, rcond=rcond, found=found), a, columns)
    return x[:, 0] if b.ndim == 1 else x, squares, found[2], known_values(a, values=found[3])


# Products ------------------------------------------------------------------------------------------------------------


@composite(np.linalg.matrix_power)
def matrix_power(a, n):
    """aⁿ of each matrix, for whole numbers n; the inverse's powers for negative ones.

    Arguments are those of ``np.linalg.matrix_power``.

    >>> matrix_power(np.array([[1.0, 1.0], [0.0, 1.0]]), 3)
    array([[1., 3.],
           [0., 1.]])
    """
    n = operator.index(n)
    if a.ndim < 2 or a.shape[-1] != a.shape[-2]:
        raise np.linalg.LinAlgError(f"matrix_power: shape {a.shape}. Fix: give square matrices.")
    if n == 0:
        return Tensor(np.linalg.matrix_power(bare(a), 0))
    if n < 0:
        a, n = inv(a), -n
    if n == 3:
        return a @ a @ a
    result, square = None, a
    while True:
        n, odd = divmod(n, 2)
        if odd:
            result = square if result is None else result @ square
        if not n:
            return result
        square = square @ square


@composite(np.linalg.multi_dot, of_lists=True)
def multi_dot(arrays, *, out=None):
    """The product of two or more matrices in the order that takes the fewest multiplications.

    The first may be a row, given as a vector, and the last a column.

    Arguments are those of ``np.linalg.multi_dot``.

    >>> multi_dot([np.ones((2, 3)), np.ones((3, 1)), np.ones((1, 2))])
    array([[3., 3.],
           [3., 3.]])
    """
    refuse_out("linalg.multi_dot", out)
    arrays = list(map(anyarray, arrays))
    if len(arrays) < 2:
        raise ValueError(f"multi_dot: {len(arrays)} arrays. Fix: give two at least.")
    if len(arrays) == 2:
        return np.dot(*arrays)
    row, column = arrays[0].ndim == 1, arrays[-1].ndim == 1
    arrays[0] = np.expand_dims(arrays[0], 0) if row else arrays[0]
    arrays[-1] = np.expand_dims(arrays[-1], 1) if column else arrays[-1]
    if any(x.ndim != 2 for x in arrays):
        raise np.linalg.LinAlgError(f"multi_dot: shapes {[x.shape for x in arrays]}. Fix: give matrices.")
    product = _cheapest(arrays)
    return product[0, 0] if row and column else np.reshape(product, (-1,)) if row or column else product


def _cheapest(arrays: list[AnyArray]) -> Any:
    """Matrix-chain multiplication (Cormen et al., Introduction to Algorithms, 15.2)."""
    sides = [x.shape[0] for x in arrays] + [arrays[-1].shape[1]]
    count = len(arrays)
    cost, split = {(i, i): 0 for i in range(count)}, dict[tuple[int, int], int]()
    for length in range(1, count):
        for i in range(count - length):
            j = i + length
            at = [(cost[i, k] + cost[k + 1, j] + sides[i] * sides[k + 1] * sides[j + 1], k) for k in range(i, j)]
            cost[i, j], split[i, j] = min(at)
    return _product(arrays, split, 0, count - 1)


def _product(arrays: list[AnyArray], split: dict[tuple[int, int], int], i: int, j: int) -> AnyArray:
    if i == j:
        return arrays[i]
    k = split[i, j]
    return np.dot(_product(arrays, split, i, k), _product(arrays, split, k + 1, j))
