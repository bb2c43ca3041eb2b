"""NumPy's Fourier transforms, whose functions take boxes."""

from __future__ import annotations

import numpy as _np

from ..installing import missing as _missing

for _name in _np.fft.__all__:
    globals()[_name] = getattr(_np.fft, _name)

__getattr__ = _missing(__name__)
