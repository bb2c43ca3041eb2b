"""Reverse- and forward-mode automatic differentiation on NumPy arrays.

>>> import numpy as np, autograd_core as ag
>>> w = ag.Tensor(np.array([1.0, 2.0]), requires_grad=True)
>>> loss = np.log(1 + np.exp(-w)).sum()
>>> loss.backward()
>>> w.grad
Tensor([-0.26894142, -0.11920292], dtype=float64)
"""

from . import linalg, methods
from .checkpointing import *
from .forms import *
from .gradcheck import *
from .graph import Graph, trace
from .jacobians import *
from .modes import *
from .ops.applying import *
from .ops.complex import *
from .ops.contractions import *
from .ops.diagonals import *
from .ops.einsum import *
from .ops.elementwise import *
from .ops.entire import *
from .ops.indexing import *
from .ops.joining import *
from .ops.padding import *
from .ops.polynomials import *
from .ops.ranges import *
from .ops.reductions import *
from .ops.rounding import *
from .ops.sampled import *
from .ops.scans import *
from .ops.selecting import *
from .ops.shaping import *
from .ops.sorting import *
from .ops.statistics import *
from .ops.trigonometric import *
from .ops.updating import *
from .primitive import *
from .random import *
from .tensor import *
from .transforms import *

__version__ = "0.1.0"


def __getattr__(name: str) -> object:
    if name not in ("fft", "special"):  # loaded when first asked for, as NumPy does; special needs SciPy
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    return importlib.import_module(f".{name}", __name__)
