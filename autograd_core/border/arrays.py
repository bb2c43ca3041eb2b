"""What comes in: arrays, numbers and lists as the data of a tensor, as a constant or a setting beside one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..engine import entry, recording
from ..engine.calls import ON_SCALARS
from ..engine.errors import class_name
from ..engine.node import PLAIN, WEAK
from ..engine.tensor import Tensor
from ..ops.composites import SIMPLE, holds_tensors
from ..ops.shapes.making import array as _array
from .containers import as_numbers, check_numeric, in_list, is_container
from .sparse import SparseConstant

if TYPE_CHECKING:
    from ..engine.primitive import Primitive
    from ..support.types import AnyArray, Args, DType, DTypeLike, Settings

__all__ = ["set_default_dtype", "get_default_dtype"]

_default_dtype: DType = np.dtype(np.float32)
_ndarray = np.ndarray


def set_default_dtype(dtype: DTypeLike) -> None:
    """Set the floating dtype that Python numbers and lists become (float32 at the start)."""
    global _default_dtype
    if not np.issubdtype(dtype, np.floating):
        raise TypeError(f"set_default_dtype: {np.dtype(dtype)} is not a floating dtype; use float32 or float64.")
    _default_dtype = np.dtype(dtype)


def get_default_dtype() -> DType:
    """The floating dtype that Python numbers and lists become."""
    return _default_dtype


def as_array(data: Any, dtype: DTypeLike) -> AnyArray:
    """``data`` as an array of numbers: arrays as they are, Python numbers and lists in the default dtype.

    Containers of other libraries keep their dtype, as arrays do.
    """
    if type(data) is _ndarray:
        pass  # the usual case
    elif isinstance(data, Tensor):
        data = data.__array__()
    elif type(data) in WEAK:
        data = data.astype(_default_dtype)
    elif isinstance(data, (list, tuple, range)):
        data = _in_default_dtype(_read(data, "Tensor"))
    elif isinstance(data, (bool, int, float, complex)) and not isinstance(data, np.generic):
        data = _in_default_dtype(np.asarray(data))
    elif isinstance(data, np.generic):
        data = np.asarray(data)
    elif is_container(data) or hasattr(data, "dtype"):
        data = as_numbers(data, "Tensor")
        if isinstance(data, Tensor):
            data = data.__array__()
        if isinstance(data, SparseConstant):
            raise TypeError("Tensor: a tensor is dense. Fix: Tensor(A.toarray()), or A @ t with A as a constant.")
    else:
        raise TypeError(f"Tensor: cannot hold {class_name(data)}; give an array of numbers, a list or a number.")
    check_numeric(data, "Tensor")
    return data if dtype is None else data.astype(dtype)


def _in_default_dtype(array: AnyArray) -> AnyArray:
    if array.dtype.kind in "iuf":
        return array.astype(_default_dtype)
    return array.astype(np.result_type(_default_dtype, np.complex64)) if array.dtype.kind == "c" else array


def _read(values: Any, operation: str, dtype: DTypeLike = None) -> AnyArray:
    """A list of numbers as NumPy reads it."""
    in_list(values, operation)
    try:
        return np.asarray(values, dtype)
    except (ValueError, OverflowError) as error:
        raise ValueError(f"{operation}: {error} Fix: give rows of one length, of numbers that fit.") from error


def like(tensor: Tensor, value: Any) -> Tensor:
    """``value`` as a tensor beside ``tensor``: numbers and lists take its dtype, arrays and tensors keep theirs."""
    if isinstance(value, Tensor):
        return value
    if isinstance(value, (list, tuple)) and holds_tensors(value):
        return _array(value, weak=True)
    if type(value) in WEAK:
        return Tensor(value.astype(tensor.dtype))  # type: ignore[union-attr]
    if isinstance(value, (list, tuple, range, bool, int, float, complex)) and not isinstance(value, np.generic):
        try:
            return Tensor(np.asarray(value, tensor.dtype))
        except (TypeError, ValueError) as error:
            raise TypeError(f"{class_name(value)} {value!r} is not an array of {tensor.dtype}: {error}.") from error
    return Tensor(value)


_WEAK = {"b": True, "i": 1, "u": 1, "f": 1.0, "c": 1j}
"""A Python number of each kind: beside an array it takes the array's dtype, where that is wide enough in kind."""


def operand(value: object, operation: str, beside: tuple[Any, ...]) -> Any:
    """A constant beside tensors of the dtypes ``beside``: arrays and numbers as they are.

    A list is weak, like a Python number: it takes the tensors' dtype. Where nothing stands beside it (a mask, indices)
    it is what NumPy reads it as. A list that holds tensors becomes a tensor.
    """
    if type(value) is _ndarray or isinstance(value, np.generic):
        check_numeric(value, operation)
        return value
    if isinstance(value, (float, int, complex)):
        return value
    if not isinstance(value, (list, tuple, range)):
        return as_numbers(value, operation)
    if holds_tensors(value):
        return _array(value, weak=bool(beside))
    try:
        array = _read(value, operation)
        check_numeric(array, operation)
        if not beside:
            return array
        dtype = np.result_type(*beside, _WEAK[array.dtype.kind])
        return array if array.dtype == dtype else _read(value, operation, dtype)
    except (TypeError, ValueError) as error:
        problem = str(error).removeprefix(f"{operation}: ")
        raise TypeError(f"{operation}: a {class_name(value)} beside a tensor: {problem}") from error


def operands(op: Primitive, args: Args, values: Any) -> tuple[list[Any], list[Any] | None]:
    """The arrays of the arguments, each constant as what the forward takes beside the tensors.

    Where a constant was a list that holds tensors also the arguments, with which to begin again.
    """
    beside = tuple([v.dtype for v, a in zip(values, args, strict=True) if v is not a])
    rules = op.rules * len(args) if op.variadic else op.rules
    values = [
        v if v is not a else operand(v, op.name, () if rule is None else beside)
        for v, a, rule in zip(values, args, rules, strict=True)
    ]
    if Tensor not in map(type, values):
        return values, None
    return values, [a if isinstance(a, Tensor) else v for v, a in zip(values, args, strict=True)]


_numbers: dict[Any, dict[float, Any]] = {np.dtype(t): {} for t in (np.float16, np.float32, np.float64)}
"""Python numbers as 0-d arrays, by dtype: the cheapest second operand that a ufunc takes."""


def beside(value: Any, array: Any, op: Primitive, place: int) -> Any:
    """The constant argument in the form that is cheapest beside ``array``; never one that widens its dtype."""
    kind = type(value)
    if kind is not float and kind is not int:
        if kind is not bool:
            return operand(value, op.name, () if op.rules[place] is None else (array.dtype,))
        value = int(value)
    if type(array) in PLAIN or (isinstance(array, np.generic) and op.forward not in ON_SCALARS):
        numbers = _numbers.get(array.dtype)
        if numbers is not None:
            known = numbers.get(value)
            return _remember(value, array.dtype, numbers) if known is None else known
    if not value and array.dtype.kind in "fc":
        return array.dtype.type(value)  # in a rule, Python's own 1/0 would be an error
    return value


def _remember(value: float, dtype: DTypeLike, numbers: dict[float, Any]) -> AnyArray:
    number = np.array(value, dtype)
    if value == 0 or value != value:  # −0.0 equals 0.0 as a key, NaN equals nothing
        return number
    if len(numbers) >= 1024:
        numbers.clear()
    number.flags.writeable = False  # every row that multiplies by this value shares it
    numbers[value] = number
    return number


def gathered(operation: str, args: Args) -> list[Any] | None:
    """The arguments of a call without tensors, where there are lists that hold some, with these as tensors."""
    if any(isinstance(a, (list, tuple)) and holds_tensors(a) for a in args):
        return [operand(a, operation, ()) for a in args]
    return None


def setting(value: Any, operation: str, name: str, instead: str = "write the formula in operations on tensors") -> Any:
    """What an operation has no derivative for, without tensors in it: those of integers, and constants, by value."""
    if isinstance(value, Tensor):
        if value._node is not None and recording.is_grad_enabled():
            raise TypeError(
                f"{operation}: {name}= is a recorded tensor ({value.dtype} {value.shape}), and {operation} has no "
                f"derivative with respect to {name}, so that its gradient would be lost. Fix: {instead}; "
                f"ag.stop_gradient({name}) where it is meant as a constant."
            )
        return value._data.item() if value.shape == () else value._data
    if type(value) in (list, tuple):
        return type(value)(setting(v, operation, name) for v in value)
    if type(value) is dict:
        return {key: setting(v, operation, name) for key, v in value.items()}
    if type(value) is slice:
        return slice(*(setting(v, operation, name) for v in (value.start, value.stop, value.step)))
    return value


def settled(operation: str, params: Settings) -> dict[str, Any]:
    """The settings of an operation without tensors: a recorded one is refused by name."""
    for value in params.values():
        kind = type(value)
        if kind in SIMPLE or (kind is tuple and SIMPLE.issuperset(map(type, value))):
            continue
        if kind is slice and type(value.start) in SIMPLE and type(value.stop) in SIMPLE and value.step is None:
            continue
        if holds_tensors((value,)):
            return {name: setting(v, operation, name) for name, v in params.items()}
    return params


def admitted(value: object, operation: str, of_lists: bool = False) -> Any:
    """Any argument of a function: what other libraries keep numbers in is converted, a list of tensors made one."""
    if isinstance(value, (list, tuple)):
        if not of_lists and holds_tensors(value):
            return _array(value, weak=True)
        if any(is_container(v) or isinstance(v, (list, tuple)) for v in value) and type(value) in (list, tuple):
            return type(value)([admitted(v, operation, of_lists) for v in value])
        return value
    return as_numbers(value, operation) if is_container(value) else value


def index(value: Any) -> Any:
    """An index without tensors, and without containers that NumPy would read inexactly."""
    if type(value) is slice:
        first, last, step = value.start, value.stop, value.step
        if type(first) in SIMPLE and type(last) in SIMPLE and type(step) in SIMPLE:
            return value
        return slice(index(first), index(last), index(step))
    if type(value) in SIMPLE:
        return value
    if isinstance(value, Tensor):
        return value._data
    if type(value) is tuple:
        return tuple(map(index, value))
    if type(value) is list:
        if holds_tensors(value):
            return [index(v) for v in value]
        in_list(value, "getitem")
    return as_numbers(value, "getitem") if is_container(value) and type(value) is not _ndarray else value


_TWO_MEANINGS = {
    **dict.fromkeys(
        ("max", "min"),
        "gives values and indices, here the values alone. Fix: t.{0}(axis=…), and t.arg{0}(axis=…) for the indices",
    ),
    **dict.fromkeys(("std", "var"), "divides by n − 1, here by n. Fix: t.{0}(axis=…, ddof=1), or ddof=0"),
    **dict.fromkeys(("median", "nanmedian"), "gives the lower of two in the middle, here their mean. Fix: axis=…"),
}
"""Functions of which PyTorch's, told by its ``dim=``, gives something else than NumPy's."""


def respelled(operation: str, kwargs: Settings) -> dict[str, Any]:
    """``dim=`` and ``keepdim=`` as ``axis=`` and ``keepdims=``; TypeError where PyTorch means something else."""
    meaning = _TWO_MEANINGS.get(operation)
    if meaning and "dim" in kwargs and not {"ddof", "correction"} & kwargs.keys():
        raise TypeError(
            f"{operation}: dim= is PyTorch's, whose {operation} {meaning.format(operation)}; under "
            "autograd_core.torch methods mean what PyTorch means."
        )
    names = {"dim": "axis", "keepdim": "keepdims"}
    new = {names.get(key, key): value for key, value in kwargs.items()}
    if len(new) < len(kwargs):
        raise TypeError(
            f"{operation}: dim= and axis=, or keepdim= and keepdims=, mean the same. Fix: give one of them."
        )
    return new


entry.as_array, entry.operand, entry.operands, entry.gathered, entry.like = as_array, operand, operands, gathered, like
entry.respelled, entry.settled, entry.setting, entry.admitted, entry.index, entry.beside = (
    respelled,
    settled,
    setting,
    admitted,
    index,
    beside,
)
