"""One dtype through a layer: data in another one than the weights' is refused, and a tensor is converted in place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from autograd_core import Tensor
from autograd_core.border import devices

if TYPE_CHECKING:
    from autograd_core.border.devices import Device
    from autograd_core.support.types import AnyArray, Args, DTypeLike, Settings

from autograd_core.engine.errors import describe


def same_dtype(name: str, what: str, given: AnyArray, weight: AnyArray) -> None:
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


def convert_(tensor: Tensor, dtype: DTypeLike) -> None:
    """Convert a tensor, and its gradient, to another dtype in place.

    >>> import autograd_core as ag
    >>> weight = ag.Tensor([1.0], requires_grad=True)
    >>> convert_(weight, "float64")
    >>> weight
    Tensor([1.], dtype=float64, requires_grad=True)
    """
    gradient = tensor.grad
    if gradient is not None:
        tensor.grad = None
    tensor.data = tensor._data.astype(dtype)
    if gradient is not None:
        tensor.grad = Tensor(gradient._data.astype(dtype))


def read_to(args: Args, kwargs: Settings) -> tuple[Any, Any]:
    """Device and floating dtype of ``module.to(…)``; TypeError for another dtype."""
    device, dtype, _ = devices.read_to("Module.to", args, kwargs)
    if dtype is not None and not np.issubdtype(dtype, np.floating):
        raise TypeError(f"Module.to: {dtype} is not a floating dtype; parameters need one.")
    return device, dtype


def move_(tensor: Tensor, device: Device) -> None:
    """Put the array of a leaf, and its gradient, on a device."""
    moved = devices.move(tensor, device)
    if moved is not tensor:
        gradient = tensor.grad
        tensor._data = moved._data
        if gradient is not None:
            gradient._data = devices.move(gradient, device)._data


def check_held(name: str, input: AnyArray, shape: tuple[int, ...], **held: Any) -> None:
    """Raise TypeError or ValueError for weights or statistics that are not arrays of ``shape`` in the input's dtype.

    None is one that the layer does without.

    >>> import numpy as np
    >>> check_held("layer_norm", np.ones((2, 3)), (3,), weight=np.ones(1), bias=None)
    Traceback (most recent call last):
    ValueError: layer_norm: weight of shape (1,) for an input of shape (2, 3); it must be (3,).
    """
    for what, array in held.items():
        if array is None:
            continue
        if not hasattr(array, "dtype"):
            raise TypeError(f"{name}: {what} is {describe(array)}; give an array of shape {shape}.")
        same_dtype(name, "input", input, array)
        if tuple(array.shape) != shape:
            raise ValueError(
                f"{name}: {what} of shape {tuple(array.shape)} for an input of shape {tuple(input.shape)}; "
                f"it must be {shape}."
            )


def real_only(name: str, x: AnyArray) -> None:
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
