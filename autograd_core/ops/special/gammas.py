"""The gamma function's kin, its incomplete integrals, and the distributions that they are (DLMF 5, 8, 25)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.special as scipy

from ...engine import entry
from ...engine.forms import elementwise
from ...engine.tensor import Tensor
from .common import _declare, digamma, gammaln
from .settings import of_settings, weak

if TYPE_CHECKING:
    from ...support.types import AnyArray, ArrayLike

__all__ = [
    "betainc", "betaincc", "betainccinv", "betaincinv", "binom", "chdtr", "chdtrc", "fdtr", "fdtrc", "gammainc",
    "gammaincc", "gammainccinv", "gammaincinv", "gdtr", "gdtrc", "multigammaln", "ndtri_exp", "owens_t", "pdtr",
    "pdtrc", "poch", "rgamma", "stdtr", "stdtrit", "zeta",
]  # fmt: skip

_ROOT_2_PI = math.sqrt(2 * math.pi)


def _gamma_density(x: AnyArray, a: AnyArray) -> AnyArray:
    """xᵃ⁻¹ e⁻ˣ / Γ(a)."""
    return np.exp(_times_log(a - 1.0, x) - x - weak(scipy.gammaln(a)))


def _beta_density(x: AnyArray, a: AnyArray, b: AnyArray) -> AnyArray:
    """xᵃ⁻¹ (1 − x)ᵇ⁻¹ / B(a, b)."""
    return np.exp(_times_log(a - 1.0, x) + _times_log(b - 1.0, 1 - x) - weak(scipy.betaln(a, b)))


def _times_log(a: AnyArray, x: AnyArray) -> AnyArray:
    """a log x, and 0 where a is 0."""
    zero = np.equal(a, 0)
    return np.where(zero, 0.0, a * np.log(np.where(zero, 1.0, x)))


def _student_density(t: AnyArray, df: AnyArray) -> AnyArray:
    scale = scipy.gammaln(0.5 * (df + 1.0)) - scipy.gammaln(0.5 * df) - 0.5 * np.log(df * math.pi)
    return np.exp(weak(scale) - 0.5 * (df + 1) * np.log1p(t * t / df))


def _f_density(x: AnyArray, m: Any, n: Any) -> AnyArray:
    """Of the F distribution: the beta density of m x / (m x + n)."""
    y = m * x / (m * x + n)
    return _beta_density(y, 0.5 * m, 0.5 * n) * (m * n) / (m * x + n) ** 2


# fmt: off
rgamma = _declare(scipy.rgamma, z=lambda z: _rgamma_slope(z))
poch   = _declare(
    scipy.poch,
    z=lambda z, m, ans: ans * (digamma(z + m) - digamma(z)),
    m=lambda z, m, ans: ans * digamma(z + m),
)
binom  = _declare(
    scipy.binom,
    x=lambda x, y, ans: ans * (digamma(x + 1) - digamma(x - y + 1)),
    y=lambda x, y, ans: ans * (digamma(x - y + 1) - digamma(y + 1)),
)

gammainc     = of_settings(scipy.gammainc,     "a", lambda x, a, ans: _gamma_density(x, a))
gammaincc    = of_settings(scipy.gammaincc,    "a", lambda x, a, ans: -_gamma_density(x, a))
gammaincinv  = of_settings(scipy.gammaincinv,  "a", lambda y, a, ans: 1 / _gamma_density(ans, a), x="y")
gammainccinv = of_settings(scipy.gammainccinv, "a", lambda y, a, ans: -1 / _gamma_density(ans, a), x="y")
betainc      = of_settings(scipy.betainc,      "a b", lambda x, a, b, ans: _beta_density(x, a, b))
betaincc     = of_settings(scipy.betaincc,     "a b", lambda x, a, b, ans: -_beta_density(x, a, b))
betaincinv   = of_settings(scipy.betaincinv,   "a b", lambda y, a, b, ans: 1 / _beta_density(ans, a, b), x="y")
betainccinv  = of_settings(scipy.betainccinv,  "a b", lambda y, a, b, ans: -1 / _beta_density(ans, a, b), x="y")

chdtr   = of_settings(scipy.chdtr,   "v", lambda x, v, ans: 0.5 * _gamma_density(0.5 * x, 0.5 * v))
chdtrc  = of_settings(scipy.chdtrc,  "v", lambda x, v, ans: -0.5 * _gamma_density(0.5 * x, 0.5 * v))
gdtr    = of_settings(scipy.gdtr,    "a b", lambda x, a, b, ans: a * _gamma_density(a * x, b))
gdtrc   = of_settings(scipy.gdtrc,   "a b", lambda x, a, b, ans: -a * _gamma_density(a * x, b))
pdtr    = of_settings(scipy.pdtr,    "k", lambda m, k, ans: -_gamma_density(m, weak(np.floor(k)) + 1.0), x="m")
pdtrc   = of_settings(scipy.pdtrc,   "k", lambda m, k, ans: _gamma_density(m, weak(np.floor(k)) + 1.0), x="m")
fdtr    = of_settings(scipy.fdtr,    "dfn dfd", lambda x, dfn, dfd, ans: _f_density(x, dfn, dfd))
fdtrc   = of_settings(scipy.fdtrc,   "dfn dfd", lambda x, dfn, dfd, ans: -_f_density(x, dfn, dfd))
stdtr   = of_settings(scipy.stdtr,   "df", lambda t, df, ans: _student_density(t, df), x="t")
stdtrit = of_settings(scipy.stdtrit, "df", lambda p, df, ans: 1 / _student_density(ans, df), x="p")

ndtri_exp = _declare(scipy.ndtri_exp, y=lambda y, ans: _ROOT_2_PI * np.exp(y + 0.5 * ans * ans))
owens_t   = _declare(
    scipy.owens_t,
    h=lambda h, a: -np.exp(-0.5 * h * h) * _erf(a * h / math.sqrt(2)) / (2 * _ROOT_2_PI),
    a=lambda h, a: np.exp(-0.5 * h * h * (1 + a * a)) / (2 * math.pi * (1 + a * a)),
)
# fmt: on


def _erf(x: AnyArray) -> AnyArray:
    from .common import erf

    return erf(x)


def _rgamma_slope(z: AnyArray) -> AnyArray:
    """−ψ(z)/Γ(z), which at z = −n is (−1)ⁿ n!."""
    real = np.real(z)
    pole = np.logical_and(np.logical_and(real <= 0, np.equal(z, real)), np.equal(real, np.floor(real)))
    at = np.where(pole, 0.5, z)
    n = np.where(pole, -real, 0.0)
    return np.where(pole, (1 - 2 * np.remainder(n, 2)) * np.exp(gammaln(n + 1)), -digamma(at) * rgamma(at))


@elementwise(name="zeta", q=lambda q, x: -x * _zeta(q, x + 1))
def _zeta(q, x):
    return scipy.zeta(x, q)


def zeta(x: ArrayLike, q: ArrayLike | None = None) -> AnyArray:
    """Hurwitz's ζ(x, q) = Σ (k + q)⁻ˣ, differentiable by q; Riemann's without it, which is not differentiable.

    x, q : numbers above 1 and above 0, of shapes that broadcast together

    Raises TypeError where x is a recorded tensor: there is no formula for that derivative.

    >>> import autograd_core as ag
    >>> float(ag.grad(lambda q: zeta(2.0, q))(np.array(1.0)).round(6)), round(-2 * float(zeta(3.0)), 6)
    (-2.404114, -2.404114)
    """
    if not (isinstance(x, Tensor) or isinstance(q, Tensor)):
        return scipy.zeta(x, q)  # type: ignore[no-any-return]
    x = entry.setting(x, "zeta", "x", "there is no formula for it: keep x fixed")
    return _zeta(1.0 if q is None else q, x)


def multigammaln(a: ArrayLike, d: int) -> AnyArray:
    """log Γ_d(a), the multivariate gamma function: d(d − 1)/4 log π + Σ log Γ(a − j/2) for j below d.

    a : numbers above (d − 1)/2
    d : the dimension

    >>> float(multigammaln(np.array(3.0), 2).round(6))
    1.550195
    """
    if not isinstance(a, Tensor):
        return scipy.multigammaln(a, d)  # type: ignore[no-any-return]
    terms: Any = sum(gammaln(a - 0.5 * j) for j in range(d))
    return terms + d * (d - 1) / 4 * math.log(math.pi)  # type: ignore[no-any-return]


