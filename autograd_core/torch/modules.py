"""Modules under PyTorch's face: those of ``nn``, whose inputs, outputs and parameters are tensors of the face."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import numpy as np

import autograd_core as ag
import nn as library
from autograd_core.engine.tensor import bare

from .tensor import Tensor, make, plain, without_example, wrap

if TYPE_CHECKING:
    from autograd_core.support.handles import RemovableHandle
    from autograd_core.support.types import Args, Function, Settings


class Parameter(Tensor, library.Parameter):
    """A tensor that a module learns.

    data : a tensor, array or list; it is not copied
    requires_grad : whether it is learned
    dtype : another dtype
    """

    __slots__ = ()

    def __init__(self, data: Any = None, requires_grad: bool = True, dtype: Any = None) -> None:
        ag.Tensor.__init__(self, np.zeros(0, ag.get_default_dtype()) if data is None else bare(data), False, dtype)
        if requires_grad:
            self.requires_grad = True

    def __deepcopy__(self, memo: dict[int, Any]) -> Parameter:
        memo[id(self)] = copy = Parameter(self._data.copy(), self.requires_grad)
        if self.grad is not None:
            copy.grad = make(self.grad._data.copy())
        return copy


class Buffer(Tensor, library.Buffer):  # type: ignore[misc]
    """A tensor that a module keeps and does not learn.

    data : a tensor, array or list; it is not copied
    persistent : whether ``state_dict`` has it
    """

    __slots__ = ()

    def __init__(self, data: Any, *, persistent: bool = True) -> None:
        library.Buffer.__init__(self, bare(data), persistent=persistent)


_TWINS: dict[type, type] = {library.Parameter: Parameter, ag.Tensor: Tensor, library.Buffer: Buffer}


class Module(library.Module):
    """Base of all models: ``torch.nn.Module``."""

    def __setattr__(self, name: str, value: object) -> None:
        _adopt_value(value)
        super().__setattr__(name, value)

    def _run(self, args: Args, kwargs: Settings) -> Any:
        return super()._run(wrap(args), wrap(kwargs))

    def register_buffer(self, name: str, tensor: Any, persistent: bool = True) -> None:
        """Keep a tensor that is not learned; saved where ``persistent``."""
        super().register_buffer(name, wrap(tensor), persistent)

    def state_dict(  # type: ignore[override]
        self, *args: object, destination: Any = None, prefix: str = "", keep_vars: bool = False
    ) -> dict[str, Any]:
        """Every parameter and persistent buffer by its path: tensors that share the module's memory."""
        found = super().state_dict(destination=destination, prefix=prefix, keep_vars=True)
        return found if keep_vars else {k: v.detach() if isinstance(v, Tensor) else wrap(v) for k, v in found.items()}

    def register_full_backward_hook(self, hook: Function, prepend: bool = False) -> RemovableHandle:
        """Call ``hook(module, grad_input, grad_output)`` when the gradients of all inputs are known."""
        return super().register_full_backward_hook(lambda m, a, b: hook(m, wrap(a), wrap(b)), prepend)

    def register_full_backward_pre_hook(self, hook: Function, prepend: bool = False) -> Any:
        """Call ``hook(module, grad_output)`` before gradients pass this module."""
        return super().register_full_backward_pre_hook(lambda m, g: hook(m, wrap(g)), prepend)

    @property
    def _modules(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if isinstance(value, library.Module)}

    @property
    def _parameters(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if isinstance(value, library.Parameter)}

    @property
    def _buffers(self) -> dict[str, Any]:
        return {name: vars(self).get(name) for name in self._buffer_names}


class Layer(Module):
    """A layer of the library under this face: made from its class by ``face_of``."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        adopt(self)

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """What the layer computes."""
        kind = type(self)
        out = wrap(super().forward(*plain(args), **plain(kwargs)))
        if type(self) is not kind:  # a lazy layer has become what it stands for
            adopt(self)
        return out


def _answering(method: Function) -> Any:
    @functools.wraps(method)
    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        return wrap(method(self, *plain(args), **plain(kwargs)))

    return call


@functools.cache
def face_of(kind: type) -> type:
    """The face's class for one of the library's layers, losses or containers."""
    if kind is library.Module:
        return Module

    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
        Layer.__init__(self, *args, **kwargs)

    space: dict[str, Any] = {
        "__doc__": without_example(kind.__doc__),
        "__module__": "autograd_core.torch.nn",
        "__qualname__": kind.__name__,
    }
    for name in ("log_prob", "predict"):  # what a layer answers beside forward
        if name in vars(kind):
            space[name] = _answering(vars(kind)[name])
    constructor = functools.wraps(kind.__init__)(__init__) if "__init__" in vars(kind) else __init__  # type: ignore[misc]
    return type(kind.__name__, (Layer, kind), space | {"__init__": constructor})


def adopt(module: Any) -> Any:
    """A module of the library, and all below it, as one of this face: in place, weights and state stay."""
    for part in list(module.modules()):
        if type(part).__module__.partition(".")[0] == "nn":
            part.__class__ = face_of(type(part))  # type: ignore[arg-type]
        for value in list(vars(part).values()):
            _adopt_value(value, inside=True)
    return module


def _adopt_value(value: object, inside: bool = False) -> None:
    twin = _TWINS.get(type(value))
    if twin is not None:
        value.__class__ = twin
    elif not inside and isinstance(value, library.Module) and not isinstance(value, Module):
        adopt(value)
