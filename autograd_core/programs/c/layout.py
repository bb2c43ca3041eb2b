"""What a recorded run keeps as arrays, and where: what is planned before a text is printed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from ..form import Program, Row
from ..passes import optimise
from ..passes.fusion import Kernel, Step, schedule
from ..passes.memory import arena, touched
from ..record import Number, Record
from ..tracing.numbers import Live
from ..tracing.recorded import plain
from ..tracing.tape import Entry, root
from .arrays import Array, Part, is_dense, leaves_of
from .calls import Call, Unknown
from .contractions import name_of
from .expressions import TYPES, Expressions, helper_names
from .names import Names
from .numbers import Numbers

if TYPE_CHECKING:
    from ...support.types import DType


_DOUBLE = np.dtype(np.float64)
_REDUCES = ("add", "multiply", "maximum", "minimum", "logical_and", "logical_or")


def able(row: Row, expressions: type[Expressions] = Expressions) -> bool:
    """Whether there is C, or what else the expressions are in, for a row."""
    refs = [*row.sources(), *row.targets()]
    if any(r.dtype.char not in TYPES or not r.dtype.isnative for r in refs):
        return False
    if any(x % r.dtype.itemsize for r in refs for x in (r.offset, *r.strides)):
        return False
    if row.kind == "contract":
        return row.op in ("matmul", "einsum")
    if row.kind == "reduce":
        return row.op in _REDUCES
    if row.kind == "check":
        return True
    try:
        expressions().of(row.op, ["x"] * len(row.inputs), row.types)
    except KeyError:
        return False
    return all(t.char in TYPES for t in row.types)


class Layout:
    """What a run keeps, and under which names: the plan of a text.

    record : what was recorded
    name : the prefix of all public names
    expressions : what prints them; a sibling of C has its own, and its own functions and pieces of the run

    Raises ValueError, with the calls and their lines, where a call has no C.
    """

    expressions: Expressions

    def __init__(self, record: Record, name: str, expressions: type[Expressions] = Expressions) -> None:
        self.record = record
        self.names = Names(name, self.taken())
        self.expressions = expressions()
        called = {f"input {k}": shown for k, shown in enumerate(record.names)}
        self.numbers = Numbers(self.names, called, self.expressions)
        self.program = Program(record.tape, able=lambda row: able(row, expressions))
        self._results = self._give()
        optimise(self.program)
        self.steps = schedule(self.program)
        self._refuse()
        self._kinds = self._dtypes()
        self._called = called
        self._numbers = {id(e.args[0]) for e in record.tape.entries if e.kind == "number"}
        self.arrays: dict[int, Array] = {}
        self._work: dict[int, tuple[str, int]] = {}
        self._sizes: dict[str, tuple[DType, int]] = {}
        self._lay_out()
        self.tensors = self._tensors()

    def taken(self) -> set[str]:
        """Identifiers that are the file's own."""
        return helper_names()

    def results(self) -> Iterator[tuple[str, Any]]:
        """What a run leaves, with its names."""
        return leaves_of("result", self.record.result)

    # Results -----------------------------------------------------------------------------------------------------

    def _give(self) -> dict[int, str]:
        """Results are copied to arrays of their own."""
        found: dict[int, str] = {}
        self.order: list[int | str] = []
        self._numbers_given: list[tuple[str, Live]] = []
        for name, value in self.results():
            if isinstance(value, Live):
                self.order.append(name)
                self._numbers_given.append((name, value))
                continue
            array = np.asarray(plain(value))
            source, target = self.program.ref(array), self.program.new(array.shape, array.dtype)
            memory = self.program.memories[target.memory]
            memory.kept = memory.pinned = True
            given = self.program.memories[source.memory]
            if not any(r.memory == source.memory for row in self.program.rows for r in row.targets()):
                given.kept = given.pinned = True  # nothing computes it
            row = Row("loop", "copy", (source,), target, (array.dtype, array.dtype))
            if not able(row, type(self.expressions)):
                language = self.expressions.language
                raise ValueError(f"{language}: the result is an array of {array.dtype}, which {language} has not.")
            self.program.rows.append(row)
            found[target.memory] = name
            self.order.append(target.memory)
        return found

    # What cannot be ----------------------------------------------------------------------------------------------

    def _refuse(self) -> None:
        wrong = []
        for step in self.steps:
            if isinstance(step, Row) and step.kind == "host":
                entry = step.entry
                assert entry is not None
                if entry.kind == "number":
                    try:
                        self.numbers.formula(entry.run.__self__)  # type: ignore[attr-defined]
                    except ValueError as error:
                        wrong.append(f"{error} at {entry.where}")
                elif entry.kind == "guard" and entry.reads:
                    wrong.append(f"{entry.name} at {entry.where}: the program goes on from a value that a run computes")
                elif entry.kind == "call" and not self._has_c(entry):
                    shapes = ", ".join(f"{a.dtype} {a.shape}" for a in (*entry.reads, *entry.writes))
                    part = f" of {entry.part}" if str(entry.part) else ""
                    wrong.append(f"{entry.name} ({shapes}){part} at {entry.where}")
        if wrong:
            more = f"\n  and {len(wrong) - 20} more" if len(wrong) > 20 else ""
            language = self.expressions.language
            raise ValueError(f"{language}: there is no {language} for\n  " + "\n  ".join(wrong[:20]) + more)

    def _has_c(self, entry: Entry) -> bool:
        try:
            Call(entry, self.program, lambda *_: ("x", 0), type(self.expressions)())
        except Unknown:
            return False
        return True

    def _dtypes(self) -> dict[int, DType]:
        """The dtype of each memory; ValueError where one is seen as two."""
        found: dict[int, DType] = {}
        for step in self.steps:
            for row in step.rows if isinstance(step, Kernel) else [step]:
                for ref in (*row.sources(), *row.targets()):
                    if ref.memory < 0:
                        continue
                    if TYPES[found.setdefault(ref.memory, ref.dtype).char] != TYPES[ref.dtype.char]:
                        what = self.program.memories[ref.memory].name
                        raise ValueError(
                            f"{self.expressions.language}: {what} is seen as {found[ref.memory]} and as {ref.dtype}."
                        )
        return found

    # Memory ------------------------------------------------------------------------------------------------------

    def _lay_out(self) -> None:
        used = set().union(*map(touched, self.steps)) if self.steps else set()
        written = {m for step in self.steps for m in _written(step)}
        inputs = {id(root(a)): k for k, a in enumerate(self.record.inputs) if not isinstance(a, Number)}
        for memory in sorted(used):
            about = self.program.memories[memory]
            if about.pinned:
                self.arrays[memory] = self._array(memory, inputs, memory in written)
        for kind in dict.fromkeys(TYPES[d.char] for d in self._kinds.values()):
            mine = {m for m, d in self._kinds.items() if TYPES[d.char] == kind}
            offsets, size = arena(self.program, self.steps, mine.__contains__)
            if offsets:
                dtype = next(d for d in self._kinds.values() if TYPES[d.char] == kind)
                name = self.names.new(f"work_{name_of(dtype)}", public=False)
                self._sizes[name] = dtype, size // dtype.itemsize
                self._work |= {memory: (name, offset // dtype.itemsize) for memory, offset in offsets.items()}

    def _array(self, memory: int, inputs: dict[int, int], written: bool) -> Array:
        about, dtype = self.program.memories[memory], self._kinds[memory]
        size = about.nbytes // dtype.itemsize
        if memory in self._results:
            note = f"{self._results[memory]}, shape {self._shape_of_result(memory)}"
            name = self.names.new(self._results[memory])
            return Array(name, dtype, size, True, note, None, False, False)
        array = about.array
        if not is_dense(array):
            language = self.expressions.language
            raise ValueError(f"{language}: {about.name} is an array of strides {array.strides}, with gaps in between.")
        owner = self.record.tape.owners.get(id(array))
        if id(array) in self._numbers:
            return Array(self.names.new("number", False), dtype, size, False, "", None, False, False)
        if owner is None:
            values = array if about.kept or not written else None
            return Array(self.names.new(about.name, False), dtype, size, False, "", values, False, not written)
        shown = self._called.get(owner[0], owner[0])
        layout = "" if array.flags.c_contiguous else f", strides {tuple(s // array.itemsize for s in array.strides)}"
        note = f"{shown}, shape {array.shape}{layout}"
        return Array(self.names.new(shown), dtype, size, True, note, array, id(array) in inputs, False)

    def _shape_of_result(self, memory: int) -> tuple[int, ...]:
        for row in reversed(self.program.rows):
            for ref in row.targets():
                if ref.memory == memory:
                    return ref.shape
        return ()

    def _place(self, memory: int, first: int, low: int, high: int) -> tuple[str, int]:
        """The array, or the tensor in it, that holds the elements from ``low`` to ``high``, and where ``first`` is."""
        if memory not in self.arrays:
            name, start = self._work[memory]
            return name, start + first
        for part in self.tensors.get(memory, ()):
            if part.first <= low and high < part.first + part.size:
                return part.name, first - part.first
        return self.arrays[memory].name, first

    def _tensors(self) -> dict[int, list[Part]]:
        """The tensors that are parts of larger arrays, such as parameters in their optimizer's."""
        found: dict[int, list[Part]] = {}
        known = {id(self.program.memories[m].array): m for m in self.arrays}
        for (shown, _), home in zip(self.record.owners.tensors, self.record.homes, strict=True):
            memory = known.get(id(root(home)))
            if memory is None or home.size in (0, self.arrays[memory].size) or not home.flags.c_contiguous:
                continue
            first = self.program.ref(home).offset // home.itemsize
            if home.dtype == self.arrays[memory].dtype:
                part = Part(self.names.new(shown), first, home.size, f"{shown}, shape {home.shape}")
                found.setdefault(memory, []).append(part)
        return found


def _written(step: Step) -> Iterator[int]:
    if isinstance(step, Row):
        yield from (ref.memory for ref in step.targets())
        return
    for row, stored in zip(step.rows, step.stored, strict=True):
        if stored and row.output is not None:
            yield row.output.memory
