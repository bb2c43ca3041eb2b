"""Arguments of layers and losses: of the kind that their annotations say, and in range."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import numpy as np

from autograd_core.border import devices
from autograd_core.engine.errors import class_name, describe
from autograd_core.engine.primitive import parameters_of

if TYPE_CHECKING:
    from autograd_core.support.types import Args, Function, Settings


F = TypeVar("F", bound=Callable[..., Any])


class Range(NamedTuple):
    """Where a number makes sense, as a condition and in words."""

    holds: Callable[[Any], bool]
    words: str


POSITIVE = Range(lambda x: x > 0, "be positive")
NOT_NEGATIVE = Range(lambda x: x >= 0, "not be negative")
PROBABILITY = Range(lambda x: 0 <= x <= 1, "lie between 0 and 1")
COUNT = Range(lambda x: x >= 1, "be at least 1")
NONZERO = Range(lambda x: x != 0, "not be 0")


class Kind(NamedTuple):
    """What an annotation asks for."""

    holds: Callable[[Any], bool]
    words: str


def _is_flag(x: object) -> bool:
    return isinstance(x, (bool, np.bool_))


def _is_whole(x: object) -> bool:
    return isinstance(x, (int, np.integer)) and not isinstance(x, bool)


def _is_real(x: object) -> bool:
    if isinstance(x, float) or _is_whole(x):
        return True
    return getattr(x, "shape", None) == () and getattr(getattr(x, "dtype", None), "kind", "") in "fiu"


KINDS = {
    "bool": Kind(_is_flag, "True or False"),
    "int": Kind(_is_whole, "an integer"),
    "float": Kind(_is_real, "a real number"),
    "str": Kind(lambda x: isinstance(x, str), "a string"),
}


class Check(NamedTuple):
    """What one argument must be; ``optional``: it may also be None."""

    kind: Kind | None
    optional: bool
    range: Range | None

    def __call__(self, owner: str, name: str, value: object) -> None:
        if value is None and self.optional:
            return
        if self.kind is not None and not self.kind.holds(value):
            raise TypeError(f"{owner}: {name}={_shown(value)} must be {self.kind.words}.")
        if self.range is not None and not self.range.holds(value):
            raise ValueError(f"{owner}: {name}={_shown(value)} must {self.range.words}.")


def _shown(value: object) -> str:
    return repr(value) if value is None or isinstance(value, (str, bytes)) else describe(value)


FLAG = Check(KINDS["bool"], False, None)


def checks_of(function: Function, ranges: Mapping[str, Range] | None = None) -> dict[str, Check]:
    """A check for each argument that is annotated as bool, int, float or str, or has such a default, or a range."""
    ranges = ranges or {}
    annotations = getattr(function, "__annotations__", {})
    names, defaults, _ = parameters_of(function)
    found = {}
    for name in names:
        parts = [part.strip() for part in str(annotations.get(name, "")).split("|")]
        default = defaults.get(name)
        kind = KINDS.get(parts[0]) if set(parts[1:]) <= {"None"} else None
        if kind is None and name not in annotations:
            kind = KINDS.get(type(default).__name__)
        if kind is not None or name in ranges:
            found[name] = Check(kind, (default is None and name in defaults) or "None" in parts, ranges.get(name))
    return found


def _on_device(constructor: Function, args: Args, kwargs: Settings) -> None:
    """Make a layer whose parameters are to lie on ``device=``."""
    device = devices.check(class_name(args[0]), kwargs.pop("device"))
    constructor(*args, **kwargs)
    if device != "cpu":
        args[0].to(device)


def checked(**ranges: Range) -> Callable[[F], F]:
    """Decorator: the arguments are checked before anything else, their kinds by annotation, these in range.

    Raises TypeError or ValueError that names the layer (or function) and the argument.

    >>> class Scale:
    ...     @checked(by=POSITIVE)
    ...     def __init__(self, by: float, inplace: bool = False) -> None:
    ...         self.by = by
    >>> Scale(-1)
    Traceback (most recent call last):
    ValueError: Scale: by=-1 must be positive.
    >>> Scale(2, inplace="False")
    Traceback (most recent call last):
    TypeError: Scale: inplace='False' must be True or False.
    """

    def decorate(function: F) -> F:
        declared = getattr(function, "__wrapped__", function)  # of a primitive, its forward
        checks = checks_of(declared, ranges)
        names = parameters_of(declared)[0]
        is_constructor = function.__name__ == "__init__"

        @functools.wraps(function)
        def call(*args: object, **kwargs: object) -> Any:
            if is_constructor and "device" in kwargs and "device" not in names:
                return _on_device(call, args, kwargs)
            owner = class_name(args[0]) if is_constructor else function.__name__
            for name, value in zip(names, args):  # noqa: B905 (a function with too many complains itself)
                if name in checks:
                    checks[name](owner, name, value)
            for name in kwargs:
                if name in checks:
                    checks[name](owner, name, kwargs[name])
            return function(*args, **kwargs)

        call.checks, call.unchecked = checks, function  # type: ignore[attr-defined]
        return call  # type: ignore[return-value]

    return decorate
