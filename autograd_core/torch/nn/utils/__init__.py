"""``torch.nn.utils``: clipping, vectors of parameters, parametrizations, packed sequences."""

from autograd_core.support.lazy import answering
from nn.utils import *

from . import rnn

__getattr__ = answering("torch.nn.utils")
