"""What the arguments and parameters of a traced function are called."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ..engine.errors import describe
from ..engine.tensor import Tensor

if TYPE_CHECKING:
    from ..support.types import Function


def argument_names(f: Function, count: int) -> list[str]:
    """The names of f's first ``count`` positional parameters; x1, x2, … where f does not tell.

    >>> argument_names(lambda x, *rest: None, 3), argument_names(lambda *x: None, 2)
    (['x', 'rest1', 'rest2'], ['x1', 'x2'])
    """
    import inspect  # slow to import

    fallback = [f"x{i + 1}" for i in range(count)]
    try:
        parameters = list(inspect.signature(f).parameters.values())
    except (TypeError, ValueError):  # some builtins have no signature
        return fallback
    names: list[str] = []
    for p in parameters:
        if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD):
            names.append(p.name)
        elif p.kind is p.VAR_POSITIONAL:
            base = "x" if p.name == "args" else p.name
            names += [f"{base}{i + 1}" for i in range(count - len(names))]
    return names[:count] if len(names) >= count else fallback


def known_things(f: Function | None, names: Any = None) -> Iterator[tuple[str, Any]]:
    """Tensors and modules that have a name: those given in ``names``, then those that f's closure and globals name.

    A model (anything with ``named_parameters``) names its own parameters and modules: ``model.0.weight``.
    """
    if names is not None:
        if not (isinstance(names, (Mapping, list, tuple)) or hasattr(names, "named_parameters")):
            raise TypeError(f"trace: names: a dict, a list or a model, not {describe(names)}.")
        yield from _within("", names, 2)
    yield from _within("", f, 1)
    yield from _within("", getattr(f, "__self__", None), 0)  # a method of a model
    import inspect

    code = getattr(f, "__func__", f)
    if inspect.isfunction(code):
        around = inspect.getclosurevars(code)
        for scope in (around.nonlocals, around.globals):
            for name, value in scope.items():
                yield from _within(name, value, 1)


def _within(name: str, value: object, depth: int) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Tensor):
        yield name, value
    elif isinstance(value, type):
        return
    elif hasattr(value, "named_parameters"):
        modules = value.named_modules() if hasattr(value, "named_modules") else ()
        for part, inner in (*modules, *value.named_parameters()):
            yield ".".join(filter(None, (name, part))), inner
    elif depth and isinstance(value, Mapping):
        for key, item in value.items():
            yield from _within(f"{name}[{key!r}]" if name else str(key), item, depth - 1)
    elif depth and isinstance(value, (list, tuple)):
        for i, item in enumerate(value):
            yield from _within(f"{name}[{i}]", item, depth - 1)
