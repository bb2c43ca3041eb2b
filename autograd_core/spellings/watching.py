"""Hooks on the gradients of tensors: ``register_hook`` and ``retain_grad``.

The row that is watched becomes the identity of a new row that stands for its computation, so that whatever was or will
be computed from it passes the hooks. A leaf has no computation: its hooks are called where gradients are gathered.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..engine import node as nodes
from ..engine.errors import class_name
from ..engine.forms import primitive
from ..engine.node import Leaf, Node
from ..engine.tensor import Tensor, make_tensor
from ..support.handles import RemovableHandle

if TYPE_CHECKING:
    from ..support.types import AnyArray, Function


class Watch:
    """The hooks of one row, in order, and the gradient that it keeps."""

    def __init__(self) -> None:
        self.hooks: dict[int, Callable[[Any], Any]] = {}
        self.keeps = False
        self.grad: Any = None

    def __call__(self, g: AnyArray) -> AnyArray:
        g = through(self.hooks, g)
        if self.keeps:
            seen = g if isinstance(g, Tensor) else make_tensor(g.copy(), None)
            self.grad = seen if self.grad is None else self.grad + seen
        return g


def through(hooks: dict[int, Callable[[Any], Any]], g: AnyArray) -> Any:
    """What the hooks make of a cotangent, array or tensor."""
    for hook in list(hooks.values()):
        answer = hook(g if isinstance(g, Tensor) else make_tensor(g, None))
        if answer is not None:
            given = answer if isinstance(answer, Tensor) else Tensor(answer)
            if given.shape != g.shape:
                raise RuntimeError(f"register_hook: the hook gave {given.shape} for a gradient of shape {g.shape}.")
            g = given if isinstance(g, Tensor) else given._data
    return g


@primitive(name="watched", x=lambda g, watch: watch(g), jvp={"x": lambda t: t}, flops=(lambda c: 0, lambda c: 0))
def _watched(x: AnyArray, watch: Function | None = None) -> AnyArray:
    """The identity, whose cotangent ``watch`` sees."""
    return x


def watch_of(node: Node) -> Watch:
    """The hooks of a computed row."""
    op = _watched.primitive
    if node.op is not op:
        inner = Node(node.op, node.parents, node.saved, node.params, node.shape)
        node.op, node.parents, node.saved, node.params = op, (inner,), (None, None), {"watch": Watch()}
    return node.params["watch"]


def hooked(node: Node, hook: Callable[[Any], Any]) -> RemovableHandle:
    """Let ``hook`` see the gradients of a row."""
    if not callable(hook):
        raise TypeError(f"register_hook: {class_name(hook)} is not callable; give a function of the gradient.")
    if isinstance(node, Leaf):
        if not hasattr(node, "hooks"):
            node.hooks = {}
        nodes.leaf_hooks = through
        return RemovableHandle(node.hooks, hook)
    return RemovableHandle(watch_of(node).hooks, hook)


def retained(node: Node) -> None:
    """Let a computed row keep its gradient."""
    watch_of(node).keeps = True
