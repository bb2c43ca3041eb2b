"""Tensor as PyTorch has it: the tensor of this library, whose methods mean what PyTorch means."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

import autograd_core as ag
from autograd_core.border import protocols
from autograd_core.border.writing import is_recorded
from autograd_core.engine import recording
from autograd_core.engine.tensor import bare, make_tensor
from autograd_core.ops.arithmetic import elementwise, rounding
from autograd_core.ops.places import indexing
from autograd_core.ops.places.updating import At
from autograd_core.ops.products import contractions
from autograd_core.spellings import in_place
from autograd_core.spellings import methods as spelled

from .promotion import FLOATING, as_floating, promoted

if TYPE_CHECKING:
    from autograd_core.support.types import AnyArray, Args, ArrayLike, Function, Index, Settings


class Size(tuple[int, ...]):
    """A shape."""

    __slots__ = ()

    def numel(self) -> int:
        """The number of elements."""
        return int(np.prod(self, dtype=np.int64))


class Tensor(ag.Tensor):
    """``torch.Tensor`` on NumPy: results of operations are of this class, too.

    data : a list, number or array, which is not copied; or sizes, of a new tensor then
    requires_grad : record what is computed from this tensor
    dtype : optional dtype to convert to
    """

    __slots__ = ()

    def __init__(self, *data: Any, requires_grad: bool = False, dtype: Any = None) -> None:
        if not data or all(isinstance(n, int) and not isinstance(n, bool) for n in data):
            data = (np.zeros(data if data else (0,), ag.get_default_dtype()),)
        super().__init__(*data, requires_grad=requires_grad, dtype=dtype)  # type: ignore[misc]

    @property
    def data(self) -> Any:
        """The same memory without history; writing to it in place writes to this tensor."""
        return make(self._data[...])

    @data.setter
    def data(self, value: AnyArray) -> None:
        ag.Tensor.data.__set__(self, bare(value))  # type: ignore[attr-defined]

    def detach(self) -> Tensor:
        """The same memory without history."""
        return make(self._data[...])

    @property
    def shape(self) -> Size:  # type: ignore[override]
        """The size of each axis."""
        return Size(self._data.shape)

    @property
    def grad(self) -> Any:
        """What ``backward`` has accumulated here."""
        return wrap(ag.Tensor.grad.__get__(self))  # type: ignore[attr-defined]

    @grad.setter
    def grad(self, value: Any) -> None:
        ag.Tensor.grad.__set__(self, value)  # type: ignore[attr-defined]

    def numpy(self, *, force: bool = False) -> Any:
        """The values as a NumPy array, outside the graph (shared memory, no copy)."""
        return np.asarray(self._data)

    def backward(  # type: ignore[override]
        self, gradient: Any = None, retain_graph: bool | None = None, create_graph: bool = False, inputs: Any = None
    ) -> None:
        """Accumulate gradients into the leaves, or into ``inputs`` alone."""
        if inputs is None:
            ag.Tensor.backward(self, gradient, retain_graph=bool(retain_graph), create_graph=create_graph)
            return
        from .autograd import grad

        inputs = [inputs] if isinstance(inputs, ag.Tensor) else list(inputs)
        for leaf, g in zip(inputs, grad(self, inputs, gradient, retain_graph, create_graph, True), strict=True):
            if g is not None:
                leaf.grad = g if leaf.grad is None else leaf.grad + g

    def __setitem__(self, index: Index, value: ArrayLike) -> None:
        if isinstance(value, ag.Tensor) and value.dtype != self.dtype:
            value = value.to(self.dtype)
        if recording.is_grad_enabled() and (self._node is not None or is_recorded(value)):
            in_place.change(self, "t[index] = value", lambda x: At(x)[bare(index)].set(plain(value)))
        else:
            self._data[bare(index)] = bare(value)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: object, **kwargs: object) -> Any:
        return wrap(protocols.call_ufunc(self, ufunc, method, *map(plain, inputs), **kwargs))

    def __array_function__(self, function: Function, types: Any, args: Args, kwargs: Settings) -> Any:
        return wrap(protocols.call_numpy_function(self, function, types, plain(args), plain(kwargs)))

    def __int__(self) -> int:
        return int(self.item())

    def __float__(self) -> float:
        return float(self.item())

    def __contains__(self, element: object) -> bool:
        return bool(np.any(np.equal(self._data, bare(element))))

    def __reduce__(self) -> Any:
        self._check_copyable("copy or pickle")
        return _rebuilt, (type(self), self._data, self.requires_grad)


def _rebuilt(kind: type[Tensor], data: Any, requires_grad: bool) -> Tensor:
    tensor = make(data)
    tensor.__class__ = kind
    tensor.requires_grad = requires_grad
    return tensor


# In and out ----------------------------------------------------------------------------------------------------------


def make(array: AnyArray, requires_grad: bool = False) -> Tensor:
    """A tensor of this face around an array."""
    tensor: Any = make_tensor(array, None)
    tensor.__class__ = Tensor
    if requires_grad:
        tensor.requires_grad = True
    return tensor


def wrap(value: Any) -> Any:
    """Results as PyTorch gives them: tensors and arrays as tensors of this face, also in tuples, lists and dicts."""
    kind = type(value)
    if kind is ag.Tensor:
        value.__class__ = Tensor
        return value
    if kind is np.ndarray or isinstance(value, np.generic):
        return make(np.asarray(value))
    if kind is tuple or kind is list:
        return kind(map(wrap, value))
    if isinstance(value, tuple) and hasattr(value, "_make"):
        return value._make(map(wrap, value))
    if kind is dict:
        return {key: wrap(part) for key, part in value.items()}
    return value


def plain(value: Any) -> Any:
    """Tensors of this face as those of the library, which share array, history and gradient."""
    kind = type(value)
    if kind is ag.Tensor or kind is np.ndarray or kind is int or kind is float:
        return value
    if isinstance(value, Tensor):
        return make_tensor(value._data, value._node)
    if kind is tuple or kind is list:
        return kind(map(plain, value))
    if kind is slice:
        return slice(plain(value.start), plain(value.stop), plain(value.step))
    if isinstance(value, tuple) and hasattr(value, "_make"):
        return value._make(map(plain, value))
    if kind is dict:
        return {key: plain(part) for key, part in value.items()}
    return value


def without_example(text: str | None) -> str:
    """A docstring up to its example, which is in arrays."""
    return (text or "").partition(">>>")[0].rstrip()


OUT = "{}: out= would write into a tensor's array. Fix: y = torch.{}(…), or y.copy_(…)."


def faced(function: Function, name: str = "", floating: bool = False) -> Function:
    """A function of the library as one of this face; ``floating``: integers are taken in the default dtype."""
    name = name or getattr(function, "__name__", "")
    floating = floating or name in FLOATING
    inplace_at = getattr(function, "inplace_at", math.inf)

    def call(*args: object, **kwargs: object) -> Any:
        if len(args) > inplace_at:
            kwargs["inplace"], args = args[inplace_at], args[:inplace_at]  # type: ignore[index]
        if kwargs.get("out") is not None:
            raise TypeError(OUT.format(name, name))
        if kwargs.get("inplace") is True and args and isinstance(args[0], Tensor):
            rest = {key: plain(value) for key, value in kwargs.items() if key != "inplace"}
            return in_place.change(args[0], f"{name}_", function, *plain(args[1:]), **rest)
        given = [plain(a) for a in args]
        if floating:
            given = [as_floating(a) for a in given]
        return wrap(function(*given, **{key: plain(value) for key, value in kwargs.items() if key != "out"}))

    call.__name__ = call.__qualname__ = name
    call.__doc__ = without_example(function.__doc__) or f"``torch.{name}``."
    call.__module__ = "autograd_core.torch"
    call.__wrapped__ = function  # type: ignore[attr-defined]  # where help() finds the signature
    return call


# Operators -----------------------------------------------------------------------------------------------------------


def _arithmetic(function: Function, name: str, reflected: bool = False, divides: bool = False) -> Function:
    def method(self: Tensor, other: ArrayLike) -> Any:
        own, theirs, kind = self._data.dtype, getattr(other, "dtype", None), own_kind(self)
        weak = theirs is None and kind in "fc" and type(other) in (int, float, bool)
        if not weak and (own is not theirs or (divides and kind in "biu")):
            if theirs is None and not isinstance(other, (int, float, bool, complex)):
                return NotImplemented
            first, other = promoted(self, other, divides)
        else:
            first = self
        out = function(other, first) if reflected else function(first, other)
        if type(out) is ag.Tensor:
            out.__class__ = Tensor
            return out
        return wrap(out)

    method.__name__ = method.__qualname__ = name
    return method


def own_kind(tensor: Tensor) -> str:
    """The kind of a tensor's dtype, as NumPy names it."""
    return tensor._data.dtype.kind


def _comparison(ufunc: np.ufunc, reflected: bool = False) -> Function:
    def method(self: Tensor, other: object) -> Any:
        if not isinstance(other, (ag.Tensor, np.ndarray, np.generic, int, float, bool, complex)):
            return NotImplemented
        a, b = self._data, bare(other)
        return make(np.asarray(ufunc(b, a) if reflected else ufunc(a, b)))

    return method


def _power(x: Any, y: Any) -> Any:
    return elementwise.square(x) if type(y) in (int, float) and y == 2 else elementwise.power(x, y)


_BINARY = {
    "add": elementwise.add,
    "sub": elementwise.subtract,
    "mul": elementwise.multiply,
    "truediv": elementwise.divide,
    "floordiv": rounding.floor_divide,
    "mod": rounding.remainder,
    "pow": _power,
    "matmul": contractions.matmul,
}
_COMPARED = {
    "lt": np.less, "le": np.less_equal, "gt": np.greater, "ge": np.greater_equal, "eq": np.equal, "ne": np.not_equal,
    "and": np.bitwise_and, "or": np.bitwise_or, "xor": np.bitwise_xor, "lshift": np.left_shift,
    "rshift": np.right_shift,
}  # fmt: skip
_IN_PLACE = {"add": "add_", "sub": "sub_", "mul": "mul_", "truediv": "div_", "pow": "pow_"}


def _in_place(name: str, function: Function) -> Function:
    def method(self: Tensor, *args: object, **kwargs: object) -> Tensor:
        in_place.change(self, name, function, *plain(args), **plain(kwargs))
        return self

    method.__name__ = method.__qualname__ = name
    method.__doc__ = f"``{name.rstrip('_')}``, written in place."
    return method


def _writer(function: Function) -> Function:
    @functools.wraps(function)
    def method(self: Tensor, *args: object, **kwargs: object) -> Tensor:
        function(self, *plain(args), **plain(kwargs))
        return self

    return method


def arithmetic(name: str) -> Function:
    """``torch.add`` and its kin: operands in their common dtype first."""
    function, divides = spelled.find(name), name in ("div", "divide", "true_divide")
    assert function is not None

    def call(input: Any, other: Any = None, **options: object) -> Any:
        if options.pop("out", None) is not None:
            raise TypeError(OUT.format(name, name))
        keeps = divides and options.get("rounding_mode") is not None
        first, second = promoted(input, other, divides and not keeps)
        return wrap(function(first, second, **options))

    call.__name__ = call.__qualname__ = name
    call.__doc__, call.__module__ = without_example(function.__doc__), "autograd_core.torch"
    return call


ARITHMETIC = (
    *("add", "sub", "subtract", "mul", "multiply", "div", "divide", "true_divide", "pow", "remainder", "fmod"),
    *("floor_divide", "maximum", "minimum", "fmax", "fmin", "hypot"),
)


def _no(name: str, why: str) -> Callable[..., NoReturn]:
    def refuse(self: Tensor, *args: object, **kwargs: object) -> NoReturn:
        raise TypeError(f"{name}: {why}")

    return refuse


def _attach() -> None:
    for name, function in _BINARY.items():
        divides = name == "truediv"
        setattr(Tensor, f"__{name}__", _arithmetic(function, f"__{name}__", divides=divides))
        setattr(Tensor, f"__r{name}__", _arithmetic(function, f"__r{name}__", True, divides))
    for name, ufunc in _COMPARED.items():
        setattr(Tensor, f"__{name}__", _comparison(ufunc))
        if name in ("and", "or", "xor", "lshift", "rshift"):
            setattr(Tensor, f"__r{name}__", _comparison(ufunc, reflected=True))
    Tensor.__hash__ = object.__hash__  # type: ignore[method-assign, assignment]
    for name, unary in {"__neg__": np.negative, "__pos__": np.positive, "__abs__": np.abs}.items():
        setattr(Tensor, name, faced(unary, name))
    setattr(Tensor, "__invert__", lambda self: make(np.invert(self._data)))  # noqa: B010
    Tensor.__getitem__ = faced(indexing.getitem, "getitem")  # type: ignore[method-assign]
    for name in spelled.METHODS.split():
        function = arithmetic(name) if name in ARITHMETIC else faced(spelled.find(name), name)  # type: ignore[arg-type]
        setattr(Tensor, name, function)
    for name, function in spelled.in_place_methods().items():
        if name in in_place.WRITERS or name.removesuffix("_") in in_place.RESHAPED.split():
            setattr(Tensor, name, _writer(function))
        else:
            setattr(Tensor, name, _in_place(name, spelled.find(name.removesuffix("_")) or function))
    for symbol, name in _IN_PLACE.items():
        setattr(Tensor, f"__i{symbol}__", vars(Tensor)[name])
    for name, own in spelled.OWN.items():
        if name in ("requires_grad_", "detach_", "retain_grad", "register_hook", "grad_fn", "device"):
            setattr(Tensor, name, own)
        elif isinstance(own, property):
            setattr(Tensor, name, property(faced(own.fget, name)))  # type: ignore[arg-type]
        else:
            setattr(Tensor, name, _same_where_nothing_changes(own, name))
    for name in ("T", "mT", "real", "imag"):
        inherited = getattr(ag.Tensor, name)
        setattr(Tensor, name, property(faced(inherited.fget, name)))
    for name in ("bernoulli", "multinomial"):
        setattr(Tensor, name, _random(name))
    for name in ("astype", "copy"):
        setattr(Tensor, name, faced(getattr(ag.Tensor, name), name))


def _random(name: str) -> Function:
    def method(self: Tensor, *args: object, **kwargs: object) -> Any:
        from . import making

        return getattr(making, name)(self, *args, **kwargs)

    method.__name__ = method.__qualname__ = name
    return method


def _same_where_nothing_changes(function: Function, name: str) -> Function:
    """A method that answers with the tensor itself where there is nothing to do, as ``to(device)``."""

    @functools.wraps(function)
    def method(self: Tensor, *args: object, **kwargs: object) -> Any:
        found = function(self, *args, **kwargs)
        return found if found is self else wrap(found)

    return method


_attach()
