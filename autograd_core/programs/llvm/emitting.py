"""Rules on `Lanes` as functions of a builder and its values, and the way round them for rare arguments."""

from __future__ import annotations

import functools
from collections.abc import Callable

from llvmlite import ir

from .lanes import SINGLE, Lanes


def emitted(rule: Callable[..., Lanes]) -> Callable[..., ir.Value]:
    """f(builder, x, …) → value, of a rule that computes with operators."""

    @functools.wraps(rule)
    def emit(builder: ir.IRBuilder, *values: ir.Value) -> ir.Value:
        return rule(*(Lanes(builder, value) for value in values)).value

    return emit


def odd(rule: Callable[[Lanes], Lanes]) -> Callable[[Lanes], Lanes]:
    """f(−x) = −f(x), of a rule for x ≥ 0 whose result is not negative; −0 stays −0."""

    @functools.wraps(rule)
    def signed(x: Lanes) -> Lanes:
        return rule(x.intrinsic("fabs")).intrinsic("copysign", x)

    return signed


def unless_rare(usual: Lanes, rare: Lanes, slow: Callable[..., Lanes], *given: Lanes) -> Lanes:
    """``usual``, and where ``rare`` what ``slow`` makes of the numbers ``given``: one by one, behind a branch."""
    builder = usual.builder
    before = builder.block
    with builder.if_then(rare.any(), likely=False):
        if usual.count is None:
            mended = slow(*given)
        else:
            mended = usual
            for i in range(usual.count):
                mended = mended.with_lane(i, slow(*(x.lane(i) for x in given)))
            mended = mended.where(rare, usual)
        end = builder.block
    joined = builder.phi(usual.value.type)
    joined.add_incoming(usual.value, before)
    joined.add_incoming(mended.value, end)
    return Lanes(builder, joined)


def library(name: str) -> Callable[[Lanes], Lanes]:
    """The function of C's mathematical library, for one number."""

    def call(x: Lanes) -> Lanes:
        module, full = x.builder.module, name + ("f" if x.format is SINGLE else "")
        kind = x.value.type
        function = module.globals.get(full) or ir.Function(module, ir.FunctionType(kind, [kind]), full)
        return Lanes(x.builder, x.builder.call(function, [x.value]))

    return call
