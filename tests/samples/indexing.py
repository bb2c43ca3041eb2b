"""Samples of reading, writing and adding up at an index."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from samples.call import Call, Calls
from strategies import (
    axis,
    generators,
    indices,
    real,
    shapes,
)


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
def put(draw: st.DrawFn) -> Call:
    """Values that broadcast to what stands at the index, which names no place twice."""
    rng, shape = draw(generators), draw(shapes())
    basic = npst.basic_indices(shape, allow_newaxis=True, allow_ellipsis=True)
    index = draw(basic | npst.arrays(np.bool_, shape))
    there = np.zeros(shape)[index].shape
    lost = draw(st.integers(0, len(there)))
    given = tuple(n if draw(st.booleans()) else 1 for n in there[lost:])
    return Call((real(rng, shape), real(rng, given)), {"index": index})


@st.composite
def windowed(draw: st.DrawFn) -> Call:
    """One side, along one axis; a side for each of two axes, or for all."""
    shape = draw(shapes(min_dims=1, max_dims=2, max_side=4))
    x, all_axes = real(draw(generators), shape), tuple(range(len(shape)))
    place = draw(axis(len(shape)))
    sides = tuple(draw(st.integers(1, n)) for n in shape)
    forms = [(sides[place], place), (sides[::-1], all_axes[::-1]), (sides, None), ((sides[place],), (place,))]
    window, along = draw(st.sampled_from(forms))
    return Call((x,), {"window_shape": window, "axis": along})


@st.composite
def overlapping(draw: st.DrawFn) -> Call:
    (x,), settings = draw(windowed())
    windows = np.lib.stride_tricks.sliding_window_view(x, **settings)
    return Call((real(draw(generators), windows.shape),), {"shape": x.shape, **settings})


SAMPLES: dict[str, Calls] = {
    "getitem":      read(),
    "scatter":      added_at(),
    "put_at":       put(),
    "sliding_window_view": windowed(),
    "overlap_add":  overlapping(),
}  # fmt: skip
