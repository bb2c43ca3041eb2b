"""Modules and parameters in sequences and dictionaries."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from reprlib import recursive_repr
from typing import Any, Self

from autograd_core import Tensor
from autograd_core.engine.errors import printable

from .module import Module
from .parameter import Parameter


class _Numbered(Module):
    """Modules under the names "0", "1", …: what ``Sequential`` and ``ModuleList`` have in common."""

    def _modules(self) -> dict[str, Module]:
        return {name: value for name, value in vars(self).items() if isinstance(value, Module)}

    def _set(self, modules: Iterable[Any]) -> None:
        """Put these modules in the places of all there are, numbered from 0."""
        checked = [self._checked(i, module) for i, module in enumerate(modules)]
        for name in self._modules():
            del vars(self)[name]
        vars(self).update((str(i), module) for i, module in enumerate(checked))

    def _checked(self, i: int, module: Any) -> Module:
        if not isinstance(module, Module):
            raise TypeError(f"{type(self).__name__}: item {i} is {type(module).__name__}, not a Module.")
        return module

    def _name(self, index: Any) -> str:
        names = list(self._modules())
        index = operator.index(index)
        if not -len(names) <= index < len(names):
            raise IndexError(f"{type(self).__name__}: index {index} is out of range for {len(names)} modules.")
        return names[index]

    def __len__(self) -> int:
        return len(self._modules())

    def __iter__(self) -> Iterator[Module]:
        return iter(self._modules().values())

    def __setitem__(self, index: int, module: Module) -> None:
        vars(self)[self._name(index)] = self._checked(index, module)

    def __delitem__(self, index: int | slice) -> None:
        modules = list(self)
        del modules[index]
        self._set(modules)

    def insert(self, index: int, module: Module) -> Self:
        """Put a module before the one at ``index``; those after it move up."""
        modules = list(self)
        if not -len(modules) <= index <= len(modules):
            raise IndexError(f"{type(self).__name__}.insert: index {index} is out of range for {len(modules)} modules.")
        modules.insert(index, module)
        self._set(modules)
        return self

    def append(self, module: Module) -> Self:
        """Put a module at the end."""
        count = len(self)
        self.add_module(str(count), self._checked(count, module))
        return self

    def extend(self, modules: Iterable[Module]) -> Self:
        """Put several modules at the end."""
        self._set([*self, *modules])
        return self

    def pop(self, index: int | slice) -> Any:
        """Take a module out and return it."""
        module = self[index]
        del self[index]
        return module

    def __getitem__(self, index: Any) -> Any:
        raise NotImplementedError

    def __iadd__(self, other: Iterable[Module]) -> Self:
        return self.extend(other)


class Sequential(_Numbered):
    """Modules applied one after another; paths are their numbers, or the keys of the ``OrderedDict`` given instead.

    args : the modules, or one mapping of names to modules

    >>> import nn
    >>> model = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1))
    >>> [name for name, _ in model.named_parameters()]
    ['0.weight', '0.bias', '2.weight', '2.bias']
    >>> nn.Sequential({"hidden": nn.Linear(2, 3), "out": nn.Linear(3, 1)}).hidden
    Linear(in_features=2, out_features=3, bias=True)
    """

    def __init__(self, *args: Any) -> None:
        if len(args) == 1 and isinstance(args[0], Mapping):
            for name, module in args[0].items():
                self.add_module(name, self._checked(name, module))
        else:
            self._set(args)

    def forward(self, input: Any) -> Any:
        """The input through every module in turn."""
        for module in [value for value in vars(self).values() if isinstance(value, Module)]:
            input = module(input)
        return input

    def __getitem__(self, index: int | slice) -> Any:
        if isinstance(index, slice):
            return type(self)(dict(list(self._modules().items())[index]))
        return vars(self)[self._name(index)]

    def __add__(self, other: Sequential) -> Sequential:
        return Sequential(*self, *other)

    def __mul__(self, times: int) -> Sequential:
        """The modules ``times`` times over: they are the same ones, and share their parameters."""
        if not isinstance(times, int) or times < 1:
            raise ValueError(f"Sequential: {times!r} times over; give a positive integer.")
        return Sequential(*list(self) * times)

    __rmul__ = __mul__

    def __imul__(self, times: int) -> Self:
        self._set(list(self * times))
        return self


class ModuleList(_Numbered):
    """A list of modules whose parameters are found; it has no ``forward`` of its own.

    modules : the modules

    >>> import nn
    >>> nn.ModuleList([nn.Linear(2, 2) for _ in range(3)])
    ModuleList(
      (0-2): 3 x Linear(in_features=2, out_features=2, bias=True)
    )
    """

    def __init__(self, modules: Iterable[Module] = ()) -> None:
        self._set(modules or ())

    def __getitem__(self, index: int | slice) -> Any:
        if isinstance(index, slice):
            return type(self)(list(self)[index])
        return vars(self)[self._name(index)]

    def __add__(self, other: Iterable[Module]) -> ModuleList:
        return ModuleList([*self, *other])

    @recursive_repr("…")
    def __repr__(self) -> str:
        if not len(self):
            return f"{self._get_name()}()"
        lines, start = [], 0
        for text, group in groupby(map(repr, self)):
            count = len(list(group))
            name, times = (f"{start}", "") if count == 1 else (f"{start}-{start + count - 1}", f"{count} x ")
            lines.append(f"  ({name}): {times}" + text.replace("\n", "\n  "))
            start += count
        return "\n".join([f"{self._get_name()}(", *lines, ")"])


class ModuleDict(Module):
    """A dictionary of modules whose parameters are found; keys are strings, in the order of insertion.

    modules : a mapping of names to modules, or (name, module) pairs

    >>> import nn
    >>> heads = nn.ModuleDict({"mean": nn.Linear(4, 1), "spread": nn.Linear(4, 1)})
    >>> heads["mean"].in_features, list(heads)
    (4, ['mean', 'spread'])
    """

    def __init__(self, modules: Any = None) -> None:
        if modules is not None:
            self.update(modules)

    def _modules(self) -> dict[str, Module]:
        return {name: value for name, value in vars(self).items() if isinstance(value, Module)}

    def __getitem__(self, key: str) -> Module:
        return self._modules()[key]

    def __setitem__(self, key: str, module: Module) -> None:
        if not isinstance(module, Module):
            raise TypeError(f"ModuleDict: {key!r} is {type(module).__name__}, not a Module.")
        self.add_module(key, module)

    def __delitem__(self, key: str) -> None:
        self[key]
        del vars(self)[key]

    def __len__(self) -> int:
        return len(self._modules())

    def __iter__(self) -> Iterator[str]:
        return iter(self._modules())

    def __contains__(self, key: object) -> bool:
        return key in self._modules()

    def clear(self) -> None:
        """Take all modules out."""
        for key in list(self):
            del self[key]

    def pop(self, key: str) -> Module:
        """Take a module out and return it."""
        module = self[key]
        del self[key]
        return module

    def keys(self) -> Iterable[str]:
        """The names."""
        return self._modules().keys()

    def values(self) -> Iterable[Module]:
        """The modules."""
        return self._modules().values()

    def items(self) -> Iterable[tuple[str, Module]]:
        """(name, module) pairs."""
        return self._modules().items()

    def update(self, modules: Any) -> None:
        """Add modules from a mapping, a ``ModuleDict`` or pairs; those under known keys are replaced."""
        pairs = list(modules.items() if isinstance(modules, (Mapping, ModuleDict)) else modules)
        for i, pair in enumerate(pairs):
            if not (isinstance(pair, (tuple, list)) and len(pair) == 2 and isinstance(pair[1], Module)):
                raise TypeError(f"ModuleDict: item {i} is not a pair of a name and a Module.")
        for key, module in pairs:
            self[key] = module


def _as_value(value: Any) -> Any:
    return Parameter(value) if isinstance(value, Tensor) and not isinstance(value, Parameter) else value


def _lines(module: Module, entries: Iterable[tuple[Any, Any]]) -> str:
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

    def __init__(self, values: Iterable[Any] = ()) -> None:
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

    def __setitem__(self, index: int, value: Any) -> None:
        place = range(self._size)[operator.index(index)]
        setattr(self, str(place), _as_value(value))

    def append(self, value: Any) -> Self:
        """Put a parameter at the end."""
        setattr(self, str(self._size), _as_value(value))
        self._size += 1
        return self

    def extend(self, values: Iterable[Any]) -> Self:
        """Put several parameters at the end."""
        if isinstance(values, Tensor) or not isinstance(values, Iterable):
            raise TypeError(f"ParameterList.extend: {type(values).__name__} given; expected a list of parameters.")
        for value in list(values):
            self.append(value)
        return self

    def __iadd__(self, values: Iterable[Any]) -> Self:
        return self.extend(values)

    def pop(self, index: int = -1) -> Any:
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


class ParameterDict(Module):
    """A dictionary of parameters; a tensor becomes one, anything else is only kept.

    parameters : a mapping of names to tensors, or (name, tensor) pairs

    >>> import nn
    >>> curve = nn.ParameterDict({"slope": nn.Parameter([2.0]), "offset": nn.Parameter([1.0])})
    >>> [name for name, _ in curve.named_parameters()]
    ['slope', 'offset']
    """

    def __init__(self, parameters: Any = None) -> None:
        self._keys: dict[str, None] = {}
        if parameters is not None:
            self.update(parameters)

    def __getitem__(self, key: str) -> Any:
        if key not in self._keys:
            raise KeyError(key)
        return vars(self)[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self._check_new("ParameterDict", key)
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

    def get(self, key: str, default: Any = None) -> Any:
        """What is under ``key``, or ``default``."""
        return self[key] if key in self._keys else default

    def setdefault(self, key: str, default: Any = None) -> Any:
        """What is under ``key``, put there first where nothing is."""
        if key not in self:
            self[key] = default
        return self[key]

    def fromkeys(self, keys: Iterable[str], default: Any = None) -> ParameterDict:
        """A new dictionary with one value under all keys."""
        return ParameterDict([(key, default) for key in keys])

    def pop(self, key: str) -> Any:
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

    def update(self, parameters: Any) -> None:
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
