"""HIPS autograd's face: ``import autograd_core.hips as autograd`` is the one line that changes in a script.

The same names with the same conventions on the engine of this library: functions of NumPy arrays in, NumPy arrays
out; of a complex argument the gradient is ∂f/∂Re − i ∂f/∂Im, the conjugate of ``autograd_core.grad``'s.
``install()``, or ``python -m autograd_core.hips script.py``, puts it in the place of ``autograd`` for packages that
import that themselves.

Imports everything but the roof; nothing imports it.

>>> import autograd_core.hips as autograd
>>> import autograd_core.hips.numpy as np
>>> float(autograd.grad(lambda x: np.sum(np.array([x, x**2])))(3.0))
7.0
"""

from __future__ import annotations

from . import numpy as numpy
from .builtins import dict, isinstance, list, tuple, type
from .differential_operators import *
from .extend import primitive
from .installing import install, missing

__getattr__ = missing(__name__)
