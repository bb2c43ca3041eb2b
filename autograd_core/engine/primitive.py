"""Primitives: a forward function and its local derivatives, written once.

A primitive is one kind of row of the ξ-table: it computes a variable from earlier ones and knows its local
derivatives. The rule for an argument is a function whose own parameter names say what must be kept until it is used:
the name of an argument (its value), ``ans`` (the result), or the name of a setting such as ``axis``. What no rule
names is not kept.

>>> import autograd_core as ag
>>> cube = ag.elementwise(lambda x: x**3, name="cube", x=lambda x: 3 * x**2)
>>> ag.grad(cube)(np.array(2.0)), ag.grad(ag.grad(cube))(np.array(2.0))
(array(12.), array(12.))

From the same rules come reverse mode, forward mode, every higher order (a rule is written with functions that also
accept tensors) and the printed derivative (they accept symbols, too). How a rule is used depends on the form of the
primitive: see ``forms.py``.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from . import entry, recording
from .calls import make_function
from .contracts import Contract
from .errors import class_name, explain, not_an_array, printable
from .node import NOTHING, PRECISE, VALUE, Node, WatchedNode, keep
from .registry import Place, implementations, register
from .tensor import Tensor, make_tensor

if TYPE_CHECKING:
    from .reverse import Walk

__all__ = ["Primitive"]

Rule = Callable[..., Any] | int | None
Rules = dict[str, Any]
Saved = Sequence[Any]
Contributions = Iterable[tuple[int, Any, Any]]


class Primitive:
    """A differentiable operation on arrays; ``function`` is its public face.

    forward, rules, name, contract, fix, flops : those of ``elementwise``; unknown options are refused

    vjps[i](g, node, saved)     -> cotangent of argument i, or None where it is zero
    jvp(node, saved, tangents)  -> tangent of the result; a tangent of None is zero

    ``saved`` lists the arguments and then the result, with None where nothing was kept. How a primitive is declared is
    told in ``forms``, what its qualified name is in ``registry``.
    """

    declared: Place
    qualified: str
    leading: tuple[str, ...] = ()
    """Names by which a rule may ask for what the engine hands it first (the cotangent ``g``)."""
    usual_fix = ""
    choices: Mapping[int, Callable[..., Any]] = MappingProxyType({})
    """Of a choice such as np.where: where an argument was chosen."""
    together: Callable[..., Any] | None = None
    """One rule for all arguments."""
    alone = True
    """Whether a backward pass may ask ``vjps`` one by one; False of a row that has its own ``pull``."""

    def __init__(
        self,
        forward: Callable[..., Any],
        rules: Rules,
        *,
        name: str | None = None,
        contract: str = "",
        fix: str = "",
        flops: tuple[Any, Any] | None = None,
        **unknown: Any,
    ) -> None:
        self.forward = forward
        self.name = printable(str(name or getattr(forward, "__name__", "")))
        if self.name in ("", "<lambda>"):
            raise TypeError(f"a primitive of {forward!r} has no name. Fix: give name=.")
        if unknown:
            raise TypeError(
                f"{self.name!r} is given {', '.join(unknown)}=, unknown to its form ({class_name(self).lower()}). "
                "Fix: leave it out, or declare it by ag.primitive, which is given its rules as they stand."
            )
        self.fix = fix or self.usual_fix
        self.flops = flops
        if isinstance(forward, np.ufunc):
            self.parameters, self.defaults, self.variadic = tuple(rules), dict[str, Any](), False
        else:
            self.parameters, self.defaults, self.variadic = parameters_of(forward)
        self.arguments = tuple(p for p in self.parameters if p in rules)
        if set(rules) - set(self.arguments):
            raise TypeError(f"{self.name}: rules for {list(rules)}, but the parameters are {list(self.parameters)}.")
        if not rules:
            raise TypeError(f"{self.name}: no rule is given. Fix: name an argument and its rule, x=lambda …: …")
        self.contract = Contract(contract, self.arguments) if contract else None
        self.orderly = self.parameters[: len(rules)] == self.arguments and not rules.keys() & self.defaults.keys()
        self.rules = tuple(rules[a] for a in self.arguments)
        self.needs = tuple(self._read_needs(rule) for rule in self.rules)
        self.local = tuple(map(self.make_local, range(len(self.rules))))
        self.vjps = tuple(self.make_vjp(i) for i in range(len(self.rules)))
        self.alone = self.alone and not self.variadic
        self.plan = functools.cache(self._plan)
        self.function = make_function(self)
        register(self)
        if isinstance(forward, np.ufunc):
            implementations[forward] = self.function

    # What a form defines -------------------------------------------------------------------------------------------

    def make_local(self, i: int) -> Callable[..., Any]:
        """``local(saved, params, *leading)``: the rule for argument ``i``, given what it names."""
        return self._bind(self.rules[i], self.needs[i])

    def make_vjp(self, i: int) -> Callable[..., Any]:
        """``vjp(g, node, saved)``; of a primitive with any number of arguments it is told the index, too."""
        local, rule, names = self.local[i], self.rules[i], self.needs[i]
        if rule is None:
            return lambda g, node, saved: None
        if self.variadic:
            return lambda g, node, saved, index: local(saved, {**node.params, "index": index}, g)
        if self.together is None and len(names) == 1 and (names[0] == "ans" or names[0] in self.arguments):
            only = self.place(names[0])
            return lambda g, node, saved: rule(g, saved[only])  # without generic calls
        return lambda g, node, saved: local(saved, node.params, g)

    def jvp(self, node: Node, saved: Saved, tangents: Saved) -> Any:
        """The tangent of the result of ``node``."""
        raise NotImplementedError

    def keeps(self, i: int) -> dict[str, int]:
        """What to keep where argument ``i`` is differentiated: names of arguments or ``ans``, and how much of it."""
        return self.values_of(self.needs[i])

    def values_of(self, names: Iterable[str]) -> dict[str, int]:
        """The arguments among ``names``, and the result. Operands of different dtypes are as precise as the result."""
        several = len(self.arguments) > 1
        mixed = {a for a, rule in zip(self.arguments, self.rules, strict=True) if several and rule is not None}
        return {n: PRECISE if n in mixed else VALUE for n in names if n == "ans" or n in self.arguments}

    def advice(self, args: Sequence[Any]) -> str:
        """What to do where the forward failed for these arguments."""
        return self.fix

    def cotangents(self, places: list[int], g: Any, node: Node, saved: Saved, chosen: Any) -> Contributions:
        """For each argument in ``places``: its index, its cotangent, and what np.where chose of it (None: not known).

        ``chosen`` is what np.where chose of the result."""
        if self.variadic:
            return ((i, self.vjps[0](g, node, saved, i), None) for i in places)
        return ((i, self.vjps[i](g, node, saved), None) for i in places)

    def pull(self, node: Node, g: Any, saved: Saved, walk: Walk) -> None:
        """Give the parents of one row their cotangents, from that of its result."""
        parents: Any = node.parents
        for i, c, chosen in self.cotangents(walk.asked(node), g, node, saved, walk.chosen.pop(node, None)):
            walk.add(parents[i], c, chosen)

    # Execution -----------------------------------------------------------------------------------------------------

    def __call__(self, args: Sequence[Any], params: dict[str, Any]) -> Any:
        """Compute, and record a node where an argument is tracked."""
        tensors = [isinstance(a, Tensor) for a in args]
        if True not in tensors:
            return self.on_plain(args, params)
        values = [a._data if on else a for a, on in zip(args, tensors)]  # noqa: B905 (as long as each other)
        parents = tuple([a._node if on else None for a, on in zip(args, tensors)])  # noqa: B905
        if False in tensors:
            values, again = entry.operands(self, args, values)
            if again:
                return self(again, params)
        try:
            out = self.forward(*values, **params)
        except Exception as error:
            raise explain(self, values, params, error) from error
        if not hasattr(out, "shape") or type(out) is Tensor:
            raise not_an_array(self, out)
        return self.finish(args, params, values, parents, out)

    def finish(self, args: Any, params: Any, values: Saved, parents: tuple[Node | None, ...], out: Any) -> Tensor:
        """Wrap the result, with a node where something is tracked and recording is on; tell who watches."""
        on, observers = recording.state() if recording.special else (True, ())
        node = None
        if on and True in (tracked := tuple([p is not None for p in parents])):
            plan = self.plan(tracked)
            saved = [v if level == VALUE else keep(v, level, out) for v, level in zip(values, plan, strict=False)]
            make = WatchedNode if observers else Node
            node = make(self, parents, (*saved, keep(out, plan[-1], out)), params, out.shape)
        result = make_tensor(out, node)
        if observers:
            recording.notify(self, args, params, result)
        return result

    def on_plain(self, args: Sequence[Any], params: dict[str, Any]) -> Any:
        """Without tensors a primitive is the NumPy function it stands for; a symbol answers with an expression."""
        for a in args:
            if hasattr(a, "apply_primitive"):
                return a.apply_primitive(self, args, params)
        again = entry.gathered(self.name, args)
        return self(again, params) if again else self.forward(*args, **params)

    def _plan(self, tracked: tuple[bool, ...]) -> tuple[int, ...]:
        """For each argument, and last the result, how much to keep (see ``keep``) where those are tracked."""
        levels = dict.fromkeys((*range(len(tracked)), "ans"), NOTHING)
        for i, on in enumerate(tracked):
            for name, level in self.keeps(0 if self.variadic else i).items() if on else ():
                for at in ("ans",) if name == "ans" else range(len(tracked)) if self.variadic else (self.place(name),):
                    levels[at] = max(levels[at], level)
        return tuple(levels.values())

    def place(self, name: str) -> Any:
        """Where an argument, or the result, stands in ``saved``."""
        return -1 if name == "ans" else slice(-1) if self.variadic else self.arguments.index(name)

    def argument_names(self, count: int) -> tuple[str, ...]:
        """What the arguments of a call with ``count`` of them are called."""
        return tuple(f"{self.arguments[0]}[{i}]" for i in range(count)) if self.variadic else self.arguments

    # Reading the declaration ---------------------------------------------------------------------------------------

    def _read_needs(self, rule: Rule) -> tuple[str, ...]:
        if not callable(rule):
            return ()
        names = tuple(n for n in parameters_of(rule)[0] if n not in self.leading)
        for n in names:
            if n != "ans" and n not in self.parameters and not (n == "index" and self.variadic):
                raise TypeError(f"{self.name}: a rule names {n!r}, which is not a parameter of it and not 'ans'.")
        return names

    def bound(self, rule: Rule) -> Callable[..., Any]:
        """``local(saved, params, *leading)``: a rule, given what it names."""
        return self._bind(rule, self._read_needs(rule))

    def _bind(self, rule: Rule, names: tuple[str, ...]) -> Callable[..., Any]:
        if not callable(rule):
            return lambda saved, params, *leading: rule
        if not names:
            return lambda saved, params, *leading: rule(*leading)
        places: list[Any] = [self.place(n) if n == "ans" or n in self.arguments else n for n in names]
        if len(places) == 1 and type(places[0]) is not str:
            only = places[0]
            return lambda saved, params, *leading: rule(*leading, saved[only])
        return lambda saved, params, *leading: rule(
            *leading, *[params[p] if type(p) is str else saved[p] for p in places]
        )

    def bind_call(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Sort what a caller gave into arguments and settings, as Python would."""
        in_order = self.variadic or (self.orderly and len(args) == len(self.arguments))
        if in_order and kwargs.keys() <= self.defaults.keys():
            return args, entry.settled(self.name, {**self.defaults, **kwargs}) if kwargs else self.defaults
        given = dict(zip(self.parameters, args, strict=False))
        if "dim" in kwargs or "keepdim" in kwargs:
            kwargs = entry.respelled(self.name, kwargs)
        wrong = [k for k in kwargs if k in given or k not in self.parameters]
        params = {**self.defaults, **given, **kwargs}
        missing = [p for p in self.parameters if p not in params]
        if len(args) > len(self.parameters) or wrong or missing:
            twice = f"{wrong[0]!r} is unknown or given twice" if wrong else ""
            problem = twice or (f"{missing} missing" if missing else "too many")
            raise TypeError(f"{self.name}({', '.join(self.parameters)}): wrong arguments: {problem}.")
        return tuple(params.pop(a) for a in self.arguments), entry.settled(self.name, params)


def parameters_of(function: Any) -> tuple[tuple[str, ...], dict[str, Any], bool]:
    """Names of the parameters in order, the defaults, and whether the first stands for any number of arguments."""
    while hasattr(function, "__wrapped__"):  # a decorated one takes what it decorates takes
        function = function.__wrapped__
    code = getattr(function, "__code__", None)
    if code is None:
        import inspect  # slow to import, and seldom needed

        signature = inspect.signature(function).parameters.values()
        defaults = {p.name: p.default for p in signature if p.default is not p.empty}
        return tuple(p.name for p in signature), defaults, any(p.kind is p.VAR_POSITIONAL for p in signature)
    positional = code.co_varnames[: code.co_argcount]
    after = code.co_varnames[code.co_argcount : code.co_argcount + code.co_kwonlyargcount]
    variadic = bool(code.co_flags & 0x04)
    starred = code.co_varnames[len(positional) + len(after) :][:1] if variadic else ()
    last = function.__defaults__ or ()
    defaults = dict(zip(positional[len(positional) - len(last) :], last, strict=True)) | (function.__kwdefaults__ or {})
    return (*positional, *starred, *after), defaults, variadic
