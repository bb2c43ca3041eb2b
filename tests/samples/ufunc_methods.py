"""Samples of the primitives behind the methods of ufuncs."""

from __future__ import annotations

from hypothesis import strategies as st

import autograd_core.border.ufunc_methods  # noqa: F401 (loaded when first asked for)
from samples.call import Call, Calls
from strategies import axis, generators, real, shapes


@st.composite
def reduced_along_one(draw: st.DrawFn) -> Call:
    x = real(draw(generators), draw(shapes(min_dims=1)))
    return Call((x,), {"axis": draw(axis(x.ndim)), "keepdims": draw(st.booleans())})


SAMPLES: dict[str, Calls] = {
    "logaddexp.reduce": reduced_along_one(),
}
