"""NumPy's linear algebra, whose functions take boxes."""

from __future__ import annotations

import numpy as _np

from ..installing import missing as _missing

for _name in _np.linalg.__all__:
    globals()[_name] = getattr(_np.linalg, _name)

__getattr__ = _missing(__name__)
