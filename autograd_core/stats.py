"""Distributions under the names of ``scipy.stats``: the public face of ``autograd_core.ops.distributions``."""

from .ops.distributions import *
from .ops.distributions import __all__ as __all__
