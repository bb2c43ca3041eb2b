"""Python's containers. Here a list of boxes is a list, so nothing has to stand in their place."""

from __future__ import annotations

import builtins
from typing import Any

from .tracer import getval

dict, list, tuple = builtins.dict, builtins.list, builtins.tuple


def isinstance(x: Any, of: Any) -> bool:
    """Whether ``x``, or the array that it stands for, is one of these types.

    x : anything
    of : a type or a tuple of them
    """
    return builtins.isinstance(x, of) or builtins.isinstance(getval(x), of)


def type(x: Any) -> Any:
    """The type of ``x``, or of the array that it stands for.

    x : anything
    """
    return builtins.type(getval(x)) if hasattr(x, "_data") else builtins.type(x)


class DictBox:
    """HIPS autograd's stand-in for a dict that is differentiated: here that stays a dict of boxes."""


class SequenceBox:
    """HIPS autograd's stand-in for a list or tuple: here that stays one of boxes."""
