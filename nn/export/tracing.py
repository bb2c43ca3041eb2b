"""What a model's forward pass calls: the primitives, and layers that one operator stands for, in their order."""

from __future__ import annotations

from typing import Any, NamedTuple

import autograd_core as ag
from autograd_core.engine.tensor import Tensor
from autograd_core.watching.observer import observe

from ..layers.normalization_layers import BatchNorm1d, BatchNorm2d, BatchNorm3d
from ..layers.spatial.pooling import AvgPool1d, AvgPool2d, AvgPool3d
from ..modules.module import Module


class Call(NamedTuple):
    """One operation: its name, arguments, settings and result, and the path of the module that it is in."""

    name: str
    args: tuple[Any, ...]
    params: dict[str, Any]
    result: Any
    path: str


class Trace(NamedTuple):
    """All calls of one run, with what went in and what came out."""

    inputs: list[Any]
    calls: list[Call]
    result: Any


def trace(model: Module, arrays: list[Any]) -> Trace:
    """Run a model once and note what it calls."""
    inputs = [ag.Tensor(x) for x in arrays]
    calls: list[Call] = []
    paths = {id(module): name for name, module in model.named_modules()}
    stack: list[Any] = []
    whole: list[Any] = []  # layers that stand for all that they call

    def called(op: Any, args: Any, params: Any, result: Any) -> None:
        if not whole:
            calls.append(
                Call(op.name, tuple(args), dict(params), result, paths.get(id(stack[-1]), "") if stack else "")
            )

    def begin(module: Any, args: Any) -> None:
        stack.append(module)
        if _is_whole(module, args):
            whole.append(module)

    def end(module: Any, args: Any, result: Any) -> None:
        stack.pop()
        if whole and whole[-1] is module:
            whole.pop()
            if not whole:
                x = args[0] if isinstance(args[0], Tensor) else ag.Tensor(args[0])
                calls.append(_as_one(module, x, result, paths[id(module)]))

    handles = []
    try:
        for module in model.modules():
            handles += [module.register_forward_pre_hook(begin, prepend=True), module.register_forward_hook(end)]
        with observe(called):
            return Trace(inputs, calls, model(*inputs))
    finally:
        for handle in handles:
            handle.remove()


def _is_whole(module: Any, args: Any) -> bool:
    """Whether one operator stands for all that a layer calls."""
    if isinstance(module, (BatchNorm1d, BatchNorm2d, BatchNorm3d)):
        return module.running_mean is not None
    if isinstance(module, (AvgPool1d, AvgPool2d, AvgPool3d)):
        batched = args[0].ndim == _dims(module) + 2
        return batched and not module.ceil_mode and getattr(module, "divisor_override", None) is None
    return False


def _dims(pool: Any) -> int:
    return 1 if not isinstance(pool, (AvgPool2d, AvgPool3d)) else 2 if isinstance(pool, AvgPool2d) else 3


def _as_one(module: Any, x: Any, result: Any, path: str) -> Call:
    if isinstance(module, (AvgPool1d, AvgPool2d, AvgPool3d)):
        n = _dims(module)
        given = module.kernel_size, module.stride, module.padding
        kernel, stride, padding = (tuple(v) if isinstance(v, (tuple, list)) else (v,) * n for v in given)
        settings = {"kernel": kernel, "stride": stride, "padding": padding, "counted": module.count_include_pad}
        return Call("AvgPool", (x,), settings, result, path)
    values = module.running_mean, module.running_var, module.weight, module.bias
    return Call("BatchNorm", (x, *values), {"eps": module.eps}, result, path)
