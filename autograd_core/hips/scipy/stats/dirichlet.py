"""The Dirichlet distribution."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.stats

from ...installing import missing
from .. import special
from .supports import of

if TYPE_CHECKING:
    from ....support.types import ArrayLike


rvs = scipy.stats.dirichlet.rvs


def _log_density(x: Any, alpha: Any) -> Any:
    constant = special.gammaln(np.sum(alpha)) - np.sum(special.gammaln(alpha))
    return constant + np.sum(((alpha - 1) * np.log(x).T).T, axis=0)


@of("dirichlet", "logpdf")
def logpdf(x: ArrayLike, alpha: Any) -> Any:
    """log Γ(Σα) − Σ log Γ(α) + Σ (α − 1) log x."""
    return _log_density(x, alpha)


@of("dirichlet", "pdf")
def pdf(x: ArrayLike, alpha: Any) -> Any:
    """exp of ``logpdf``."""
    return np.exp(_log_density(x, alpha))


__getattr__ = missing(__name__)
