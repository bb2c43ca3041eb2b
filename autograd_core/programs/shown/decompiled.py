"""``decompile``: what a function computes, derivatives included, as NumPy code that people read."""

from __future__ import annotations

import functools
import inspect
import operator
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ...engine.tensor import Tensor
from ..compiled import Compiled
from ..record import Record
from ..results import is_array
from ..tracing.numbers import Live
from ..tracing.recorded import Recorded, plain
from ..tracing.tape import Entry, arrays_in, root
from .contents import Contents
from .expressions import INFIX, OF_NUMBERS, OF_REDUCE, Code, Value
from .spelled import atom, dtype, home, literal, literal_of, without_broadcast
from .viewed import view_of

if TYPE_CHECKING:
    from ...support.types import Args, Array, ArrayLike, Function, Settings, Tree


__all__ = ["decompile"]

_SHORT = 60
"""Characters of an expression that is put in the place of its name, where that is used once."""


def decompile(function: Function) -> Callable[..., Code]:
    """``decompile(f)(*args)`` is the code of what f computes for arguments of these shapes: NumPy's calls, no Python.

    function : of arrays, numbers and trees of them: also what `grad`, `value_and_grad`, `hessian`, `jvp` … make

    The code is a string, and a function: ``code(*args)`` computes the same. Expressions have names where they are used
    more than once. A branch that depends on values is the one that the example takes, and shapes are those of the
    example. Large arrays that the function reaches are names, with their values in ``code.constants``.

    Raises ValueError for a function that cannot be recorded, that draws random numbers, or that changes what it reaches
    (a training step: see ``compile(step).source()``).

    >>> import autograd_core as ag
    >>> code = decompile(ag.grad(lambda x: np.sum(np.sin(x) * x)))(np.ones(3))
    >>> print(code)
    def gradient(x):
        return np.sin(x) + x * np.cos(x)
    >>> bool(np.allclose(code(np.zeros(3)), 0))
    True
    """

    def of(*args: object, **kwargs: object) -> Code:
        compiled = Compiled(function, backend="numpy")
        for _ in range(6):  # gradients that appear in the first run make another signature
            compiled(*args, **kwargs)
            if compiled.recorded:
                return _Printer(compiled.record, function, args, kwargs).code()
        raise ValueError(f"decompile: {compiled.__name__} cannot be recorded.\n{compiled.why()}")

    return of


class _Printer:
    def __init__(self, record: Record, function: Any, args: Any, kwargs: Any) -> None:
        self.record, self.tape = record, record.tape
        self.memory = Contents(record)
        self.lines: list[str] = []
        self.name = re.sub(r"\W", "_", getattr(function, "__name__", "function"))
        self.name = self.name if self.name.isidentifier() else "function"
        self.parameters = self._named(function, args, kwargs)

    # Arguments -----------------------------------------------------------------------------------------------------

    def _named(self, function: Function, args: Args, kwargs: Settings) -> list[str]:
        """Give the inputs their names in the code; the parameters."""
        try:
            inner = function
            for _ in range(9):  # a transform says *args; what it was made of says more
                found = inspect.signature(inner)
                if not any(p.kind is p.VAR_POSITIONAL for p in found.parameters.values()):
                    break
                inside = [cell.cell_contents for cell in getattr(inner, "__closure__", None) or ()]
                inner = next((f for f in inside if inspect.isfunction(f)), inner)
            names = list(found.bind(*args, **kwargs).arguments)
            given = list(found.bind(*args, **kwargs).arguments.values())
        except (TypeError, ValueError):
            names, given = [f"x{k}" for k in range(len(args))], list(args)
            names, given = [*names, *kwargs], [*given, *kwargs.values()]
        self.memory.taken |= set(names)
        inputs = iter(self.record.inputs)
        self.numbers: dict[str, str] = {}
        self.count = 0
        for name, tree in zip(names, given, strict=True):
            self._input(name, tree, inputs)
        return names

    def _input(self, text: str, tree: Any, inputs: Any) -> None:
        if isinstance(tree, dict):
            for k, v in tree.items():
                self._input(f"{text}[{k!r}]", v, inputs)
        elif isinstance(tree, (tuple, list)):
            for k, v in enumerate(tree):
                self._input(f"{text}[{k}]", v, inputs)
        elif is_array(tree) or type(tree) is float:
            mine = next(inputs)
            if isinstance(mine, np.ndarray):
                shown = f"{text}.data" if isinstance(tree, Tensor) else text
                self.memory.know(mine, Value(lambda: (shown, 9), [], shown))
            else:
                self.numbers[f"input {self.count}"] = text
            self.count += 1

    # Rows ----------------------------------------------------------------------------------------------------------

    def _argument(self, x: object) -> Value:
        if isinstance(x, np.ndarray):
            return self.memory.value(x)
        if isinstance(x, (tuple, list)) and any(True for _ in arrays_in(x)):
            parts = [self._argument(v) for v in x]
            left, right = ("(", ")") if isinstance(x, tuple) else ("[", "]")
            comma = "," if isinstance(x, tuple) and len(x) == 1 else ""
            return Value(lambda: (f"{left}{', '.join(map(Value.show, parts))}{comma}{right}", 9), parts)
        value = Value(lambda: literal_of(x), [])
        value.number = x if isinstance(x, (int, float)) and not isinstance(x, bool) else None
        return value

    def _in_context(self, x: ArrayLike, others: list[Any]) -> Value:
        """An operand; a number as Python's where that computes in the same dtype."""
        value = self._argument(x)
        if value.number is None or not isinstance(x, np.ndarray):
            return value
        kinds = [a.dtype for a in others if isinstance(a, np.ndarray)]
        number = float(value.number) if x.dtype.kind == "f" else value.number
        short = bool(kinds) and np.result_type(*kinds, number) == np.result_type(*kinds, x.dtype)
        text = literal_of(number if short or x.dtype == np.result_type(number) else x.dtype.type(number))
        made = Value(lambda: text, [])
        made.number = value.number
        return made

    def _row(self, entry: Entry) -> None:
        if entry.kind == "made":
            for array in entry.writes:
                text = f"np.empty({array.shape}, {dtype(array.dtype)})"
                self.memory.know(array, Value(functools.partial(atom, text), []))
            return
        if entry.kind == "guard" and not entry.writes:
            return
        if entry.kind == "item":
            return  # where its number is used, there is no formula
        if entry.kind == "draw":
            raise ValueError(f"decompile: {entry.name} at {entry.where} has no place in a formula.")
        for array in entry.writes:
            owner = self.tape.owners.get(id(root(array)))
            if owner is not None:
                raise ValueError(f"decompile: the function changes {owner[0]}. Fix: compile(f).source() shows that.")
        args, kwargs = entry.args, {k: v for k, v in entry.kwargs.items() if k not in ("out", "casting")}
        if len(args) == 4 and callable(args[0]):
            function, args, kwargs, targets = args
            self._several(function, args, kwargs, targets)
        elif entry.kind == "number":
            text = self._number(entry.run.__self__)  # type: ignore[attr-defined]
            self._write(entry.writes[0], Value(lambda: (text, 9 if text.isidentifier() else 0), []))
        elif entry.name == "setitem":
            array, index, given = args
            self._change(array, [self._argument(index), self._argument(given)], "{0}[{1}] = {2}")
        elif entry.name.endswith(".at"):
            parts = [self._argument(x) for x in args[1:]]
            self._change(
                args[0], parts, f"np.{entry.name}({{0}}, {', '.join(f'{{{k + 1}}}' for k in range(len(parts)))})"
            )
        elif entry.name == "fill":
            number = self._argument(args[0])
            array = entry.writes[0]
            text = f"np.full({array.shape}, {{}}, {dtype(array.dtype)})"
            value = Value(lambda: (text.format(number.show()), 9), [number])
            value.number = number.number if array.ndim == 0 else None
            self._write(array, self._typed(number, array) if array.ndim == 0 else value)
        elif entry.name == "copyto":
            self._write(args[0], self._copied(args[0], args[1]))
        elif isinstance(entry.run, np.ufunc):
            arrays = list(args[: entry.run.nin])
            if entry.run.signature is None:
                arrays = without_broadcast(arrays, entry.writes[0].shape)
            self._outputs(entry.writes, self._ufunc(entry.name, arrays, entry.writes[0]))
        elif entry.name.endswith(".reduce"):
            given = [self._argument(args[0])]
            name = OF_REDUCE.get(entry.name[: -len(".reduce")], entry.name)
            options = {k: v for k, v in kwargs.items() if not (k == "keepdims" and v is False) and v is not None}
            self._outputs(entry.writes, self._call(f"np.{name}", given, options))
        else:
            name = home(entry.run, entry.name)
            self._outputs(entry.writes, self._call(name, [self._argument(x) for x in args], kwargs))

    def _typed(self, number: Value, array: Array) -> Value:
        value = Value(lambda: literal(number.number, array.dtype), [])
        value.number = number.number
        return value

    def _several(self, function: Function, args: Args, kwargs: Settings, targets: Any) -> None:
        given = [self._argument(x) for x in args]
        if function is operator.getitem:
            value = Value(lambda: (f"{given[0].tight()}[{given[1].show()}]", 9), given)
        else:
            value = self._call(home(function, function.__name__), given, kwargs)
        self._outputs(targets, value)

    def _outputs(self, targets: Any, value: Value) -> None:
        if len(targets) == 1:
            return self._write(targets[0], value)
        for k, target in enumerate(targets):
            self._write(target, self._item(value, k))

    def _item(self, value: Value, k: int) -> Value:
        return Value(lambda: (f"{value.tight()}[{k}]", 9), [value])

    def _write(self, array: Array, value: Value) -> None:
        if array.nbytes == root(array).nbytes:
            self.memory.know(array, value)
        else:
            self._change(array, [value], "{0}[...] = {1}")

    def _change(self, array: Array, parts: list[Value], form: str) -> None:
        """Part of some memory is written: a value of its own, which statements change."""
        base = self.memory.base(array)
        old, show = self.memory.value(base), view_of(base, array)
        if show is None:
            raise ValueError("decompile: a part of an array is written that has no short name.")
        fresh = Value(lambda: (old.tight() if not old.name else f"{old.name}.copy()", 9), [old])
        fresh.parts += parts
        fresh.steps = [lambda name: form.format(show(name), *map(Value.show, parts))]
        self.memory.know(base, fresh)

    def _copied(self, target: Array, source: Any) -> Value:
        if not isinstance(source, np.ndarray):
            return self._call(f"np.full({target.shape}, {source!r}, {dtype(target.dtype)})", [], {}, called=True)
        of = self._argument(source)
        if target.dtype != source.dtype:
            value = Value(lambda: (f"{of.tight()}.astype({dtype(target.dtype)})", 9), [of])
        else:
            value = of
        if target.shape != source.shape:
            return self._call("np.broadcast_to", [value, self._argument(target.shape)], {})
        return value

    def _ufunc(self, name: str, arrays: list[Any], out: Any) -> Value:
        given = [self._in_context(x, [*arrays[:k], *arrays[k + 1 :]]) for k, x in enumerate(arrays)]
        if name == "multiply":
            for one, other, array in ((given[0], given[1], arrays[1]), (given[1], given[0], arrays[0])):
                alike = isinstance(array, np.ndarray) and (array.shape, array.dtype) == (out.shape, out.dtype)
                if one.number == 1 and alike:
                    return other
        if name in INFIX and len(given) == 2:
            sign, level = INFIX[name]
            a, b = given
            left = level + (name == "power" or level == 2)
            return Value(lambda: (f"{a.show(left)} {sign} {b.show(level + 1)}", level), given)
        if name == "negative":
            return Value(lambda: (f"-{given[0].show(6)}", 6), given)
        if name == "square":
            return Value(lambda: (f"{given[0].show(8)} ** 2", 7), given)
        return self._call(f"np.{name}", given, {})

    def _call(self, name: str, given: list[Value], options: Settings, called: bool = False) -> Value:
        named = {k: self._argument(v) for k, v in options.items()}

        def make() -> tuple[str, int]:
            parts = [*map(Value.show, given), *(f"{k}={v.show()}" for k, v in named.items())]
            return (name if called else f"{name}({', '.join(parts)})"), 9

        return Value(make, [*given, *named.values()])

    def _number(self, number: Live) -> str:
        form = number.form
        if isinstance(form, str) and form in self.numbers:
            return self.numbers[form]
        if isinstance(form, tuple) and form[0] in (*OF_NUMBERS, "neg"):
            parts = [f"({self._number(x)})" if type(x) is Live else repr(x) for x in form[1:]]
            return f"-{parts[0]}" if form[0] == "neg" else f" {OF_NUMBERS[form[0]]} ".join(parts)
        if form is None:
            raise ValueError("decompile: a number that was taken out of an array (item) has no place in a formula.")
        return repr(number.value)

    # Text ----------------------------------------------------------------------------------------------------------

    def code(self) -> Code:
        """The whole function."""
        for entry in self.tape.entries:
            self._row(entry)
        result = self._result(self.record.result)
        order: list[Value] = []
        self._count(result, order)
        for value in order:
            self._place(value, value is result)
        self.lines.append(f"return {result.show()}")
        head = f"def {self.name}({', '.join(self.parameters)}):"
        code = Code("\n".join([head, *(f"    {line}" for line in self.lines)]))
        code.constants = self.memory.constants
        space: dict[str, Any] = {"np": np, **self.memory.constants}
        exec(str(code), space)
        code._function = space[self.name]
        return code

    def _count(self, result: Value, order: list[Value]) -> None:
        """How often each value is used, and an order in which they can be computed."""
        stack, seen = [(result, False)], set()
        while stack:
            value, done = stack.pop()
            if done:
                order.append(value)
            elif id(value) not in seen:
                seen.add(id(value))
                stack.append((value, True))
                for part in value.parts:
                    part.uses += 1
                    stack.append((part, False))

    def _place(self, value: Value, last: bool) -> None:
        if value.name:
            return
        value.text = value.make()
        text = value.text[0]
        simple = re.fullmatch(r"[\w.]+(\(-?[\d.e+-]+\))?|-?[\d.]+", text) is not None
        if value.steps or not (last or simple or (value.uses == 1 and len(text) <= _SHORT)):
            value.name = self.memory.new(f"v{sum('=' in line for line in self.lines) + 1}")
            self.lines.append(f"{value.name} = {text}")
            self.lines += [step(value.name) for step in value.steps]

    def _result(self, tree: Tree) -> Value:
        if isinstance(tree, Live):
            text = self._number(tree)
            return Value(lambda: (text, 0), [])
        if isinstance(tree, (Tensor, Recorded, np.ndarray)) or type(tree) is Recorded or hasattr(tree, "tape"):
            array = plain(tree._data if isinstance(tree, Tensor) else tree)
            return self.memory.value(array) if isinstance(array, np.ndarray) else self._argument(array)
        if isinstance(tree, dict):
            parts = [self._result(v) for v in tree.values()]
            keys = list(tree)
            items = lambda: ", ".join(f"{k!r}: {v.show()}" for k, v in zip(keys, parts, strict=True))
            return Value(lambda: (f"{{{items()}}}", 9), parts)
        if isinstance(tree, (tuple, list)):
            parts = [self._result(v) for v in tree]
            left, right = ("(", ",)" if len(parts) == 1 else ")") if isinstance(tree, tuple) else ("[", "]")
            return Value(lambda: (f"{left}{', '.join(map(Value.show, parts))}{right}", 9), parts)
        return self._argument(tree)
