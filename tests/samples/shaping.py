"""Samples of what only moves numbers."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from samples.call import Call, Calls
from strategies import (
    axis,
    generators,
    orders,
    real,
    same_size,
    shapes,
)


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
def converted(draw: st.DrawFn) -> Call:
    """To dtypes that finite differences can be taken in."""
    x = real(draw(generators), draw(shapes()))
    return Call((x,), {"dtype": draw(st.sampled_from([np.float64, np.longdouble]))})


SAMPLES: dict[str, Calls] = {
    "reshape":      reshaped(),
    "transpose":    transposed(),
    "swapaxes":     swapped(),
    "expand_dims":  expanded(),
    "squeeze":      squeezed(),
    "broadcast_to": stretched(),
    "concatenate":  joined(),
    "astype":       converted(),
}  # fmt: skip

COMPOSITES: dict[str, Calls] = {
    "ravel":        reshaped().map(lambda call: Call(call.args, {})),
}  # fmt: skip
