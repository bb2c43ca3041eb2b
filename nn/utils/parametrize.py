"""Tensors of a module that are computed from others each time they are asked for; as ``torch.nn.utils.parametrize``.

``register_parametrization(layer, "weight", f)`` moves ``layer.weight`` to ``layer.parametrizations.weight.original``,
where it is learned, and makes ``layer.weight`` the result of ``f(original)``.
"""

from __future__ import annotations

import weakref
from _thread import _local
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import autograd_core as ag
from autograd_core import Tensor
from autograd_core.engine.errors import class_name

from ..modules.containers import ModuleDict, ModuleList
from ..modules.module import Module
from ..modules.parameter import Parameter

if TYPE_CHECKING:
    from autograd_core.support.types import DTypeLike, TensorLike

__all__ = [
    "ParametrizationList",
    "cached",
    "is_parametrized",
    "register_parametrization",
    "remove_parametrizations",
    "type_before_parametrizations",
]


class _Cache(dict[int, tuple[Any, Any]]):
    """What a block of ``cached`` has computed. The block alone holds it: it is gone with the block, however that ends,
    even where an interrupt (Ctrl-C) keeps the block from putting things back."""


class _Thread(_local):
    cache: Callable[[], _Cache | None] = staticmethod(lambda: None)


_thread = _Thread()


@contextmanager
def cached() -> Iterator[None]:
    """Compute each parametrized tensor once in this block of this thread, however often it is asked for.

    For a recurrent layer that uses its weights in each time step, for example.
    """
    before = _thread.cache
    around = before()
    cache = _Cache() if around is None else around
    try:
        _thread.cache = weakref.ref(cache)
        yield
    finally:
        _thread.cache = before


class ParametrizationList(ModuleList):
    """The parametrizations of one tensor, applied one after another to ``original`` (or to original0, original1, …).

    modules : the parametrizations, in the order in which they are applied
    original : the present tensor
    unsafe : whether another shape or dtype is allowed

    Made by ``register_parametrization``.
    """

    original: Tensor

    def __init__(self, modules: Sequence[Module], original: Tensor, unsafe: bool = False) -> None:
        super().__init__(modules)
        self.unsafe = unsafe
        shape, dtype, data = original.shape, original.dtype, original._data
        with ag.no_grad():
            new: Any = Tensor(data)
            for module in reversed(list(self)):
                if hasattr(module, "right_inverse"):
                    with suppress(NotImplementedError):  # then the value itself is what is learned
                        new = module.right_inverse(new)
        self.is_tensor = isinstance(new, Tensor)
        if not (self.is_tensor or (isinstance(new, Sequence) and all(isinstance(t, Tensor) for t in new))):
            raise ValueError(f"right_inverse: must return a tensor or several, not {class_name(new)}.")
        self.ntensors = 1 if self.is_tensor else len(new)
        if self.is_tensor:
            if new.dtype != dtype:
                raise ValueError(f"right_inverse: made {new.dtype} of {dtype}; a single tensor keeps its dtype.")
            self._own("original", original)
        else:
            for i, t in enumerate(new):
                learned = isinstance(original, Parameter)
                self._own(f"original{i}", Parameter(t._data.copy(), original.requires_grad) if learned else t)
        if not unsafe:
            with ag.no_grad():
                value = self._computed((new,) if self.is_tensor else new)
            _check_same(value, shape, dtype)
        if self.is_tensor and new._data is not data:  # last, so that an error leaves the parameter as it was
            original.data = new._data

    def _own(self, name: str, tensor: Tensor) -> None:
        if isinstance(tensor, Parameter):
            self.register_parameter(name, tensor)
        else:
            self.register_buffer(name, tensor)

    def originals(self) -> tuple[Tensor, ...]:
        """What is stored, and learned where it is a parameter."""
        if self.is_tensor:
            return (self.original,)
        return tuple(getattr(self, f"original{i}") for i in range(self.ntensors))

    def _computed(self, originals: Sequence[Tensor]) -> Tensor:
        first, *others = self
        value = first(*originals)
        for module in others:
            value = module(value)
        return value

    def forward(self) -> Any:
        """The tensor, computed anew."""
        return self._computed(self.originals())

    def value(self) -> Any:
        """The computed tensor; inside ``cached()`` the same one each time."""
        cache = _thread.cache()
        if cache is None:
            return self()
        if id(self) not in cache:
            cache[id(self)] = (self, self())  # the list too: its id must not be given to another
        return cache[id(self)][1]

    def assign(self, value: Any) -> None:
        """Store what makes ``value`` the computed tensor (or the nearest that the parametrization can give).

        value : an array or a tensor
        """
        value = value.detach() if isinstance(value, Tensor) else Tensor(value)
        with ag.no_grad():
            for module in reversed(list(self)):
                if not hasattr(module, "right_inverse"):
                    raise RuntimeError(
                        f"parametrization {class_name(module)} has no right_inverse, so its result cannot be "
                        "assigned. Fix: define right_inverse(value), or assign to parametrizations.….original."
                    )
                value = module.right_inverse(value)
        new = [value] if self.is_tensor else list(value)
        own = self.originals()
        for old, t in zip(own, new, strict=True):
            if old.dtype != t.dtype:
                raise ValueError(f"right_inverse: gives {t.dtype} for an original of {old.dtype}.")
        for old, t in zip(own, new, strict=True):
            old.data = t._data.copy()


def _check_same(value: TensorLike, shape: Any, dtype: DTypeLike) -> None:
    if not isinstance(value, Tensor):
        raise ValueError(f"register_parametrization: the result is {class_name(value)}, not a tensor.")
    if value.shape != shape or value.dtype != dtype:
        raise ValueError(
            f"register_parametrization: makes {value.dtype} {value.shape} of {dtype} {shape}; shape and dtype must "
            "stay. Fix: unsafe=True where that is meant."
        )


def is_parametrized(module: Module, tensor_name: str | None = None) -> bool:
    """Whether a tensor of the module (any, without a name) is parametrized.

    module : whose tensor
    tensor_name : its name; None: any
    """
    lists = vars(module).get("parametrizations")
    if not isinstance(lists, ModuleDict):
        return False
    return len(lists) > 0 if tensor_name is None else tensor_name in lists


def register_parametrization(
    module: Module, tensor_name: str, parametrization: Module, *, unsafe: bool = False
) -> Module:
    """Make ``module.<tensor_name>`` the result of ``parametrization(original)``; returns the module.

    module, tensor_name : whose tensor, by which name
    parametrization : its ``forward`` takes the original(s); an optional ``right_inverse(value)`` gives the original(s)
        for a value: it is used for the present value and for assignments, and may return several tensors
    unsafe : allow another shape or dtype

    A parameter that several modules share is only parametrized in this one. Raises ValueError for an unknown name and
    for a result of another shape or dtype; the module is then as it was.

    >>> import numpy as np, nn
    >>> class Symmetric(nn.Module):
    ...     def forward(self, x):
    ...         return (x + x.T) / 2
    >>> layer = register_parametrization(nn.Linear(3, 3), "weight", Symmetric())
    >>> bool(np.allclose(layer.weight.numpy(), layer.weight.numpy().T))
    True
    >>> [name for name, _ in layer.named_parameters()]
    ['bias', 'parametrizations.weight.original']
    """
    if not isinstance(parametrization, Module):
        raise TypeError(f"register_parametrization: {class_name(parametrization)} is not a Module.")
    parametrization.train(module.training)
    if is_parametrized(module, tensor_name):
        lists: Any = module.parametrizations[tensor_name]
        if not unsafe:
            with ag.no_grad():
                value = getattr(module, tensor_name)
                _check_same(parametrization(value), value.shape, value.dtype)
        lists.append(parametrization)
        lists.unsafe = lists.unsafe or unsafe
        return module
    tensor = vars(module).get(tensor_name)
    if not (isinstance(tensor, Parameter) or (isinstance(tensor, Tensor) and tensor_name in module._buffer_names)):
        raise ValueError(
            f"register_parametrization: {class_name(module)} has no parameter or buffer {tensor_name!r}; there are "
            f"{[n for n, v in vars(module).items() if isinstance(v, Tensor)]}."
        )
    made = ParametrizationList([parametrization], tensor, unsafe)
    if "parametrizations" not in vars(module):
        module.parametrizations = ModuleDict()
    del vars(module)[tensor_name]
    module.parametrizations[tensor_name] = made
    return module


def remove_parametrizations(module: Module, tensor_name: str, leave_parametrized: bool = True) -> Module:
    """Make a parametrized tensor an ordinary one again; returns the module.

    module, tensor_name : whose tensor, by which name
    leave_parametrized : with its computed value; otherwise with the original (which must be a single tensor)
    """
    if not is_parametrized(module, tensor_name):
        raise ValueError(f"remove_parametrizations: {class_name(module)}.{tensor_name} is not parametrized.")
    made: Any = module.parametrizations[tensor_name]
    originals = made.originals()
    tensor = originals[0]
    if leave_parametrized:
        with ag.no_grad():
            value = getattr(module, tensor_name).data.copy()
        if made.is_tensor and value.dtype == tensor.dtype:
            tensor.data = value
        else:
            tensor = Parameter(value, tensor.requires_grad) if isinstance(tensor, Parameter) else Tensor(value)
    elif not made.is_tensor:
        raise ValueError(
            f"remove_parametrizations: {tensor_name} is computed from {made.ntensors} tensors, none of which is it. "
            "Fix: leave_parametrized=True."
        )
    del module.parametrizations[tensor_name]
    if not len(module.parametrizations):
        del module.parametrizations
    vars(module)[tensor_name] = tensor
    return module


def type_before_parametrizations(module: Module) -> type:
    """The module's class; here parametrizations never change it.

    module : any
    """
    return type(module)
