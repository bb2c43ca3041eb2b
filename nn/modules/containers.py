"""Modules in sequences, lists and dictionaries."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from reprlib import recursive_repr
from typing import Any, Self, SupportsIndex, TypeAlias

from autograd_core.engine.errors import class_name

from .module import Module


class _Numbered(Module):
    """Modules under the names "0", "1", …: what ``Sequential`` and ``ModuleList`` have in common."""

    def _own_modules(self) -> dict[str, Module]:
        return {name: value for name, value in vars(self).items() if isinstance(value, Module)}

    def _set(self, modules: Iterable[Module]) -> None:
        """Put these modules in the places of all there are, numbered from 0."""
        checked = [self._checked(i, module) for i, module in enumerate(modules)]
        for name in self._own_modules():
            del vars(self)[name]
        vars(self).update((str(i), module) for i, module in enumerate(checked))

    def _checked(self, i: int, module: object) -> Module:
        if not isinstance(module, Module):
            raise TypeError(f"{class_name(self)}: item {i} is {class_name(module)}, not a Module.")
        return module

    def _name(self, index: SupportsIndex) -> str:
        names = list(self._own_modules())
        index = operator.index(index)
        if not -len(names) <= index < len(names):
            raise IndexError(f"{class_name(self)}: index {index} is out of range for {len(names)} modules.")
        return names[index]

    def __len__(self) -> int:
        return len(self._own_modules())

    def __iter__(self) -> Iterator[Module]:
        return iter(self._own_modules().values())

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
            raise IndexError(f"{class_name(self)}.insert: index {index} is out of range for {len(modules)} modules.")
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

    def pop(self, index: int | slice) -> Module:
        """Take a module out and return it."""
        module = self[index]
        del self[index]
        return module

    def __getitem__(self, index: int | slice) -> Any:
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
            return type(self)(dict(list(self._own_modules().items())[index]))
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

    def __getitem__(self, index: int | slice) -> Module:
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


Modules: TypeAlias = "Mapping[str, Module] | ModuleDict | Iterable[tuple[str, Module]]"


class ModuleDict(Module):
    """A dictionary of modules whose parameters are found; keys are strings, in the order of insertion.

    modules : a mapping of names to modules, or (name, module) pairs

    >>> import nn
    >>> heads = nn.ModuleDict({"mean": nn.Linear(4, 1), "spread": nn.Linear(4, 1)})
    >>> heads["mean"].in_features, list(heads)
    (4, ['mean', 'spread'])
    """

    def __init__(self, modules: Modules | None = None) -> None:
        if modules is not None:
            self.update(modules)

    def _own_modules(self) -> dict[str, Module]:
        return {name: value for name, value in vars(self).items() if isinstance(value, Module)}

    def __getitem__(self, key: str) -> Module:
        return self._own_modules()[key]

    def __setitem__(self, key: str, module: Module) -> None:
        if not isinstance(module, Module):
            raise TypeError(f"ModuleDict: {key!r} is {class_name(module)}, not a Module.")
        self.add_module(key, module)

    def __delitem__(self, key: str) -> None:
        self[key]
        del vars(self)[key]

    def __len__(self) -> int:
        return len(self._own_modules())

    def __iter__(self) -> Iterator[str]:
        return iter(self._own_modules())

    def __contains__(self, key: object) -> bool:
        return key in self._own_modules()

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
        return self._own_modules().keys()

    def values(self) -> Iterable[Module]:
        """The modules."""
        return self._own_modules().values()

    def items(self) -> Iterable[tuple[str, Module]]:
        """(name, module) pairs."""
        return self._own_modules().items()

    def update(self, modules: Modules) -> None:
        """Add modules from a mapping, a ``ModuleDict`` or pairs; those under known keys are replaced."""
        pairs = list(modules.items() if isinstance(modules, (Mapping, ModuleDict)) else modules)
        for i, pair in enumerate(pairs):
            if not (isinstance(pair, (tuple, list)) and len(pair) == 2 and isinstance(pair[1], Module)):
                raise TypeError(f"ModuleDict: item {i} is not a pair of a name and a Module.")
        for key, module in pairs:
            self[key] = module
