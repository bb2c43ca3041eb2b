"""Samples of the reductions."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from samples.call import Call, Calls, along, reduced
from strategies import Array, Numbers, axis, even, generators, real, shapes


@st.composite
def varied(draw: st.DrawFn, numbers: Numbers = real) -> Call:
    """A variance of at least two numbers each."""
    x = numbers(draw(generators), draw(shapes(min_dims=1, min_side=2)))
    params = {"axis": draw(st.none() | axis(x.ndim)), "ddof": draw(st.integers(0, 1)), "keepdims": draw(st.booleans())}
    return Call((x,), params)


def some(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """True and false; the first along every axis is true."""
    first = np.indices(shape).min(axis=0) == 0 if shape else np.True_
    return np.asarray(first | (rng.random(shape) < 0.6))


@st.composite
def with_holes(draw: st.DrawFn, calls: Calls) -> Call:
    """NaN in some places, never in all of a row."""
    (x,), params = draw(calls.filter(lambda call: call.params["axis"] != ()))
    return Call((np.where(some(draw(generators), x.shape), x, np.nan),), params)


def mask_of(rng: np.random.Generator, x: Array) -> Array:
    """What is chosen of x; sometimes the same along the first axes."""
    return some(rng, x.shape[rng.integers(0, x.ndim + 1) :])


SAMPLES: dict[str, Calls] = {
    "sum":          reduced(real),
    "mean":         reduced(real),
    "prod":         reduced(real),
    "max":          reduced(even),
    "min":          reduced(even),
    "nanmean":      reduced(real),
    "nanmax":       reduced(even),
    "nanmin":       reduced(even),
    "var":          varied(),
    "std":          varied(),
    "nanvar":       varied(),
    "nanstd":       varied(),
    "logsumexp":    reduced(real),
    "softmax":      along(real),
    "log_softmax":  along(real),
}  # fmt: skip
