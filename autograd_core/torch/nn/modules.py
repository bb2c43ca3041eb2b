"""``torch.nn.modules``: the same classes as ``torch.nn``."""

from __future__ import annotations

from typing import Any

from .. import nn as _nn
from ..modules import Module

__all__ = ["Module"]


def __getattr__(name: str) -> Any:
    return getattr(_nn, name)
