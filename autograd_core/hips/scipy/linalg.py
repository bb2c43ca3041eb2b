"""SciPy's linear algebra: differentiable where the library has it."""

from __future__ import annotations

import scipy.linalg as _linalg

import autograd_core as _ag

from ..installing import missing as _missing
from ..numpy import _either

for _name in _linalg.__all__:
    _plain, _ours = getattr(_linalg, _name), getattr(_ag.linalg, _name, None)
    if not isinstance(_plain, type) and callable(_plain):
        globals()[_name] = _plain if _ours is None else _either(_plain, _ours)

__getattr__ = _missing(__name__)
