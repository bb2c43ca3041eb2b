"""A kernel as the loops that walk it: their lengths, and every ref with a stride for each of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ..form import Index, Ref, Row
from .fusion import Kernel, split

Axes = list[tuple[int, tuple[int, ...]]]
"""The length of each loop, outermost first, and every ref's stride in bytes, in the order of ``refs``."""


class Access(NamedTuple):
    """A ref as loops see it: a memory, where the first element lies, and a stride for each loop.

    Both are in bytes for LLVM, and in elements for C.
    """

    memory: int
    first: int
    strides: tuple[int, ...]
    dtype: np.dtype[Any]


class Line(NamedTuple):
    """A row of a kernel with accesses in place of refs; ``stored`` as in `Kernel`."""

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


def refs(kernel: Kernel) -> list[Ref]:
    """What the rows touch, in their order."""
    return [ref for row in kernel.rows for ref in _refs(row)]


def _refs(row: Row) -> list[Ref]:
    found = [x for x in row.inputs if isinstance(x, Ref)]
    assert row.output is not None
    return [*found, row.output, *(i.ref for i in row.gather), *(i.ref for i in row.scatter)]


def axes_of(kernel: Kernel) -> Axes:
    """The loops; axes that all refs walk as one are one."""
    spread = [split(r, kernel.space) for r in refs(kernel)]
    axes: Axes = []
    for k, n in enumerate(kernel.space):
        strides = tuple(r.strides[k] for r in spread)
        if n == 1:
            continue
        if axes and all(outer == inner * n for outer, inner in zip(axes[-1][1], strides, strict=True)):
            axes[-1] = axes[-1][0] * n, strides
        else:
            axes.append((n, strides))
    return axes


def lines_of(kernel: Kernel, axes: Axes, access: Callable[[Ref, tuple[int, ...]], Access]) -> list[Line]:
    """The rows; ``access`` makes one of a ref and its strides in bytes."""
    made = (access(ref, tuple(s[i] for _, s in axes)) for i, ref in enumerate(refs(kernel)))
    found = []
    for row, stored in zip(kernel.rows, kernel.stored, strict=True):
        inputs = tuple(next(made) if isinstance(x, Ref) else x for x in row.inputs)
        output = next(made)
        gather = tuple((next(made), i) for i in row.gather)
        found.append(Line(row, inputs, output, gather, tuple((next(made), i) for i in row.scatter), stored))
    return found
