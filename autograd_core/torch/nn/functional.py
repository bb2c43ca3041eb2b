"""``torch.nn.functional``: the functions of ``nn.functional`` under PyTorch's face."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import nn.functional as _library
from autograd_core.spellings import sums
from autograd_core.support.lazy import advice

from ..tensor import faced

if TYPE_CHECKING:
    from autograd_core.support.types import AnyArray, Axis, DTypeLike, Function


def _softmin(input: AnyArray, dim: Axis = None, _stacklevel: int = 3, dtype: DTypeLike = None) -> Any:
    return sums.softmax(-input, dim, dtype)


def _twin(name: str) -> Function:
    """``relu_``: ``relu`` with ``inplace=True``."""
    return functools.partial(__getattr__(name), inplace=True)


def __getattr__(name: str) -> Any:
    if name in ("softmax", "log_softmax"):  # without a dim PyTorch takes another axis
        found = getattr(sums, name)
    elif name == "softmin":
        found = _softmin
    else:
        found = None if name.startswith("_") else getattr(_library, name, None)
    if isinstance(found, functools.partial):
        found = _twin(name.removesuffix("_"))
    if not callable(found) or isinstance(found, type):
        raise AttributeError(advice("torch.nn.functional", name))
    globals()[name] = face = found if isinstance(found, functools.partial) else faced(found, name)
    return face


def __dir__() -> list[str]:
    return dir(_library)
