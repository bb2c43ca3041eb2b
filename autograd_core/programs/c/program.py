"""A recorded run as C99: what it keeps as arrays, and one function that runs it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from ..form import Row
from ..passes.fusion import Kernel
from ..passes.walks import Access
from ..record import Record
from ..tracing.numbers import Live
from ..tracing.tape import Entry
from .calls import Call
from .contractions import matmul, name_of
from .expressions import TYPES, Expressions
from .layout import Layout
from .loops import Loops, access, is_wrapped
from .names import comment, identifier

if TYPE_CHECKING:
    from ...support.types import DType


_DOUBLE = np.dtype(np.float64)
_REDUCES = ("add", "multiply", "maximum", "minimum", "logical_and", "logical_or")


class CProgram(Layout):
    """The parts of the text.

    record, name, expressions : those of ``Layout``
    """

    def __init__(self, record: Record, name: str, expressions: type[Expressions] = Expressions) -> None:
        super().__init__(record, name, expressions)
        self.draws: list[str] = []
        self._products: dict[str, DType] = {}
        self.functions: list[str] = []
        self.body = self._body()

    # The run -----------------------------------------------------------------------------------------------------

    def _body(self) -> list[str]:
        lines: list[str] = []
        self._checks = 0
        for step in self.steps:
            if isinstance(step, Kernel):
                lines.append(self._kernel(step))
            elif step.kind == "contract":
                lines += self._contraction(step)
            elif step.kind == "check":
                self._checks += 1
                a, entry = access(step.inputs[0]), step.entry
                element = self._first(a)
                why = comment(f"{entry.name} at {entry.where}") if entry is not None else ""
                sign = "==" if step.expected else "!="
                lines.append(f"    if ({element} {sign} 0) return {self._checks}; /* {why} */")
            else:
                lines += self._host(step)
        lines += self._after()
        text = "\n".join(lines)
        unused = [
            f"    {self.expressions.constant(_DOUBLE)} {x} ="
            for x in self.numbers.items()
            if len(re.findall(rf"\b{x}\b", text)) == 1
        ]
        return [*(line for line in lines if not line.startswith(tuple(unused))), "    return 0;"]

    def _kernel(self, step: Kernel) -> str:
        loops = Loops(step, self._place, self.expressions)
        name = self._function(loops.text, [row.entry for row in step.rows if row.entry is not None])
        return f"    {name}();"

    def _function(self, lines: list[str], entries: list[Entry], kind: str = "void") -> str:
        """A function of these lines, named by what it is part of; gives its name."""
        parts = list(dict.fromkeys(str(e.part) for e in entries if str(e.part)))
        name = self.names.new(f"{self.names.prefix}_{parts[-1] if parts else 'results'}", public=False)
        where = list(dict.fromkeys(e.where for e in entries))
        note = "; ".join([*parts[:4], *where[:6]]) + (" ..." if len(where) > 6 or len(parts) > 4 else "")
        text = "\n".join([f"{self.head(name, kind)} {{", *lines, "}"])
        self.functions.append(f"/* {comment(note or 'results')} */\n{text}")
        return name

    def head(self, name: str, kind: str) -> str:
        """The line with which a function begins."""
        return f"static {kind} {name}(void)"

    def product(self, dtype: DType) -> str:
        """The name of the function that multiplies matrices."""
        return f"matmul_{name_of(dtype)}"

    def element(self, name: str, place: str) -> str:
        """How an array is passed from a place on."""
        return f"{name} + {place}" if place != "0" else name

    def _contraction(self, row: Row) -> list[str]:
        assert row.output is not None
        if row.op == "einsum":
            return [self._sum_of_products(row)]
        a, b, c = (access(r) for r in (*row.inputs, row.output))
        self._products[TYPES[c.dtype.char]] = c.dtype
        (m, k), n = row.inputs[0].shape[-2:], row.output.shape[-1]
        batch = row.output.shape[:-2]
        lines, indent = [], "    "
        for i, length in enumerate(batch):
            if length != 1:
                lines.append(f"{indent}for ({self.expressions.counter} i{i} = 0; i{i} < {length}; i{i}++)")
                indent += "    "
        given = []
        for x, ref in zip((a, b, c), (*row.inputs, row.output), strict=True):
            low, end = (k // ref.dtype.itemsize for k in ref.span())
            name, first = self._place(x.memory, x.first, low, end - 1)
            parts = [str(first)] if first else []
            parts += [f"i{i} * {s}" for i, (s, n_) in enumerate(zip(x.strides, batch, strict=False)) if s and n_ != 1]
            given.append(self.element(name, " + ".join(parts) or "0"))
        steps = [f"{x.strides[-2]}, {x.strides[-1]}" for x in (a, b, c)]
        call = ", ".join(f"{p}, {s}" for p, s in zip(given, steps, strict=True))
        where = comment(row.entry.where) if row.entry is not None else ""
        return [*lines, f"{indent}{self.product(c.dtype)}({m}, {n}, {k}, {call}); /* {where} */"]

    def _sum_of_products(self, row: Row) -> str:
        """Σ a·b over the axes on which the output does not depend, as one kernel."""
        out, kind = row.output, row.types[-1]
        assert out is not None
        product = self.program.new(out.shape, kind)
        summed = any(s == 0 and n != 1 for n, s in zip(out.shape, out.strides, strict=True))
        rows = [
            Row("loop", "multiply", row.inputs, product, (kind,) * 3, entry=row.entry),
            Row("reduce" if summed else "loop", "add" if summed else "copy", (product,), out, (kind, kind)),
        ]
        return self._kernel(Kernel(rows, out.shape, [False, True]))

    def _host(self, step: Row) -> list[str]:
        entry = step.entry
        assert entry is not None
        if entry.kind == "call":
            call = Call(entry, self.program, self._place, self.expressions)
            fails = any("return 1;" in line for line in call.lines)
            name = self._function(
                [*call.lines, *(["    return 0;"] if fails else [])], [entry], "int" if fails else "void"
            )
            if not fails:
                return [f"    {name}();"]
            self._checks += 1
            return [f"    if ({name}()) return {self._checks}; /* an index out of range */"]
        if entry.kind == "number":
            a = access(self.program.ref(entry.args[0]))
            value = self.numbers.formula(entry.run.__self__)  # type: ignore[attr-defined]
            value = value if is_wrapped(value) else f"({value})"
            return [f"    {self._first(a)} = {self.of_number(value, a.dtype)}; /* {comment(entry.where)} */"]
        if entry.kind == "item":
            item = entry.run.__self__  # type: ignore[attr-defined]
            flat = int(np.ravel_multi_index(item.place, item.array.shape)) if len(item.place) > 1 else sum(item.place)
            index = np.unravel_index(flat % item.array.size, item.array.shape)
            a = access(self.program.ref(item.array))
            a = a._replace(first=a.first + sum(int(i) * s for i, s in zip(index, a.strides, strict=True)))
            value = self.expressions.converted(self._first(a), a.dtype, _DOUBLE)
            return [f"    {self.expressions.constant(_DOUBLE)} {self.numbers.item(item)} = {value};"]
        if entry.kind == "draw":
            a = access(self.program.ref(entry.writes[0]))
            return self.drawn(entry, a)
        return [f"    /* taken for granted: {comment(f'{entry.name} at {entry.where}')} */"]

    def of_number(self, value: str, dtype: DType) -> str:
        """A number in double as an element of an array."""
        return f"({TYPES[dtype.char]}){value}"

    def drawn(self, entry: Entry, a: Access) -> list[str]:
        """A draw of random numbers, asked from the user."""
        self.draws.append(f"{identifier(entry.name)} of {TYPES[a.dtype.char]}")
        draw, count = f"{self.names.prefix}_draw", entry.writes[0].size
        given = f'"{identifier(entry.name)}", &{self._first(a)}, {count}'
        return [f"    if (!{draw}) return -1;", f"    {draw}({given}); /* {comment(entry.where)} */"]

    def _first(self, a: Access) -> str:
        """The first element of an array."""
        name, first = self._place(a.memory, a.first, a.first, a.first)
        return f"{name}[{first}]"

    def _after(self) -> list[str]:
        """Numbers that the run leaves in their places, all of those that were there before."""
        made: dict[str, str] = {}
        for place, value in self.record.computed:
            parts = enumerate(value) if isinstance(value, tuple) else [(None, value)]
            for j, part in parts:
                if isinstance(part, Live) and not isinstance(part.form, str):
                    name = place.name if j is None else f"{place.name}[{j}]"
                    variable = self.numbers.variable(name, float(part.again()))
                    made.setdefault(variable, self.numbers.formula(part))
        given = [(self.names.new(name), self.numbers.formula(live)) for name, live in self._numbers_given]
        self.given = {shown: name for (shown, _), (name, _) in zip(self._numbers_given, given, strict=True)}
        lines = [f"    {name} = {formula};" for name, formula in given]
        if len(made) == 1:
            return [*lines, *(f"    {variable} = {formula};" for variable, formula in made.items())]
        lines += [
            f"    {self.expressions.constant(_DOUBLE)} after{k} = {formula};" for k, formula in enumerate(made.values())
        ]
        return [*lines, *(f"    {variable} = after{k};" for k, variable in enumerate(made))]

    def helpers(self, macro: str) -> list[str]:
        """The functions that the kernels call."""
        return [*self.expressions.helpers(), *(matmul(d, macro) for d in self._products.values())]

    def work(self) -> list[str]:
        """The memory of intermediates."""
        return [f"static {TYPES[d.char]} {name}[{max(n, 1)}];" for name, (d, n) in self._sizes.items()]

    def sizes(self) -> dict[str, int]:
        """Bytes of public arrays, of constants, and of intermediates."""
        public = sum(a.size * a.dtype.itemsize for a in self.arrays.values() if a.public)
        rest = sum(a.size * a.dtype.itemsize for a in self.arrays.values() if not a.public)
        return {"arrays": public, "constants": rest, "work": sum(d.itemsize * n for d, n in self._sizes.values())}
