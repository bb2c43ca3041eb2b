"""What comes in. The engine asks here; the border answers (``border/arrays.py`` puts its functions in these places).

After each: how it is called, and what it answers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .tensor import Tensor

as_array: Callable[[Any, Any], Any]  # (data, dtype): the data of a tensor as an array of numbers
like: Callable[[Tensor, Any], Tensor]  # (tensor, value): a value as a tensor beside another
operand: Callable[[Any, str, tuple[Any, ...]], Any]
"""(value, operation, dtypes): a constant beside tensors of those dtypes as what the forward takes."""
beside: Callable[[Any, Any, Any, int], Any]
"""(value, array, op, place): the same beside one array, as the argument of a primitive; the cheapest form."""
operands: Callable[[Any, Any, Any], tuple[list[Any], list[Any] | None]]
"""(op, args, values): all of a call's; where one is a list of tensors also the arguments to begin again."""
gathered: Callable[[str, Any], list[Any] | None]
"""(operation, args): the arguments to begin again with where only lists hold tensors, else None."""
settled: Callable[[str, dict[str, Any]], dict[str, Any]]  # (operation, params): settings without tensors in them
setting: Callable[..., Any]
"""(value, operation, name, instead): one of them; ``instead`` says what to do where it is recorded."""
index: Callable[[Any], Any]  # (value): what stands between brackets, without tensors
respelled: Callable[[Any, dict[str, Any]], dict[str, Any]]
"""(operation, kwargs): PyTorch's ``dim=`` and ``keepdim=`` as ``axis=`` and ``keepdims=``."""
admitted: Callable[[Any, str, bool], Any]
"""(value, operation, of_lists): an argument of a composite, without containers of other libraries."""
