"""Parameters in lists and dictionaries."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Self, TypeAlias

from autograd_core import Tensor
from autograd_core.engine.errors import class_name, printable

from .module import Module
from .parameter import Parameter
from .states.state import check_name


def _as_value(value: object) -> Any:
    return Parameter(value) if isinstance(value, Tensor) and not isinstance(value, Parameter) else value


def _lines(module: Module, entries: Iterable[tuple[object, object]]) -> str:
    lines = []
    for name, value in entries:
        if isinstance(value, Tensor):
            value = f"Parameter containing: [{value.dtype} of size {'x'.join(map(str, value.shape)) or '()'}]"
        lines.append(f"  ({printable(str(name))}): {value}")
    return "\n".join([f"{module._get_name()}(", *lines, ")"]) if lines else f"{module._get_name()}()"


class ParameterList(Module):
    """A list of parameters; a tensor becomes one, anything else is only kept.

    values : tensors, or anything

    >>> import nn
    >>> nn.ParameterList([nn.Parameter([[1.0, 2.0]])])
    ParameterList(
      (0): Parameter containing: [float32 of size 1x2]
    )
    """

    def __init__(self, values: Iterable[object] = ()) -> None:
        self._size = 0
        self.extend(values or ())

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[Any]:
        return (vars(self)[str(i)] for i in range(self._size))

    def __getitem__(self, index: int | slice) -> Any:
        if isinstance(index, slice):
            return type(self)(list(self)[index])
        return list(self)[operator.index(index)]

    def __setitem__(self, index: int, value: object) -> None:
        place = range(self._size)[operator.index(index)]
        setattr(self, str(place), _as_value(value))

    def append(self, value: object) -> Self:
        """Put a parameter at the end."""
        setattr(self, str(self._size), _as_value(value))
        self._size += 1
        return self

    def extend(self, values: Iterable[object]) -> Self:
        """Put several parameters at the end."""
        if isinstance(values, Tensor) or not isinstance(values, Iterable):
            raise TypeError(f"ParameterList.extend: {class_name(values)} given; expected a list of parameters.")
        for value in list(values):
            self.append(value)
        return self

    def __iadd__(self, values: Iterable[object]) -> Self:
        return self.extend(values)

    def pop(self, index: int = -1) -> Tensor:
        """Take a parameter out and return it."""
        values = list(self)
        value = values.pop(index)
        for i in range(self._size):
            del vars(self)[str(i)]
        self._size = 0
        self.extend(values)
        return value

    def __repr__(self) -> str:
        return _lines(self, enumerate(self))


Entries: TypeAlias = "Mapping[str, object] | ParameterDict | Iterable[tuple[str, object]]"


class ParameterDict(Module):
    """A dictionary of parameters; a tensor becomes one, anything else is only kept.

    parameters : a mapping of names to tensors, or (name, tensor) pairs

    >>> import nn
    >>> curve = nn.ParameterDict({"slope": nn.Parameter([2.0]), "offset": nn.Parameter([1.0])})
    >>> [name for name, _ in curve.named_parameters()]
    ['slope', 'offset']
    """

    def __init__(self, parameters: Entries | None = None) -> None:
        self._keys: dict[str, None] = {}
        if parameters is not None:
            self.update(parameters)

    def __getitem__(self, key: str) -> Tensor:
        if key not in self._keys:
            raise KeyError(key)
        return vars(self)[key]

    def __setitem__(self, key: str, value: object) -> None:
        check_name(self, "ParameterDict", key)
        setattr(self, key, _as_value(value))
        self._keys[key] = None

    def __delitem__(self, key: str) -> None:
        del self._keys[key]
        del vars(self)[key]

    def __len__(self) -> int:
        return len(self._keys)

    def __iter__(self) -> Iterator[str]:
        return iter(self._keys)

    def __reversed__(self) -> Iterator[str]:
        return reversed(list(self._keys))

    def __contains__(self, key: object) -> bool:
        return key in self._keys

    def keys(self) -> Iterable[str]:
        """The names."""
        return self._keys.keys()

    def values(self) -> Iterable[Any]:
        """The parameters."""
        return (self[key] for key in self._keys)

    def items(self) -> Iterable[tuple[str, Any]]:
        """(name, parameter) pairs."""
        return ((key, self[key]) for key in self._keys)

    def get(self, key: str, default: object = None) -> Any:
        """What is under ``key``, or ``default``."""
        return self[key] if key in self._keys else default

    def setdefault(self, key: str, default: object = None) -> Any:
        """What is under ``key``, put there first where nothing is."""
        if key not in self:
            self[key] = default
        return self[key]

    def fromkeys(self, keys: Iterable[str], default: object = None) -> ParameterDict:
        """A new dictionary with one value under all keys."""
        return ParameterDict([(key, default) for key in keys])

    def pop(self, key: str) -> Tensor:
        """Take a parameter out and return it."""
        value = self[key]
        del self[key]
        return value

    def popitem(self) -> tuple[str, Any]:
        """Take the last one out and return it with its key."""
        key = next(reversed(self))
        return key, self.pop(key)

    def clear(self) -> None:
        """Take all out."""
        for key in list(self):
            del self[key]

    def copy(self) -> ParameterDict:
        """A new dictionary of the same parameters."""
        return ParameterDict(list(self.items()))

    def update(self, parameters: Entries) -> None:
        """Add parameters from a mapping, a ``ParameterDict`` or pairs."""
        pairs = parameters.items() if isinstance(parameters, (Mapping, ParameterDict)) else parameters
        for key, value in list(pairs):
            self[key] = value

    def __or__(self, other: ParameterDict) -> ParameterDict:
        return ParameterDict([*self.items(), *other.items()])

    def __ior__(self, other: ParameterDict) -> Self:
        self.update(other)
        return self

    def __repr__(self) -> str:
        return _lines(self, self.items())
