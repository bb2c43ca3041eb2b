"""Sample calls of functions that choose by index, mask or condition."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from functions.shaping import Numbers, arrays
from samples.call import Call, Calls
from strategies import axis, broadcastable, generators, mask


@st.composite
def taken(draw: st.DrawFn) -> Call:
    """One index, lists and arrays of them, out of bounds where that is answered."""
    x, mode = draw(arrays(min_dims=1)), draw(st.sampled_from(["raise", "wrap", "clip"]))
    along = draw(st.none() | axis(x.ndim))
    n = x.size if along is None else x.shape[along]
    place = st.integers(-n, n - 1) if mode == "raise" else st.integers(-2 * n, 2 * n)
    listed = st.lists(place, max_size=3)
    return Call((x, draw(place | listed | listed.map(lambda i: np.array([i], int)))), {"axis": along, "mode": mode})


@st.composite
def taken_along(draw: st.DrawFn) -> Call:
    """Rows read at their own indices, or at one row of indices for all."""
    rng, x = draw(generators), draw(arrays(min_dims=1))
    along = draw(axis(x.ndim))
    sides = [n if draw(st.booleans()) else 1 for n in x.shape]
    sides[along] = draw(st.integers(0, 3))
    n = x.shape[along]
    if draw(st.booleans()):
        return Call((x, rng.integers(-x.size, x.size, 4)), {"axis": None})
    return Call((x, rng.integers(-n, n, sides)), {"axis": along})


@st.composite
def compressed(draw: st.DrawFn) -> Call:
    x = draw(arrays(min_dims=1))
    along = draw(st.none() | axis(x.ndim))
    n = x.size if along is None else x.shape[along]
    return Call((draw(st.lists(st.booleans(), min_size=1, max_size=n)), x), {"axis": along})


@st.composite
def extracted(draw: st.DrawFn) -> Call:
    x = draw(arrays())
    return Call((mask(draw(generators), x.shape), x), {})


@st.composite
def chosen(draw: st.DrawFn) -> Call:
    """Arrays and Python numbers to choose from, by numbers in bounds or brought there."""
    rng, count = draw(generators), draw(st.integers(1, 3))
    first, *others = draw(broadcastable(count + 1))
    choices: list[Any] = [draw(Numbers)(rng, shape) for shape in others]
    mode = draw(st.sampled_from(["raise", "wrap", "clip"]))
    low, high = (0, len(choices)) if mode == "raise" else (-4, 5)
    numbers = rng.integers(low, high, first)
    if draw(st.booleans()):
        choices, numbers = [*choices, 2.0], np.minimum(numbers, count)
    return Call((numbers, choices), {"mode": mode})


@st.composite
def selected(draw: st.DrawFn) -> Call:
    rng, count = draw(generators), draw(st.integers(1, 2))
    together = draw(broadcastable(2 * count + 1))
    conditions = [mask(rng, shape) for shape in together[:count]]
    choices: list[Any] = [draw(Numbers)(rng, shape) for shape in together[count:-1]]
    if count > 1 and draw(st.booleans()):
        choices[1] = 3
    default = draw(Numbers)(rng, together[-1])
    return Call((conditions, choices), draw(st.sampled_from([{}, {"default": default}, {"default": 1.5}])))


@st.composite
def in_pieces(draw: st.DrawFn) -> Call:
    x = draw(arrays())
    rng = draw(generators)
    one, other = mask(rng, x.shape), mask(rng, x.shape)
    one.flat[:1] = True  # without a piece that applies nothing depends on x
    pieces = [
        ([one], [lambda x: x**2]),
        ([one], [lambda x: 3 * x, 2.5]),
        ([one, other], [lambda x: x * 2, np.sin, lambda x: 1 / x]),
        (one, [np.exp, lambda x: x * x[::-1]]),  # a single condition for a vector
    ]
    return Call((x, *draw(st.sampled_from(pieces if x.ndim == 1 else pieces[:3]))), {})


@st.composite
def alternatives(draw: st.DrawFn) -> Call:
    rng, (one, two, three) = draw(generators), draw(broadcastable(3))
    y = draw(st.sampled_from([draw(Numbers)(rng, three), 2.5]))
    return Call((mask(rng, one), draw(Numbers)(rng, two), y), {})


FUNCTIONS: dict[str, Calls] = {
    "take":         taken(),
    "take_along_axis": taken_along(),
    "compress":     compressed(),
    "extract":      extracted(),
    "choose":       chosen(),
    "select":       selected(),
    "piecewise":    in_pieces(),
    "where":        alternatives(),
}  # fmt: skip
