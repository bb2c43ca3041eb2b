"""``torch.autograd.Function``: an operation whose backward pass is written by hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

import autograd_core as ag
from autograd_core.engine import recording
from autograd_core.engine.node import Node
from autograd_core.engine.tensor import bare, make_tensor
from autograd_core.transforms.within import row

from .tensor import Tensor, wrap


class Context:
    """What ``forward`` keeps for ``backward``: any attributes, and tensors.

    saved_tensors : what ``save_for_backward`` was given
    needs_input_grad : for each argument of ``apply``, whether its gradient is asked for
    """

    saved_tensors: tuple[Any, ...] = ()
    needs_input_grad: tuple[bool, ...] = ()
    materialize_grads = True

    def __init__(self) -> None:
        self._apart: list[Any] = []

    def save_for_backward(self, *tensors: Any) -> None:
        """Keep tensors; gradients of gradients go through them."""
        self.saved_tensors = tensors

    save_for_forward = save_for_backward

    def mark_non_differentiable(self, *tensors: Any) -> None:
        """Results that have no history."""
        self._apart += tensors

    def set_materialize_grads(self, value: bool) -> None:
        """Whether ``backward`` is given zeros for results that nothing depends on, or None."""
        self.materialize_grads = value

    def mark_dirty(self, *tensors: Any) -> None:
        """Refused: a forward pass here leaves its arguments alone."""
        raise NotImplementedError("mark_dirty: forward may not write into its arguments. Fix: return a new tensor.")


class Function:
    """Base of operations with ``forward(ctx, *args)`` and ``backward(ctx, *gradients)``; called by ``apply``.

    Both are static methods. ``backward`` gives a gradient, or None, for every argument of ``forward``; it is recorded
    where gradients of gradients are asked for. ``forward(*args)`` with ``setup_context(ctx, inputs, output)`` is taken
    as well, and ``jvp(ctx, *tangents)`` for forward mode.
    """

    @staticmethod
    def forward(*args: Any) -> Any:
        """The results."""
        raise NotImplementedError("Function: define forward(ctx, *args), a static method.")

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Any:
        """The gradients of the arguments."""
        raise NotImplementedError("Function: define backward(ctx, *gradients), a static method.")

    @classmethod
    def apply(cls, *args: Any) -> Any:
        """The results for these arguments, with a history whose gradients ``backward`` gives.

        args : those of ``forward``
        """
        ctx = Context()
        ends = [a._node if isinstance(a, ag.Tensor) else None for a in args]
        ctx.needs_input_grad = tuple(end is not None for end in ends)
        with ag.no_grad():
            setup = getattr(cls, "setup_context", None)
            if setup is not None:
                found = cls.forward(*args)
                setup(ctx, args, found)
            else:
                found = cls.forward(ctx, *args)
        several = isinstance(found, (tuple, list))
        results = list(found) if several else [found]
        parents = [end for end in dict.fromkeys(ends) if end is not None]
        if parents and recording.is_grad_enabled():
            call = _Call(cls, ctx, ends, results)
            results = [call.recorded(k, parents) for k in range(len(results))]
        return type(found)(results) if several else results[0]


class _Call:
    """One call of a Function, which the rows of its results ask for derivatives."""

    def __init__(self, cls: type[Any], ctx: Context, ends: list[Node | None], results: list[Any]) -> None:
        self.cls, self.ctx, self.ends, self.results = cls, ctx, ends, results
        self.numbers: dict[Node, int] = {}

    def recorded(self, k: int, parents: list[Node]) -> Any:
        y = self.results[k]
        data = bare(y) if isinstance(y, ag.Tensor) else None
        if data is None or data.dtype.kind not in "fc" or any(y is t for t in self.ctx._apart):
            return y
        node = row(f"{self.cls.__name__}Backward", self, parents, np.shape(data))
        self.numbers[node] = k
        out = wrap(make_tensor(data, node))
        self.ctx.saved_tensors = tuple(out if t is y else t for t in self.ctx.saved_tensors)
        return out

    def _zeros(self, k: int) -> Any:
        y = self.results[k]
        return wrap(np.zeros_like(bare(y))) if self.ctx.materialize_grads and isinstance(y, ag.Tensor) else None

    def pull(self, node: Node, g: Any, ends: Sequence[Node]) -> list[Any]:
        k, record = self.numbers[node], isinstance(g, ag.Tensor)
        own = wrap(g if record else make_tensor(g, None))
        gs = [own if i == k else self._zeros(i) for i in range(len(self.results))]
        with ag.enable_grad() if record else ag.no_grad():
            found = self.cls.backward(self.ctx, *gs)
        given = list(found) if isinstance(found, (tuple, list)) else [found]
        if len(given) != len(self.ends):
            raise RuntimeError(
                f"{self.cls.__name__}.backward: {len(given)} gradients for {len(self.ends)} arguments. Fix: one for "
                "each argument of forward, None where there is none."
            )
        pairs = list(zip(given, self.ends, strict=True))
        return [self._added([c for c, e in pairs if e is end], end, record) for end in ends]

    def _added(self, parts: list[Any], end: Node, record: bool) -> Any:
        total: Any = None
        for part in parts:
            if part is None:
                continue
            value = part if record and isinstance(part, ag.Tensor) else bare(part)
            if isinstance(value, Tensor):
                value = make_tensor(value._data, value._node)
            if np.shape(value) != end.shape:
                raise RuntimeError(
                    f"{self.cls.__name__}.backward: a gradient of shape {np.shape(value)} for an argument of "
                    f"{end.shape}."
                )
            total = value if total is None else total + value
        return total

    def push(self, node: Node, tangents: dict[Node, Any]) -> Any:
        if not hasattr(self.cls, "jvp"):
            raise NotImplementedError(
                f"{self.cls.__name__}: forward mode needs jvp(ctx, *tangents), a static method. Fix: define it, or "
                "take the derivative in reverse mode."
            )
        found = self.cls.jvp(self.ctx, *(None if e not in tangents else wrap(tangents[e]) for e in self.ends))
        found = found[self.numbers[node]] if isinstance(found, (tuple, list)) else found
        record = any(isinstance(t, ag.Tensor) for t in tangents.values())
        return make_tensor(found._data, found._node) if record else bare(found)
