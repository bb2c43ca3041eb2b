"""Neural network layers, losses and initialisers, built from ``autograd_core`` alone; names as in ``torch.nn``."""

from . import functional, init
from .layers import BatchNorm1d, Dropout, Linear, ReLU, Sigmoid, SiLU, Tanh
from .losses import BCEWithLogitsLoss, CrossEntropyLoss, MSELoss
from .module import Module, Parameter, Sequential, functional_call

__all__ = [
    "Module",
    "Parameter",
    "Sequential",
    "functional_call",
    "functional",
    "init",
    "Linear",
    "ReLU",
    "Sigmoid",
    "Tanh",
    "SiLU",
    "Dropout",
    "BatchNorm1d",
    "CrossEntropyLoss",
    "BCEWithLogitsLoss",
    "MSELoss",
]
