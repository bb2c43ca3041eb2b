"""Sample calls of what goes along an axis, and of sorting."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from samples.call import Call, Calls
from samples.scans import counted
from strategies import Array, Numbers, axis, complexes, even, generators, odd, real, shapes

small = {"max_dims": 2, "max_side": 4}


def apart(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Complex numbers whose real parts are ``even``: no two are tied."""
    return np.asarray(even(rng, shape) + 1j * real(rng, shape))


@st.composite
def accumulated(draw: st.DrawFn, numbers: Numbers, dtypes: bool = False) -> Call:
    """Along an axis, or flattened."""
    x = numbers(draw(generators), draw(shapes(min_dims=1, **small)))
    params = {"axis": draw(st.none() | axis(x.ndim))}
    if dtypes and draw(st.booleans()):
        params["dtype"] = np.float64
    return Call((x,), params)


@st.composite
def cumulated(draw: st.DrawFn, numbers: Numbers) -> Call:
    x = numbers(draw(generators), draw(shapes(min_dims=1, **small)))
    params = {"axis": draw(axis(x.ndim)), "include_initial": draw(st.booleans())}
    return Call((x,), {"include_initial": True} if x.ndim == 1 and draw(st.booleans()) else params)


@st.composite
def with_nan(draw: st.DrawFn, calls: Calls) -> Call:
    (x,), params = draw(calls)
    return Call((np.where(draw(generators).random(x.shape) < 0.7, x, np.nan),), params)


@st.composite
def differenced(draw: st.DrawFn, numbers: Numbers) -> Call:
    """Something or nothing at either end: numbers, or arrays of any length."""
    rng = draw(generators)
    x = numbers(rng, draw(shapes(min_dims=1, **small)))
    k = draw(axis(x.ndim))
    params = {"n": draw(st.integers(0, 3)), "axis": k}
    for end in ("prepend", "append"):
        kind = draw(st.sampled_from(["none", "number", "array"]))
        if kind == "number":
            params[end] = draw(st.sampled_from([0.5, 2]))
        elif kind == "array":
            shape = list(x.shape)
            shape[k] = draw(st.integers(1, 2))
            params[end] = numbers(rng, tuple(shape))
    return Call((x,), params)


@st.composite
def neighbours(draw: st.DrawFn, numbers: Numbers) -> Call:
    rng = draw(generators)
    ends = st.sampled_from(
        [{}, {"to_end": 0.5}, {"to_begin": numbers(rng, (2,))}, {"to_end": numbers(rng, (1, 2)), "to_begin": 3}]
    )
    return Call((numbers(rng, draw(shapes(min_dims=1, **small))),), draw(ends))


def increasing(rng: np.random.Generator, n: int) -> Array:
    """Not evenly."""
    return np.cumsum(rng.uniform(0.3, 1.5, n))


@st.composite
def sloped(draw: st.DrawFn, numbers: Numbers) -> Call:
    """Distances of none, one or all axes, or the places of the samples."""
    rng = draw(generators)
    y = numbers(rng, draw(shapes(min_dims=1, max_dims=2, min_side=3, max_side=4)))
    params = {"edge_order": draw(st.integers(1, 2))}
    axes = list(range(y.ndim))
    if draw(st.booleans()):
        axes = [draw(axis(y.ndim))]
        params["axis"] = axes[0]
    kind = draw(st.sampled_from(["none", "one", "each"]))
    if kind == "none":
        return Call((y,), params)
    if kind == "one":
        return Call((y, draw(st.sampled_from([0.5, 2, np.array(0.7)]))), params)
    places = [increasing(rng, y.shape[k]) if draw(st.booleans()) else 0.5 for k in axes]
    return Call((y, *places), params)


@st.composite
def integrated(draw: st.DrawFn, numbers: Numbers) -> Call:
    rng = draw(generators)
    y = numbers(rng, draw(shapes(min_dims=1, **small)))
    k = draw(axis(y.ndim))
    x = draw(st.sampled_from([{}, {"dx": 0.5}, {"x": increasing(rng, y.shape[k])}, {"x": real(rng, y.shape)}]))
    return Call((y,), x | {"axis": k})


@st.composite
def interpolated(draw: st.DrawFn, numbers: Numbers) -> Call:
    """Inside and outside of the points, never on one."""
    rng, n = draw(generators), draw(st.integers(1, 4))
    xp = np.cumsum(rng.integers(1, 3, n)) * 1.0
    x = np.asarray(rng.integers(0, 8, draw(shapes(max_dims=2, max_side=2))) + rng.choice([0.3, 0.6]))
    kind = draw(st.sampled_from(["plain", "ends", "period"]))
    params = {"plain": {}, "ends": {"left": -1.5, "right": 2.5}, "period": {"period": 9.0}}[kind]
    if kind == "period":
        xp = rng.permutation(xp)
    return Call((x, xp, numbers(rng, (n,))), params)


@st.composite
def sorted_(draw: st.DrawFn, numbers: Numbers) -> Call:
    x = numbers(draw(generators), draw(shapes(min_dims=1, **small)))
    params = {"axis": draw(st.none() | axis(x.ndim))}
    return Call((x,), params | draw(st.sampled_from([{}, {"kind": "stable"}, {"stable": True}])))


@st.composite
def partitioned(draw: st.DrawFn) -> Call:
    (x,), params = draw(sorted_(even))
    size = x.size if params["axis"] is None else x.shape[params["axis"]]
    kth = draw(st.integers(-size, size - 1) | st.lists(st.integers(0, size - 1), min_size=1, max_size=2))
    return Call((x, kth), {"axis": params["axis"]})


@st.composite
def unwrapped(draw: st.DrawFn) -> Call:
    """Jumps of more than half a period, none of exactly that."""
    x = odd(draw(generators), draw(shapes(min_dims=1, **small))) * 3
    params = draw(st.sampled_from([{}, {"period": 1.7}, {"discont": 2.05, "period": 1.7}]))
    return Call((x,), params | {"axis": draw(axis(x.ndim))})


FUNCTIONS: dict[str, Calls] = {
    "cumsum":          accumulated(real, dtypes=True) | accumulated(complexes),
    "cumprod":         accumulated(real, dtypes=True) | accumulated(complexes),
    "nancumsum":       with_nan(accumulated(real)) | accumulated(complexes),
    "nancumprod":      with_nan(accumulated(real)) | accumulated(complexes),
    "diff":            differenced(real) | differenced(complexes),
    "ediff1d":         neighbours(real) | neighbours(complexes),
    "gradient":        sloped(real) | sloped(complexes),
    "trapezoid":       integrated(real) | integrated(complexes),
    "unwrap":          unwrapped(),
    "interp":          interpolated(real) | interpolated(complexes),
    "bincount":        counted(),
    "sort":            sorted_(even) | sorted_(apart),
    "sort_complex":    sorted_(apart).map(lambda call: Call(call.args, {})),
    "partition":       partitioned(),
    "cumulative_sum":  cumulated(real) | cumulated(complexes),
    "cumulative_prod": cumulated(real) | cumulated(complexes),
}  # fmt: skip
