"""Signals under the names of ``scipy.signal``: the public face of ``autograd_core.ops.signal``."""

from .ops.signal import *
from .ops.signal import __all__ as __all__
