"""SciPy's special functions: differentiable where the library has them."""

from __future__ import annotations

import scipy.special as _special

import autograd_core as _ag

from ..installing import missing as _missing
from ..numpy import _either

for _name in _special.__all__:
    _plain, _ours = getattr(_special, _name), getattr(_ag.special, _name, None)
    if not isinstance(_plain, type) and callable(_plain):
        globals()[_name] = _plain if _ours is None else _either(_plain, _ours)

__getattr__ = _missing(__name__)
