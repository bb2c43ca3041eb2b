"""The beta distribution."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ...installing import missing
from .. import special
from .supports import of, within

if TYPE_CHECKING:
    from ....support.types import AnyArray, ArrayLike


def _log_density(x: Any, a: Any, b: Any, loc: Any, scale: Any) -> AnyArray:
    z = (x - loc) / scale
    density = within((z > 0) & (z < 1), z, 0.5, lambda z: (a - 1) * np.log(z) + (b - 1) * np.log1p(-z))
    return density - special.betaln(a, b) - np.log(scale)


@of("beta", "logpdf")
def logpdf(x: ArrayLike, a: ArrayLike, b: ArrayLike, loc: ArrayLike = 0.0, scale: ArrayLike = 1.0) -> Any:
    """(a − 1) log z + (b − 1) log(1 − z) − log B(a, b) − log s with z = (x − loc)/s."""
    return _log_density(x, a, b, loc, scale)


@of("beta", "pdf")
def pdf(x: AnyArray, a: ArrayLike, b: ArrayLike, loc: ArrayLike = 0.0, scale: ArrayLike = 1.0) -> AnyArray:
    """exp of ``logpdf``."""
    return np.exp(_log_density(x, a, b, loc, scale))


@of("beta", "cdf")
def cdf(x: Any, a: Any, b: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
    """The regularized incomplete beta function I_z(a, b)."""
    return special.betainc(a, b, np.clip((x - loc) / scale, 0.0, 1.0))


__getattr__ = missing(__name__)
