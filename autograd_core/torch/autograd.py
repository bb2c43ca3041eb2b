"""``torch.autograd``: gradients of tensors that were computed, and whether anything is recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

import autograd_core as ag
from autograd_core import detect_anomaly, enable_grad, no_grad, set_detect_anomaly
from autograd_core.border.backward import as_gradients, detached
from autograd_core.engine.node import Leaf
from autograd_core.engine.reverse import pull, rows
from autograd_core.engine.tensor import make_tensor
from autograd_core.spellings.watching import watch_of
from autograd_core.support.lazy import answering

from .function import Function
from .tensor import wrap

if TYPE_CHECKING:
    from autograd_core.engine.node import Node
    from autograd_core.engine.tensor import Tensor


__all__ = ["Function", "grad", "backward", "no_grad", "enable_grad", "detect_anomaly", "set_detect_anomaly"]


def _listed(value: Any) -> list[Any]:
    return [value] if isinstance(value, ag.Tensor) or value is None else list(value)


def grad(
    outputs: Any,
    inputs: Any,
    grad_outputs: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    allow_unused: bool | None = None,
    materialize_grads: bool = False,
) -> tuple[Any, ...]:
    """The gradients of outputs with respect to inputs, leaves or not; ``.grad`` is left alone.

    outputs, inputs : a tensor each, or several
    grad_outputs : the cotangents of the outputs; ones for single numbers
    retain_graph, create_graph : those of ``backward``
    allow_unused : None, instead of an error, for inputs on which the outputs do not depend
    materialize_grads : zeros instead of None
    """
    outs, xs = _listed(outputs), _listed(inputs)
    given = _listed(grad_outputs) if grad_outputs is not None else [None] * len(outs)
    cotangents: dict[Any, Any] = {}
    for y, u in zip(outs, given, strict=True):
        if y._node is None:
            raise detached(y)
        if u is None and y._data.size != 1:
            raise RuntimeError(f"grad: an output of shape {y.shape} needs its cotangent. Fix: give grad_outputs=.")
        seed = np.ones_like(y._data) if u is None else u
        seed = seed if isinstance(seed, ag.Tensor) else make_tensor(np.asarray(seed, y.dtype), None)
        seed = seed if create_graph else seed._data
        cotangents[y._node] = cotangents[y._node] + seed if y._node in cotangents else seed
    for x in xs:
        if x._node is None:
            raise RuntimeError(f"grad: an input ({x.dtype} {x._data.shape}) does not require gradients.")
    seen: dict[Any, Any] = {}
    handles = [_listen(x._node, seen) for x in xs if not isinstance(x._node, Leaf)]
    try:
        order = rows(list(cotangents))
        seeds = list(cotangents.values())
        found = pull(order, cotangents, create_graph, release=not (retain_graph or create_graph))
    finally:
        for hooks, key in handles:
            hooks.pop(key, None)
    found = {**found, **seen}
    missing = [i for i, x in enumerate(xs) if x._node not in found]
    if missing and not (allow_unused or materialize_grads):
        raise RuntimeError(f"grad: the outputs do not depend on inputs {missing}. Fix: allow_unused=True gives None.")
    gradients = as_gradients(found, ((x._node, x._data.shape, x.dtype) for x in xs), *seeds)
    return tuple(None if i in missing and not materialize_grads else wrap(g) for i, g in enumerate(gradients))


def _listen(node: Node, seen: dict[Any, Any]) -> tuple[dict[Any, Any], Any]:
    """Let ``seen`` have the cotangent of a computed row."""
    hooks, key = watch_of(node).hooks, object()

    def note(g: Tensor) -> None:
        seen[node] = g

    hooks[key] = note  # type: ignore[index]
    return hooks, key


def backward(
    tensors: Any, grad_tensors: Any = None, retain_graph: bool | None = None, create_graph: bool = False
) -> None:
    """Accumulate the gradients of several tensors into the leaves.

    tensors : what is differentiated
    grad_tensors, retain_graph, create_graph : those of ``grad``
    """
    ts = _listed(tensors)
    for i, (t, u) in enumerate(
        zip(ts, _listed(grad_tensors) if grad_tensors is not None else [None] * len(ts), strict=True)
    ):
        ag.Tensor.backward(t, u, retain_graph=bool(retain_graph) or i < len(ts) - 1, create_graph=create_graph)


def gradcheck(func: Any, inputs: Any, *, eps: float | None = None, atol: float = 1e-5, rtol: float = 1e-3) -> bool:
    """Compare gradients with finite differences; True, or an AssertionError that shows the largest difference.

    func, inputs : a function of tensors, and a tensor or a tuple of them
    eps : accepted; the steps are chosen here
    atol, rtol : what differences are allowed
    """
    ag.gradcheck(func, *(wrap(x) for x in _listed(inputs)), modes=("reverse",), atol=atol, rtol=rtol)
    return True


__getattr__ = answering("torch.autograd")
