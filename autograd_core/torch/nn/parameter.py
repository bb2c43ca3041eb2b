"""``torch.nn.parameter``."""

from ..modules import Buffer, Parameter

__all__ = ["Buffer", "Parameter"]
