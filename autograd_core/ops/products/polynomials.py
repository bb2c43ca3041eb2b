"""Polynomials as vectors of coefficients, highest power first, as NumPy's ``polyval`` and ``roots`` take them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ...engine.arithmetic import conjugate
from ...engine.forms import primitive
from ...engine.registry import implements
from ...engine.tensor import Tensor, bare
from ...support.arrays import anyarray
from ..composites import composite

if TYPE_CHECKING:
    from ...support.types import AnyArray, ArrayLike

__all__ = [
    "poly", "polyadd", "polyder", "polydiv", "polyint", "polymul", "polysub", "polyval", "roots", "vander",
]


# Values and zeros ----------------------------------------------------------------------------------------------------


@primitive(
    name="polyval",
    p=lambda g, p, x: _like(p, np.sum(np.expand_dims(g, -1) * conjugate(_powers(x, p.shape[0])), axis=_every(x))),
    x=lambda g, p, x: _like(x, g * conjugate(_polyval(_slope(p), x))),
    jvp={"p": lambda t, x: _polyval(t, x), "x": lambda t, p, x: t * _polyval(_slope(p), x)},
)
def _polyval(p, x):
    return np.polyval(p, x)


@composite(np.polyval)
def polyval(p, x):
    """p[0] xⁿ + … + p[n] by Horner's scheme.

    Arguments are those of ``np.polyval``.

    >>> polyval(np.array([1.0, 0.0, 2.0]), np.array([3.0]))
    array([11.])
    """
    p = p if hasattr(p, "ndim") else np.stack(p) if _has_shapes(p) else np.asarray(p)
    if p.ndim != 1:
        raise ValueError(f"polyval: coefficients of shape {p.shape}. Fix: give a vector, or sum p[k] * x**k.")
    return _polyval(p, anyarray(x))


def _powers(x: AnyArray, count: int) -> AnyArray:
    """x^(count − 1), …, x, 1 along a new last axis."""
    powers = [np.ones_like(x)]
    for _ in range(count - 1):
        powers.append(powers[-1] * x)
    return np.stack(powers[::-1], axis=-1) if count else np.zeros_like(np.expand_dims(x, -1))[..., :0]


def _every(x: AnyArray) -> tuple[int, ...]:
    return tuple(range(x.ndim))


def _slope(p: AnyArray) -> AnyArray:
    """The coefficients of the derivative."""
    n = p.shape[0] - 1
    return np.stack([(n - k) * p[k] for k in range(n)]) if n > 0 else np.zeros_like(p[:1])


@implements(np.roots)
@primitive(
    p=lambda g, p, ans: _like(p, np.sum(-_weights(p, ans) * np.expand_dims(g, -1), axis=0)),
    jvp={"p": lambda t, p, ans: np.sum(-conjugate(_weights(p, ans)) * t, axis=1)},
)
def roots(p):
    """The zeros of a polynomial; that of a simple zero r moves by ṙ = −ṗ(r)/p′(r) (a multiple one by ±∞ or NaN).

    >>> roots(np.array([1.0, -3.0, 2.0]))
    array([2., 1.])
    """
    return np.roots(p)


def _weights(p: AnyArray, r: AnyArray) -> AnyArray:
    """r^(n − k)/p′(r) for each zero r and each coefficient p[k], conjugated."""
    return conjugate(_powers(r, p.shape[0]) / np.expand_dims(_polyval(_slope(p), r), -1))


def _like(x: AnyArray, cotangent: AnyArray) -> AnyArray:
    return cotangent if x.dtype.kind == "c" else np.real(cotangent)


@composite(np.poly)
def poly(seq_of_zeros):
    """The polynomial 1·xⁿ + … with these zeros; of a matrix with its eigenvalues.

    Arguments are those of ``np.poly``.

    >>> poly(np.array([1.0, 2.0]))
    array([ 1., -3.,  2.])
    """
    zeros = seq_of_zeros if hasattr(seq_of_zeros, "ndim") else np.stack(seq_of_zeros)
    if zeros.ndim == 2 and zeros.shape[0] == zeros.shape[1] != 0:
        zeros = np.linalg.eigvals(zeros)
    elif zeros.ndim > 1:
        raise ValueError(f"poly: zeros of shape {zeros.shape}. Fix: give a vector of zeros, or a square matrix.")
    if not zeros.size:
        return 1.0
    product = np.ones((1,), zeros.dtype)
    for zero in zeros:
        product = np.convolve(product, np.stack([np.ones((), zeros.dtype), -zero]))
    values = bare(zeros)
    if zeros.dtype.kind == "c" and np.all(np.sort(values) == np.sort(np.conjugate(values))):
        return np.real(product)
    return product


@implements(np.vander)
@primitive(
    x=lambda g, x, ans, increasing: _like(x, np.sum(g * conjugate(_slopes(ans, increasing)), axis=1)),
    jvp={"x": lambda t, ans, increasing: np.expand_dims(t, -1) * _slopes(ans, increasing)},
)
def vander(x, N=None, increasing=False):
    """Powers of each x in a row: x^(N − 1), …, x, 1, or the other way round; N is the length of ``x`` by default.

    Arguments are those of ``np.vander``.

    >>> vander(np.array([2.0, 3.0]), 3)
    array([[4., 2., 1.],
           [9., 3., 1.]])
    """
    return np.vander(x, N, increasing)


def _slopes(powers: AnyArray, increasing: bool) -> AnyArray:
    """k x^(k − 1) in the place of x^k."""
    count = powers.shape[1]
    if not count:
        return powers
    columns = [k * powers[:, k - 1 if increasing else count - k] for k in range(1, count)]
    columns = [np.zeros_like(powers[:, 0]), *columns]
    return np.stack(columns if increasing else columns[::-1], axis=1)


# Arithmetic ----------------------------------------------------------------------------------------------------------


@composite(np.polyadd)
def polyadd(a1, a2):
    """The sum of two polynomials.

    Arguments are those of ``np.polyadd``.

    >>> polyadd(np.array([1.0, 2.0, 3.0]), np.array([1.0, 1.0]))
    array([1., 3., 4.])
    """
    first, second = _of_one_length(a1, a2)
    return np.add(first, second)


@composite(np.polysub)
def polysub(a1, a2):
    """The difference of two polynomials.

    Arguments are those of ``np.polysub``.

    >>> polysub(np.array([1.0, 2.0, 3.0]), np.array([1.0, 1.0]))
    array([1., 1., 2.])
    """
    first, second = _of_one_length(a1, a2)
    return np.subtract(first, second)


@composite(np.polymul)
def polymul(a1, a2):
    """The product of two polynomials.

    Arguments are those of ``np.polymul``.

    >>> polymul(np.array([1.0, 1.0]), np.array([1.0, -1.0]))
    array([ 1.,  0., -1.])
    """
    return np.convolve(_trimmed(_vector(a1)), _trimmed(_vector(a2)))


@composite(np.polydiv)
def polydiv(u, v):
    """Quotient and remainder of two polynomials; leading zeros of the remainder are cut off.

    Arguments are those of ``np.polydiv``.

    >>> polydiv(np.array([1.0, -3.0, 2.0]), np.array([1.0, -1.0]))
    (array([ 1., -2.]), array([0.]))
    """
    u, v = _vector(u) + 0.0, _vector(v) + 0.0
    scale = 1.0 / v[0]
    rest = u.astype(np.result_type(u.dtype, v.dtype))
    quotient, rest = [], rest if isinstance(rest, Tensor) else Tensor(rest)
    for k in range(u.shape[0] - v.shape[0] + 1):
        d = scale * rest[k]
        quotient.append(d)
        end = k + v.shape[0]
        rest = np.concatenate([rest[:k], rest[k:end] - d * v, rest[end:]])
    while rest.shape[0] > 1 and np.allclose(rest[0], 0, rtol=1e-14):
        rest = rest[1:]
    return np.stack(quotient) if quotient else Tensor(np.zeros_like(rest[:1])), rest


@composite(np.polyder)
def polyder(p, m=1):
    """The m-th derivative of a polynomial.

    Arguments are those of ``np.polyder``.

    >>> polyder(np.array([1.0, 2.0, 3.0]))
    array([2., 2.])
    """
    if m < 0:
        raise ValueError(f"polyder: order {m} is negative. Fix: polyint(p, {-m}).")
    for _ in range(m):
        p = p[:-1] * np.arange(p.shape[0] - 1, 0, -1)
    return p


@composite(np.polyint)
def polyint(p, m=1, k=None):
    """The m-th integral of a polynomial; ``k`` gives the constants, in the order of integration (default: zeros).

    Arguments are those of ``np.polyint``.

    >>> polyint(np.array([2.0, 2.0]))
    array([1., 2., 0.])
    """
    if m < 0:
        raise ValueError(f"polyint: order {m} is negative. Fix: polyder(p, {-m}).")
    constants = _vector(0.0 if k is None else k)
    if 1 != constants.shape[0] < m:
        raise ValueError(f"polyint: {constants.shape[0]} constants for {m} integrals. Fix: give one, or one for each.")
    p = _vector(p)
    for i in range(m):
        last = constants[i : i + 1] if constants.shape[0] > 1 else constants
        p = np.concatenate([p / np.arange(p.shape[0], 0, -1), last])
    return p


def _vector(x: Any) -> AnyArray:
    if hasattr(x, "shape"):
        return x if x.shape else np.reshape(x, (1,))
    return np.atleast_1d(np.stack(x) if _has_shapes(x) else x)


def _has_shapes(x: object) -> bool:
    return isinstance(x, (list, tuple)) and any(hasattr(part, "shape") for part in x)


def _of_one_length(*given: ArrayLike) -> list[AnyArray]:
    """Zeros before the shorter one."""
    vectors = [_vector(v) for v in given]
    longest = max(v.shape[0] for v in vectors)
    return [
        v if v.shape[0] == longest else np.concatenate([np.zeros((longest - v.shape[0],), v.dtype), v])
        for v in vectors
    ]


def _trimmed(p: AnyArray) -> AnyArray:
    """Without leading zeros (of nothing but zeros, the last)."""
    nonzero = np.nonzero(p)[0]
    return p[nonzero[0] if len(nonzero) else p.shape[0] - 1 :]
