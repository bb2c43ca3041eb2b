"""A kernel as LLVM's code: loops around vectors, explicit, so that no optimiser has to find them.

The innermost axis is walked in vectors, and its rest in one vector with a mask. Sums along inner axes have vectors of
partial sums; sums along outer axes add to memory.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from llvmlite import ir

from ..form import Index, Ref, Row
from ..passes.fusion import Kernel, split
from .operations import combine, emit, folded, identity
from .types import I1, I8, I32, I64, POINTER, cast, constant, element, intrinsic, lanes, stored

UNROLLED = 4


class Access(NamedTuple):
    """A ref as the loops see it: bytes from the start of a memory, and a stride for each loop."""

    memory: int
    offset: int
    strides: tuple[int, ...]
    dtype: np.dtype[Any]


class Plan(NamedTuple):
    """A row with accesses in place of refs; ``stored`` as in `Kernel`."""

    row: Row
    inputs: tuple[Any, ...]
    output: Access
    gather: tuple[tuple[Access, Index], ...]
    scatter: tuple[tuple[Access, Index], ...]
    stored: bool

    def accesses(self) -> list[Access]:
        """All that it may touch."""
        found = [a for a in self.inputs if isinstance(a, Access)]
        return [*found, self.output, *(a for a, _ in (*self.gather, *self.scatter))]

    def key(self, number: dict[Access, int]) -> Any:
        """What its code depends on, addresses being numbered."""

        def of(a: Any) -> Any:
            if isinstance(a, Access):
                return number[a], a.strides, a.dtype.char
            return a.dtype.char, a.tobytes()

        indices = [[(of(a), i.stride, i.length) for a, i in part] for part in (self.gather, self.scatter)]
        types = tuple(t.char for t in self.row.types)
        return self.row.kind, self.row.op, types, (*map(of, self.inputs),), of(self.output), repr(indices), self.stored


def planned(kernel: Kernel) -> tuple[list[int], list[Plan]]:
    """The loops' lengths, outermost first, and the rows: axes that all refs walk as one are one, and the axis along
    which most refs lie densely is innermost."""
    refs = [r for row in kernel.rows for r in _refs(row)]
    spread = [split(r, kernel.space) for r in refs]
    axes = [(n, tuple(r.strides[k] for r in spread)) for k, n in enumerate(kernel.space) if n != 1]
    merged: list[tuple[int, tuple[int, ...]]] = []
    for n, strides in axes:
        if merged and all(outer == inner * n for outer, inner in zip(merged[-1][1], strides, strict=True)):
            merged[-1] = merged[-1][0] * n, strides
        else:
            merged.append((n, strides))
    ordered = any(row.scatter for row in kernel.rows)
    if len(merged) > 1 and not ordered:
        dense = [sum(abs(s) == r.dtype.itemsize for s, r in zip(a[1], refs, strict=True)) for a in merged]
        best = max(range(len(merged)), key=lambda k: (dense[k], k))
        first = max(range(len(refs)), key=lambda i: sum(bool(a[1][i]) for a in merged))
        inner = merged.pop(best)
        merged.sort(key=lambda a: -abs(a[1][first]))
        merged.append(inner)
    walked = iter([tuple(a[1][i] for a in merged) for i in range(len(refs))])

    def access(ref: Ref) -> Access:
        return Access(ref.memory, ref.offset, next(walked), ref.dtype)

    plans = []
    for row, kept in zip(kernel.rows, kernel.stored, strict=True):
        inputs = tuple(access(x) if isinstance(x, Ref) else x for x in row.inputs)
        assert row.output is not None
        output = access(row.output)
        gather = tuple((access(i.ref), i) for i in row.gather)
        scatter = tuple((access(i.ref), i) for i in row.scatter)
        plans.append(Plan(row, inputs, output, gather, scatter, kept))
    return [n for n, _ in merged], plans


def _refs(row: Row) -> list[Ref]:
    found = [x for x in row.inputs if isinstance(x, Ref)]
    assert row.output is not None
    return [*found, row.output, *(i.ref for i in row.gather), *(i.ref for i in row.scatter)]


class Kernels:
    """The functions of a module's kernels: kernels that differ in their addresses only are one function.

    kernels : those that each function stands for, by its name
    """

    def __init__(self, module: ir.Module, bytes_: int) -> None:
        self.module, self.bytes = module, bytes_
        self._functions: dict[Any, ir.Function] = {}
        self.kernels: dict[str, list[Kernel]] = {}

    def call(self, builder: ir.IRBuilder, kernel: Kernel, address: Callable[[int, int], Any]) -> None:
        """A call of a kernel, where ``address(memory, offset)`` gives pointers, and None for what is never touched."""
        lengths, plans = planned(kernel)
        touched = list(dict.fromkeys(a for p in plans for a in p.accesses()))
        pointers = {a: address(a.memory, a.offset) for a in touched}
        accesses = [a for a in touched if pointers[a] is not None]
        number = {a: k for k, a in enumerate(touched)}
        given = tuple(pointers[a] is not None for a in touched)
        key = tuple(lengths), given, tuple(p.key(number) for p in plans)
        if key not in self._functions:
            name = f"kernel{len(self._functions)}"
            self._functions[key] = KernelCode(self.module, name, lengths, plans, accesses, self.bytes).function
        self.kernels.setdefault(self._functions[key].name, []).append(kernel)
        builder.call(self._functions[key], [pointers[a] for a in accesses])


class KernelCode:
    """The function of one kernel; its arguments are pointers to the first element of each access."""

    def __init__(
        self, module: ir.Module, name: str, lengths: list[int], plans: list[Plan], accesses: list[Access], bytes_: int
    ) -> None:
        self.lengths, self.plans = lengths, plans
        self.function = ir.Function(module, ir.FunctionType(ir.VoidType(), [POINTER] * len(accesses)), name)
        self.function.linkage = "internal"
        self.function.attributes.add("noinline")
        self.function.attributes.add("nounwind")
        self.b = ir.IRBuilder(self.function.append_basic_block("entry"))
        self.depth = len(self.lengths)
        self.last = self.lengths[-1] if self.lengths else 1
        self.width = self._width(bytes_)
        self.computed: dict[Access, int] = {}
        for k, p in enumerate(plans):
            if p.row.kind == "loop":
                self.computed.setdefault(p.output, k)
        self.sums = [p for p in self.plans if p.row.kind == "reduce" and p.stored]
        start: dict[Access, Any] = dict(zip(accesses, self.function.args, strict=True))
        self._initial_values(start)
        self._nest(0, start, {}, {})
        self.b.ret_void()

    def _width(self, bytes_: int) -> int:
        if not self.lengths:
            return 1
        for p in self.plans:
            if any(a.strides[-1] for a, _ in (*p.gather, *p.scatter)):
                return 1
            if p.scatter and p.output.strides[-1] == 0:
                return 1
        floats = [t.itemsize for p in self.plans for t in p.row.types if t.kind == "f"]
        sizes = floats or [t.itemsize for p in self.plans for t in p.row.types]
        width = max(1, bytes_ // max(sizes))
        while width > 1 and width >= 2 * self.last:
            width //= 2
        return width

    # Addresses ----------------------------------------------------------------------------------------------------

    def _moved(self, pointer: Any, by: Any) -> Any:
        if isinstance(by, ir.Constant) and by.constant == 0:
            return pointer
        return self.b.gep(pointer, [by], source_etype=I8)

    def _along(self, pointer: Any, index: Any, stride: int) -> Any:
        if stride == 0:
            return pointer
        return self._moved(pointer, self.b.mul(index, constant(I64, stride)))

    # Memory -------------------------------------------------------------------------------------------------------

    def _read(self, pointer: Any, access: Access, width: int, mask: Any) -> Any:
        """A vector of values along the innermost axis; a scalar where it stands still along it."""
        b, kind = self.b, stored(access.dtype)
        stride = access.strides[-1] if self.depth else 0
        if width == 1 or stride == 0:
            value = b.load(pointer, typ=kind, align=access.dtype.itemsize)
            value = self._truth(value, access.dtype, 1)
            return self._spread(value, width) if width > 1 else value
        vector = lanes(kind, width)
        if stride == access.dtype.itemsize and mask is None:
            value = b.load(pointer, typ=vector, align=access.dtype.itemsize)
        else:
            none = constant(kind, 0, width)
            every = mask if mask is not None else constant(I1, 1, width)
            align = constant(I32, access.dtype.itemsize)
            if stride == access.dtype.itemsize:
                value = intrinsic(b, "masked.load", vector, [pointer, align, every, none], [vector, POINTER])
            else:
                points = self._points(pointer, stride, width)
                value = intrinsic(b, "masked.gather", vector, [points, align, every, none], [vector, points.type])
        return self._truth(value, access.dtype, width)

    def _write(self, value: Any, pointer: Any, access: Access, width: int, mask: Any) -> None:
        b, kind = self.b, stored(access.dtype)
        if access.dtype.kind == "b":
            value = b.zext(value, lanes(I8, width))
        stride = access.strides[-1] if self.depth else 0
        if width == 1 or (stride == access.dtype.itemsize and mask is None):
            b.store(value, pointer, align=access.dtype.itemsize)
            return
        every = mask if mask is not None else constant(I1, 1, width)
        align = constant(I32, access.dtype.itemsize)
        vector = lanes(kind, width)
        if stride == access.dtype.itemsize:
            intrinsic(b, "masked.store", ir.VoidType(), [value, pointer, align, every], [vector, POINTER])
        else:
            points = self._points(pointer, stride, width)
            intrinsic(b, "masked.scatter", ir.VoidType(), [value, points, align, every], [vector, points.type])

    def _points(self, pointer: Any, stride: int, width: int) -> Any:
        start = self._spread(self.b.ptrtoint(pointer, I64), width)
        steps = ir.Constant(ir.VectorType(I64, width), [k * stride for k in range(width)])
        return self.b.inttoptr(self.b.add(start, steps), ir.VectorType(POINTER, width))

    def _truth(self, value: Any, dtype: np.dtype[Any], width: int) -> Any:
        return self.b.icmp_unsigned("!=", value, constant(I8, 0, width)) if dtype.kind == "b" else value

    def _spread(self, value: Any, width: int) -> Any:
        kind = ir.VectorType(value.type, width)
        none = ir.Constant(kind, ir.Undefined)
        one = self.b.insert_element(none, value, constant(I32, 0))
        return self.b.shuffle_vector(one, none, ir.Constant(ir.VectorType(I32, width), None))

    # Sums ---------------------------------------------------------------------------------------------------------

    def _home(self, p: Plan) -> int:
        """The loop from which on all axes are summed: within it the partial sum is in a register."""
        level = self.depth
        while level and p.output.strides[level - 1] == 0:
            level -= 1
        return level

    def _outer(self, p: Plan) -> bool:
        """Whether an axis outside of that loop is summed, too: then the sum grows in memory."""
        home = self._home(p)
        return any(self.lengths[k] > 1 and p.output.strides[k] == 0 for k in range(home))

    def _initial_values(self, pointers: dict[Access, Any]) -> None:
        """Sums that grow in memory begin with nothing."""
        for p in self.sums:
            if not self._outer(p):
                continue
            kept = [(n, s) for n, s in zip(self.lengths, p.output.strides, strict=True) if s]
            value = constant(stored(p.output.dtype), identity(p.row.op, p.output.dtype))
            self._fill(kept, pointers[p.output], value, p.output.dtype.itemsize)

    def _fill(self, axes: list[tuple[int, int]], pointer: Any, value: Any, align: int) -> None:
        if not axes:
            self.b.store(value, pointer, align=align)
            return
        (n, stride), inner = axes[0], axes[1:]

        def body(index: Any, carried: list[Any]) -> list[Any]:
            self._fill(inner, self._along(pointer, index, stride), value, align)
            return carried

        self._loop(n, [], body)

    # Loops --------------------------------------------------------------------------------------------------------

    def _loop(self, count: int, carried: list[Any], body: Callable[[Any, list[Any]], list[Any]]) -> list[Any]:
        """``body(index, carried)`` for all indices below count; gives what it carried last."""
        b = self.b
        if count == 1:
            return body(constant(I64, 0), carried)
        before = b.block
        head = b.append_basic_block("loop")
        after = b.append_basic_block("after")
        b.branch(head)
        b.position_at_end(head)
        index = b.phi(I64)
        index.add_incoming(constant(I64, 0), before)
        phis = []
        for value in carried:
            phi = b.phi(value.type)
            phi.add_incoming(value, before)
            phis.append(phi)
        results = body(index, phis)
        following = b.add(index, constant(I64, 1), flags=("nuw", "nsw"))
        index.add_incoming(following, b.block)
        for phi, value in zip(phis, results, strict=True):
            phi.add_incoming(value, b.block)
        b.cbranch(b.icmp_unsigned("<", following, constant(I64, count)), head, after)
        b.position_at_end(after)
        return results

    def _nest(
        self, level: int, pointers: dict[Access, Any], held: dict[Access, Any], sums: dict[int, Any]
    ) -> dict[int, Any]:
        """The loops from ``level`` on. ``held``: values that do not change any more; ``sums``: partial sums so far."""
        held = dict(held)
        for k, p in enumerate(self.plans):
            for a in p.inputs[1 if p.gather else 0 :]:
                if not isinstance(a, Access) or a in held or any(a.strides[level:]):
                    continue
                if k <= self.computed.get(a, k):  # not what a row of the same kernel computes before
                    value = self.b.load(pointers[a], typ=stored(a.dtype), align=a.dtype.itemsize)
                    value = self._truth(value, a.dtype, 1)
                    held[a] = self._spread(value, self.width) if self.width > 1 else value
        own = [k for k, p in enumerate(self.sums) if self._home(p) == level]
        for k in own:
            p = self.sums[k]
            kind = element(p.output.dtype)
            sums = sums | {k: constant(kind, identity(p.row.op, p.output.dtype), self.width)}
        if level >= self.depth - 1:
            sums = self._innermost(pointers, held, sums)
        else:
            keys = list(sums)

            def body(index: Any, carried: list[Any]) -> list[Any]:
                inner = {a: self._along(x, index, a.strides[level]) for a, x in pointers.items()}
                found = self._nest(level + 1, inner, held, dict(zip(keys, carried, strict=True)))
                return [found[k] for k in keys]

            results = self._loop(self.lengths[level], [sums[k] for k in keys], body)
            sums = dict(zip(keys, results, strict=True))
        for k in own:
            self._finish(self.sums[k], sums.pop(k), pointers)
        return sums

    def _finish(self, p: Plan, value: Any, pointers: dict[Access, Any]) -> None:
        kind = p.output.dtype
        if self._home(p) < self.depth:
            value = folded(self.b, p.row.op, value, kind, self.width)
        a = p.output._replace(strides=(*p.output.strides[:-1], 0)) if self.depth else p.output
        self._add(p, value, pointers[p.output], a, 1, None)

    def _add(self, p: Plan, value: Any, pointer: Any, access: Access, width: int, mask: Any) -> None:
        if self._outer(p):
            old = self._read(pointer, access, width, mask)
            value = combine(self.b, p.row.op, old, value, p.output.dtype, width)
        self._write(value, pointer, access, width, mask)

    def _innermost(self, pointers: dict[Access, Any], held: dict[Access, Any], sums: dict[int, Any]) -> dict[int, Any]:
        if not self.depth:
            return self._point(pointers, held, sums, 1, None)
        full, rest = divmod(self.last, self.width)
        keys = list(sums)
        several = UNROLLED if sums and len(self.plans) <= 6 and full >= 2 * UNROLLED else 1

        def at(index: Any, block: int) -> dict[Access, Any]:
            place = self.b.add(index, constant(I64, block)) if block else index
            return {a: self._along(x, place, a.strides[-1] * self.width) for a, x in pointers.items()}

        if full:
            parts = [[sums[k] for k in keys]]
            parts += [[self._nothing(k) for k in keys] for _ in range(several - 1)]

            def body(index: Any, carried: list[Any]) -> list[Any]:
                found: list[Any] = []
                start = self.b.mul(index, constant(I64, several)) if several > 1 else index
                for u in range(several):
                    mine = carried[u * len(keys) : (u + 1) * len(keys)]
                    result = self._point(at(start, u), held, dict(zip(keys, mine, strict=True)), self.width, None)
                    found += [result[k] for k in keys]
                return found

            results = self._loop(full // several, [v for part in parts for v in part], body)
            for u in range(1, several):
                for j, k in enumerate(keys):
                    p = self.sums[k]
                    other = results[u * len(keys) + j]
                    results[j] = combine(self.b, p.row.op, results[j], other, p.output.dtype, self.width)
            sums = dict(zip(keys, results[: len(keys)], strict=True))
            for block in range(full // several * several, full):
                sums = self._point(at(constant(I64, block), 0), held, sums, self.width, None)
        if rest:
            mask = ir.Constant(ir.VectorType(I1, self.width), [int(k < rest) for k in range(self.width)])
            sums = self._point(at(constant(I64, full), 0), held, sums, self.width, mask)
        return sums

    def _nothing(self, k: int) -> Any:
        p = self.sums[k]
        return constant(element(p.output.dtype), identity(p.row.op, p.output.dtype), self.width)

    # One point, or the points of a vector -------------------------------------------------------------------------

    def _point(
        self, pointers: dict[Access, Any], held: dict[Access, Any], sums: dict[int, Any], width: int, mask: Any
    ) -> dict[int, Any]:
        b, sums = self.b, dict(sums)
        known = dict(held)
        latest = {p.output: p for p in self.plans if p.row.kind == "loop"}
        for p in self.plans:
            row = p.row
            values = []
            for j, a in enumerate(p.inputs):
                kind = row.types[j]
                if not isinstance(a, Access):
                    values.append(constant(element(kind), a, width))
                    continue
                if j == 0 and p.gather:
                    pointer = self._indexed(pointers[a], p.gather, pointers)
                    value = self._read(pointer, a, width, mask)
                else:
                    if a not in known:
                        known[a] = self._read(pointers[a], a, width, mask)
                    value = known[a]
                values.append(cast(b, value, a.dtype, kind, width))
            if row.kind == "reduce":
                if not p.stored:
                    continue
                value = values[0]
                k = next(i for i, s in enumerate(self.sums) if s is p)
                if mask is not None:
                    value = b.select(mask, value, self._nothing(k))
                if k in sums:
                    sums[k] = combine(b, row.op, sums[k], value, row.types[0], width)
                else:
                    self._add(p, value, pointers[p.output], p.output, width, mask)
                continue
            value = emit(b, row.op, values, row.types, width)
            value = cast(b, value, row.types[-1], p.output.dtype, width)
            if p.scatter:
                pointer = self._indexed(pointers[p.output], p.scatter, pointers)
                self._write(value, pointer, p.output, width, mask)
                continue
            known[p.output] = value
            if p.stored and latest[p.output] is p:
                self._write(value, pointers[p.output], p.output, width, mask)
        return sums

    def _indexed(self, pointer: Any, indices: tuple[tuple[Access, Index], ...], pointers: dict[Access, Any]) -> Any:
        b = self.b
        for a, index in indices:
            value = b.load(pointers[a], typ=stored(a.dtype), align=a.dtype.itemsize)
            value = cast(b, value, a.dtype, np.dtype(np.int64), 1)
            value = b.select(
                b.icmp_signed("<", value, constant(I64, 0)), b.add(value, constant(I64, index.length)), value
            )
            pointer = self._moved(pointer, b.mul(value, constant(I64, index.stride)))
        return pointer
