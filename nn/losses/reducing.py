"""What losses have in common: targets beside their input, and the mean or the sum of many losses.

The mean of an elementwise loss takes two rows, its sum and a division: neither an array of losses nor one of
differences is made, for large arrays are worked off in blocks (see ``total``).
"""

from __future__ import annotations

import functools
import math
from typing import TYPE_CHECKING, Any

import numpy as np

import autograd_core as ag
from autograd_core import Tensor
from autograd_core.engine.arithmetic import conjugate, moved, summed, times
from autograd_core.engine.node import PLAIN
from autograd_core.ops.blockwise import in_blocks, sum_in_blocks

from ..kernels.accuracy import like

if TYPE_CHECKING:
    from autograd_core.support.types import AnyArray, Args, Function

REDUCTIONS = ("mean", "sum", "none")


def reduced(losses: Any, reduction: str, name: str, input: AnyArray) -> Any:
    """The mean or the sum of ``losses``, or themselves; in float16 where ``input`` is (losses are float32 then)."""
    _check(reduction, name)
    result = losses if reduction == "none" else np.mean(losses) if reduction == "mean" else np.sum(losses)
    return like(input, result)


def _check(reduction: str, name: str) -> None:
    if reduction not in REDUCTIONS:
        raise ValueError(f"{name}: reduction is 'mean', 'sum' or 'none', not {reduction!r}.")


def reduced_loss(
    loss: Function,
    args: Args,
    reduction: str,
    name: str,
    input: AnyArray,
    weight: AnyArray | None = None,
    sums: Function | None = None,
    **settings: object,
) -> Any:
    """The elementwise ``loss`` of ``args``, times ``weight``, reduced; in float16 where ``input`` is.

    sums : a primitive for its sum, where there is a faster one than ``total``
    """
    _check(reduction, name)
    shape = args[0].shape
    if reduction == "none" or weight is not None or not math.prod(shape) or any(a.shape != shape for a in args):
        losses = loss(*args, **settings)
        return reduced(losses if weight is None else losses * weight, reduction, name, input)
    result = (sums or total(loss))(*args, **settings)
    return like(input, result / math.prod(shape) if reduction == "mean" else result)


@functools.cache
def total(loss: Function) -> Function:
    """A primitive for the sum of an elementwise one over arrays of one shape, with the same rules.

    >>> from nn.losses.pointwise import huber
    >>> float(total(huber)(np.array([0.5, -3.0]), 1.0))
    2.625
    """
    op: Any = loss.primitive  # type: ignore[attr-defined]

    @functools.wraps(op.forward)
    def forward(*args: object, **settings: object) -> Any:
        return sum_in_blocks(lambda *arrays: summed(op.forward(*arrays, **settings)), *args)

    pulls: dict[str, Any] = {}
    pushes: dict[str, Any] = {}
    for argument, rule in zip(op.arguments, op.rules, strict=True):
        if callable(rule):
            pulls[argument], pushes[argument] = _pull(rule), _push(rule)
        else:
            pulls[argument] = None
    flops = (lambda call: 4 * math.prod(call.shapes[0]), lambda call: 4 * math.prod(call.shapes[0]))
    return ag.primitive(forward, name=f"sum_{op.name}", flops=flops, jvp=pushes, **pulls)


def _pull(rule: Function) -> Function:
    """g·∂loss/∂argument, told what the rule is told."""

    def product(g: AnyArray, *kept: object) -> AnyArray:
        arrays = [a for a in kept if hasattr(a, "dtype")]
        if isinstance(g, Tensor) or not all(type(a) in PLAIN and a.dtype.kind == "f" for a in arrays):
            return times(g, conjugate(rule(*kept)))
        return in_blocks(lambda *kept, out=None: np.multiply(rule(*kept), g, out=out), *kept)

    return functools.wraps(rule)(product)


def _push(rule: Function) -> Function:
    return functools.wraps(rule)(lambda t, *kept: summed(moved(t, rule(*kept))))


def constant(target: Any) -> AnyArray:
    """A target as an array where it is a number, a list or a tensor without gradient."""
    if isinstance(target, (int, float, list, tuple)):
        return np.asarray(target)
    return target._data if isinstance(target, Tensor) and not target.requires_grad else target


def beside(x: AnyArray, target: Any) -> Any:
    """A target in the dtype of x: float64 labels must not make a float32 model compute in float64."""
    target = constant(target)
    if target.dtype.kind == "c" and x.dtype.kind != "c":
        raise TypeError(
            f"a target of dtype {target.dtype} beside an input of dtype {x.dtype} would lose its imaginary part. "
            "Fix: give the input as complex numbers, input.astype(target.dtype)."
        )
    return target if target.dtype == x.dtype else target.astype(x.dtype)


def same_shape(name: str, input: AnyArray, target: Any) -> None:
    """ValueError where input and target differ in shape."""
    if np.shape(input) != np.shape(target):
        raise ValueError(
            f"{name}: input {np.shape(input)} and target {np.shape(target)} must have one shape; broadcasting them "
            "would average over pairs. Fix: reshape, e.g. target[:, None]."
        )
