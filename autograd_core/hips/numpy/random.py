"""NumPy's random numbers."""

from __future__ import annotations

import numpy as _np

from ..installing import missing as _missing

for _name in _np.random.__all__:
    globals()[_name] = getattr(_np.random, _name)

__getattr__ = _missing(__name__)
