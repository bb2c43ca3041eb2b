"""A function as a module: what it takes beside its tensors is given once, when the module is made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from autograd_core.engine.errors import class_name
from autograd_core.engine.primitive import parameters_of

from .checking import FLAG, Check, checks_of
from .layer import Layer

if TYPE_CHECKING:
    from autograd_core.support.types import Function


class _Signature:
    """``inspect.signature`` of a class, made when somebody asks for it: inspect is slow to import."""

    def __get__(self, instance: Any, owner: Any) -> Any:
        import inspect

        kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
        return inspect.Signature(
            [inspect.Parameter(n, kind, default=owner.defaults.get(n, inspect.Parameter.empty)) for n in owner.accepted]
        )


class FunctionModule(Layer):
    """Base of layers and losses that are one function with some of its arguments bound.

    function : what ``forward`` calls
    settings : the names of what is bound; each is an attribute of the module
    accepted : the constructor's arguments in order: the settings, and what is taken only for PyTorch's sake
    defaults : of those arguments that have one
    checks   : of those arguments that must be of a kind, or in a range
    """

    function: Function
    settings: tuple[str, ...] = ()
    accepted: tuple[str, ...] = ()
    defaults: dict[str, Any] = {}  # noqa: RUF012 (never written to)
    checks: dict[str, Check] = {}  # noqa: RUF012
    __signature__ = _Signature()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        named = dict(zip(self.accepted, args, strict=False))
        given = {**self.defaults, **named, **kwargs}
        for name, check in self.checks.items():
            if name in given:
                check(class_name(self), name, given[name])
        if len(args) > len(self.accepted) or named.keys() & kwargs or given.keys() != {*self.accepted}:
            self.__signature__.bind(*args, **kwargs)  # raises the TypeError that Python would
        for name in self.settings:
            self.keep(name, given[name])

    def keep(self, name: str, value: Any) -> None:
        """Hold one of the settings."""
        setattr(self, name, value)

    def forward(self, *inputs: Any) -> Any:
        """The function of ``inputs`` and the settings."""
        if not self.settings:
            return type(self).function(*inputs)
        return type(self).function(*inputs, **{name: getattr(self, name) for name in self.settings})

    def extra_repr(self) -> str:
        """The settings, as they are given to the constructor."""
        return ", ".join(f"{name}={getattr(self, name)!r}" for name in self.settings)

    @classmethod
    def of(
        cls,
        name: str,
        function: Function,
        inputs: int = 1,
        ignored: dict[str, Any] | None = None,
    ) -> Any:
        """The module class ``name`` of a function whose first ``inputs`` parameters are what it is called with.

        ignored : arguments, with their defaults, that the constructor takes for PyTorch's sake
        """
        checks = getattr(function, "checks", None)
        function = getattr(function, "unchecked", function)  # the module checks its settings once
        primitive, plain = getattr(function, "primitive", None), getattr(function, "__wrapped__", function)
        names, defaults = (primitive.parameters, primitive.defaults) if primitive else parameters_of(plain)[:2]
        settings, ignored = tuple(names[inputs:]), ignored or {}
        if checks is None:
            checks = checks_of(plain) if settings else {}
        members = {
            "function": staticmethod(function),
            "settings": settings,
            "accepted": (*settings, *ignored),
            "defaults": {n: defaults[n] for n in settings if n in defaults} | ignored,
            "checks": {n: check for n, check in checks.items() if n in settings} | dict.fromkeys(ignored, FLAG),
            "__doc__": _documented(function.__doc__ or "", settings, ignored),
            "__module__": cls.__module__,
        }
        return type(name, (cls,), members)


def _documented(doc: str, settings: tuple[str, ...], ignored: dict[str, Any]) -> str:
    """The first paragraph of a function's docstring, and its lines about the settings."""
    summary, _, rest = doc.partition("\n\n")
    lines, kept = [], False
    for line in rest.split("\n"):
        names, colon, meaning = line.strip().partition(" : ")
        if colon:
            about = [name for name in names.split(", ") if name in settings]
            kept = bool(about)
            line = f"    {', '.join(about)} : {meaning}"
        kept = kept and bool(line.strip())
        if kept:
            lines.append(line)
    lines += [f"    {name} : taken for PyTorch's sake" for name in ignored]
    return "\n".join([summary, "", *lines, "    "]) if lines else summary
