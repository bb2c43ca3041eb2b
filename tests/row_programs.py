"""Random programs of rows, and what they mean: a reading of the form that knows no pass."""

from __future__ import annotations

import itertools
import types
from typing import Any

import numpy as np

from autograd_core.programs.form import Index, Memory, Program, Ref, Row, overlap
from autograd_core.programs.passes.fusion import Kernel, split, walk

FLOAT, WHOLE, TRUTH = np.dtype(np.float64), np.dtype(np.int64), np.dtype(np.bool_)
SIZE = 4
OPERATIONS: dict[str, Any] = {
    "copy": lambda x: x, "negative": np.negative, "tanh": np.tanh, "add": np.add, "subtract": np.subtract,
    "multiply": np.multiply, "divide": np.divide, "power": np.power, "maximum": np.maximum,
}  # fmt: skip
LAYOUTS = {  # shape: (first byte, strides), all within four numbers
    (4,): [(0, (8,)), (24, (-8,)), (0, (0,)), (16, (0,))],
    (2,): [(0, (8,)), (16, (8,)), (8, (16,)), (8, (0,))],
    (2, 2): [(0, (16, 8)), (0, (8, 16)), (0, (0, 8)), (0, (8, 0))],
}


class Meaning:
    """Memory, and rows run on it one point after another.

    seen : what each host row has read; ended : whether a check has ended the run
    """

    def __init__(self, program: Program, places: dict[int, tuple[bytearray, int]]) -> None:
        self.program, self.places = program, places
        self.seen: dict[int, Any] = {}
        self.ended = False

    def at(self, ref: Ref, index: tuple[int, ...], moved: int = 0) -> Any:
        """One number of memory, as an array of no axes that can be written."""
        buffer, start = self.places[ref.memory]
        offset = start + ref.offset + moved + sum(i * s for i, s in zip(index, ref.strides, strict=True))
        return np.ndarray((), ref.dtype, buffer, offset)

    def moved(self, indices: tuple[Index, ...], index: tuple[int, ...]) -> int:
        found = [(int(self.at(i.ref, index)), i) for i in indices]
        return sum((n + i.length if n < 0 else n) * i.stride for n, i in found)

    def run(self, steps: list[Any]) -> None:
        with np.errstate(all="ignore"):
            self._run(steps)

    def _run(self, steps: list[Any]) -> None:
        for step in steps:
            if self.ended:
                return
            if isinstance(step, Kernel):
                self.kernel(step)
            elif step.kind == "host":
                read = [[float(self.at(r, i)) for i in np.ndindex(*r.shape)] for r in step.reads]
                self.seen[step.entry.number] = read
                for ref in step.writes:
                    for n, i in enumerate(np.ndindex(*ref.shape)):
                        self.at(ref, i)[...] = np.sin(np.sum(read) + n)
            elif step.kind == "check":
                self.ended = bool(self.at(step.inputs[0], ())) != step.expected
            else:
                self.kernel(Kernel([step], step.space, [True]))

    def kernel(self, kernel: Kernel) -> None:
        """All rows at one point, then all at the next; what is not stored is known to this point alone."""
        sums: dict[Any, Any] = {}
        rows = [
            row._replace(
                inputs=tuple(split(x, kernel.space) if isinstance(x, Ref) else x for x in row.inputs),
                output=split(row.output, kernel.space),  # type: ignore[arg-type]
                gather=tuple(i._replace(ref=split(i.ref, kernel.space)) for i in row.gather),
            )
            for row in kernel.rows
        ]
        for index in np.ndindex(*kernel.space):
            registers: dict[Any, Any] = {}
            for row, stored in zip(rows, kernel.stored, strict=True):
                values = []
                for k, x in enumerate(row.inputs):
                    if isinstance(x, Ref):
                        gathered = k == 0 and row.gather
                        register = None if gathered else registers.get(walk(x))
                        where = self.at(x, index, self.moved(row.gather, index) if gathered else 0)
                        x = where[()] if register is None else register
                    values.append(row.types[k].type(x))
                assert row.output is not None
                if row.kind == "reduce":
                    key = walk(row.output), sum(i * s for i, s in zip(index, row.output.strides, strict=True))
                    first = key not in sums
                    sums[key] = row.output, index, values[0] if first else sums[key][2] + values[0]
                    continue
                value = row.output.dtype.type(OPERATIONS[row.op](*values))
                registers[walk(row.output)] = value
                if stored:
                    self.at(row.output, index)[...] = value
        for ref, index, total in sums.values():
            self.at(ref, index)[...] = total


def drawn(rng: np.random.Generator) -> Program:
    """A random program: two memories that are kept, one of indices, five in between, and about twelve rows."""
    program = Program.__new__(Program)
    names = ["x", "y", "indices", *(f"t{k}" for k in range(5))]
    program.memories = [Memory(name, SIZE * 8, kept=k < 3, pinned=k < 3) for k, name in enumerate(names)]
    filled = [set(range(32)) if k < 3 else set() for k in range(len(names))]
    numbers = itertools.count()
    rows: list[Row] = []

    def ref(shape: tuple[int, ...], writes: bool) -> Ref | None:
        places = [m for m in range(len(names)) if m != 2 and (writes or filled[m])]
        memory = int(rng.choice(places))
        if shape == ():
            found = Ref(memory, 8 * int(rng.integers(4)), (), (), FLOAT)
        else:
            usual = rng.random() < 0.6
            offset, strides = LAYOUTS[shape][0 if usual else int(rng.integers(len(LAYOUTS[shape])))]
            if writes and 0 in strides:
                return None
            found = Ref(memory, offset, shape, strides, FLOAT)
        return found if writes or _bytes(found) <= filled[memory] else None

    while len(rows) < 12:
        chance, shape = rng.random(), [(4,), (2,), (2, 2)][rng.choice(3, p=[0.6, 0.2, 0.2])]
        if chance < 0.08:
            read, wrote = ref((4,), False), ref((4,), True)
            if read is None or wrote is None:
                continue
            entry: Any = types.SimpleNamespace(kind="call", number=next(numbers), may_fail=False)
            rows.append(Row("host", "host", entry=entry, reads=(read,), writes=(wrote,)))
            for r in (read, wrote):
                program.memories[r.memory].pinned = True
            filled[wrote.memory] |= _bytes(wrote)
            continue
        if chance < 0.16:
            read = ref((), False)
            if read is not None:
                rows.append(Row("check", "truth", (read,), types=(FLOAT,), expected=rng.random() < 0.9))
            continue
        out = ref(shape, True)
        if out is None:
            continue
        kind, op = "loop", str(rng.choice([*OPERATIONS, "copy", "copy"]))
        gather: tuple[Index, ...] = ()
        count = 1 if op in ("copy", "negative", "tanh") else 2
        inputs: list[Any] = [ref(shape, False) for _ in range(count)]
        if chance < 0.26 and shape == (4,):  # a sum to the first number, or of each pair
            kind, op, inputs = "reduce", "add", inputs[:1]
            out = out._replace(offset=8 * int(rng.integers(4)), strides=(0,))
        elif chance < 0.36 and shape == (4,):
            op, base = "copy", ref((4,), False)
            inputs = [base and base._replace(offset=0, strides=(0,))]
            gather = (Index(Ref(2, 0, (4,), (8,), WHOLE), 8, SIZE),)
            if base is None or len(filled[base.memory]) < 32:
                continue
        elif chance < 0.44 and shape == (4,):
            op, inputs = "copy", [FLOAT.type(rng.choice([0.0, 1.0, 3.0]))]
        elif count == 2 and rng.random() < 0.4:
            inputs[int(rng.integers(2))] = FLOAT.type(rng.choice([0.0, 1.0, 2.0, 0.5]))
        if any(x is None for x in inputs):
            continue
        row = Row(kind, op, tuple(inputs), out, (FLOAT,) * (len(inputs) + 1), gather)
        alike = lambda x, out=out: (x.offset, x.shape, x.strides) == (out.offset, out.shape, out.strides)
        sources = row._replace(output=None).sources()
        if any(overlap(x, out) and (row.gather or kind == "reduce" or not alike(x)) for x in sources):
            continue
        rows.append(row)
        filled[out.memory] |= _bytes(out)
    program.rows = rows
    return program


def _bytes(ref: Ref) -> set[int]:
    starts = [sum(i * s for i, s in zip(index, ref.strides, strict=True)) for index in np.ndindex(*ref.shape)]
    return {ref.offset + start + k for start in starts for k in range(8)}


def outcome(
    program: Program, steps: list[Any], rng: np.random.Generator, arena: tuple[dict[int, int], int] | None = None
) -> Any:
    """What a run leaves in the memory that is kept, and has shown to host rows; True where a check has ended it."""
    offsets, size = arena or ({}, 0)
    shared = bytearray(np.full(size // 8 + 8, np.nan).tobytes())
    places = {}
    for m, memory in enumerate(program.memories):
        content = rng.integers(-SIZE, SIZE, SIZE) if m == 2 else rng.normal(size=SIZE)
        own = bytearray((content if memory.kept else np.full(SIZE, np.nan)).tobytes())
        places[m] = (shared, offsets[m]) if m in offsets else (own, 0)
    meaning = Meaning(program, places)
    meaning.run(steps)
    if meaning.ended:
        return True
    return [bytes(places[m][0]) for m in range(2)], meaning.seen
