"""Bessel functions and their kin: derivatives by recurrence (DLMF 10.6, 10.29, 10.51, 9.2, 11.4)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.special as scipy

from ...engine import entry
from ...engine.forms import elementwise
from ...engine.registry import implements
from ...engine.tensor import Tensor
from .common import _declare
from .settings import of_settings, weak

if TYPE_CHECKING:
    from ...support.types import AnyArray, ArrayLike

__all__ = [
    "airy", "i0", "i0e", "i1", "i1e", "iv", "ive", "j0", "j1", "jn", "jv", "jve", "k0", "k0e", "k1", "k1e", "kn", "kv",
    "kve", "modstruve", "spherical_in", "spherical_jn", "spherical_kn", "spherical_yn", "struve", "y0", "y1", "yn",
    "yv", "yve",
]  # fmt: skip

# fmt: off
jv  = of_settings(scipy.jv,  "v", lambda x, v, ans: 0.5 * (_jv(x, v - 1) - _jv(x, v + 1)))
yv  = of_settings(scipy.yv,  "v", lambda x, v, ans: 0.5 * (_yv(x, v - 1) - _yv(x, v + 1)))
yn  = of_settings(scipy.yn,  "n", lambda x, n, ans: 0.5 * (_yv(x, n - 1.0) - _yv(x, n + 1.0)))
jve = of_settings(scipy.jve, "v", lambda x, v, ans: 0.5 * (_jv(x, v - 1) - _jv(x, v + 1)), real=True)
yve = of_settings(scipy.yve, "v", lambda x, v, ans: 0.5 * (_yv(x, v - 1) - _yv(x, v + 1)), real=True)
iv  = of_settings(scipy.iv,  "v", lambda x, v, ans: 0.5 * (_iv(x, v - 1) + _iv(x, v + 1)))
ive = of_settings(
    scipy.ive, "v", lambda x, v, ans: 0.5 * (_ive(x, v - 1) + _ive(x, v + 1)) - np.sign(x) * ans, real=True
)
kv  = of_settings(scipy.kv,  "v", lambda x, v, ans: -0.5 * (_kv(x, v - 1) + _kv(x, v + 1)))
kn  = of_settings(scipy.kn,  "n", lambda x, n, ans: -0.5 * (_kv(x, n - 1.0) + _kv(x, n + 1.0)))
kve = of_settings(scipy.kve, "v", lambda x, v, ans: ans - 0.5 * (_kve(x, v - 1) + _kve(x, v + 1)))
jn  = jv
_jv, _yv, _iv, _ive, _kv, _kve = (f.primitive_of_x for f in (jv, yv, iv, ive, kv, kve))

i0  = _declare(scipy.i0,  "special.i0", x=lambda x: i1(x))
i1  = _declare(scipy.i1,  x=lambda x: 0.5 * (i0(x) + _iv(x, 2)))
i0e = _declare(scipy.i0e, x=lambda x, ans: i1e(x) - np.sign(x) * ans)
i1e = _declare(scipy.i1e, x=lambda x, ans: 0.5 * (i0e(x) + _ive(x, 2)) - np.sign(x) * ans)

j0  = _declare(scipy.j0,  x=lambda x: -j1(x))
j1  = _declare(scipy.j1,  x=lambda x: 0.5 * (j0(x) - _jv(x, 2)))
y0  = _declare(scipy.y0,  x=lambda x: -y1(x))
y1  = _declare(scipy.y1,  x=lambda x: 0.5 * (y0(x) - _yv(x, 2)))
k0  = _declare(scipy.k0,  x=lambda x: -k1(x))
k1  = _declare(scipy.k1,  x=lambda x: -0.5 * (k0(x) + _kv(x, 2)))
k0e = _declare(scipy.k0e, x=lambda x, ans: ans - k1e(x))
k1e = _declare(scipy.k1e, x=lambda x, ans: ans - 0.5 * (k0e(x) + _kve(x, 2)))

struve    = of_settings(
    scipy.struve, "v", lambda x, v, ans: 0.5 * (_struve(x, v - 1) - _struve(x, v + 1) + _of_struve(x, v))
)
modstruve = of_settings(
    scipy.modstruve, "v", lambda x, v, ans: 0.5 * (_modstruve(x, v - 1) + _modstruve(x, v + 1) + _of_struve(x, v))
)
_struve, _modstruve = struve.primitive_of_x, modstruve.primitive_of_x
# fmt: on


def _of_struve(x: AnyArray, v: AnyArray) -> AnyArray:
    return (0.5 * x) ** v / (math.sqrt(math.pi) * weak(scipy.gamma(v + 1.5)))


# Airy functions: f″ = x f --------------------------------------------------------------------------------------------

_ai = elementwise(lambda x: scipy.airy(x)[0], name="airy_ai", x=lambda x: _aip(x))
_aip = elementwise(lambda x: scipy.airy(x)[1], name="airy_aip", x=lambda x: x * _ai(x))
_bi = elementwise(lambda x: scipy.airy(x)[2], name="airy_bi", x=lambda x: _bip(x))
_bip = elementwise(lambda x: scipy.airy(x)[3], name="airy_bip", x=lambda x: x * _bi(x))


@implements(scipy.airy)
def airy(z: ArrayLike) -> tuple[AnyArray, AnyArray, AnyArray, AnyArray]:
    """Ai, Ai′, Bi and Bi′ of ``z``.

    z : real numbers, where they are differentiated

    >>> import autograd_core as ag
    >>> bool(ag.grad(lambda x: airy(x)[0])(np.array(1.0)) == airy(1.0)[1])
    True
    """
    if not isinstance(z, Tensor):
        return scipy.airy(z)  # type: ignore[no-any-return]
    return _ai(z), _aip(z), _bi(z), _bip(z)


# Spherical ones: (2n + 1) f′ₙ = n fₙ₋₁ − (n + 1) fₙ₊₁, with + for i and −n for k -------------------------------------


def _spherical(name: str, before: int, after: int) -> Any:
    scipys = getattr(scipy, name)

    def slope(z: AnyArray, n: Any) -> AnyArray:
        n = weak(n)
        lower = weak(np.maximum(n - 1, 0))
        return (before * n * inner(z, lower) + after * (n + 1) * inner(z, n + 1)) / (2 * n + 1)

    inner = elementwise(lambda z, n: np.asarray(scipys(n, z)).astype(z.dtype), name=name, z=slope)

    def function(n: Any, z: ArrayLike, derivative: bool = False) -> Any:
        if not isinstance(z, Tensor):
            return scipys(n, z, derivative)
        n = np.asarray(entry.setting(n, name, "n", "the order is a whole number"))
        return slope(z, n) if derivative else inner(z, n)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = (
        f"``scipy.special.{name}(n, z, derivative=False)``, differentiable by z.\n\n"
        "    n : whole numbers from 0 on\n    z : real numbers\n    derivative : whether to give the derivative"
    )
    return function


spherical_jn = _spherical("spherical_jn", 1, -1)
spherical_yn = _spherical("spherical_yn", 1, -1)
spherical_in = _spherical("spherical_in", 1, 1)
spherical_kn = _spherical("spherical_kn", -1, -1)
