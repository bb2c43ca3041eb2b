"""Products of matrices by the BLAS that is there already, called by its address: NumPy's own, else SciPy's."""

from __future__ import annotations

import ctypes
import functools
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from llvmlite import ir

from ..form import Program, Ref, Row
from .types import I32, I64, constant

if TYPE_CHECKING:
    from ...support.types import Function


ROW_MAJOR, PLAIN, TRANSPOSED = 101, 111, 112
SMALL = 1_000_000
"""Multiplications up to which OpenBLAS takes its kernels for small matrices."""


class Blas(NamedTuple):
    """Addresses of gemm and gemv by dtype; ``c``: C's interface with 64-bit sizes; else Fortran's, 32-bit."""

    c: bool
    addresses: dict[str, int]


@functools.cache
def blas() -> Blas | None:
    """What is found; None where NumPy and SciPy bring none."""
    return _of_numpy() or _of_scipy()


def _of_numpy() -> Blas | None:
    home = Path(np.__file__).parent
    for folder in (home.parent / "numpy.libs", home / ".dylibs", home / ".libs"):
        for file in sorted(folder.glob("*scipy_openblas64_*")):
            try:
                library = ctypes.CDLL(str(file))
                names = {
                    f"{t}{f}": f"scipy_cblas_{p}{f}64_" for t, p in (("f", "s"), ("d", "d")) for f in ("gemm", "gemv")
                }
                found = {key: ctypes.cast(getattr(library, name), ctypes.c_void_p).value for key, name in names.items()}
            except (OSError, AttributeError):
                continue
            return Blas(True, {key: value or 0 for key, value in found.items()})
    return None


def _of_scipy() -> Blas | None:
    try:
        from scipy.linalg import cython_blas
    except ImportError:
        return None
    pointer, name_of = ctypes.pythonapi.PyCapsule_GetPointer, ctypes.pythonapi.PyCapsule_GetName
    pointer.restype, pointer.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    name_of.restype, name_of.argtypes = ctypes.c_char_p, [ctypes.py_object]
    found = {}
    for t, p in (("f", "s"), ("d", "d")):
        for function in ("gemm", "gemv"):
            capsule = cython_blas.__pyx_capi__[p + function]
            found[t + function] = pointer(capsule, name_of(capsule))
    return Blas(False, found)


class Matrix(NamedTuple):
    """A matrix as BLAS takes one: whether it lies transposed, and the elements from one row (or column) to the next."""

    transposed: bool
    leading: int


def matrix(ref: Ref) -> Matrix | None:
    """The last two axes as BLAS's matrix, or None where neither lies densely."""
    size = ref.dtype.itemsize
    (rows, columns), (down, across) = ref.shape[-2:], ref.strides[-2:]
    if columns == 1:
        across = size
    if across == size and (rows == 1 or (down >= columns * size and down % size == 0)):
        return Matrix(False, columns if rows == 1 else down // size)
    if rows == 1:
        down = size
    if down == size and (columns == 1 or (across >= rows * size and across % size == 0)):
        return Matrix(True, rows if columns == 1 else across // size)
    return None


def able(row: Row) -> bool:
    """Whether BLAS can do a contraction where the matrices lie."""
    if blas() is None or row.output is None or row.types[0].char not in "fd":
        return False
    out = matrix(row.output)
    small = max(n for r in (*row.inputs, row.output) for n in r.shape[-2:]) < 2**31
    return (
        small
        and 0 not in row.output.shape + row.inputs[0].shape
        and out is not None
        and all(matrix(r) is not None for r in row.inputs)
    )


def turn_small(program: Program) -> None:
    """A·Bᵀ as (Aᵀ)ᵀ·Bᵀ, of a copy of A that lies transposed, where the product is small.

    OpenBLAS has kernels of their own for small matrices; that of A·Bᵀ takes twice as long as the three others.
    """
    rows: list[Row] = []
    for row in program.rows:
        if row.kind == "contract":
            a, b = row.inputs
            (m, k), n = a.shape[-2:], b.shape[-1]
            found, other = matrix(a), matrix(b)
            slow = found is not None and other is not None and not found.transposed and other.transposed
            if slow and m >= 8 and n >= 32 and k >= 8 and m * n * k <= SMALL:
                turned = program.new((*a.shape[:-2], k, m), a.dtype)
                rows.append(Row("loop", "copy", (_turned_ref(a),), turned, (a.dtype,) * 2, entry=row.entry))
                row = row._replace(inputs=(_turned_ref(turned), b))
        rows.append(row)
    program.rows = rows


def _turned_ref(ref: Ref) -> Ref:
    def turned(axes: tuple[int, ...]) -> tuple[int, ...]:
        return (*axes[:-2], axes[-1], axes[-2])

    return ref._replace(shape=turned(ref.shape), strides=turned(ref.strides))


def emit(builder: ir.IRBuilder, row: Row, function: ir.Value, c: bool, address: Function) -> None:
    """Calls of gemm, one for each matrix of a batch. ``address(ref)``: the pointer to a ref's first element."""
    a, b = row.inputs
    out = row.output
    assert out is not None
    counts = out.shape[:-2]

    def product(pointers: list[ir.Value]) -> None:
        _call(builder, function, c, (a, b, out), pointers)

    pointers = [address(r) for r in (a, b, out)]
    axes = [(n, tuple(r.strides[k] for r in (a, b, out))) for k, n in enumerate(counts) if n != 1]
    _batch(builder, axes, pointers, product)


def _batch(builder: ir.IRBuilder, axes: list[Any], pointers: list[ir.Value], product: Function) -> None:
    if not axes:
        product(pointers)
        return
    (n, strides), inner = axes[0], axes[1:]
    before = builder.block
    head, after = builder.append_basic_block("batch"), builder.append_basic_block("batched")
    builder.branch(head)
    builder.position_at_end(head)
    index = builder.phi(I64)
    index.add_incoming(constant(I64, 0), before)
    moved = [
        builder.gep(p, [builder.mul(index, constant(I64, s))], source_etype=ir.IntType(8)) if s else p
        for p, s in zip(pointers, strides, strict=True)
    ]
    _batch(builder, inner, moved, product)
    following = builder.add(index, constant(I64, 1))
    index.add_incoming(following, builder.block)
    builder.cbranch(builder.icmp_unsigned("<", following, constant(I64, n)), head, after)
    builder.position_at_end(after)


def _call(
    builder: ir.IRBuilder, function: ir.Value, c: bool, refs: tuple[Ref, Ref, Ref], pointers: list[ir.Value]
) -> None:
    a, b, out = refs
    pa, pb, pc = pointers
    (m, k), n = a.shape[-2:], b.shape[-1]
    kind = ir.FloatType() if out.dtype.itemsize == 4 else ir.DoubleType()
    result = _found(out)
    if result.transposed:  # Cᵀ = Bᵀ·Aᵀ
        first, second = _turned(_found(b)), _turned(_found(a))
        pa, pb = pb, pa
        m, n = n, m
    else:
        first, second = _found(a), _found(b)
    one, zero = constant(kind, 1), constant(kind, 0)
    leading = (max(first.leading, 1), max(second.leading, 1), max(result.leading, 1))
    if c:
        flags = [constant(I32, TRANSPOSED if x.transposed else PLAIN) for x in (first, second)]
        sizes = [constant(I64, x) for x in (m, n, k)]
        lda, ldb, ldc = (constant(I64, x) for x in leading)
        values = [constant(I32, ROW_MAJOR), *flags, *sizes, one, pa, lda, pb, ldb, zero, pc, ldc]
        _call_at(builder, function, values)
        return
    # Fortran counts columns first: there the matrices are transposed, and Cᵀ = Bᵀ·Aᵀ
    letters = [_held(builder, ir.IntType(8), ord("T" if x.transposed else "N")) for x in (second, first)]
    sizes = [_held(builder, I32, x) for x in (n, m, k)]
    ldb, lda, ldc = (_held(builder, I32, x) for x in (leading[1], leading[0], leading[2]))
    values = [*letters, *sizes, _held(builder, kind, 1), pb, ldb, pa, lda, _held(builder, kind, 0), pc, ldc]
    _call_at(builder, function, values)


def _found(ref: Ref) -> Matrix:
    found = matrix(ref)
    assert found is not None
    return found


def _turned(x: Matrix) -> Matrix:
    return Matrix(not x.transposed, x.leading)


def _held(builder: ir.IRBuilder, kind: ir.Type, value: float) -> Any:
    """A number in memory of the function, as Fortran wants its arguments."""
    with builder.goto_entry_block():
        place = builder.alloca(kind)
        builder.store(constant(kind, value), place)
    return place


def _call_at(builder: ir.IRBuilder, address: ir.Value, values: list[ir.Value]) -> None:
    """A call of the function that lies at an address."""
    builder.call(_Callee(address, ir.FunctionType(ir.VoidType(), [v.type for v in values])), values)


class _Callee:
    """An address with the type of the function that is there."""

    def __init__(self, address: Any, kinds: ir.FunctionType) -> None:
        self.function_type, self.type, self._address = kinds, address.type, address

    def get_reference(self) -> str:
        """How the IR names it."""
        return str(self._address.get_reference())
