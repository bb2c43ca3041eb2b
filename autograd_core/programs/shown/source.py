"""A recorded run as NumPy code that runs by itself."""

from __future__ import annotations

import itertools
import keyword
import operator
import re
from typing import TYPE_CHECKING, Any

import numpy as np

from ..tracing.tape import Entry, arrays_in, root

if TYPE_CHECKING:
    from ...support.types import Args, Array, Function, Settings
    from ..compiled import Record

_HEAD = '''\
import numpy as np


def view(array, offset, shape, strides):
    """Part of an array's memory, by bytes."""
    return np.ndarray(shape, array.dtype, array, offset, strides)
'''


class Names:
    """A name for every piece of memory: that of its owner, or a letter with the number of the row that writes it."""

    def __init__(self, record: Record) -> None:
        self.tape = record.tape
        self.names: dict[int, str] = {}
        self.roots: dict[str, Any] = {}
        self.notes: dict[str, str] = {}
        self.parts = {_place(home): name for (name, _), home in zip(record.owners.tensors, record.homes, strict=True)}
        self.views: dict[str, str] = {}
        for self.row, entry in enumerate(record.tape.entries):
            for array in (*entry.reads, *arrays_in(entry.args), *entry.writes):
                self.of(root(array))

    def of(self, whole: Any) -> str:
        """The name of an array in the printed program: its owner's, or a number."""
        if id(whole) not in self.names:
            owner = self.tape.owners.get(id(whole))
            if owner is not None:
                name, note = re.sub(r"\W+", "_", owner[0]).strip("_"), owner[0]
            elif id(whole) in self.tape.constants:
                name, note = f"c{self.row}", "a constant"
            else:
                name, note = f"v{self.row}", ""
            name = f"v_{name}" if not name or name[0].isdigit() or keyword.iskeyword(name) else name
            numbered = itertools.chain([name], map(f"{name}_{{}}".format, itertools.count(2)))
            name = next(n for n in numbered if n not in self.roots)
            self.names[id(whole)], self.roots[name], self.notes[name] = name, whole, note
        return self.names[id(whole)]

    def show(self, value: object) -> str:
        """An argument as code."""
        if isinstance(value, np.ndarray):
            return self._array(value)
        if isinstance(value, tuple):
            return f"({', '.join(map(self.show, value))}{',' if len(value) == 1 else ''})"
        if isinstance(value, list):
            return f"[{', '.join(map(self.show, value))}]"
        if isinstance(value, slice):
            return f"slice({self.show(value.start)}, {self.show(value.stop)}, {self.show(value.step)})"
        if isinstance(value, np.dtype):
            return f"np.dtype({value.str!r})"
        if isinstance(value, np.generic):
            return f"np.{value.dtype.name}({_number(value.item())})"
        if isinstance(value, type) and issubclass(value, np.generic):
            return f"np.{np.dtype(value).name}"
        return "..." if value is Ellipsis else _number(value)

    def _part(self, owner: str, view: Array) -> str:
        """The name of a tensor that is a part of some memory."""
        name = re.sub(r"\W+", "_", owner).strip("_")
        if name not in self.views:
            whole = root(view)
            offset = view.__array_interface__["data"][0] - whole.__array_interface__["data"][0]
            self.views[name] = f"view({self.of(whole)}, {offset}, {view.shape}, {view.strides})  # {owner}"
        return name

    def _array(self, array: Array) -> str:
        whole = root(array)
        name = self.of(whole)
        for view, end in ((array, ""), (array.T, ".T")):
            if array is not whole and (part := self.parts.get(_place(view))) is not None:
                return f"{self._part(part, view)}{end}"
        offset = array.__array_interface__["data"][0] - whole.__array_interface__["data"][0]
        if array.dtype == whole.dtype and offset == 0:
            if array.shape == whole.shape and array.strides == whole.strides:
                return name
            if array.shape == whole.T.shape and array.strides == whole.T.strides:
                return f"{name}.T"
            if array.flags.c_contiguous and whole.flags.c_contiguous and array.size == whole.size:
                return f"{name}.reshape{array.shape}"
        if array.dtype != whole.dtype:
            name = f"{name}.view({self.show(array.dtype)})"
        return f"view({name}, {offset}, {array.shape}, {array.strides})"


def _place(array: Any) -> Any:
    return array.__array_interface__["data"][0], array.shape, array.strides, array.dtype.str


def _number(value: Any) -> str:
    text = repr(value)
    return f"float({text!r})" if text in ("inf", "-inf", "nan") else text


def names_of(record: Record) -> Names:
    """How `source` calls the memory of a record."""
    return Names(record)


def source(record: Record) -> str:
    """Code with the memory as variables, filled with zeros (constants: their values), and ``run(draw, numbers)``.

    draw : called with the name of a draw and an array to fill
    numbers : what changes between runs (learning rates, step counts, and what is computed of them), in its order
    """
    names = names_of(record)
    numbers = [float(e.args[0]) for e in record.tape.entries if e.kind == "number"]
    body, at = [], ""
    for entry in record.tape.entries:
        lines = [line for line in _lines(entry, names) if line]
        if lines and str(entry.part) != at:
            at = str(entry.part)
            body += ["", f"# {at}"]
        body += lines
    memory = [f"{name} = {_made(a, names, name)}" for name, a in names.roots.items()]
    memory += [f"{name} = {part}" for name, part in names.views.items()]
    run = [
        "def run(draw=None, numbers=NUMBERS):",
        "    numbers = iter(numbers)",
        *(f"    {line}".rstrip() for line in body),
    ]
    return "\n".join([_HEAD, *memory, f"NUMBERS = {numbers}", "", "", *run]) + "\n"


def _made(array: Array, names: Names, name: str) -> str:
    note = f"  # {names.notes[name]}" if names.notes[name] else ""
    dtype = names.show(array.dtype)
    if id(array) in names.tape.constants and array.size <= 4096:
        return f"np.array({array.ravel().tolist()}, {dtype}).reshape({array.shape}){note}"
    return f"np.zeros({array.shape}, {dtype}{', order=' + repr('F') if _is_fortran(array) else ''}){note}"


def _is_fortran(array: Array) -> bool:
    return bool(array.flags.f_contiguous and not array.flags.c_contiguous)


def _lines(entry: Entry, names: Names) -> list[str]:
    """One call as code."""
    show = names.show
    if entry.kind == "made":
        return []
    if entry.kind == "number":
        return [f"{show(entry.writes[0])}.fill(next(numbers))"]
    if entry.kind == "draw":
        return [f"draw({entry.name!r}, {show(entry.writes[0])})"]
    if entry.kind in ("guard", "item") and not entry.args:
        return [f"# guard: {entry.name} of {', '.join(map(show, entry.reads)) or 'a number'}"]
    if entry.name == "setitem":
        array, index, value = entry.args
        return [f"{show(array)}[{show(index)}] = {show(value)}"]
    if entry.name == "fill":
        return [f"{show(entry.writes[0])}.fill({show(entry.args[0])})"]
    args, kwargs = entry.args, entry.kwargs
    if len(args) == 4 and callable(args[0]):  # a function without out=
        function, args, kwargs, targets = args
        code = (
            f"{show(args[0])}[{show(args[1])}]" if function is operator.getitem else _call(function, args, kwargs, show)
        )
        if len(targets) == 1:
            return [f"np.copyto({show(targets[0])}, {code})"]
        return [f"for target, value in zip({show(targets)}, {code}): np.copyto(target, value)"]
    if isinstance(entry.run, np.ufunc):
        outs = args[entry.run.nin :]
        given = ", ".join(map(show, args[: entry.run.nin]))
        return [f"np.{entry.name}({given}, out={show(outs[0] if len(outs) == 1 else outs)})"]
    return [_call(entry.run, args, kwargs, show, entry.name)]


def _call(function: Function, args: Args, kwargs: Settings, show: Function, name: str = "") -> str:
    parts = [*map(show, args), *(f"{key}={show(value)}" for key, value in kwargs.items())]
    module = getattr(function, "__module__", None) or "numpy"
    home = module.replace("numpy", "np", 1) if module.startswith("numpy") and "._" not in module else "np"
    return f"{home}.{name or function.__name__}({', '.join(parts)})"
