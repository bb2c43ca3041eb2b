"""checkpoint: forget what a function computed on its way, and compute it again when the backward pass comes."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..engine import recording
from ..engine.forward import push
from ..engine.node import Node
from ..engine.primitive import Contributions, Primitive, Saved
from ..engine.reverse import pull, rows
from ..engine.tensor import Tensor, make_tensor
from ..support import random
from ..watching import observer
from . import trees

if TYPE_CHECKING:
    from ..support.types import AnyArray, Settings

__all__ = ["checkpoint"]


def checkpoint(f: Callable[..., Any]) -> Callable[..., Any]:
    """``f``, whose inner rows are not kept: a derivative runs it a second time (Griewank & Walther 2000).

    A chain of n blocks under ``checkpoint`` keeps the inputs of its blocks and the rows of one block at a time.
    Tensors that ``f`` closes over get their gradients, too. Random numbers from the default generator are drawn again
    as they were. ``f`` must be deterministic otherwise, and may return a tree of tensors.

    >>> import numpy as np, autograd_core as ag
    >>> block = checkpoint(lambda x: np.tanh(np.exp(x)))
    >>> ag.gradcheck(block, np.array([0.5, 1.0]), order=2) < 1e-7
    True
    """

    @functools.wraps(f)
    def checkpointed(*args: Any, **kwargs: Any) -> Any:
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
        self.drawn = random.default_generator().bit_generator.state
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
            answers.append(make_tensor(y._data, self._row(k, y)) if recorded else y)
        self.leaves, self.roots = [], []
        return self.rebuild(answers)

    def _row(self, k: int, y: Tensor) -> Node:
        kept = (*[None] * len(self.tracked), None)
        params = {"_again": functools.partial(self.again, k)}
        return observer.made(Node(_checkpoint, tuple(self.tracked), kept, params, y.shape))

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
        generator = random.default_generator().bit_generator
        now, generator.state = generator.state, self.drawn
        try:
            with recording.enable_grad():
                out = f(*args, **kwargs)
        finally:
            generator.state = now
        y = trees.flatten(out, "checkpoint: the result")[0][k]
        return y._node, rows([y._node], stop=set(self.tracked))


class _Checkpoint(Primitive):
    """The operation of a checkpointed row: its derivatives are those of the rows that it stands for."""

    def make_vjp(self, i: int) -> Callable[..., Any]:
        def vjp(g: AnyArray, node: Node, saved: Saved, index: int) -> Any:
            return next(iter(self.cotangents([index], g, node, saved, None)))[1]

        return vjp

    def cotangents(self, places: list[int], g: AnyArray, node: Node, saved: Saved, chosen: Any) -> Contributions:
        root, order = node.params["_again"]()
        inputs: Any = node.parents
        choices = {} if chosen is None else {root: chosen}
        found = pull(order, {root: g}, create_graph=isinstance(g, Tensor), stop=set(inputs), chosen=choices)
        return ((i, found.get(inputs[i]), choices.get(inputs[i])) for i in places)

    def jvp(self, node: Node, saved: Saved, tangents: Saved) -> Any:
        root, order = node.params["_again"]()
        inputs: Any = node.parents
        given = {p: t for p, t in zip(inputs, tangents, strict=True) if t is not None}
        record = any(isinstance(t, Tensor) for t in given.values())
        return push(order, given, record=record).get(root)


def _not_kept(*x: Any, _again: Any = None) -> Any:
    raise TypeError("checkpoint: the rows behind it were not kept, so they have no formula and are not run alone.")


_checkpoint = _Checkpoint(_not_kept, {"x": _not_kept}, name="checkpoint")
