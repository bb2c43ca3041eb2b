"""Complex numbers: parts, conjugate, absolute value.

A complex array is a pair of real ones, and so are its tangents and cotangents: the cotangent of z = a + ib under a
real loss L is ∂L/∂a + i ∂L/∂b (PyTorch's convention), so that z − ηz̄ descends. A holomorphic f has the tangent f′ż and
the adjoint g·conj(f′); the rules here are those of the functions that are not holomorphic.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..forms import linear, primitive
from ..protocols import implements
from ..tensor import Tensor
from .elementwise import _absolute

__all__ = ["absolute", "angle", "conj", "conjugate", "imag", "real"]


def _is_complex(x: Any) -> bool:
    return getattr(x, "dtype", None) is not None and x.dtype.kind == "c"


@linear(name="real", x=lambda g: np.real(g))
def _real(x):
    return np.real(x)


@linear(name="imag", x=lambda g: np.real(g) * 1j)
def _imag(x):
    return np.imag(x)


@linear(name="conjugate", x=lambda g: conjugate(g))
def _conjugate(x):
    return np.conjugate(x)


@primitive(
    name="modulus",
    x=lambda g, x, ans: np.real(g) * _direction(x, ans),
    jvp=lambda t, x, ans: np.real(conjugate(_direction(x, ans)) * t[0]),
)
def _modulus(x):
    return np.absolute(x)


@primitive(
    name="angle",
    x=lambda g, x: np.real(g) * (x * 1j) / np.square(absolute(x)),
    jvp=lambda t, x: np.imag(conjugate(x) * t[0]) / np.square(absolute(x)),
)
def _angle(x):
    return np.angle(x)


def _direction(x: Any, modulus: Any) -> Any:
    """z / |z|, and 0 at 0."""
    return x / (modulus + (modulus == 0))


@implements(np.real)
def real(x):
    """The real part; of what is real, itself.

    >>> real(np.array([1 + 2j]))
    array([1.])
    """
    return _real(x) if _is_complex(x) or not isinstance(x, Tensor) else x


@implements(np.imag)
def imag(x):
    """The imaginary part.

    >>> imag(np.array([1 + 2j]))
    array([2.])
    """
    return _imag(x) if _is_complex(x) or not isinstance(x, Tensor) else Tensor(np.zeros_like(x.data))


@implements(np.conjugate)
def conjugate(x):
    """a − ib; of what is real, itself.

    >>> conjugate(np.array([1 + 2j]))
    array([1.-2.j])
    """
    return _conjugate(x) if _is_complex(x) or not isinstance(x, Tensor) else x


conj = conjugate


@implements(np.absolute)
def absolute(x):
    """|x|; its derivative is sign(x), or z/|z|, and 0 at 0.

    >>> absolute(np.array([-2.0, 3 + 4j]))
    array([2., 5.])
    """
    return _modulus(x) if _is_complex(x) and isinstance(x, Tensor) else _absolute(x)


@implements(np.angle)
def angle(x, deg=False):
    """The argument of a complex number, in radians or degrees; of a real one 0 or π, with derivative 0.

    >>> angle(np.array([1j]), deg=True)
    array([90.])
    """
    if not isinstance(x, Tensor):
        return np.angle(x, deg)
    radians = _angle(x) if _is_complex(x) else Tensor(np.angle(x.data))
    return radians * (180 / np.pi) if deg else radians
