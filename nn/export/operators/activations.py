"""Activations."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..writing import Writer

Rule = Callable[..., Any]


def _same(op: str, **attributes: Any) -> Rule:
    return lambda w, x: w.b.node(op, w.name(x), **attributes)


def _silu(w: Writer, x: Any) -> Any:
    return w.b.node("Mul", w.name(x), w.b.node("Sigmoid", w.name(x)))


def _logsigmoid(w: Writer, x: Any) -> Any:
    return w.b.node("Neg", w.b.node("Softplus", w.b.node("Neg", w.name(x))))


def _tanhshrink(w: Writer, x: Any) -> Any:
    return w.b.node("Sub", w.name(x), w.b.node("Tanh", w.name(x)))


def _prelu(w: Writer, x: Any, weight: Any) -> Any:
    """The slopes lie along axis 1."""
    axes = [-1 if k == 1 and weight.shape[0] > 1 else 1 for k in range(1, len(x.shape))]
    return w.b.node("PRelu", w.name(x), w.b.reshape(w.name(weight), axes or [1]))


def _clip(w: Writer, x: Any, low: Any = None, high: Any = None) -> Any:
    return w.b.node("Clip", w.name(x), *("" if v is None else w.name(v, x.dtype) for v in (low, high)))


def _shrunk(w: Writer, x: Any, lambd: float, bias: float) -> Any:
    return w.b.node("Shrink", w.name(x), lambd=float(lambd), bias=float(bias))


def _softplus(w: Writer, x: Any, beta: float = 1.0, threshold: float = 20.0) -> Any:
    b, steep = w.b, w.name(x)
    if beta != 1:
        steep = b.node("Mul", steep, b.constant(x.dtype.type(beta)))
    curve = b.node("Softplus", steep)
    if beta != 1:
        curve = b.node("Div", curve, b.constant(x.dtype.type(beta)))
    straight = b.node("Greater", steep, b.constant(x.dtype.type(threshold)))
    plain = beta == 1 and threshold == 20 and x.dtype.itemsize == 4  # where 20 is straight to the last bit
    return curve if plain else b.node("Where", straight, w.name(x), curve)


def _threshold(w: Writer, x: Any, threshold: float, value: float) -> Any:
    kind = x.dtype.type
    below = w.b.node("LessOrEqual", w.name(x), w.b.constant(kind(threshold)))
    return w.b.node("Where", below, w.b.constant(kind(value)), w.name(x))


RULES: dict[str, Rule] = {
    "relu": _same("Relu"),
    "sigmoid": _same("Sigmoid"),
    "softplus": _same("Softplus"),
    "nn.softplus": _softplus,
    "gelu": _same("Gelu"),
    "gelu_tanh": _same("Gelu", approximate="tanh"),
    "silu": _silu,
    "mish": _same("Mish"),
    "selu": _same("Selu", alpha=1.6732632423543772, gamma=1.0507009873554805),
    "elu": lambda w, x, alpha=1.0: w.b.node("Elu", w.name(x), alpha=float(alpha)),
    "celu": lambda w, x, alpha=1.0: w.b.node("Celu", w.name(x), alpha=float(alpha)),
    "leaky_relu": lambda w, x, negative_slope=0.01: w.b.node("LeakyRelu", w.name(x), alpha=float(negative_slope)),
    "prelu": _prelu,
    "threshold": _threshold,
    "clip": _clip,
    "hardtanh": lambda w, x, min_val=-1.0, max_val=1.0: _clip(w, x, min_val, max_val),
    "hardshrink": lambda w, x, lambd=0.5: _shrunk(w, x, lambd, 0.0),
    "softshrink": lambda w, x, lambd=0.5: _shrunk(w, x, lambd, lambd),
    "hardsigmoid": _same("HardSigmoid", alpha=1 / 6, beta=0.5),
    "hardswish": _same("HardSwish"),
    "softsign": _same("Softsign"),
    "logsigmoid": _logsigmoid,
    "tanhshrink": _tanhshrink,
}

SINGLE = {"gelu", "gelu_tanh", "selu", "elu", "celu", "leaky_relu", "hardshrink", "softshrink"}
SINGLE |= {"hardsigmoid", "hardswish"}
