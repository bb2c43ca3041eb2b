"""A table from primitives to ONNX's operators."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from .writing import Writer


class Refused(ValueError):
    """There is no operator for this, and why."""


Rule = Callable[..., Any]


def _same(op: str, **attributes: Any) -> Rule:
    return lambda w, x: w.b.node(op, w.name(x), **attributes)


def _constant(w: Writer, value: Any, change: Callable[[Any], Any], what: str = "") -> str:
    """A weight, changed for good where it is one; ValueError where it is computed."""
    if value.call is None or value.call[0] != "constant":
        raise Refused(f"its {what or 'weight'} is computed from the input")
    name = value.call[1]
    return w.b.constant(change(value.array), name and f"{name}.laid_out")


def _linear(w: Writer, x: Any, weight: Any, bias: Any) -> str:
    if len(x.shape) == 2:
        return str(w.b.node("Gemm", w.name(x), w.name(weight), w.name(bias), transB=1))
    turned = w.b.node("Transpose", w.name(weight), perm=[1, 0])
    return str(w.b.node("Add", w.b.node("MatMul", w.name(x), turned), w.name(bias)))


def _convolution(w: Writer, x: Any, weight: Any, bias: Any, size: Any, kernel: Any, **settings: Any) -> str:
    low, high = zip(*settings["pads"], strict=True)
    inputs = [w.name(x), w.name(weight), *([] if bias is None else [w.name(bias)])]
    return str(
        w.b.node(
            "Conv",
            *inputs,
            kernel_shape=list(kernel),
            strides=list(settings["stride"]),
            pads=[*low, *high],
            dilations=list(settings["dilation"]),
            group=settings["groups"],
        )
    )


def _max_pool(w: Writer, x: Any, kernel: Any, stride: Any, dilation: Any) -> str:
    return str(
        w.b.node("MaxPool", w.name(x), kernel_shape=list(kernel), strides=list(stride), dilations=list(dilation))
    )


def _batch_norm(w: Writer, x: Any, mean: Any, var: Any, weight: Any, bias: Any, eps: float) -> str:
    one = np.ones_like(mean.array)
    scale = w.name(weight) if weight is not None else w.b.constant(one)
    shift = w.name(bias) if bias is not None else w.b.constant(0 * one)
    return str(w.b.node("BatchNormalization", w.name(x), scale, shift, w.name(mean), w.name(var), epsilon=eps))


def _normalised(w: Writer, x: Any, weight: Any, bias: Any, eps: float, groups: Any, center: bool) -> str:
    if groups is not None:
        return str(
            w.b.node("GroupNormalization", w.name(x), w.name(weight), w.name(bias), num_groups=groups, epsilon=eps)
        )
    axes = len(weight.shape)
    if center:
        return str(w.b.node("LayerNormalization", w.name(x), w.name(weight), w.name(bias), axis=-axes, epsilon=eps))
    scaled = w.b.node("Mul", _standardised(w, x, tuple(range(-axes, 0)), eps, False), w.name(weight))
    return str(w.b.node("Add", scaled, w.name(bias)))


def _standardised(w: Writer, x: Any, axes: Any, eps: float, center: bool) -> str:
    b, value, over = w.b, w.name(x), w.b.constant([int(k) for k in axes])
    if center:
        value = b.node("Sub", value, b.node("ReduceMean", value, over, keepdims=1))
    square = b.node("ReduceMean", b.node("Mul", value, value), over, keepdims=1)
    return str(b.node("Div", value, b.node("Sqrt", b.node("Add", square, b.constant(x.dtype.type(eps))))))


def _attention(w: Writer, query: Any, key: Any, value: Any, bias: Any = None, scale: float = 1.0) -> str:
    b = w.b
    order = [*range(len(key.shape) - 2), len(key.shape) - 1, len(key.shape) - 2]
    scores = b.node("MatMul", w.name(query), b.node("Transpose", w.name(key), perm=order))
    scores = b.node("Mul", scores, b.constant(query.dtype.type(scale)))
    if bias is not None:
        scores = b.node("Add", scores, w.name(bias, query.dtype))
    return str(b.node("MatMul", b.node("Softmax", scores, axis=-1), w.name(value)))


# Recurrence: the input's part of the gates was computed by a linear row, which the operator takes in ------------------


def _recurrent(w: Writer, op: str, gates: Any, weight: Any, own: Any, states: Any, order: Any, **settings: Any) -> Any:
    if gates.call is None or gates.call[0] != "linear":
        raise Refused("the gates are not those of a linear map of the input")
    x, of_input, bias = gates.call[1]
    n = weight.shape[-1]

    def laid(matrix: Any) -> Any:
        return np.concatenate([matrix[k * n : (k + 1) * n] for k in order])[None]

    biases = w.b.constant(
        np.concatenate([laid(bias.array), laid(0 * bias.array if own is None else own.array)], axis=1)
    )
    for array, what in ((of_input, "weight"), (weight, "weight"), (bias, "bias")):
        _constant(w, array, lambda a: a, what)
    inputs = [w.name(x), _constant(w, of_input, laid), _constant(w, weight, laid), biases]
    starts = ["" if _zero(h) else w.b.node("Unsqueeze", w.name(h), w.b.constant([0])) for h in states]
    if any(starts):
        zero = [w.b.node("Mul", next(s for s in starts if s), w.b.constant(gates.dtype.type(0)))] * len(starts)
        inputs += ["", *(s or z for s, z in zip(starts, zero, strict=True))]
    count = 1 + len(states)
    names = w.b.node(op, *inputs, outputs=count, hidden_size=n, **settings)
    every = w.b.node("Squeeze", names[0], w.b.constant([1]))
    last = [w.b.node("Squeeze", name, w.b.constant([0])) for name in names[1:]]
    return every, last


def _zero(state: Any) -> bool:
    return state.call is not None and state.call[0] in ("constant", "uniform") and not state.array.any()


def _lstm(w: Writer, gates: Any, weight: Any, h: Any, c: Any, keep: bool = True) -> dict[str, str]:
    every, last = _recurrent(w, "LSTM", gates, weight, None, (h, c), (0, 3, 1, 2))
    return {"0": every, "(0, -1)": last[0], "(1, -1)": last[1]}


def _gru(w: Writer, gates: Any, weight: Any, bias: Any, h: Any, keep: bool = True) -> dict[str, str]:
    every, last = _recurrent(w, "GRU", gates, weight, bias, (h,), (1, 0, 2), linear_before_reset=1)
    return {"0": every, "(0, -1)": last[0]}


def _rnn(w: Writer, gates: Any, weight: Any, h: Any, nonlinearity: str = "tanh") -> Any:
    kind = "Tanh" if nonlinearity == "tanh" else "Relu"
    return _recurrent(w, "RNN", gates, weight, None, (h,), (0,), activations=[kind])[0]


# Shapes -------------------------------------------------------------------------------------------------------------


def _reshape(w: Writer, x: Any, **_: Any) -> str:
    shape, other = w.target()
    open_axes = [k for k, (n, m) in enumerate(zip(shape, other, strict=True)) if n != m]
    if len(open_axes) == 1:
        target = w.b.constant([-1 if k in open_axes else int(n) for k, n in enumerate(shape)])
    else:
        target = w.dims(shape, other)
    return str(w.b.node("Reshape", w.name(x), target))


def _permuted(change: Callable[..., Any]) -> Rule:
    """NumPy itself says where the axes go: the lengths of an array whose lengths are their numbers."""

    def rule(w: Writer, x: Any, **settings: Any) -> str:
        seen = change(np.empty(tuple(range(2, 2 + len(x.shape))), np.bool_), **settings)
        return str(w.b.node("Transpose", w.name(x), perm=[n - 2 for n in seen.shape]))

    return rule


def _expand(w: Writer, x: Any, **_: Any) -> str:
    return str(w.b.node("Expand", w.name(x), w.dims(*w.target())))


def _concatenate(w: Writer, *parts: Any, axis: Any = 0) -> str:
    arrays = parts[0] if len(parts) == 1 and isinstance(parts[0], list) else parts
    return str(w.b.node("Concat", *(w.name(a) for a in arrays), axis=int(axis)))


def _getitem(w: Writer, x: Any, index: Any) -> str:
    if x.parts:
        key = str(index)
        if key not in x.parts:
            raise Refused("the states between two steps")
        return str(x.parts[key])
    parts = list(index) if isinstance(index, tuple) else [index]
    if sum(1 for p in parts if p is Ellipsis) == 0:
        parts.append(Ellipsis)
    at = next(k for k, p in enumerate(parts) if p is Ellipsis)
    rest = len(x.shape) - sum(1 for p in parts if p is not None and p is not Ellipsis)
    parts[at : at + 1] = [slice(None)] * rest
    value, b, axis = w.name(x), w.b, 0
    squeezed: list[int] = []
    added: list[int] = []
    arrays: list[tuple[int, str]] = []
    for p in parts:
        if p is None:
            added.append(axis - len(squeezed) + len(added))
            continue
        if isinstance(p, slice):
            value = _sliced(w, value, x, axis, p)
        elif isinstance(p, (int, np.integer)):
            if x.shape[axis] != x.other.shape[axis] and p not in (0, -1):
                raise Refused("one example of the batch by its number")
            arrays.append((axis, w.b.constant(np.int64(p))))
            squeezed.append(axis)
        else:
            arrays.append((axis, _places(w, p)))
        axis += 1
    wide = [k for k, _ in arrays if k not in squeezed]
    if len(wide) > 1 or (wide and squeezed) or (wide and added):
        raise Refused("several index arrays at once")
    for k, places in reversed(arrays):
        value = b.node("Gather", value, places, axis=k)
    return str(b.node("Unsqueeze", value, b.constant(added)) if added else value)


def _places(w: Writer, index: Any) -> str:
    other = w.present[1].params["index"]
    other = (
        other
        if not isinstance(other, tuple)
        else next(p for p in other if isinstance(p, (list, np.ndarray)) or hasattr(p, "_data"))
    )
    value = w.value(
        np.asarray(index) if isinstance(index, list) else index, np.asarray(other) if isinstance(other, list) else other
    )
    if value.dtype.kind == "b":
        raise Refused("a mask, which makes the shape depend on the numbers")
    return w.name(value, np.int64)


def _sliced(w: Writer, value: str, x: Any, axis: int, part: slice) -> str:
    length, longer = x.shape[axis], x.other.shape[axis]
    first, last, step = part.indices(length)
    if (first, last, step) == (0, length, 1):
        return value
    if length != longer and part not in (slice(None, None, -1),):
        raise Refused("a part of the batch")
    last = last if last >= 0 and length == longer else -(2**31)
    b = w.b
    first = -1 if length != longer else first
    return str(b.node("Slice", value, *(b.constant([int(k)]) for k in (first, last, axis, step))))


def _flip(w: Writer, x: Any, axis: Any = None) -> str:
    axes = range(len(x.shape)) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    many, b = [int(k) for k in axes], w.b
    ends = ([-1] * len(many), [-(2**31)] * len(many), many, [-1] * len(many))
    return str(b.node("Slice", w.name(x), *map(b.constant, ends)))


# Sums ---------------------------------------------------------------------------------------------------------------


def _reduced(op: str) -> Rule:
    def rule(w: Writer, x: Any, axis: Any = None, keepdims: bool = False, **others: Any) -> str:
        if any(others.get(name) is not None for name in ("dtype", "initial")) or others.get("where", True) is not True:
            raise Refused("its settings dtype, initial and where")
        axes = range(len(x.shape)) if axis is None else axis if isinstance(axis, tuple) else (axis,)
        return str(w.b.node(op, w.name(x), w.b.constant([int(k) for k in axes]), keepdims=int(keepdims)))

    return rule


def _spread(root: bool) -> Rule:
    def rule(w: Writer, x: Any, axis: Any = None, keepdims: bool = False, ddof: Any = 0, **others: Any) -> str:
        if ddof and x.shape != x.other.shape:
            raise KeyError("ddof")
        axes = [int(k) for k in (range(len(x.shape)) if axis is None else axis if isinstance(axis, tuple) else (axis,))]
        b, value, over = w.b, w.name(x), w.b.constant(axes)
        off = b.node("Sub", value, b.node("ReduceMean", value, over, keepdims=1))
        found = b.node("ReduceMean", b.node("Mul", off, off), over, keepdims=int(keepdims))
        n = math.prod(x.shape[k] for k in axes)
        found = b.node("Mul", found, b.constant(x.dtype.type(n / (n - ddof)))) if ddof else found
        return str(b.node("Sqrt", found) if root else found)

    return rule


# Activations --------------------------------------------------------------------------------------------------------


def _silu(w: Writer, x: Any) -> str:
    return str(w.b.node("Mul", w.name(x), w.b.node("Sigmoid", w.name(x))))


def _where(w: Writer, condition: Any, x: Any, y: Any) -> str:
    kind = w.present[0].result.dtype
    return str(w.b.node("Where", w.name(condition, np.dtype(bool)), w.name(x, kind), w.name(y, kind)))


def _clip(w: Writer, x: Any, low: Any = None, high: Any = None, **others: Any) -> str:
    ends = ["" if v is None else w.b.constant(x.dtype.type(v)) for v in (low, high)]
    return str(w.b.node("Clip", w.name(x), *ends))


def _prelu(w: Writer, x: Any, weight: Any) -> str:
    slope = weight.array.reshape(-1, *[1] * (len(x.shape) - 2)) if weight.array.size > 1 else weight.array
    return str(w.b.node("PRelu", w.name(x), _constant(w, weight, lambda a: slope)))


def _softmax(op: str) -> Rule:
    return lambda w, x, axis=-1: w.b.node(op, w.name(x), axis=int(axis))


def _tanhshrink(w: Writer, x: Any) -> str:
    return str(w.b.node("Sub", w.name(x), w.b.node("Tanh", w.name(x))))


def _shrunk(w: Writer, x: Any, lambd: float, bias: float) -> str:
    return str(w.b.node("Shrink", w.name(x), lambd=float(lambd), bias=float(bias)))


def _softplus(w: Writer, x: Any, beta: float = 1.0, threshold: float = 20.0) -> str:
    b, steep = w.b, w.name(x)
    if beta != 1:
        steep = b.node("Mul", steep, b.constant(x.dtype.type(beta)))
    curve = b.node("Softplus", steep)
    if beta != 1:
        curve = b.node("Div", curve, b.constant(x.dtype.type(beta)))
    straight = b.node("Greater", steep, b.constant(x.dtype.type(threshold)))
    plain = beta == 1 and threshold == 20 and x.dtype == np.float32  # where 20 is straight to the last bit
    return str(curve if plain else b.node("Where", straight, w.name(x), curve))


def _threshold(w: Writer, x: Any, threshold: float, value: float) -> str:
    kind = x.dtype.type
    below = w.b.node("LessOrEqual", w.name(x), w.b.constant(kind(threshold)))
    return str(w.b.node("Where", below, w.b.constant(kind(value)), w.name(x)))


def _average_pool(w: Writer, x: Any, kernel: Any, stride: Any, padding: Any, counted: bool) -> str:
    return str(
        w.b.node(
            "AveragePool",
            w.name(x),
            kernel_shape=list(kernel),
            strides=list(stride),
            pads=[*padding, *padding],
            count_include_pad=int(counted),
        )
    )


RULES: dict[str, Rule] = {
    "nn.softplus": _softplus,
    "threshold": _threshold,
    "AvgPool": _average_pool,
    "elu": lambda w, x, alpha=1.0: w.b.node("Elu", w.name(x), alpha=float(alpha)),
    "celu": lambda w, x, alpha=1.0: w.b.node("Celu", w.name(x), alpha=float(alpha)),
    "leaky_relu": lambda w, x, negative_slope=0.01: w.b.node("LeakyRelu", w.name(x), alpha=float(negative_slope)),
    "hardtanh": lambda w, x, min_val=-1.0, max_val=1.0: _clip(w, x, min_val, max_val),
    "hardshrink": lambda w, x, lambd=0.5: _shrunk(w, x, lambd, 0.0),
    "softshrink": lambda w, x, lambd=0.5: _shrunk(w, x, lambd, lambd),
    "linear": _linear,
    "convolution": _convolution,
    "max_of_windows": _max_pool,
    "BatchNorm": _batch_norm,
    "normalised": _normalised,
    "standardised": _standardised,
    "attention": _attention,
    "lstm": _lstm,
    "gru": _gru,
    "rnn": _rnn,
    "reshape": _reshape,
    "squeeze": _reshape,
    "expand_dims": _reshape,
    "swapaxes": _permuted(np.swapaxes),
    "transpose": _permuted(np.transpose),
    "moveaxis": _permuted(np.moveaxis),
    "broadcast_to": _expand,
    "concatenate": _concatenate,
    "getitem": _getitem,
    "flip": _flip,
    "astype": lambda w, x, **_: w.b.cast(w.name(x), w.present[0].result.dtype),
    "matmul": lambda w, x, y: w.b.node("MatMul", w.name(x), w.name(y)),
    "sum": _reduced("ReduceSum"),
    "mean": _reduced("ReduceMean"),
    "max": _reduced("ReduceMax"),
    "min": _reduced("ReduceMin"),
    "prod": _reduced("ReduceProd"),
    "var": _spread(False),
    "std": _spread(True),
    "logsumexp": _reduced("ReduceLogSumExp"),
    "softmax": _softmax("Softmax"),
    "log_softmax": _softmax("LogSoftmax"),
    "where": _where,
    "clip": _clip,
    "relu": _same("Relu"),
    "sigmoid": _same("Sigmoid"),
    "gelu": _same("Gelu"),
    "gelu_tanh": _same("Gelu", approximate="tanh"),
    "silu": _silu,
    "mish": _same("Mish"),
    "selu": _same("Selu", alpha=1.6732632423543772, gamma=1.0507009873554805),
    "softsign": _same("Softsign"),
    "hardswish": _same("HardSwish"),
    "hardsigmoid": _same("HardSigmoid", alpha=1 / 6, beta=0.5),
    "logsigmoid": lambda w, x: w.b.node("Neg", w.b.node("Softplus", w.b.node("Neg", w.name(x)))),
    "tanhshrink": _tanhshrink,
    "prelu": _prelu,
}
