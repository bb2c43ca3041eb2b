"""The normal distribution."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from ...installing import missing
from .. import special
from .supports import of

if TYPE_CHECKING:
    from ....support.types import AnyArray, ArrayLike


_HALF_LOG_2PI = 0.5 * math.log(2 * math.pi)


@of("norm", "logpdf")
def logpdf(x: AnyArray, loc: ArrayLike = 0.0, scale: ArrayLike = 1.0) -> AnyArray:
    """−z²/2 − log σ − log √(2π) with z = (x − μ)/σ."""
    return -0.5 * ((x - loc) / scale) ** 2 - np.log(scale) - _HALF_LOG_2PI


@of("norm", "pdf")
def pdf(x: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
    """exp of ``logpdf``."""
    return np.exp(-0.5 * ((x - loc) / scale) ** 2) / (math.sqrt(2 * math.pi) * scale)


@of("norm", "cdf")
def cdf(x: AnyArray, loc: ArrayLike = 0.0, scale: ArrayLike = 1.0) -> AnyArray:
    """Φ(z)."""
    return special.ndtr((x - loc) / scale)


@of("norm", "logcdf")
def logcdf(x: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
    """log Φ(z)."""
    return special.log_ndtr((x - loc) / scale)


@of("norm", "sf")
def sf(x: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
    """Φ(−z)."""
    return special.ndtr((loc - x) / scale)


@of("norm", "logsf")
def logsf(x: AnyArray, loc: ArrayLike = 0.0, scale: ArrayLike = 1.0) -> AnyArray:
    """log Φ(−z)."""
    return special.log_ndtr((loc - x) / scale)


__getattr__ = missing(__name__)
