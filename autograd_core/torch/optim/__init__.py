"""``torch.optim``: the optimizers of ``optim``, which move tensors of either face."""

from __future__ import annotations

import importlib
from typing import Any

import optim as _library
from autograd_core.support.lazy import advice

_ROOMS = ("lr_scheduler", "swa_utils")


def __getattr__(name: str) -> Any:
    if name in _ROOMS:
        return importlib.import_module(f".{name}", __name__)
    found = None if name.startswith("_") else getattr(_library, name, None)
    if found is None:
        raise AttributeError(advice("torch.optim", name))
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return dir(_library)
