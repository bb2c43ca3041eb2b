"""The normal distribution of vectors."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from ...installing import missing
from ...tracer import getval
from .supports import of

if TYPE_CHECKING:
    from ....support.types import ArrayLike


def _covariance(cov: Any, d: int) -> Any:
    """A number, or a vector of variances, as a matrix."""
    if np.ndim(cov) == 2:
        return cov
    return np.eye(d) * cov


def _log_density(x: Any, mean: Any, cov: Any, allow_singular: bool) -> Any:
    if allow_singular:
        raise NotImplementedError(
            "multivariate_normal: a singular covariance has no density to differentiate. Fix: cov + 1e-9 * np.eye(d)."
        )
    mean = 0.0 if mean is None else mean
    square = np.ndim(cov) == 2
    d = np.shape(cov)[0] if np.ndim(cov) else np.shape(mean)[-1] if np.ndim(mean) else (np.shape(x) or (1,))[-1]
    cov = cov if square else _covariance(cov, d)
    difference = x - mean
    if np.ndim(difference) == 0 or (d == 1 and np.shape(difference)[-1] != 1):
        difference = difference[..., None]
    difference = np.broadcast_to(difference, (*np.shape(difference)[:-1], d))
    whitened = np.linalg.solve(cov, difference[..., None])[..., 0]
    _, log_determinant = np.linalg.slogdet(cov)
    return -0.5 * (np.sum(difference * whitened, axis=-1) + log_determinant + d * math.log(2 * math.pi))


@of("multivariate_normal", "logpdf")
def logpdf(x: ArrayLike, mean: ArrayLike | None = None, cov: ArrayLike = 1, allow_singular: bool = False) -> Any:
    """−½ ((x − μ)ᵀ Σ⁻¹ (x − μ) + log det Σ + d log 2π)."""
    return _log_density(x, mean, cov, allow_singular)


@of("multivariate_normal", "pdf")
def pdf(x: ArrayLike, mean: ArrayLike | None = None, cov: ArrayLike = 1, allow_singular: bool = False) -> Any:
    """exp of ``logpdf``."""
    return np.exp(_log_density(x, mean, cov, allow_singular))


@of("multivariate_normal", "entropy")
def entropy(mean: ArrayLike | None = None, cov: Any = 1) -> Any:
    """½ log det(2πe Σ)."""
    cov = cov if np.ndim(cov) == 2 else _covariance(cov, max(1, np.size(getval(cov))))
    return 0.5 * (np.linalg.slogdet(cov)[1] + np.shape(cov)[0] * math.log(2 * math.pi * math.e))


__getattr__ = missing(__name__)
