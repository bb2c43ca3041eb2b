"""Where a function's state lies: the arrays and numbers that it reaches through its closure, globals and their parts.

Nothing is said about modules or optimizers here but two names: ``param_groups``, whose real numbers are options that
may change between two steps, and ``clocks``, what optimizers count. Every other number is part of a signature.
"""

from __future__ import annotations

import random
import sys
import types
import zlib
from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import partial
from itertools import repeat
from operator import attrgetter, is_
from typing import TYPE_CHECKING, Any

import numpy as np

from ..engine.node import Leaf
from ..engine.tensor import Tensor
from .places import Place, Slots, Watch
from .tracing.numbers import Live, value_of
from .tracing.recorded import Recorded, plain
from .tracing.tape import Tape, root

if TYPE_CHECKING:
    from ..support.types import ArrayLike, Tree


_NUMBERS = (int, float, bool, str, complex, type(None))
_OURS = ("autograd_core", "nn", "optim", "numpy")
_OPAQUE = (types.BuiltinFunctionType, np.ufunc, np.random.Generator, np.dtype, bytes, range)
_HERE = __name__.rpartition(".")[0]
_LIMIT = 20_000
_node_of, _grad_of = attrgetter("_node"), attrgetter("grad")


class Owners:
    """What a function reaches, as it was when it was looked through.

    changing : names of numbers that have changed between calls: they may change again
    tensors : every tensor, with a name
    arrays  : places of plain arrays, and of tuples and lists of some
    constants : the same in closures and modules, which are read where they lie
    left    : places of recording arrays and live numbers that a run has left behind
    numbers : places of numbers that belong to the signature
    live    : places of numbers that may change
    links   : places of everything else, which must still hold the same objects
    lists   : lists and dicts with their lengths
    """

    def __init__(self, function: Any, changing: Collection[str] = ()) -> None:
        self.tensors: list[tuple[str, Any]] = []
        self.function, self.changing = function, changing
        self.arrays: list[Place] = []
        self.constants: list[Place] = []
        self.left: list[Place] = []
        self.numbers: list[Place] = []
        self.live: list[Place] = []
        self.links: list[Place] = []
        self.lists: list[tuple[str, Any, int]] = []
        self.generators: list[tuple[str, Any]] = []
        self.too_large = False
        self._seen: dict[int, Any] = {}
        self.names: dict[int, str] = {}
        self._waiting: deque[tuple[str, Any]] = deque([("", function)])
        while self._waiting:
            name, value = self._waiting.popleft()  # the shortest way to a thing gives it its name
            self._visit(name, value)
            self.too_large = len(self._seen) + len(self.numbers) + len(self.links) > _LIMIT
            if self.too_large:
                break
        self.tensors = [(self.names[id(t)], t) for _, t in self.tensors]
        self._bare = [t for _, t in self.tensors]
        self._leaves: list[Any] = []
        self._watch = Watch([*self.links, *self.arrays, *self.constants, *self.numbers], [x for _, x, _ in self.lists])

    def glance(self) -> list[Any] | None:
        """Objects that, as long as they are the same, make the same `signature`; None where something is gone.

        Found by built-in functions in a few microseconds.
        """
        found = self._watch.read()
        if found is not None:
            found += map(_node_of, self._bare)
            found += map(is_, map(_grad_of, self._leaves), repeat(None))
        return found

    def exchanged(self) -> str:
        """The name of a place that holds another object than before, or of a list of another length."""
        for places in (self.links, self.arrays, self.constants):
            for place in places:
                if place.get() is not place.value:
                    return place.name
        for place in self.numbers:
            if not isinstance(place.get(), _NUMBERS):
                return place.name
        for name, held, size in self.lists:
            if len(held) != size:
                return name
        return ""

    def signature(self) -> tuple[Any, ...]:
        """Numbers that a record takes for granted, and which tensors are frozen and have gradients."""
        self._leaves = [t._node for t in self._bare if type(t._node) is Leaf]
        tensors = [((kind := type(t._node)) is Leaf and t._node.grad is None) or kind for t in self._bare]
        numbers = [place.get() for place in self.numbers]
        return (*numbers, *map(type, numbers), *tensors)  # 1, 1.0 and True are one key

    def _visit(self, name: str, value: object) -> None:
        if isinstance(value, np.random.Generator):
            self.generators.append((name, value))
        if isinstance(value, (*_OPAQUE, *_NUMBERS, np.ndarray, np.generic, Recorded, Live)):
            return
        if id(value) in self._seen:
            if "[" in self.names[id(value)] and "[" not in name:  # model.0.weight, rather than a place in a list
                self.names[id(value)] = name
            return
        self._seen[id(value)], self.names[id(value)] = value, name
        if isinstance(value, Tensor):
            self.tensors.append((name, value))
        elif isinstance(value, types.FunctionType):
            self._look_through(value)
        elif isinstance(value, type):
            if _of_users(value.__module__):
                self._class(name, value)
        elif isinstance(value, types.ModuleType):
            pass  # its variables are looked at where code mentions them
        elif isinstance(value, types.MethodType):
            self._waiting += [(name, value.__self__), (name, value.__func__)]
        elif isinstance(value, partial):
            self._waiting += [(name, value.func), (name, value.args), (name, value.keywords)]
        elif type(value).__module__.startswith(_HERE) and hasattr(value, "__wrapped__"):
            self._waiting.append((name, value.__wrapped__))  # a compiled function within another one
        elif isinstance(value, dict):
            self._parts(name, value, value.items())
        elif isinstance(value, (list, deque)):
            self._parts(name, value, enumerate(value))
        elif isinstance(value, (staticmethod, classmethod)):
            self._waiting.append((name, value.__func__))
        elif isinstance(value, (tuple, set, frozenset)):
            self.lists.append((name, value, len(value)))
            self._waiting += [(f"{name}[{i}]", v) for i, v in enumerate(value)]
        elif hasattr(value, "__dict__") and not type(value).__module__.startswith(("threading", "_thread", "logging")):
            self._waiting.append((name, type(value)))
            self._parts(name, vars(value), vars(value).items(), "{}.{}")
            self._slots(name, value)
        elif _of_users(type(value).__module__):
            self._waiting.append((name, type(value)))
            self._slots(name, value)

    def _look_through(self, function: types.FunctionType) -> None:
        self._waiting += [("", function.__defaults__ or ()), ("", function.__kwdefaults__ or {})]
        for variable, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
            try:
                self._part(Place(cell, None, cell.cell_contents, variable))
            except ValueError:  # not assigned yet
                continue
        if not _of_users(function.__module__):
            return  # what a transform or a library's function was given may change, not what its module holds
        names, places = dict.fromkeys(_names(function.__code__)), function.__globals__
        for variable in names:
            if variable in places:
                value = places[variable]
                self._part(Place(places, variable, value, variable))
                if isinstance(value, types.ModuleType) and _of_users(value.__name__):
                    inside = vars(value)
                    for name in names.keys() & inside.keys():
                        self._part(Place(inside, name, inside[name], f"{variable}.{name}"))

    def _class(self, name: str, kind: type) -> None:
        """What a class of the user's holds, and what its methods reach."""
        self._waiting += [(name, base) for base in kind.__bases__]
        holder = vars(kind)
        for key, value in holder.items():
            if isinstance(value, (staticmethod, classmethod)):
                value = value.__func__
            if isinstance(value, property):
                self._waiting += [("", f) for f in (value.fget, value.fset, value.fdel)]
            elif not key.startswith("__") or isinstance(value, types.FunctionType):
                self._part(Place(holder, key, holder[key], f"{name}.{key}"))

    def _slots(self, name: str, value: object) -> None:
        inside = Slots(value)
        for kind in type(value).__mro__:
            for key, member in vars(kind).items():
                if (
                    isinstance(member, types.MemberDescriptorType)
                    and hasattr(value, key)
                    and _of_users(kind.__module__)
                ):
                    self._part(Place(inside, key, inside[key], f"{name}.{key}"))

    def _parts(self, name: str, holder: Tree, items: Any, form: str = "{}[{!r}]") -> None:
        self.lists.append((name, holder, len(holder)))
        for key, value in list(items):
            part = form.format(name, key) if name else str(key)
            if key == "clocks" and isinstance(value, list):
                self.live += [Place(value, i, v, f"{part}[{i}]") for i, v in enumerate(value)]
                self._seen[id(value)] = value
            elif key == "param_groups" and isinstance(value, list):
                self._seen[id(value)] = value
                self.lists.append((part, value, len(value)))
                for group in value:
                    self._options(part, group)
            else:
                self._part(Place(holder, key, value, part))

    def _options(self, name: str, group: dict[str, Any]) -> None:
        self.lists.append((name, group, len(group)))
        for key, value in group.items():
            place = Place(group, key, value, f"{name}[{key!r}]")
            real = isinstance(value, float) or (isinstance(value, tuple) and all(isinstance(v, float) for v in value))
            if real:
                self.live.append(place)
            else:
                self._part(place)

    def _part(self, place: Place) -> None:
        value = place.value
        if _holds(value, (Recorded, Live)):
            self.left.append(place)
        elif isinstance(value, _NUMBERS):
            (self.live if place.name in self.changing and place.may_change else self.numbers).append(place)
        elif _holds(value, (np.ndarray,)):
            (self.arrays if place.owned else self.constants).append(place)
        elif not isinstance(value, np.generic):
            self.links.append(place)
            self._waiting.append((place.name, value))

    # While a tape is written ---------------------------------------------------------------------------------------

    def hand_out(self, tape: Tape) -> None:
        """Put recording arrays and live numbers, of the same memory and the same values, in their places."""
        made: dict[int, Recorded] = {}

        def recorded(array: Any, name: str) -> Any:
            if id(array) not in made:
                tape.own(array, name)
                made[id(array)] = Recorded(array, tape)
            return made[id(array)]

        def handed(name: str, value: ArrayLike) -> Any:
            return recorded(value, name) if type(value) is not Recorded and isinstance(value, np.ndarray) else value

        for place in self.arrays:  # what is one array bears its own name, not that of a view
            for array in _leaves(place.value):
                if isinstance(array, np.ndarray) and array.base is None:
                    tape.own(array, place.name)
        for name, tensor in self.tensors:
            tensor._data = recorded(tensor._data, name)
            grad = gradient(tensor)
            if grad is not None:
                grad._data = recorded(grad._data, f"{name}.grad")
        for place in self.arrays:
            name = place.name
            place.put(_rebuilt(place.value, partial(handed, name)))
        for place in self.numbers:
            place.value = place.get()
        self._drawn, self._sums = self._draws(), [(place.name, *_summed(place.value)) for place in self.constants]
        shared: dict[int, Any] = {}
        for place in self.live:
            value = place.value = place.get()
            if isinstance(value, tuple):
                if id(value) not in shared:
                    shared[id(value)] = tuple(
                        Live(tape, v, partial(place.item, j), f"{place.name}[{j}]") for j, v in enumerate(value)
                    )
                place.put(shared[id(value)])
            elif isinstance(value, (float, int)):
                place.put(Live(tape, value, place.get, place.name))

    def take_back(self, changed: Mapping[int, str]) -> tuple[list[tuple[Place, Any]], list[str]]:
        """Plain arrays and numbers in all places again.

        changed : lines that changed an object, by its id

        Gives the numbers that the run computed, live as they are, with their places; and the names of what it has put
        elsewhere: a replay would not.
        """
        computed, moved = [], []
        for place in self.live:
            value = place.get()
            plain_value = _rebuilt(value, value_of)
            if plain_value == place.value:
                place.put(place.value)
            else:
                computed.append((place, value))
                place.put(plain_value)
        for place in self.arrays:
            value = _rebuilt(place.get(), plain)
            unchanged = list(map(id, _leaves(value))) == list(map(id, _leaves(place.value)))
            place.put(place.value if unchanged else value)
            moved += [] if unchanged else [place.name]
        for name, tensor in self.tensors:
            moved += _put_back(name, tensor)
        known = {id(t) for _, t in self.tensors}
        after = Owners(self.function, self.changing)
        for place in after.left:
            place.put(_rebuilt(place.value, plain))
            moved.append(place.name)
        for name, tensor in after.tensors:
            if id(tensor) not in known:
                _put_back(name, tensor)
                moved.append(name)
        self.counted = [p for p in self.numbers if p.get() != p.value and p.get() == p.get()]
        moved += [place.name for place in self.counted]
        for name, held, size in self.lists:
            if len(held) != size:
                moved.append(f"{name} at {changed[id(held)]}" if id(held) in changed else name)
        moved += [name for name, array, before in self._sums if _summed(array)[1] != before]
        moved += [name for name, state in self._draws().items() if state != self._drawn[name]]
        return computed, moved

    def _draws(self) -> dict[str, str]:
        """The state of every source of random numbers that is not the default generator."""
        found = {name: str(generator.bit_generator.state) for name, generator in self.generators}
        _, keys, *rest = np.random.get_state(legacy=True)  # noqa: NPY002 (of programs that still draw from it)
        old = f"{hash(np.asarray(keys).tobytes())} {rest}"
        return found | {"numpy.random": old, "random": str(hash(random.getstate()))}

    def arrays_of(self) -> dict[int, tuple[str, Any]]:
        """The memory of everything held, by the id of its root: (name, root)."""
        found = {id(whole): (name, whole) for name, t in self.tensors for whole in [root(t._data)]}
        for place in self.arrays:
            found |= {id(root(a)): (place.name, root(a)) for a in _leaves(place.value) if isinstance(a, np.ndarray)}
        return found


def gradient(tensor: Tensor) -> Any:
    """The gradient of a leaf, or None."""
    return tensor._node.grad if type(tensor._node) is Leaf else None


def gradient_array(tensor: Tensor) -> Any:
    """The array of a leaf's gradient, or None."""
    grad = gradient(tensor)
    return None if grad is None else grad._data


def _put_back(name: str, tensor: Tensor) -> list[str]:
    if isinstance(tensor._data, Recorded):
        tensor._data = tensor._data.array
    grad = gradient(tensor)
    if grad is not None and isinstance(grad._data, Recorded):
        grad._data = grad._data.array
    return []


def _leaves(value: object) -> Iterator[Any]:
    if isinstance(value, (tuple, list)):
        for v in value:
            yield from _leaves(v)
    else:
        yield value


def _holds(value: object, kinds: tuple[type, ...]) -> bool:
    """True of such a thing, and of a tuple or list that holds some, and nothing but numbers beside."""
    leaves = list(_leaves(value))
    return any(isinstance(v, kinds) for v in leaves) and all(
        isinstance(v, (*kinds, *_NUMBERS, np.generic, np.ndarray)) for v in leaves
    )


def _summed(value: Any) -> tuple[Any, list[int]]:
    """A tree of arrays, and a checksum of each."""
    arrays = [a for a in _leaves(value) if isinstance(a, np.ndarray) and not a.dtype.hasobject]
    return value, [zlib.crc32(np.ascontiguousarray(a).view(np.uint8).data) if a.size else 0 for a in arrays]


def _rebuilt(value: Tree, change: Callable[[Any], Any]) -> Tree:
    """The same tuples and lists of other leaves."""
    if isinstance(value, tuple):
        return (
            type(value)(*(_rebuilt(v, change) for v in value))
            if hasattr(value, "_fields")
            else tuple(_rebuilt(v, change) for v in value)
        )
    return [_rebuilt(v, change) for v in value] if isinstance(value, list) else change(value)


def _of_users(module: str | None) -> bool:
    """Whether what a module says may change: not what this project, NumPy and Python's own library say."""
    first = "" if module is None else module.partition(".")[0]
    return first not in _OURS and first not in sys.stdlib_module_names


def _names(code: types.CodeType) -> Iterator[str]:
    """The global names that a function's code mentions, also in functions inside."""
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _names(constant)
