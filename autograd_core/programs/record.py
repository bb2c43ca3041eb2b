"""A record: one tape with all that its replay needs."""

from __future__ import annotations

import operator
from collections import deque
from collections.abc import Callable
from itertools import starmap
from operator import attrgetter, gt
from sys import getrefcount
from typing import Any

import numpy as np

from ..engine.node import Leaf
from ..engine.tensor import make_tensor
from ..support.random import default_generator
from .numbers import again_of
from .owners import Owners, gradient_array
from .places import identical
from .results import giver
from .tape import Entry, Mismatch, Tape, root

_data_of, _node_of = attrgetter("_data"), attrgetter("_node")
_set_grad: Any = Leaf.__dict__["grad"].__set__


class Number:
    """A float among the arguments, as it is at present."""

    __slots__ = ("value",)

    def __init__(self, value: float) -> None:
        self.value = value

    def get(self) -> float:
        """The number."""
        return self.value


class Record:
    """One tape with all that its replay needs.

    inputs : what stands for the arguments: arrays that the tape reads, and numbers
    plan : what a replay calls, as tuples (function, *arguments)
    unrepeated : what the function did beside computing, which a replay does not
    """

    plan: list[tuple[Any, ...]]
    _before: list[tuple[Any, Any]]

    def __init__(self, owners: Owners, tape: Tape, inputs: list[Any]) -> None:
        self.owners, self.tape, self.inputs = owners, tape, inputs
        self.replays = 0
        self.unrepeated: dict[str, None] = {}
        self.tensors = [t for _, t in owners.tensors]
        self.homes = [t._data for t in self.tensors]
        self._before = []
        for t in self.tensors:
            if (grad := gradient_array(t)) is not None:  # in memory of its own, not that of another record
                t._node.grad = make_tensor(grad.copy(), None)
                self._before.append((t, t._node.grad._data))

    def close(self, result: Any, computed: list[Any], copies: bool) -> None:
        """The recording has ended: its plan, what must be put back before a replay, and what it gives.

        copies : gradients are given away as copies, for somebody keeps them
        """
        entries = self.tape.entries
        self.give = giver(result)
        self.result = result
        places: dict[int, tuple[Callable[[], Any], list[Any]]] = {}
        for place, value in computed:
            places.setdefault(id(value), (_evaluator(value), []))[1].append(place)
        self._computed = list(places.values())
        self.gradients = Gradients(self.tensors, copies)
        self.plan = [(call, *args) for call, args in self.tape.plan()]
        read = {id(root(a)) for e in entries for a in e.reads}
        self._before = [(t, g) for t, g in self._before if id(root(g)) in read]
        self._reversible = max((i for i, e in enumerate(entries) if e.kind == "guard" or e.may_fail), default=-1)
        early = entries[: self._reversible + 1]
        written = {id(root(w)): root(w) for e in early for w in e.writes if id(root(w)) in self.tape.owners}
        self._put_back = [(a, np.empty_like(a)) for a in written.values()]
        self._draws_early = any(e.kind == "draw" for e in early)
        parameters = {id(root(t._data)) for t in self.tensors if type(t._node) is Leaf}
        gradients = {id(root(a)) for a in self.gradients.arrays if a is not None}
        self._update = next((i for i, e in enumerate(entries) if _writes(e, parameters)), len(entries))
        backward = [i for i, e in enumerate(entries) if _writes(e, gradients)] or [len(entries)]
        self._backward = backward[0], backward[-1]
        self.gradients.put()

    def run(self, leaves: list[Any]) -> Any:
        """The calls once more; `Mismatch`, with everything as before, where one may not be repeated."""
        if not identical(list(map(_data_of, self.tensors)), self.homes):
            self._take_over()
        for mine, given in zip(self.inputs, leaves, strict=True):
            if type(mine) is Number:
                mine.value = given
            else:
                np.copyto(mine, given)
        for (_, array), grad in zip(self._before, self._present(), strict=True):
            if grad is not array:
                np.copyto(array, grad)
        for array, saved in self._put_back:
            np.copyto(saved, array)
        generator = default_generator().bit_generator if self._draws_early else None
        state: Any = None if generator is None else generator.state
        steps = iter(self.plan)
        try:
            deque(starmap(operator.call, steps), 0)  # a loop in C: no signal is handled between two calls in C
        except BaseException as error:
            at = len(self.plan) - operator.length_hint(steps) - 1
            if at > self._reversible:
                self._broken_off(at)
                raise
            for array, saved in self._put_back:
                np.copyto(array, saved)
            if generator is not None:
                generator.state = state
            if at >= self._backward[0]:
                self.gradients.take_back(self._before)
            if isinstance(error, Exception) and not isinstance(error, Mismatch):
                raise Mismatch(f"{type(error).__name__}: {error}") from error
            raise
        self._end()
        self.replays += 1
        return self.give()

    def _present(self) -> list[Any]:
        """The arrays of the gradients that are there now and go into this run."""
        found = [gradient_array(t) for t, _ in self._before]
        for grad, (_, array) in zip(found, self._before, strict=True):
            if grad.shape != array.shape or grad.dtype != array.dtype:
                raise Mismatch("a gradient has another shape or dtype than when this was recorded")
        return found

    def _take_over(self) -> None:
        """Arrays that somebody put in the place of those that were recorded: their values are taken over."""
        changed = [(t, home) for t, home in zip(self.tensors, self.homes, strict=True) if t._data is not home]
        for t, home in changed:
            if t._data.shape != home.shape or t._data.dtype != home.dtype:
                raise Mismatch("a tensor has another shape or dtype than when this was recorded")
        for t, home in changed:
            np.copyto(home, t._data)
            t._data = home

    def _end(self) -> None:
        for value, places in [(again(), places) for again, places in self._computed]:
            for place in places:
                place.holder[place.key] = value
        self.gradients.put()

    def _broken_off(self, at: int) -> None:
        """Leave behind what eager leaves where call ``at`` fails, or an interrupt comes before it has ended."""
        begins, ends = self._backward
        if at >= self._update:
            self._end()
        elif at > ends:
            self.gradients.put()
        elif at >= begins:
            self.gradients.take_back(self._before)


class Gradients:
    """What a replay leaves in ``grad``: the same tensors each time, unless somebody has kept one of them."""

    def __init__(self, tensors: list[Any], copies: bool) -> None:
        self.tensors = [t for t in tensors if hasattr(t._node, "grad")]
        self.arrays = [gradient_array(t) for t in self.tensors]
        self.copies = copies
        shown = [None if a is None else np.asarray(_Shown(a)) for a in self.arrays]
        self._given: list[Any] = [None if a is None else make_tensor(a, None) for a in shown]
        self._handles = [x for pair in zip(shown, self._given, strict=True) for x in pair if x is not None]
        self._counts: list[int] = []

    def held(self) -> bool:
        """Whether there are more references to them than this and ``grad`` have."""
        return bool(self._counts) and any(map(gt, map(getrefcount, self._handles), self._counts))

    def put(self) -> None:
        """Put them in their places, all at once."""
        given = self._given
        if self.copies:
            given = [None if a is None else make_tensor(a.copy(), None) for a in self.arrays]
        any(map(_set_grad, map(_node_of, self.tensors), given))
        if not self._counts and not self.copies:
            self._counts = list(map(getrefcount, self._handles))

    def take_back(self, before: list[tuple[Any, Any]]) -> None:
        """Those that were there before, or none: the present ones have been written into."""
        old = {id(t): make_tensor(array.copy(), None) for t, array in before}
        any(map(_set_grad, map(_node_of, self.tensors), [old.get(id(t)) for t in self.tensors]))


class _Shown:
    """An array's memory for another one, which owns what is made of it: so a view of that one is a reference to it."""

    def __init__(self, array: Any) -> None:
        self.array, self.__array_interface__ = array, array.__array_interface__


def _writes(entry: Entry, memory: set[int]) -> bool:
    return any(id(root(w)) in memory for w in entry.writes)


def _evaluator(value: Any) -> Callable[[], Any]:
    if isinstance(value, tuple):
        parts = [again_of(v) for v in value]
        return lambda: tuple([again() for again in parts])
    return again_of(value)
