"""Samples of what goes along an axis, and of what depends on the order."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from samples.call import Call, Calls, along
from strategies import axis, even, generators, real, shapes

METHODS = (
    *("linear", "lower", "higher", "nearest", "midpoint", "hazen", "weibull", "median_unbiased", "normal_unbiased"),
    *("inverted_cdf", "averaged_inverted_cdf", "closest_observation", "interpolated_inverted_cdf"),
)


@st.composite
def differenced(draw: st.DrawFn) -> Call:
    """Once or several times, until nothing is left."""
    x = real(draw(generators), draw(shapes(min_dims=1)))
    return Call((x,), {"n": draw(st.integers(1, 4)), "axis": draw(axis(x.ndim))})


@st.composite
def permuted(draw: st.DrawFn) -> Call:
    x = real(draw(generators), draw(shapes(min_dims=1)))
    k = draw(axis(x.ndim))
    return Call((x, np.argsort(draw(generators).random(x.shape), axis=k)), {"axis": k})


@st.composite
def counted(draw: st.DrawFn) -> Call:
    """Several weights in one bin, and empty bins."""
    rng, n = draw(generators), draw(st.integers(1, 5))
    return Call((rng.integers(0, 4, n), real(rng, (n,))), {"minlength": draw(st.sampled_from([0, 6]))})


@st.composite
def ordered(draw: st.DrawFn) -> Call:
    """In one row."""
    return Call((even(draw(generators), (draw(st.integers(1, 6)),)),), {})


@st.composite
def in_parts(draw: st.DrawFn, whole: int) -> Call:
    """One part or an array of them, single so that they widen nothing."""
    (x,), _ = draw(ordered())
    part = st.sampled_from([0.0, 0.1, 0.23, 0.5, 0.77, 1.0]).map(lambda q: q * whole)
    q = draw(part | st.lists(part, min_size=2, max_size=2).map(lambda several: tuple(map(np.float32, several))))
    return Call((x,), {"q": q, "method": draw(st.sampled_from(METHODS))})


SAMPLES: dict[str, Calls] = {
    "cumsum":        along(real),
    "cumprod":       along(real),
    "diff":          differenced(),
    "unwrap":        along(even),
    "bincount":      counted(),
    "permute":       permuted(),
    "median":        ordered(),
    "nanmedian":     ordered(),
    "quantile":      in_parts(1),
    "nanquantile":   in_parts(1),
    "percentile":    in_parts(100),
    "nanpercentile": in_parts(100),
}  # fmt: skip
