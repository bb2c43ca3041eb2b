"""``numpy.linalg`` on tensors: the public face of ``autograd_core.ops.linalg``, where its conventions are told."""

from .ops.linalg import *
from .ops.linalg import __all__ as __all__
