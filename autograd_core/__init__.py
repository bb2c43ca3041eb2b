"""Reverse- and forward-mode automatic differentiation on NumPy arrays.

>>> import numpy as np, autograd_core as ag
>>> w = ag.Tensor(np.array([1.0, 2.0]), requires_grad=True)
>>> loss = np.log(1 + np.exp(-w)).sum()
>>> loss.backward()
>>> w.grad
Tensor([-0.26894142, -0.11920292], dtype=float64)
"""

from typing import TYPE_CHECKING

from .border import methods
from .border.arrays import *
from .border.leaving import *
from .border.protocols import LATER
from .engine.forms import *
from .engine.primitive import *
from .engine.recording import *
from .engine.tensor import *
from .ops.arithmetic.complex import *
from .ops.arithmetic.elementwise import *
from .ops.arithmetic.rounding import *
from .ops.arithmetic.trigonometric import *
from .ops.places.indexing import *
from .ops.places.selecting import *
from .ops.places.updating import *
from .ops.products.contractions import *
from .ops.shapes.axes import *
from .ops.shapes.diagonals import *
from .ops.shapes.joining import *
from .ops.shapes.making import *
from .ops.shapes.repeating import *
from .ops.shapes.shaping import *
from .ops.sums.exponentials import *
from .ops.sums.extremes import *
from .ops.sums.reductions import *
from .ops.sums.scans import *
from .ops.sums.spread import *
from .support import forks as _forks
from .support import heap as _heap
from .support import hidden as _hidden
from .support.lazy import attach
from .support.random import *
from .support.threads import *
from .transforms.gradcheck import *
from .transforms.gradients import *
from .watching.observer import *

if TYPE_CHECKING:
    from . import fft, linalg, signal, special, stats
    from .graph import Graph, trace
    from .ops.applying import *
    from .ops.arithmetic.entire import *
    from .ops.products.einsum import *
    from .ops.products.polynomials import *
    from .ops.shapes.padding import *
    from .ops.shapes.ranges import *
    from .ops.sums.order import *
    from .ops.sums.sampled import *
    from .programs.compiled import *
    from .programs.shown.decompiled import *
    from .transforms.checkpointing import *
    from .transforms.control import *
    from .transforms.implicit import *
    from .transforms.integrals import *
    from .transforms.jacobians import *
    from .transforms.odes import *
    from .transforms.sparse import *
    from .transforms.vectorizing import *
    from .watching.anomaly import *
    from .watching.lifecycle import *
    from .watching.overwritten import *
    from .watching.profiling import *

__version__ = "0.1.0"

_hidden.tell_of_files()

__getattr__, __dir__ = attach(
    __name__,
    LATER
    | {
        "fft": (),
        "signal": (),
        "special": (),
        "stats": (),
        "watching.anomaly": ("AnomalyError", "detect_anomaly", "find_anomaly", "set_detect_anomaly"),
        "transforms.checkpointing": ("checkpoint",),
        "graph": ("Graph", "trace"),
        "programs.compiled": ("compile",),
        "programs.shown.decompiled": ("decompile",),
        "transforms.jacobians": ("hessian", "hvp", "jacobian"),
        "transforms.control": ("cond", "fori_loop", "scan", "switch", "while_loop"),
        "transforms.implicit": ("ConvergenceError", "ConvergenceWarning", "argmin", "fixed_point", "root"),
        "transforms.integrals": ("quad",),
        "transforms.odes": ("OdeSolution", "odeint", "solve_ivp"),
        "transforms.sparse": ("sparsity",),
        "transforms.vectorizing": ("vmap",),
        "watching.lifecycle": ("why_no_grad",),
        "watching.overwritten": ("OverwrittenError",),
        "watching.profiling": ("profile",),
    },
)
