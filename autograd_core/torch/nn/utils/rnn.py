"""``torch.nn.utils.rnn``: sequences of different lengths, padded and packed."""

from autograd_core.support.lazy import answering

__getattr__ = answering("torch.nn.utils.rnn")
