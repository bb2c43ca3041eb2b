"""``torch.utils.tensorboard``."""

from nn.tensorboard import SummaryWriter

__all__ = ["SummaryWriter"]
