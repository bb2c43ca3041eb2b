"""What a module adds to its state, and hooks that are called when states are taken and loaded; names as in PyTorch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from autograd_core.engine.errors import class_name
from autograd_core.support.handles import RemovableHandle

if TYPE_CHECKING:
    from autograd_core.support.types import Function

    from ..module import Module
    from .state import KeyMismatch

EXTRA = "_extra_state"
"""The last part of the key under which a module's own addition stands."""


class StateHooks:
    """The part of ``Module`` that has to do with hooks of its state."""

    _state_hooks: dict[str, dict[int, Function]] | None = None

    def get_extra_state(self) -> Any:
        """What is saved beside parameters and buffers, under ``…_extra_state``; a subclass may define it."""
        raise NotImplementedError("get_extra_state: define it, and set_extra_state, to save more than tensors.")

    def set_extra_state(self, state: Any) -> None:
        """Take over what ``get_extra_state`` gave.

        state : that
        """
        raise NotImplementedError("set_extra_state: define it beside get_extra_state.")

    def register_state_dict_pre_hook(self, hook: Function) -> RemovableHandle:
        """Call ``hook(module, prefix, keep_vars)`` before ``state_dict`` takes this module's part."""
        return self._add("before", hook)

    def register_state_dict_post_hook(self, hook: Function) -> RemovableHandle:
        """Call ``hook(module, state_dict, prefix, local_metadata)`` after ``state_dict`` took this module's part."""
        return self._add("after", hook)

    def register_load_state_dict_pre_hook(self, hook: Function) -> RemovableHandle:
        """Call ``hook(module, state_dict, prefix, metadata, strict, missing, unexpected, errors)`` before loading.

        It may rename and replace what is in ``state_dict``, a copy of what was given; what it appends to the last three
        lists is told with the other faults.
        """
        return self._add("before_load", hook)

    def register_load_state_dict_post_hook(self, hook: Function) -> RemovableHandle:
        """Call ``hook(module, incompatible_keys)`` after everything was loaded."""
        return self._add("after_load", hook)

    def _add(self, kind: str, hook: Function) -> RemovableHandle:
        if not callable(hook):
            raise TypeError(f"hook: {class_name(hook)} is not callable; give a function.")
        if self._state_hooks is None:
            self._state_hooks = {}
        return RemovableHandle(self._state_hooks.setdefault(kind, {}), hook)


def has_extra_state(module: Module) -> bool:
    """Whether a module saves more than tensors."""
    return type(module).get_extra_state is not StateHooks.get_extra_state


def hooked(module: Module, kind: str) -> Iterator[tuple[str, Module, Function]]:
    """For a module and all below it: the prefix of its keys, itself, and each of its hooks of a kind."""
    for path, owner in module.named_modules(remove_duplicate=False):
        for hook in list((owner._state_hooks or {}).get(kind, {}).values()):
            yield (f"{path}." if path else ""), owner, hook


def extras(module: Module) -> Iterator[tuple[str, Module]]:
    """The keys of what modules save beside tensors, and whose they are."""
    for path, owner in module.named_modules(remove_duplicate=False):
        if has_extra_state(owner):
            yield (f"{path}.{EXTRA}" if path else EXTRA), owner


def before_load(module: Module, state: dict[str, Any], strict: bool) -> tuple[list[str], list[str], list[str]]:
    """Let hooks change a state; what they say is missing, unexpected and wrong."""
    missing: list[str] = []
    unexpected: list[str] = []
    errors: list[str] = []
    for prefix, owner, hook in hooked(module, "before_load"):
        hook(owner, state, prefix, {}, strict, missing, unexpected, errors)
    return missing, unexpected, errors


def after_load(module: Module, mismatch: KeyMismatch) -> None:
    """Tell hooks what was not found and not used."""
    for _, owner, hook in hooked(module, "after_load"):
        hook(owner, mismatch)
