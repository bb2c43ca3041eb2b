"""Reverse- and forward-mode automatic differentiation on NumPy arrays.

>>> import numpy as np, autograd_core as ag
>>> w = ag.Tensor(np.array([1.0, 2.0]), requires_grad=True)
>>> loss = np.log(1 + np.exp(-w)).sum()
>>> loss.backward()
>>> w.grad
Tensor([-0.26894142, -0.11920292], dtype=float64)
"""

from . import methods
from .forms import elementwise, linear, multilinear, primitive, reduction
from .gradcheck import GradcheckError, gradcheck
from .modes import enable_grad, is_grad_enabled, no_grad, observe
from .ops.elementwise import (
    absolute,
    add,
    cos,
    divide,
    exp,
    expm1,
    log,
    log1p,
    maximum,
    minimum,
    multiply,
    negative,
    positive,
    power,
    reciprocal,
    relu,
    sigmoid,
    sign,
    sin,
    softplus,
    sqrt,
    square,
    subtract,
    tanh,
    where,
)
from .ops.indexing import getitem
from .ops.linalg import matmul
from .ops.reductions import log_softmax, logsumexp, max, mean, min, softmax, sum, var
from .ops.shaping import (
    astype,
    broadcast_to,
    concatenate,
    expand_dims,
    ravel,
    reshape,
    squeeze,
    stack,
    swapaxes,
    transpose,
)
from .primitive import Primitive
from .random import default_generator, manual_seed
from .tensor import Tensor, get_default_dtype, set_default_dtype
from .transforms import grad, jvp, value_and_grad, vjp

__version__ = "0.1.0"
