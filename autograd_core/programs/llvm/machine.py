"""A tape as machine code: native segments, cut where Python or NumPy must be called."""

from __future__ import annotations

import ctypes
import functools
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from llvmlite import ir

from ..form import Program, Ref, Row
from ..passes import optimise
from ..passes.fusion import Kernel, Step, schedule
from ..passes.memory import LINE, arena, touched
from ..tape import Mismatch, Tape
from . import blas, engine, operations
from .loops import Kernels
from .types import I8, I64, POINTER, cast, constant, stored

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
    """The native form of a record.

    calls : what a replay runs, in order: functions without arguments; `Mismatch` where a check fails
    early : the steps before the last check, as `tape.Entry` or rows, by which a record knows what to put back
    """

    def __init__(self, tape: Tape, kept: Iterable[Any], scratch: Callable[[str], bool]) -> None:
        self.program = optimise(Program(tape, kept, scratch, able))
        self.steps = schedule(self.program)
        offsets, size = arena(self.program, self.steps)
        self._arena = np.empty(size + LINE, np.uint8)
        start = self._arena.ctypes.data
        self._table: list[int] = [start + -start % LINE]
        self._slots: dict[Any, int] = {}
        self._offsets = offsets
        self._used = set().union(*map(touched, self.steps)) if self.steps else set()
        self.text = ""
        self.calls = self._segments()

    @property
    def early(self) -> list[Step]:
        """The steps up to the last one that may end the run."""
        ends = [k for k, step in enumerate(self.steps) if isinstance(step, Row) and _may_end(step)]
        return self.steps[: ends[-1] + 1] if ends else []

    def written_early(self) -> set[int]:
        """The ids of the roots, of those that are kept, that are written before the last check."""
        found = set()
        for step in self.early:
            for memory in touched(step) if isinstance(step, Kernel) else {r.memory for r in step.targets()}:
                if memory >= 0 and self.program.memories[memory].kept:
                    found.add(id(self.program.memories[memory].array))
        return found

    def draws_early(self) -> bool:
        """Whether random numbers are drawn before the last check."""
        return any(isinstance(s, Row) and s.entry is not None and s.entry.kind == "draw" for s in self.early)

    # Segments -----------------------------------------------------------------------------------------------------

    def _segments(self) -> list[Callable[[], None]]:
        module = ir.Module("program")
        calls: list[Any] = []
        native: list[Step] = []
        names: list[tuple[str, list[Step]]] = []

        def flush() -> None:
            if native:
                names.append((f"segment{len(names)}", list(native)))
                calls.append(names[-1])
                native.clear()

        for step in self.steps:
            if isinstance(step, Row) and step.kind == "host":
                flush()
                entry = step.entry
                assert entry is not None
                calls.append(functools.partial(entry.run, *entry.args, **entry.kwargs))
            else:
                native.append(step)
        flush()
        kernels = Kernels(module, engine.vector_bytes())
        for name, steps in names:
            self._entry(module, name, steps, kernels)
        if not names:
            return calls
        self.text = str(module)
        self._engine = engine.compiled(self.text)
        table = np.array(self._table, np.uint64)
        self._addresses = table
        return [self._call(*c, table.ctypes.data) if isinstance(c, tuple) else c for c in calls]

    def _call(self, name: str, steps: list[Step], table: int) -> Callable[[], None]:
        run = _ENTRY(self._engine.get_function_address(name))
        checks = [s for s in steps if isinstance(s, Row) and s.kind == "check"]
        where = ctypes.c_void_p(table)
        if not checks:
            return functools.partial(run, where)

        def call() -> None:
            failed = run(where)
            if failed:
                entry = checks[failed - 1].entry
                assert entry is not None
                raise Mismatch(f"{entry.name} at {entry.where} is another one than when this was recorded")

        return call

    def _place(self, memory: int) -> tuple[int, int] | None:
        """The slot of the table that a memory is reached through, and the bytes from there."""
        if memory in self._offsets:
            return 0, self._offsets[memory]
        array = self.program.memories[memory].array
        if memory not in self._used or array is None:
            return None
        return self._slot(memory, array.__array_interface__["data"][0]), 0

    def _slot(self, key: Any, address: int) -> int:
        if key not in self._slots:
            self._slots[key] = len(self._table)
            self._table.append(address)
        return self._slots[key]

    def _entry(self, module: ir.Module, name: str, steps: list[Step], kernels: Kernels) -> None:
        function = ir.Function(module, ir.FunctionType(I64, [POINTER]), name)
        builder = ir.IRBuilder(function.append_basic_block("entry"))
        builder.branch(function.append_basic_block("start"))
        builder.position_at_end(function.blocks[-1])
        table = function.args[0]

        def load(slot: int) -> Any:
            at = builder.gep(table, [constant(I64, slot)], source_etype=POINTER)
            return builder.load(at, typ=POINTER)

        def pointer(memory: int, offset: int) -> Any:
            place = self._place(memory)
            if place is None:
                return None
            return builder.gep(load(place[0]), [constant(I64, place[1] + offset)], source_etype=I8)

        def address(ref: Ref) -> Any:
            return pointer(ref.memory, ref.offset)

        checks = 0
        for step in steps:
            if isinstance(step, Kernel):
                kernels.call(builder, step, pointer)
            elif step.kind == "contract":
                library = blas.blas()
                assert library is not None
                key = step.types[0].char + "gemm"
                blas.emit(builder, step, load(self._slot(key, library.addresses[key])), library.c, address)
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


def _may_end(row: Row) -> bool:
    return row.kind == "check" or (row.kind == "host" and row.entry is not None and row.entry.kind == "guard")
