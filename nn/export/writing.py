"""Two traces of one model, at two lengths of the batch, as an ONNX graph."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np

from autograd_core.engine.errors import class_name
from autograd_core.engine.tensor import Tensor
from autograd_core.programs.onnx.building import Builder
from autograd_core.programs.onnx.elementwise import elementwise

from ..modules.module import Module
from .operators import RULES, Refused
from .tracing import Call, Trace


class Value:
    """An array of the graph: its name, its shape in both traces, and the call that made it."""

    def __init__(self, name: str, array: Any, other: Any, call: Any = None) -> None:
        self.name, self.array, self.other, self.call = name, array, other, call
        self.shape, self.dtype = array.shape, array.dtype
        self.parts: dict[str, str] = {}


class Writer:
    """The graph of a model.

    Raises ValueError with the layer's path where there is no operator.
    """

    def __init__(self, model: Module, first: Trace, second: Trace, dynamic: bool) -> None:
        self.b = Builder()
        self.dynamic = dynamic
        self.names = {id(t): name for name, t in (*model.named_parameters(), *model.named_buffers())}
        self.values: dict[int, Value] = {}
        self._kept = first, second
        self._batch = ""
        arguments = [p.name for p in inspect.signature(model.forward).parameters.values() if p.kind < 2]
        arguments += [f"input_{k}" for k in range(len(arguments), len(first.inputs))]
        self.inputs = []
        for name, x, y in zip(arguments, first.inputs, second.inputs, strict=False):
            given = self.b.input(name, x.dtype, self.open_shape(x._data, y._data))
            self.inputs.append(given)
            self._know(x, Value(given, x._data, y._data))
        self.lengths = (len(first.inputs[0]), len(second.inputs[0])) if dynamic else (1, 1)
        if [c.name for c in first.calls] != [c.name for c in second.calls]:
            raise ValueError("export.onnx: the model goes another way for other numbers or another batch.")
        for call, other in zip(first.calls, second.calls, strict=True):
            self._call(call, other)
        self._results(first.result, second.result)

    def open_shape(self, x: Any, y: Any) -> list[Any]:
        """A shape with a name for the axis that is the batch."""
        return [
            n if n == m else "batch" if (n, m) == (len(x), len(y)) else "n"
            for n, m in zip(x.shape, y.shape, strict=True)
        ]

    def _know(self, tensor: Any, value: Value) -> None:
        self.values[id(tensor)] = self.values[id(tensor._data)] = value

    def _call(self, call: Call, other: Call) -> None:
        self.b.place = call.path
        where = f"{call.path or 'the model itself'}: {call.name}"
        try:
            args = [self.value(x, y) for x, y in zip(call.args, other.args, strict=True)]
            many = [v for a in args for v in (a if isinstance(a, list) else [a]) if isinstance(v, Value)]
            if all(v.call is not None and v.call[0] == "constant" for v in many):
                if np.array_equal(call.result._data, other.result._data, equal_nan=True):
                    return  # of constants alone: a constant
                if call.name != "getitem":
                    raise Refused("a constant that depends on the numbers of the example")
            rule = RULES.get(call.name)
            if rule is None:
                name = self._elementwise(call, args)
            else:
                self.present = call, other
                name = rule(self, *args, **call.params)
        except Refused as why:
            raise ValueError(f"export.onnx: {where}: {why}") from None
        except KeyError:
            shapes = ", ".join(str(np.shape(a)) for a in call.args)
            raise ValueError(f"export.onnx: {where} of {shapes} has no operator in ONNX.") from None
        parts: dict[str, str] = {}
        if isinstance(name, dict):
            name, parts = "", name
        value = Value(name, call.result._data, other.result._data, (call.name, args))
        value.parts = parts
        self._know(call.result, value)

    def _elementwise(self, call: Call, args: list[Any]) -> str:
        kind = call.result.dtype
        names = [self.name(a, kind) for a in args]
        if call.params:
            raise KeyError(call.name)
        return elementwise(self.b, call.name, names, (kind,) * (len(args) + 1))

    def value(self, x: Any, y: Any) -> Any:
        """An argument: what the graph computes, a constant, or a setting."""
        array, other = (v._data if isinstance(v, Tensor) else v for v in (x, y))
        if isinstance(x, (Tensor, np.ndarray)):
            known = self.values.get(id(x)) or self.values.get(id(array))
            if known is not None:
                return known
            if np.array_equal(array, other, equal_nan=array.dtype.kind == "f"):
                return Value("", array, other, ("constant", self.names.get(id(x))))
            if array.size and (array == array.flat[0]).all() and (other == array.flat[0]).all():
                one = self.b.constant(array.flat[0])
                return Value(
                    self.b.node("Expand", one, self.dims(array.shape, other.shape)), array, other, ("uniform", ())
                )
            raise Refused("its argument is computed from the input by plain NumPy, which leaves no operation")
        if isinstance(x, (tuple, list)) and any(isinstance(v, Tensor) for v in x):
            return [self.value(v, w) for v, w in zip(x, y, strict=True)]
        return x

    def name(self, value: Any, dtype: Any = None) -> str:
        """The name of a value in the graph, in a dtype."""
        if not isinstance(value, Value):
            return self.b.constant(np.asarray(value, dtype))
        if not value.name and value.parts:
            raise Refused("all states of a recurrent layer at once")
        if not value.name:
            if dtype is not None and value.dtype != dtype:
                return self.b.constant(value.array.astype(dtype))
            value.name = self.b.constant(value.array, value.call[1])
            self.values[id(value.array)] = value
        return value.name if dtype is None or value.dtype == dtype else self.b.cast(value.name, dtype)

    def dims(self, shape: Any, other: Any) -> str:
        """A shape as a value: lengths that differ follow the batch."""
        if tuple(shape) == tuple(other):
            return self.b.constant([int(n) for n in shape])
        parts = []
        for n, m in zip(shape, other, strict=True):
            if n == m:
                parts.append(self.b.constant([int(n)]))
                continue
            factor, rest = divmod(n, self.lengths[0])
            if rest or m != factor * self.lengths[1]:
                raise Refused(f"lengths {n} and {m} for batches of {self.lengths[0]} and {self.lengths[1]}")
            if not self._batch:
                self._batch = self.b.node("Shape", self.inputs[0], start=0, end=1)
            parts.append(self.b.node("Mul", self._batch, self.b.constant([factor])) if factor != 1 else self._batch)
        return str(self.b.node("Concat", *parts, axis=0)) if len(parts) > 1 else parts[0]

    def target(self) -> tuple[Any, Any]:
        """The shapes of the present call's result in both traces."""
        return self.present[0].result.shape, self.present[1].result.shape

    def _results(self, first: Any, second: Any) -> None:
        found: list[tuple[Any, Any]] = []

        def walk(a: Any, b: Any) -> None:
            if isinstance(a, (tuple, list)):
                for x, y in zip(a, b, strict=True):
                    walk(x, y)
            elif a is not None:
                found.append((a, b))

        walk(first, second)
        self.b.place = ""
        self.results: list[tuple[Any, Any]] = []
        for k, (x, y) in enumerate(found):
            if not isinstance(x, Tensor):
                raise ValueError(f"export.onnx: the model's result holds a {class_name(x)}, not a tensor.")
            try:
                value = self.value(x, y)
                named = "output" if len(found) == 1 else f"output_{k}"
                self.b.output(named, self.name(value), x.dtype, self.open_result(x.shape, y.shape))
            except Refused as why:
                raise ValueError(f"export.onnx: the result: {why}") from None
            self.results.append((x._data, y._data))

    def open_result(self, shape: Any, other: Any) -> list[Any]:
        """The shape of a result, with names where it follows the batch."""
        return [
            n if n == m else "batch" if n == self.lengths[0] else f"batch*{n // self.lengths[0]}"
            for n, m in zip(shape, other, strict=True)
        ]

    def check(self, first: list[Any], second: list[Any]) -> None:
        """Compare with the model what ONNX's reference computes. ValueError where they differ."""
        from onnx.reference import ReferenceEvaluator  # of the extra

        run = ReferenceEvaluator(self.b.model("model"))
        for k, inputs in enumerate((first, second)):
            with np.errstate(all="ignore"):
                found = run.run(None, dict(zip(self.inputs, inputs, strict=False)))
            for got, pair in zip(found, self.results, strict=True):
                close = 1e-3 if pair[k].dtype.itemsize <= 4 else 1e-7
                if got.shape != pair[k].shape or not np.allclose(got, pair[k], close, close, equal_nan=True):
                    raise ValueError(
                        "export.onnx: the graph does not compute what the model does; nothing is written. "
                        "Fix: numbers that NumPy computes from the input must be tensors all the way."
                    )
