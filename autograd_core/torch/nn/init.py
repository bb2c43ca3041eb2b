"""``torch.nn.init``: the initialisers of ``nn.init``, which fill tensors of either face."""

from nn.init import *
