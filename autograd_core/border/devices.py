"""Devices: NumPy's arrays lie in the CPU's memory, CuPy's on a GPU; every other device is refused by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..engine.tensor import Tensor, make_tensor
from ..support.arrays import hosted

if TYPE_CHECKING:
    from ..support.types import Args, Settings


class Device:
    """A device by its name: ``"cpu"``, or ``"cuda"`` where CuPy is installed.

    type : the name, with a number after a colon where there are several
    index : the number

    Raises RuntimeError for any other device.

    >>> Device("cpu")
    device(type='cpu')
    """

    __slots__ = ("index", "type")

    type: str
    index: int | None

    def __init__(self, type: Any, index: int | None = None) -> None:
        if isinstance(type, Device):
            type, index = type.type, type.index
        if isinstance(type, (int, np.integer)) and not isinstance(type, bool):
            type = f"cuda:{type}"
        name, _, number = str(type).partition(":")
        check("device", name)
        self.type, self.index = name, int(number) if number else index

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Device) and (self.type, self.index) == (other.type, other.index)

    def __hash__(self) -> int:
        return hash((self.type, self.index))

    def __str__(self) -> str:
        return self.type if self.index is None else f"{self.type}:{self.index}"

    def __repr__(self) -> str:
        return f"device(type={self.type!r}{'' if self.index is None else f', index={self.index}'})"


def check(what: str, device: Any) -> str:
    """The name of a device; RuntimeError for one that is not here, TypeError for what is no device."""
    if device is None:
        return "cpu"
    if isinstance(device, (int, np.integer)) and not isinstance(device, bool):
        device = f"cuda:{device}"
    if not isinstance(device, (str, Device)):
        raise TypeError(f"{what}: {device!r} is neither a dtype nor a device.")
    name = str(device).partition(":")[0]
    if name == "cpu":
        return name
    if name == "cuda":
        _cupy(what)
        return name
    raise RuntimeError(f'{what}: there is no device {str(device)!r} here. Fix: "cpu"; "cuda" where CuPy is installed.')


def _cupy(what: str) -> Any:
    """CuPy, which finds a GPU; RuntimeError where it is not installed or finds none."""
    fix = 'Fix: device = "cuda" if torch.cuda.is_available() else "cpu"'
    try:
        import cupy
    except ImportError as error:
        raise RuntimeError(
            f'{what}: "cuda" needs CuPy, which is not installed: arrays are NumPy\'s and lie in the memory of the CPU. '
            f'{fix}; or pip install "autograd-core[cuda]".'
        ) from error
    try:
        cupy.cuda.runtime.getDeviceCount()
    except cupy.cuda.runtime.CUDARuntimeError as error:
        raise RuntimeError(f'{what}: CuPy finds no GPU here for "cuda" ({error}). {fix}.') from error
    return cupy


def of(array: Any) -> Device:
    """Where an array lies."""
    on_gpu = type(array).__module__.partition(".")[0] == "cupy"
    return Device("cuda", array.device.id) if on_gpu else Device("cpu")


def placed(array: Any, device: Any) -> Any:
    """An array on a device: itself where it lies there, else a copy."""
    wanted, here = Device(device), of(array)
    if wanted.type == here.type and wanted.index in (None, here.index):
        return array
    if wanted.type == "cpu":
        return hosted(array)
    cupy = _cupy("to")
    with cupy.cuda.Device(wanted.index or 0):
        return cupy.asarray(array)


def move(tensor: Tensor, device: Any) -> Tensor:
    """The tensor on a device: itself where it lies there, else a leaf or constant with a copy of its array."""
    data = tensor._data if device is None else placed(tensor._data, device)
    if data is tensor._data:
        return tensor
    if not tensor.is_leaf:
        raise RuntimeError("to: a recorded tensor stays on its device. Fix: move the inputs before computing.")
    moved = make_tensor(data, None)
    moved.requires_grad = tensor.requires_grad
    return moved


def read_to(what: str, args: Args, kwargs: Settings) -> tuple[Any, Any, bool]:
    """Device, dtype and copy of ``to(device)``, ``to(dtype)``, ``to(device, dtype)`` and ``to(other)``."""
    kwargs = {key: value for key, value in kwargs.items() if key not in ("non_blocking", "memory_format")}
    device, dtype = kwargs.pop("device", None), kwargs.pop("dtype", None)
    copy = bool(kwargs.pop("copy", False))
    other = kwargs.pop("other", None)
    if kwargs:
        raise TypeError(f"{what}: unknown arguments {sorted(kwargs)}.")
    for given in (*args, *([] if other is None else [other])):
        if isinstance(given, bool):
            continue  # non_blocking, copy
        if isinstance(given, Tensor):
            device, dtype = of(given._data), given.dtype
        elif isinstance(given, (Device, int)) or (isinstance(given, str) and given.partition(":")[0] in _NAMES):
            device = given
        else:
            dtype = given
    check(what, device)
    try:
        return device, None if dtype is None else np.dtype(dtype), copy
    except TypeError as error:
        raise TypeError(f"{what}: {dtype!r} is neither a dtype nor a device.") from error


_NAMES = {"cpu", "cuda", "mps", "xpu", "xla", "meta", "hip", "mkldnn", "vulkan", "ipu", "hpu", "privateuseone"}
