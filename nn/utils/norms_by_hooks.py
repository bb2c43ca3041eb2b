"""Normalised weights as PyTorch had them first: computed anew before each call, under parameters of other names.

What ``parametrizations`` has does the same for weights that are read anywhere, not only in ``forward``; these are here
for programs and files that know the old names, ``weight_g`` and ``weight_v``, or ``weight_orig`` and ``weight_u``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from autograd_core import no_grad
from autograd_core.engine.errors import class_name

from ..modules.parameter import Parameter
from .parametrizations import _normalized, _SpectralNorm, _tensor, _WeightNorm

if TYPE_CHECKING:
    from autograd_core import Tensor
    from autograd_core.support.types import AnyArray

    from ..modules.module import Module

__all__ = ["remove_spectral_norm", "remove_weight_norm", "spectral_norm", "weight_norm"]


class _Hook:
    """Sets the weight before each call, from what the module keeps of it."""

    parts: tuple[str, ...]

    def __init__(self, module: Module, name: str) -> None:
        self.name = name
        for other in module._own_hooks().forward_pre.values():
            if isinstance(other[0], type(self)) and other[0].name == name:
                raise RuntimeError(f"{class_name(module)}.{name} is normalised like this already.")
        del vars(module)[name]

    def value(self, module: Module) -> Tensor:
        raise NotImplementedError

    def __call__(self, module: Module, args: Any) -> None:
        setattr(module, self.name, self.value(module))

    def add_to(self, module: Module) -> Module:
        with no_grad():  # without history, so that the module can be copied
            self(module, None)
        self.handle = module.register_forward_pre_hook(self)
        return module

    def remove_from(self, module: Module) -> None:
        weight = self.value(module).detach()
        self.handle.remove()
        for name in (self.name, *(self.name + part for part in self.parts)):
            delattr(module, name)
        setattr(module, self.name, Parameter(weight))


class _Weight(_Hook):
    parts = ("_g", "_v")

    def __init__(self, module: Module, name: str, dim: int | None) -> None:
        weight = _tensor("weight_norm", module, name)
        super().__init__(module, name)
        self.norm = _WeightNorm(dim)
        length, direction = self.norm.right_inverse(weight._data)
        setattr(module, f"{name}_g", Parameter(length))
        setattr(module, f"{name}_v", Parameter(direction))

    def value(self, module: Module) -> Any:
        return self.norm.forward(getattr(module, f"{self.name}_g"), getattr(module, f"{self.name}_v"))


class _RightFirst(_SpectralNorm):
    """Power iteration that begins with the right vector."""

    def _iterate(self, matrix: AnyArray, times: int) -> None:
        u, v = self._u._data, self._v._data
        for _ in range(times):
            v[...] = _normalized(matrix.T @ u, self.eps)
            u[...] = _normalized(matrix @ v, self.eps)


class _Spectral(_Hook):
    parts = ("_orig", "_u", "_v")

    def __init__(self, module: Module, name: str, iterations: int, eps: float, dim: int) -> None:
        weight = _tensor("spectral_norm", module, name)
        if iterations < 1:
            raise ValueError(f"spectral_norm: n_power_iterations={iterations} must be at least 1.")
        self.norm = _RightFirst(weight, iterations, dim, eps)
        super().__init__(module, name)
        setattr(module, f"{name}_orig", Parameter(weight._data))
        module.register_buffer(f"{name}_u", self.norm._u)
        module.register_buffer(f"{name}_v", self.norm._v)

    def value(self, module: Module) -> Any:
        self.norm._u, self.norm._v = (getattr(module, self.name + part) for part in ("_u", "_v"))
        self.norm.training = module.training
        return self.norm.forward(getattr(module, f"{self.name}_orig"))


def weight_norm(module: Module, name: str = "weight", dim: int | None = 0) -> Module:
    """w = g · v / ‖v‖ with the parameters ``weight_g`` and ``weight_v`` (Salimans & Kingma 2016); returns the module.

    module, name : whose tensor, by which name
    dim : the axis along which each slice has a length of its own; None, one length for the whole tensor

    >>> import nn
    >>> sorted(name for name, _ in weight_norm(nn.Linear(20, 40)).named_parameters())
    ['bias', 'weight_g', 'weight_v']
    """
    return _Weight(module, name, dim).add_to(module)


def spectral_norm(
    module: Module, name: str = "weight", n_power_iterations: int = 1, eps: float = 1e-12, dim: int | None = None
) -> Module:
    """W / σ(W) with the parameter ``weight_orig`` and the buffers ``weight_u``, ``weight_v``; returns the module.

    module, name, n_power_iterations, eps, dim : those of ``nn.utils.parametrizations.spectral_norm``

    >>> import nn
    >>> [name for name, _ in spectral_norm(nn.Linear(20, 40, bias=False)).named_parameters()]
    ['weight_orig']
    """
    dim = getattr(module, "axis_of_outputs", 0) if dim is None else dim
    return _Spectral(module, name, n_power_iterations, eps, dim).add_to(module)


def _removed(module: Module, name: str, kind: type[_Hook], operation: str) -> Module:
    for hook, _ in module._own_hooks().forward_pre.values():
        if isinstance(hook, kind) and hook.name == name:
            hook.remove_from(module)
            return module
    raise ValueError(f"{operation}: {class_name(module)}.{name} is not normalised by nn.utils.{operation[7:]}.")


def remove_weight_norm(module: Module, name: str = "weight") -> Module:
    """The weight as one parameter again, with its present value; returns the module.

    module, name : as given to ``weight_norm``

    >>> import nn
    >>> layer = remove_weight_norm(weight_norm(nn.Linear(20, 40, bias=False)))
    >>> [name for name, _ in layer.named_parameters()]
    ['weight']
    """
    return _removed(module, name, _Weight, "remove_weight_norm")


def remove_spectral_norm(module: Module, name: str = "weight") -> Module:
    """The weight as one parameter again, with its present value; returns the module.

    module, name : as given to ``spectral_norm``
    """
    return _removed(module, name, _Spectral, "remove_spectral_norm")
