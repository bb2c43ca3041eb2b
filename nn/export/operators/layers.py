"""Layers: linear maps, convolutions, pooling, normalisation, attention, tables of vectors."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ..following import Refused
from .reductions import standardised

if TYPE_CHECKING:
    from ..writing import Writer


def laid_out(w: Writer, value: Any, change: Callable[[Any], Any]) -> str:
    """A weight, changed for good."""
    if value.array is None:
        raise Refused("its weight is computed from the input")
    return w.b.constant(change(value.array), value.weight and f"{value.weight}.laid_out")


def _linear(w: Writer, x: Any, weight: Any, bias: Any) -> Any:
    if len(x.shape) == 2:
        return w.b.node("Gemm", w.name(x), w.name(weight), w.name(bias), transB=1)
    turned = w.b.node("Transpose", w.name(weight), perm=[1, 0])
    return w.b.node("Add", w.b.node("MatMul", w.name(x), turned), w.name(bias))


def _convolution(w: Writer, x: Any, weight: Any, bias: Any, size: Any, kernel: Any, **settings: Any) -> Any:
    low, high = zip(*settings["pads"], strict=True)
    sizes = {"strides": settings["stride"], "pads": (*low, *high), "dilations": settings["dilation"]}
    return _windows(w, "Conv", x, weight, bias, kernel_shape=kernel, group=settings["groups"], **sizes)


def _conv_transposed(w: Writer, x: Any, weight: Any, bias: Any, **settings: Any) -> Any:
    return _windows(w, "ConvTranspose", x, weight, bias, **settings)


def _windows(w: Writer, op: str, x: Any, *weights: Any, **settings: Any) -> Any:
    inputs = [w.name(v) for v in (x, *weights) if v is not None]
    given: dict[str, Any] = {k: list(v) if isinstance(v, tuple) else int(v) for k, v in settings.items()}
    return w.b.node(op, *inputs, **given)


def _pool(w: Writer, x: Any, op: str, **settings: Any) -> Any:
    return _windows(w, op, x, **settings)


def _places_of_pool(w: Writer, x: Any, **settings: Any) -> Any:
    """The operator counts through all examples and channels."""
    b = w.b
    given: dict[str, Any] = {k: list(v) for k, v in settings.items()}
    places = b.node("MaxPool", w.name(x), outputs=2, **given)[1]
    return b.node("Mod", places, b.constant(np.int64(math.prod(x.shape[2:]))))


def _unpool(w: Writer, x: Any, places: Any, size: Any = None) -> Any:
    """Zeros with the numbers at their places."""
    b, shape, longer = w.b, *w.target()
    rows, count = b.constant([0, 0, -1]), math.prod(shape[2:])
    zeros = b.node("Expand", b.constant(x.dtype.type(0)), w.dims((*shape[:2], count), (*longer[:2], count)))
    values, at = (b.node("Reshape", v, rows) for v in (w.name(x), w.name(places, np.dtype(np.int64))))
    found = b.node("ScatterElements", zeros, at, values, axis=2)
    return b.node("Reshape", found, w.dims(shape, longer))


def _max_of_windows(w: Writer, x: Any, kernel: Any, stride: Any, dilation: Any) -> Any:
    return _windows(w, "MaxPool", x, kernel_shape=kernel, strides=stride, dilations=dilation)


def _batch_norm(w: Writer, x: Any, mean: Any, var: Any, weight: Any, bias: Any, eps: float) -> Any:
    parts = _or_none(w, mean, weight, bias)
    return w.b.node("BatchNormalization", w.name(x), *parts, w.name(mean), w.name(var), epsilon=eps)


def _instance_norm(w: Writer, x: Any, weight: Any, bias: Any, eps: float) -> Any:
    parts = _or_none(w, np.empty(x.shape[1], x.dtype), weight, bias)
    return w.b.node("InstanceNormalization", w.name(x), *parts, epsilon=eps)


def _or_none(w: Writer, like: Any, weight: Any, bias: Any) -> list[str]:
    """A factor and a summand, 1 and 0 where there are none."""
    one = np.ones(like.shape, like.dtype)
    return [w.name(v) if v is not None else w.b.constant(n) for v, n in ((weight, one), (bias, 0 * one))]


def _normalised(w: Writer, x: Any, weight: Any, bias: Any, eps: float, groups: Any, center: bool) -> Any:
    parts = w.name(x), w.name(weight), w.name(bias)
    axes = tuple(range(-len(weight.shape), 0))
    if groups is not None:
        return w.b.node("GroupNormalization", *parts, num_groups=groups, epsilon=eps)
    if center:
        return w.b.node("LayerNormalization", *parts, axis=-len(axes), epsilon=eps)
    return w.b.node("Add", w.b.node("Mul", standardised(w, x, axes, eps, False), parts[1]), parts[2])


def _attention(w: Writer, query: Any, key: Any, value: Any, bias: Any = None, scale: float = 1.0) -> Any:
    b = w.b
    order = [*range(len(key.shape) - 2), len(key.shape) - 1, len(key.shape) - 2]
    scores = b.node("MatMul", w.name(query), b.node("Transpose", w.name(key), perm=order))
    scores = b.node("Mul", scores, w.name(scale, query.dtype))
    if bias is not None:
        scores = b.node("Add", scores, w.name(bias, query.dtype))
    return b.node("MatMul", b.node("Softmax", scores, axis=-1), w.name(value))


def _embedding(w: Writer, x: Any, weight: Any) -> Any:
    return w.b.node("Gather", w.name(weight), w.name(x, np.dtype(np.int64)), axis=0)


def _bag(w: Writer, x: Any, weight: Any, mode: str, padding: int | None) -> Any:
    b, rows, one = w.b, _embedding(w, x, weight), w.b.constant([1])
    kind = weight.dtype.type
    op = {"sum": "ReduceSum", "mean": "ReduceMean", "max": "ReduceMax"}[mode]
    if padding is None:
        return b.node(op, rows, one, keepdims=0)
    kept = b.node("Not", b.node("Equal", w.name(x), b.constant(x.dtype.type(padding % weight.shape[0]))))
    beside = b.node("Unsqueeze", kept, b.constant([-1]))
    count = b.node("ReduceSum", b.cast(beside, weight.dtype), one, keepdims=0)
    if mode == "max":
        largest = b.node(op, b.node("Where", beside, rows, b.constant(kind(-np.inf))), one, keepdims=0)
        return b.node("Where", b.node("Greater", count, b.constant(kind(0))), largest, b.constant(kind(0)))
    total = b.node("ReduceSum", b.node("Where", beside, rows, b.constant(kind(0))), one, keepdims=0)
    return total if mode == "sum" else b.node("Div", total, b.node("Max", count, b.constant(kind(1))))


def _fold(w: Writer, columns: Any, size: Any, kernel: Any, stride: Any, dilation: Any, pads: Any) -> Any:
    """Columns (N, C, K, P) as ONNX has them: (N, C·K, P)."""
    b, (low, high) = w.b, zip(*pads, strict=True)
    channels, taps, count = columns.shape[1:]
    flat = b.node("Reshape", w.name(columns), b.constant([-1, channels * taps, count]))
    places = b.constant(list(size)), b.constant(list(kernel))
    return b.node("Col2Im", flat, *places, strides=list(stride), dilations=list(dilation), pads=[*low, *high])


RULES = {
    "linear": _linear,
    "convolution": _convolution,
    "ConvTranspose": _conv_transposed,
    "max_of_windows": _max_of_windows,
    "Pool": _pool,
    "PoolPlaces": _places_of_pool,
    "Unpool": _unpool,
    "BatchNorm": _batch_norm,
    "InstanceNorm": _instance_norm,
    "normalised": _normalised,
    "standardised": standardised,
    "attention": _attention,
    "Embedding": _embedding,
    "EmbeddingBag": _bag,
    "fold": _fold,
}

SINGLE = {"BatchNorm", "InstanceNorm", "normalised"}
