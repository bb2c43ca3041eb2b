"""The five forms in which a primitive is declared.

==============  ======================================  ===========================================
form            a rule gives                            used as
==============  ======================================  ===========================================
elementwise     ∂out/∂x, an array of out's shape        ẋ·d forward, g·d backward (g·conj d)
reduction       ∂out/∂x, an array of x's shape          Σ ẋ·d forward, g·d backward
linear          the adjoint g ↦ Aᵀg                     A ẋ forward (the function itself), Aᵀg backward
multilinear     the adjoint in each argument            the same, one argument at a time
primitive       vjp rules, and the jvp as a function    as they stand
==============  ======================================  ===========================================

ẋ is a tangent, g a cotangent. Broadcasting is undone here and nowhere else. Each form is a function that can also
decorate: ``@linear(x=lambda g, x, axis: …)`` above ``def total(x, axis): …``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .node import SPEC, VALUE, Node
from .primitive import Primitive, Rule
from .tensor import Tensor, bare

__all__ = ["elementwise", "reduction", "linear", "multilinear", "primitive"]


# Looked up in every backward step of every operation.
_multiply, _ndarray = np.multiply, np.ndarray
_BY_OPERATOR = (np.generic, Tensor)


def unbroadcast(g: Any, shape: tuple[int, ...]) -> Any:
    """Adjoint of broadcasting: sum ``g`` over the axes along which ``shape`` was stretched.

    >>> unbroadcast(np.ones((4, 3)), (3,)), unbroadcast(np.ones((2, 3)), (2, 1))
    (array([4., 4., 4.]), array([[3.],
           [3.]]))
    """
    if g.shape == shape:
        return g
    lead = len(g.shape) - len(shape)
    stretched = tuple(lead + i for i, n in enumerate(shape) if n == 1 and g.shape[lead + i] != 1)
    axes = (*range(lead), *stretched)
    return np.reshape(np.add.reduce(g, axis=axes) if type(g) is np.ndarray else np.sum(g, axis=axes), shape)


def times(t: Any, d: Any) -> Any:
    """t·d by the cheaper of two ways: the ufunc for arrays, Python's operator for NumPy scalars and tensors."""
    return t * d if isinstance(t, _BY_OPERATOR) and type(d) is not _ndarray else _multiply(t, d)


def moved(t: Any, d: Any) -> Any:
    """t·d of a tangent ``t``: nothing moves along 0, also where the slope is infinite or none."""
    c = times(t, d)
    return np.where(np.equal(t, 0), 0, c) if _holds_nan(bare(c)) else c


def _holds_nan(array: Any) -> bool:
    if type(array) is not _ndarray:
        return bool(np.any(np.isnan(array)))
    if array.dtype.kind == "f":
        flat = array.ravel()
        squares = flat.dot(flat)  # one pass, and half a microsecond for a short array; NaN where one of them is
        return bool(squares != squares)
    return bool(np.isnan(array).any())


def conjugate(d: Any) -> Any:
    """The complex conjugate; of what is real, itself.

    Cotangents follow PyTorch's convention: that of a complex z = a + ib is ∂L/∂a + i ∂L/∂b for a real loss L, so that
    z − ηz̄ descends. A holomorphic row w = f(z) then has the adjoint g ↦ g·conj(f′(z)).
    """
    if isinstance(d, (float, int)):
        return d
    dtype = getattr(d, "dtype", None)
    return np.conjugate(d) if isinstance(d, complex) or (dtype is not None and dtype.kind == "c") else d


def _stretch(t: Any, shape: tuple[int, ...]) -> Any:
    return t if t is None or t.shape == shape else np.broadcast_to(t, shape)


def _add(total: Any, term: Any) -> Any:
    return term if total is None else total if term is None else total + term


class Elementwise(Primitive):
    """out[k] = f(x[k], y[k], …) after broadcasting; a rule gives ∂out/∂argument: an array, or the number 1, −1 or 0."""

    fix = (
        "make the shapes broadcast: aligned from the right, sizes are equal or one of them is 1 (x[:, None], reshape)."
    )

    def __init__(self, *declaration: Any, vjp: dict[str, Callable[..., Any]] | None = None) -> None:
        self.quick = vjp or {}
        super().__init__(*declaration)

    def advice(self, args: Sequence[Any]) -> str:
        try:
            np.broadcast_shapes(*map(np.shape, args))
        except ValueError:
            return self.fix
        return ""

    def make_vjp(self, i: int) -> Callable[..., Any]:
        if not callable(self.rules[i]):
            return self._constant_vjp(i, self.rules[i])
        quick, by_rule = self.quick.get(self.arguments[i]), self._vjp_by_rule(i)
        if quick is None:
            return by_rule
        places = [self.place(name) for name in self.needs[i]]

        def vjp(g: Any, node: Node, saved: Sequence[Any]) -> Any:
            kept = [saved[place] for place in places]
            for a in (g, *kept):
                if type(a) is not _ndarray or a.dtype.kind == "c":
                    return by_rule(g, node, saved)
            return unbroadcast(quick(g, *kept), node.parents[i].shape)  # type: ignore[index,union-attr]

        return vjp

    def _vjp_by_rule(self, i: int) -> Callable[..., Any]:
        rule: Any = self.rules[i]
        local, names = self.local[i], self.needs[i]
        alone = len(self.arguments) == 1
        if len(names) == 1 and names[0] not in self.defaults:  # the usual case, without a generic call
            place = self.place(names[0])

            def vjp(g: Any, node: Node, saved: Sequence[Any]) -> Any:
                d = rule(saved[place])
                if type(d) is _ndarray and type(g) is _ndarray and d.dtype.kind != "c":
                    c = _multiply(g, d)
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

    def chosen_vjp(self, i: int, g: Any, node: Node, saved: Sequence[Any], chosen: Any) -> tuple[Any, Any]:
        if chosen is None or not callable(self.rules[i]):
            return self.vjps[i](g, node, saved), chosen
        with np.errstate(all="ignore"):
            d = np.where(chosen, conjugate(self.local[i](saved, node.params)), 0)
        return unbroadcast(times(g, d), node.parents[i].shape), chosen  # type: ignore[index,union-attr]

    def jvp(self, node: Node, saved: Sequence[Any], tangents: Sequence[Any]) -> Any:
        total = None
        for t, rule, local in zip(tangents, self.rules, self.local, strict=True):
            if t is not None and rule is not None:
                d = local(saved, node.params)
                term = moved(t, d) if callable(rule) else t if d == 1 else -t if d == -1 else None
                total = _add(total, term)
        return _stretch(total, node.shape)


class Reduction(Primitive):
    """out = f(x) along ``axis``; the rule gives ∂out/∂x with x's shape, from ``ans`` with the reduced axes kept."""

    fix = "give an axis that the array has."

    def make_vjp(self, i: int) -> Callable[..., Any]:
        def vjp(g: Any, node: Node, saved: Sequence[Any]) -> Any:
            params = node.params
            return np.multiply(expanded(g, params["axis"], params["keepdims"]), conjugate(self.weights(node, saved)))

        return vjp

    def jvp(self, node: Node, saved: Sequence[Any], tangents: Sequence[Any]) -> Any:
        (t,), params = tangents, node.params or {}
        return np.sum(moved(t, self.weights(node, saved)), axis=params["axis"], keepdims=params["keepdims"])

    def weights(self, node: Node, saved: Sequence[Any]) -> Any:
        """∂out/∂x, of x's shape."""
        params, ans = node.params, saved[-1]
        ans = None if ans is None else expanded(ans, params["axis"], params["keepdims"])
        return self.local[0]((*saved[:-1], ans), params)


def expanded(reduced: Any, axis: Any, keepdims: bool) -> Any:
    """A reduced array with the reduced axes put back with length 1 (a full reduction broadcasts as it is)."""
    if keepdims or axis is None:
        return reduced
    if type(reduced) is _ndarray and type(axis) is int:  # np.expand_dims takes 3 µs
        rest = reduced.ndim - axis if axis >= 0 else -1 - axis
        return reduced[(..., None, *(slice(None),) * rest)]
    return np.expand_dims(reduced, axis)


class Linear(Primitive):
    """out = A(x, …), linear in its arguments together; a rule is the adjoint, told ``g`` and x's shape.

    An argument with rule None (a mask, indices) is a constant of the map and is kept, for both directions need it.
    """

    leading = ("g",)
    separately = False

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
        local = self.local[i]
        if self.rules[i] is None:
            return lambda g, node, saved: None
        if self.variadic:
            return lambda g, node, saved, index: local(saved, {**node.params, "index": index}, g)

        def vjp(g: Any, node: Node, saved: Sequence[Any]) -> Any:
            return unbroadcast(local(saved, node.params, g), node.parents[i].shape)  # type: ignore[index,union-attr]

        return vjp

    def jvp(self, node: Node, saved: Sequence[Any], tangents: Sequence[Any]) -> Any:
        rules = self.rules * len(tangents) if self.variadic else self.rules
        some = next(t for t in tangents if t is not None)

        def zero(s: Any) -> Any:
            return 0.0 if s.dtype is None else np.zeros_like(some, s.dtype, shape=s.shape)

        args = [
            s if rule is None else zero(s) if t is None else t
            for s, t, rule in zip(saved[:-1], tangents, rules, strict=True)
        ]
        return _stretch(self.function(*args, **node.params), node.shape)


class Multilinear(Linear):
    """out = A(x, y, …), linear in each argument while the others stand still; the rule of one may name the others."""

    separately = True

    def keeps(self, i: int) -> dict[str, int]:
        return {self.arguments[0]: VALUE} if self.variadic else super().keeps(i)

    def jvp(self, node: Node, saved: Sequence[Any], tangents: Sequence[Any]) -> Any:
        total = None
        for i, t in enumerate(tangents):
            if t is not None and (self.variadic or self.rules[i] is not None):
                args = [*saved[:i], t, *saved[i + 1 : -1]]
                total = _add(total, _stretch(self.function(*args, **node.params), node.shape))
        return total


class General(Primitive):
    """A primitive whose vjp rules (told ``g``) and jvp (told ``t``, the list of tangents) are both written out."""

    leading = ("g", "t")

    def __init__(self, *declaration: Any, jvp: Callable[..., Any]) -> None:
        self.jvp_rule = jvp
        super().__init__(*declaration)

    def keeps(self, i: int) -> dict[str, int]:
        return self.values_of((*self.needs[i], *self._read_needs(self.jvp_rule)))

    def make_vjp(self, i: int) -> Callable[..., Any]:
        local, rule, names = self.local[i], self.rules[i], self.needs[i]
        if not callable(rule):
            return lambda g, node, saved: None
        if len(names) == 1 and (names[0] == "ans" or names[0] in self.arguments):  # without a generic call
            place = self.place(names[0])
            return lambda g, node, saved: rule(g, saved[place])
        return lambda g, node, saved: local(saved, node.params, g)

    def jvp(self, node: Node, saved: Sequence[Any], tangents: Sequence[Any]) -> Any:
        return self._bind(self.jvp_rule, self._read_needs(self.jvp_rule))(saved, node.params, tangents)


def _constructor(form: type[Primitive], doc: str) -> Callable[..., Any]:
    def declare(
        forward: Callable[..., Any] | None = None,
        /,
        *,
        name: str | None = None,
        contract: str = "",
        jvp: Callable[..., Any] | None = None,
        vjp: dict[str, Callable[..., Any]] | None = None,
        **rules: Rule,
    ) -> Any:
        if forward is None:
            return lambda function: declare(function, name=name, contract=contract, jvp=jvp, vjp=vjp, **rules)
        extra = {key: value for key, value in (("jvp", jvp), ("vjp", vjp)) if value is not None}
        if (jvp is None) is (form is General) or (vjp is not None and form is not Elementwise):
            raise TypeError(
                f"{name or getattr(forward, '__name__', form.__name__)}: ag.primitive is declared with jvp=, which all "
                "other forms derive; ag.elementwise alone takes vjp=. Fix: ag.primitive(f, x=…, jvp=lambda t: …)."
            )
        return form(forward, name, contract, rules, **extra).function

    declare.__doc__ = doc
    return declare


elementwise = _constructor(
    Elementwise,
    """Declare an elementwise primitive: ``argument = rule`` gives ∂out/∂argument (an array, or 1, −1, 0).

    vjp : where it pays, a cheaper way to multiply a real array ``g`` by that derivative, by argument: told g and then
        what the rule is told

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
    """Declare a primitive by its vjp rules and ``jvp`` (told ``t``, a list with a tangent or None for each argument).

    >>> import autograd_core as ag
    >>> double = primitive(lambda x: x + x, name="double", x=lambda g: 2 * g, jvp=lambda t: 2 * t[0])
    >>> ag.grad(double)(np.array(1.0))
    array(2.)
    """,
)
