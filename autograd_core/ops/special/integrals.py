"""Integrals that have names: exponential, trigonometric, Fresnel's, elliptic; and functions that solve equations."""

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
from .settings import of_settings, refuse_complex

if TYPE_CHECKING:
    from ...support.types import AnyArray, ArrayLike, Function

__all__ = [
    "boxcox", "boxcox1p", "cosdg", "cosm1", "cotdg", "ellipe", "ellipeinc", "ellipk", "ellipkinc", "ellipkm1", "exp1",
    "exp10", "expi", "expn", "exprel", "fresnel", "huber", "inv_boxcox", "inv_boxcox1p", "lambertw", "powm1",
    "pseudo_huber", "shichi", "sici", "sindg", "spence", "tandg", "voigt_profile", "wofz", "wrightomega",
]  # fmt: skip

_DEGREE = math.pi / 180

# fmt: off
exp1   = _declare(scipy.exp1,   z=lambda z: -np.exp(-z) / z)
expi   = _declare(scipy.expi,   x=lambda x: np.exp(x) / x)
expn   = of_settings(scipy.expn, "n", lambda x, n, ans: -_expn(x, n))
spence = _declare(scipy.spence, z=lambda z: _log_over_rest(z))
exprel = _declare(scipy.exprel, x=lambda x: _exprel_slope(x))
cosm1  = _declare(scipy.cosm1,  x=lambda x: -np.sin(x))
exp10  = _declare(scipy.exp10,  x=lambda ans: math.log(10) * ans)
powm1  = _declare(scipy.powm1,  x=lambda x, y: y * x ** (y - 1), y=lambda x, ans: (ans + 1) * np.log(x))
sindg  = _declare(scipy.sindg,  x=lambda x: _DEGREE * cosdg(x))
cosdg  = _declare(scipy.cosdg,  x=lambda x: -_DEGREE * sindg(x))
tandg  = _declare(scipy.tandg,  x=lambda ans: _DEGREE * (1 + ans * ans))
cotdg  = _declare(scipy.cotdg,  x=lambda ans: -_DEGREE * (1 + ans * ans))

# D = (K − E)/m = R_D(0, 1 − m, 1)/3, which is exact also where m is small (DLMF 19.4, 19.25)
ellipk   = _declare(scipy.ellipk,   m=lambda m, ans: (ans - _ellipd(m)) / (2 * (1 - m)))
ellipkm1 = _declare(scipy.ellipkm1, p=lambda p, ans: -(ans - _ellipd(1 - p)) / (2 * p))
ellipe   = _declare(scipy.ellipe,   m=lambda m: -0.5 * _ellipd(m))
_ellipd  = elementwise(
    lambda m: refuse_complex("ellipd", m) or scipy.elliprd(0.0, 1 - m, 1.0) / 3, name="ellipd",
    m=lambda m, ans: ((ellipk(m) - ans) / (1 - m) - ans) / (2 * m),
)
ellipkinc = _declare(
    scipy.ellipkinc,
    phi=lambda phi, m: 1 / np.sqrt(1 - m * np.sin(phi) ** 2),
    m=lambda phi, m, ans: (ellipeinc(phi, m) / (1 - m) - ans) / (2 * m)
    - np.sin(2 * phi) / (4 * (1 - m) * np.sqrt(1 - m * np.sin(phi) ** 2)),
)
ellipeinc = _declare(
    scipy.ellipeinc,
    phi=lambda phi, m: np.sqrt(1 - m * np.sin(phi) ** 2),
    m=lambda phi, m, ans: (ans - ellipkinc(phi, m)) / (2 * m),
)

huber        = of_settings(scipy.huber, "delta", lambda r, delta, ans: np.clip(r, -delta, delta), x="r")
pseudo_huber = of_settings(scipy.pseudo_huber, "delta", lambda r, delta, ans: r / np.sqrt(1 + (r / delta) ** 2), x="r")

boxcox       = of_settings(scipy.boxcox, "lmbda", lambda x, lmbda, ans: x ** (lmbda - 1.0), last=False)
boxcox1p     = of_settings(scipy.boxcox1p, "lmbda", lambda x, lmbda, ans: (1 + x) ** (lmbda - 1.0), last=False)
inv_boxcox   = of_settings(scipy.inv_boxcox, "lmbda", lambda y, lmbda, ans: ans ** (1.0 - lmbda), x="y", last=False)
inv_boxcox1p = of_settings(
    scipy.inv_boxcox1p, "lmbda", lambda y, lmbda, ans: (1 + ans) ** (1.0 - lmbda), x="y", last=False
)

wofz        = _declare(scipy.wofz, z=lambda z, ans: 2j / math.sqrt(math.pi) - 2 * z * ans)
wrightomega = _declare(scipy.wrightomega, z=lambda ans: ans / (1 + ans))
# fmt: on


@elementwise(name="expn_slope", x=lambda x, n: -_expn(x, n - 1))
def _expn(x, n):
    """E of order n − 1, also below 0: E₋ₖ is e⁻ˣ/x times a polynomial of 1/x."""
    order = n - 1
    low = np.minimum(order, 0)
    total: Any = 0.0
    term: Any = 1.0
    for k in range(int(-np.min(low)) + 1):  # E₋ₘ(x) = e⁻ˣ Σ m!/(m − k)! x⁻ᵏ⁻¹
        reached = k <= -low
        term = np.where(reached, np.divide(1.0, x) if k == 0 else term * (-low - k + 1) / x, 0.0)
        total = total + term
    return np.where(order > 0, scipy.expn(np.maximum(order, 0), x), np.exp(-x) * total).astype(x.dtype)


@elementwise(name="log_over_rest", z=lambda z, ans: _log_over_rest_slope(z, ans))
def _log_over_rest(z):
    """log z / (1 − z), which is −1 at 1."""
    near = z == 1
    return np.where(near, -1.0, np.log(np.where(near, 2.0, z)) / (1 - np.where(near, 2.0, z)))


def _log_over_rest_slope(z: AnyArray, value: AnyArray) -> AnyArray:
    w = z - 1
    near = np.absolute(w) < 1e-3
    series = 0.5 - w * (2 / 3 - w * (3 / 4 - w * (4 / 5 - w * (5 / 6))))
    away = np.where(near, 0.5, w)
    return np.where(near, series, (value + 1 / (1 + away)) / -away)


def _exprel_slope(x: AnyArray) -> AnyArray:
    """((x − 1) eˣ + 1)/x², by its series near 0."""
    near = np.absolute(x) < 0.3
    small = np.where(near, x, 0.0)
    total: Any = 0.0
    for k in range(14):
        total = total + (k + 1) / math.factorial(k + 2) * small**k
    away = np.where(near, 1.0, x)
    return np.where(near, total, ((away - 1) * np.exp(away) + 1) / away**2)


# Functions that give two ---------------------------------------------------------------------------------------------

_si = elementwise(lambda x: scipy.sici(x)[0], name="si", x=lambda x: np.sinc(x / math.pi))
_ci = elementwise(lambda x: scipy.sici(x)[1], name="ci", x=lambda x: np.cos(x) / x)
_shi = elementwise(lambda x: scipy.shichi(x)[0], name="shi", x=lambda x: _sinhc(x))
_chi = elementwise(lambda x: scipy.shichi(x)[1], name="chi", x=lambda x: np.cosh(x) / x)
_fresnel_s = elementwise(lambda x: scipy.fresnel(x)[0], name="fresnel_s", x=lambda x: np.sin(0.5 * math.pi * x * x))
_fresnel_c = elementwise(lambda x: scipy.fresnel(x)[1], name="fresnel_c", x=lambda x: np.cos(0.5 * math.pi * x * x))


def _sinhc(x: AnyArray) -> AnyArray:
    near = np.equal(x, 0)
    return np.where(near, 1.0, np.sinh(x) / np.where(near, 1.0, x))


def _pair(ufunc: np.ufunc, first: Function, second: Function, says: str) -> Any:
    name = ufunc.__name__

    def function(x: ArrayLike) -> Any:
        return (first(x), second(x)) if isinstance(x, Tensor) else ufunc(x)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"{says}: ``scipy.special.{name}``, differentiable.\n\n    x : real numbers"
    return implements(ufunc)(function)


sici = _pair(scipy.sici, _si, _ci, "The integrals of sin t/t and cos t/t")
shichi = _pair(scipy.shichi, _shi, _chi, "The integrals of sinh t/t and cosh t/t")
fresnel = _pair(scipy.fresnel, _fresnel_s, _fresnel_c, "Fresnel's integrals of sin(πt²/2) and cos(πt²/2)")


# Complex ones --------------------------------------------------------------------------------------------------------


@elementwise(name="lambertw", z=lambda z, k, ans: np.exp(-ans) / (1 + ans))
def _lambertw(z, k):
    return scipy.lambertw(z, k)


def lambertw(z: ArrayLike, k: int = 0, tol: float = 1e-8) -> AnyArray:
    """W with W e^W = z, a complex number; of its branches the k-th.

    z : real or complex numbers
    k : the branch, a whole number
    tol : SciPy's tolerance, used on arrays alone

    >>> import autograd_core as ag
    >>> ag.grad(lambda x: np.real(lambertw(x)))(np.array(0.0))
    array(1.)
    """
    if not isinstance(z, Tensor):
        return scipy.lambertw(z, k, tol)  # type: ignore[no-any-return]
    return _lambertw(z, entry.setting(k, "lambertw", "k"))


def voigt_profile(x: AnyArray, sigma: Any, gamma: Any) -> AnyArray:
    """The density at x of a normal number plus a Cauchy number: Re w((x + iγ)/(σ√2)) / (σ√(2π)).

    x : where
    sigma : the standard deviation, above 0 where it is differentiated
    gamma : the half width

    >>> float(voigt_profile(0.0, 1.0, 0.0).round(6))
    0.398942
    """
    if not any(isinstance(v, Tensor) for v in (x, sigma, gamma)):
        return scipy.voigt_profile(x, sigma, gamma)  # type: ignore[no-any-return]
    z = (x + 1j * gamma) / (sigma * math.sqrt(2))
    return np.real(wofz(z)) / (sigma * math.sqrt(2 * math.pi))


implements(scipy.voigt_profile)(voigt_profile)
