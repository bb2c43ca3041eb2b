"""Arrays with a hidden first axis: to a program they are one example, and every call computes all of them."""

from __future__ import annotations

import functools
import itertools
import operator
import warnings
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from ..engine.node import somewhere
from ..engine.tensor import Tensor
from ..support.arrays import method_of

if TYPE_CHECKING:
    from ..support.types import AnyArray, Args, ArrayLike, DTypeLike, Function, Index, Settings

Rule = Callable[..., Any]
RULES: dict[Function, Rule] = {}
"""What a NumPy function does on batched arrays: ``rule(level, *args, **kwargs)``. What is not here runs in a loop."""

_METHODS = {"all", "any", "argmax", "argmin", "argsort", "clip", "conj", "cumprod", "cumsum", "diagonal", "dot", "max"}
_METHODS |= {"mean", "min", "nonzero", "prod", "ravel", "repeat", "reshape", "round", "squeeze", "std", "sum"}
_METHODS |= {"swapaxes", "take", "trace", "transpose", "var", "astype"}
_SPELLED = {"conjugate": "conj", "flatten": "ravel"}
_orders = itertools.count()
_warned: set[str] = set()


class NotBatchedError(TypeError):
    """Under ``vmap`` a value was asked for that every example has another of: a truth value, a number, a shape."""


class Level:
    """One ``vmap``: the number of its examples, and ``order``, which is greater the deeper it is nested.

    Its arrays compute while it is entered; outside, one that got away is refused. It is entered again, perhaps within
    others, where its rows are differentiated. ``quiet`` ones do not warn of loops.
    """

    def __init__(self, size: int, quiet: bool = False) -> None:
        self.size, self.quiet = size, quiet
        self.order = -1
        self._before: list[int] = []

    def __enter__(self) -> Level:
        self._before.append(self.order)
        self.order = next(_orders)
        return self

    def __exit__(self, *_: object) -> None:
        self.order = self._before.pop()


class Shape(tuple[int, ...]):
    """The shape of one example, which says at which level it is hidden among others."""

    level: Level


class Batched(NDArrayOperatorsMixin):
    """``array`` of shape (examples, *shape) as an array of shape ``shape``."""

    __slots__ = ("__weakref__", "_shape", "array", "level")

    def __init__(self, array: Any, level: Level) -> None:
        self.array, self.level = array, level
        self._shape: Shape | None = None

    @property
    def shape(self) -> Shape:
        """The shape of one example."""
        if self._shape is None:
            self._shape = Shape(self.array.shape[1:])
            self._shape.level = self.level
        return self._shape

    @property
    def dtype(self) -> Any:
        """The dtype of every example."""
        return self.array.dtype

    @property
    def ndim(self) -> int:
        """The number of axes of one example."""
        return int(self.array.ndim) - 1

    @property
    def size(self) -> int:
        """The number of elements of one example."""
        return int(np.prod(self.array.shape[1:], dtype=int))

    @property
    def itemsize(self) -> int:
        """The bytes of one element."""
        return int(self.array.dtype.itemsize)

    @property
    def nbytes(self) -> int:
        """The bytes of one example."""
        return self.size * self.itemsize

    @property
    def base(self) -> AnyArray | None:
        """Of a view the array whose memory it shows, else None."""
        return self.array.base

    @property
    def T(self) -> Any:
        """All axes of each example reversed."""
        return np.transpose(self)

    @property
    def mT(self) -> Any:
        """The last two axes of each example exchanged."""
        return np.swapaxes(self, -1, -2)

    @property
    def real(self) -> AnyArray:
        """The real part."""
        return Batched(np.real(self.array), self.level)

    @property
    def imag(self) -> Any:
        """The imaginary part."""
        return Batched(np.imag(self.array), self.level)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: object, **kwargs: object) -> Any:
        if any(isinstance(x, Tensor) for x in inputs):
            return NotImplemented
        from .elementwise import call_ufunc

        return call_ufunc(ufunc, method, inputs, kwargs)

    def __array_function__(self, function: Function, types: Any, args: Args, kwargs: Settings) -> Any:
        if any(issubclass(kind, Tensor) for kind in types):
            return NotImplemented
        return call(function, args, kwargs)

    def __array__(self, dtype: DTypeLike = None, copy: Any = None) -> Any:
        raise _not_one(
            self,
            "as a plain array",
            "compute with NumPy's and ag's functions; store into an array made beside one, np.zeros_like(x), "
            "or by np.stack",
        )

    def __bool__(self) -> bool:
        raise _not_one(self, "as a truth value", "np.where(condition, a, b) in place of if, or ag.cond")

    def __float__(self) -> float:
        raise _not_one(self, "as a Python number", "compute with it as it is, or return it from the function")

    __int__ = __complex__ = __index__ = __float__  # type: ignore[assignment]

    def somewhere(self) -> bool:
        """Whether any element of any example is true: for what must hold for all of them."""
        return somewhere(self.array)

    def item(self, *place: int) -> Any:
        """Refused: there is one for every example."""
        return float(self)

    tolist = item

    def __len__(self) -> int:
        if not self.ndim:
            raise TypeError("len() of a 0-d array")
        return int(self.array.shape[1])

    def __iter__(self) -> Iterator[Any]:
        return (self[i] for i in range(len(self)))

    def __getitem__(self, index: Index) -> Any:
        return call(operator.getitem, (self, index), {})

    def __setitem__(self, index: Index, value: ArrayLike) -> None:
        call(operator.setitem, (self, index, value), {})

    def __getattr__(self, name: str) -> Any:
        name = _SPELLED.get(name, name)
        if name not in _METHODS:
            raise AttributeError(f"an array under vmap has no attribute {name!r}. Fix: use NumPy's function.")
        return method_of(self, name)

    def astype(self, dtype: DTypeLike, *args: object, copy: bool = True, **kwargs: object) -> Any:
        """As of an array."""
        same = not copy and self.array.dtype == dtype
        return self if same else Batched(self.array.astype(dtype, *args, **kwargs), self.level)

    def copy(self, order: Any = "C") -> Any:
        """As of an array."""
        return Batched(self.array.copy(), self.level)

    def fill(self, value: Any) -> None:
        """As of an array."""
        self[...] = value

    def view(self, *args: object) -> Any:
        """As of an array."""
        return Batched(self.array.view(*args), self.level)

    def __copy__(self) -> Any:
        return self.copy()

    def __deepcopy__(self, memo: object) -> Any:
        return self.copy()

    def __repr__(self) -> str:
        return f"{self.level.size} arrays under vmap of {self.dtype} {tuple(self.shape)}"


def _not_one(x: Batched, what: str, fix: str) -> NotBatchedError:
    return NotBatchedError(
        f"vmap: an array of {x.dtype} {tuple(x.shape)}, different for each of {x.level.size} examples, was used "
        f"{what}. Fix: {fix}."
    )


def innermost(values: Iterable[Any], found: Level | None = None) -> Level | None:
    """The deepest level of the batched arrays among ``values``, also in lists, tuples, slices and dicts."""
    for x in values:
        if type(x) is Batched:
            if found is None or x.level.order > found.order:
                found = x.level
        elif isinstance(x, (tuple, list)):
            found = innermost(x, found)
        elif type(x) is slice:
            found = innermost((x.start, x.stop, x.step), found)
        elif type(x) is dict:
            found = innermost(x.values(), found)
    return found


def checked(level: Level) -> Level:
    """A level that is running; RuntimeError otherwise."""
    if level.order < 0:
        raise RuntimeError(
            "vmap: an array of the inside is used after the function has ended. Fix: return it from the function."
        )
    return level


def call(function: Function, args: Args, kwargs: Settings) -> Any:
    """A NumPy function of batched arrays."""
    level = innermost((args, kwargs))
    if level is None:
        return function(*args, **kwargs)
    rule = RULES.get(function)
    return in_a_loop(function, checked(level), args, kwargs) if rule is None else rule(checked(level), *args, **kwargs)


def is_on(level: Level, x: AnyArray) -> bool:
    """Whether ``x`` differs from example to example of this level."""
    return type(x) is Batched and x.level is level


def holds(level: Level, *values: Any) -> bool:
    """Whether one of the values, or something in them, does."""
    return any(
        is_on(level, x)
        or (isinstance(x, (tuple, list)) and holds(level, *x))
        or (type(x) is slice and holds(level, x.start, x.stop, x.step))
        for x in values
    )


def bare(level: Level, x: AnyArray) -> AnyArray:
    """The array with all examples; anything else as it is."""
    return x.array if type(x) is Batched and x.level is level else x


def aligned(level: Level, x: AnyArray, ndim: int) -> AnyArray:
    """All examples with ``ndim`` axes behind the first, by axes of length 1: so that they broadcast."""
    if type(x) is not Batched or x.level is not level:
        return x
    missing = ndim - x.array.ndim + 1
    return x.array[(slice(None), *(None,) * missing)] if missing > 0 else x.array


def full(level: Level, x: Any) -> Any:
    """All examples, also of what is the same for each."""
    return x.array if is_on(level, x) else np.broadcast_to(x, (level.size, *np.shape(x)))


def wrapped(level: Level, result: AnyArray) -> Any:
    """Results with the first axis hidden."""
    if isinstance(result, (tuple, list)):
        parts = [wrapped(level, r) for r in result]
        return result._make(parts) if hasattr(result, "_make") else type(result)(parts)  # type: ignore[union-attr]
    return result if result is None else Batched(result, level)


def in_a_loop(function: Function, level: Level, args: Args, kwargs: Settings) -> Any:
    """One example after the other, with one warning for each function that has no rule."""
    name = getattr(function, "__name__", str(function))
    if name not in _warned and not level.quiet:
        _warned.add(name)
        warnings.warn(f"vmap: {name} has no rule for whole batches and runs once an example.", stacklevel=4)
    found = [function(*_example(level, args, b), **_example(level, kwargs, b)) for b in range(level.size)]
    return _joined(level, found, name)


def _example(level: Level, value: object, b: int) -> Any:
    if type(value) is Batched:
        return value.array[b] if value.level is level else value
    if isinstance(value, (tuple, list)):
        return type(value)([_example(level, v, b) for v in value])
    if type(value) is slice:
        return slice(*(_example(level, v, b) for v in (value.start, value.stop, value.step)))
    if type(value) is dict:
        return {k: _example(level, v, b) for k, v in value.items()}
    return value


def _joined(level: Level, found: list[Any], name: str) -> Any:
    first = found[0]
    if first is None:
        return None
    if isinstance(first, (tuple, list)):
        parts = [_joined(level, [f[k] for f in found], name) for k in range(len(first))]
        return first._make(parts) if hasattr(first, "_make") else type(first)(parts)  # type: ignore[union-attr]
    if any(np.shape(f) != np.shape(first) for f in found):
        raise depends_on_values(name)
    return Batched(np.stack(found), level)


def one_by_one(forward: Function) -> Function:
    """Decorator: a function that takes NumPy's own arrays alone runs once an example."""

    @functools.wraps(forward)
    def answer(*args: object, **kwargs: object) -> Any:
        level = innermost((args, kwargs))
        if level is None:
            return forward(*args, **kwargs)
        found = [answer(*_example(level, args, b), **_example(level, kwargs, b)) for b in range(level.size)]
        return _joined(level, found, getattr(forward, "__name__", ""))

    return answer


def depends_on_values(name: str) -> NotBatchedError:
    """The error of a function whose result has another shape for other values."""
    return NotBatchedError(
        f"vmap: {name} gives results whose shape depends on the values, another for each example. Fix: keep the "
        "shape, e.g. np.where(mask, x, 0), or loop over the examples."
    )
