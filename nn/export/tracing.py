"""What a model's forward pass calls: the primitives, and layers that one operator stands for, in their order."""

from __future__ import annotations

from typing import Any, NamedTuple

import autograd_core as ag
from autograd_core.engine.tensor import Tensor
from autograd_core.watching.observer import observe

from ..layers.normalization_layers import BatchNorm1d, BatchNorm2d, BatchNorm3d
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
        if isinstance(module, (BatchNorm1d, BatchNorm2d, BatchNorm3d)) and module.running_mean is not None:
            whole.append(module)

    def end(module: Any, args: Any, result: Any) -> None:
        stack.pop()
        if whole and whole[-1] is module:
            whole.pop()
            if not whole:
                x = args[0] if isinstance(args[0], Tensor) else ag.Tensor(args[0])
                values = module.running_mean, module.running_var, module.weight, module.bias
                calls.append(Call("BatchNorm", (x, *values), {"eps": module.eps}, result, paths[id(module)]))

    handles = []
    try:
        for module in model.modules():
            handles += [module.register_forward_pre_hook(begin, prepend=True), module.register_forward_hook(end)]
        with observe(called):
            return Trace(inputs, calls, model(*inputs))
    finally:
        for handle in handles:
            handle.remove()
