"""SciPy's distributions with formulas for boxes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.stats

from ...numpy import _either

if TYPE_CHECKING:
    from ....support.types import AnyArray


def of(distribution: str, name: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """A decorator: SciPy's method of that name, with the decorated formula in its place where a box is given.

    distribution, name : ``"norm"``, ``"pdf"``
    """
    return lambda formula: _either(getattr(getattr(scipy.stats, distribution), name), formula)


def within(inside: AnyArray, x: AnyArray, usual: float, log_density: Callable[[Any], Any]) -> AnyArray:
    """A log density of x inside its support, and −∞ outside.

    inside : truth values
    x : the place
    usual : a place inside, where the density is asked instead
    log_density : of a place inside
    """
    return np.where(inside, log_density(np.where(inside, x, usual)), -np.inf)
