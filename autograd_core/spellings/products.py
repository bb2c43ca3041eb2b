"""Products and linear algebra, as PyTorch spells them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..ops.products.einsum import einsum as _einsum

if TYPE_CHECKING:
    from ..support.types import AnyArray

matmul = np.matmul


def mm(input: AnyArray, mat2: AnyArray) -> AnyArray:
    """The product of two matrices."""
    return np.matmul(input, mat2)


def bmm(input: AnyArray, mat2: AnyArray) -> AnyArray:
    """The products of matrices, one by one."""
    return np.matmul(input, mat2)


def mv(input: AnyArray, vec: AnyArray) -> AnyArray:
    """A matrix times a vector."""
    return np.matmul(input, vec)


def dot(input: AnyArray, tensor: AnyArray) -> AnyArray:
    """The inner product of two vectors."""
    return np.matmul(input, tensor)


def vdot(input: AnyArray, other: object) -> AnyArray:
    """The inner product of two vectors, the first of them conjugated."""
    return np.vdot(input, other)


def inner(input: AnyArray, other: Any) -> AnyArray:
    """Products of the last axes."""
    return np.inner(input, other)


def outer(input: AnyArray, vec2: Any) -> AnyArray:
    """All products of two vectors' elements."""
    return np.outer(input, vec2)


ger = outer


def kron(input: AnyArray, other: object) -> AnyArray:
    """Kronecker's product."""
    return np.kron(input, other)


def cross(input: AnyArray, other: Any, dim: int | None = None) -> AnyArray:
    """Vector products along ``dim``, by default the first axis of size 3."""
    axis = np.shape(input).index(3) if dim is None else dim
    return np.cross(input, other, axis=axis)


def tensordot(a: AnyArray, b: AnyArray, dims: Any = 2, out: AnyArray | None = None) -> AnyArray:
    """Sums over the last axes of a and the first ones of b, or over the named ones."""
    return np.tensordot(a, b, dims)


def einsum(equation: str, *operands: object) -> Any:
    """Sums of products by a formula of subscripts."""
    operands = tuple(operands[0]) if len(operands) == 1 and isinstance(operands[0], (tuple, list)) else operands
    return _einsum(equation.replace(" ", ""), *operands)


def _plus(input: AnyArray, product: Any, beta: Any, alpha: Any) -> AnyArray:
    product = product if alpha == 1 else alpha * product
    return product if beta == 0 else (input if beta == 1 else beta * input) + product


def addmm(input: AnyArray, mat1: AnyArray, mat2: AnyArray, *, beta: Any = 1, alpha: Any = 1) -> AnyArray:
    """beta · input + alpha · (mat1 @ mat2)."""
    return _plus(input, np.matmul(mat1, mat2), beta, alpha)


def addmv(input: AnyArray, mat: AnyArray, vec: AnyArray, *, beta: Any = 1, alpha: Any = 1) -> AnyArray:
    """beta · input + alpha · (mat @ vec)."""
    return _plus(input, np.matmul(mat, vec), beta, alpha)


def addr(input: AnyArray, vec1: AnyArray, vec2: AnyArray, *, beta: Any = 1, alpha: Any = 1) -> AnyArray:
    """beta · input + alpha · outer(vec1, vec2)."""
    return _plus(input, np.outer(vec1, vec2), beta, alpha)


def baddbmm(input: AnyArray, batch1: AnyArray, batch2: AnyArray, *, beta: Any = 1, alpha: Any = 1) -> AnyArray:
    """beta · input + alpha · (batch1 @ batch2)."""
    return _plus(input, np.matmul(batch1, batch2), beta, alpha)


def addbmm(input: AnyArray, batch1: AnyArray, batch2: AnyArray, *, beta: Any = 1, alpha: Any = 1) -> AnyArray:
    """beta · input + alpha · Σ (batch1 @ batch2)."""
    return _plus(input, np.sum(np.matmul(batch1, batch2), axis=0), beta, alpha)


def cdist(x1: AnyArray, x2: AnyArray, p: float = 2.0, compute_mode: Any = None) -> Any:
    """The distances of each row of x1 to each of x2."""
    from ..ops import linalg

    return linalg.vector_norm(x1[..., :, None, :] - x2[..., None, :, :], axis=-1, ord=p)


def trace(input: AnyArray) -> AnyArray:
    """The sum of the diagonal."""
    return np.trace(input)


def logdet(input: AnyArray) -> AnyArray:
    """log det; NaN of a negative one."""
    sign, size = np.linalg.slogdet(input)
    return np.log(sign) + size


def det(input: AnyArray) -> AnyArray:
    """The determinants of matrices."""
    return np.linalg.det(input)


def slogdet(input: AnyArray) -> Any:
    """Sign and log |det|."""
    return np.linalg.slogdet(input)


def inverse(input: AnyArray) -> AnyArray:
    """The inverses of matrices."""
    return np.linalg.inv(input)


def pinverse(input: AnyArray, rcond: float = 1e-15) -> AnyArray:
    """The pseudo-inverses of matrices."""
    return np.linalg.pinv(input, rcond)


def matrix_power(input: AnyArray, n: int) -> AnyArray:
    """Matrices to an integer power."""
    return np.linalg.matrix_power(input, n)


def cholesky(input: AnyArray, upper: bool = False) -> AnyArray:
    """Cholesky's factor, lower or upper."""
    factor = np.linalg.cholesky(input)
    return np.conj(np.swapaxes(factor, -1, -2)) if upper else factor


def qr(input: AnyArray, some: bool = True) -> Any:
    """Q and R."""
    return np.linalg.qr(input, "reduced" if some else "complete")
