"""Samples of what only moves numbers."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from samples.call import Call, Calls
from strategies import (
    axes,
    axis,
    either_sign,
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
def gathered(draw: st.DrawFn) -> Call:
    """Pieces of different shapes, in a row and then in one shape."""
    rng = draw(generators)
    parts = tuple(real(rng, draw(shapes(max_dims=2))) for _ in range(draw(st.integers(1, 3))))
    starts = tuple(int(n) for n in np.cumsum([0, *(p.size for p in parts)]))
    return Call(parts, {"starts": starts, "shape": draw(same_size((starts[-1],)))})


@st.composite
def converted(draw: st.DrawFn) -> Call:
    """To dtypes that finite differences can be taken in."""
    x = real(draw(generators), draw(shapes()))
    return Call((x,), {"dtype": draw(st.sampled_from([np.float64, np.longdouble]))})


@st.composite
def moved(draw: st.DrawFn) -> Call:
    """One axis or several."""
    shape = draw(shapes(min_dims=1))
    x, count = real(draw(generators), shape), draw(st.integers(1, len(shape)))
    here, there = (draw(st.permutations(range(x.ndim))) for _ in range(2))
    several = [tuple(draw(either_sign(a, x.ndim)) for a in order[:count]) for order in (here, there)]
    source, destination = draw(st.sampled_from([(several[0][0], several[1][0]), tuple(several)]))
    return Call((x,), {"source": source, "destination": destination})


@st.composite
def flipped(draw: st.DrawFn) -> Call:
    x = real(draw(generators), draw(shapes()))
    return Call((x,), {"axis": draw(axes(x.ndim))})


@st.composite
def rolled(draw: st.DrawFn) -> Call:
    """All numbers in a row, one axis, or several."""
    x, shifts = real(draw(generators), draw(shapes(min_dims=1))), st.integers(-4, 4)
    forms = [
        st.tuples(shifts, st.none()),
        st.tuples(shifts, axis(x.ndim)),
        st.tuples(st.tuples(shifts, shifts), st.tuples(axis(x.ndim), axis(x.ndim))),
        st.tuples(shifts, st.tuples(axis(x.ndim), axis(x.ndim))),
    ]
    shift, along = draw(st.one_of(forms))
    return Call((x,), {"shift": shift, "axis": along})


@st.composite
def turned(draw: st.DrawFn) -> Call:
    x = real(draw(generators), draw(shapes(min_dims=2)))
    plane = tuple(draw(either_sign(a, x.ndim)) for a in draw(st.permutations(range(x.ndim)))[:2])
    return Call((x,), {"k": draw(st.integers(-5, 5)), "axes": plane})


@st.composite
def triangular(draw: st.DrawFn) -> Call:
    """Stacks of matrices, and a vector, whose rows are all the same."""
    x = real(draw(generators), draw(shapes(min_dims=1)))
    return Call((x,), {"k": draw(st.integers(-3, 3))})


@st.composite
def on_diagonal(draw: st.DrawFn) -> Call:
    x = real(draw(generators), draw(shapes(min_dims=2)))
    one, other = (draw(either_sign(a, x.ndim)) for a in draw(st.permutations(range(x.ndim)))[:2])
    return Call((x,), {"offset": draw(st.integers(-4, 4)), "axis1": one, "axis2": other})


@st.composite
def repeated(draw: st.DrawFn) -> Call:
    """So many times each, or one number of times for each."""
    x = real(draw(generators), draw(shapes()))
    along = draw(st.none() | axis(x.ndim)) if x.ndim else None
    n = x.size if along is None else x.shape[along]
    counts = st.integers(0, 3)
    return Call((x,), {"repeats": draw(counts | st.lists(counts, min_size=n, max_size=n)), "axis": along})


SAMPLES: dict[str, Calls] = {
    "reshape":      reshaped(),
    "transpose":    transposed(),
    "swapaxes":     swapped(),
    "moveaxis":     moved(),
    "expand_dims":  expanded(),
    "squeeze":      squeezed(),
    "broadcast_to": stretched(),
    "flip":         flipped(),
    "rot90":        turned(),
    "roll":         rolled(),
    "diagonal":     on_diagonal(),
    "tril":         triangular(),
    "triu":         triangular(),
    "concatenate":  joined(),
    "assembled":    gathered(),
    "repeat":       repeated(),
    "astype":       converted(),
}  # fmt: skip

COMPOSITES: dict[str, Calls] = {
    "ravel":        reshaped().map(lambda call: Call(call.args, {})),
}  # fmt: skip
