"""``compile``: a function is recorded once, checked against itself, and from then on replayed."""

from __future__ import annotations

import functools
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..engine import recording
from ..engine.errors import class_name
from ..engine.tensor import Tensor
from ..support.caller import warn
from ..support.modes import locked
from .backends import check_backend, native_from
from .fixed import Fixed, check_function, fixed_arguments
from .record import Record
from .results import Opaque, array_of, holds_objects, is_recorded, kept, mapped, near, same, spec_of, taken_back
from .running import TRACERS, noted
from .shown.exits import Shown
from .signatures import MOST, TRIES, Signature, Signatures
from .state import State
from .tracing.tape import Mismatch, Unseen, root

if TYPE_CHECKING:
    from ..support.types import Args, Function, Settings, Tree


__all__ = ["compile"]

_KEPT, _TIMED = 4, 4


def compile(function: Function | None = None, *, backend: str = "auto", static: tuple[str, ...] = ()) -> Any:
    """A function that computes the same as ``function``, without running its Python again where that is safe.

    function : of arrays, numbers, tensors without gradients, and nested tuples, lists and dicts of them; or a training
        step as it stands, with its backward pass and its optimizer; a method, also as a decorator in the class
    backend : "numpy": NumPy's own calls, bit for bit; "llvm": machine code (extra ``compile``), two to fifteen times as
        fast where arrays are small, whose random draws are the same and whose arithmetic is within a few units of the
        last place; it is kept in the system's folder for caches, or where the environment's ``AUTOGRAD_CORE_CACHE``
        says ("off": nowhere); "auto": "numpy" at first, and where llvmlite is installed "llvm" after as many replays
        as pay for compiling, a hundred or more, whose number depends on the program only
    static : names of arguments whose values, which must be hashable, belong to the signature: each value has records of
        its own. So an object (a model) may be an argument; what it holds is looked after.

    The first call of a signature (shapes, dtypes, training or not, frozen or not, whole numbers and strings among the
    arguments, numbers in reach) runs as it is, the second is recorded, the third is replayed and run from the same
    state: their bits must agree, or the function stays as it is. The check is repeated at replays 8, 16, 32, ….
    Floats among the arguments and learning rates may change freely, and so may a number in an object's attributes that
    was seen to change (a counter): what is computed from it is computed again. ``why()`` says what has not been
    recorded, ``program`` shows what has, ``source("numpy")`` as code.

    What Python does beside computing is not repeated by a replay. Where it changes what the function reaches (a list
    grows), the function stays as it is; where it writes (``print``), or makes text of a number, a
    RuntimeWarning says so once, with the line. Warned is also of a function that is recorded again and again.

    Raises ImportError for "llvm" without its extra, ValueError for another backend or a name in ``static`` that is no
    argument, TypeError for a generator function and, at a call, for a static argument that is not hashable.

    >>> import numpy as np
    >>> f = compile(lambda x: np.tanh(x * 2).sum())
    >>> [float(f(np.ones(3))) == float(np.tanh(2.0) * 3) for _ in range(4)], f.replays
    ([True, True, True, True], 1)
    """
    check_backend(backend)
    if function is None:
        return functools.partial(compile, backend=backend, static=static)
    names = (static,) if isinstance(static, str) else tuple(static)
    check_function(function, names)
    return Compiled(function, names, backend)


class _Warnings:
    """Tells the user of a function, once of each kind of thing."""

    def __init__(self, name: str) -> None:
        self.name, self.told = name, set[str]()

    def __call__(self, what: str) -> None:
        kind = what.partition(":")[0].partition(",")[0]
        if kind not in self.told:
            self.told.add(kind)
            warn(f"compile: {self.name}: {what}.", RuntimeWarning)


class Compiled(Shown):
    """What `compile` returns.

    replays : how many calls ran without the function's Python
    careful : leave a function as it is where it does something beside computing that replays would not repeat, and
        where four comparisons have shown that replays by NumPy are slower
    """

    def __init__(
        self,
        function: Callable[..., Any],
        static: tuple[str, ...] = (),
        backend: str = "auto",
        careful: bool = False,
    ) -> None:
        functools.update_wrapper(self, function)
        self.__name__ = getattr(function, "__name__", class_name(function))
        self.function, self.static, self.backend, self.careful = function, static, backend, careful
        self._warn = _Warnings(self.__name__)
        self.signatures = Signatures(function, self._warn)
        self.unrepeated: dict[str, None] = {}
        self._replays = self._traces = 0
        self._opaque = self._refused = ""
        self._copies = self._running = False
        self._live = True
        self._lock = threading.RLock()
        self._parts: OrderedDict[Any, Compiled] = OrderedDict()

    # Methods and static arguments ----------------------------------------------------------------------------------

    def __get__(self, instance: object, owner: type | None = None) -> Any:
        if instance is None:
            return self
        try:
            own = vars(instance)
        except TypeError:
            return functools.partial(self, instance)
        bound = own.get(key := f"_compiled_{self.__name__}")
        if bound is None or bound.function.__self__ is not instance:
            static = tuple(name for name in self.static)
            bound = own[key] = Compiled(self.function.__get__(instance), static, self.backend)
        return bound

    def __set__(self, instance: object, value: object) -> None:
        raise AttributeError(f"{self.__name__}: a compiled method cannot be assigned to.")

    def __reduce__(self) -> Any:
        if hasattr(self.function, "__self__"):
            return type(None), ()  # of a method: a copy of its object makes one of its own
        return Compiled, (self.function, self.static, self.backend)

    def _part(self, values: dict[str, Any]) -> Compiled:
        """The compiled function of the other arguments, for these values of the static ones."""
        try:
            key = tuple((type(v), v) for v in values.values())
            found = self._parts.get(key)
        except TypeError:
            kinds = ", ".join(f"{name} is a {class_name(v)}" for name, v in values.items())
            raise TypeError(f"{self.__name__}: a static argument must be hashable; {kinds}.") from None
        if found is None:
            if len(self._parts) >= MOST:
                self._warn(f"static arguments have had {MOST} values, now {values}; old ones are forgotten")
                self._parts.popitem(last=False)
            found = self._parts[key] = Compiled(Fixed(self.function, values), (), self.backend)
        return found

    # Calls ---------------------------------------------------------------------------------------------------------

    def __call__(self, *args: object, **kwargs: object) -> Tree:
        if self.static:
            values, args, kwargs = fixed_arguments(self.function, self.static, args, kwargs)
            return locked(self._lock, lambda: self._part(values))(*args, **kwargs)
        leaves: list[Any] = []
        try:
            spec = spec_of((args, kwargs) if kwargs else args, leaves, self._live)
        except Opaque as opaque:
            self._opaque = str(opaque)
            return self.function(*args, **kwargs)
        if self.signatures.given_up or (recording.special and recording.observed()) or TRACERS:
            return self.function(*args, **kwargs)
        return locked(self._lock, lambda: self._alone(spec, leaves, args, kwargs))

    def _alone(self, spec: Any, leaves: list[Any], args: Args, kwargs: Settings) -> Tree:
        """The same while no other thread calls."""
        if self._running:  # the function calls itself
            return self.function(*args, **kwargs)
        known = self.signatures.of(spec, self._replays)
        if known is None:
            return self.function(*args, **kwargs)
        self._running = True
        try:
            return self._call(known, leaves, args, kwargs)
        finally:
            self._running = False

    def _call(self, known: Signature, leaves: list[Any], args: Args, kwargs: Settings) -> Tree:
        known.calls += 1
        if known.calls > 1:
            self.signatures.repeated()
        if known.records:
            known.replays += 1
            if known.replays >= 8 and known.replays & (known.replays - 1) == 0:
                try:
                    return self._checked(known, known.records[0], leaves, args, kwargs)
                except Mismatch:
                    return self.function(*args, **kwargs)
            for i, record in enumerate(known.records):
                if record.gradients.held():
                    return self._kept(known, args, kwargs)
                arrays = [x._data if isinstance(x, Tensor) else x for x in leaves]
                try:
                    if record.native_from is not None and record.replays >= record.native_from:
                        self._make_native(known, record, arrays)
                    result = record.run(arrays)
                except Mismatch as mismatch:
                    known.say(str(mismatch))
                    continue
                self._replays += 1
                if i:
                    known.records.insert(0, known.records.pop(i))
                return result
            known.missed += 1
            if known.missed % 2:  # the function may be about to raise an error of its own
                return self.function(*args, **kwargs)
        if known.calls == 1 or known.tries > TRIES:
            return self.function(*args, **kwargs)
        for trial in known.trials:
            try:
                return self._checked(known, trial, leaves, args, kwargs)
            except Mismatch as mismatch:
                known.say(str(mismatch))
        if self._traces >= 16 and self._traces > self._replays:
            known.refuse(f"recorded {self._traces} times, replayed {self._replays}: this does not pay")
            self._warn(f"recorded {self._traces} times, replayed {self._replays}, and not recorded again: {self.why()}")
            return self.function(*args, **kwargs)
        known.tries += 1
        self._traces += 1
        return self._traced(known, leaves, args, kwargs)

    def _kept(self, known: Signature, args: Args, kwargs: Settings) -> Any:
        """Somebody keeps gradients: they keep their memory, the function is recorded again and gives copies."""
        self._copies = True
        for signature in self.signatures.known.values():
            signature.records, signature.trials = [], []
        known.say("a gradient was kept: from now on they are copies")
        return self.function(*args, **kwargs)

    def _traced(self, known: Signature, leaves: list[Any], args: Args, kwargs: Settings) -> Tree:
        """One run for real, noted; where only the recording fails, one more as it is."""
        assert self.signatures.owners is not None
        before = State(self.signatures.owners)
        try:
            record, result = self._noted(known, leaves, args, kwargs)
            known.trials = [*([] if record is None else [record]), *known.trials][:_KEPT]
            return result
        except Exception as error:
            before.restore()
            ended = f"the recording ended in {class_name(error)}: {error}"
        result = self.function(*args, **kwargs)
        if self._live and float in map(type, leaves):
            self._live = False
            known.say(f"{ended}; now floats among the arguments belong to the signature")
        else:
            known.refuse(ended)
        return result

    def _noted(self, known: Signature, leaves: list[Any], args: Args, kwargs: Settings) -> tuple[Record | None, Any]:
        """The record of one run and its result; without the record where a replay would not be the same."""
        owners = self.signatures.owners
        assert owners is not None
        record, result, effects, computed, moved = noted(self.function, owners, args, kwargs, self._live)
        tape = record.tape
        written = {id(root(w)) for e in tape.entries for w in e.writes}
        for given, array in zip(map(array_of, leaves), record.inputs, strict=True):
            if id(array) in written:
                given[...] = array
                moved.append("an argument")
        if holds_objects(result):
            raise Unseen("the result holds an array of objects")
        if is_recorded(result):
            tape.refuse_result("the result is still to be differentiated: compile the whole step, or no_grad()")
        if moved:
            if all(place.may_change for place in owners.counted):
                self.signatures.changed()
            tape.refuse_result(f"the run changed {', '.join(sorted(set(moved)))[:200]}, which a replay would not")
        record.unrepeated = effects.written | tape.texts
        if self.careful and record.unrepeated:
            tape.refuse_result(f"a replay would not repeat {', '.join(record.unrepeated)}")
        if tape.refused:
            known.refuse(tape.refused)
            self._refused = tape.refused
            return None, mapped(result, taken_back)
        record.close(mapped(result, kept), computed, self._copies)
        return record, record.give()

    def _checked(self, known: Signature, record: Record, leaves: list[Any], args: Any, kwargs: Any) -> Tree:
        """A replay, and a run from the same state: the record is kept where all bits agree. Mismatch as for `run`."""
        if record.gradients.held():
            return self._kept(known, args, kwargs)
        before = State(record.owners)
        start = time.perf_counter()
        try:
            replayed = record.run([array_of(x) for x in leaves], exact=True)
        except BaseException:
            before.restore()
            raise
        replay = time.perf_counter() - start
        after, gradients = State(record.owners), record.gradients.copied()
        before.restore()
        if record.machine is not None:
            self._hold_native(known, record, [array_of(x) for x in leaves], (replayed, gradients))
        start = time.perf_counter()
        result = self.function(*args, **kwargs)
        known.times.append((replay, time.perf_counter() - start))
        differs = after.difference(State(record.owners)) or ("" if same(replayed, result) else "the result")
        if not differs:
            if record in known.trials:
                known.trials.remove(record)
                known.records = [record, *known.records][:_KEPT]
                record.native_from = native_from(self.backend, record.tape.entries)
                self.unrepeated |= record.unrepeated
                for what in record.unrepeated:
                    self._warn(f"{what}, will not be repeated by replays")
            if record.native_from == 0:
                self._make_native(known, record, [array_of(x) for x in leaves])
            if self.careful and record.machine is None and len(known.times) >= _TIMED:
                replay, eager = map(min, zip(*known.times, strict=True))
                if replay > eager:
                    known.refuse(f"a replay takes {replay * 1e6:.0f} µs, the function itself {eager * 1e6:.0f} µs")
                    known.records = []
            return result
        known.say(f"a replay differs from the function itself in {differs}: a constant that changes")
        known.records = [r for r in known.records if r is not record]
        known.trials = [r for r in known.trials if r is not record]
        known.tries += 3
        return result

    def _make_native(self, known: Signature, record: Record, leaves: list[Any]) -> None:
        """Machine code from now on, where from this state it comes near to what NumPy's calls give.

        `Mismatch` where NumPy's calls may not be repeated.
        """
        state = State(record.owners)
        try:
            expected = record.run(leaves, exact=True), record.gradients.copied()
        finally:
            state.restore()
        record.native_from = None
        why = record.make_native()
        if not why:
            self._hold_native(known, record, leaves, expected)
        else:
            known.say(f"machine code is not used: {why}")

    def _hold_native(self, known: Signature, record: Record, leaves: list[Any], expected: Any) -> None:
        """Give machine code up where its result or its gradients, from this state, are not near what is expected."""
        state = State(record.owners)
        try:
            result = record.run(leaves), record.gradients.copied()
            why = "" if near(result, expected) else "its result is another one"
        except Mismatch as mismatch:
            why = str(mismatch)
        finally:
            state.restore()
        if why:
            record.course, record.machine = record.exact, None
            known.say(f"machine code is not used: {why}")

    # Seen through --------------------------------------------------------------------------------------------------

    @property
    def replays(self) -> int:
        """How many calls ran without the function's Python."""
        return self._replays + sum(part.replays for part in self._parts.values())

    def why(self) -> str:
        """What has been recorded, and why the rest was not."""
        lines = [f"{self.__name__}: {self.replays} replays, {len(self.signatures.known)} signatures"]
        for k, known in enumerate(self.signatures.known.values()):
            state = "replayed" if known.records else "eager" if known.tries > TRIES else "not recorded yet"
            lines += [f"signature {k}: {state}, {known.calls} calls", *(f"  {why}" for why in known.why)]
        lines += [f"not repeated by replays: {what}" for what in self.unrepeated]
        if self._opaque:
            lines.append(f"eager: {self._opaque}")
        if self.signatures.given_up:
            exchanged = f"{self.signatures.exchanged} is exchanged, or grows, at every call."
            lines.append(f"eager: {exchanged} {self._refused}".rstrip())
        lines += [part.why() for part in self._parts.values()]
        return "\n".join(lines)

    @property
    def recorded(self) -> bool:
        """Whether anything is recorded."""
        return any(known.records for of in (self, *self._parts.values()) for known in of.signatures.known.values())

    @property
    def record(self) -> Record:
        """The record that ran last. RuntimeError where there is none."""
        for part in reversed(self._parts.values()):
            if any(known.records for known in part.signatures.known.values()):
                return part.record
        for known in reversed(self.signatures.known.values()):
            if known.records:
                return known.records[0]
        raise RuntimeError(f"{self.__name__}: nothing is recorded yet.\n{self.why()}")
