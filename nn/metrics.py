"""Metrics of a trainer, so that ``from nn.metrics import accuracy`` is possible; see ``nn.training``."""

from .training.metrics import *
from .training.metrics import __all__ as __all__
