"""Where parameters and their state lie: side by side in one array, or each on its own.

All parameters of a group that share a dtype live in one contiguous array, of which each parameter's array is a view;
so does each kind of state. An update rule is then a handful of array operations on long pieces, whatever the number
of parameters. Rules that need a parameter's shape get each parameter for itself.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np

from autograd_core import Tensor
from autograd_core.engine.node import Leaf
from autograd_core.support.vectors import joined, pieces

if TYPE_CHECKING:
    from autograd_core.support.types import Array, StateDict

PIECE = 32_768
"""Elements updated at a time: the few arrays that a rule reads and writes stay in the second-level cache."""

Clock = tuple[float, ...]


class Run(NamedTuple):
    """Neighbouring parameters ``first`` to ``last`` (excluded) that have seen equally many steps."""

    first: int
    last: int
    clock: Clock | None


class Piece(NamedTuple):
    """A stretch of the flat arrays: of one large parameter from ``start``, or several small ones whole."""

    data: Array
    state: tuple[Array, ...]
    work: tuple[Array, ...]
    first: int
    last: int
    start: int


Part: TypeAlias = "tuple[Array, Array, tuple[Array, ...], tuple[Array, ...]]"
"""What is updated at a time: (data, gradient, state, three arrays like data to compute in)."""


class Storage:
    """Parameters, what a rule keeps of each (``state``), and how far each has come (``clocks``, None: never moved)."""

    views: list[Array]
    """Each parameter's own array, in its shape."""

    def __init__(self, params: list[Tensor], names: Iterable[str]) -> None:
        self.params = params
        self.names = tuple(names)
        self.clocks: list[Clock | None] = [None] * len(params)

    def fits(self) -> bool:
        """Whether the parameters still have the shapes and dtypes that this was made for, and lie where they did."""
        for p, view in zip(self.params, self.views, strict=True):
            there = p._data
            if there is view:
                continue
            if there.shape != view.shape or there.dtype != view.dtype or type(there) is not type(view):
                return False
        return True

    def gradients(self) -> tuple[list[Any], list[Run]]:
        """The gradients' arrays (None: there is none, or the parameter is frozen), and the runs of parameters to be
        updated alike: neighbours with gradients that have come equally far.

        An array that somebody put in a parameter's place is taken over. ValueError for a gradient of another shape.
        """
        found: list[Any] = []
        runs: list[Run] = []
        first, clock = -1, None
        for i, (p, view) in enumerate(zip(self.params, self.views, strict=True)):
            if p._data is not view:
                view[...] = p._data
                p._data = view
            node = p._node
            grad = node.grad if type(node) is Leaf else None
            if grad is None:
                if first >= 0:
                    runs.append(Run(first, i, clock))
                    first = -1
                found.append(None)
                continue
            if grad._data.shape != view.shape:
                raise ValueError(
                    f"step: a gradient of shape {grad.shape} for a parameter of shape {view.shape}. "
                    "Fix: zero_grad() after assigning other data to the parameter."
                )
            found.append(grad._data)
            mine = self.clocks[i]
            if first >= 0 and mine is not clock and mine != clock:
                runs.append(Run(first, i, clock))
                first = -1
            if first < 0:
                first, clock = i, mine
        if first >= 0:
            runs.append(Run(first, len(found), clock))
        return found, runs

    def begin(self, run: Run, starts: Mapping[str, float]) -> None:
        """Give the state of parameters that move for the first time its first values."""
        raise NotImplementedError

    def parts(self, run: Run, gradients: list[Any]) -> Iterator[Part]:
        """What is updated, part by part."""
        raise NotImplementedError

    def state(self, i: int) -> StateDict:
        """The state of parameter ``i`` by name, as it lies (no copies)."""
        raise NotImplementedError


class Flat(Storage):
    """Parameters of one dtype side by side: ``data`` and each kind of state are arrays of one length."""

    def __init__(self, params: list[Tensor], starts: Mapping[str, float]) -> None:
        super().__init__(params, starts)
        sizes = [p.size for p in params]
        self.bounds = list(itertools.pairwise([0, *itertools.accumulate(sizes)]))
        self.data = joined(p._data for p in params)
        self.flats = {name: np.zeros_like(self.data) for name in starts}
        self.views = pieces(self.data, [p.shape for p in params])
        for p, view in zip(params, self.views, strict=True):
            p._data = view
        self.buffer, *self.work = (np.empty_like(self.data[:PIECE]) for _ in range(4))
        self.known: dict[tuple[int, int], list[Piece]] = {}

    def begin(self, run: Run, starts: Mapping[str, float]) -> None:
        for name, value in starts.items():
            self.flats[name][self.bounds[run.first][0] : self.bounds[run.last - 1][1]] = value

    def parts(self, run: Run, gradients: list[Any]) -> Iterator[Part]:
        key = run.first, run.last
        if key not in self.known:
            if len(self.known) > 64:  # parameters that freeze at random would fill the memory with plans
                self.known.clear()
            self.known[key] = list(self.plan(run))
        whole: Any = None
        of = -1
        for data, state, work, first, last, start in self.known[key]:
            if last - first > 1:
                g = self.buffer[: data.size]
                np.concatenate(gradients[first:last], axis=None, out=g)
            else:
                if of != first:  # reshape copies where a gradient is not contiguous: once, not for each piece
                    whole, of = gradients[first].reshape(-1), first
                g = whole[start : start + data.size]
            yield data, g, state, work

    def plan(self, run: Run) -> Iterator[Piece]:
        """Large parameters cut, small ones joined, to pieces that fit the cache."""
        i = run.first
        while i < run.last:
            start, stop = self.bounds[i]
            j = i + 1
            while j < run.last and self.bounds[j][1] - start <= PIECE:
                stop = self.bounds[j][1]
                j += 1
            for a in range(start, stop, PIECE):
                part = slice(a, min(a + PIECE, stop))
                data, work = self.data[part], tuple(w[: part.stop - a] for w in self.work)
                yield Piece(data, tuple(s[part] for s in self.flats.values()), work, i, j, a - start)
            i = j

    def state(self, i: int) -> StateDict:
        a, b = self.bounds[i]
        return {name: flat[a:b].reshape(self.views[i].shape) for name, flat in self.flats.items()}


class Apart(Storage):
    """Each parameter and its state for itself, for rules that see rows and columns.

    shapes : for each parameter {kind of state: its shape}
    """

    def __init__(self, params: list[Tensor], shapes: list[dict[str, tuple[int, ...]]], names: Iterable[str]) -> None:
        super().__init__(params, names)
        self.arrays = [
            {name: np.zeros_like(p._data, shape=shape) for name, shape in given.items()}
            for p, given in zip(params, shapes, strict=True)
        ]
        self.views = [p._data.copy() for p in params]  # the array may be the caller's, and updates are in place
        for p, view in zip(params, self.views, strict=True):
            p._data = view

    def begin(self, run: Run, starts: Mapping[str, float]) -> None:
        for arrays in self.arrays[run.first : run.last]:
            for name, array in arrays.items():
                array[...] = starts[name]

    def parts(self, run: Run, gradients: list[Any]) -> Iterator[Part]:
        for i in range(run.first, run.last):
            view = self.views[i]
            yield view, gradients[i], tuple(self.arrays[i].values()), tuple(np.empty_like(view) for _ in range(3))

    def state(self, i: int) -> StateDict:
        return self.arrays[i]
