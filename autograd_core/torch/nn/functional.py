"""``torch.nn.functional``: the functions of ``nn.functional`` under PyTorch's face."""

from __future__ import annotations

from typing import Any

import nn.functional as _library
from autograd_core.support.lazy import advice

from ..tensor import faced


def __getattr__(name: str) -> Any:
    found = None if name.startswith("_") else getattr(_library, name, None)
    if not callable(found) or isinstance(found, type):
        raise AttributeError(advice("torch.nn.functional", name))
    globals()[name] = face = faced(found, name)
    return face


def __dir__() -> list[str]:
    return dir(_library)
