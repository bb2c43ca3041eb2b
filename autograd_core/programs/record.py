"""A record: one tape with all that its replay needs."""

from __future__ import annotations

import operator
from collections import deque
from collections.abc import Callable
from itertools import starmap
from operator import attrgetter, gt
from sys import getrefcount
from typing import Any, NamedTuple

import numpy as np

from ..engine.errors import class_name
from ..engine.node import Leaf
from ..engine.tensor import make_tensor
from ..support.random import default_generator
from .owners import Owners, gradient_array
from .places import identical
from .results import array_of, giver, mapped
from .state import is_scratch
from .tracing.numbers import again_of
from .tracing.recorded import plain
from .tracing.tape import Mismatch, Tape, root

_data_of, _node_of, _grad_of = attrgetter("_data"), attrgetter("_node"), attrgetter("grad")
_set_grad: Any = Leaf.__dict__["grad"].__set__


class Number:
    """A float among the arguments, as it is at present."""

    __slots__ = ("value",)

    def __init__(self, value: float) -> None:
        self.value = value

    def get(self) -> float:
        """The number."""
        return self.value


class Part(NamedTuple):
    """What a call of a course does: the memory that it writes, whether it may end the run, whether it draws numbers."""

    writes: list[Any]
    may_fail: bool
    draws: bool


class Course(NamedTuple):
    """What a replay calls, and where it stands when one of the calls fails.

    plan : tuples (function, *arguments)
    reversible : the last call that may fail; up to it the run leaves everything as it was
    put_back : the owners' memory that is written up to there, each with room for a copy
    draws_early : whether random numbers are drawn up to there
    update : the first call that writes a parameter
    backward : the first and the last call that write a gradient
    """

    plan: list[tuple[Any, ...]]
    reversible: int
    put_back: list[tuple[Any, Any]]
    draws_early: bool
    update: int
    backward: tuple[int, int]


class Record:
    """One tape with all that its replay needs.

    inputs : what stands for the arguments: arrays that the tape reads, and numbers
    exact : the course of NumPy's calls as they were recorded
    course : what is run: the same, or machine code
    native_from : after how many replays it becomes machine code; None: never, or it is that already
    names : what the arrays and numbers among the arguments are called
    computed : the numbers that a run leaves in their places, live as they are
    unrepeated : what the function did beside computing, which a replay does not
    """

    exact: Course
    course: Course
    machine: Any = None
    native_from: int | None = None
    names: list[str]
    _before: list[tuple[Any, Any]]
    _carried: bool

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
        self.computed = computed
        self.gradients = Gradients(self.tensors, copies)
        read = {id(root(a)) for e in entries for a in e.reads}
        self._before = [(t, g) for t, g in self._before if id(root(g)) in read]
        self._carried = all(gradient_array(t) is g for t, g in self._before)
        parts = [Part(list(map(root, e.writes)), e.may_fail, e.kind == "draw") for e in entries]
        self.exact = self.course = self._course([(call, *args) for call, args in self.tape.plan()], parts)
        self.gradients.put()

    def _course(self, plan: list[tuple[Any, ...]], parts: list[Part]) -> Course:
        reversible = max((i for i, part in enumerate(parts) if part.may_fail), default=-1)
        early = parts[: reversible + 1]
        written = {id(w): w for part in early for w in part.writes if id(w) in self.tape.owners}
        parameters = {id(root(t._data)) for t in self.tensors if type(t._node) is Leaf}
        gradients = {id(root(a)) for a in self.gradients.arrays if a is not None}
        update = next((i for i, part in enumerate(parts) if _writes(part, parameters)), len(parts))
        backward = [i for i, part in enumerate(parts) if _writes(part, gradients)] or [len(parts)]
        put_back = [(a, np.empty_like(a)) for a in written.values()]
        draws = any(part.draws for part in early)
        return Course(plan, reversible, put_back, draws, update, (backward[0], backward[-1]))

    def native(self) -> Any:
        """The record as machine code. Raises `form.Unfit` where the tape has no form."""
        from .llvm.rolled import machine_of

        found: list[Any] = []
        mapped(self.result, found.append)
        kept = [a for x in found if isinstance(a := plain(array_of(x)), np.ndarray)]
        return machine_of(self.tape, [*kept, *(a for a in self.gradients.arrays if a is not None)], is_scratch)

    def make_native(self) -> str:
        """Run machine code from now on; gives the reason where there can be none."""
        from .form import Unfit

        try:
            self.machine = self.native()
        except (Unfit, RuntimeError) as error:  # LLVM's own errors are the latter
            return str(error)
        self.course = self._course(self.machine.plan, [Part(*part) for part in self.machine.parts])
        return ""

    def run(self, leaves: list[Any], exact: bool = False) -> Any:
        """The calls once more; `Mismatch`, with everything as before, where one may not be repeated.

        exact : NumPy's calls, whatever else there is
        """
        plan, reversible, put_back, draws_early, update, backward = self.exact if exact else self.course
        if not identical(list(map(_data_of, self.tensors)), self.homes):
            self._take_over()
        for mine, given in zip(self.inputs, leaves, strict=True):
            if type(mine) is Number:
                mine.value = given
            else:
                np.copyto(mine, given)
        if self._before and not (self._carried and self.gradients.unchanged()):
            for (_, array), grad in zip(self._before, self._present(), strict=True):
                np.copyto(array, grad)
        for array, saved in put_back:
            np.copyto(saved, array)
        generator = default_generator().bit_generator if draws_early else None
        state: Any = None if generator is None else generator.state
        steps = iter(plan)
        try:
            deque(starmap(operator.call, steps), 0)  # a loop in C: no signal is handled between two calls in C
        except BaseException as error:
            at = len(plan) - operator.length_hint(steps) - 1
            if at > reversible:
                self._broken_off(at, update, *backward)
                raise
            for array, saved in put_back:
                np.copyto(array, saved)
            if generator is not None:
                generator.state = state
            if at >= backward[0]:
                self.gradients.take_back(self._before)
            if isinstance(error, Exception) and not isinstance(error, Mismatch):
                raise Mismatch(f"{class_name(error)}: {error}") from error
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

    def _broken_off(self, at: int, update: int, begins: int, ends: int) -> None:
        """Leave behind what eager leaves where call ``at`` fails, or an interrupt comes before it has ended."""
        if at >= update:
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
        self._shown = [None if a is None else np.asarray(_Shown(a)) for a in self.arrays]
        self._given: list[Any] = [None if a is None else make_tensor(a, None) for a in self._shown]
        self._handles = [x for pair in zip(self._shown, self._given, strict=True) for x in pair if x is not None]
        self._whole = not any(a is None for a in self.arrays)
        self._counts: list[int] = []

    def held(self) -> bool:
        """Whether there are more references to them than this and ``grad`` have."""
        return bool(self._counts) and any(map(gt, map(getrefcount, self._handles), self._counts))

    def copied(self) -> list[Any]:
        """Copies of them."""
        return [a.copy() for a in self.arrays if a is not None]

    def unchanged(self) -> bool:
        """Whether ``grad`` holds what the run before has left there."""
        present = list(map(_grad_of, map(_node_of, self.tensors)))
        return self._whole and identical(present, self._given) and identical(list(map(_data_of, present)), self._shown)

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


def _writes(part: Part, memory: set[int]) -> bool:
    return any(id(w) in memory for w in part.writes)


def _evaluator(value: object) -> Callable[[], Any]:
    if isinstance(value, tuple):
        parts = [again_of(v) for v in value]
        return lambda: tuple([again() for again in parts])
    return again_of(value)
