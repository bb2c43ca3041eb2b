"""``torch.nn``: the modules of ``nn`` under PyTorch's face."""

from __future__ import annotations

import importlib
from typing import Any

import nn as _library
from autograd_core.support.lazy import advice

from ..modules import Buffer, Module, Parameter, face_of

__all__ = ["Module", "Parameter", "Buffer"]

_ROOMS = ("functional", "init", "utils", "parameter", "modules")


def __getattr__(name: str) -> Any:
    if name in _ROOMS:
        return importlib.import_module(f".{name}", __name__)
    found = None if name.startswith("_") else getattr(_library, name, None)
    if not (isinstance(found, type) and issubclass(found, _library.Module)):
        raise AttributeError(advice("torch.nn", name))
    globals()[name] = face = face_of(found)  # type: ignore[arg-type]
    return face


def __dir__() -> list[str]:
    return sorted({*__all__, *_ROOMS, *(name for name in dir(_library) if name[0].isupper())})
