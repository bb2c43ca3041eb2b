"""Samples of the contractions."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from samples.call import Call, Calls
from strategies import (
    generators,
    real,
)


@st.composite
def product(draw: st.DrawFn) -> Call:
    """Stacks of matrices and vectors whose shapes fit."""
    fitting = npst.mutually_broadcastable_shapes(signature="(m?,n),(n,p?)->(m?,p?)", max_dims=2, max_side=3)
    rng, together = draw(generators), draw(fitting).input_shapes
    return Call(tuple(real(rng, shape) for shape in together), {})


SAMPLES: dict[str, Calls] = {
    "matmul":       product(),
}  # fmt: skip
