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

from .errors import class_name
from .forward import transposed
from .node import LARGE, PLAIN, SPEC, VALUE, Node, somewhere, spare
from .primitive import Contributions, Primitive, Rule, Rules, Saved, parameters_of
from .tensor import Tensor, bare

if TYPE_CHECKING:
    from .reverse import Walk

__all__ = ["elementwise", "reduction", "linear", "multilinear", "primitive"]


_multiply = np.multiply
HALF = np.dtype(np.float16)
_BY_OPERATOR = (np.generic, Tensor)


def unbroadcast(g: Any, shape: tuple[int, ...]) -> Any:
    """Adjoint of broadcasting: sum ``g`` over the axes along which ``shape`` was stretched.

    >>> unbroadcast(np.ones((4, 3)), (3,)), unbroadcast(np.ones((4, 3)), (1, 1))
    (array([4., 4., 4.]), array([[12.]]))
    """
    if g.shape == shape:
        return g
    lead = len(g.shape) - len(shape)
    stretched = tuple(lead + i for i, n in enumerate(shape) if n == 1 and g.shape[lead + i] != 1)
    axes = (*range(lead), *stretched)
    add = np.add.reduce if type(g) in PLAIN and g.dtype is not HALF else summed
    return np.reshape(add(g, axis=axes), shape)


def summed(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Σ x along ``axis``. float16, which counts to 2048 and ends at 65504, is added up in float32."""
    if x.dtype != HALF:
        return np.sum(x, axis=axis, keepdims=keepdims)
    return np.sum(x, axis=axis, keepdims=keepdims, dtype=np.float32).astype(HALF)


def times(t: Any, d: Any) -> Any:
    """t·d by the cheaper of two ways: the ufunc for arrays, Python's operator for NumPy scalars and tensors."""
    return t * d if isinstance(t, _BY_OPERATOR) and type(d) not in PLAIN else _multiply(t, d)


def moved(t: Any, d: Any) -> Any:
    """t·d of a tangent ``t``: nothing moves along 0, also where the slope is infinite or none."""
    values = bare(c := times(t, d))
    if type(values) in PLAIN and values.dtype.kind == "f" and values.dtype is not HALF:
        values = np.dot(flat := values.ravel(), flat)  # NaN where one of them is: one pass
    nan = np.isnan(values)
    return np.where(np.equal(t, 0), 0, c) if (nan if type(nan) is np.bool else somewhere(nan)) else c


def conjugate(d: Any) -> Any:
    """The complex conjugate; of what is real, itself.

    Cotangents follow PyTorch's convention: that of a complex z = a + ib is ∂L/∂a + i ∂L/∂b for a real loss L, so that
    z − ηz̄ descends. A holomorphic row w = f(z) then has the adjoint g ↦ g·conj(f′(z)).
    """
    if isinstance(d, float):
        return d
    dtype = getattr(d, "dtype", None)
    return np.conjugate(d) if (isinstance(d, complex) if dtype is None else dtype.kind == "c") else d


def _stretch(t: Any, shape: tuple[int, ...]) -> Any:
    return t if t is None or t.shape == shape else np.broadcast_to(t, shape)


def _add(total: Any, term: Any) -> Any:
    return term if total is None else total if term is None else total + term


_AS_GIVEN = (lambda y: y).__code__.co_code


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
        kept, code = super().keeps(i), getattr(self.rules[i], "__code__", None)
        product = len(self.needs[i]) == 1 and getattr(code, "co_code", None) == _AS_GIVEN  # exact in any dtype
        return dict.fromkeys(kept, VALUE) if product else kept

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
            shape = node.parents[i].shape  # type: ignore[index,union-attr]
            return c if c.shape == shape else unbroadcast(c, shape)

        return vjp

    def last_read(self, i: int, node: Node) -> bool:
        """Whether no rule of a later argument will read the cotangent."""
        return not any(node.parents[i + 1 :])  # type: ignore[index]

    def _vjp_by_rule(self, i: int) -> Callable[..., Any]:
        rule: Any = self.rules[i]
        local, names = self.local[i], self.needs[i]
        alone = len(self.arguments) == 1
        if len(names) == 1 and names[0] not in self.defaults:  # the usual case, without a generic call
            place = self.place(names[0])

            def vjp(g: Any, node: Node, saved: Saved) -> Any:
                d = rule(saved[place])
                if type(d) is type(g) in PLAIN and d.dtype.kind != "c":
                    out = spare(g, d) if g.nbytes > LARGE and self.last_read(i, node) else None
                    c = _multiply(g, d) if out is None else _multiply(g, d, out)
                else:
                    c = times(g, conjugate(d))
                if alone:
                    return c
                shape = node.parents[i].shape  # type: ignore[index,union-attr]
                return c if c.shape == shape else unbroadcast(c, shape)

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
                total = _add(total, term)
        return _stretch(total, node.shape)


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


def expanded(reduced: Any, axis: Any, keepdims: bool) -> Any:
    """A reduced array with the reduced axes put back with length 1 (a full reduction broadcasts as it is)."""
    if keepdims or axis is None:
        return reduced
    if type(reduced) in PLAIN and type(axis) is int:  # np.expand_dims takes 3 µs
        rest = reduced.ndim - axis if axis >= 0 else -1 - axis
        return reduced[(..., None, *(slice(None),) * rest)]
    return np.expand_dims(reduced, axis)


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
        return _stretch(self.function(*args, **node.params), node.shape)

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
                total = _add(total, _stretch(self.function(*args, **node.params), node.shape))
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
                total = _add(total, push(saved, params, t))
        return _stretch(total, node.shape)


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
