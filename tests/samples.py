"""Sample calls of every primitive: adding a primitive means adding one row here, and every law is tested on it."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from autograd_core.primitive import Primitive, registry
from strategies import (
    Array,
    Numbers,
    axes,
    axis,
    broadcastable,
    even,
    generators,
    indices,
    mask,
    odd,
    orders,
    positive,
    real,
    same_size,
    shapes,
)


class Call(NamedTuple):
    """``f(*args, **params)``."""

    args: tuple[Array, ...]
    params: dict[str, Any]


Calls = st.SearchStrategy[Call]

# Kinds of calls ------------------------------------------------------------------------------------------------------


@st.composite
def elementwise(draw: st.DrawFn, *numbers: Numbers) -> Call:
    """Operands that broadcast together."""
    rng, together = draw(generators), draw(broadcastable(len(numbers)))
    return Call(tuple(n(rng, shape) for n, shape in zip(numbers, together, strict=True)), {})


@st.composite
def reduced(draw: st.DrawFn, numbers: Numbers = real) -> Call:
    """Every form of ``axis`` and ``keepdims``."""
    x = numbers(draw(generators), draw(shapes()))
    return Call((x,), {"axis": draw(axes(x.ndim)), "keepdims": draw(st.booleans())})


@st.composite
def along(draw: st.DrawFn, numbers: Numbers = real) -> Call:
    """One axis."""
    x = numbers(draw(generators), draw(shapes(min_dims=1)))
    return Call((x,), {"axis": draw(axis(x.ndim))})


@st.composite
def varied(draw: st.DrawFn) -> Call:
    """A variance of at least two numbers each."""
    x = real(draw(generators), draw(shapes(min_dims=1, min_side=2)))
    return Call((x,), {"axis": draw(st.none() | axis(x.ndim)), "ddof": draw(st.integers(0, 1))})


@st.composite
def product(draw: st.DrawFn) -> Call:
    """Stacks of matrices and vectors whose shapes fit."""
    fitting = npst.mutually_broadcastable_shapes(signature="(m?,n),(n,p?)->(m?,p?)", max_dims=2, max_side=3)
    rng, together = draw(generators), draw(fitting).input_shapes
    return Call(tuple(real(rng, shape) for shape in together), {})


@st.composite
def reshaped(draw: st.DrawFn) -> Call:
    shape = draw(shapes())
    return Call((real(draw(generators), shape),), {"shape": draw(same_size(shape))})


@st.composite
def transposed(draw: st.DrawFn) -> Call:
    shape = draw(shapes(min_dims=2))
    return Call((real(draw(generators), shape),), {"axes": draw(orders(len(shape)))})


@st.composite
def swapped(draw: st.DrawFn) -> Call:
    shape = draw(shapes(min_dims=1))
    one, other = draw(axis(len(shape))), draw(axis(len(shape)))
    return Call((real(draw(generators), shape),), {"axis1": one, "axis2": other})


@st.composite
def expanded(draw: st.DrawFn) -> Call:
    x = real(draw(generators), draw(shapes()))
    two = st.permutations(range(x.ndim + 2)).map(lambda order: tuple(order[:2]))
    return Call((x,), {"axis": draw(axis(x.ndim + 1) | two)})


@st.composite
def squeezed(draw: st.DrawFn) -> Call:
    shape = draw(shapes(min_dims=1, max_side=2))
    ones = [i for i, n in enumerate(shape) if n == 1]
    chosen = st.sampled_from([*ones, *(i - len(shape) for i in ones), tuple(ones)]) if ones else st.nothing()
    return Call((real(draw(generators), shape),), {"axis": draw(st.none() | chosen)})


@st.composite
def stretched(draw: st.DrawFn) -> Call:
    shape = draw(shapes())
    lost = draw(st.integers(0, len(shape)))
    before = tuple(n if draw(st.booleans()) else 1 for n in shape[lost:])
    return Call((real(draw(generators), before),), {"shape": shape})


@st.composite
def joined(draw: st.DrawFn) -> Call:
    """One to three arrays whose shapes differ along the axis at most."""
    rng, shape = draw(generators), draw(shapes(min_dims=1))
    place = draw(axis(len(shape)))
    sides = draw(st.lists(st.integers(0, 3), min_size=1, max_size=3))
    position = place % len(shape)
    parts = tuple(real(rng, (*shape[:position], side, *shape[position + 1 :])) for side in sides)
    return Call(parts, {"axis": place})


@st.composite
def read(draw: st.DrawFn) -> Call:
    shape = draw(shapes())
    return Call((real(draw(generators), shape),), {"index": draw(indices(shape))})


@st.composite
def added_at(draw: st.DrawFn) -> Call:
    shape = draw(shapes())
    index = draw(indices(shape))
    values = real(draw(generators), np.zeros(shape)[index].shape)
    return Call((values,), {"shape": shape, "index": index})


@st.composite
def converted(draw: st.DrawFn) -> Call:
    """To dtypes that finite differences can be taken in."""
    x = real(draw(generators), draw(shapes()))
    return Call((x,), {"dtype": draw(st.sampled_from([np.float64, np.longdouble]))})


# The rows ------------------------------------------------------------------------------------------------------------

SAMPLES: dict[str, Calls] = {
    # Arithmetic
    "add":          elementwise(real, real),
    "subtract":     elementwise(real, real),
    "multiply":     elementwise(real, real),
    "divide":       elementwise(real, real),
    "negative":     elementwise(real),
    "positive":     elementwise(real),
    "reciprocal":   elementwise(real),
    # Powers, exponentials and logarithms
    "power":        elementwise(positive, real),
    "square":       elementwise(real),
    "sqrt":         elementwise(positive),
    "exp":          elementwise(real),
    "expm1":        elementwise(real),
    "log":          elementwise(positive),
    "log1p":        elementwise(positive),
    # Trigonometric and hyperbolic
    "sin":          elementwise(real),
    "cos":          elementwise(real),
    "tanh":         elementwise(real),
    # Steps and corners
    "sign":         elementwise(real),
    "absolute":     elementwise(real),
    "maximum":      elementwise(even, odd),
    "minimum":      elementwise(even, odd),
    "step":         elementwise(real),
    "relu":         elementwise(real),
    "sigmoid":      elementwise(real),
    "softplus":     elementwise(real),
    "where":        elementwise(mask, real, real),
    # Reductions
    "sum":          reduced(real),
    "mean":         reduced(real),
    "max":          reduced(even),
    "min":          reduced(even),
    "logsumexp":    reduced(real),
    "softmax":      along(real),
    "log_softmax":  along(real),
    # Contractions
    "matmul":       product(),
    # Shaping and indexing
    "reshape":      reshaped(),
    "transpose":    transposed(),
    "swapaxes":     swapped(),
    "expand_dims":  expanded(),
    "squeeze":      squeezed(),
    "broadcast_to": stretched(),
    "concatenate":  joined(),
    "astype":       converted(),
    "getitem":      read(),
    "scatter":      added_at(),
}  # fmt: skip

COMPOSITES: dict[str, Calls] = {
    "var":          varied(),
    "ravel":        reshaped().map(lambda call: Call(call.args, {})),
}  # fmt: skip

# What is walked: the library's own primitives, not those that doctests, tests or users declare -----------------------


def _is_ours(op: Primitive) -> bool:
    return isinstance(op.forward, np.ufunc) or op.forward.__module__.split(".")[0] == "autograd_core"


LIBRARY: dict[str, Primitive] = {name: op for name, op in registry.items() if _is_ours(op)}
SAMPLED = [name for name in SAMPLES if name in LIBRARY]


def differentiable(op: Primitive, call: Call) -> list[int]:
    """Positions of the arguments that derivatives exist for."""
    rules = op.rules * len(call.args) if op.variadic else op.rules
    return [i for i, rule in enumerate(rules) if rule is not None]


def of_differentiable(op: Primitive, call: Call) -> tuple[Any, list[Array]]:
    """The call as a function of its differentiable arguments alone, and those arguments."""
    places = differentiable(op, call)

    def f(*given: Any) -> Any:
        args: list[Any] = list(call.args)
        for place, value in zip(places, given, strict=True):
            args[place] = value
        return op.function(*args, **call.params)

    f.__name__ = op.name
    return f, [call.args[i] for i in places]


def numbers_like(rng: np.random.Generator, array: Any) -> Array:
    """A random tangent or cotangent."""
    return np.asarray(rng.normal(size=np.shape(array)), dtype=np.result_type(array))


def inner(a: Any, b: Any) -> float:
    """⟨a, b⟩ of arrays, or of tuples of them."""
    pairs = zip(a, b, strict=True) if isinstance(a, (tuple, list)) else [(a, b)]
    return math.fsum(float(np.sum(np.multiply(x, y, dtype=np.float64))) for x, y in pairs)
