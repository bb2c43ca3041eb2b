"""``compile``: a function is recorded once, checked against itself, and from then on replayed."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from typing import Any

import numpy as np

from ..engine import recording
from ..engine.errors import class_name
from ..engine.node import PLAIN
from ..engine.tensor import Tensor, make_tensor
from ..support.random import default_generator, use_generator
from .numbers import again_of
from .owners import Owners, gradient_array
from .recorded import Draws, Recorded, plain
from .results import Opaque, array_of, copied, is_recorded, kept, mapped, same, spec_of, taken_back
from .state import State
from .tape import Mismatch, Tape, root

__all__ = ["compile"]

_tracing = threading.Lock()


class _Here(threading.local):
    """Whether this thread writes a tape: a compiled function within another one is a part of that."""

    tracing = False


_here = _Here()
_PAIRS_KEPT, _TRIES = 4, 8


def compile(function: Callable[..., Any] | None = None, *, backend: str = "auto", static: tuple[str, ...] = ()) -> Any:
    """A function that computes the same as ``function``, without running its Python again where that is safe.

    function : of arrays, tensors without gradients, and nested tuples, lists and dicts of them; or a training step as
        it stands, with its backward pass and its optimizer
    backend : "numpy", or "auto", which is the same today
    static : names of keyword arguments whose values belong to the signature

    The first call of a signature (shapes, dtypes, training or not, frozen or not, other numbers in reach) runs as it
    is, the second is recorded, the third is replayed and run from the same state: their bits must agree, or the
    function stays as it is. The check is repeated at replays 8, 16, 32, …. ``why()`` says what has not been recorded,
    ``program`` shows what has, ``source("numpy")`` as code. Python's own effects (printing, appending to a list) do
    not happen in a replay. Gradients are written into the same memory at every step.

    Raises ValueError for another backend.

    >>> import autograd_core as ag
    >>> f = compile(lambda x: np.tanh(x * 2).sum())
    >>> [float(f(np.ones(3))) == float(np.tanh(2.0) * 3) for _ in range(4)], f.replays
    ([True, True, True, True], 1)
    """
    if backend not in ("auto", "numpy"):
        raise ValueError(f'compile: backend={backend!r}; there are "auto" and "numpy".')
    if function is None:
        return functools.partial(compile, backend=backend, static=static)
    return Compiled(function, static)


class Record:
    """One tape with all that its replay needs."""

    def __init__(self, owners: Owners, tape: Tape, inputs: list[Any]) -> None:
        self.owners, self.tape, self.inputs = owners, tape, inputs
        self.replays = 0
        self.gradients_before = [(t, g) for _, t in owners.tensors if (g := gradient_array(t)) is not None]
        self.homes = [(t, t._data) for _, t in owners.tensors]

    def close(self, result: Any, computed: list[Any]) -> None:
        """The recording has ended: its plan, what must be put back before a replay, and what it gave."""
        self.result = result
        self.computed = [(place, _evaluators(value)) for place, value in computed]
        self.gradients = [(t, gradient_array(t)) for _, t in self.owners.tensors if hasattr(t._node, "grad")]
        self.plan = self.tape.plan()
        guards = [i for i, e in enumerate(self.tape.entries) if e.kind == "guard"]
        early = self.tape.entries[: guards[-1] + 1] if guards else []
        written = {id(root(w)): root(w) for e in early for w in e.writes if id(root(w)) in self.tape.owners}
        self.put_back = [(a, np.empty_like(a)) for a in written.values()]
        self.draws_early = any(e.kind == "draw" for e in early)

    def run(self, leaves: list[Any]) -> Any:
        """The calls once more; Mismatch, with everything as before, where a guard fails."""
        for t, home in self.homes:
            if t._data is not home and (t._data.shape != home.shape or t._data.dtype != home.dtype):
                raise Mismatch("a tensor has another shape or dtype than when this was recorded")
        for t, array in self.gradients_before:
            grad = gradient_array(t)
            if grad.shape != array.shape or grad.dtype != array.dtype:
                raise Mismatch("a gradient has another shape or dtype than when this was recorded")
        for t, home in self.homes:
            if t._data is not home:  # an array that somebody put in its place is taken over
                np.copyto(home, t._data)
                t._data = home
        for mine, given in zip(self.inputs, leaves, strict=True):
            np.copyto(mine, given)
        for t, array in self.gradients_before:
            if gradient_array(t) is not array:
                np.copyto(array, gradient_array(t))
        for array, saved in self.put_back:
            np.copyto(saved, array)
        generator = default_generator().bit_generator if self.draws_early else None
        state: Any = None if generator is None else generator.state
        try:
            for call, args in self.plan:
                call(*args)
        except Mismatch:
            for array, saved in self.put_back:
                np.copyto(array, saved)
            if generator is not None:
                generator.state = state
            raise
        for place, value in [(place, again()) for place, again in self.computed]:
            place.put(value)
        for t, array in self.gradients:
            t._node.grad = None if array is None else make_tensor(array, None)
        self.replays += 1
        return copied(self.result)


def _evaluators(value: Any) -> Callable[[], Any]:
    if isinstance(value, tuple):
        parts = [again_of(v) for v in value]
        return lambda: tuple([again() for again in parts])
    return again_of(value)


class _Signature:
    """What is known of one signature."""

    def __init__(self) -> None:
        self.calls = self.tries = self.replays = 0
        self.records: list[Record] = []
        self.trial: Record | None = None
        self.why: dict[str, None] = {}

    def say(self, why: str) -> None:
        """Keep a reason, of many the first ones."""
        if len(self.why) < 20:
            self.why[why] = None


class Compiled:
    """What `compile` returns."""

    def __init__(self, function: Callable[..., Any], static: tuple[str, ...]) -> None:
        functools.update_wrapper(self, function)
        self.__name__ = getattr(function, "__name__", class_name(function))
        self.function, self.static = function, static
        self.owners: Owners | None = None
        self.signatures: dict[Any, _Signature] = {}
        self.replays = 0
        self._renewed = self._replays_then = 0
        self._exchanged = self._opaque = ""
        self._last: Any = None
        self._lock = threading.RLock()

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        return self if instance is None else functools.partial(self, instance)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        leaves: list[Any] = []
        try:
            spec = spec_of((args, kwargs), leaves)
        except Opaque as opaque:
            self._opaque = str(opaque)
            return self.function(*args, **kwargs)
        if self._renewed > _TRIES or recording.observed() or _here.tracing or is_recorded(leaves):
            return self.function(*args, **kwargs)
        with self._lock:
            self._look_again()
            if self._renewed > _TRIES:
                return self.function(*args, **kwargs)
            assert self.owners is not None
            key = (spec, recording.is_grad_enabled(), self.owners.signature())
            try:
                known = self.signatures.get(key)
            except TypeError:  # an argument that cannot be a key
                return self.function(*args, **kwargs)
            if known is None:
                if len(self.signatures) > 64:
                    self.signatures.clear()
                known = self.signatures[key] = _Signature()
                if self._last is not None:
                    known.say(f"new, for {self._difference(key)}")
            self._last = key
            return self._call(known, [plain(array_of(x)) for x in leaves], args, kwargs)

    def _difference(self, key: Any) -> str:
        """In what a signature differs from the one before."""
        (spec, _, numbers), (last_spec, _, last_numbers) = key, self._last
        if spec != last_spec:
            return "the arguments have other shapes, dtypes or strides, or other values beside arrays"
        names = [place.name for place in self.owners.numbers] if self.owners else []
        for name, a, b in zip(names, last_numbers, numbers, strict=False):
            if a != b:
                return f"{name} was {a!r}, now {b!r}"
        return "other tensors are frozen or have gradients, or recording is on or off"

    def _look_again(self) -> None:
        """Look through the function's reach anew where an object in it was exchanged (a state was loaded)."""
        exchanged = "" if self.owners is None else self.owners.exchanged()
        if self.owners is None or exchanged:
            if exchanged:
                self._renewed = 1 if self.replays > self._replays_then else self._renewed + 1
                self._exchanged, self._replays_then = exchanged, self.replays
            self.owners = Owners(self.function)
            self.signatures.clear()
            self._last = None
            if self.owners.too_large:
                self._renewed, self._exchanged = _TRIES + 1, "more than can be looked after"

    def _call(self, known: _Signature, leaves: list[Any], args: Any, kwargs: Any) -> Any:
        known.calls += 1
        if known.calls == 1 or known.tries > _TRIES:
            return self.function(*args, **kwargs)
        if known.records:
            known.replays += 1
            if known.replays >= 8 and known.replays & (known.replays - 1) == 0:
                return self._checked(known, known.records[0], leaves, args, kwargs)
            for i, record in enumerate(known.records):
                try:
                    result = record.run(leaves)
                except Mismatch as mismatch:
                    known.say(str(mismatch))
                    continue
                self.replays += 1
                known.records.insert(0, known.records.pop(i))
                return result
        if known.trial is not None:
            return self._checked(known, known.trial, leaves, args, kwargs)
        known.tries += 1
        known.trial, result = self._traced(known, leaves, args, kwargs)
        return result

    def _traced(self, known: _Signature, leaves: list[Any], args: Any, kwargs: Any) -> tuple[Record | None, Any]:
        """One run for real, noted."""
        owners, tape = self.owners, Tape()
        assert owners is not None
        inputs: list[Any] = []

        def own(x: Any) -> Any:
            array = np.array(array_of(x))
            tape.own(array, f"input {len(inputs)}")
            inputs.append(array)
            recorded = Recorded(array, tape)
            return make_tensor(recorded, None) if isinstance(x, Tensor) else recorded

        given_args, given_kwargs = mapped((args, kwargs), own)
        outer = default_generator()

        def present() -> Any:
            now = default_generator()
            return outer if isinstance(now, Draws) else now

        with _tracing:
            record = Record(owners, tape, inputs)
            _here.tracing = True
            try:
                owners.hand_out(tape)
                PLAIN.add(Recorded)
                with use_generator(Draws(tape, present)):  # type: ignore[arg-type]
                    result = self.function(*given_args, **given_kwargs)
            finally:
                tape.close()
                _here.tracing = False
                PLAIN.discard(Recorded)
                computed, moved = owners.take_back()
        written = {id(root(w)) for e in tape.entries for w in e.writes}
        for given, array in zip(leaves, inputs, strict=True):
            if id(array) in written:
                given[...] = array
                moved.append("an argument")
        if is_recorded(result):
            tape.refused = (
                tape.refused or "the result is still to be differentiated: compile the whole step, or no_grad()"
            )
        if moved:
            names = ", ".join(sorted(set(moved)))[:200]
            tape.refused = tape.refused or f"the run changed {names}, which a replay would not"
        if tape.refused:
            known.say(tape.refused)
            known.tries = _TRIES + 1
            return None, mapped(result, taken_back)
        result = mapped(result, kept)
        record.close(result, computed)
        return record, copied(result)

    def _checked(self, known: _Signature, record: Record, leaves: list[Any], args: Any, kwargs: Any) -> Any:
        """A replay, and a run from the same state: the record is kept where all bits agree."""
        before = State(record.owners)
        try:
            replayed = record.run(leaves)
        except Mismatch as mismatch:
            known.say(str(mismatch))
            known.tries += 1
            known.trial = None
            before.restore()
            if record in known.records:
                return self.function(*args, **kwargs)
            known.trial, result = self._traced(known, leaves, args, kwargs)
            return result
        after = State(record.owners)
        before.restore()
        result = self.function(*args, **kwargs)
        differs = after.difference(State(record.owners)) or ("" if same(replayed, result) else "the result")
        if not differs:
            if record is known.trial:
                known.trial = None
                known.records = [record, *known.records][:_PAIRS_KEPT]
            return result
        known.say(f"a replay differs from the function itself in {differs}: a constant that changes")
        known.records = [r for r in known.records if r is not record]
        known.trial, known.tries = None, known.tries + 3
        return result

    def why(self) -> str:
        """What has been recorded, and why the rest was not."""
        lines = [f"{self.__name__}: {self.replays} replays, {len(self.signatures)} signatures"]
        for k, known in enumerate(self.signatures.values()):
            state = "replayed" if known.records else "eager" if known.tries > _TRIES else "not recorded yet"
            lines += [f"signature {k}: {state}, {known.calls} calls", *(f"  {why}" for why in known.why)]
        if self._opaque:
            lines.append(f"eager: {self._opaque}")
        if self._renewed > _TRIES:
            lines.append(f"eager: {self._exchanged} is exchanged, or grows, at every call")
        return "\n".join(lines)

    @property
    def record(self) -> Record:
        """The record that ran last. RuntimeError where there is none."""
        for known in reversed(self.signatures.values()):
            if known.records:
                return known.records[0]
        raise RuntimeError(f"{self.__name__}: nothing is recorded yet.\n{self.why()}")

    def source(self, backend: str = "numpy") -> str:
        """The recorded run as code that runs by itself."""
        from .source import source

        if backend != "numpy":
            raise ValueError(f'source: backend={backend!r}; there is "numpy".')
        return source(self.record)

    @property
    def program(self) -> str:
        """The calls of the recorded run as a table."""
        from .source import table

        return table(self.record)
