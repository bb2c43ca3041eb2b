"""Settings that count something."""

from __future__ import annotations

import numpy as np


def whole(what: str, value: object, least: int = 1) -> int:
    """``value`` as an int; ValueError for what is no integer (True is none) or too small."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
        raise ValueError(f"{what}={value!r} must be an integer of at least {least}.")
    return int(value)
