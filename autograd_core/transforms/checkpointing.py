"""checkpoint: forget what a function computed on its way, and compute it again when the backward pass comes."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..engine import recording
from ..engine.node import Node
from ..engine.primitive import Contributions, Saved
from ..engine.reverse import rows
from ..engine.tensor import Tensor, make_tensor
from ..support.again import Moment
from ..watching import observer
from . import trees
from .within import Found, pulled, pushed, row

if TYPE_CHECKING:
    from ..support.types import AnyArray, Function, Settings, Tree

__all__ = ["checkpoint"]


def checkpoint(f: Callable[..., Any]) -> Function:
    """``f``, whose inner rows are not kept: a derivative runs it a second time (Griewank & Walther 2000).

    A chain of n blocks under ``checkpoint`` keeps the inputs of its blocks and the rows of one block at a time.
    Tensors that ``f`` closes over get their gradients, too. Random numbers from the default generator are drawn again
    as they were, and parameters that ``nn.functional_call`` has replaced are replaced again. ``f`` must be
    deterministic otherwise, and may return a tree of tensors.

    >>> import numpy as np, autograd_core as ag
    >>> block = checkpoint(lambda x: np.tanh(np.exp(x)))
    >>> ag.gradcheck(block, np.array([0.5, 1.0]), order=2) < 1e-7
    True
    """

    @functools.wraps(f)
    def checkpointed(*args: object, **kwargs: object) -> Tree:
        if not recording.is_grad_enabled():
            return f(*args, **kwargs)
        replay = _Replay(f, args, kwargs)
        return replay.result()

    return checkpointed


class _Replay:
    """A call of ``f`` that can be made again: from ``tracked``, the rows outside that it depends on."""

    def __init__(self, f: Callable[..., Any], args: tuple[Any, ...], kwargs: Settings) -> None:
        self.call = f, args, kwargs
        self.marks: list[int] | None = self._marks() if recording.observed() else None
        self.origin = observer.origin() if self.marks else None
        self.moment = Moment()
        with observer.collect() as made:
            out = f(*args, **kwargs)
        self.leaves, self.rebuild = trees.flatten(out, "checkpoint: the result")
        self.roots: list[Any] = [y._node for y in self.leaves if isinstance(y, Tensor) and y._node in made]
        order = rows(dict.fromkeys(self.roots))
        outside = (p for node in order if node in made for p in node.parents or () if p is not None and p not in made)
        self.tracked: list[Node] = list(dict.fromkeys(outside))

    def result(self) -> Any:
        """The result, each tensor of it on one row whose parents are the rows outside."""
        answers = []
        for k, y in enumerate(self.leaves):
            recorded = isinstance(y, Tensor) and y._node in self.roots
            node = row("checkpoint", _Again(self, k), self.tracked, y.shape, _Checkpoint) if recorded else None
            answers.append(make_tensor(y._data, node) if recorded else y)
        self.leaves, self.roots = [], []
        return self.rebuild(answers)

    def _marks(self) -> list[int]:
        from ..watching.overwritten import checksums

        _, args, kwargs = self.call
        return checksums(*args, *kwargs.values())

    def again(self, k: int) -> tuple[Node, list[Node]]:
        """The row of result ``k`` and all rows behind it, computed anew."""
        f, args, kwargs = self.call
        if self.marks is not None and self.marks != self._marks():
            from ..watching import overwritten

            raise overwritten.error("checkpoint", "its arguments, one of", self.origin)
        with recording.enable_grad():
            out = self.moment.run(lambda: f(*args, **kwargs))
        y = trees.flatten(out, "checkpoint: the result")[0][k]
        return y._node, rows([y._node], stop=set(self.tracked))


class _Again:
    """The derivatives of result ``k`` of a call, by the rows of another such call."""

    def __init__(self, replay: _Replay, k: int) -> None:
        self.replay, self.k = replay, k

    def pull(self, node: Node, g: Any, ends: list[Node], chosen: Any = None) -> list[tuple[Any, Any]]:
        """The cotangents of some rows, and where np.where chose them, if ``chosen`` says where it chose the result."""
        root, order = self.replay.again(self.k)
        choices = {} if chosen is None else {root: chosen}
        inputs: set[Any] = set(node.parents or ())
        found = pulled(order, root, g, inputs, choices)
        return [(found.get(end), choices.get(end)) for end in ends]

    def push(self, node: Node, tangents: dict[Node, Any]) -> Any:
        """The tangent of the result."""
        root, order = self.replay.again(self.k)
        return pushed(order, root, tangents)


class _Checkpoint(Found):
    """The operation of a checkpointed row; a choice of np.where goes through it."""

    def cotangents(self, places: list[int], g: AnyArray, node: Node, saved: Saved, chosen: Any) -> Contributions:
        found = node.params["_by"].pull(node, g, [node.parents[i] for i in places], chosen)  # type: ignore[index]
        return ((i, c, choice) for i, (c, choice) in zip(places, found, strict=True))
