"""The life of a graph in words: why there is none, why it is gone, why a tensor has no gradient. Loaded when asked."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from ..border.backward import RULE
from ..engine import recording
from ..engine.errors import class_name, describe
from ..engine.node import Leaf
from ..engine.reverse import rows
from ..engine.tensor import Tensor, bare
from . import observer

if TYPE_CHECKING:
    from ..engine.primitive import Primitive
    from ..support.types import Args, ArrayLike
    from .observer import Origin

__all__ = ["why_no_grad"]


def why_no_grad(w: Tensor, loss: Tensor | Callable[[], Tensor] | None = None) -> str:
    """Why ``w.grad`` is None, in a sentence or two: the rule, the place, the fix.

    loss : the tensor whose ``backward()`` is to reach w; or a function without arguments that computes it, which is
        run once, so that the place where the way from w ends can be told with its module and line

    >>> import autograd_core as ag
    >>> w = ag.Tensor([1.0, 2.0], requires_grad=True)
    >>> print(ag.why_no_grad(w, lambda: (w * 2).detach().sum()))
    The way from w ends at sum: the result of multiply came in as a constant, by detach(), .data or numpy(), in ...
    """
    if not isinstance(w, Tensor):
        raise TypeError(f"why_no_grad: w is {class_name(w)}, not a tensor; only tensors have gradients.")
    if not (loss is None or isinstance(loss, Tensor) or callable(loss)):
        raise TypeError(f"why_no_grad: loss is {describe(loss)}, neither a tensor nor a function that computes it.")
    if w._node is None:
        return _no_row(w)
    if not isinstance(w._node, Leaf):
        origin = getattr(w._node, "origin", None)
        place = f" in {origin.description}" if origin else ""
        return (
            f"w was computed ({w._node.op.name}{place}), and backward() keeps the gradients of leaves only. "  # type: ignore[union-attr]
            "Fix: ag.trace(loss).table() shows the derivative by every row; ag.grad(f)(w) gives that of a function."
        )
    if isinstance(loss, Tensor):
        return _by_graph(w, loss)
    if loss is not None:
        return _by_running(w, loss)
    if w.grad is not None:
        return "w has a gradient."
    return (
        "w is a leaf that requires gradients, but no backward() has reached it since its gradient was last cleared "
        "(zero_grad(), grad = None). Fix: loss.backward(); or ask with the loss, why_no_grad(w, loss)."
    )


def _no_row(w: Tensor) -> str:
    if w.dtype.kind not in "fc":
        return f"w is {describe(w)}, and only floating tensors have gradients. Fix: Tensor(array, dtype=float)."
    return (
        "w does not require gradients, so what is computed from it is not recorded for its sake. "
        "Fix: w.requires_grad = True before the loss is computed (was it computed inside no_grad(), or detached?)."
    )


def _by_graph(w: Tensor, loss: Tensor) -> str:
    ask = "Fix: give a function that computes the loss, why_no_grad(w, f), and the place is shown."
    if loss._node is None:
        return f"The loss carries no graph. {RULE} {ask}"
    try:
        order = rows([loss._node])
    except RuntimeError:
        return (
            "The graph of the loss was released by a backward pass, and what it came from is forgotten. "
            "Fix: ask before backward(), or give a function that computes the loss."
        )
    if w._node in order:
        return _reached(w)
    leaves = [node for node in order if isinstance(node, Leaf)]
    found = ", ".join(f"{leaf.dtype} {leaf.shape}" for leaf in leaves[:5]) + (", …" if len(leaves) > 5 else "")
    return f"The loss does not depend on w, but on {found}. {ask}"


def _reached(w: Tensor) -> str:
    if w.grad is not None:
        return "w has a gradient, and the loss depends on w."
    return "The loss depends on w, and no backward() was called on it yet (or the gradient was cleared after)."


class _Cut(NamedTuple):
    """Where a value that depends on w ceased to be recorded."""

    what: str
    origin: observer.Origin


def _by_running(w: Tensor, loss: Callable[[], Tensor]) -> str:
    steps: list[tuple[Any, ...]] = []
    with observer.observe(
        lambda op, args, _, result: steps.append((op, args, result, recording.is_grad_enabled(), observer.origin()))
    ):
        out = loss()
    chain = _Chain(w)
    for step in steps:
        chain.follow(*step)
    if isinstance(out, Tensor) and out._node is not None and w._node in rows([out._node]):
        return _reached(w)
    cut = chain.cut_of(out)
    if cut is None and chain.values.get(id(bare(out)), "") is None:
        return "The way from w ends at the result of the function: detach(), .data or numpy() made it a constant."
    if cut is not None:
        return f"The way from w ends at {cut.what}, in {cut.origin.description}. {_FIX}"
    if chain.last is None:
        return (
            f"None of the {len(steps)} operations of the function used w; a comparison, argmax, item() or np.asarray() "
            f"of it is not a recorded one. {_FIX}"
        )
    name, origin = chain.last
    return (
        f"The way from w ends after {name}, in {origin.description}: its value went into no operation that leads to "
        f"the loss, but into a comparison, argmax, item() or the like, or nowhere. {_FIX}"
    )


_FIX = "Fix: compute from the tensor itself there, with functions of NumPy's or ag's, outside no_grad()."


class _Chain:
    """What depends on w, as it was computed: by the id of its array None where recorded, else where it was cut."""

    def __init__(self, w: Tensor) -> None:
        self.recorded: dict[Any, str] = {w._node: "w"}  # rows, and what made them
        self.values: dict[int, _Cut | None] = {id(w._data): None}
        self.names: dict[int, str] = {id(w._data): "w"}
        self.numbers: dict[float, str] = {}  # of single elements, which item() may have handed on
        self.last: tuple[str, observer.Origin] | None = None

    def follow(self, op: Primitive, args: Args, result: Tensor, recording: bool, origin: observer.Origin) -> None:
        tracked = any(isinstance(a, Tensor) and a._node in self.recorded for a in args if a is not None)
        cuts = [cut for a in args if (cut := self.cut_of(a, op.name, origin)) is not None]
        if not tracked and not cuts:
            return
        data = result._data
        if tracked and result._node is not None:
            self.recorded[result._node] = op.name
            self.values[id(data)] = None
            self.last = op.name, origin
        elif tracked and not recording:
            self.values[id(data)] = _Cut(f"{op.name}: it was computed inside no_grad()", origin)
        elif data.dtype.kind not in "fc":
            self.values[id(data)] = _Cut(f"{op.name}: {data.dtype} has no derivative", origin)
        else:
            self.values[id(data)] = cuts[0] if cuts else _Cut(f"{op.name}, whose result has no derivative", origin)
        self.names[id(data)] = f"the result of {op.name}"
        if data.size == 1:
            self.numbers[data.item()] = self.names[id(data)]

    def cut_of(self, value: ArrayLike, name: str = "", origin: Origin | None = None) -> _Cut | None:
        """Where ``value`` ceased to be recorded; None where it is recorded, or has nothing to do with w."""
        if isinstance(value, Tensor) and value._node in self.recorded:
            return None
        key = id(bare(value))
        if key in self.values:
            made = f"{name}: {self.names[key]} came in as a constant, by detach(), .data or numpy()"
            return self.values[key] or (_Cut(made, origin) if origin else None)
        if isinstance(value, float) and not value.is_integer() and value in self.numbers and origin:
            return _Cut(
                f"{name}: {self.numbers[value]} came in as the number {value:.6g}, by item() or float()", origin
            )
        return None
