"""Reverse- and forward-mode automatic differentiation on NumPy arrays.

>>> import numpy as np, autograd_core as ag
>>> w = ag.Tensor(np.array([1.0, 2.0]), requires_grad=True)
>>> loss = np.log(1 + np.exp(-w)).sum()
>>> loss.backward()
>>> w.grad
Tensor([-0.26894142, -0.11920292], dtype=float64)
"""

from . import methods
from .checkpointing import *
from .forms import *
from .gradcheck import *
from .graph import Graph, trace
from .jacobians import *
from .modes import *
from .ops.complex import *
from .ops.elementwise import *
from .ops.indexing import *
from .ops.linalg import *
from .ops.reductions import *
from .ops.shaping import *
from .primitive import *
from .random import *
from .tensor import *
from .transforms import *

__version__ = "0.1.0"
