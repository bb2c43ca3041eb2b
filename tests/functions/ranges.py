"""Sample calls of sequences between two ends, and of functions applied along axes."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from samples.call import Call, Calls
from samples.ranges import between
from strategies import axis, complexes, generators, positive, real, shapes


@st.composite
def with_base(draw: st.DrawFn) -> Call:
    (start, stop), params = draw(between(real))
    base = draw(st.sampled_from([10.0, np.array(2.0), positive(draw(generators), stop.shape)]))
    return Call((start, stop), {**params, "base": base})


@st.composite
def along(draw: st.DrawFn) -> Call:
    x = real(draw(generators), draw(shapes(min_dims=1)))
    return Call((draw(st.sampled_from([np.sum, np.cumsum, np.diagflat])), draw(axis(x.ndim)), x), {})


@st.composite
def over(draw: st.DrawFn) -> Call:
    x = real(draw(generators), draw(shapes(min_dims=1)))
    axes = draw(axis(x.ndim) | st.lists(axis(x.ndim), min_size=1, max_size=3))
    return Call((draw(st.sampled_from([np.sum, np.cumsum])), x, axes), {})


def stepped(call: Call) -> Call:
    return Call(call.args, {**call.params, "retstep": call.params["num"] > 1})


FUNCTIONS: dict[str, Calls] = {
    "linspace":         between(real) | between(complexes) | between(real).map(stepped),
    "logspace":         with_base(),
    "geomspace":        between(positive) | between(complexes),
    "apply_along_axis": along(),
    "apply_over_axes":  over(),
}  # fmt: skip
