"""Reverse- and forward-mode automatic differentiation on NumPy arrays.

>>> import numpy as np, autograd_core as ag
>>> w = ag.Tensor(np.array([1.0, 2.0]), requires_grad=True)
>>> loss = np.log(1 + np.exp(-w)).sum()
>>> loss.backward()
>>> w.grad
Tensor([-0.26894142, -0.11920292], dtype=float64)
"""

from typing import TYPE_CHECKING

from . import methods
from .forms import *
from .gradcheck import *
from .lazy import attach
from .modes import *
from .ops.complex import *
from .ops.contractions import *
from .ops.diagonals import *
from .ops.elementwise import *
from .ops.indexing import *
from .ops.joining import *
from .ops.reductions import *
from .ops.rounding import *
from .ops.scans import *
from .ops.selecting import *
from .ops.shaping import *
from .ops.statistics import *
from .ops.trigonometric import *
from .ops.updating import *
from .primitive import *
from .protocols import LATER
from .random import *
from .tensor import *
from .transforms import *

if TYPE_CHECKING:
    from . import fft, linalg, special
    from .checkpointing import *
    from .graph import Graph, trace
    from .jacobians import *
    from .ops.applying import *
    from .ops.einsum import *
    from .ops.entire import *
    from .ops.padding import *
    from .ops.polynomials import *
    from .ops.ranges import *
    from .ops.sampled import *
    from .ops.sorting import *
    from .watching.anomaly import *
    from .watching.lifecycle import *
    from .watching.profiling import *

__version__ = "0.1.0"

__getattr__, __dir__ = attach(
    __name__,
    LATER
    | {
        "fft": (),
        "special": (),
        "watching.anomaly": ("AnomalyError", "detect_anomaly", "find_anomaly", "set_detect_anomaly"),
        "checkpointing": ("checkpoint",),
        "graph": ("Graph", "trace"),
        "jacobians": ("hessian", "hvp", "jacobian"),
        "watching.lifecycle": ("why_no_grad",),
        "watching.profiling": ("profile",),
    },
)
