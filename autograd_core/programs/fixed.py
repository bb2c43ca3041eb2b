"""Static arguments: a function of the others."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..engine.errors import class_name
from .results import named

if TYPE_CHECKING:
    from ..support.types import AnyArray, Args, Function, Settings


class Fixed:
    """``function`` with some arguments fixed; a call gives a dict of the others."""

    def __init__(self, function: Callable[..., Any], values: dict[str, Any]) -> None:
        self.function, self.values = function, values
        shown = ", ".join(f"{name}={value!r}" for name, value in values.items())
        self.__name__ = f"{getattr(function, '__name__', class_name(function))}({shown})"
        self._signature = inspect.signature(function)

    def __call__(self, arguments: dict[str, Any]) -> AnyArray:
        bound = inspect.BoundArguments(self._signature, {})  # type: ignore[arg-type]
        for name in self._signature.parameters:
            if name in self.values or name in arguments:
                bound.arguments[name] = self.values[name] if name in self.values else arguments[name]
        return self.function(*bound.args, **bound.kwargs)


def fixed_arguments(
    function: Function, static: tuple[str, ...], args: Args, kwargs: Settings
) -> tuple[dict[str, Any], Any, Any]:
    """The static arguments of a call by name, and what `Fixed` is called with for the others."""
    bound = inspect.signature(function).bind(*args, **kwargs)
    bound.apply_defaults()
    found = dict(bound.arguments)
    return {name: found.pop(name) for name in static}, (found,), {}


def argument_names(function: Function, args: Args, kwargs: Settings) -> list[str]:
    """The names of all arrays and floats among the arguments, those by position first."""
    if isinstance(function, Fixed):
        return [name for key, value in args[0].items() for name, _ in named(key, value)]
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        parameters = []
    ends = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)][: len(args)]
    ends += [f"input_{k}" for k in range(len(ends), len(args))]
    pairs = [*zip(ends, args, strict=True), *kwargs.items()]
    return [name for end, value in pairs for name, _ in named(end, value)]


def check_function(function: Function, static: tuple[str, ...]) -> None:
    """TypeError for what is no function that returns its result, ValueError for an unknown name in ``static``."""
    if not callable(function):
        raise TypeError(f"compile: a {class_name(function)} cannot be called. Fix: ag.compile(f), with options f=None.")
    inner = inspect.unwrap(getattr(function, "func", function))
    if inspect.isgeneratorfunction(inner) or inspect.iscoroutinefunction(inner):
        raise TypeError(
            f"compile: {getattr(inner, '__name__', inner)} is a generator or coroutine function, which gives its "
            "values one by one. Fix: compile the step inside of its loop."
        )
    if static:
        known = inspect.signature(function).parameters
        unknown = [name for name in static if name not in known]
        if unknown:
            raise ValueError(f"compile: static={unknown}: no such argument; there are {list(known)}.")
