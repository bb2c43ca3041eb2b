"""Which primitives there are, and which of NumPy's functions they and their composites implement."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .primitive import Primitive

primitives: dict[str, Primitive] = {}

implementations: dict[Callable[..., Any], Callable[..., Any]] = {}


def implements(*functions: Callable[..., Any]) -> Callable[[Any], Any]:
    """Decorator: the decorated function is what the given NumPy functions do on tensors."""

    def register(implementation: Any) -> Any:
        for function in functions:
            implementations[function] = implementation
        return implementation

    return register
