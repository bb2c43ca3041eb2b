"""Two runs of one model, at two lengths of the batch, as an ONNX graph."""

from __future__ import annotations

import inspect
import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from autograd_core.engine.errors import class_name, printable
from autograd_core.engine.tensor import Tensor, bare
from autograd_core.programs.onnx.building import Builder

from ..modules.module import Module
from .following import Made, Refused
from .operators import RULES
from .operators.elementwise import of_ufunc
from .running import computed
from .tracing import Trace

DIFFERS = (
    "export.onnx: the graph does not compute what the model does; nothing is written. "
    "Fix: what is computed must depend on the arguments and the model's weights alone."
)
_ANOTHER_WAY = "export.onnx: {}: the model goes another way for other numbers or another length of the batch."
_CHANGES = "an array beside the input changes from run to run: with the length of the batch, or it is drawn"


class Value:
    """An argument of a rule: a value of the graph, or a number that follows the batch.

    numbers : what it is in both runs
    arrays : the same as arrays; None where they depend on the input
    shape, longer : its shapes in both runs
    weight : the name of a weight of the model
    made_by : the name of the call that gave it, and its arguments
    parts : the names of its parts, by their indices, where it has no name as a whole
    """

    def __init__(self, first: Any, second: Any, name: str = "") -> None:
        self.name = name
        self.arrays: list[Any] = [
            x.array if isinstance(x, Made) else x if isinstance(x, np.ndarray) else None for x in (first, second)
        ]
        self.numbers = first, second
        self.shape, self.longer = (getattr(x, "shape", ()) for x in (first, second))
        self.dtype = getattr(first, "dtype", None)
        self.weight = first.params.get("name") if isinstance(first, Made) and first.name == "constant" else None
        self.made_by: tuple[str, tuple[Any, ...]] = ("constant", ())
        self.parts: dict[str, str] = {}

    @property
    def array(self) -> Any:
        """The numbers of a constant; None of what depends on the input, or on the length of the batch."""
        return self.arrays[0] if self.constant else None

    @property
    def constant(self) -> bool:
        """Whether it holds the same numbers in both runs, whatever goes in."""
        x, y = self.arrays
        return x is not None and y is not None and (x is y or np.array_equal(x, y, equal_nan=x.dtype.kind in "fc"))

    @property
    def zero(self) -> bool:
        """Whether it holds zeros in both runs, whatever goes in."""
        return all(a is not None and not a.any() for a in self.arrays)


class Writer:
    """The graph of a model, in ``b``.

    Raises ValueError with the layer's path where there is no operator.
    """

    def __init__(self, model: Module, first: Trace, second: Trace) -> None:
        self.b = Builder()
        shapes = [(x.shape, y.shape) for x, y in zip(first.inputs, second.inputs, strict=True)]
        self._open_input = next((k for k, (x, y) in enumerate(shapes) if x != y), 0)
        x, y = shapes[self._open_input]
        self.lengths = (x[0], y[0]) if x != y else (1, 1)
        self.values: dict[int, Value] = {}
        self._batch = ""
        arguments = [p.name for p in inspect.signature(model.forward).parameters.values() if p.kind < 2]
        more = range(len(arguments), len(first.inputs))
        arguments += ["input"] if len(first.inputs) == 1 else [f"input_{k}" for k in more]
        self.inputs = []
        for name, a, b in zip(arguments, first.inputs, second.inputs, strict=False):
            given = self.b.input(name, a.dtype, self._open(a.shape, b.shape))
            self.inputs.append(given)
            self.values[id(a)] = Value(a, b, given)
        for a, b in sorted(_needed(first.result, second.result), key=lambda pair: pair[0].number):
            self._write(a, b)
        self._results(first.result, second.result)

    # Values --------------------------------------------------------------------------------------------------------

    def _write(self, x: Made, y: Made) -> None:
        """The operators of one call."""
        if id(x) in self.values:
            return
        found = self.values[id(x)] = Value(x, y)
        if found.constant:
            return
        self.b.place, self.made, self.second = x.path, x, y
        where = f"export.onnx: {printable(x.path) or 'the model itself'}: {x.name}"
        try:
            if x.array is not None and y.array is not None and self._of_batch(found):
                return
            if x.name == "constant":
                raise Refused(_CHANGES)
            if x.dtype.kind == "c":
                raise Refused("complex numbers have no operators")
            args = [self.value(a, b) for a, b in zip(x.args, y.args, strict=True)]
            params = {k: self.value(v, y.params[k]) for k, v in x.params.items()}
            found.made_by = x.name, tuple(args)
            rule = RULES.get(x.name)
            name = rule(self, *args, **params) if rule is not None else of_ufunc(self, x.name, args, params)
        except Refused as why:
            raise ValueError(f"{where}: {why}.") from None
        except (KeyError, TypeError):  # no rule, or none for these settings
            shapes = ", ".join(str(a.shape) for a in x.args if hasattr(a, "shape"))
            raise ValueError(f"{where} of {shapes} has no operator in ONNX.") from None
        if isinstance(name, dict):
            found.parts = name
        else:
            found.name = name

    def _of_batch(self, value: Value) -> bool:
        """Whether an array that depends on the length of the batch alone is known: one number, or 0, 1, 2, …."""
        x, y = value.arrays
        if x.size and y.size and (x == x.flat[0]).all() and (y == x.flat[0]).all():
            value.name = self.b.node("Expand", self.b.constant(x.flat[0]), self.dims(x.shape, y.shape))
        elif x.dtype == np.int64 and x.size > 1 and (times := _times(x)) and times == _times(y):
            b, many = self.b, [(a.size // times,) for a in (x, y)]
            value.name = b.node(
                "Range", b.constant(np.int64(0)), b.reshape(self.dims(*many), []), b.constant(np.int64(1))
            )
            if times > 1:
                pairs = self.dims(*((*n, times) for n in many))
                value.name = b.node("Expand", b.reshape(value.name, [-1, 1]), pairs)
            if x.ndim > 1 or times > 1:
                value.name = b.reshape(value.name, [-1 if n == x.size else 1 for n in x.shape])
        return bool(value.name)

    def value(self, x: Any, y: Any) -> Any:
        """What stands for an argument: a value of the graph, a list of such, or a setting as it is."""
        if isinstance(x, Made):
            return self.values[id(x)]
        if isinstance(x, np.ndarray):
            found = Value(x, y)
            if not found.constant and not self._of_batch(found):
                raise Refused(_CHANGES)
            return found
        if type(x) in (tuple, list) and type(y) is type(x) and len(x) == len(y):
            return type(x)(self.value(a, b) for a, b in zip(x, y, strict=True))
        if type(x) is slice and type(y) is slice:
            return slice(*(self.value(getattr(x, k), getattr(y, k)) for k in ("start", "stop", "step")))
        numbers = isinstance(x, (int, float, np.number)) and isinstance(y, (int, float, np.number))
        return Value(x, y) if numbers and x != y and not (x != x and y != y) else x

    def name(self, value: Any, dtype: Any = None) -> str:
        """The name of a value in the graph, in a dtype."""
        if not isinstance(value, Value):
            return self.b.constant(np.asarray(value, dtype))
        if value.parts:
            raise Refused("all states of a recurrent layer at once")
        if not value.name and value.array is not None:
            if dtype is not None and value.dtype != dtype:
                return self.b.constant(value.array.astype(dtype))
            value.name = self.b.constant(value.array, value.weight)
        if not value.name:
            return self._number(value, dtype)
        return value.name if dtype is None or value.dtype == dtype else self.b.cast(value.name, dtype)

    def _number(self, value: Value, dtype: Any) -> str:
        """A number that follows the batch: a whole one a·n + b, another one a·n or a/n."""
        (x, y), (n, m) = value.numbers, self.lengths
        whole = isinstance(x, (int, np.integer)) and isinstance(y, (int, np.integer))
        kind = np.dtype(dtype if dtype is not None else np.int64 if whole else np.float64)
        if whole:
            return self.b.cast(self.b.reshape(self._length(x, y), []), kind)
        batch = self.b.cast(self.b.reshape(self.batch(), []), kind)
        if math.isclose(x * m, y * n):
            return str(self.b.node("Mul", batch, self.b.constant(kind.type(x / n))))
        if math.isclose(x * n, y * m):
            return str(self.b.node("Div", self.b.constant(kind.type(x * n)), batch))
        raise Refused(f"a number that is {x} and {y} in batches of {n} and {m}")

    def _length(self, x: int, y: int) -> str:
        """A whole number a·n + b of the length n of the batch; whether it is that is seen at a third length."""
        b, (n, m) = self.b, self.lengths
        factor, rest = divmod(y - x, m - n) if n != m else (0, 1)
        if rest:
            raise Refused(f"lengths {x} and {y} in batches of {n} and {m}")
        found = self.batch() if factor == 1 else b.node("Mul", self.batch(), b.constant([factor]))
        return found if x == factor * n else str(b.node("Add", found, b.constant([x - factor * n])))

    def batch(self) -> str:
        """The length of the batch."""
        if not self._batch:
            self._batch = self.b.node("Shape", self.inputs[self._open_input], start=0, end=1)
        return self._batch

    def dims(self, shape: Any, other: Any) -> str:
        """A shape as a value: lengths that differ follow the batch."""
        if tuple(shape) == tuple(other):
            return self.b.constant([int(n) for n in shape])
        parts = [
            self.b.constant([int(n)]) if n == m else self._length(int(n), int(m))
            for n, m in zip(shape, other, strict=True)
        ]
        return str(self.b.node("Concat", *parts, axis=0)) if len(parts) > 1 else parts[0]

    def target(self) -> tuple[Any, Any]:
        """The shapes of the present call's result in both runs."""
        return self.made.shape, self.second.shape

    # Results -------------------------------------------------------------------------------------------------------

    def _results(self, first: Any, second: Any) -> None:
        found = list(_leaves(first, second, ""))
        self.b.place = ""
        for name, x, y in found:
            if not isinstance(x, (Made, np.ndarray)):
                raise ValueError(f"export.onnx: the model's result holds a {class_name(x)}, not a tensor.")
            named = f"output{name}" if len(found) > 1 or name else "output"
            try:
                self.b.output(named, self.name(self.value(x, y)), x.dtype, self._open(x.shape, y.shape))
            except Refused as why:
                raise ValueError(f"export.onnx: the result: {why}.") from None

    def _open(self, shape: Any, other: Any) -> list[Any]:
        """A shape with names where it follows the batch."""
        shown: list[Any] = []
        for x, y in zip(shape, other, strict=True):
            factor = y - x
            more = x - factor * self.lengths[0]
            shown.append(
                x if x == y else f"{'batch' if factor == 1 else f'batch*{factor}'}{f'{more:+}' if more else ''}"
            )
        return shown

    def check(self, model: Any, examples: list[list[Any]]) -> None:
        """Compare with the model what its graph computes. ValueError where they differ."""
        graph = self.b.model("model")
        half = any(v.dtype == np.float16 for v in self.values.values())
        for inputs in examples:
            with np.errstate(all="ignore"):
                found = computed(graph, dict(zip(self.inputs, inputs, strict=False)), half)
            result = model(*map(Tensor, inputs))
            wanted = [bare(t) for _, t, _ in _leaves(result, result, "")]
            for got, array in zip(found, wanted, strict=True):
                close = {2: 3e-2, 4: 1e-3}.get(array.dtype.itemsize, 1e-7)
                if got.shape != array.shape or not np.allclose(got, array, close, close, equal_nan=True):
                    raise ValueError(DIFFERS)


def _times(a: Any) -> int:
    """How often each of 0, 1, 2, … comes in an array along one axis that holds them in this order; 0 of any other."""
    times = int(np.count_nonzero(a == 0))
    fits = a.ndim and a.size == max(a.shape) and times and a.size % times == 0
    return times if fits and (a.ravel() == np.repeat(np.arange(a.size // times), times)).all() else 0


def _leaves(x: Any, y: Any, name: str) -> Iterator[tuple[str, Any, Any]]:
    """The results one by one, with their places."""
    if isinstance(x, dict):
        for key in x:
            yield from _leaves(x[key], y[key], f"{name}_{key}")
    elif isinstance(x, (tuple, list)):
        for k, pair in enumerate(zip(x, y, strict=True)):
            yield from _leaves(pair[0], pair[1], f"{name}_{k}")
    elif x is not None:
        yield name, x, y


def _needed(first: Any, second: Any) -> Iterator[tuple[Made, Made]]:
    """The values that the results are computed from, in pairs of both runs. ValueError where the runs differ."""
    seen: set[int] = set()
    waiting = [(first, second)]
    while waiting:
        x, y = waiting.pop()
        if isinstance(x, Made) and isinstance(y, Made):
            if id(x) in seen:
                continue
            seen.add(id(x))
            if x.name != y.name or len(x.shape) != len(y.shape) or set(x.params) != set(y.params):
                raise ValueError(_ANOTHER_WAY.format(printable(x.path) or "the model itself"))
            yield x, y
            if not Value(x, y).constant:
                waiting.append(((x.args, x.params), (y.args, y.params)))
        elif isinstance(x, dict):
            waiting += [(x[k], y[k]) for k in x if k in y]
        elif isinstance(x, (tuple, list)) and isinstance(y, (tuple, list)):
            if len(x) != len(y):
                raise ValueError(_ANOTHER_WAY.format("the model itself"))
            waiting += zip(x, y, strict=True)
        elif isinstance(x, slice) and isinstance(y, slice):
            waiting.append(((x.start, x.stop, x.step), (y.start, y.stop, y.step)))
