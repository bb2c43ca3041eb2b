"""The five forms in which a primitive is declared.

==============  ======================================  ===========================================
form            a rule gives                            used as
==============  ======================================  ===========================================
elementwise     ∂out/∂x, an array of out's shape        ẋ·d forward, g·d backward (g·conj d)
reduction       ∂out/∂x, an array of x's shape          Σ ẋ·d forward, g·d backward
linear          the adjoint g ↦ Aᵀg                     A ẋ forward (the function itself), Aᵀg backward
multilinear     the adjoint in each argument            the same, one argument at a time
primitive       vjp rules, and jvp rules or none        as they stand; without a jvp Aᵀ is transposed
==============  ======================================  ===========================================

ẋ is a tangent, g a cotangent. Broadcasting is undone here and nowhere else. Each form is a function that can also
decorate: ``@linear(x=lambda g, x, axis: …)`` above ``def total(x, axis): …``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from .arithmetic import added, conjugate, expanded, moved, stretched_to, summed, times, unbroadcast
from .errors import class_name
from .forward import transposed
from .node import LARGE, PLAIN, SPEC, VALUE, Node, spare
from .primitive import Contributions, Primitive, Rule, Rules, Saved, parameters_of

if TYPE_CHECKING:
    from .reverse import Walk

__all__ = ["elementwise", "reduction", "linear", "multilinear", "primitive"]


_AS_GIVEN = (lambda y: y).__code__.co_code
_multiply = np.multiply


class Elementwise(Primitive):
    """out[k] = f(x[k], y[k], …) after broadcasting; a rule gives ∂out/∂argument: an array, or the number 1, −1 or 0."""

    usual_fix = (
        "make the shapes broadcast: aligned from the right, sizes are equal or one of them is 1 (x[:, None], reshape)."
    )

    def __init__(self, *given: Any, vjp: Rules | None = None, large: Rules | None = None, **options: Any) -> None:
        self.quick = {a: (rule, 0) for a, rule in (vjp or {}).items()}
        self.quick |= {a: (rule, LARGE) for a, rule in (large or {}).items()}
        super().__init__(*given, **options)

    def advice(self, args: Saved) -> str:
        try:
            np.broadcast_shapes(*map(np.shape, args))
        except ValueError:
            return self.fix
        return "" if self.fix is self.usual_fix else self.fix

    def keeps(self, i: int) -> dict[str, int]:
        kept = super().keeps(i)
        return dict.fromkeys(kept, VALUE) if self.is_product(i) else kept  # exact in any dtype

    def is_product(self, i: int) -> bool:
        """Whether the local derivative is another argument as it is."""
        code = getattr(getattr(self.rules[i], "__code__", None), "co_code", None)
        return len(self.needs[i]) == 1 and code == _AS_GIVEN

    def make_vjp(self, i: int) -> Callable[..., Any]:
        if not callable(self.rules[i]):
            return self._constant_vjp(i, self.rules[i])
        by_rule, names = self._vjp_by_rule(i), self.needs[i]
        if self.arguments[i] not in self.quick:
            return by_rule
        quick, least = self.quick[self.arguments[i]]
        product = self._bind(quick, names)
        places = [self.place(name) for name in names if name == "ans" or name in self.arguments]
        only = len(places) == len(names) == 1

        def vjp(g: Any, node: Node, saved: Saved) -> Any:
            if type(g) not in PLAIN or g.nbytes < least or g.dtype.kind == "c":
                return by_rule(g, node, saved)
            for place in places:
                a = saved[place]
                if type(a) not in PLAIN or a.dtype.kind == "c":
                    return by_rule(g, node, saved)
            out = spare(g, a) if only and least and self.last_read(i, node) else None
            c = quick(g, a, out=out) if out is not None else quick(g, a) if only else product(saved, node.params, g)
            return c if c.shape == (s := node.parents[i].shape) else unbroadcast(c, s)  # type: ignore[index,union-attr]

        return vjp

    def last_read(self, i: int, node: Node) -> bool:
        """Whether no rule of a later argument will read the cotangent."""
        return not any(node.parents[i + 1 :])  # type: ignore[index]

    def _vjp_by_rule(self, i: int) -> Callable[..., Any]:
        rule: Any = self.rules[i]
        local, names = self.local[i], self.needs[i]
        alone, product = len(self.arguments) == 1, self.is_product(i)
        if len(names) == 1 and names[0] not in self.defaults:  # the usual case, without a generic call
            place = self.place(names[0])

            def vjp(g: Any, node: Node, saved: Saved) -> Any:
                d = saved[place] if product else rule(saved[place])
                if type(d) is type(g) in PLAIN and d.dtype.kind != "c":
                    out = spare(g, d) if g.nbytes > LARGE and self.last_read(i, node) else None
                    c = _multiply(g, d) if out is None else _multiply(g, d, out)
                else:
                    c = times(g, conjugate(d))
                return c if alone or c.shape == (s := node.parents[i].shape) else unbroadcast(c, s)  # type: ignore[index,union-attr]

            return vjp
        return lambda g, node, saved: unbroadcast(times(g, conjugate(local(saved, node.params))), node.parents[i].shape)

    def _constant_vjp(self, i: int, rule: Rule) -> Callable[..., Any]:
        """No arithmetic where ∂out/∂argument is 1, −1 or 0 (None, not differentiable, is the same as 0)."""
        if rule == 1:
            return lambda g, node, saved: g if g.shape == (s := node.parents[i].shape) else unbroadcast(g, s)
        if rule == -1:
            return lambda g, node, saved: -g if g.shape == (s := node.parents[i].shape) else -unbroadcast(g, s)
        if rule == 0 or rule is None:
            return lambda g, node, saved: None
        raise TypeError(f"{self.name}: a constant rule is 1, -1 or 0, not {rule!r}; give a function instead.")

    def cotangents(self, places: list[int], g: Any, node: Node, saved: Saved, chosen: Any) -> Contributions:
        if chosen is None:
            return super().cotangents(places, g, node, saved, None)
        return ((i, self._chosen_vjp(i, g, node, saved, chosen), chosen) for i in places)

    def _chosen_vjp(self, i: int, g: Any, node: Node, saved: Saved, chosen: Any) -> Any:
        """g·d where it was chosen, and 0 elsewhere, whatever d is there."""
        if not callable(self.rules[i]):
            return self.vjps[i](g, node, saved)
        with np.errstate(all="ignore"):
            d = np.where(chosen, conjugate(self.local[i](saved, node.params)), 0)
        return unbroadcast(times(g, d), node.parents[i].shape)  # type: ignore[index,union-attr]

    def jvp(self, node: Node, saved: Saved, tangents: Saved) -> Any:
        total = None
        for t, rule, local in zip(tangents, self.rules, self.local, strict=True):
            if t is not None and rule is not None:
                d = local(saved, node.params)
                term = moved(t, d) if callable(rule) else t if d == 1 else -t if d == -1 else None
                total = added(total, term)
        return stretched_to(total, node.shape)


class Reduction(Primitive):
    """out = f(x) along ``axis``; the rule gives ∂out/∂x with x's shape, from ``ans`` with the reduced axes kept."""

    usual_fix = "give an axis that the array has."

    def make_vjp(self, i: int) -> Callable[..., Any]:
        def vjp(g: Any, node: Node, saved: Saved) -> Any:
            g = np.multiply(
                expanded(g, node.params["axis"], node.params["keepdims"]), conjugate(self.weights(node, saved))
            )
            return unbroadcast(g, node.parents[i].shape)  # type: ignore[index,union-attr]

        return vjp

    def jvp(self, node: Node, saved: Saved, tangents: Saved) -> Any:
        (t,), params = tangents, node.params or {}
        return summed(moved(t, self.weights(node, saved)), axis=params["axis"], keepdims=params["keepdims"])

    def weights(self, node: Node, saved: Saved) -> Any:
        """∂out/∂x, of x's shape."""
        params, ans = node.params, saved[-1]
        if ans is not None:
            saved = (*saved[:-1], expanded(ans, params["axis"], params["keepdims"]))
        return self.local[0](saved, params)


class Linear(Primitive):
    """out = A(x, …), linear in its arguments together; a rule is the adjoint, told ``g`` and x's shape.

    An argument with rule None (a mask, indices) is a constant of the map and is kept, for both directions need it.
    """

    leading = ("g", "total")
    separately = False

    def __init__(self, *declaration: Any, choices: Rules | None = None, add: Any = None, **options: Any) -> None:
        super().__init__(*declaration, **options)
        self.choices = {self.arguments.index(a): self.bound(rule) for a, rule in (choices or {}).items()}
        self.adds = add and self.bound(add)
        self.alone = self.alone and not (choices or add)

    def keeps(self, i: int) -> dict[str, int]:
        if self.variadic:
            return {self.arguments[0]: SPEC}
        wanted = dict.fromkeys(super().keeps(i), VALUE)
        for j, (argument, rule) in enumerate(zip(self.arguments, self.rules, strict=True)):
            if rule is None or (self.separately and i != j):
                wanted[argument] = VALUE
            elif argument in wanted or i != j:
                wanted[argument] = SPEC
        return wanted

    def make_vjp(self, i: int) -> Callable[..., Any]:
        adjoint = super().make_vjp(i)
        if self.variadic or self.rules[i] is None:
            return adjoint
        return lambda g, node, saved: unbroadcast(adjoint(g, node, saved), node.parents[i].shape)

    def jvp(self, node: Node, saved: Saved, tangents: Saved) -> Any:
        rules = self.rules * len(tangents) if self.variadic else self.rules
        some = next(t for t in tangents if t is not None)

        def zero(s: Any) -> Any:
            return 0.0 if s.dtype is None else np.zeros_like(some, s.dtype, shape=s.shape)

        args = [
            s if rule is None else zero(s) if t is None else t
            for s, t, rule in zip(saved[:-1], tangents, rules, strict=True)
        ]
        return stretched_to(self.function(*args, **node.params), node.shape)

    def cotangents(self, places: list[int], g: Any, node: Node, saved: Saved, chosen: Any) -> Contributions:
        for i, c, _ in super().cotangents(places, g, node, saved, chosen):
            here = self.choices[i](node.saved, node.params) if i in self.choices else None
            yield i, c, here if chosen is None or here is None else np.logical_and(here, chosen)

    def pull(self, node: Node, g: Any, saved: Saved, walk: Walk) -> None:
        if self.adds is None or walk.create_graph or walk.chosen or type(g) not in PLAIN or not walk.asked(node):
            return super().pull(node, g, saved, walk)
        row: Any = node.parents[0]  # type: ignore[index]
        total = walk.cotangents.get(row)
        if total is not None and row in walk.own and total.dtype is g.dtype:
            self.adds(saved, node.params, total, g)
            return
        c = self.vjps[0](g, node, saved)
        walk.add(row, c)
        if total is None and type(c) in PLAIN:
            walk.own.add(row)


class Multilinear(Linear):
    """out = A(x, y, …), linear in each argument while the others stand still; the rule of one may name the others."""

    separately = True

    def keeps(self, i: int) -> dict[str, int]:
        return {self.arguments[0]: VALUE} if self.variadic else super().keeps(i)

    def jvp(self, node: Node, saved: Saved, tangents: Saved) -> Any:
        total = None
        for i, t in enumerate(tangents):
            if t is not None and (self.variadic or self.rules[i] is not None):
                args = [*saved[:i], t, *saved[i + 1 : -1]]
                total = added(total, stretched_to(self.function(*args, **node.params), node.shape))
        return total


class General(Primitive):
    """Rules as they stand: of each argument a vjp (told ``g``) and a jvp (told its tangent ``t``).

    ``together`` stands for all vjps: it answers with the cotangents of all arguments, the parameters without a default,
    in their order (None: zero). Without jvp rules forward mode transposes the vjp, which is linear in g.
    """

    leading = ("g", "t")

    def __init__(self, forward: Any, rules: Rules, jvp: Any = None, together: Any = None, **options: Any) -> None:
        self.jvp_rules = jvp
        self.together = together
        self.alone = not together  # one call for all arguments
        if together:
            parameters, defaults, _ = parameters_of(forward)
            rules = {**{p: together for p in parameters if p not in defaults}, **rules}
        wanted = [a for a, rule in rules.items() if rule is not None]
        if jvp is not None and (not isinstance(jvp, dict) or set(jvp) != set(wanted)):
            given = f"rules for {list(jvp)}" if isinstance(jvp, dict) else class_name(jvp)
            raise TypeError(
                f"{forward.__name__}: jvp is {given}; it must be a rule for each of {wanted}, told the tangent t. "
                f"Fix: jvp={{{wanted[0]!r}: lambda t: ...}}, or no jvp: then the vjp is transposed."
            )
        super().__init__(forward, rules, **options)
        self.pushes = None if jvp is None else [a in jvp and self.bound(jvp[a]) for a in self.arguments]

    def keeps(self, i: int) -> dict[str, int]:
        argument = self.arguments[i]
        if self.jvp_rules is None:
            return {"ans": SPEC, **super().keeps(i)}  # transposing takes the result's dtype
        needs = self._read_needs(self.jvp_rules[argument]) if argument in self.jvp_rules else ()
        return self.values_of((*self.needs[i], *needs))

    def make_local(self, i: int) -> Callable[..., Any]:
        local = super().make_local(i)
        if self.together is None or self.rules[i] is not self.together:
            return local
        self.every = local
        return lambda saved, params, g: local(saved, params, g)[params["index"] if self.variadic else i]

    def cotangents(self, places: list[int], g: Any, node: Node, saved: Saved, chosen: Any) -> Contributions:
        if self.together is None:
            return super().cotangents(places, g, node, saved, chosen)
        found = self.every(saved, node.params, g)
        return ((i, found[i], None) for i in places)

    def jvp(self, node: Node, saved: Saved, tangents: Saved) -> Any:
        if self.pushes is None:
            return transposed(node, saved, tangents)
        total = None
        for i, t in enumerate(tangents):
            push = self.pushes[0 if self.variadic else i]
            if t is not None and push:
                params = {**node.params, "index": i} if self.variadic else node.params
                total = added(total, push(saved, params, t))
        return stretched_to(total, node.shape)


def _constructor(form: type[Primitive], doc: str) -> Callable[..., Any]:
    def declare(forward: Any = None, /, **declaration: Any) -> Any:
        if forward is None:
            return lambda function: declare(function, **declaration)
        options = {key: declaration.pop(key) for key in _OPTIONS & declaration.keys()}
        return form(forward, declaration, **options).function

    declare.__doc__ = doc.replace("\n\n", f"\n\n    {_ARGUMENTS}\n\n", 1)
    return declare


_ARGUMENTS = """forward     : the function of arrays; without it, a decorator
    declaration : the rules by argument, and options of every form: ``name``, the function's by default; ``contract``, a
        comparison of sizes, ``"x.shape[-1] == y.shape[-2]"``; ``fix``, what to do where the function fails; ``flops``,
        (forward, backward): functions of a ``watching.flops.Call``, or None"""

_OPTIONS = {"name", "contract", "fix", "flops", "vjp", "large", "jvp", "together", "choices", "add"}

elementwise = _constructor(
    Elementwise,
    """Declare an elementwise primitive: ``argument = rule`` gives ∂out/∂argument (an array, or 1, −1, 0).

    vjp : where it pays, a cheaper way to multiply a real array ``g`` by that derivative, by argument: told g and then
        what the rule is told, in order
    large : the same for large arrays; of a rule that is told one array, ``out`` is where to write, or None

    >>> softsign = elementwise(lambda x: x / (1 + abs(x)), name="softsign", x=lambda x: 1 / (1 + abs(x)) ** 2)
    >>> import autograd_core as ag
    >>> ag.grad(softsign)(np.array(1.0))
    array(0.25)
    """,
)
reduction = _constructor(
    Reduction,
    """Declare a reduction f(x, axis, keepdims): the rule gives ∂out/∂x with x's shape.

    >>> import autograd_core as ag
    >>> def sum_of_squares(x, axis=None, keepdims=False):
    ...     return np.sum(x * x, axis=axis, keepdims=keepdims)
    >>> sum_of_squares = reduction(sum_of_squares, x=lambda x: 2 * x)
    >>> ag.grad(sum_of_squares)(np.array([1.0, 2.0]))
    array([2., 4.])
    """,
)
linear = _constructor(
    Linear,
    """Declare a linear map: the rule is its adjoint, told ``g`` and whatever it names (of x only shape and dtype).

    choices : of a choice such as np.where: by argument, where it was chosen
    add     : of a map of one argument: ``add(total, g, …)`` adds the argument's cotangent to the array ``total``, where
        that is cheaper than making it

    >>> import autograd_core as ag
    >>> every_other = linear(lambda x: x[::2], name="every_other", x=lambda g, x: np.stack([g, 0 * g], 1).ravel())
    >>> ag.jvp(every_other, (np.arange(4.0),), (np.ones(4),))[1]
    array([1., 1.])
    """,
)
multilinear = _constructor(
    Multilinear,
    """Declare a map linear in each argument separately: one adjoint an argument, which may name the others.

    >>> import autograd_core as ag
    >>> mix = multilinear(lambda x, y: x @ y, name="mix", x=lambda g, y: g * y, y=lambda g, x: g * x)
    >>> ag.grad(mix)(np.array([1.0, 2.0]), np.array([3.0, 4.0]))
    array([3., 4.])
    """,
)
primitive = _constructor(
    General,
    """Declare a primitive by its vjp rules, told the cotangent ``g`` of the result and whatever they name.

    jvp      : by argument, a rule that is told the argument's tangent ``t``; the engine adds the terms up. Without it
        forward mode transposes the vjp, which then is written with functions that accept tensors.
    together : in place of the vjp rules, one that answers with the cotangents of all parameters that have no default,
        as a tuple in their order (None: zero)

    >>> import autograd_core as ag
    >>> double = primitive(lambda x: x + x, name="double", x=lambda g: 2 * g)
    >>> ag.grad(double)(np.array(1.0)), ag.jvp(double, (np.array(1.0),), (np.array(3.0),))[1]
    (array(2.), array(6.))
    >>> @primitive(together=lambda g, x, y: (g * y, g * x), jvp={"x": lambda t, y: t * y, "y": lambda t, x: t * x})
    ... def times(x, y):
    ...     return x * y
    >>> ag.grad(times, (0, 1))(np.array(2.0), np.array(3.0))
    (array(3.), array(2.))
    """,
)
