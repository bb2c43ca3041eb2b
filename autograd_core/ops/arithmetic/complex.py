"""Complex numbers: parts, conjugate, absolute value.

A complex array is a pair of real ones, and so are its tangents and cotangents: the cotangent of z = a + ib under a
real loss L is ∂L/∂a + i ∂L/∂b (PyTorch's convention), so that z − ηz̄ descends. A holomorphic f has the tangent f′ż and
the adjoint g·conj(f′); the rules here are those of the functions that are not holomorphic.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...engine.forms import linear, primitive
from ...engine.registry import implements
from ...engine.tensor import Tensor
from .elementwise import _absolute, _is_complex, _sign
from .trigonometric import _nonzero

if TYPE_CHECKING:
    from ...support.types import AnyArray

__all__ = ["abs", "absolute", "angle", "conj", "conjugate", "imag", "real", "real_if_close", "sign"]


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
    jvp={"x": lambda t, x, ans: np.real(conjugate(_direction(x, ans)) * t)},
)
def _modulus(x):
    return np.absolute(x)


# A step along the circle is kept, one along the radius lost; at 0 all slopes are 0.


@primitive(
    name="angle",
    x=lambda g, x: np.real(g) * _turned(x) / _nonzero(absolute(x)),
    jvp={"x": lambda t, x: np.real(conjugate(_turned(x)) * t) / _nonzero(absolute(x))},
)
def _angle(x):
    return np.angle(x)


@primitive(
    name="phase",
    x=lambda g, x: _turned(x) * np.real(conjugate(_turned(x)) * g) / _nonzero(absolute(x)),
    jvp={"x": lambda t, x: _turned(x) * np.real(conjugate(_turned(x)) * t) / _nonzero(absolute(x))},
)
def _phase(x):
    return np.sign(x)


def _direction(x: AnyArray, modulus: AnyArray) -> AnyArray:
    """z / |z|, and 0 at 0."""
    return x / _nonzero(modulus)


def _turned(x: AnyArray) -> AnyArray:
    """i z / |z|: the direction in which the angle grows."""
    return 1j * _direction(x, absolute(x))


@implements(np.real)
def real(val):
    """The real part; of what is real, itself.

    Arguments are those of ``np.real``.

    >>> real(np.array([1 + 2j]))
    array([1.])
    """
    return _real(val) if _is_complex(val) or not isinstance(val, Tensor) else val


@implements(np.imag)
def imag(val):
    """The imaginary part.

    Arguments are those of ``np.imag``.

    >>> imag(np.array([1 + 2j]))
    array([2.])
    """
    return _imag(val) if _is_complex(val) or not isinstance(val, Tensor) else Tensor(np.zeros_like(val.data))


@implements(np.conjugate)
def conjugate(x):
    """a − ib; of what is real, itself.

    Arguments are those of ``np.conjugate``.

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


abs = absolute


@implements(np.sign)
def sign(x):
    """−1, 0 or 1, with derivative 0; of a complex number z/|z|, its direction (0 at 0).

    Arguments are those of ``np.sign``.

    >>> sign(np.array([-2.0, 0.0, 5.0]))
    array([-1.,  0.,  1.])
    """
    return _phase(x) if _is_complex(x) and isinstance(x, Tensor) else _sign(x)


@implements(np.real_if_close)
def real_if_close(a, tol=100):
    """The real part, where every imaginary part is less than ``tol`` rounding errors (or ``tol``, below 1); else ``a``.

    >>> real_if_close(np.array([1 + 1e-17j]))
    array([1.])
    """
    if not isinstance(a, Tensor):
        return np.real_if_close(a, tol)
    return real(a) if np.isrealobj(np.real_if_close(a.data, tol)) else a


@implements(np.angle)
def angle(z, deg=False):
    """The argument of a complex number, in radians or degrees; of a real one 0 or π, with derivative 0.

    Arguments are those of ``np.angle``.

    >>> angle(np.array([1j]), deg=True)
    array([90.])
    """
    if not isinstance(z, Tensor):
        return np.angle(z, deg)
    radians = _angle(z) if _is_complex(z) else np.arctan2(0, z)
    return radians * (180 / np.pi) if deg else radians
