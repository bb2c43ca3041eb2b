"""``torch.optim.swa_utils``: averages of weights along the way."""

from autograd_core.support.lazy import answering
from optim.swa_utils import *

__getattr__ = answering("torch.optim.swa_utils")
