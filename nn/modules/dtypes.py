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


def real_only(name: str, x: Any) -> None:
    """Raise TypeError for complex numbers, which the function ``name`` has no meaning for.

    >>> import numpy as np
    >>> real_only("softshrink", np.ones(2) + 1j)
    Traceback (most recent call last):
    TypeError: softshrink: complex128 (2,); it is a function of real numbers. Fix: ...
    """
    if x.dtype.kind == "c":
        raise TypeError(
            f"{name}: {x.dtype} {x.shape}; it is a function of real numbers. "
            "Fix: use np.abs(x), or x.real and x.imag one by one."
        )
