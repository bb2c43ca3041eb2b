"""Loops as one row: steps that carry a vector on, and the loops that are their derivatives."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ..engine import recording
from ..engine.node import PLAIN, Node, somewhere
from ..engine.tensor import Tensor, bare, make_tensor
from ..support.again import Moment
from ..support.vectors import pieces
from .within import Local, add, leaf, row

if TYPE_CHECKING:
    from ..support.types import AnyArray


class Steps:
    """``r = step(place, k, z, x, on)``, whose first numbers are the next z, time and again; one row for all.

    name : of the operation
    step : step number ``place``, at the k-th of the rows of X; ``on`` says which examples of a vmap still go on
    z, X : the vector that the first step is given, and a matrix with a row for each (None: there is none)
    """

    def __init__(self, name: str, step: Callable[..., Any], z: Any, X: Any) -> None:
        self.name, self.step, self.z, self.X = name, step, z, X
        self.size = z.shape[0]
        self.locals: list[Any] = []
        self.moments: list[Moment] = []
        self.ons: list[Any] = []
        self.steps: list[int] = []

    def run(self, steps: list[int] | None, more: Callable[[Any, int], Any] | None) -> Any:
        """What all steps gave, a row for each."""
        recorded, found = recording.is_grad_enabled(), []
        R = None
        z, X = bare(self.z), bare(self.X)
        while (len(self.steps) < len(steps)) if steps is not None else True:
            place = len(self.steps)
            on = None if more is None else more(z, place)
            if on is not None and not somewhere(on):
                break
            k = place if steps is None else steps[place]
            self.steps.append(k)
            self.ons.append(on)
            r = self.at(place, z, None if X is None else X[k], recorded)
            z = r[: self.size]
            if R is None and steps is not None and type(r) in PLAIN:
                R = np.zeros_like(r, shape=(len(steps), r.shape[0]))
            if R is not None and type(r) is type(R):
                R[place][...] = r  # a view of the row: the same call in every step, as a compiled loop wants it
            found.append(r)
        if not found:
            return np.zeros((0, self.size))
        if R is None or any(type(r) is not type(R) for r in found):
            R = np.stack(found)
        if not recorded:
            self.locals.clear()
            return R
        given = [x._node for x in (self.z, self.X) if isinstance(x, Tensor) and x._node is not None]
        self.outside = list(dict.fromkeys(p for local in self.locals for p in local.outside))
        parents = list(dict.fromkeys([*given, *self.outside]))
        if not parents:
            self.locals.clear()
            return R
        return make_tensor(R, row(self.name, self, parents, R.shape))

    def at(self, place: int, z: Any, x: Any, recorded: bool) -> Any:
        """One step, as an array; its rows are kept."""
        if not recorded:
            return bare(self.step(place, self.steps[place], z, x, self.ons[place]))
        self.moments.append(Moment())
        local = self.local(place, leaf(z), None if x is None else leaf(x))
        self.locals.append(local)
        return local.value

    def again(self, place: int, z: Any, x: Any) -> Local:
        """The rows of one step that was there before, from tensors that know where they come from."""
        return self.moments[place].run(lambda: self.local(place, leaf(z), None if x is None else leaf(x)))

    def local(self, place: int, z: Any, x: Any) -> Local:
        """The rows of one step."""
        k, on = self.steps[place], self.ons[place]
        if x is None:
            return Local(lambda z: self.step(place, k, z, None, on), z)
        return Local(lambda z, x: self.step(place, k, z, x, on), z, x)

    def pull(self, node: Node, g: Any, ends: list[Any]) -> list[Any]:
        """From the last step to the first: the cotangent of z, and beside it those of all that the steps depend on."""
        create = isinstance(g, Tensor)
        n, s = len(self.steps), self.size
        outside = [p for p in self.outside if p in ends]
        sizes = [math.prod(p.shape) for p in outside]
        kept = make_tensor(np.stack([local.value for local in self.locals]), node) if create else None
        zs = None if kept is None else np.concatenate([np.reshape(self.z, (1, s)), kept[: n - 1, :s]])

        def back(j: int, place: int, state: AnyArray, given: AnyArray, on: Any = None) -> AnyArray:
            total = given[:width] + np.concatenate([state[:s], np.zeros_like(state, shape=(width - s,))])
            local = self.locals[place]
            if create:
                local = self.again(place, given[width : width + s], None if self.X is None else given[width + s :])
            found = local.pull(total, [*local.x, *outside])
            count = len(local.x)
            zero = lambda size: np.zeros_like(state, shape=(size,))
            c = [zero(s) if found[0] is None else found[0]]
            for f, size, start in zip(found[count:], sizes, starts, strict=True):
                before = state[start : start + size]
                c.append(before if f is None else before + np.reshape(f, (-1,)))
            if count == 2:
                c.append(zero(local.x[1].shape[0]) if found[1] is None else found[1])
            return np.concatenate(c)

        width = g.shape[1]
        starts = (s + np.cumsum([0, *sizes[:-1]])).tolist() if sizes else []
        first = np.zeros_like(bare(g), shape=(s + sum(sizes),))
        order = list(range(n))[::-1]
        if create:
            parts = [g, zs] if self.X is None else [g, zs, self.X[np.array(self.steps)]]
            R = Steps(self.name, back, make_tensor(first, None), np.concatenate(parts, axis=1)).run(order, None)
        else:
            with recording.no_grad():
                R = Steps(self.name, back, first, g).run(order, None)
        answers: dict[Any, Any] = {}
        end = s + sum(sizes)
        if isinstance(self.z, Tensor) and self.z._node is not None:
            add(answers, self.z._node, R[n - 1][:s])
        if isinstance(self.X, Tensor) and self.X._node is not None:
            rows = R[:, end:][::-1]
            if self.steps != list(range(n)):
                rows = rows[np.argsort(np.array(self.steps))]
            add(answers, self.X._node, rows)
        for p, c in zip(outside, pieces(R[n - 1][s:end], [p.shape for p in outside]), strict=True):
            add(answers, p, c)
        return [answers.get(end) for end in ends]

    def push(self, node: Node, tangents: dict[Any, Any]) -> Any:
        """From the first step to the last: the tangent of z beside z."""
        create = any(isinstance(t, Tensor) for t in tangents.values())
        s = self.size
        of = lambda x: tangents.get(x._node) if isinstance(x, Tensor) and x._node is not None else None
        given = {p: tangents[p] for p in self.outside if p in tangents}
        z0, X = (self.z, self.X) if create else (bare(self.z), bare(self.X))
        dz, dX = of(self.z), of(self.X)
        dz = np.zeros_like(bare(self.z)) if dz is None else dz
        width = 0 if X is None else X.shape[1]
        dX = np.zeros_like(bare(X)) if dX is None and X is not None else dX

        def beside(place: int, k: int, both: Any, xs: Any, on: Any = None) -> Any:
            local = self.locals[place]
            if create:
                local = self.again(place, both[:s], None if X is None else xs[:width])
            moves = {local.x[0]: both[s:], **given}
            if X is not None:
                moves[local.x[1]] = xs[width:]
            value: Any = local.value
            if create:
                x, on = None if X is None else xs[:width], self.ons[place]
                value = self.moments[place].run(lambda: self.step(place, k, both[:s], x, on))
            moved = local.push(moves)
            moved = np.zeros_like(value) if moved is None else moved
            return np.concatenate([value[:s], moved[:s], moved[s:]])

        start = np.concatenate([z0, dz])
        rows = None if X is None else np.concatenate([X, dX], axis=1)
        if create:
            R = Steps(self.name, beside, start, rows).run(self.steps, None)
        else:
            with recording.no_grad():
                R = Steps(self.name, beside, start, rows).run(self.steps, None)
        return R[:, s:]
