"""The form of a program: rows over pieces of memory, which passes rewrite and printers walk.

A `Ref` is a piece of memory seen as an array. A row of kind "loop" or "reduce" visits every point of one iteration
space: all its refs have that shape, with stride 0 along the axes on which they do not depend. So broadcasting needs no
rule of its own, and a sum is a row whose output has stride 0 along the axes that are summed.

>>> import numpy as np
>>> from autograd_core.programs.tracing.tape import Tape
>>> tape, x, y, total = Tape(), np.ones((2, 3)), np.zeros((2, 3)), np.zeros(3)
>>> tape.own(x, "x")
>>> tape.add("exp", np.exp, (x, y), writes=[y], reads=[x])
>>> tape.add("add.reduce", np.add.reduce, (y,), {"axis": 0, "out": total}, writes=[total], reads=[y])
>>> print(Program(tape, kept=[total]))
loop exp: x -> t1
reduce add: t1 -> t2
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from .tracing.tape import Entry, Tape, root

if TYPE_CHECKING:
    from ..support.types import Array, DType


NUMBERS = -1  # a memory that stands for the numbers that Python reads and computes


class Unfit(ValueError):
    """A tape that has no form: memory is shared and NumPy does not know it, or numbers lie across their bounds."""


@dataclass(slots=True)
class Memory:
    """One allocation.

    array  : the array whose memory it is; None for one that a pass has made
    kept   : somebody outside sees it after the run, or it is read before it is written
    pinned : a call of NumPy uses it, so that it must stay where it is
    """

    name: str
    nbytes: int
    array: Any = None
    kept: bool = False
    pinned: bool = False


class Ref(NamedTuple):
    """An array within a memory: a number of the memory, the first byte, and NumPy's shape, strides and dtype."""

    memory: int
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    dtype: np.dtype[Any]

    def broadcast(self, shape: tuple[int, ...]) -> Ref:
        """The same, as `numpy.broadcast_to` shows it."""
        if shape == self.shape:
            return self
        new = len(shape) - len(self.shape)
        strides = (0 if n == 1 != m else s for n, s, m in zip(self.shape, self.strides, shape[new:], strict=True))
        return self._replace(shape=shape, strides=(0,) * new + tuple(strides))

    def span(self) -> tuple[int, int]:
        """The first byte, and the first after the last."""
        low = high = self.offset
        for n, s in zip(self.shape, self.strides, strict=True):
            if n == 0:
                return self.offset, self.offset
            low, high = low + min(0, s * (n - 1)), high + max(0, s * (n - 1))
        return low, high + self.dtype.itemsize

    def dense(self) -> bool:
        """Whether it lies in memory as in the loop: rows one after another, without gaps."""
        step = self.dtype.itemsize
        for n, s in zip(reversed(self.shape), reversed(self.strides), strict=True):
            if n != 1 and s != step:
                return False
            step *= n
        return True


_NUMBER = Ref(NUMBERS, 0, (), (), np.dtype(bool))


class Index(NamedTuple):
    """An index array: each of its values, in [-length, length), moves an address by so many times ``stride`` bytes."""

    ref: Ref
    stride: int
    length: int


class Row(NamedTuple):
    """One computation.

    kind    : "loop", "reduce", "contract", "check" (end the run where a truth differs) or "host" (a call of NumPy)
    op      : the name of the ufunc; "copy", "select", "clip", "add at" (with scatter); for contract "matmul"
    inputs  : refs, and numbers of the dtypes in which it computes
    output  : where it goes
    types   : the dtypes in which it computes: one for each input, and that of the result
    gather  : indices that move the address of the first input
    scatter : indices that move the address of the output
    entry   : the recorded call (of a host row, what is run)
    reads, writes : the memory of a host row; of the others it follows from inputs and output
    expected : the truth that a check wants
    """

    kind: str
    op: str
    inputs: tuple[Any, ...] = ()
    output: Ref | None = None
    types: tuple[DType, ...] = ()
    gather: tuple[Index, ...] = ()
    scatter: tuple[Index, ...] = ()
    entry: Entry | None = None
    reads: tuple[Ref, ...] = ()
    writes: tuple[Ref, ...] = ()
    expected: bool = True

    def sources(self) -> tuple[Ref, ...]:
        """All memory that it reads."""
        found = [x for x in self.inputs if isinstance(x, Ref)]
        if self.gather:
            found[0] = _reached(found[0], self.gather)
        if self.scatter and self.op != "copy" and self.output is not None:
            found.append(_reached(self.output, self.scatter))
        return (*found, *(i.ref for i in (*self.gather, *self.scatter)), *self.reads)

    def targets(self) -> tuple[Ref, ...]:
        """All memory that it writes."""
        if self.output is None:
            return self.writes
        return (_reached(self.output, self.scatter) if self.scatter else self.output, *self.writes)

    @property
    def space(self) -> tuple[int, ...]:
        """The iteration space of a loop."""
        refs = [x for x in (*self.inputs, self.output) if isinstance(x, Ref)]
        return refs[0].shape


def _reached(ref: Ref, indices: tuple[Index, ...]) -> Ref:
    """All that a ref moved by indices may touch."""
    return ref._replace(
        shape=(*ref.shape, *(i.length for i in indices)), strides=(*ref.strides, *(i.stride for i in indices))
    )


def overlap(a: Ref, b: Ref) -> bool:
    """Whether two refs may have a byte in common. Equal lattices, such as every second element, are told apart."""
    if a.memory != b.memory:
        return False
    if a.memory == NUMBERS:
        return True
    (low, high), (other_low, other_high) = a.span(), b.span()
    if high <= other_low or other_high <= low:
        return False
    axes, others = _axes(a), _axes(b)
    if axes != others or a.dtype.itemsize != b.dtype.itemsize:
        return True
    extents, inner = [], a.dtype.itemsize
    for n, s in reversed(axes):
        if s < inner:
            return True
        extents.append(inner)
        inner += s * (n - 1)
    return _meets(abs(b.offset - a.offset), axes, extents[::-1], a.dtype.itemsize)


def _axes(ref: Ref) -> list[tuple[int, int]]:
    return sorted(((n, s) for n, s in zip(ref.shape, ref.strides, strict=True) if n > 1 and s), key=lambda x: -x[1])


def _meets(distance: int, axes: list[tuple[int, int]], inner: list[int], size: int) -> bool:
    """Whether a distance is, to less than an element, a sum of multiples of the strides that stay inside."""
    if not axes:
        return abs(distance) < size
    (n, s), rest = axes[0], axes[1:]
    near = distance // s
    return any(_meets(distance - k * s, rest, inner[1:], size) for k in (near, near + 1) if abs(k) < n)


class Program:
    """The rows of a tape, and its memory.

    kept : arrays that somebody sees after the run, beside the tape's owners
    scratch : whether nobody looks at an owner, by its name
    able : asked of every row but host rows; where one of a call's rows is refused, the call stays NumPy's
    """

    def __init__(
        self,
        tape: Tape,
        kept: Iterable[Any] = (),
        scratch: Callable[[str], bool] = lambda name: False,
        able: Callable[[Row], bool] = lambda row: True,
    ) -> None:
        from .lowering import lowered

        self.tape = tape
        self.memories: list[Memory] = []
        self.rows: list[Row] = []
        self._numbers: dict[int, int] = {}
        kept_roots = {id(root(array)) for array in kept}
        written: set[int] = set()
        carried: set[int] = set()
        refuse_sharing(tape)
        for entry in tape.entries:
            rows = lowered(self, entry)
            if not all(row.kind == "host" or able(row) for row in rows):
                rows = [self.host(entry)]
            for row in rows:
                for ref in row.sources():
                    if ref.memory >= 0 and ref.memory not in written:
                        carried.add(ref.memory)
                written |= {ref.memory for ref in row.targets()}
                if row.kind == "host":
                    for ref in (*row.reads, *row.writes):
                        if ref.memory >= 0:
                            self.memories[ref.memory].pinned = True
                self.rows.append(row)
        for number, memory in enumerate(self.memories):
            owner = tape.owners.get(id(memory.array))
            outside = owner is not None and not scratch(owner[0])
            memory.kept = outside or id(memory.array) in kept_roots or number in carried
            memory.pinned |= memory.kept

    def memory_of(self, array: Array) -> int:
        """The number of an array's memory."""
        whole = root(array)
        if id(whole) not in self._numbers:
            owner = self.tape.owners.get(id(whole))
            name = owner[0] if owner is not None else f"t{len(self.memories)}"
            self._numbers[id(whole)] = self.make(name, whole.nbytes, whole)
        return self._numbers[id(whole)]

    def make(self, name: str, nbytes: int, array: Array | None = None) -> int:
        """A new memory."""
        self.memories.append(Memory(name, nbytes, array))
        return len(self.memories) - 1

    def ref(self, array: Any) -> Ref:
        """An array as a ref."""
        whole = root(array)
        offset = array.__array_interface__["data"][0] - whole.__array_interface__["data"][0]
        return Ref(self.memory_of(array), offset, array.shape, array.strides, array.dtype)

    def new(self, shape: tuple[int, ...], dtype: DType) -> Ref:
        """A dense array in memory of its own."""
        memory = self.make(f"t{len(self.memories)}", math.prod(shape) * dtype.itemsize)
        strides = [dtype.itemsize * math.prod(shape[i + 1 :]) for i in range(len(shape))]
        return Ref(memory, 0, shape, tuple(strides), dtype)

    def host(self, entry: Entry) -> Row:
        """A call that NumPy makes as it was recorded."""
        reads, writes = tuple(map(self.ref, entry.reads)), tuple(map(self.ref, entry.writes))
        if entry.kind == "item":
            writes = (*writes, _NUMBER)
        elif entry.kind == "number" or (entry.kind == "guard" and not reads):
            reads = (*reads, _NUMBER)
        return Row("host", entry.name, entry=entry, reads=reads, writes=writes)

    def __str__(self) -> str:
        def names(refs: Iterable[Any]) -> str:
            return ", ".join(
                self.memories[x.memory].name if isinstance(x, Ref) else str(x) for x in refs if x != _NUMBER
            )

        return "\n".join(
            f"{row.kind} {row.op}: {names(row.inputs or row.reads)} -> {names(row.targets())}" for row in self.rows
        )

    def whole(self, ref: Ref | None) -> bool:
        """Whether a ref covers all of its memory; a sum's output may stand still along the axes that are summed."""
        if ref is None or ref.offset:
            return False
        step = ref.dtype.itemsize
        for s, n in sorted(zip(ref.strides, ref.shape, strict=True)):
            if n != 1 and s:
                if s != step:
                    return False
                step *= n
        return self.memories[ref.memory].nbytes == step


def refuse_sharing(tape: Tape) -> None:
    """Two arrays over one foreign buffer, of which NumPy does not know that they share it, have no form, nor has one
    that begins at an odd byte."""
    roots = {id(root(a)): root(a) for e in tape.entries for a in (*e.reads, *e.writes)}
    spans = sorted((a.__array_interface__["data"][0], a.nbytes) for a in roots.values() if a.nbytes)
    if not all(a.flags.aligned for a in roots.values()):
        raise Unfit("an array is not aligned as its dtype is")
    for (start, size), (following, _) in itertools.pairwise(spans):
        if start + size > following:
            raise Unfit("two arrays share memory, and NumPy does not know it")
