"""Samples of reading and adding up at an index."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from samples.call import Call, Calls
from strategies import (
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


SAMPLES: dict[str, Calls] = {
    "getitem":      read(),
    "scatter":      added_at(),
}  # fmt: skip
