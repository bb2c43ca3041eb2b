"""``torch.optim.lr_scheduler``."""

from autograd_core.support.lazy import answering
from optim.lr_scheduler import *

__getattr__ = answering("torch.optim.lr_scheduler")
