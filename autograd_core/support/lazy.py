"""Names of a package that are loaded when somebody asks for them, so that an import costs what is used."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any


def attach(package: str, families: Mapping[str, Sequence[str]]) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """``__getattr__`` and ``__dir__`` of a package (PEP 562).

    families : for each module of the package the names that the package takes from it; none: the module itself

    >>> import autograd_core as ag
    >>> ag.jacobian.__module__, "jacobian" in dir(ag)
    ('autograd_core.transforms.jacobians', True)
    """
    homes = {name: module for module, names in families.items() for name in names or [module]}

    def load(name: str) -> Any:
        if name not in homes:
            raise AttributeError(advice(package, name))
        import importlib

        module = importlib.import_module(f".{homes[name]}", package)
        value = module if name == homes[name] and not families[name] else getattr(module, name)
        setattr(sys.modules[package], name, value)
        return value

    return load, lambda: sorted({*vars(sys.modules[package]), *homes})


def answering(where: str) -> Callable[[str], Any]:
    """``__getattr__`` of a module under PyTorch's names: a name that is not here is answered with what to use.

    where : what PyTorch calls the module, ``"torch.nn"``
    """

    def missing(name: str) -> Any:
        raise AttributeError(advice(where, name))

    return missing


def advice(where: str, name: str) -> str:
    """The message about a name of PyTorch's that is not here."""
    if name.startswith("__"):
        return f"module {where!r} has no attribute {name!r}"
    import importlib

    return importlib.import_module("autograd_core.spellings.advice").answer(where, name)  # which stands on this room
