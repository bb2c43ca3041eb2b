"""A recorded run as an ONNX graph: what it keeps as inputs and outputs, and its rows as operators."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..c.arrays import leaves_of
from ..form import Program, Ref, Row
from ..passes import optimise
from ..record import Number, Record
from ..state import is_scratch
from ..tracing.numbers import Item, Live
from ..tracing.recorded import plain
from ..tracing.tape import Entry, root
from .building import Builder
from .calls import Unknown, call
from .elementwise import can, elementwise
from .values import Layout, Values, flat

if TYPE_CHECKING:
    from ...support.types import Array, DType


_REDUCES = {"add": "ReduceSum", "multiply": "ReduceProd", "maximum": "ReduceMax", "minimum": "ReduceMin"}
_TRUTHS = ("logical_and", "logical_or")
_BOOL, _DOUBLE, _WHOLE = np.dtype(bool), np.dtype(np.float64), np.dtype(np.int64)
_SIGNS = {"add": "Add", "sub": "Sub", "mul": "Mul", "truediv": "Div", "pow": "Pow", "neg": "Neg", "abs": "Abs"}


def able(row: Row) -> bool:
    """Whether there are operators for a row."""
    refs = [*row.sources(), *row.targets()]
    if any(r.dtype.kind not in "fiub" or r.dtype.char == "g" or not r.dtype.isnative for r in refs):
        return False
    if any(x % r.dtype.itemsize for r in refs for x in (r.offset, *r.strides)):
        return False
    if row.kind == "loop":
        return can(row.op, "".join(t.kind for t in row.types[: len(row.inputs)]))
    if row.kind == "reduce":
        return row.op in _TRUTHS or (row.op in _REDUCES and row.types[0].kind != "b")
    return row.kind in ("contract", "check")


class OnnxProgram:
    """The graph of a record in ``builder``.

    Raises ValueError, with the calls, their modules and lines, where a call has no operators.
    """

    def __init__(self, record: Record) -> None:
        self.record = record
        self.b = Builder()
        self.values = Values(self.b)
        self.called = {f"input {k}": shown for k, shown in enumerate(record.names)}
        self.program = Program(record.tape, scratch=is_scratch, able=able)
        self.results = self._keep_results()
        self.gradients = self._keep_gradients()
        optimise(self.program)
        self.state: dict[str, str] = {}
        self.draws: dict[str, str] = {}
        self.checks: list[str] = []
        self._after: list[tuple[str, Ref]] = []
        self._places: dict[str, str] = {}
        self._items: dict[int, str] = {}
        self._begin()
        self._refused: list[str] = []
        for row in self.program.rows:
            self._row(row)
        if self._refused:
            more = f"\n  and {len(self._refused) - 20} more" if len(self._refused) > 20 else ""
            raise ValueError("ONNX: there is no operator for\n  " + "\n  ".join(self._refused[:20]) + more)
        self._end()

    # What is kept ------------------------------------------------------------------------------------------------

    def _keep(self, array: Array) -> Ref:
        ref = self.program.ref(array)
        memory = self.program.memories[ref.memory]
        memory.kept = memory.pinned = True
        return ref

    def _keep_results(self) -> list[tuple[str, Ref | Live]]:
        found: list[tuple[str, Ref | Live]] = []
        for name, value in leaves_of("result", self.record.result):
            found.append((name, value if isinstance(value, Live) else self._copied(np.asarray(plain(value)))))
        return found

    def _copied(self, array: Array) -> Ref:
        """A result is what it was when the run ended, in memory of its own."""
        source, target = self._keep(array), self.program.new(array.shape, array.dtype)
        memory = self.program.memories[target.memory]
        memory.kept = memory.pinned = True
        self.program.rows.append(Row("loop", "copy", (source,), target, (array.dtype, array.dtype)))
        return target

    def _keep_gradients(self) -> list[tuple[str, Ref]]:
        names = {id(t): name for name, t in self.record.owners.tensors}
        given = self.record.gradients
        return [
            (f"{names.get(id(t), 'leaf')}.grad", self._keep(a))
            for t, a in zip(given.tensors, given.arrays, strict=True)
            if a is not None
        ]

    def _begin(self) -> None:
        """Memory as it is before the run: inputs, state, and constants."""
        tape, inputs = self.record.tape, {id(root(a)) for a in self.record.inputs if not isinstance(a, Number)}
        written = {ref.memory for row in self.program.rows for ref in row.targets()}
        read: dict[int, DType] = {}
        for row in self.program.rows:
            for ref in (*row.sources(), *row.targets()):
                if ref.memory >= 0 and read.setdefault(ref.memory, ref.dtype) != ref.dtype:
                    what = self.program.memories[ref.memory].name
                    raise ValueError(f"ONNX: {what} is seen as {read[ref.memory]} and as {ref.dtype}.")
        for _, ref in self.gradients:
            read.setdefault(ref.memory, ref.dtype)
        for memory, dtype in read.items():
            about = self.program.memories[memory]
            size = about.nbytes // dtype.itemsize
            self.values.begin(memory, size, dtype)
            array = about.array
            owner = None if array is None else tape.owners.get(id(array))
            if array is None or (owner is None and memory in written and not about.kept):
                continue
            if owner is None or (id(array) not in inputs and memory not in written):
                self._set(memory, array, self.b.constant(array, self._named(owner, about.name)))
            elif id(array) in inputs:
                self._set(memory, array, self.b.input(self._named(owner, ""), array.dtype, array.shape))
            elif not is_scratch(owner[0]):
                self._state(memory, array, owner[0])

    def _named(self, owner: tuple[str, Any] | None, other: str) -> str:
        return other if owner is None else self.called.get(owner[0], owner[0])

    def _set(self, memory: int, array: Array, value: str) -> None:
        self.values.set(memory, Layout.of(self.program.ref(array)), value)

    def _default(self, name: str, array: Array) -> str:
        """An input that begins, where nothing is given, as it is now."""
        given = self.b.input(name, array.dtype, array.shape)
        self.b.initializers[given] = self.b.onnx.numpy_helper.from_array(np.array(array, order="C"), given)
        return given

    def _parts(self, array: Array) -> list[tuple[str, Ref]]:
        """The tensors that lie side by side in an array and fill it, such as parameters in their optimizer's."""
        found = [
            (name, self.program.ref(home))
            for (name, _), home in zip(self.record.owners.tensors, self.record.homes, strict=True)
            if root(home) is array and home.size not in (0, array.size) and home.flags.c_contiguous
        ]
        found = sorted({ref.offset: (name, ref) for name, ref in found}.values(), key=lambda part: part[1].offset)
        end = 0
        for _, ref in found:
            if ref.offset != end:
                return []
            end = ref.span()[1]
        return found if end == array.nbytes else []

    def _state(self, memory: int, array: Array, name: str) -> None:
        """What a run reads and leaves changed."""
        parts = self._parts(array)
        if not parts:
            given = self._default(name, array)
            self._set(memory, array, given)
            self._after.append((given, self.program.ref(array)))
            return
        lines = []
        for part, ref in parts:
            given = self._default(part, _view(array, ref))
            self._after.append((given, ref))
            lines.append(self.b.reshape(given, [-1]))
        self.values.set(memory, flat(array.size), self.b.node("Concat", *lines, axis=0))

    # Rows --------------------------------------------------------------------------------------------------------

    def _row(self, row: Row) -> None:
        entry = row.entry
        self.b.place = "/".join(x for x in (entry.part.phase, entry.part.module) if x) if entry is not None else ""
        if row.kind == "host":
            assert entry is not None
            try:
                self._host(entry)
            except (Unknown, ValueError) as why:
                seen = ", ".join(f"{a.dtype} {a.shape}" for a in (*entry.reads, *entry.writes))
                part = f", {entry.part}" if str(entry.part) else ""
                self._refused.append(f"{entry.name} ({seen}) at {entry.where}{part}" + (f": {why}" if str(why) else ""))
            return
        if row.kind == "check":
            value = self.values.read(row.inputs[0])
            truth = value if row.types[0].kind == "b" else self.b.cast(value, _BOOL)
            self.checks.append(truth if row.expected else self.b.node("Not", truth))
            return
        assert row.output is not None
        inputs: list[str] = []
        shapes: list[tuple[int, ...]] = []
        for k, x in enumerate(row.inputs):
            kind = row.types[min(k, len(row.types) - 1)]
            if not isinstance(x, Ref):
                inputs.append(self.b.constant(kind.type(x)))
                continue
            shapes.append(Layout.of(x).shape)
            if k == 0 and row.gather:
                value = self.values.gather(x, row.gather)
                shapes[-1] = np.broadcast_shapes(shapes[-1], *(Layout.of(i.ref).shape for i in row.gather))
            else:
                value = self.values.read(x)
            inputs.append(value if x.dtype == kind else self.b.cast(value, kind))
        if row.kind == "contract":
            self._contraction(row, inputs, shapes)
            return
        shape = np.broadcast_shapes(*shapes) if shapes else (1,) * len(row.output.shape)
        if row.kind == "reduce":
            value, shape = self._reduced(row, inputs[0], shape)
        else:
            value = elementwise(self.b, row.op, inputs, row.types)
        self._store(row, value, tuple(shape))

    def _store(self, row: Row, value: str, shape: tuple[int, ...]) -> None:
        out = row.output
        assert out is not None
        made = row.types[0] if row.op == "copy" else row.types[-1]
        if made != out.dtype:
            value = self.b.cast(value, out.dtype)
        if row.scatter:
            self.values.scatter(out, row.scatter, value, shape)
        else:
            self.values.write(out, value, shape)

    def _reduced(self, row: Row, value: str, shape: tuple[int, ...]) -> tuple[str, tuple[int, ...]]:
        out = row.output
        assert out is not None
        b, kept = self.b, Layout.of(out).shape
        axes = [k for k, (n, m) in enumerate(zip(out.shape, kept, strict=True)) if m == 1 and n != 1]
        if any(shape[k] != out.shape[k] for k in axes):
            value, shape = self.values.spread(value, out.shape), out.shape
        if not axes:
            return value, shape
        if row.op in _TRUTHS:
            whole = b.cast(value, _WHOLE)
            op = _REDUCES["minimum" if row.op == "logical_and" else "maximum"]
            value = b.cast(b.node(op, whole, b.constant(axes), keepdims=1), _BOOL)
        elif row.types[0].kind == "f":
            value = b.node(_REDUCES[row.op], value, b.constant(axes), keepdims=1)
        else:
            value = self._reduced_whole(row, value, axes)
        return value, tuple(1 if k in axes else n for k, n in enumerate(shape))

    def _reduced_whole(self, row: Row, value: str, axes: list[int]) -> str:
        """Whole numbers go by int64, which runtimes can reduce; with its first bit turned it has uint64's order."""
        b, kind = self.b, row.types[0]
        turned = kind == np.uint64 and row.op in ("maximum", "minimum")
        first = b.constant(np.int64(np.iinfo(np.int64).min))
        value = value if kind == _WHOLE else b.cast(value, _WHOLE)
        value = b.node("BitwiseXor", value, first) if turned else value
        value = b.node(_REDUCES[row.op], value, b.constant(axes), keepdims=1)
        value = b.node("BitwiseXor", value, first) if turned else value
        return value if kind == _WHOLE else b.cast(value, kind)

    def _contraction(self, row: Row, inputs: list[str], shapes: list[tuple[int, ...]]) -> None:
        out = row.output
        assert out is not None
        if row.op == "matmul":
            full = [x.shape[-2:] for x in row.inputs]
            for k, x in enumerate(row.inputs):
                if shapes[k][-2:] != full[k]:
                    inputs[k] = self.values.spread(inputs[k], (*shapes[k][:-2], *x.shape[-2:]))
            value = self.b.node("MatMul", *inputs)
            batch = np.broadcast_shapes(*(s[:-2] for s in shapes))
            self._store(row, value, (*batch, *out.shape[-2:]))
            return
        value, shape = self.b.node("Mul", *inputs), np.broadcast_shapes(*shapes)
        value, shape = self._reduced(row._replace(op="add"), value, shape)
        self._store(row, value, shape)

    def _host(self, entry: Entry) -> None:
        if entry.kind == "call":
            call(entry, self.program, self.values)
        elif entry.kind == "number":
            array = entry.args[0]
            value = self.b.cast(self._number(entry.run.__self__), array.dtype)  # type: ignore[attr-defined]
            self.values.write(self.program.ref(array), value, ())
        elif entry.kind == "item":
            item = entry.run.__self__  # type: ignore[attr-defined]
            place = np.arange(item.array.size).reshape(item.array.shape).item(*item.place)
            value = self.b.reshape(self.values.whole(self.program.ref(item.array)), [-1])
            value = self.b.reshape(
                self.b.node("Slice", value, self.b.constant([place]), self.b.constant([place + 1])), []
            )
            self._items[id(item)] = self.b.cast(value, _DOUBLE)
        elif entry.kind == "draw":
            (array,) = entry.writes
            given = self.b.input("/".join(filter(None, (entry.part.module, entry.name))), array.dtype, array.shape)
            self.values.write(self.program.ref(array), given, array.shape)
            self.draws[given] = entry.name
        elif entry.kind == "guard" and entry.reads:
            raise Unknown("the program goes on from a value that a run computes")

    def _number(self, live: Any) -> str:
        """A number that changes between two runs, in double."""
        if not isinstance(live, Live):
            return self.b.constant(np.float64(live))
        if isinstance(live.form, str):
            return self._place(live.form, float(live.again()))
        if isinstance(live.form, Item):
            return self._items[id(live.form)]
        if live.form is None:
            raise Unknown("a number without a formula")
        op, *operands = live.form
        values = [self._number(x) for x in operands]
        if op == "floordiv":
            return str(self.b.node("Floor", self.b.node("Div", *values)))
        if op not in _SIGNS:
            raise Unknown(f"{op} of a number")
        return str(self.b.node(_SIGNS[op], *values))

    def _place(self, place: str, value: float) -> str:
        if place not in self._places:
            shown = self.called.get(place)
            if shown is None:
                self._places[place] = self._default(place, np.asarray(value))
            else:
                self._places[place] = self.b.input(shown, _DOUBLE, ())
        return self._places[place]

    # After the run -----------------------------------------------------------------------------------------------

    def _end(self) -> None:
        self.b.place = ""
        for name, value in self.results:
            if isinstance(value, Live):
                self.b.output(name, self._number(value), _DOUBLE, ())
            else:
                self.b.output(name, self.values.whole(value), value.dtype, value.shape)
        for name, ref in self.gradients:
            self.b.output(name, self.values.whole(ref), ref.dtype, ref.shape)
        for given, ref in self._after:
            self.state[given] = self.b.output(f"{given}.next", self.values.whole(ref), ref.dtype, ref.shape)
        made: dict[str, str] = {}
        for place, value in self.record.computed:
            for j, part in enumerate(value) if isinstance(value, tuple) else [(None, value)]:
                if isinstance(part, Live) and not isinstance(part.form, str):
                    given = self._place(place.name if j is None else f"{place.name}[{j}]", float(part.again()))
                    made.setdefault(given, self._number(part))
        for given, number in made.items():
            self.state[given] = self.b.output(f"{given}.next", number, _DOUBLE, ())
        if self.checks:
            valid = self.checks[0]
            for other in self.checks[1:]:
                valid = self.b.node("And", valid, other)
            self.b.output("valid", self.b.reshape(valid, []), _BOOL, ())
        self.b.note("state", self.state)
        self.b.note("draws", self.draws)


def _view(array: Array, ref: Ref) -> Array:
    """The part of an array's memory that a ref shows."""
    line = np.lib.stride_tricks.as_strided(array, (array.size,), (array.itemsize,))
    first = ref.offset // array.itemsize
    return line[first : first + int(np.prod(ref.shape))].reshape(ref.shape)
