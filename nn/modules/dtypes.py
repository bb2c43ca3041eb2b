"""One dtype through a layer: data that is not in the weights' dtype is refused, for it would widen what follows."""

from __future__ import annotations

from typing import Any


def same_dtype(name: str, what: str, given: Any, weight: Any) -> None:
    """Raise TypeError where the array ``given`` is not in the dtype of ``weight``.

    >>> import numpy as np
    >>> same_dtype("conv2d", "input", np.ones(2), np.ones(2, np.float32))
    Traceback (most recent call last):
    TypeError: conv2d: input is float64, but the weights are float32. Fix: x.astype(np.float32), or ...
    """
    if given.dtype != weight.dtype:
        other = given.dtype if given.dtype.kind == "f" else "float64"
        raise TypeError(
            f"{name}: {what} is {given.dtype}, but the weights are {weight.dtype}. "
            f"Fix: x.astype(np.{weight.dtype}), or model.to(np.{other})."
        )
