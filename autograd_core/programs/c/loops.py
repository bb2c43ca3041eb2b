"""A kernel as loops of C: one variable a row, one store where the result is needed later."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ..form import Index, Ref
from ..passes.fusion import Kernel
from ..passes.walks import Access, Line, axes_of, lines_of
from .expressions import Expressions

if TYPE_CHECKING:
    from ...support.types import DType


WHOLE = 2**62  # an end that no part of an array has
LONG_SUM = 256  # a sum of more floats is taken in double


Place = Callable[[int, int, int, int], tuple[str, int]]


def access(ref: Ref, strides: tuple[int, ...] | None = None) -> Access:
    """A ref in elements, with its own strides or those of loops."""
    size = ref.dtype.itemsize
    steps = tuple(s // size for s in (ref.strides if strides is None else strides))
    return Access(ref.memory, ref.offset // size, steps, ref.dtype)


class Loops:
    """The text of one kernel.

    place : the name of the array that holds some elements of a memory, and the first one's place there
    """

    def __init__(self, kernel: Kernel, place: Place, expressions: Expressions) -> None:
        self.place, self.expressions = place, expressions
        axes = axes_of(kernel)
        self.lengths, self.lines = [n for n, _ in axes], lines_of(kernel, axes, access)
        self.depth = len(self.lengths)
        self.sums = [line for line in self.lines if line.row.kind == "reduce" and line.stored]
        self._wanted = self._needed()
        self._count = 0
        self.text: list[str] = []
        for line in self.sums:
            if self._outer(line):
                self._start(line)
        self._nest(0)

    # Where things are ------------------------------------------------------------------------------------------------

    def _element(self, a: Access, moved: str = "", level: int | None = None) -> str:
        """An element of an array at the loops' indices."""
        spans = [s * (n - 1) for n, s in zip(self.lengths, a.strides, strict=True)]
        low, high = (a.first + sum(x for x in spans if (x > 0) is up) for up in (False, True))
        name, first = self.place(a.memory, a.first, low, WHOLE if moved else high)
        parts = [str(first)] if first else []
        for k, (n, s) in enumerate(zip(self.lengths, a.strides, strict=True)):
            if s and n != 1 and (level is None or k < level):
                parts.append(f"i{k}" if s == 1 else f"i{k} * {s}")
        if moved:
            parts.append(moved)
        return f"{name}[{' + '.join(parts) or '0'}]".replace("+ -", "- ")

    def _moved(self, indices: tuple[tuple[Access, Index], ...], itemsize: int) -> str:
        """How far index arrays move an element; a negative index counts from the end."""
        parts = []
        for a, index in indices:
            value = self._element(a)
            if a.dtype.kind == "i":
                value = f"({value} < 0 ? {value} + {index.length} : {value})"
            stride = index.stride // itemsize
            parts.append(value if stride == 1 else f"{value} * {stride}")
        return " + ".join(parts)

    # Sums ------------------------------------------------------------------------------------------------------------

    def _home(self, line: Line) -> int:
        """The loop from which on all axes are summed: around it the sum is a variable."""
        level = self.depth
        while level and (line.output.strides[level - 1] == 0 or self.lengths[level - 1] == 1):
            level -= 1
        return level

    def _outer(self, line: Line) -> bool:
        """Whether an axis around that loop is summed, too: then the sum grows in memory."""
        home = self._home(line)
        return any(n > 1 and s == 0 for n, s in zip(self.lengths[:home], line.output.strides, strict=False))

    def _start(self, line: Line) -> None:
        """Sums that grow in memory begin with nothing."""
        indent, a = "    ", line.output
        for k, (n, s) in enumerate(zip(self.lengths, a.strides, strict=True)):
            if s and n != 1:
                self.text.append(f"{indent}for ({self.expressions.counter} i{k} = 0; i{k} < {n}; i{k}++)")
                indent += "    "
        self.text.append(f"{indent}{self._element(a)} = {self.expressions.identity(line.row.op, a.dtype)};")

    def _type_of_sum(self, line: Line) -> DType:
        kind = line.output.dtype
        count = np.prod(self.lengths[self._home(line) :])
        return np.dtype(np.float64) if kind.char == "f" and line.row.op == "add" and count > LONG_SUM else kind

    def _combined(self, line: Line, total: str, value: str, dtype: DType) -> str:
        if line.row.op in ("add", "multiply") and dtype.kind != "b":
            return f"{total} {'+' if line.row.op == 'add' else '*'}= {value};"
        return f"{total} = {self.expressions.of(line.row.op, [total, value], (dtype, dtype, dtype))};"

    # Loops -----------------------------------------------------------------------------------------------------------

    def _nest(self, level: int) -> None:
        indent = "    " * (level + 1)
        own = [(k, line) for k, line in enumerate(self.sums) if self._home(line) == level < self.depth]
        for k, line in own:
            dtype = self._type_of_sum(line)
            self.text.append(
                f"{indent}{self.expressions.variable(dtype)} sum{k} = {self.expressions.identity(line.row.op, dtype)};"
            )
        if level == self.depth:
            self._body(indent)
        elif self.lengths[level] == 1:
            raise AssertionError("axes of length 1 are left out")
        else:
            i = f"i{level}"
            self.text.append(f"{indent}for ({self.expressions.counter} {i} = 0; {i} < {self.lengths[level]}; {i}++) {{")
            self._nest(level + 1)
            self.text.append(f"{indent}}}")
        for k, line in own:
            dtype = self._type_of_sum(line)
            total, target = (
                self.expressions.converted(f"sum{k}", dtype, line.output.dtype),
                self._element(line.output, level=level),
            )
            if self._outer(line):
                self.text.append(indent + self._combined(line, target, total, line.output.dtype))
            else:
                self.text.append(f"{indent}{target} = {total};")

    def _needed(self) -> list[bool]:
        """Of each line, whether its value is used."""
        found: list[bool] = []
        read: set[Any] = set()
        for line in reversed(self.lines):
            needed = line.stored or (line.row.kind == "loop" and line.output in read)
            found.append(needed)
            if needed:
                if line.row.kind == "loop" and not line.scatter:
                    read.discard(line.output)
                read |= {a for j, a in enumerate(line.inputs) if not (line.gather and j == 0)}
        return found[::-1]

    def _body(self, indent: str) -> None:
        known: dict[Access, str] = {}
        last = {line.output: line for line in self.lines if line.row.kind == "loop"}
        uses = self._uses()
        for k, line in enumerate(self.lines):
            if not self._wanted[k]:
                continue
            row = line.row
            values = [self._value(line, j, known, uses, indent) for j in range(len(line.inputs))]
            if row.kind == "reduce":
                self._add(line, values[0], indent)
                continue
            value = self.expressions.converted(
                self.expressions.of(row.op, values, row.types), row.types[-1], line.output.dtype
            )
            value = value[1:-1] if is_wrapped(value) else value
            if line.scatter:
                self.text.append(f"{indent}{self._element(line.output, self._moved_out(line))} = {value};")
                continue
            store = line.stored and last[line.output] is line
            if uses.get(k, 0) or not store:
                self._count += 1
                name = f"v{self._count}"
                self.text.append(f"{indent}{self.expressions.constant(line.output.dtype)} {name} = {value};")
                known[line.output], value = name, name
            if store:
                self.text.append(f"{indent}{self._element(line.output)} = {value};")

    def _uses(self) -> dict[int, int]:
        """How often each line's value is an input of later ones."""
        latest: dict[Access, int] = {}
        found: dict[int, int] = {}
        for k, line in enumerate(self.lines):
            if not self._wanted[k]:
                continue
            for j, a in enumerate(line.inputs):
                if isinstance(a, Access) and a in latest and not (line.gather and j == 0):
                    found[latest[a]] = found.get(latest[a], 0) + 1
            if line.row.kind == "loop" and not line.scatter:
                latest[line.output] = k
        return found

    def _value(self, line: Line, j: int, known: dict[Access, str], uses: dict[int, int], indent: str) -> str:
        a, kind = line.inputs[j], line.row.types[j]
        if not isinstance(a, Access):
            text = self.expressions.number(a, kind)
            return f"({text})" if text.startswith("-") else text
        if line.gather and j == 0:
            return self.expressions.converted(
                self._element(a, self._moved(line.gather, a.dtype.itemsize)), a.dtype, kind
            )
        if a not in known and self._read_often(a):
            self._count += 1
            known[a] = f"v{self._count}"
            self.text.append(f"{indent}{self.expressions.constant(a.dtype)} {known[a]} = {self._element(a)};")
        return self.expressions.converted(known.get(a) or self._element(a), a.dtype, kind)

    def _read_often(self, a: Access) -> bool:
        """Read more than once, or written in between: then it is a variable."""
        inputs = [
            x for k, line in enumerate(self.lines) if self._wanted[k] for x in line.inputs if isinstance(x, Access)
        ]
        return inputs.count(a) > 1 or any(line.output.memory == a.memory for line in self.lines)

    def _moved_out(self, line: Line) -> str:
        return self._moved(line.scatter, line.output.dtype.itemsize)

    def _add(self, line: Line, value: str, indent: str) -> None:
        dtype = line.output.dtype
        if self._home(line) < self.depth:
            k = next(i for i, other in enumerate(self.sums) if other is line)
            self.text.append(indent + self._combined(line, f"sum{k}", value, self._type_of_sum(line)))
        elif self._outer(line):
            self.text.append(indent + self._combined(line, self._element(line.output), value, dtype))
        else:
            self.text.append(f"{indent}{self._element(line.output)} = {value};")


def is_wrapped(text: str) -> bool:
    """Whether one pair of parentheses holds it all."""
    if not text.startswith("("):
        return False
    depth = 0
    for k, c in enumerate(text):
        depth += (c == "(") - (c == ")")
        if depth == 0:
            return k == len(text) - 1
    return False
