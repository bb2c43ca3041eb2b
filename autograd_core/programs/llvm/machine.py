"""A tape as machine code: native segments, cut where Python or NumPy must be called."""

from __future__ import annotations

import ctypes
import functools
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
from llvmlite import ir

from ..form import Program, Ref, Row
from ..passes import optimise
from ..passes.fusion import Kernel, Step, schedule
from ..passes.memory import LINE, arena, touched
from ..rolling import Piece
from ..tracing.tape import Mismatch, Tape
from . import blas, engine, operations, prepared
from .kernels import Kernels
from .types import I8, I64, POINTER, cast, constant, stored

_ROUNDS = "rounds"
_ENTRY = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_void_p)


def able(row: Row) -> bool:
    """Whether there is machine code for a row."""
    if row.kind == "contract":
        return blas.able(row)
    if row.output is not None and 0 in row.space:
        return False
    refs = [*row.sources(), *row.targets()]
    if any(abs(x) % r.dtype.alignment for r in refs for x in (r.offset, *r.strides)):
        return False
    if row.kind == "check":
        return True
    if row.op == "power" and not isinstance(row.inputs[1], Ref) and row.inputs[1] in (1, 2):
        return True  # `simplify` makes copies and products of them
    for x, t in zip(row.inputs, row.types, strict=False):
        if isinstance(x, Ref) and not operations.able("copy", (x.dtype, t)):
            return False
    assert row.output is not None
    if not operations.able("copy", (row.types[-1], row.output.dtype)):
        return False
    if row.kind == "reduce":
        return row.op in operations.REDUCES and operations.able(row.op, row.types)
    return operations.able(row.op, row.types)


class Machine:
    """The native form of a tape, or of the body of one of its loops.

    rounds, memory : of a loop, those of its `Piece`; the code is one round's, and each has a table of its own
    plan : what a replay calls, as tuples (function, *arguments); `Mismatch` where a check fails
    parts : for each call the kept memory that it writes, whether it may end the run, whether it draws numbers
    """

    def __init__(
        self, tape: Tape, kept: Iterable[Any], scratch: Callable[[str], bool], loop: Piece | None = None
    ) -> None:
        self.loop = loop
        self.program = optimise(Program(tape, kept, scratch, able))
        blas.turn_small(self.program)
        self.steps = schedule(self.program)
        offsets, size = arena(self.program, self.steps)
        self._arena = np.empty(size + LINE, np.uint8)
        start = self._arena.ctypes.data
        self._table: list[int] = [start + -start % LINE]
        self._slots: dict[int | str, int] = {}
        self._offsets = offsets
        self._used = set().union(*map(touched, self.steps)) if self.steps else set()
        self.plan: list[tuple[Any, ...]] = []
        self.parts: list[tuple[list[Any], bool, bool]] = []
        self._build()

    def _early(self) -> int:
        """How many steps there are up to the last one that may end the run."""
        return 1 + max((k for k, step in enumerate(self.steps) if isinstance(step, Row) and _may_end(step)), default=-1)

    def _part(self, steps: list[Step]) -> tuple[list[Any], bool, bool]:
        """What a call does: the kept memory that it writes, whether it may end the run, whether it draws numbers."""
        rows = [row for step in steps for row in (step.rows if isinstance(step, Kernel) else [step])]
        memories = [self.program.memories[ref.memory] for row in rows for ref in row.targets() if ref.memory >= 0]
        draws = any(row.kind == "host" and row.entry is not None and row.entry.kind == "draw" for row in rows)
        return [m.array for m in memories if m.kept], any(map(_may_end, rows)), draws

    # Segments -----------------------------------------------------------------------------------------------------

    def _segments(self) -> Iterator[list[Step]]:
        """The steps, those of NumPy by themselves; nothing after the last check is called together with it."""
        native: list[Step] = []
        early = self._early()
        for k, step in enumerate(self.steps):
            host = _is_host(step)
            if native and (host or k == early):
                yield native
                native = []
            if host:
                yield [step]
            else:
                native.append(step)
        if native:
            yield native

    def _printed(self) -> Kernels:
        """The module with all segments and their kernels."""
        kernels = Kernels(ir.Module("program"), engine.vector_bytes())
        for name, steps in self._native.items():
            self._entry(kernels.module, name, steps, kernels)
        if self._whole:
            _emit_rounds(kernels.module, kernels.module.get_global(*self._native))
        return kernels

    @property
    def text(self) -> str:
        """The code as LLVM's assembly after its passes; each function says which calls at which lines it makes."""
        kernels = self._printed()
        slots = [str(key) if isinstance(key, str) else self.program.memories[key].name for key in self._slots]
        head = [f"; {k} {_as_comment(slot)}" for k, slot in enumerate(["intermediates", *slots])]
        notes = {
            name: _note([row for kernel in found for row in kernel.rows]) for name, found in kernels.kernels.items()
        }
        notes |= {name: _note([row for row in steps if isinstance(row, Row)]) for name, steps in self._native.items()}
        lines = []
        for line in str(engine.optimised(str(kernels.module))[0]).splitlines():
            found = re.match(r"define .*@\"?(\w+)\"?\(", line)
            lines += [*notes.get(found[1], []), line] if found else [line]
        return "\n".join(["; The table of addresses that each segment is given:", *head, "", *lines, ""])

    def _linked(self, segments: list[list[Step]]) -> Any:
        """The engine of the segments' code: from the disk, or made now."""
        places = [(m, self._offsets.get(m)) for m in sorted(self._used)]
        key = prepared.key_of(segments, places, self.loop is not None)
        found = prepared.load(key)
        if found is None:
            code = engine.object_code(str(self._printed().module))
            prepared.store(key, list(self._slots), code)
        else:
            slots, code = found
            for slot in slots:
                self._slot(slot)
        return engine.linked(code)

    def _build(self) -> None:
        segments = list(self._segments())
        names = {k: f"segment{k}" for k, steps in enumerate(segments) if not _is_host(steps[0])}
        self._native = {name: segments[k] for k, name in names.items()}
        self._whole = self.loop is not None and len(segments) == 1 and bool(names)
        self._engine: Any = self._linked(segments) if names else None
        rounds = [{}] if self.loop is None else self.loop.memory
        self._tables = np.array([self._table_of(memory) for memory in rounds], np.uint64)
        parts = [self._part(steps) for steps in segments]
        if self._whole:
            self._head = np.array([len(rounds), self._tables.ctypes.data, self._tables.strides[0]], np.uint64)
            self.plan.append((self._call(_ROUNDS, segments[0]), ctypes.c_void_p(self._head.ctypes.data)))
            writes = [_there(memory, array)[0] for memory in rounds for array in parts[0][0]]
            self.parts.append((writes, *parts[0][1:]))
            return
        native = {k: self._call(name, segments[k]) for k, name in names.items()}
        for n, memory in enumerate(rounds):
            where = ctypes.c_void_p(self._tables[n].ctypes.data)
            for k, steps in enumerate(segments):
                writes, ends, draws = parts[k]
                self.parts.append(([_there(memory, array)[0] for array in writes], ends, draws))
                self.plan.append((native[k], where) if k in native else self._host(steps[0], n))

    def _host(self, step: Step, n: int) -> tuple[Any, ...]:
        """The call of NumPy that a step is in a loop's n-th round."""
        entry = step.entry  # type: ignore[union-attr]
        assert entry is not None
        if self.loop is not None:
            entry = self.loop.rounds[n][next(k for k, e in enumerate(self.loop.body) if e is entry)]
        return (functools.partial(entry.run, **entry.kwargs) if entry.kwargs else entry.run, *entry.args)

    def _table_of(self, memory: dict[int, tuple[Any, int]]) -> list[int]:
        """The addresses of a round."""
        table = list(self._table)
        for key, slot in self._slots.items():
            if not isinstance(key, str):
                array, moved = _there(memory, self.program.memories[key].array)
                table[slot] = array.__array_interface__["data"][0] + moved
        return table

    def _call(self, name: str, steps: list[Step]) -> Any:
        run = _ENTRY(self._engine.get_function_address(name))
        checks = [step for step in steps if isinstance(step, Row) and step.kind == "check"]
        if checks:

            def passed(failed: int, *_: object) -> int:
                if failed:
                    entry = checks[failed - 1].entry
                    assert entry is not None
                    raise Mismatch(f"{entry.name} at {entry.where} is another one than when this was recorded")
                return failed

            run.errcheck = passed  # type: ignore[assignment]
        return run

    def _place(self, memory: int) -> tuple[int, int] | None:
        """The slot of the table that a memory is reached through, and the bytes from there."""
        if memory in self._offsets:
            return 0, self._offsets[memory]
        array = self.program.memories[memory].array
        if memory not in self._used or array is None:
            return None
        return self._slot(memory), 0

    def _slot(self, key: int | str) -> int:
        """The place in the table of the address of a memory, or of a function of BLAS."""
        if key not in self._slots:
            self._slots[key] = len(self._table)
            if isinstance(key, str):
                library = blas.blas()
                assert library is not None
                self._table.append(library.addresses[key])
            else:
                self._table.append(self.program.memories[key].array.__array_interface__["data"][0])
        return self._slots[key]

    def _entry(self, module: ir.Module, name: str, steps: list[Step], kernels: Kernels) -> None:
        function = ir.Function(module, ir.FunctionType(I64, [POINTER]), name)
        builder = ir.IRBuilder(function.append_basic_block("entry"))
        builder.branch(function.append_basic_block("start"))
        builder.position_at_end(function.blocks[-1])
        table = function.args[0]

        def load(slot: int) -> ir.Value:
            at = builder.gep(table, [constant(I64, slot)], source_etype=POINTER)
            return builder.load(at, typ=POINTER)

        def pointer(memory: int, offset: int) -> ir.Value | None:
            place = self._place(memory)
            if place is None:
                return None
            return builder.gep(load(place[0]), [constant(I64, place[1] + offset)], source_etype=I8)

        def address(ref: Ref) -> ir.Value:
            return pointer(ref.memory, ref.offset)

        checks = 0
        for step in steps:
            if isinstance(step, Kernel):
                kernels.call(builder, step, pointer)
            elif step.kind == "contract":
                library = blas.blas()
                assert library is not None
                function_of_blas = load(self._slot(step.types[0].char + "gemm"))
                blas.emit(builder, step, function_of_blas, library.c, address)
            else:
                checks += 1
                ref = step.inputs[0]
                value = builder.load(address(ref), typ=stored(ref.dtype))
                if ref.dtype.kind == "b":
                    value = builder.icmp_unsigned("!=", value, constant(I8, 0))
                else:
                    value = cast(builder, value, ref.dtype, np.dtype(bool), 1)
                good, bad = function.append_basic_block("good"), function.append_basic_block("bad")
                builder.cbranch(value, *((good, bad) if step.expected else (bad, good)))
                builder.position_at_end(bad)
                builder.ret(constant(I64, checks))
                builder.position_at_end(good)
        builder.ret(constant(I64, 0))


def _emit_rounds(module: ir.Module, segment: ir.Function) -> None:
    """``segment`` with one table after another, until a check fails: their number, the first, and their distance."""
    function = ir.Function(module, ir.FunctionType(I64, [POINTER]), _ROUNDS)
    start, again, end = (function.append_basic_block(name) for name in ("start", "again", "end"))
    builder = ir.IRBuilder(start)
    count, first, width = (
        builder.load(builder.gep(function.args[0], [constant(I64, k)], source_etype=I64), typ=kind)
        for k, kind in enumerate((I64, POINTER, I64))
    )
    builder.branch(again)
    builder.position_at_end(again)
    done, table = builder.phi(I64), builder.phi(POINTER)
    failed = builder.call(segment, [table])
    more, following = builder.add(done, constant(I64, 1)), builder.gep(table, [width], source_etype=I8)
    for phi, begin, go_on in ((done, constant(I64, 0), more), (table, first, following)):
        phi.add_incoming(begin, start)
        phi.add_incoming(go_on, again)
    over = builder.or_(builder.icmp_unsigned("==", more, count), builder.icmp_unsigned("!=", failed, constant(I64, 0)))
    builder.cbranch(over, end, again)
    builder.position_at_end(end)
    builder.ret(failed)


def _there(memory: dict[int, tuple[Any, int]], array: Any) -> tuple[Any, int]:
    """What stands for an array in a round, and how many bytes further on."""
    return memory.get(id(array), (array, 0))


def _note(rows: list[Row]) -> list[str]:
    """Comments: the operations, and the lines that asked for them."""
    calls = dict.fromkeys(row.op for row in rows)
    where = dict.fromkeys(row.entry.where for row in rows if row.entry is not None)
    return [f"; {_as_comment(', '.join(part))}" for part in (calls, where) if part]


def _as_comment(text: str) -> str:
    return re.sub(r"[^ -~]", "?", text)


def _is_host(step: Step) -> bool:
    return isinstance(step, Row) and step.kind == "host"


def _may_end(row: Row) -> bool:
    return row.kind == "check" or (row.kind == "host" and row.entry is not None and row.entry.may_fail)
