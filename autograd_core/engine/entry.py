"""What comes in. The engine asks here; the border answers (``border/arrays.py`` puts its functions in these places)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .tensor import Tensor

as_array: Callable[[Any, Any], Any]
"""``as_array(data, dtype)``: the data of a tensor as an array of numbers."""

operand: Callable[[Any, str], Any]
"""``operand(value, operation)``: a constant beside a tensor as what the operation's forward takes."""

like: Callable[[Tensor, Any], Tensor]
"""``like(tensor, value)``: a value as a tensor beside another."""
