"""``scipy.special`` on tensors: the public face of ``autograd_core.ops.special``."""

from .ops.special import *
from .ops.special import __all__ as __all__
