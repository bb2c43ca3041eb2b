"""Callbacks of a trainer, so that ``from nn.callbacks import EarlyStopping`` is possible; see ``nn.training``."""

from .training.callbacks import *
from .training.callbacks import __all__ as __all__
