"""``numpy.fft`` on tensors: the public face of ``autograd_core.ops.fft``."""

from .ops.fft import *
from .ops.fft import __all__ as __all__
