"""Where parameters and their state lie: side by side in one array, or each on its own.

All parameters of a group that share a dtype live in one contiguous array, of which each parameter's array is a view;
so does each kind of state. An update rule is then a handful of array operations on long pieces, whatever the number
of parameters. Rules that need a parameter's shape get each parameter for itself.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from autograd_core import Tensor
from autograd_core.tensor import Leaf

PIECE = 16_384
"""Elements updated at a time: the few arrays that a rule reads and writes stay in the second-level cache."""

Clock = tuple[float, ...]


class Run(NamedTuple):
    """Neighbouring parameters ``first`` to ``last`` (excluded) that have seen equally many steps."""

    first: int
    last: int
    clock: Clock | None


class Piece(NamedTuple):
    """A stretch of the flat arrays: of one large parameter from ``start``, or several small ones whole."""

    data: Any
    state: tuple[Any, ...]
    first: int
    last: int
    start: int


class Storage:
    """Parameters, what a rule keeps of each (``state``), and how far each has come (``clocks``, None: never moved)."""

    views: list[Any]
    """Each parameter's own array, in its shape."""

    def __init__(self, params: list[Tensor]) -> None:
        self.params = params
        self.clocks: list[Clock | None] = [None] * len(params)

    def fits(self, names: Iterable[str]) -> bool:
        """Whether this is still made for these parameters: their shapes, dtypes and kinds of state."""
        return self.names() == tuple(names) and all(
            p._data is view or (p.shape == view.shape and p.dtype == view.dtype)
            for p, view in zip(self.params, self.views, strict=True)
        )

    def gradients(self) -> list[Any]:
        """The gradients' arrays, None where there is none or the parameter is frozen.

        An array that somebody put in a parameter's place is taken over. ValueError for a gradient of another shape.
        """
        found: list[Any] = []
        for p, view in zip(self.params, self.views, strict=True):
            node = p._node
            grad = node.grad if type(node) is Leaf else None
            if grad is None:
                found.append(None)
            elif grad._data.shape == view.shape:
                found.append(grad._data)
            else:
                raise ValueError(
                    f"step: a gradient of shape {grad.shape} for a parameter of shape {view.shape}. "
                    "Mend: zero_grad() after assigning other data to the parameter."
                )
            if p._data is not view:
                view[...] = p._data
                p._data = view
        return found

    def runs(self, gradients: list[Any]) -> list[Run]:
        """The longest stretches of parameters with gradients that have come equally far."""
        runs: list[Run] = []
        first, clock = -1, None
        for i, g in enumerate(gradients):
            if first >= 0 and (g is None or (self.clocks[i] is not clock and self.clocks[i] != clock)):
                runs.append(Run(first, i, clock))
                first = -1
            if g is not None and first < 0:
                first, clock = i, self.clocks[i]
        if first >= 0:
            runs.append(Run(first, len(gradients), clock))
        return runs

    def names(self) -> tuple[str, ...]:
        """The kinds of state."""
        raise NotImplementedError

    def begin(self, run: Run, starts: Mapping[str, float]) -> None:
        """Give the state of parameters that move for the first time its first values."""
        raise NotImplementedError

    def pieces(self, run: Run, gradients: list[Any]) -> Iterator[tuple[Any, Any, tuple[Any, ...]]]:
        """What is updated at a time: (data, gradient, state)."""
        raise NotImplementedError

    def state(self, i: int) -> dict[str, Any]:
        """The state of parameter ``i`` by name, as it lies (no copies)."""
        raise NotImplementedError


class Flat(Storage):
    """Parameters of one dtype side by side: ``data`` and each kind of state are arrays of one length."""

    def __init__(self, params: list[Tensor], starts: Mapping[str, float]) -> None:
        super().__init__(params)
        sizes = [p.size for p in params]
        self.bounds = list(itertools.pairwise([0, *itertools.accumulate(sizes)]))
        self.data = np.concatenate([np.ravel(p._data) for p in params])
        self.flats = {name: np.zeros_like(self.data) for name in starts}
        self.views = [self.data[a:b].reshape(p.shape) for (a, b), p in zip(self.bounds, params, strict=True)]
        for p, view in zip(params, self.views, strict=True):
            p._data = view
        self.buffer = np.empty_like(self.data[:PIECE])
        self.known: dict[tuple[int, int], list[Piece]] = {}

    def names(self) -> tuple[str, ...]:
        return tuple(self.flats)

    def begin(self, run: Run, starts: Mapping[str, float]) -> None:
        for name, value in starts.items():
            self.flats[name][self.bounds[run.first][0] : self.bounds[run.last - 1][1]] = value

    def pieces(self, run: Run, gradients: list[Any]) -> Iterator[tuple[Any, Any, tuple[Any, ...]]]:
        key = run.first, run.last
        if key not in self.known:
            if len(self.known) > 64:  # parameters that freeze at random would fill the memory with plans
                self.known.clear()
            self.known[key] = list(self.plan(run))
        whole: Any = None
        of = -1
        for data, state, first, last, start in self.known[key]:
            if last - first > 1:
                g = self.buffer[: data.size]
                np.concatenate([g.reshape(-1) for g in gradients[first:last]], out=g)
            else:
                if of != first:  # reshape copies where a gradient is not contiguous: once, not for each piece
                    whole, of = gradients[first].reshape(-1), first
                g = whole[start : start + data.size]
            yield data, g, state

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
                yield Piece(self.data[part], tuple(s[part] for s in self.flats.values()), i, j, a - start)
            i = j

    def state(self, i: int) -> dict[str, Any]:
        a, b = self.bounds[i]
        return {name: flat[a:b].reshape(self.views[i].shape) for name, flat in self.flats.items()}


class Apart(Storage):
    """Each parameter and its state for itself, for rules that see rows and columns.

    shapes : for each parameter {kind of state: its shape}
    """

    def __init__(self, params: list[Tensor], shapes: list[dict[str, tuple[int, ...]]], names: Iterable[str]) -> None:
        super().__init__(params)
        self._names = tuple(names)
        self.arrays = [
            {name: np.zeros_like(p._data, shape=shape) for name, shape in given.items()}
            for p, given in zip(params, shapes, strict=True)
        ]
        self.views = [p._data.copy() for p in params]  # the array may be the caller's, and updates are in place
        for p, view in zip(params, self.views, strict=True):
            p._data = view

    def names(self) -> tuple[str, ...]:
        return self._names

    def begin(self, run: Run, starts: Mapping[str, float]) -> None:
        for arrays in self.arrays[run.first : run.last]:
            for name, array in arrays.items():
                array[...] = starts[name]

    def pieces(self, run: Run, gradients: list[Any]) -> Iterator[tuple[Any, Any, tuple[Any, ...]]]:
        for i in range(run.first, run.last):
            yield self.views[i], gradients[i], tuple(self.arrays[i].values())

    def state(self, i: int) -> dict[str, Any]:
        return self.arrays[i]
