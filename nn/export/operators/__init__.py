"""A table from primitives, whole layers and NumPy's functions to ONNX's operators.

A rule is called with the writer and the call's arguments, values and settings; it gives the name of the result.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from . import activations, elementwise, indexing, layers, losses, recurrence, reductions, shapes

RULES: dict[str, Callable[..., Any]] = {
    name: rule
    for family in (activations, elementwise, indexing, layers, losses, recurrence, reductions, shapes)
    for name, rule in family.RULES.items()
}
_SINGLE = activations.SINGLE | layers.SINGLE


def has_operators(name: str, dtype: np.dtype[Any]) -> bool:
    """Whether a primitive or a layer of a dtype is an operator of its own; else it is what it computes.

    Operators whose settings are float32, or which compute in it, would lose what float64 has more.
    """
    if name == "celu":
        return dtype == np.float32
    return name in RULES and not (name in _SINGLE and dtype.itemsize > 4)
