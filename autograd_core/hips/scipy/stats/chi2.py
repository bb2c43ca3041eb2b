"""The χ² distribution: the gamma distribution with shape ν/2 and scale 2."""

from __future__ import annotations

from typing import Any

from ...installing import missing
from . import gamma
from .supports import of


@of("chi2", "logpdf")
def logpdf(x: Any, df: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
    """(ν/2 − 1) log z − z/2 − log Γ(ν/2) − ν/2 log 2."""
    return gamma.logpdf(x, df / 2, loc, 2.0 * scale)


@of("chi2", "pdf")
def pdf(x: Any, df: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
    """exp of ``logpdf``."""
    return gamma.pdf(x, df / 2, loc, 2.0 * scale)


@of("chi2", "cdf")
def cdf(x: Any, df: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
    """The regularized incomplete gamma function P(ν/2, z/2)."""
    return gamma.cdf(x, df / 2, loc, 2.0 * scale)


__getattr__ = missing(__name__)
