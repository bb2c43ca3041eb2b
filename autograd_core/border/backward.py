"""What a backward pass leaves behind: gradients, as tensors of each leaf's shape and dtype."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from ..engine import node as nodes
from ..engine.errors import describe
from ..engine.node import PLAIN, Leaf, Node
from ..engine.reverse import pull, rows
from ..engine.tensor import Tensor, bare, make_tensor
from ..support.modes import locked
from .arrays import like

if TYPE_CHECKING:
    from ..support.types import AnyArray, ArrayLike, DType, DTypeLike


def backward(
    self: Tensor, gradient: ArrayLike | None = None, *, retain_graph: bool = False, create_graph: bool = False
) -> None:
    """Accumulate d self / d leaf into ``.grad`` of every leaf that ``self`` was computed from.

    gradient : cotangent of self's shape; may be left out for a one-element tensor (then 1)
    retain_graph : keep the graph for another backward pass (default: release it as it is used)
    create_graph : record the pass, too (implies retain_graph); x and ``x.grad`` hold each other until ``x.grad = None``

    Raises RuntimeError where nothing was recorded or the graph was released, ValueError for a wrong cotangent; then
    nothing is accumulated and nothing released. Threads may accumulate into the same leaves. An interrupt (Ctrl-C)
    accumulates into all leaves or into none; the graph may be released then.

    >>> x = Tensor(3.0, requires_grad=True)
    >>> (x**2).backward()
    >>> x.grad.item()
    6.0
    """
    root = self._node
    if root is None:
        raise detached(self)
    seed: Any = _seed(self, gradient)
    if not create_graph:
        seed = seed._data
    order = rows([root])
    cotangents = pull(order, {root: seed}, create_graph, release=not (retain_graph or create_graph))
    leaves = [row for row in order if isinstance(row, Leaf)]
    gradients = as_gradients(cotangents, ((leaf, leaf.shape, leaf.dtype) for leaf in leaves), seed)
    if nodes.leaf_hooks is not None:
        hooks = [getattr(leaf, "hooks", None) for leaf in leaves]
        gradients = [nodes.leaf_hooks(h, g) if h else g for h, g in zip(hooks, gradients, strict=True)]

    def accumulate() -> None:
        for i, leaf in enumerate(leaves):
            if leaf.grad is not None:
                gradients[i] = leaf.grad + gradients[i]
        any(map(_set_grad, leaves, gradients))  # a loop in C: no signal gets between two leaves

    locked(nodes.accumulating, accumulate)


_set_grad: Any = Leaf.__dict__["grad"].__set__


def as_gradients(cotangents: dict[Node, Any], leaves: Iterable[Any], *seeds: object) -> list[Tensor]:
    """Cotangents as gradients: tensors of each leaf's shape and dtype, none of which shares memory with anything.

    A cotangent array is adopted as it is where nothing else can hold it: it is not a view, and no seed of the pass.
    """
    taken = {id(bare(seed)) for seed in seeds}
    gradients = []
    for leaf, shape, dtype in leaves:
        g: Any = cotangents.get(leaf)
        if type(g) not in PLAIN or g.base is not None or g.dtype != dtype or id(g) in taken:
            held = g is None or isinstance(g, (Tensor, np.generic)) or getattr(g, "base", g) is not None
            if held or g.dtype != dtype or id(g) in taken:
                g = _own(filled(0, bare(seeds[0]), shape, dtype) if g is None else g, dtype)
        g = g if isinstance(g, Tensor) else make_tensor(g, None)
        taken.add(id(g._data))
        gradients.append(g)
    return gradients


def _own(g: AnyArray, dtype: DType) -> AnyArray:
    """A copy of ``g`` in another dtype or in memory of its own; a tensor stays one and keeps its history."""
    if dtype.kind == "f" and g.dtype.kind == "c":
        g = np.real(g)
    if g.dtype != dtype:
        g = g.astype(dtype)
    elif isinstance(g, Tensor):
        return make_tensor(g._data.copy(), g._node)
    return g if isinstance(g, Tensor) else np.array(g) if isinstance(g, np.generic) else g.copy()


def filled(number: int, beside: AnyArray, shape: tuple[int, ...], dtype: DTypeLike) -> AnyArray:
    """An array of the same kind as ``beside`` that holds one number."""
    if type(beside) is np.ndarray or isinstance(beside, np.generic):
        array = np.empty(shape, dtype)
        array.fill(number)
        return array
    return np.full_like(beside, number, dtype, shape=shape)


def _seed(tensor: Tensor, gradient: ArrayLike | None) -> Tensor:
    if gradient is None:
        if tensor.dtype.kind == "c":
            raise ValueError(
                f"backward: a complex result ({describe(tensor)}) has no gradient; only real ones do. "
                "Fix: backward() of its real part or absolute value, or give the cotangent: y.backward(g)."
            )
        if tensor.size != 1:
            raise ValueError(
                f"backward: a result of {describe(tensor)} has no single gradient. "
                "Fix: backward() of a scalar such as y.sum(), or give the cotangent: y.backward(g) with y's shape."
            )
        return make_tensor(filled(1, tensor._data, tensor.shape, tensor.dtype), None)
    gradient = like(tensor, gradient)
    if gradient.shape != tensor.shape:
        raise ValueError(
            f"backward: cotangent {describe(gradient)} for a result of {describe(tensor)}; shapes must agree."
        )
    return gradient


RULE = (
    "A tensor is recorded when it is computed, outside no_grad(), from one that requires gradients, by functions of "
    "NumPy's or ag's; detach(), .data, numpy(), item(), float() and integers are constants."
)


def detached(tensor: Tensor) -> RuntimeError:
    """The error of ``backward()`` on a tensor without a graph."""
    return RuntimeError(
        f"backward: this tensor ({describe(tensor)}) was computed from nothing that requires gradients, or inside "
        f"no_grad(). {RULE} Fix: set requires_grad=True on the inputs before computing; "
        "print(ag.why_no_grad(w, f)), with a function f that computes the loss, shows where the way from w ends."
    )
