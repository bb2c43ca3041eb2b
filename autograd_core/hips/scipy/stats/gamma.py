"""The gamma distribution."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ...installing import missing
from .. import special
from .supports import of, within

if TYPE_CHECKING:
    from ....support.types import AnyArray, ArrayLike


def _log_density(x: Any, a: Any, loc: Any, scale: Any) -> AnyArray:
    z = (x - loc) / scale
    density = within(z > 0, z, 1.0, lambda z: (a - 1) * np.log(z) - z)
    return density - special.gammaln(a) - np.log(scale)


@of("gamma", "logpdf")
def logpdf(x: AnyArray, a: ArrayLike, loc: ArrayLike = 0.0, scale: ArrayLike = 1.0) -> AnyArray:
    """(a − 1) log z − z − log Γ(a) − log s with z = (x − loc)/s."""
    return _log_density(x, a, loc, scale)


@of("gamma", "pdf")
def pdf(x: ArrayLike, a: ArrayLike, loc: ArrayLike = 0.0, scale: ArrayLike = 1.0) -> Any:
    """exp of ``logpdf``."""
    return np.exp(_log_density(x, a, loc, scale))


@of("gamma", "cdf")
def cdf(x: Any, a: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
    """The regularized incomplete gamma function P(a, z)."""
    z = (x - loc) / scale
    return np.where(z > 0, special.gammainc(a, np.where(z > 0, z, 1.0)), 0.0)


__getattr__ = missing(__name__)
