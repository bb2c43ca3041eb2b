"""Reading and writing vectors of values along the innermost loop: densely, in strides, or where indices say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from llvmlite import ir

from ..form import Index
from ..passes.walks import Access
from .types import I1, I8, I32, I64, POINTER, cast, constant, intrinsic, lanes, stored

if TYPE_CHECKING:
    from ...support.types import DType


class Memory:
    """What the loops of a kernel read and write; ``depth`` is the number of loops."""

    def __init__(self, builder: ir.IRBuilder, depth: int) -> None:
        self.b, self.depth = builder, depth

    def _moved(self, pointer: Any, by: Any) -> ir.Value:
        if isinstance(by, ir.Constant) and by.constant == 0:
            return pointer
        return self.b.gep(pointer, [by], source_etype=I8)

    def along(self, pointer: ir.Value, index: ir.Value, stride: int) -> Any:
        """A pointer, moved by as many strides."""
        if stride == 0:
            return pointer
        return self._moved(pointer, self.b.mul(index, constant(I64, stride)))

    def read(self, pointer: ir.Value, access: Access, width: int, mask: ir.Value | None) -> ir.Value:
        """A vector of values along the innermost axis; a scalar where it stands still along it."""
        b, kind = self.b, stored(access.dtype)
        stride = access.strides[-1] if self.depth else 0
        if width == 1 or stride == 0:
            value = b.load(pointer, typ=kind, align=access.dtype.itemsize)
            value = self.truth(value, access.dtype, 1)
            return self.spread(value, width) if width > 1 else value
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
        return self.truth(value, access.dtype, width)

    def write(self, value: ir.Value, pointer: ir.Value, access: Access, width: int, mask: ir.Value | None) -> None:
        """Store a vector along the innermost axis."""
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

    def _points(self, pointer: ir.Value, stride: int, width: int) -> ir.Value:
        start = self.spread(self.b.ptrtoint(pointer, I64), width)
        steps = ir.Constant(ir.VectorType(I64, width), [k * stride for k in range(width)])
        return self.b.inttoptr(self.b.add(start, steps), ir.VectorType(POINTER, width))

    def truth(self, value: ir.Value, dtype: DType, width: int) -> ir.Value:
        """What was loaded, as it is in a register: a truth is one bit there."""
        return self.b.icmp_unsigned("!=", value, constant(I8, 0, width)) if dtype.kind == "b" else value

    def spread(self, value: ir.Value, width: int) -> ir.Value:
        """A scalar in every lane."""
        kind = ir.VectorType(value.type, width)
        none = ir.Constant(kind, ir.Undefined)
        one = self.b.insert_element(none, value, constant(I32, 0))
        return self.b.shuffle_vector(one, none, ir.Constant(ir.VectorType(I32, width), None))

    def indexed(
        self, pointer: ir.Value, indices: tuple[tuple[Access, Index], ...], pointers: dict[Access, Any]
    ) -> ir.Value:
        """A pointer, moved by what index arrays hold; a negative index counts from the end."""
        b = self.b
        for a, index in indices:
            value = b.load(pointers[a], typ=stored(a.dtype), align=a.dtype.itemsize)
            value = cast(b, value, a.dtype, np.dtype(np.int64), 1)
            value = b.select(
                b.icmp_signed("<", value, constant(I64, 0)), b.add(value, constant(I64, index.length)), value
            )
            pointer = self._moved(pointer, b.mul(value, constant(I64, index.stride)))
        return pointer
