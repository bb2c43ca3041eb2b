"""Sample calls of NumPy's functions: adding a function means adding one row, and every law is tested on it.

A row is named as under ``np``: "std", "linalg.inv", "fft.rfft" (or "special.erf", which stands under scipy). Arrays of
floating and complex numbers among the arguments, also inside lists and keywords, are what is differentiated; integers,
truth values and what stands in ``Constant`` are not.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from functions import (
    contractions,
    elementwise,
    fft,
    indexing,
    linalg,
    ranges,
    reductions,
    scans,
    shaping,
    special,
)
from samples.call import Calls

FAMILIES: tuple[Any, ...] = (
    contractions,
    linalg,
    elementwise,
    fft,
    special,
    indexing,
    shaping,
    ranges,
    reductions,
    scans,
)


def here(name: str) -> bool:
    """Whether this release of NumPy has the function."""
    space, _, last = name.rpartition(".")
    return space == "special" or hasattr(getattr(np, space) if space else np, last)


FUNCTIONS: dict[str, Calls] = {
    name: calls for family in FAMILIES for name, calls in family.FUNCTIONS.items() if here(name)
}
