"""Student's t distribution."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from ...installing import missing
from .. import special
from .supports import of

if TYPE_CHECKING:
    from ....support.types import AnyArray, ArrayLike


def _log_density(x: Any, df: Any, loc: Any, scale: Any) -> AnyArray:
    z = (x - loc) / scale
    constant = special.gammaln((df + 1) / 2) - special.gammaln(df / 2) - 0.5 * np.log(df * math.pi)
    return constant - np.log(scale) - (df + 1) / 2 * np.log1p(z**2 / df)


@of("t", "logpdf")
def logpdf(x: AnyArray, df: ArrayLike, loc: ArrayLike = 0.0, scale: ArrayLike = 1.0) -> AnyArray:
    """log Γ((ν+1)/2) − log Γ(ν/2) − log(√(νπ) σ) − (ν+1)/2 log(1 + z²/ν)."""
    return _log_density(x, df, loc, scale)


@of("t", "pdf")
def pdf(x: ArrayLike, df: ArrayLike, loc: ArrayLike = 0.0, scale: ArrayLike = 1.0) -> Any:
    """exp of ``logpdf``."""
    return np.exp(_log_density(x, df, loc, scale))


@of("t", "cdf")
def cdf(x: Any, df: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
    """The integral of ``pdf`` up to x."""
    return special.stdtr(df, (x - loc) / scale)


@of("t", "logcdf")
def logcdf(x: Any, df: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
    """log of ``cdf``."""
    return np.log(special.stdtr(df, (x - loc) / scale))


__getattr__ = missing(__name__)
