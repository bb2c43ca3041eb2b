"""The state of a model: which tensors it consists of, and how they are replaced."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from autograd_core import Tensor
from autograd_core.engine.errors import class_name, printable
from autograd_core.engine.tensor import bare
from autograd_core.support.arrays import brought, hosted
from autograd_core.support.states import at_once

from ..parameter import Parameter
from .hooks import after_load, before_load, extras, hooked

if TYPE_CHECKING:
    from autograd_core.support.types import Array, DType, State

    from ..module import Module


class KeyMismatch(NamedTuple):
    """What ``load_state_dict(strict=False)`` did not find, and what it did not use."""

    missing_keys: list[str]
    unexpected_keys: list[str]

    def __repr__(self) -> str:
        return "<All keys matched successfully>" if not any(self) else _tuple_repr(self)


def _tuple_repr(mismatch: KeyMismatch) -> str:
    return f"KeyMismatch(missing_keys={mismatch.missing_keys}, unexpected_keys={mismatch.unexpected_keys})"


def check_name(module: Module, what: str, name: object) -> None:
    """Refuse what cannot be the name of a new parameter, buffer or module: TypeError or KeyError."""
    if not isinstance(name, str):
        raise TypeError(f"{what}: the name is {class_name(name)}, not a string.")
    if not name or "." in name:
        raise KeyError(f"{what}: {name!r} cannot be a name; it must not be empty nor contain a dot.")
    own = vars(module).get(name)
    if hasattr(module, name) and not (own is None or isinstance(own, Tensor) or hasattr(own, "named_modules")):
        raise KeyError(f"{what}: {module._get_name()} already has an attribute {name!r} of another kind.")
    if own is None and hasattr(type(module), name):
        raise KeyError(f"{what}: {name!r} is a method or setting of {module._get_name()}. Fix: another name.")


def own_parameters(module: Module) -> dict[str, Parameter]:
    """The parameters assigned to this very module."""
    return {name: value for name, value in vars(module).items() if isinstance(value, Parameter)}


def own_buffers(module: Module) -> dict[str, Tensor]:
    """The buffers registered with this very module."""
    own = vars(module)
    buffers = {name: own.get(name) for name in module._buffer_names}
    return {n: b for n, b in buffers.items() if b is not None and not isinstance(b, Parameter)}


def tensors(module: Module) -> Iterator[tuple[str, Tensor]]:
    """What is saved, under each of its paths where it has several: parameters, then persistent buffers, then below."""
    for path, owner in module.named_modules(remove_duplicate=False):
        dot = f"{path}." if path else ""
        for name, parameter in own_parameters(owner).items():
            yield dot + name, parameter
        for name, buffer in own_buffers(owner).items():
            if name not in owner._transient_names:
                yield dot + name, buffer


def take(module: Module, destination: dict[str, Any], prefix: str, keep_vars: bool) -> dict[str, Any]:
    """See ``Module.state_dict``."""
    for path, owner, hook in hooked(module, "before"):
        hook(owner, prefix + path, keep_vars)
    for path, tensor in tensors(module):
        destination[prefix + path] = tensor if keep_vars else tensor.numpy().copy()
    for path, owner in extras(module):
        destination[prefix + path] = owner.get_extra_state()
    for path, owner, hook in hooked(module, "after"):
        hook(owner, destination, prefix + path, {})
    return destination


def load(module: Module, state: State, strict: bool, assign: bool) -> KeyMismatch:
    """See ``Module.load_state_dict``."""
    if not isinstance(state, Mapping):
        raise TypeError(f"load_state_dict: {class_name(state)} given; expected a mapping of names to arrays.")
    state = dict(state)
    missing, unexpected, problems = before_load(module, state, strict)
    own, others = dict(tensors(module)), dict(extras(module))
    missing += [key for key in (*own, *others) if key not in state]
    unexpected += [key for key in state if key not in own and key not in others]
    given = {key: _array(key, state[key]) for key in own if key in state}
    different = [
        f"{printable(key)}: {array.dtype} {array.shape} for {own[key].dtype} {own[key].shape}"
        for key, array in given.items()
        if array.shape != own[key].shape or not _fits(array.dtype, own[key], assign)
    ]
    problems += [f"shapes or kinds that differ: {'; '.join(different)}"] if different else []
    if strict and unexpected:
        problems.insert(0, f"unexpected keys {unexpected}")
    if strict and missing:
        problems.insert(0, f"missing keys {missing}")
    if problems:
        fix = " Fix: strict=False loads what fits by name." if strict and (missing or unexpected) else ""
        raise RuntimeError(f"load_state_dict of {module._get_name()}: {', '.join(problems)}. Nothing was loaded.{fix}")
    at_once([change for key, array in given.items() for change in _changes(own[key], array, assign)])
    for key in others.keys() & state.keys():
        others[key].set_extra_state(state[key])
    mismatch = KeyMismatch(missing, unexpected)
    after_load(module, mismatch)
    return mismatch


def _array(key: str, value: object) -> Array:
    array = hosted(bare(value))
    if array.dtype.kind not in "biufc":
        raise TypeError(f"load_state_dict: {key!r} is {class_name(value)}, not an array of numbers.")
    return array


def _changes(own: Tensor, array: Array, assign: bool) -> list[Callable[[], object]]:
    """What is to be done so that ``own`` holds the values of ``array``, or the array itself."""
    if assign:
        made = Tensor(array, requires_grad=own.requires_grad)
        changes: list[Callable[[], object]] = [partial(setattr, own, "_data", made._data)]
        return changes if own._node is None else [*changes, partial(setattr, own._node, "dtype", made.dtype)]
    values = brought(array.astype(own.dtype, copy=False), own)
    if isinstance(own._data, np.ndarray) and not own._data.flags.writeable:
        return [partial(setattr, own, "_data", values.copy())]
    return [partial(operator.setitem, own._data, ..., values)]


def _fits(given: DType, own: Tensor, assign: bool) -> bool:
    """Whether values of this dtype can be taken over: no imaginary part and no fraction is ever dropped."""
    if assign and own.requires_grad:
        return given.kind in "fc"
    return np.can_cast(given, own.dtype, "same_kind") or (given.kind in "iu" and own.dtype.kind in "iu")
