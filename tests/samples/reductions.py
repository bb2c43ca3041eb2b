"""Samples of the reductions."""

from __future__ import annotations

from hypothesis import strategies as st

from samples.call import Call, Calls, along, reduced
from strategies import (
    axis,
    even,
    generators,
    real,
    shapes,
)


@st.composite
def varied(draw: st.DrawFn) -> Call:
    """A variance of at least two numbers each."""
    x = real(draw(generators), draw(shapes(min_dims=1, min_side=2)))
    return Call((x,), {"axis": draw(st.none() | axis(x.ndim)), "ddof": draw(st.integers(0, 1))})


SAMPLES: dict[str, Calls] = {
    "sum":          reduced(real),
    "mean":         reduced(real),
    "max":          reduced(even),
    "min":          reduced(even),
    "logsumexp":    reduced(real),
    "softmax":      along(real),
    "log_softmax":  along(real),
}  # fmt: skip

COMPOSITES: dict[str, Calls] = {
    "var":          varied(),
}  # fmt: skip
