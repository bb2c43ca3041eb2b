"""Distributions: densities and distribution functions under the names of ``scipy.stats``, on arrays and tensors.

Formulas: Johnson, Kotz, Balakrishnan, Continuous Univariate Distributions (1994). Every one is written for the standard
case; ``loc`` shifts and ``scale`` stretches it. Outside of the support the density is 0, its logarithm −∞, and every
derivative 0.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from . import special

if TYPE_CHECKING:
    from ..support.types import AnyArray, Args, ArrayLike, Settings

__all__ = [
    "bernoulli", "beta", "binom", "cauchy", "chi2", "dirichlet", "expon", "f", "gamma", "geom", "gumbel_l", "gumbel_r",
    "halfnorm", "invgamma", "laplace", "logistic", "lognorm", "maxwell", "multivariate_normal", "nbinom", "norm",
    "pareto", "poisson", "rayleigh", "t", "uniform", "weibull_min",
]  # fmt: skip

_HALF_LOG_2_PI = 0.5 * math.log(2 * math.pi)
_ALL = -math.inf, math.inf
_POSITIVE = 0.0, math.inf


class Continuous:
    """A distribution of real numbers.

    name, shapes : of ``scipy.stats``
    support : the open interval where the standard density is above 0
    logpdf, cdf, logcdf : told z = (x − loc)/scale and the shapes
    """

    def __init__(
        self,
        name: str,
        shapes: str,
        support: tuple[float, float],
        logpdf: Callable[..., Any],
        cdf: Callable[..., Any],
        logcdf: Callable[..., Any] | None = None,
    ) -> None:
        self.name, self.shapes, self.support = name, shapes.split(), support
        self._logpdf, self._cdf, self._logcdf = logpdf, cdf, logcdf
        self.__doc__ = f"``scipy.stats.{name}``: pdf, logpdf, cdf, logcdf, sf of {', '.join(['x', *self.shapes])}."

    def _standard(self, given: Args, settings: Settings) -> tuple[Any, Any, list[Any], Any]:
        x, *rest = given
        names = [*self.shapes, "loc", "scale"]
        unknown = settings.keys() - set(names[len(rest) :])
        if len(rest) > len(names) or unknown:
            raise TypeError(f"{self.name}: takes x, {', '.join(names)}; not {', '.join(unknown) or 'so many'}.")
        values = dict(zip(names, rest, strict=False)) | settings
        missing = [n for n in self.shapes if n not in values]
        if missing:
            raise TypeError(f"{self.name}: {', '.join(missing)} missing.")
        loc, scale = values.get("loc", 0.0), values.get("scale", 1.0)
        z = (x if hasattr(x, "dtype") else np.asarray(x, float)) - loc
        z = z / scale
        low, high = self.support
        inside = np.logical_and(z > low, z < high)
        some = 0.5 if (low, high) == (0.0, 1.0) else low + 1.0 if math.isfinite(low) else 0.0
        return np.where(inside, z, some), inside, [values[n] for n in self.shapes], (z, scale)

    def logpdf(self, *x: object, **settings: object) -> AnyArray:
        """The logarithm of the density at x, given shapes, loc and scale.

        x : where, then shapes, loc and scale in order, of shapes that broadcast together
        settings : the same by name
        """
        z, inside, shapes, (_, scale) = self._standard(x, settings)
        return np.where(inside, self._logpdf(z, *shapes) - np.log(scale), -np.inf)

    def pdf(self, *x: object, **settings: object) -> AnyArray:
        """The density at x; arguments are those of ``logpdf``."""
        return np.exp(self.logpdf(*x, **settings))

    def cdf(self, *x: object, **settings: object) -> AnyArray:
        """The probability of at most x; arguments are those of ``logpdf``."""
        z, inside, shapes, (where, _) = self._standard(x, settings)
        return np.where(inside, self._cdf(z, *shapes), np.where(where > self.support[0], 1.0, 0.0))

    def sf(self, *x: object, **settings: object) -> AnyArray:
        """The probability of more than x; arguments are those of ``logpdf``."""
        return 1 - self.cdf(*x, **settings)

    def logcdf(self, *x: object, **settings: object) -> AnyArray:
        """The logarithm of ``cdf``, exact far out where the distribution has a formula for it."""
        z, inside, shapes, (where, _) = self._standard(x, settings)
        value = np.log(self._cdf(z, *shapes)) if self._logcdf is None else self._logcdf(z, *shapes)
        return np.where(inside, value, np.where(where > self.support[0], 0.0, -np.inf))


# fmt: off
norm = Continuous("norm", "", _ALL, lambda z: -0.5 * z * z - _HALF_LOG_2_PI, special.ndtr, special.log_ndtr)
uniform = Continuous("uniform", "", (0.0, 1.0), lambda z: 0.0 * z, lambda z: z)
expon = Continuous("expon", "", _POSITIVE, lambda z: -z, lambda z: -np.expm1(-z))
gamma = Continuous(
    "gamma", "a", _POSITIVE, lambda z, a: special.xlogy(a - 1.0, z) - z - special.gammaln(a),
    lambda z, a: special.gammainc(a, z),
)
chi2 = Continuous(
    "chi2", "df", _POSITIVE,
    lambda z, df: special.xlogy(0.5 * df - 1, z) - 0.5 * z - special.gammaln(0.5 * df) - 0.5 * df * math.log(2),
    lambda z, df: special.chdtr(df, z),
)
beta = Continuous(
    "beta", "a b", (0.0, 1.0),
    lambda z, a, b: special.xlogy(a - 1.0, z) + special.xlog1py(b - 1.0, -z) - special.betaln(a, b),
    lambda z, a, b: special.betainc(a, b, z),
)
t = Continuous(
    "t", "df", _ALL,
    lambda z, df: special.gammaln(0.5 * (df + 1)) - special.gammaln(0.5 * df) - 0.5 * np.log(df * math.pi)
    - 0.5 * (df + 1) * np.log1p(z * z / df),
    lambda z, df: special.stdtr(df, z),
)
f = Continuous(
    "f", "dfn dfd", _POSITIVE,
    lambda z, m, n: 0.5 * m * np.log(m) + 0.5 * n * np.log(n) + special.xlogy(0.5 * m - 1, z)
    - 0.5 * (m + n) * np.log(n + m * z) - special.betaln(0.5 * m, 0.5 * n),
    lambda z, m, n: special.fdtr(m, n, z),
)
laplace = Continuous(
    "laplace", "", _ALL, lambda z: -np.absolute(z) - math.log(2),
    lambda z: np.where(z > 0, 1 - 0.5 * np.exp(-np.absolute(z)), 0.5 * np.exp(-np.absolute(z))),
)
logistic = Continuous(
    "logistic", "", _ALL, lambda z: -z - 2 * np.logaddexp(0.0, -z), special.expit, special.log_expit
)
lognorm = Continuous(
    "lognorm", "s", _POSITIVE,
    lambda z, s: -0.5 * (np.log(z) / s) ** 2 - np.log(s * z) - _HALF_LOG_2_PI,
    lambda z, s: special.ndtr(np.log(z) / s), lambda z, s: special.log_ndtr(np.log(z) / s),
)
cauchy = Continuous(
    "cauchy", "", _ALL, lambda z: -np.log1p(z * z) - math.log(math.pi), lambda z: 0.5 + np.arctan(z) / math.pi
)
pareto = Continuous(
    "pareto", "b", (1.0, math.inf), lambda z, b: np.log(b) - (b + 1) * np.log(z), lambda z, b: 1 - z ** (-1.0 * b)
)
weibull_min = Continuous(
    "weibull_min", "c", _POSITIVE, lambda z, c: np.log(c) + (c - 1) * np.log(z) - z ** c,
    lambda z, c: -np.expm1(-(z ** c)),
)
gumbel_r = Continuous(
    "gumbel_r", "", _ALL, lambda z: -z - np.exp(-z), lambda z: np.exp(-np.exp(-z)), lambda z: -np.exp(-z)
)
gumbel_l = Continuous("gumbel_l", "", _ALL, lambda z: z - np.exp(z), lambda z: -np.expm1(-np.exp(z)))
rayleigh = Continuous(
    "rayleigh", "", _POSITIVE, lambda z: np.log(z) - 0.5 * z * z, lambda z: -np.expm1(-0.5 * z * z)
)
maxwell = Continuous(
    "maxwell", "", _POSITIVE, lambda z: 0.5 * math.log(2 / math.pi) + 2 * np.log(z) - 0.5 * z * z,
    lambda z: special.gammainc(1.5, 0.5 * z * z),
)
halfnorm = Continuous(
    "halfnorm", "", _POSITIVE, lambda z: 0.5 * math.log(2 / math.pi) - 0.5 * z * z,
    lambda z: special.erf(z / math.sqrt(2)),
)
invgamma = Continuous(
    "invgamma", "a", _POSITIVE, lambda z, a: -(a + 1) * np.log(z) - special.gammaln(a) - 1 / z,
    lambda z, a: special.gammaincc(a, 1 / z),
)
# fmt: on


class Discrete:
    """A distribution of whole numbers: ``logpmf`` and ``pmf``, differentiable by the parameters.

    name, shapes : of ``scipy.stats``
    logpmf : told k and the shapes
    inside : which k have a probability
    """

    def __init__(self, name: str, shapes: str, logpmf: Callable[..., Any], inside: Callable[..., Any]) -> None:
        self.name, self.shapes, self._logpmf, self._inside = name, shapes.split(), logpmf, inside
        self.__doc__ = f"``scipy.stats.{name}``: pmf and logpmf of {', '.join(['k', *self.shapes])}."

    def logpmf(self, k: ArrayLike, *shapes: object) -> AnyArray:
        """The logarithm of the probability of k.

        k : whole numbers; others have none
        shapes : the parameters in order
        """
        if len(shapes) != len(self.shapes):
            raise TypeError(f"{self.name}: takes k, {', '.join(self.shapes)}; {len(shapes)} parameters given.")
        number = np.asarray(k)
        inside = np.logical_and(self._inside(number, *shapes), np.equal(number, np.floor(number)))
        return np.where(inside, self._logpmf(np.where(inside, number, 1.0), *shapes), -np.inf)

    def pmf(self, k: ArrayLike, *shapes: object) -> AnyArray:
        """The probability of k; arguments are those of ``logpmf``."""
        return np.exp(self.logpmf(k, *shapes))


def _log_choose(n: Any, k: Any) -> AnyArray:
    return special.gammaln(n + 1.0) - special.gammaln(k + 1.0) - special.gammaln(n - k + 1.0)  # type: ignore[no-any-return]


# fmt: off
poisson = Discrete(
    "poisson", "mu", lambda k, mu: special.xlogy(k, mu) - mu - special.gammaln(k + 1), lambda k, mu: k >= 0
)
bernoulli = Discrete(
    "bernoulli", "p", lambda k, p: special.xlogy(k, p) + special.xlog1py(1 - k, -1.0 * p),
    lambda k, p: np.logical_or(k == 0, k == 1),
)
binom = Discrete(
    "binom", "n p", lambda k, n, p: _log_choose(n, k) + special.xlogy(k, p) + special.xlog1py(n - k, -1.0 * p),
    lambda k, n, p: np.logical_and(k >= 0, k <= n),
)
geom = Discrete("geom", "p", lambda k, p: special.xlog1py(k - 1, -1.0 * p) + np.log(p), lambda k, p: k >= 1)
nbinom = Discrete(
    "nbinom", "n p",
    lambda k, n, p: _log_choose(n + k - 1.0, k) + special.xlogy(n, p) + special.xlog1py(k, -1.0 * p),
    lambda k, n, p: k >= 0,
)
# fmt: on


class MultivariateNormal:
    """``scipy.stats.multivariate_normal``: the density of vectors with a mean and a covariance matrix."""

    def logpdf(self, x: AnyArray, mean: AnyArray, cov: AnyArray) -> AnyArray:
        """−½ (x − μ)ᵀ Σ⁻¹ (x − μ) − ½ log |Σ| − n/2 log 2π, by Cholesky's factor.

        x : of shape (…, n)
        mean, cov : of shapes (n,) and (n, n), the latter positive definite

        >>> float(multivariate_normal.logpdf(np.zeros(2), np.zeros(2), np.eye(2)).round(6))
        -1.837877
        """
        lower = np.linalg.cholesky(cov)
        n = np.shape(cov)[-1]
        z = np.linalg.solve(lower, np.expand_dims(x - mean, -1))[..., 0]
        half = np.sum(np.log(np.diagonal(lower, axis1=-2, axis2=-1)), axis=-1)
        return -0.5 * np.sum(z * z, axis=-1) - half - n * _HALF_LOG_2_PI

    def pdf(self, x: AnyArray, mean: AnyArray, cov: AnyArray) -> Any:
        """The density; x, mean and cov are those of ``logpdf``."""
        return np.exp(self.logpdf(x, mean, cov))


class Dirichlet:
    """``scipy.stats.dirichlet``: the density of proportions."""

    def logpdf(self, x: ArrayLike, alpha: ArrayLike) -> AnyArray:
        """Σ (αᵢ − 1) log xᵢ − Σ log Γ(αᵢ) + log Γ(Σ αᵢ).

        x : of shape (n,) or (n, …), that adds up to 1 along its first axis
        alpha : of shape (n,), above 0

        >>> float(dirichlet.logpdf(np.array([0.5, 0.5]), np.ones(2)))
        0.0
        """
        a = np.reshape(alpha, (-1, *(1,) * (np.ndim(x) - 1)))
        terms = np.sum(special.xlogy(a - 1.0, x), axis=0)
        return terms - np.sum(special.gammaln(alpha)) + special.gammaln(np.sum(alpha))  # type: ignore[no-any-return]

    def pdf(self, x: ArrayLike, alpha: ArrayLike) -> AnyArray:
        """The density; x and alpha are those of ``logpdf``."""
        return np.exp(self.logpdf(x, alpha))


multivariate_normal, dirichlet = MultivariateNormal(), Dirichlet()
