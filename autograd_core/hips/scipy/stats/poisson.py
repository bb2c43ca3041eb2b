"""The Poisson distribution."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ...installing import missing
from ...tracer import getval
from .. import special
from .supports import of

if TYPE_CHECKING:
    from ....support.types import ArrayLike


def _log_mass(k: Any, mu: ArrayLike) -> Any:
    k = np.asarray(getval(k), float)
    inside = (k >= 0) & (k == np.floor(k))
    whole = np.where(inside, k, 0.0)
    return np.where(inside, whole * np.log(mu) - mu - special.gammaln(whole + 1), -np.inf)


@of("poisson", "logpmf")
def logpmf(k: Any, mu: ArrayLike, loc: ArrayLike = 0.0) -> Any:
    """k log μ − μ − log k!."""
    return _log_mass(k - loc, mu)


@of("poisson", "pmf")
def pmf(k: Any, mu: ArrayLike, loc: ArrayLike = 0.0) -> Any:
    """exp of ``logpmf``."""
    return np.exp(_log_mass(k - loc, mu))


@of("poisson", "cdf")
def cdf(k: Any, mu: ArrayLike, loc: ArrayLike = 0.0) -> Any:
    """Q(⌊k⌋ + 1, μ), the regularized upper incomplete gamma function."""
    whole = np.floor(np.asarray(getval(k - loc), float))
    return np.where(whole >= 0, special.gammaincc(np.maximum(whole, 0.0) + 1, mu), 0.0)


__getattr__ = missing(__name__)
