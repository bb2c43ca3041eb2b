"""A kernel as LLVM's code: loops around vectors, explicit, so that no optimiser has to find them.

The innermost axis is walked in vectors, and its rest in one vector with a mask. Sums along inner axes have vectors of
partial sums; sums along outer axes add to memory.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir

from ..passes.walks import Access, Line
from .memory import Memory
from .operations import combine, emit, folded, identity
from .types import I1, I64, POINTER, cast, constant, element, stored

UNROLLED = 4


class KernelCode:
    """The function of one kernel; its arguments are pointers to the first element of each access."""

    def __init__(
        self, module: ir.Module, name: str, lengths: list[int], lines: list[Line], accesses: list[Access], bytes_: int
    ) -> None:
        self.lengths, self.lines = lengths, lines
        self.function = ir.Function(module, ir.FunctionType(ir.VoidType(), [POINTER] * len(accesses)), name)
        self.function.linkage = "internal"
        self.function.attributes.add("noinline")
        self.function.attributes.add("nounwind")
        self.b = ir.IRBuilder(self.function.append_basic_block("entry"))
        self.depth = len(self.lengths)
        self.memory = Memory(self.b, self.depth)
        self.last = self.lengths[-1] if self.lengths else 1
        self.width = self._width(bytes_)
        self.computed: dict[Access, int] = {}
        for k, p in enumerate(lines):
            if p.row.kind == "loop":
                self.computed.setdefault(p.output, k)
        self.sums = [p for p in self.lines if p.row.kind == "reduce" and p.stored]
        start: dict[Access, Any] = dict(zip(accesses, self.function.args, strict=True))
        self._initial_values(start)
        self._nest(0, start, {}, {})
        self.b.ret_void()

    def _width(self, bytes_: int) -> int:
        if not self.lengths:
            return 1
        for p in self.lines:
            if any(a.strides[-1] for a, _ in (*p.gather, *p.scatter)):
                return 1
            if p.scatter and p.output.strides[-1] == 0:
                return 1
        floats = [t.itemsize for p in self.lines for t in p.row.types if t.kind == "f"]
        sizes = floats or [t.itemsize for p in self.lines for t in p.row.types]
        width = max(1, bytes_ // max(sizes))
        while width > 1 and width >= 2 * self.last:
            width //= 2
        return width

    # Sums ---------------------------------------------------------------------------------------------------------

    def _home(self, p: Line) -> int:
        """The loop from which on all axes are summed: within it the partial sum is in a register."""
        level = self.depth
        while level and p.output.strides[level - 1] == 0:
            level -= 1
        return level

    def _outer(self, p: Line) -> bool:
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

    def _fill(self, axes: list[tuple[int, int]], pointer: ir.Value, value: ir.Value, align: int) -> None:
        if not axes:
            self.b.store(value, pointer, align=align)
            return
        (n, stride), inner = axes[0], axes[1:]

        def body(index: ir.Value, carried: list[Any]) -> list[Any]:
            self._fill(inner, self.memory.along(pointer, index, stride), value, align)
            return carried

        self._loop(n, [], body)

    # Loops --------------------------------------------------------------------------------------------------------

    def _loop(self, count: int, carried: list[ir.Value], body: Callable[[Any, list[Any]], list[Any]]) -> list[ir.Value]:
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
        for k, p in enumerate(self.lines):
            for a in p.inputs[1 if p.gather else 0 :]:
                if not isinstance(a, Access) or a in held or any(a.strides[level:]):
                    continue
                if k <= self.computed.get(a, k):  # not what a row of the same kernel computes before
                    value = self.b.load(pointers[a], typ=stored(a.dtype), align=a.dtype.itemsize)
                    value = self.memory.truth(value, a.dtype, 1)
                    held[a] = self.memory.spread(value, self.width) if self.width > 1 else value
        own = [k for k, p in enumerate(self.sums) if self._home(p) == level]
        for k in own:
            p = self.sums[k]
            kind = element(p.output.dtype)
            sums = sums | {k: constant(kind, identity(p.row.op, p.output.dtype), self.width)}
        if level >= self.depth - 1:
            sums = self._innermost(pointers, held, sums)
        else:
            keys = list(sums)

            def body(index: ir.Value, carried: list[ir.Value]) -> list[ir.Value]:
                inner = {a: self.memory.along(x, index, a.strides[level]) for a, x in pointers.items()}
                found = self._nest(level + 1, inner, held, dict(zip(keys, carried, strict=True)))
                return [found[k] for k in keys]

            results = self._loop(self.lengths[level], [sums[k] for k in keys], body)
            sums = dict(zip(keys, results, strict=True))
        for k in own:
            self._finish(self.sums[k], sums.pop(k), pointers)
        return sums

    def _finish(self, p: Line, value: ir.Value, pointers: dict[Access, Any]) -> None:
        kind = p.output.dtype
        if self._home(p) < self.depth:
            value = folded(self.b, p.row.op, value, kind, self.width)
        a = p.output._replace(strides=(*p.output.strides[:-1], 0)) if self.depth else p.output
        self._add(p, value, pointers[p.output], a, 1, None)

    def _add(
        self, p: Line, value: ir.Value, pointer: ir.Value, access: Access, width: int, mask: ir.Value | None
    ) -> None:
        if self._outer(p):
            old = self.memory.read(pointer, access, width, mask)
            value = combine(self.b, p.row.op, old, value, p.output.dtype, width)
        self.memory.write(value, pointer, access, width, mask)

    def _innermost(self, pointers: dict[Access, Any], held: dict[Access, Any], sums: dict[int, Any]) -> dict[int, Any]:
        if not self.depth:
            return self._point(pointers, held, sums, 1, None)
        full, rest = divmod(self.last, self.width)
        keys = list(sums)
        several = UNROLLED if sums and len(self.lines) <= 6 and full >= 2 * UNROLLED else 1

        def at(index: Any, block: int) -> dict[Access, Any]:
            place = self.b.add(index, constant(I64, block)) if block else index
            return {a: self.memory.along(x, place, a.strides[-1] * self.width) for a, x in pointers.items()}

        if full:
            parts = [[sums[k] for k in keys]]
            parts += [[self._nothing(k) for k in keys] for _ in range(several - 1)]

            def body(index: ir.Value, carried: list[ir.Value]) -> list[ir.Value]:
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

    def _nothing(self, k: int) -> ir.Value:
        p = self.sums[k]
        return constant(element(p.output.dtype), identity(p.row.op, p.output.dtype), self.width)

    # One point, or the points of a vector -------------------------------------------------------------------------

    def _point(
        self,
        pointers: dict[Access, Any],
        held: dict[Access, Any],
        sums: dict[int, Any],
        width: int,
        mask: ir.Value | None,
    ) -> dict[int, Any]:
        b, sums = self.b, dict(sums)
        known = dict(held)
        latest = {p.output: p for p in self.lines if p.row.kind == "loop"}
        for p in self.lines:
            row = p.row
            values = []
            for j, a in enumerate(p.inputs):
                kind = row.types[j]
                if not isinstance(a, Access):
                    values.append(constant(element(kind), a, width))
                    continue
                if j == 0 and p.gather:
                    pointer = self.memory.indexed(pointers[a], p.gather, pointers)
                    value = self.memory.read(pointer, a, width, mask)
                else:
                    if a not in known:
                        known[a] = self.memory.read(pointers[a], a, width, mask)
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
                pointer = self.memory.indexed(pointers[p.output], p.scatter, pointers)
                if row.op == "add at":
                    old = self.memory.read(pointer, p.output, width, mask)
                    value = combine(b, "add", old, value, p.output.dtype, width)
                self.memory.write(value, pointer, p.output, width, mask)
                continue
            known[p.output] = value
            if p.stored and latest[p.output] is p:
                self.memory.write(value, pointers[p.output], p.output, width, mask)
        return sums
