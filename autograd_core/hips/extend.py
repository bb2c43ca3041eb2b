"""Primitives of one's own: a function of arrays, and the rules of its derivative.

>>> import autograd_core.hips as autograd, numpy as np
>>> cube = primitive(lambda x: x**3)
>>> defvjp(cube, lambda ans, x: lambda g: g * 3 * x**2)
>>> float(autograd.grad(cube)(2.0)), float(autograd.grad(autograd.grad(cube))(2.0))
(12.0, 12.0)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import wraps
from typing import TYPE_CHECKING, Any

import numpy as np

from ..engine import errors, forms
from ..engine.tensor import Tensor
from .core import _conjugate
from .installing import missing
from .tracer import Box as Box
from .tracer import notrace_primitive as notrace_primitive
from .vspaces import VSpace as VSpace
from .vspaces import vspace as vspace

if TYPE_CHECKING:
    from ..support.types import AnyArray, Function, Settings


VJPS = Callable[[Sequence[int], Any, Sequence[Any], dict[str, Any]], Callable[[Any], Sequence[Any]]]
JVPS = Callable[[Sequence[int], Sequence[Any], Any, Sequence[Any], dict[str, Any]], Any]


@dataclass
class Rules:
    """What has been declared of one primitive.

    name : the function's
    vjps, jvps : the rules of reverse and of forward mode, or None
    """

    name: str
    vjps: VJPS | None = None
    jvps: JVPS | None = None


@dataclass
class Call:
    """One call of a primitive: which of its arguments are arrays to differentiate by, and all the others.

    function, rules : the user's function, and what was declared of it
    args, kwargs : what it was called with, without the boxes
    places : where among the arguments the boxes stood
    """

    function: Function
    rules: Rules
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    places: tuple[int, ...] = field(default=())

    def filled(self, arrays: Sequence[AnyArray]) -> list[Any]:
        """All arguments in order, with these in their places."""
        call = list(self.args)
        for i, value in zip(self.places, arrays, strict=True):
            call[i] = _seen(value)
        return call

    def value(self, arrays: Sequence[Any]) -> Any:
        """The function's own result."""
        out = self.function(*self.filled(arrays), **self.kwargs)
        if isinstance(out, (tuple, list, dict)):
            raise TypeError(
                f"{self.rules.name}: a primitive returned a {errors.class_name(out)}; it returns one array. "
                "Fix: stack the results, or make a primitive of each."
            )
        return np.asarray(out)

    def pulled(self, g: Any, index: int, arrays: Sequence[Any], ans: Any) -> Any:
        """The cotangent of one argument."""
        place = self.places[index]
        if self.rules.vjps is None:
            raise NotImplementedError(
                f"{self.rules.name}: no derivative by argument {place}. Fix: defvjp(f, lambda ans, *args: lambda g: …)."
            )
        vjp = self.rules.vjps((place,), _seen(ans), self.filled(arrays), self.kwargs)
        (c,) = vjp(_seen(_conjugate(g)))
        return None if c is None else _conjugate(c if isinstance(c, Tensor) else np.asarray(c))

    def pushed(self, t: AnyArray, index: int, arrays: Sequence[AnyArray], ans: AnyArray) -> Any:
        """The tangent of the result by that of one argument."""
        if self.rules.jvps is None:
            raise NotImplementedError(f"{self.rules.name}: no forward rule. Fix: defjvp.")
        out = self.rules.jvps((self.places[index],), (_seen(t),), _seen(ans), self.filled(arrays), self.kwargs)
        return out if isinstance(out, Tensor) else np.asarray(out)


def _seen(x: AnyArray) -> AnyArray:
    """An array as the user's functions see it: without axes it is a number."""
    return x[()] if isinstance(x, np.ndarray) and x.ndim == 0 else x


_BACK: dict[str, Any] = {"arrays": lambda g, index, arrays, ans, call: call.pulled(g, index, arrays, ans)}
_FORTH = {"arrays": lambda t, index, arrays, ans, call: call.pushed(t, index, arrays, ans)}


def _forward(*arrays: object, call: Any = None) -> AnyArray:
    return call.value(arrays)


_called = forms.primitive(_forward, name="hips_primitive", **_BACK)
_called_both = forms.primitive(_forward, name="hips_primitive_with_jvp", jvp=_FORTH, **_BACK)


def primitive(f: Function) -> Function:
    """A function that sees plain arrays, and whose derivative is told by ``defvjp`` and ``defjvp``.

    f : a function whose result is one array; other arguments may be anything

    Raises NotImplementedError where a derivative is asked for that has no rule.
    """
    rules = Rules(getattr(f, "__name__", "[unknown name]"))

    @wraps(f)
    def wrapped(*args: object, **kwargs: object) -> Any:
        places = tuple(i for i, a in enumerate(args) if isinstance(a, Tensor))
        if not places:
            return f(*args, **kwargs)
        arrays = [args[i] for i in places]
        constant = tuple(None if isinstance(a, Tensor) else a for a in args)
        call = Call(f, rules, constant, kwargs, places)
        return (_called_both if rules.jvps else _called)(*arrays, call=call)

    wrapped.rules = rules  # type: ignore[attr-defined]
    wrapped.fun = f  # type: ignore[attr-defined]
    return wrapped


def _rules(fun: Function) -> Rules:
    found = getattr(fun, "rules", None)
    if not isinstance(found, Rules):
        name = getattr(fun, "__name__", repr(fun))
        raise TypeError(
            f"defvjp, defjvp: {name} is no primitive of extend.primitive; what NumPy has keeps its own rules. "
            "Fix: f = primitive(f) first."
        )
    return found


def defvjp_argnums(fun: Function, maker: VJPS) -> None:
    """One rule for all arguments: ``maker(argnums, ans, args, kwargs)(g)`` gives their cotangents.

    fun : a primitive
    maker : the rule
    """
    _rules(fun).vjps = maker


def defvjp_argnum(fun: Function, maker: Function) -> None:
    """One rule that is told which argument: ``maker(argnum, ans, args, kwargs)(g)``.

    fun, maker : those of ``defvjp_argnums``
    """

    def each(argnums: Sequence[int], *args: object) -> Callable[[Any], Sequence[Any]]:
        vjps = [maker(i, *args) for i in argnums]
        return lambda g: tuple(vjp(g) for vjp in vjps)

    defvjp_argnums(fun, each)


def defvjp(fun: Function, *makers: Any, **options: Any) -> None:
    """A rule for each argument: ``maker(ans, *args, **kwargs)(g)`` is its cotangent; None: zero.

    fun : a primitive
    makers : the rules
    options : ``argnums=`` says of which arguments they are, by default of the first ones
    """
    by_place = dict(zip(options.get("argnums", range(len(makers))), makers, strict=False))

    def one(argnum: int, ans: Any, args: Sequence[Any], kwargs: Settings) -> Callable[[Any], Any]:
        if argnum not in by_place:
            raise NotImplementedError(f"VJP of {_rules(fun).name} wrt argnum {argnum} not defined")
        maker = by_place[argnum]
        return (lambda g: None) if maker is None else maker(ans, *args, **kwargs)  # type: ignore[no-any-return]

    defvjp_argnum(fun, one)


def defjvp_argnums(fun: Function, rule: JVPS) -> None:
    """One forward rule for all arguments: ``rule(argnums, tangents, ans, args, kwargs)``.

    fun : a primitive
    rule : gives the tangent of the result
    """
    _rules(fun).jvps = rule


def defjvp_argnum(fun: Function, rule: Function) -> None:
    """A forward rule that is told which argument: ``rule(argnum, tangent, ans, args, kwargs)``.

    fun, rule : those of ``defjvp_argnums``
    """

    def total(argnums: Sequence[int], tangents: Sequence[Any], ans: Any, args: Any, kwargs: Any) -> Any:
        return sum(rule(i, t, ans, args, kwargs) for i, t in zip(argnums, tangents, strict=True))

    defjvp_argnums(fun, total)


def defjvp(fun: Function, *rules: Any, **options: Any) -> None:
    """A forward rule for each argument: ``rule(tangent, ans, *args, **kwargs)``; "same": linear, the function itself.

    fun : a primitive
    rules : the rules; None: zero
    options : ``argnums=`` says of which arguments they are, by default of the first ones
    """
    by_place = dict(zip(options.get("argnums", range(len(rules))), rules, strict=False))

    def one(argnum: int, t: Any, ans: Any, args: Sequence[Any], kwargs: Settings) -> Any:
        if argnum not in by_place:
            raise NotImplementedError(f"JVP of {_rules(fun).name} wrt argnum {argnum} not defined")
        rule = by_place[argnum]
        if rule is None:
            return 0.0 * ans
        if rule == "same":
            return fun(*[t if i == argnum else a for i, a in enumerate(args)], **kwargs)
        return rule(t, ans, *args, **kwargs)

    defjvp_argnum(fun, one)


__getattr__ = missing(__name__)
