"""Symbol: a name that answers NumPy's functions and the engine's primitives with expressions.

Running a primitive's rule on symbols yields the formula of the local derivative; there is no second, symbolic set of
rules. An expression is a tree of applications. What can be done with the tree is said once, in ``fold``: evaluate it,
print it (``notation.py``), or hand it to another algebra.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from .meaning import Expression, meaning, method
from .simplify import SIMPLER

if TYPE_CHECKING:
    from ..engine.primitive import Primitive
    from ..support.types import AnyArray, DType, DTypeLike, Function, Index, Settings, State

_LARGEST_DUMMY = 100_000  # elements; the shape of an expression of larger arrays is not found by trying
_LONGEST_REPR = 200  # parts

R = TypeVar("R")

_left: ContextVar[list[int] | None] = ContextVar("left", default=None)


class Symbol:
    """A named variable, or a function applied to symbols and constants.

    name  : how the variable prints
    shape : of the variable, where rules ask for it (scalar by default; None: not known)
    dtype : likewise (float64 by default)

    Raises TypeError where the mathematics asks for a truth value or an array, which a symbol has not.

    >>> x = Symbol("x")
    >>> print(1 - np.tanh(x) ** 2)
    1 − tanh(x)²
    >>> (x * np.exp(x)).evaluate({"x": 0.0})
    np.float64(0.0)
    """

    __slots__ = ("head", "function", "args", "settings", "_shape", "_dtype")

    head: str
    """The name of the variable, or of the applied function."""
    function: Function | None
    """What is applied to ``args`` and ``settings``; None for a variable."""

    def __init__(self, name: str, shape: tuple[int, ...] | None = (), dtype: Any = np.float64) -> None:
        self.head = name
        self.function = None
        self.args: tuple[Expression, ...] = ()
        self.settings: Settings = {}
        self._shape = shape
        self._dtype = dtype

    def evaluate(self, values: Mapping[str, Any], functions: Mapping[str, Function] | None = None) -> Any:
        """The expression's value, given one for each variable; ``functions`` replaces functions by name.

        With SymPy's symbols and functions the answer is a SymPy expression. Raises KeyError for a missing variable.

        >>> import math
        >>> np.sqrt(Symbol("x") + 1).evaluate({"x": 3}, {"sqrt": math.isqrt})
        2
        """
        functions = functions or {}

        def leaf(x: Expression) -> Any:
            return values[x.head] if isinstance(x, Symbol) else x

        def combine(s: Symbol, args: list[Any]) -> Any:
            if s.head in functions:
                return functions[s.head](*args)
            return s.function(*args, **s.settings)  # type: ignore[misc]

        return fold(self, leaf, combine)

    def __repr__(self) -> str:
        from .notation import write

        return write(self, _LONGEST_REPR)

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape, of an application found by trying it on arrays of ones."""
        if self._shape is None:
            self._try_out()
        return self._shape  # type: ignore[return-value]

    @property
    def dtype(self) -> Any:
        """The dtype of its value."""
        if self._dtype is None:
            self._try_out()
        return np.dtype(self._dtype)

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """The number of elements."""
        return math.prod(self.shape)

    def _try_out(self) -> None:
        def ones(x: Expression) -> Any:
            if not isinstance(x, Symbol):
                return x
            if x._shape is None or math.prod(x._shape) > _LARGEST_DUMMY:
                raise TypeError(f"the shape of {self.head} is not known here.")
            trial = np.ones(x._shape, x._dtype)
            if trial.dtype.kind in "iu":  # as an index, too
                return 0 * trial
            if len(x._shape) > 1:  # matrices that can be inverted
                trial[..., range(min(x._shape[-2:])), range(min(x._shape[-2:]))] += 1
            return trial

        with np.errstate(all="ignore"):
            result = fold(self, ones, lambda s, args: s.function(*args, **s.settings))  # type: ignore[misc]
        self._shape, self._dtype = np.shape(result), np.result_type(result)

    # NumPy's and the engine's protocols ----------------------------------------------------------------------------

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: object, **kwargs: object) -> Any:
        if method != "__call__" or "out" in kwargs:
            return NotImplemented
        return apply(ufunc, inputs, kwargs)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        if function in _ANSWERS:
            return _ANSWERS[function](*args, **kwargs)
        return apply(function, args, kwargs)

    def apply_primitive(self, op: Primitive, args: AnyArray, params: Settings) -> AnyArray:
        """``op`` on symbols: what ``Primitive.on_plain`` asks for."""
        return apply(*of_primitive(op, args, params))

    def __array__(self, dtype: DTypeLike = None, copy: bool | None = None) -> Any:
        raise TypeError(
            f"the symbol {self} has no values; np.asarray cannot be used in a rule that shall print itself."
        )

    def __bool__(self) -> bool:
        raise TypeError(f"the symbol {self} is neither true nor false; choose by np.where, not by if.")

    def __getattr__(self, name: str) -> Any:
        """NumPy's methods, as functions of the symbol."""
        if name.startswith("_") or not hasattr(np.ndarray, name):
            raise AttributeError(f"a Symbol has no attribute {name!r}")
        if name in ("real", "imag"):
            return apply(getattr(np, name), (self,), {})

        return lambda *args, **kwargs: apply(method(name), (self, *args), kwargs)

    @property
    def T(self) -> Any:
        """The transpose."""
        return apply(np.transpose, (self,), {})

    @property
    def mT(self) -> AnyArray:
        """The last two axes transposed."""
        return apply(np.swapaxes, (self, -1, -2), {})

    def __getitem__(self, index: Index) -> Any:
        return apply(operator.getitem, (self, index), {})

    __iter__ = None  # else Python would count up indices for ever
    __hash__ = object.__hash__


def apply(function: Function, args: Sequence[Expression], settings: State, simplify: bool = True) -> Expression:
    """``function`` applied to symbols and constants, a little simplified: a Symbol, or a number.

    >>> x = Symbol("x")
    >>> print(apply(np.multiply, (1, x), {}), "and", apply(np.multiply, (1, x), {}, simplify=False))
    x and 1·x
    """
    left = _left.get()
    if left is not None:
        left[0] -= 1
        if left[0] < 0:
            raise OverflowError("the expression is too long to be of use to a reader.")
    simpler = SIMPLER.get(meaning(function)) if simplify and not settings else None
    if simpler is not None and (simple := simpler(*args)) is not None:
        return simple
    symbol = Symbol(getattr(function, "__name__", str(function)))
    symbol.function = function
    symbol.args = tuple(args)
    symbol.settings = dict(settings)
    symbol._shape = symbol._dtype = None
    return symbol


@contextmanager
def at_most(applications: int) -> Iterator[None]:
    """Within the block, an expression of more applications raises OverflowError.

    >>> with at_most(3):
    ...     sum(Symbol("x") for _ in range(5))
    Traceback (most recent call last):
    OverflowError: the expression is too long to be of use to a reader.
    """
    token = _left.set([applications])
    try:
        yield
    finally:
        _left.reset(token)


def shortened(root: Expression, parts: int) -> Expression:
    """The expression down to the depth at which it has so many parts; what lies deeper stands as ``…``.

    An expression whose parts are shared is small in memory and exponentially long on paper, so it is cut before it
    is written.

    >>> x = Symbol("x")
    >>> shortened(np.exp(np.sin(x + 1) * np.log(x)), 4)
    exp(…·log x)
    """
    level, count, depth = [root], 1, 0
    while level := [part for x in level if isinstance(x, Symbol) for part in x.args]:
        level = [p for x in level for p in (_inside((x,)) if isinstance(x, (list, tuple)) else [x])]
        count += len(level)
        if count > parts:
            return _cut(root, max(depth, 1))
        depth += 1
    return root


def _cut(x: Expression, depth: int) -> Expression:
    if isinstance(x, (list, tuple)) and _mentions(x):
        return [_cut(item, depth) for item in x]
    if not isinstance(x, Symbol) or x.function is None:
        return x
    if depth == 0 and any(s.function for s in _inside(x.args)):
        return Symbol("…", None)
    copy = Symbol(x.head, x._shape, x._dtype)
    copy.function, copy.settings = x.function, x.settings
    copy.args = tuple(_cut(a, depth - 1) for a in x.args)
    return copy


def of_primitive(op: Any, args: Any, params: Settings | None) -> tuple[Any, Any, Mapping[str, Any]]:
    """A primitive's call as one that ``apply`` understands."""
    return (op.forward if isinstance(op.forward, np.ufunc) else getattr(op, "function", op.forward)), args, params or {}


def fold(root: Expression, leaf: Callable[[Expression], R], combine: Callable[[Symbol, list[R]], R]) -> R:
    """``leaf`` at every variable and constant, then ``combine`` at every application, from the bottom up.

    Arguments that are lists stay lists. An expression may be as deep as one likes.
    """
    found: dict[int, R] = {}
    waiting = [root]
    while waiting:
        symbol = waiting[-1]
        if not isinstance(symbol, Symbol) or symbol.function is None or id(symbol) in found:
            waiting.pop()
            continue
        missing = [s for s in _inside(symbol.args) if s.function and id(s) not in found]
        if missing:
            waiting += missing
        else:
            found[id(waiting.pop())] = combine(symbol, [_folded(a, found, leaf) for a in symbol.args])
    return _folded(root, found, leaf)


def _folded(x: Expression, found: Mapping[int, R], leaf: Callable[[Expression], R]) -> Any:
    if isinstance(x, (list, tuple)) and _mentions(x):
        return [_folded(item, found, leaf) for item in x]
    return found[id(x)] if isinstance(x, Symbol) and x.function else leaf(x)


def variables(root: Expression) -> dict[str, Symbol]:
    """The variables of an expression by name, in order of appearance."""
    seen: dict[str, Symbol] = {}

    def leaf(x: Expression) -> None:
        if isinstance(x, Symbol):
            seen.setdefault(x.head, x)

    fold(root, leaf, lambda symbol, args: None)
    return seen


def _inside(args: Sequence[Expression]) -> list[Symbol]:
    """The symbols among arguments, also those in lists."""
    found: list[Symbol] = []
    for a in args:
        if isinstance(a, Symbol):
            found.append(a)
        elif isinstance(a, (list, tuple)):
            found += _inside(a)
    return found


def _mentions(args: Sequence[Expression]) -> bool:
    return bool(_inside(args))


def _plain_dtype(x: Expression) -> DType:
    return x.dtype if isinstance(x, Symbol) else x


_ANSWERS: dict[Any, Function] = {
    np.shape: lambda a: a.shape,
    np.ndim: lambda a: a.ndim,
    np.size: lambda a: a.size,
    np.iscomplexobj: lambda x: np.dtype(x.dtype).kind == "c",
    np.isrealobj: lambda x: np.dtype(x.dtype).kind != "c",
    np.result_type: lambda *args: np.result_type(*map(_plain_dtype, args)),
}

_UNARY = {"neg": np.negative, "pos": np.positive, "abs": np.absolute, "invert": np.invert}
_COMPARISONS = {
    "lt": np.less,
    "le": np.less_equal,
    "gt": np.greater,
    "ge": np.greater_equal,
    "eq": np.equal,
    "ne": np.not_equal,
}
_BINARY = {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "truediv": np.divide,
    "pow": np.power,
    "matmul": np.matmul,
    "and": np.bitwise_and,
    "or": np.bitwise_or,
}


def _attach() -> None:
    """Give Symbol Python's operators: each is a ufunc."""
    for name, ufunc in (_UNARY | _COMPARISONS | _BINARY).items():
        setattr(Symbol, f"__{name}__", lambda *args, _f=ufunc: apply(_f, args, {}))
    for name, ufunc in _BINARY.items():
        setattr(Symbol, f"__r{name}__", lambda self, other, _f=ufunc: apply(_f, (other, self), {}))


_attach()
