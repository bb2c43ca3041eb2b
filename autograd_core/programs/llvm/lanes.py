"""A floating value of one lane or many in LLVM's code, with the operators of arithmetic, so that formulas read as such.

No operation carries a fast-math flag and every fused multiply-add is asked for by name: the same code gives the same
bits at every width and on every machine.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass

from llvmlite import ir


@dataclass(frozen=True)
class Format:
    """An IEEE format: bits of the whole and of the fraction."""

    bits: int
    fraction: int

    @property
    def bias(self) -> int:
        """What the exponent's bits hold for 1.0."""
        return 2 ** (self.bits - self.fraction - 2) - 1

    @property
    def integer(self) -> ir.IntType:
        """The integer of as many bits."""
        return ir.IntType(self.bits)

    @property
    def smallest_normal(self) -> float:
        """Below it numbers have fewer digits."""
        return 2.0 ** (1 - self.bias)

    @property
    def largest_whole(self) -> float:
        """1.5·2^fraction: added to a small number it leaves that number rounded to an integer in the low bits."""
        return 1.5 * 2.0**self.fraction

    def bits_of(self, number: float) -> int:
        """The bits of a number as an integer with a sign."""
        codes = ("<f", "<i") if self.bits == 32 else ("<d", "<q")
        found: int = struct.unpack(codes[1], struct.pack(codes[0], number))[0]
        return found


SINGLE, DOUBLE = Format(32, 23), Format(64, 52)


class Lanes:
    """``value`` (float, double, integers, truths, or vectors of them) and the builder that computes with it."""

    __slots__ = ("builder", "value")

    def __init__(self, builder: ir.IRBuilder, value: ir.Value) -> None:
        self.builder, self.value = builder, value

    @property
    def count(self) -> int | None:
        """Lanes of a vector; None for a scalar."""
        kind = self.value.type
        return kind.count if isinstance(kind, ir.VectorType) else None

    @property
    def format(self) -> Format:
        """SINGLE or DOUBLE."""
        kind = self.value.type.element if self.count else self.value.type
        if isinstance(kind, ir.FloatType):
            return SINGLE
        if isinstance(kind, ir.DoubleType):
            return DOUBLE
        raise TypeError(f"LLVM code: float or double is computed here, not {self.value.type}.")

    def like(self, kind: ir.Type) -> ir.Type:
        """``kind`` in as many lanes."""
        return ir.VectorType(kind, self.count) if self.count else kind

    def constant(self, number: float) -> Lanes:
        """The number in every lane, of the same type."""
        kind = self.value.type
        return Lanes(self.builder, ir.Constant(kind, [number] * self.count if self.count else number))

    def _with(self, other: Lanes | float) -> ir.Value:
        return other.value if isinstance(other, Lanes) else self.constant(other).value

    def _made(self, value: ir.Value) -> Lanes:
        return Lanes(self.builder, value)

    # arithmetic on floats
    def __add__(self, other: Lanes | float) -> Lanes:
        return self._made(self.builder.fadd(self.value, self._with(other)))

    def __sub__(self, other: Lanes | float) -> Lanes:
        return self._made(self.builder.fsub(self.value, self._with(other)))

    def __mul__(self, other: Lanes | float) -> Lanes:
        return self._made(self.builder.fmul(self.value, self._with(other)))

    def __truediv__(self, other: Lanes | float) -> Lanes:
        return self._made(self.builder.fdiv(self.value, self._with(other)))

    def __rsub__(self, other: float) -> Lanes:
        return self.constant(other) - self

    def __rtruediv__(self, other: float) -> Lanes:
        return self.constant(other) / self

    def __neg__(self) -> Lanes:
        return self._made(self.builder.fneg(self.value))

    __radd__, __rmul__ = __add__, __mul__

    def fma(self, factor: Lanes | float, summand: Lanes | float) -> Lanes:
        """self·factor + summand, rounded once."""
        return self.intrinsic("fma", factor, summand)

    def intrinsic(self, name: str, *others: Lanes | float) -> Lanes:
        """LLVM's own function of that name, of arguments and result of this type."""
        kind, several = self.value.type, self.count
        element = "f32" if self.format is SINGLE else "f64"
        full = f"llvm.{name}.{f'v{several}' if several else ''}{element}"
        module = self.builder.module
        function = module.globals.get(full)
        if function is None:
            function = ir.Function(module, ir.FunctionType(kind, [kind] * (1 + len(others))), full)
        return self._made(self.builder.call(function, [self.value, *map(self._with, others)]))

    def polynomial(self, coefficients: Iterable[float]) -> Lanes:
        """Σ cₖ xᵏ, lowest first, by Horner's rule in fused steps."""
        *rest, highest = coefficients
        total = self.constant(highest)
        for c in reversed(rest):
            total = total.fma(self, c)
        return total

    # comparisons: truths; false where one is not a number
    def __lt__(self, other: Lanes | float) -> Lanes:
        return self._made(self.builder.fcmp_ordered("<", self.value, self._with(other)))

    def __gt__(self, other: Lanes | float) -> Lanes:
        return self._made(self.builder.fcmp_ordered(">", self.value, self._with(other)))

    def __ge__(self, other: Lanes | float) -> Lanes:
        return self._made(self.builder.fcmp_ordered(">=", self.value, self._with(other)))

    def equals(self, other: Lanes | float) -> Lanes:
        """self = other."""
        return self._made(self.builder.fcmp_ordered("==", self.value, self._with(other)))

    def is_nan(self) -> Lanes:
        """Where it is not a number."""
        return self._made(self.builder.fcmp_unordered("uno", self.value, self.value))

    def where(self, condition: Lanes, other: Lanes | float) -> Lanes:
        """self where ``condition``, else ``other``."""
        return self._made(self.builder.select(condition.value, self.value, self._with(other)))

    def widened(self) -> Lanes:
        """float as double."""
        return self._made(self.builder.fpext(self.value, self.like(ir.DoubleType())))

    def narrowed(self) -> Lanes:
        """double as float, rounded to the nearest."""
        return self._made(self.builder.fptrunc(self.value, self.like(ir.FloatType())))

    def lane(self, i: int) -> Lanes:
        """One number of a vector."""
        return self._made(self.builder.extract_element(self.value, ir.Constant(ir.IntType(32), i)))

    def with_lane(self, i: int, number: Lanes) -> Lanes:
        """The vector with another number at one place."""
        return self._made(self.builder.insert_element(self.value, number.value, ir.Constant(ir.IntType(32), i)))

    def any(self) -> ir.Value:
        """Whether one of the truths is true, as a single one."""
        if self.count is None:
            return self.value
        bits = self.builder.bitcast(self.value, ir.IntType(self.count))
        return self.builder.icmp_unsigned("!=", bits, ir.Constant(bits.type, 0))

    # truths and bits
    def __and__(self, other: Lanes | int) -> Lanes:
        return self._made(self.builder.and_(self.value, self._with(other)))

    def __or__(self, other: Lanes | int) -> Lanes:
        return self._made(self.builder.or_(self.value, self._with(other)))

    def __xor__(self, other: Lanes | int) -> Lanes:
        return self._made(self.builder.xor(self.value, self._with(other)))

    def plus(self, other: Lanes | int) -> Lanes:
        """The sum of integers."""
        return self._made(self.builder.add(self.value, self._with(other)))

    def minus(self, other: Lanes | int) -> Lanes:
        """The difference of integers."""
        return self._made(self.builder.sub(self.value, self._with(other)))

    def __lshift__(self, places: int) -> Lanes:
        return self._made(self.builder.shl(self.value, self._with(places)))

    def __rshift__(self, places: int) -> Lanes:
        """Bits to the right, the sign kept."""
        return self._made(self.builder.ashr(self.value, self._with(places)))

    def as_bits(self) -> Lanes:
        """The same bits as integers."""
        return self._made(self.builder.bitcast(self.value, self.like(self.format.integer)))

    def as_float(self, like: Lanes) -> Lanes:
        """The same bits as floats of the type of ``like``."""
        return self._made(self.builder.bitcast(self.value, like.value.type))
