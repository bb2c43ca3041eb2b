"""Signatures: what two calls must share to be replayed by one record, and what is known of each."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any

from ..engine import recording
from .owners import Owners
from .places import identical
from .record import Record

TRIES, MOST = 8, 64
_TIMES = 3

Key = tuple[Hashable, bool, Any]
"""Of the arguments, whether gradients are recorded, and what the function reaches."""


class Signature:
    """What is known of one signature."""

    def __init__(self) -> None:
        self.calls = self.tries = self.replays = self.missed = 0
        self.records: list[Record] = []
        self.trials: list[Record] = []
        self.times: list[tuple[float, float]] = []
        self.why: dict[str, None] = {}

    def say(self, why: str) -> None:
        """Keep a reason, of many the first ones."""
        if len(self.why) < 20:
            self.why[why] = None

    def refuse(self, why: str) -> None:
        """Record this signature no more."""
        self.say(why)
        self.tries = TRIES + 1


class Signatures:
    """What is known of a function's signatures, and of what it reaches.

    function, warn : the function, and what tells the user

    owners : what the function reaches; None where that is to be looked through anew
    known : the signatures, the latest last
    exchanged : the object in reach that was exchanged last
    """

    def __init__(self, function: Callable[..., Any], warn: Callable[[str], None]) -> None:
        self.function, self.warn = function, warn
        self.owners: Owners | None = None
        self.known: OrderedDict[Any, Signature] = OrderedDict()
        self.exchanged = ""
        self._renewed = self._replays_then = self._fresh = 0
        self._changes: dict[str, int] = {}
        self._last: Any = None
        self._glance: tuple[Any, bool, Any, Signature] | None = None

    @property
    def given_up(self) -> bool:
        """Whether objects in reach are exchanged at every call."""
        return self._renewed > TRIES

    def of(self, spec: Any, replays: int) -> Signature | None:
        """The signature of this call, ``replays`` having run until now; None where it cannot be told."""
        on = recording.is_grad_enabled()
        if self._glance is not None and self.owners is not None:
            last_spec, last_on, objects, known = self._glance
            if on is last_on and spec == last_spec:
                found = self.owners.glance()
                if found is not None and len(found) == len(objects) and identical(found, objects):
                    return known
        owners = self._reach(replays)
        if self.given_up:
            return None
        key = (spec, on, owners.signature())
        if self._last is not None and key != self._last and self._changing_more(owners, key):
            self.owners = None
            return self.of(spec, replays)
        try:
            known = self.known[key] if key in self.known else self._new(key)
        except TypeError:  # an argument that cannot be a key
            return None
        self.known.move_to_end(key)
        self._last = key
        objects = owners.glance()
        self._glance = None if objects is None else (spec, on, objects, known)
        return known

    def repeated(self) -> None:
        """The last call was not the first of its signature."""
        self._fresh = 0

    def changed(self) -> None:
        """The numbers in reach that a run changes are to be live from now on."""
        assert self.owners is not None
        if self.owners.counted:
            self._changes |= dict.fromkeys([place.name for place in self.owners.counted], _TIMES)
            self.owners = None

    @property
    def _changing(self) -> set[str]:
        """Names of numbers that have changed so often that they may well do it at every call."""
        return {name for name, times in self._changes.items() if times >= _TIMES}

    def _changing_more(self, owners: Owners, key: Key) -> bool:
        """Count which numbers have changed since the call before; whether one of them is to be live from now on."""
        more = False
        for place, a, b in zip(owners.numbers, self._last[2], key[2], strict=False):
            if a is not b and a != b and place.may_change:
                times = self._changes[place.name] = self._changes.get(place.name, 0) + 1
                more |= times == _TIMES
        return more

    def _new(self, key: Key) -> Signature:
        known = Signature()
        if self._last is not None:
            difference = self._difference(key)
            known.say(f"new, for {difference}")
            self._fresh += 1
            if self._fresh == MOST // 2:
                self.warn(f"the last {self._fresh} calls were all of other signatures, for {difference}")
        if len(self.known) >= MOST:
            self.known.popitem(last=False)
        self.known[key] = known
        return known

    def _difference(self, key: Key) -> str:
        """In what a signature differs from the one before."""
        (spec, _, numbers), (last_spec, _, last_numbers) = key, self._last
        if spec != last_spec:
            return f"the arguments: {_shown(last_spec)} before, now {_shown(spec)}"
        names = [place.name for place in self.owners.numbers] if self.owners else []
        for name, a, b in zip(names, last_numbers, numbers, strict=False):
            if a != b:
                return f"{name} was {a!r}, now {b!r}"
        return "other tensors are frozen or have gradients, or recording is on or off"

    def _reach(self, replays: int) -> Owners:
        """What the function reaches, looked through anew where an object in it was exchanged (a state was loaded)."""
        exchanged = "" if self.owners is None else self.owners.exchanged()
        if self.owners is None or exchanged:
            if exchanged:
                self._renewed = 1 if replays > self._replays_then else self._renewed + 1
                self.exchanged, self._replays_then = exchanged, replays
            self.owners = Owners(self.function, self._changing)
            self.known.clear()
            self._last = self._glance = None
            if self.owners.too_large:
                self._renewed, self.exchanged = TRIES + 1, "more than can be looked after"
        return self.owners


def _shown(spec: object) -> str:
    """The arguments of a signature, shortly."""
    return str(spec).replace("<class '", "").replace("'>", "")[:300]
