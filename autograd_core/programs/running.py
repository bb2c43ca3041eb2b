"""One run of a function for real, under which a tape is written."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..engine import recording
from ..engine.node import PLAIN, WEAK
from ..engine.tensor import Tensor, make_tensor
from ..support.modes import locked, restoring
from ..support.random import default_generator, use_generator
from .fixed import argument_names
from .owners import Owners
from .record import Number, Record
from .results import array_of, mapped
from .tracing.draws import Draws
from .tracing.noticing import Effects
from .tracing.numbers import Live
from .tracing.parts import Parts
from .tracing.recorded import Recorded
from .tracing.tape import Tape

if TYPE_CHECKING:
    from ..support.types import Args, Function, Settings


TRACING = threading.RLock()

TRACERS: set[int] = set()
"""Threads that write a tape: what they reach is not as it was, so that others run their functions as they are."""


class Run(NamedTuple):
    """What a run gave: its record, still open, its result, and what it did beside computing.

    computed, moved : those of ``Owners.take_back``
    """

    record: Record
    result: Any
    effects: Effects
    computed: list[Any]
    moved: list[str]


def noted(function: Function, owners: Owners, args: Args, kwargs: Settings, live: bool) -> Run:
    """One run of the function on arrays that record; ``live``: floats among the arguments may change freely."""
    effects, parts = Effects(), Parts(owners.names)
    tape = Tape(parts)
    inputs: list[Any] = []

    def own(x: Any) -> Any:
        if type(x) is float:
            if not live:
                return x
            number = Number(x)
            inputs.append(number)
            return Live(tape, x, number.get, f"input {len(inputs) - 1}")
        array = np.array(array_of(x))
        tape.own(array, f"input {len(inputs)}")
        inputs.append(array)
        recorded = Recorded(array, tape)
        return make_tensor(recorded, None) if isinstance(x, Tensor) else recorded

    given_args, given_kwargs = mapped((args, kwargs), own)
    outer = default_generator()
    taken: list[Any] = []

    def present() -> Any:
        now = default_generator()
        return outer if isinstance(now, Draws) else now

    def run() -> Any:
        TRACERS.add(threading.get_ident())
        owners.hand_out(tape)
        PLAIN.add(Recorded)
        WEAK.add(Live)
        recording.thread.observers.append((parts.made, parts.follow, None, None))
        recording.thread.settle()
        with use_generator(Draws(tape, present)), effects:  # type: ignore[arg-type]
            return function(*given_args, **given_kwargs)

    def end() -> None:
        tape.close()
        parts.forget()
        PLAIN.discard(Recorded)
        WEAK.discard(Live)
        if not taken:
            taken[:] = owners.take_back(effects.changed)
        TRACERS.discard(threading.get_ident())

    def trace() -> Run:
        record = Record(owners, tape, inputs)
        record.names = argument_names(function, args, kwargs)
        try:
            return Run(record, restoring(run, end), effects, *taken)
        finally:
            record.tape = tape.cut()

    return locked(TRACING, trace)
