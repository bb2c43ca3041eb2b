"""Layers that one operator stands for, whatever they call."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..layers.embedding import Embedding, EmbeddingBag
from ..layers.normalization_layers import (
    BatchNorm1d,
    BatchNorm2d,
    BatchNorm3d,
    InstanceNorm1d,
    InstanceNorm2d,
    InstanceNorm3d,
)
from ..layers.spatial.adaptive_pooling import (
    AdaptiveAvgPool1d,
    AdaptiveAvgPool2d,
    AdaptiveAvgPool3d,
    AdaptiveMaxPool1d,
    AdaptiveMaxPool2d,
    AdaptiveMaxPool3d,
)
from ..layers.spatial.pooling import AvgPool1d, AvgPool2d, AvgPool3d, MaxPool1d, MaxPool2d, MaxPool3d
from ..layers.spatial.power_pooling import LPPool1d, LPPool2d, LPPool3d
from ..layers.spatial.transposed_convolution import ConvTranspose1d, ConvTranspose2d, ConvTranspose3d
from ..layers.spatial.unpooling import MaxUnpool1d, MaxUnpool2d, MaxUnpool3d

Whole = tuple[str, dict[str, Any]]
"""The name of a rule, and what it is told beside the layer's inputs."""

Rule = Callable[[Any, Any], "list[Whole] | Whole | None"]


def as_one(module: Any, args: Any, kwargs: Any) -> list[Whole]:
    """What stands for each result of a layer's call; nothing where it is what it calls."""
    rule = _RULES.get(type(module))
    if rule is None or not args or (type(module) not in _UNPOOLED and (kwargs or len(args) > 1)):
        return []
    found = rule(module, args[0]) or []
    return found if isinstance(found, list) else [found]


def _batch_norm(m: Any, x: Any) -> Whole | None:
    if m.running_mean is None or x.ndim < 2:
        return None
    values = {"mean": m.running_mean, "var": m.running_var, "weight": m.weight, "bias": m.bias}
    return "BatchNorm", {**values, "eps": m.eps}


def _instance_norm(m: Any, x: Any) -> Whole | None:
    if m.running_mean is not None or x.ndim != m.ranks[1]:
        return None
    return "InstanceNorm", {"weight": m.weight, "bias": m.bias, "eps": m.eps}


def _of(dims: int, value: Any) -> tuple[int, ...]:
    return tuple(value) if isinstance(value, (tuple, list)) else (value,) * dims


def _pool(op: str, dims: int, **names: str) -> Rule:
    """A pooling layer; ``names``: what an operator calls the layer's settings."""

    def rule(m: Any, x: Any) -> list[Whole] | None:
        if x.ndim != dims + 2 or m.ceil_mode or getattr(m, "divisor_override", None) is not None:
            return None
        settings = {theirs: getattr(m, ours) for ours, theirs in names.items()}
        if "p" in settings and (settings["p"] % 2 or settings["p"] != int(settings["p"])):
            return None  # the operator takes |x|
        if "dilations" in settings:
            settings["dilations"] = _of(dims, settings["dilations"])
        kernel, padding = _of(dims, m.kernel_size), _of(dims, getattr(m, "padding", 0))
        strides = _of(dims, m.stride) if m.stride else kernel
        settings |= {"kernel_shape": kernel, "strides": strides, "pads": padding * 2}
        places = [("PoolPlaces", settings)] if getattr(m, "return_indices", False) else []
        return [("Pool", {"op": op, **settings}), *places]

    return rule


def _unpool(m: Any, x: Any) -> Whole | None:
    return ("Unpool", {}) if x.ndim == _UNPOOLED[type(m)] + 2 else None


def _adaptive(op: str, dims: int) -> Rule:
    """Windows that share no place."""

    def rule(m: Any, x: Any) -> Whole | None:
        if x.ndim != dims + 2 or getattr(m, "return_indices", False):
            return None
        places = x.shape[2:]
        wanted = [n if k is None else k for n, k in zip(places, _of(dims, m.output_size), strict=True)]
        if 0 in wanted or any(n % k for n, k in zip(places, wanted, strict=True)):
            return None
        if math.prod(wanted) == 1:
            return "Pool", {"op": f"Global{op}"}
        kernel = tuple(n // k for n, k in zip(places, wanted, strict=True))
        return "Pool", {"op": op, "kernel_shape": kernel, "strides": kernel}

    return rule


def _conv_transposed(m: Any, x: Any) -> Whole | None:
    if x.ndim != m.dims + 2 or any(e >= s for e, s in zip(m.output_padding, m.stride, strict=True)):
        return None
    names = {"stride": "strides", "output_padding": "output_padding", "dilation": "dilations"}
    settings = {theirs: _of(m.dims, getattr(m, ours)) for ours, theirs in names.items()}
    pads = _of(m.dims, m.padding) * 2
    given = {"weight": m.weight, "bias": m.bias, "group": m.groups, "kernel_shape": m.kernel_size}
    return "ConvTranspose", {**given, "pads": pads, **settings}


def _embedding(m: Any, x: Any) -> Whole | None:
    return "Embedding", {"weight": _shortened(m)}


def _bag(m: Any, x: Any) -> Whole | None:
    if x.ndim != 2:
        return None
    return "EmbeddingBag", {"weight": _shortened(m), "mode": m.mode, "padding": m.padding_idx}


def _shortened(m: Any) -> Any:
    """The table; where rows are limited in length, as every row would be once it was asked for."""
    if m.max_norm is None:
        return m.weight
    table = m.weight._data.array
    lengths = np.linalg.norm(table, m.norm_type, axis=-1, keepdims=True)
    return np.where(lengths > m.max_norm, table * (m.max_norm / (lengths + 1e-7)), table).astype(table.dtype)


_UNPOOLED: dict[type, int] = {MaxUnpool1d: 1, MaxUnpool2d: 2, MaxUnpool3d: 3}
_RULES: dict[type, Rule] = {
    **dict.fromkeys((BatchNorm1d, BatchNorm2d, BatchNorm3d), _batch_norm),
    **dict.fromkeys((InstanceNorm1d, InstanceNorm2d, InstanceNorm3d), _instance_norm),
    **dict.fromkeys((ConvTranspose1d, ConvTranspose2d, ConvTranspose3d), _conv_transposed),
    **dict.fromkeys(_UNPOOLED, _unpool),
    Embedding: _embedding,
    EmbeddingBag: _bag,
}
for _dims, _max, _mean, _power, _to_max, _to_mean in zip(
    (1, 2, 3),
    (MaxPool1d, MaxPool2d, MaxPool3d),
    (AvgPool1d, AvgPool2d, AvgPool3d),
    (LPPool1d, LPPool2d, LPPool3d),
    (AdaptiveMaxPool1d, AdaptiveMaxPool2d, AdaptiveMaxPool3d),
    (AdaptiveAvgPool1d, AdaptiveAvgPool2d, AdaptiveAvgPool3d),
    strict=True,
):
    _RULES[_max] = _pool("MaxPool", _dims, dilation="dilations")
    _RULES[_mean] = _pool("AveragePool", _dims, count_include_pad="count_include_pad")
    _RULES[_power] = _pool("LpPool", _dims, norm_type="p")
    _RULES[_to_max] = _adaptive("MaxPool", _dims)
    _RULES[_to_mean] = _adaptive("AveragePool", _dims)
