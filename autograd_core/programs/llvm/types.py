"""NumPy's dtypes in LLVM: in memory, in registers, and from one to the other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llvmlite import ir

if TYPE_CHECKING:
    from ...support.types import DType


I1, I8, I32, I64 = (ir.IntType(n) for n in (1, 8, 32, 64))
POINTER = ir.PointerType()
KNOWN = frozenset("?bBhHiIlLqQfd")


def known(dtype: DType) -> bool:
    """Whether the dtype has a type of LLVM's here: not half precision, complex numbers, or foreign byte orders."""
    return dtype.char in KNOWN and dtype.isnative


def castable(source: DType, target: DType) -> bool:
    """Whether C defines the change of dtype for every value: not from floats to integers."""
    return known(source) and known(target) and not (source.kind == "f" and target.kind in "iu")


def element(dtype: DType) -> ir.Type:
    """The type in a register; a truth is one bit there."""
    if dtype.kind == "b":
        return I1
    if dtype.kind == "f":
        return ir.FloatType() if dtype.itemsize == 4 else ir.DoubleType()
    return ir.IntType(8 * dtype.itemsize)


def stored(dtype: DType) -> ir.Type:
    """The type in memory."""
    return I8 if dtype.kind == "b" else element(dtype)


def lanes(kind: ir.Type, width: int) -> ir.Type:
    """As many of them; 1 is a scalar."""
    return kind if width == 1 else ir.VectorType(kind, width)


def constant(kind: ir.Type, value: Any, width: int = 1) -> ir.Constant:
    """A number in every lane."""
    value = float(value) if isinstance(kind, (ir.FloatType, ir.DoubleType)) else int(value)
    one = ir.Constant(kind, value)
    if width == 1:
        return one
    if value == 0 and not isinstance(kind, (ir.FloatType, ir.DoubleType)):
        return ir.Constant(ir.VectorType(kind, width), None)
    return _Splat(ir.VectorType(kind, width), f"splat ({kind} {one.get_reference()})", value)


def number_of(value: ir.Value) -> Any:
    """The number in every lane of a constant; None of what is computed."""
    return value.number if isinstance(value, _Splat) else value.constant if isinstance(value, ir.Constant) else None


class _Splat(ir.FormattedConstant):
    """A vector of one number, whose text is as short as a scalar's."""

    def __init__(self, kind: ir.VectorType, text: str, number: float) -> None:
        self.type, self.constant, self.number = kind, text, number


def suffix(kind: ir.Type) -> str:
    """The name of a type in the name of an intrinsic."""
    if isinstance(kind, ir.VectorType):
        return f"v{kind.count}{suffix(kind.element)}"
    if isinstance(kind, ir.IntType):
        return f"i{kind.width}"
    return {ir.FloatType: "f32", ir.DoubleType: "f64", ir.PointerType: "p0"}[type(kind)]


def intrinsic(
    builder: ir.IRBuilder, name: str, result: ir.Type, arguments: list[ir.Value], over: list[ir.Type]
) -> ir.Value:
    """A call of ``llvm.name``, overloaded over some types."""
    full = ".".join(["llvm", name, *map(suffix, over)])
    module = builder.module
    function = module.globals.get(full)
    if function is None:
        function = ir.Function(module, ir.FunctionType(result, [a.type for a in arguments]), full)
    return builder.call(function, arguments)


def cast(builder: ir.IRBuilder, value: Any, source: DType, target: DType, width: int) -> ir.Value:
    """A value in another dtype, as C converts it."""
    if source == target or element(source) == element(target):
        return value
    kind = lanes(element(target), width)
    if target.kind == "b":
        zero = constant(element(source), 0, width)
        if source.kind == "f":
            return builder.fcmp_unordered("!=", value, zero)
        return builder.icmp_unsigned("!=", value, zero)
    if source.kind == "f":
        return builder.fpext(value, kind) if target.itemsize > source.itemsize else builder.fptrunc(value, kind)
    if target.kind == "f":
        return builder.sitofp(value, kind) if source.kind == "i" else builder.uitofp(value, kind)
    if source.kind != "b" and target.itemsize < source.itemsize:
        return builder.trunc(value, kind)
    return builder.sext(value, kind) if source.kind == "i" else builder.zext(value, kind)
