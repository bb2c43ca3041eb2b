"""Hooks: functions that a module calls before and after its forward pass, and when gradients pass it.

Module.register_*_hook registers them; here they are kept and called.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

import autograd_core as ag
from autograd_core import Tensor
from autograd_core.engine.errors import class_name
from autograd_core.support.caller import warn
from autograd_core.support.handles import RemovableHandle
from autograd_core.support.vectors import joined, pieces

if TYPE_CHECKING:
    from autograd_core.support.types import AnyArray, Args, Hook, Settings

    from .module import Module


Grad: TypeAlias = "Tensor | None"
Grads: TypeAlias = "tuple[Grad, ...]"


class Hooks:
    """The hooks of one module, each kind in the order in which they are called."""

    def __init__(self) -> None:
        self.forward_pre: dict[int, tuple[Hook, bool]] = {}
        self.forward: dict[int, tuple[Hook, bool, bool]] = {}
        self.backward_pre: dict[int, Hook] = {}
        self.backward: dict[int, Hook] = {}

    @staticmethod
    def add(hooks: dict[int, Any], entry: Any, prepend: bool) -> RemovableHandle:
        """Put a hook among those of its kind, last or (``prepend``) first."""
        hook = entry[0] if isinstance(entry, tuple) else entry
        if not callable(hook):
            raise TypeError(f"hook: {class_name(hook)} is not callable; give a function.")
        return RemovableHandle(hooks, entry, prepend)

    def call(self, module: Module, args: Args, kwargs: Settings) -> Any:
        """``module.forward`` with all hooks around it."""
        for hook, with_kwargs in list(self.forward_pre.values()):
            answer = hook(module, args, kwargs) if with_kwargs else hook(module, args)
            if answer is not None:
                if not with_kwargs:
                    args = answer if isinstance(answer, tuple) else (answer,)
                elif isinstance(answer, tuple) and len(answer) == 2:
                    args, kwargs = answer
                else:
                    raise RuntimeError("forward_pre_hook: with_kwargs=True must return None or (args, kwargs).")
        passing = _Passing(module, self) if self.backward or self.backward_pre else None
        if passing:
            args = passing.enter(args)
        waiting = dict(self.forward)
        result = None
        try:
            result = module.forward(*args, **kwargs)
            for key, (hook, with_kwargs, _) in self.forward.copy().items():
                waiting.pop(key)
                answer = hook(module, args, kwargs, result) if with_kwargs else hook(module, args, result)
                result = result if answer is None else answer
        except Exception:
            for hook, with_kwargs, always in waiting.values():
                if always:
                    _call_quietly(hook, (module, args, kwargs, result) if with_kwargs else (module, args, result))
            raise
        return passing.leave(result) if passing else result


def _call_quietly(hook: Hook, args: Args) -> None:
    """A hook that runs because of an error must not hide it."""
    try:
        hook(*args)
    except Exception as error:
        warn(f"forward hook with always_call=True raised {error!r}; the first error goes on.")


@ag.primitive(
    name="module_boundary",
    x=lambda g, hook: hook(g),
    jvp={"x": lambda t: t},
    flops=(lambda call: 0, lambda call: 0),
)
def _boundary(x: AnyArray, hook: Hook | None = None) -> AnyArray:
    """The identity, whose cotangent passes through ``hook``."""
    return x


class _Passing:
    """One call of a module with backward hooks: rows at its entrance and exit that tell them of the cotangents.

    Hooks see the gradients of all inputs (all outputs) together. Where there are several, they travel as one flat
    vector through a single row, so that it is reached when, and only when, all of them are known.
    """

    def __init__(self, module: Module, hooks: Hooks) -> None:
        self.module, self.hooks = module, hooks
        self.inputs = 0
        self.tracked: list[int] = []
        self.grad_output: Grads | None = None

    def enter(self, args: Args) -> tuple[Any, ...]:
        self.inputs, self.tracked = len(args), _tracked(args)
        return _through(args, self.tracked, self._input_gradients)

    def leave(self, result: Any) -> Any:
        items = result if isinstance(result, tuple) else (result,)
        tracked, count = _tracked(items), len(items)

        def hook(grads: list[Grad]) -> list[Grad]:  # closes over no result: that one's row holds this hook
            return self._output_gradients(grads, tracked, count)

        items = _through(items, tracked, hook)
        if not isinstance(result, tuple):
            return items[0]
        return type(result)._make(items) if hasattr(result, "_make") else items

    def _output_gradients(self, grads: list[Grad], tracked: Sequence[int], count: int) -> list[Grad]:
        full = _spread(grads, tracked, count)
        for hook in list(self.hooks.backward_pre.values()):
            full = _replaced("full_backward_pre_hook", hook(self.module, full), full)
        self.grad_output = full
        if not self.tracked:  # nothing will come out of the entrance
            for hook in list(self.hooks.backward.values()):
                _replaced("full_backward_hook", hook(self.module, (None,) * self.inputs, full), (None,) * self.inputs)
        return [full[i] for i in tracked]

    def _input_gradients(self, grads: list[Grad]) -> list[Grad]:
        full = _spread(grads, self.tracked, self.inputs)
        if self.grad_output is not None:
            for hook in list(self.hooks.backward.values()):
                full = _replaced("full_backward_hook", hook(self.module, full, self.grad_output), full)
        return [full[i] for i in self.tracked]


def _tracked(items: Sequence[object]) -> list[int]:
    return [i for i, x in enumerate(items) if isinstance(x, Tensor) and x.requires_grad]


def _spread(grads: list[Grad], places: Sequence[int], count: int) -> Grads:
    known = dict(zip(places, grads, strict=True))
    return tuple(known.get(i) for i in range(count))


def _replaced(kind: str, answer: Any, grads: Grads) -> Grads:
    """The gradients that a hook gives in place of those it was shown."""
    if answer is None:
        return grads
    answer = answer if isinstance(answer, tuple) else (answer,)
    shapes = [None if g is None else g.shape for g in grads]
    given = [None if g is None else np.shape(g) for g in answer]
    if len(given) != len(shapes) or any(s is not None and s != n for s, n in zip(shapes, given, strict=True)):
        raise RuntimeError(f"{kind}: returned gradients of shapes {given}; expected {shapes}.")
    return tuple(a if g is None or isinstance(a, Tensor) else Tensor(a) for a, g in zip(answer, grads, strict=True))


def _through(
    items: Sequence[AnyArray], tracked: Sequence[int], hook: Callable[[list[Grad]], list[Grad]]
) -> tuple[Any, ...]:
    """``items`` with the tracked tensors passed through one boundary row, whose cotangents go through ``hook``."""
    tensors = [items[i] for i in tracked]
    if not ag.is_grad_enabled() or not tensors:
        return tuple(items)
    shapes = [t.shape for t in tensors]

    def parts(flat: Any) -> list[Any]:
        return [flat] if len(shapes) == 1 else pieces(flat, shapes)

    def whole(parts: Sequence[Any]) -> Any:
        return parts[0] if len(parts) == 1 else joined(parts)

    def pull(g: Any) -> Any:
        answer = whole(hook(parts(g if isinstance(g, Tensor) else Tensor(g))))
        return answer if isinstance(g, Tensor) else answer.detach().data

    passed = parts(_boundary(whole(tensors), hook=pull))
    known = {i: p if p.dtype == t.dtype else _as(p, t) for i, p, t in zip(tracked, passed, tensors, strict=True)}
    return tuple(known.get(i, x) for i, x in enumerate(items))


def _as(part: AnyArray, like: AnyArray) -> AnyArray:
    """A part of a vector of mixed dtypes in its own again."""
    return (np.real(part) if like.dtype.kind == "f" and part.dtype.kind == "c" else part).astype(like.dtype)


def first_tensor(output: Any) -> Tensor | None:
    """The tensor that a module put out; the first where there are several."""
    while not isinstance(output, Tensor):
        if isinstance(output, Mapping):
            output = tuple(output.values())
        if not isinstance(output, (tuple, list)) or not output:
            return None
        output = output[0]
    return output
