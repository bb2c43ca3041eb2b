"""The array type that records: NumPy's own memory, and every call on it noted on a tape."""

from __future__ import annotations

import operator
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from ...engine.tensor import Tensor
from ...support.arrays import method_of
from .numbers import Item, Live
from .tape import Tape, again, arrays_in, root

if TYPE_CHECKING:
    from ...support.types import AnyArray, Args, Array, ArrayLike, DType, DTypeLike, Function, Index, Settings, Tree


_ABOUT = {"dtype", "flags", "itemsize", "nbytes", "ndim", "shape", "size", "strides"}
_ASKING = {np.shape, np.ndim, np.size, np.result_type, np.can_cast, np.iscomplexobj, np.isrealobj}
_ASKING |= {np.may_share_memory, np.shares_memory}
_FILLED: dict[Any, int] = {np.zeros_like: 0, np.ones_like: 1}
_WITH_OUT = {np.concatenate, np.stack, np.einsum, np.dot, np.take, np.cumsum, np.cumprod, np.clip, np.mean, np.var}
_WITH_OUT |= {np.std, np.argmax, np.argmin, np.outer}
_REDUCTIONS: dict[Any, np.ufunc] = {np.sum: np.add, np.max: np.maximum, np.min: np.minimum, np.prod: np.multiply}
_REDUCTIONS |= {np.any: np.logical_or, np.all: np.logical_and}
_OF_REDUCE = {"axis", "keepdims", "dtype", "initial"}
_METHODS = {"argmax", "argmin", "clip", "cumsum", "dot", "max", "mean", "min", "prod", "ravel", "repeat", "reshape"}
_METHODS |= {"round", "squeeze", "std", "sum", "swapaxes", "take", "transpose", "var", "any", "all", "conj", "nonzero"}


class _Asked(np.ndarray):
    """An array that says what ``**`` would call, and on which dtype."""

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: object) -> Any:
        return ufunc, inputs[0].dtype


def _power(array: Array, exponent: object) -> Any:
    """The ufunc that ``**`` calls on this array: not for every exponent np.power, which may round otherwise."""
    if type(exponent) not in (int, float):
        return np.power
    ufunc, dtype = array.view(_Asked) ** exponent
    return ufunc if dtype == array.dtype else np.power  # NumPy 2.0 squares whole numbers as floats for 2.0


class Recorded(NDArrayOperatorsMixin):
    """An array whose calls are noted on ``tape`` while that is open; afterwards it computes as NumPy's do."""

    __slots__ = ("__weakref__", "array", "tape")

    def __init__(self, array: Any, tape: Tape) -> None:
        self.array, self.tape = array, tape

    @property  # type: ignore[misc]
    def __class__(self) -> Any:
        """What `isinstance` is told: an array's type, so that a function goes the way that it goes with one."""
        return np.ndarray

    def __array__(self, dtype: DTypeLike = None, copy: Any = None) -> Any:
        if self.tape.open:
            self.tape.refuse("an array was converted to a plain one")
        return np.array(self.array, dtype=dtype, copy=copy)

    def __array_ufunc__(
        self, ufunc: np.ufunc, method: str, *inputs: object, out: AnyArray | None = None, **kwargs: object
    ) -> Any:
        if any(isinstance(x, Tensor) for x in inputs):
            return NotImplemented
        if not self.tape.open:
            given = {} if out is None else {"out": plain(out)}
            return getattr(ufunc, method)(*map(plain, inputs), **given, **{k: plain(v) for k, v in kwargs.items()})
        return _ufunc(self.tape, ufunc, method, inputs, out, kwargs)

    def __array_function__(self, function: Function, types: Any, args: Args, kwargs: Settings) -> Any:
        if not all(issubclass(kind, (Recorded, Live, np.ndarray)) for kind in types):
            return NotImplemented
        if not self.tape.open or function in _ASKING:
            return function(*map(plain, args), **{k: plain(v) for k, v in kwargs.items()})
        return _function(self.tape, function, args, kwargs)

    def __getattr__(self, name: str) -> Any:
        if name in _METHODS:
            return method_of(self, name)
        if name.startswith("__"):
            raise AttributeError(name)
        value = getattr(self.array, name)
        if name in _ABOUT or value is None:
            return value
        if isinstance(value, np.ndarray):
            if root(value) is root(self.array):
                return Recorded(value, self.tape)
            return _function(self.tape, _attributes[name], (self,), {})
        if self.tape.open:
            self.tape.refuse(f"array.{name} is not recorded")
        return value

    def __pow__(self, other: ArrayLike) -> Any:
        ufunc = _power(self.array, other)
        return super().__pow__(other) if ufunc is np.power else ufunc(self)

    def __ipow__(self, other: object) -> Any:
        ufunc = _power(self.array, other)
        return super().__ipow__(other) if ufunc is np.power else ufunc(self, out=(self,))

    def __getitem__(self, index: Index) -> AnyArray:
        index = plain(index)
        if is_basic(index):
            found = self.array[index]
            if isinstance(found, np.ndarray):
                return Recorded(found, self.tape)
            return RecordedScalar(self.array[(*(index if isinstance(index, tuple) else (index,)), ...)], self.tape)
        return _computed_again(self.tape, operator.getitem, (self, index), {})

    def __setitem__(self, index: Index, value: ArrayLike) -> None:
        index = plain(index)
        if isinstance(value, Live):
            value = _held(value, self.dtype)
        given = plain(value)
        if isinstance(given, np.ndarray) and is_basic(index) and _same_memory(self.array[index], given):
            return  # a += b on a part ends in storing the part where it lies
        self.array[index] = given
        if self.tape.open:
            reads = (self.array, *arrays_in((index, given)))
            self.tape.add("setitem", operator.setitem, (self.array, index, given), writes=[self.array], reads=reads)

    def __len__(self) -> int:
        return len(self.array)

    def __iter__(self) -> Iterator[Any]:
        return (self[i] for i in range(len(self)))

    def __bool__(self) -> bool:
        array = self.array
        return bool(self.tape.guard(lambda: bool(array), bool(array), "the truth of an array", [array]))

    def __float__(self) -> float:
        array = self.array
        return float(self.tape.guard(lambda: float(array), float(array), "float() of an array", [array]))

    def __int__(self) -> int:
        array = self.array
        return int(self.tape.guard(lambda: int(array), int(array), "int() of an array", [array]))

    def __index__(self) -> int:
        array = self.array
        return operator.index(self.tape.guard(array.__index__, array.__index__(), "an index from an array", [array]))

    def item(self, *place: int) -> Any:
        """A number that is read again at every run."""
        array, tape = self.array, self.tape
        if not tape.open:
            return array.item(*place)
        item = Item(array, place)
        number = Live(tape, item.value, item.get, item)
        tape.add("item", item.read, reads=[array], kind="item")
        return number

    def tolist(self) -> Any:
        """The values as a list, guarded: a replay wants the same."""
        return self.tape.guard(self.array.tolist, self.array.tolist(), "the list of an array", [self.array])

    def copy(self, order: Any = "C") -> Any:
        """As of an array, recorded."""
        return self._copied(self.array.copy(order))

    def flatten(self) -> Any:
        """As of an array, recorded."""
        return self.copy().reshape(-1)

    def astype(self, dtype: Any, *args: object, copy: bool = True, **kwargs: object) -> Any:
        """As of an array, recorded."""
        if not copy and np.dtype(dtype) == self.array.dtype:
            return self
        return self._copied(self.array.astype(dtype, *args, **kwargs))

    def fill(self, value: Any) -> None:
        """As of an array, recorded."""
        self[...] = value

    def view(self, *args: object) -> Any:
        """As of an array; it shares memory, and is recorded on."""
        return Recorded(self.array.view(*args), self.tape)

    def _copied(self, made: Array) -> AnyArray:
        if self.tape.open:
            target = np.asarray(made)
            self.tape.add("copyto", np.copyto, (target, self.array), {"casting": "unsafe"}, [target], [self.array])
            return as_recorded(target, made, self.tape)
        return made

    def __repr__(self) -> str:
        self.tape.text()
        return repr(self.array)

    def __format__(self, spec: str) -> str:
        self.tape.text()
        return format(self.array.item() if self.array.ndim == 0 else self.array, spec)


class RecordedScalar(Recorded):
    """Stands for a NumPy scalar, which takes other ways than an array and is replaced, not changed, by += ."""

    __slots__ = ()

    @property  # type: ignore[misc]
    def __class__(self) -> Any:
        return RecordedScalar

    __iadd__, __isub__ = NDArrayOperatorsMixin.__add__, NDArrayOperatorsMixin.__sub__
    __pow__, __ipow__ = NDArrayOperatorsMixin.__pow__, NDArrayOperatorsMixin.__pow__
    __imul__, __itruediv__ = NDArrayOperatorsMixin.__mul__, NDArrayOperatorsMixin.__truediv__


_attributes: dict[str, Function] = {"real": np.real, "imag": np.imag}


def plain(value: Any) -> Any:
    """NumPy's own arrays, and numbers as they are, in nested tuples and lists."""
    if isinstance(value, Recorded):
        return value.array
    if type(value) in (tuple, list):
        return type(value)(map(plain, value))
    return value.value if isinstance(value, Live) else value


def as_recorded(array: Any, result: Any, tape: Tape) -> Any:
    """What a call gave, an array or a number, as one that records."""
    return (RecordedScalar if isinstance(result, np.generic) else Recorded)(array, tape)


def is_basic(index: Index) -> bool:
    """Whether an index gives a view: of numbers, slices, None and Ellipsis."""
    parts = index if isinstance(index, tuple) else (index,)
    return all(p is None or p is Ellipsis or isinstance(p, (int, np.integer, slice)) for p in parts) and not any(
        isinstance(p, bool) for p in parts
    )


def _same_memory(a: Any, b: Array) -> bool:
    if not isinstance(a, np.ndarray) or a.shape != b.shape or a.strides != b.strides or a.dtype != b.dtype:
        return False
    return bool(a.__array_interface__["data"] == b.__array_interface__["data"])


def _held(number: Live, dtype: DType) -> Array:
    """A changing number in an array without axes, of the operand's dtype: float64 would widen it."""

    def held() -> Array:
        array = np.array(number.value, dtype)
        number.tape.add("number", number.fill, (array,), writes=[array], kind="number")
        return array

    return number.tape.once(("held", number, np.dtype(dtype)), held)


def _number_in_ufunc(
    self: Live, ufunc: Function, method: str, *inputs: object, out: AnyArray | None = None, **kwargs: object
) -> Any:
    if any(isinstance(x, Tensor) for x in inputs):
        return NotImplemented
    if not self.tape.open:
        return getattr(ufunc, method)(*map(plain, inputs), **({} if out is None else {"out": plain(out)}), **kwargs)
    return _ufunc(self.tape, ufunc, method, inputs, out, kwargs)


def _number_in_function(self: Live, function: Function, types: Any, args: Args, kwargs: Settings) -> Any:
    if not all(issubclass(kind, (Live, Recorded, np.ndarray)) for kind in types):
        return NotImplemented
    if not self.tape.open or function in _ASKING:
        return function(*map(plain, args), **{k: plain(v) for k, v in kwargs.items()})
    return _function(self.tape, function, args, kwargs)


def _numbers_held(args: Args, kwargs: Settings) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Changing numbers among arguments: real ones as arrays of the others' dtype, whole ones guarded."""
    found = [*_deep((args, list(kwargs.values())))]
    if not any(isinstance(x, Live) for x in found):
        return args, kwargs
    kinds = [x.dtype for x in found if isinstance(x, (np.ndarray, np.generic, Recorded)) and x.dtype.kind in "fc"]
    dtype = np.result_type(*kinds, 1.0)

    def held(x: Tree) -> Tree:
        if isinstance(x, Live):
            return _held(x, dtype) if isinstance(x.value, float) else operator.index(x)
        return type(x)(map(held, x)) if type(x) in (tuple, list) else x

    return held(args), {k: held(v) for k, v in kwargs.items()}


def _deep(value: object) -> Iterator[Any]:
    if isinstance(value, (tuple, list)):
        for v in value:
            yield from _deep(v)
    else:
        yield value


Live.__array_ufunc__ = _number_in_ufunc  # type: ignore[attr-defined]
Live.__array_function__ = _number_in_function  # type: ignore[attr-defined]
Live.astype = lambda self, dtype: Recorded(_held(self, dtype), self.tape)  # type: ignore[attr-defined]


def _with_numbers_held(inputs: Args) -> tuple[Any, ...]:
    if not any(isinstance(x, Live) for x in inputs):
        return inputs
    kinds = [x.dtype for x in inputs if hasattr(x, "dtype") and not isinstance(x, Live)]
    weak = [1.0 if isinstance(x.value, float) else 1 for x in inputs if isinstance(x, Live)]
    dtype = np.result_type(*kinds, *weak)
    return tuple(_held(x, dtype) if isinstance(x, Live) else x for x in inputs)


def _ufunc(tape: Tape, ufunc: Any, method: str, inputs: Args, out: Any, kwargs: Settings) -> Any:
    raw = tuple(map(plain, _with_numbers_held(inputs)))
    kwargs = {k: plain(v) for k, v in kwargs.items()}
    run = getattr(ufunc, method)
    name = ufunc.__name__ if method == "__call__" else f"{ufunc.__name__}.{method}"
    if method == "at":
        run(*raw)
        tape.add(name, run, raw, writes=[raw[0]], reads=arrays_in(raw))
        return None
    if out is None:
        result = run(*raw, **kwargs)
        several = isinstance(result, tuple)
        results = result if several else (result,)
        target = tuple(map(np.asarray, results))
        wrapped = tuple(as_recorded(t, r, tape) for t, r in zip(target, results, strict=True))
        answer = wrapped if several else wrapped[0]
    else:
        target = plain(out)
        run(*raw, out=target, **kwargs)
        answer = out[0] if len(out) == 1 else out
        answer = Recorded(answer, tape) if type(answer) is np.ndarray else answer
    reads = (*arrays_in(raw), *arrays_in(tuple(kwargs.values())))
    if method == "__call__" and not kwargs and ufunc not in (np.maximum, np.minimum):
        tape.add(name, ufunc, (*raw, *target), writes=target, reads=reads)
    else:
        tape.add(name, run, raw, {**kwargs, "out": target if method == "__call__" else target[0]}, target, reads)
    return answer


def _function(tape: Tape, function: Function, args: Args, kwargs: Settings) -> Any:
    args, kwargs = _numbers_held(args, kwargs)
    raw, settings = tuple(map(plain, args)), {k: plain(v) for k, v in kwargs.items()}
    name, reads = function.__name__, (*arrays_in(raw), *arrays_in(tuple(settings.values())))
    if function is np.empty_like or function in _FILLED or function is np.full_like:
        made = function(*raw, **settings)
        if function is np.empty_like:
            tape.add("empty", _nothing, writes=[made], kind="made")
        else:
            number = _FILLED[function] if function in _FILLED else raw[1] if len(raw) > 1 else settings["fill_value"]
            tape.add("fill", made.fill, (number,), writes=[made])
        return Recorded(made, tape)
    if function is np.copyto:
        np.copyto(*raw, **settings)
        tape.add(name, np.copyto, raw, settings, [raw[0]], reads)
        return None
    if function in (np.array_equal, np.allclose):
        return tape.guard(lambda: function(*raw, **settings), function(*raw, **settings), name, reads)
    if function in _REDUCTIONS and isinstance(args[0], Recorded) and len(args) <= 2 and set(kwargs) <= _OF_REDUCE:
        options = {"axis": args[1] if len(args) > 1 else None, **kwargs}
        return _ufunc(tape, _REDUCTIONS[function], "reduce", args[:1], None, options)
    if function in _WITH_OUT:
        target = settings.pop("out", None)
        result = function(*raw, **settings) if target is None else function(*raw, **settings, out=target)
        into = np.asarray(result) if target is None else target
        tape.add(name, function, raw, {**settings, "out": into}, [into], reads)
        return as_recorded(into, result, tape) if target is None else kwargs["out"]
    return _computed_again(tape, function, args, kwargs)


def _nothing() -> None:
    """Memory that later calls write into."""


def _computed_again(tape: Tape, function: Function, args: Args, kwargs: Settings) -> AnyArray:
    """Views as they are; of a function without ``out=`` the result is computed again and copied into its place."""
    args, kwargs = _numbers_held(args, kwargs)
    raw, settings = tuple(map(plain, args)), {k: plain(v) for k, v in kwargs.items()}
    result = function(*raw, **settings)
    if not tape.open:
        return result
    reads = (*arrays_in(raw), *arrays_in(tuple(settings.values())))
    roots = {id(root(a)) for a in reads}
    many = isinstance(result, (tuple, list))
    results = list(result) if many else [result]
    if not all(isinstance(r, (np.ndarray, np.generic)) for r in results):
        tape.refuse(f"{function.__name__} does not give arrays")
        return result
    if all(isinstance(r, np.ndarray) and id(root(r)) in roots for r in results):
        wrapped = [Recorded(r, tape) for r in results]
    else:
        targets = [np.asarray(r) if isinstance(r, np.generic) else r for r in results]
        by_mask = function is operator.getitem and any(a.dtype == bool for a in arrays_in(raw[1:]))
        kind = "guard" if by_mask or function in (np.nonzero, np.flatnonzero, np.unique) else "call"
        tape.add(function.__name__, again, (function, raw, settings, targets), None, targets, reads, kind)
        wrapped = [as_recorded(t, r, tape) for t, r in zip(targets, results, strict=True)]
    return (type(result)(wrapped) if type(result) in (tuple, list) else type(result)(*wrapped)) if many else wrapped[0]
