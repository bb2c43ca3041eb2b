"""Places: entries of dicts and lists, attributes and variables of closures; and whether they hold what they held."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from itertools import chain
from operator import attrgetter, call, is_, itemgetter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..support.types import AnyArray, Tree


class Place:
    """An entry of a dict or list, an attribute, or a closure's variable."""

    __slots__ = ("holder", "key", "name", "value")

    def __init__(self, holder: Any, key: Any, value: Any, name: str) -> None:
        self.holder, self.key, self.value, self.name = holder, key, value, name

    def get(self) -> Any:
        """What is there now; ``Place`` itself where the place is gone."""
        try:
            return self.holder.cell_contents if self.key is None else self.holder[self.key]
        except (KeyError, IndexError, ValueError):
            return Place  # gone

    def item(self, j: int) -> Any:
        """Entry ``j`` of what is there now."""
        return self.get()[j]

    @property
    def owned(self) -> bool:
        """Whether an array may be exchanged: a closure's, a class's and a module's variables belong to others, too."""
        return isinstance(self.holder, (dict, list, deque, Slots)) and "__builtins__" not in self.holder

    @property
    def may_change(self) -> bool:
        """Whether a number here can be handed out as one that changes."""
        return self.owned and type(self.value) in (int, float)

    def put(self, value: Tree) -> None:
        """Put a value there."""
        self.holder[self.key] = value


class Slots:
    """Attributes of an object without a dict of them."""

    def __init__(self, of: Any) -> None:
        self.of = of

    def __getitem__(self, name: str) -> Any:
        try:
            return getattr(self.of, name)
        except AttributeError:
            raise KeyError(name) from None

    def __setitem__(self, name: str, value: AnyArray) -> None:
        setattr(self.of, name, value)

    def __contains__(self, name: str) -> bool:
        return hasattr(self.of, name)


class Watch:
    """Many places, read in one pass of built-in functions: some microseconds for a hundred of them."""

    def __init__(self, places: Iterable[Place], lists: Iterable[Any]) -> None:
        of: dict[int, tuple[Any, list[Any]]] = {}
        for place in places:
            of.setdefault(id(place.holder), (place.holder, []))[1].append(place.key)
        self._holders = [holder for holder, _ in of.values()]
        self._readers = [_reader(keys) for _, keys in of.values()]
        self._lists = list(lists)
        self._sizes = list(map(len, self._lists))

    def read(self) -> list[Any] | None:
        """What all places hold, in an order of its own; None where one is gone, or a list has another length."""
        try:
            found = list(chain.from_iterable(map(call, self._readers, self._holders)))
        except (KeyError, IndexError, ValueError):
            return None
        return found if list(map(len, self._lists)) == self._sizes else None


def _reader(keys: Sequence[Any]) -> Any:
    """A function in C that gives a tuple of what a holder has under these keys (one key is read twice)."""
    if keys[0] is None:
        return attrgetter("cell_contents", "cell_contents")
    return itemgetter(*keys, *keys[:1]) if len(keys) == 1 else itemgetter(*keys)


def identical(found: Sequence[Any], before: Sequence[Any]) -> bool:
    """Whether two lists of one length hold the same objects."""
    return all(map(is_, found, before))
