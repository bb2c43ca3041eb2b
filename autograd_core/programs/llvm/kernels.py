"""The functions of a program's kernels."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir

from ..form import Ref
from ..passes.fusion import Kernel
from ..passes.walks import Access, Line, axes_of, lines_of, refs
from .loops import KernelCode


def planned(kernel: Kernel) -> tuple[list[int], list[Line]]:
    """The loops' lengths, outermost first, and the rows; the axis along which most refs lie densely is innermost."""
    axes, touched = axes_of(kernel), refs(kernel)
    if len(axes) > 1 and not any(row.scatter for row in kernel.rows):
        dense = [sum(abs(s) == r.dtype.itemsize for s, r in zip(a[1], touched, strict=True)) for a in axes]
        best = max(range(len(axes)), key=lambda k: (dense[k], k))
        first = max(range(len(touched)), key=lambda i: sum(bool(a[1][i]) for a in axes))
        inner = axes.pop(best)
        axes.sort(key=lambda a: -abs(a[1][first]))
        axes.append(inner)
    return [n for n, _ in axes], lines_of(kernel, axes, _access)


def _access(ref: Ref, strides: tuple[int, ...]) -> Access:
    return Access(ref.memory, ref.offset, strides, ref.dtype)


def _key(line: Line, number: dict[Access, int]) -> Any:
    """What the code of a row depends on, addresses being numbered."""

    def of(a: Any) -> Any:
        if isinstance(a, Access):
            return number[a], a.strides, a.dtype.char
        return a.dtype.char, a.tobytes()

    row = line.row
    indices = [[(of(a), i.stride, i.length) for a, i in part] for part in (line.gather, line.scatter)]
    types = tuple(t.char for t in row.types)
    return row.kind, row.op, types, (*map(of, line.inputs),), of(line.output), repr(indices), line.stored


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
        lengths, lines = planned(kernel)
        touched = list(dict.fromkeys(a for line in lines for a in line.accesses()))
        pointers = {a: address(a.memory, a.first) for a in touched}
        accesses = [a for a in touched if pointers[a] is not None]
        number = {a: k for k, a in enumerate(touched)}
        given = tuple(pointers[a] is not None for a in touched)
        key = tuple(lengths), given, tuple(_key(line, number) for line in lines)
        if key not in self._functions:
            name = f"kernel{len(self._functions)}"
            self._functions[key] = KernelCode(self.module, name, lengths, lines, accesses, self.bytes).function
        self.kernels.setdefault(self._functions[key].name, []).append(kernel)
        builder.call(self._functions[key], [pointers[a] for a in accesses])
