"""Sample calls of reductions and statistics."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from functions.trees import Constant
from samples.call import Call, Calls
from samples.reductions import mask_of, some, varied, with_holes
from samples.scans import METHODS
from strategies import Numbers, axes, complexes, even, generators, positive, real, shapes

small = {"max_dims": 2, "max_side": 3}


def apart(rng, shape):
    """Complex numbers of which no two are equal."""
    return np.asarray(even(rng, shape) + 1j * real(rng, shape))


@st.composite
def reduced(draw: st.DrawFn, numbers: Numbers, *settings: str) -> Call:
    """Every form of axis and keepdims; sometimes ``where``, ``initial`` (an extreme needs both), ``dtype``."""
    rng = draw(generators)
    x = numbers(rng, draw(shapes(**small)))
    params = {"axis": draw(axes(x.ndim))}
    if draw(st.booleans()):
        params["keepdims"] = draw(st.booleans())
    if "dtype" in settings and x.dtype.kind == "f" and draw(st.booleans()):
        params["dtype"] = draw(st.sampled_from([np.float64, np.complex128]))
    if "initial" in settings and draw(st.booleans()):
        params["initial"] = draw(st.sampled_from([0.5, -3.25, 2]))
    if "where" in settings and ("initial" in params or "extreme" not in settings) and draw(st.booleans()):
        params["where"] = mask_of(rng, x)
    return Call((x,), params)


@st.composite
def chosen(draw: st.DrawFn, calls: Calls) -> Call:
    """A call of numbers some of which do not count."""
    (x,), params = draw(calls.filter(lambda call: call.params["axis"] != ()))
    return Call((x,), params | ({"where": some(draw(generators), x.shape)} if draw(st.booleans()) else {}))


@st.composite
def about(draw: st.DrawFn, numbers: Numbers) -> Call:
    """A variance about a mean that is given, or with a correction in place of ddof."""
    (x,), params = draw(varied(numbers))
    if draw(st.booleans()):
        return Call((x,), {"axis": params["axis"], "correction": params["ddof"]})
    return Call((x,), params | {"mean": numbers(draw(generators), np.mean(x, params["axis"], keepdims=True).shape)})


@st.composite
def averaged(draw: st.DrawFn, numbers: Numbers) -> Call:
    """Without weights, with one for each number, or with one for each place along the reduced axes."""
    rng = draw(generators)
    x = numbers(rng, draw(shapes(min_dims=1, **small)))
    params = {"axis": draw(axes(x.ndim).filter(lambda a: a != ())), "returned": draw(st.booleans())}
    if draw(st.booleans()):
        params["keepdims"] = draw(st.booleans())
    kind = draw(st.sampled_from(["none", "all", "axes"]))
    if kind == "all" or (kind == "axes" and params["axis"] is None):
        params["weights"] = positive(rng, x.shape)
    elif kind == "axes":
        k = params["axis"]
        params["weights"] = positive(rng, tuple(x.shape[i] for i in (k if isinstance(k, tuple) else (k,))))
    return Call((x,), params)


@st.composite
def related(draw: st.DrawFn, numbers: Numbers, *settings: str) -> Call:
    """Variables in rows or columns, and a second set of them."""
    rng, count = draw(generators), draw(st.integers(3, 4))
    rowvar = draw(st.booleans())
    first, second = (draw(st.integers(1, 2)) for _ in range(2))
    shape = lambda n: (n, count) if rowvar else (count, n)
    x = numbers(rng, draw(st.sampled_from([(count,), shape(first)])))
    params = {"rowvar": rowvar}
    if draw(st.booleans()):
        params["y"] = numbers(rng, draw(st.sampled_from([(count,), shape(second)])) if x.ndim == 2 else (count,))
    if "weights" in settings:
        if draw(st.booleans()):
            params["aweights"] = positive(rng, (count,))
        if draw(st.booleans()):
            params["fweights"] = rng.integers(1, 4, count)
        params |= draw(st.sampled_from([{}, {"bias": True}, {"ddof": 0}, {"ddof": 1}]))
    return Call((x,), params)


@st.composite
def middle(draw: st.DrawFn) -> Call:
    """A median over every form of axis."""
    x = even(draw(generators), draw(shapes(**small)))
    return Call((x,), {"axis": draw(axes(x.ndim).filter(lambda a: a != ())), "keepdims": draw(st.booleans())})


@st.composite
def in_parts(draw: st.DrawFn, whole: int, of_axes: bool = True) -> Call:
    """One part or an array of them, by every method; with weights by the one that knows them."""
    (x,), params = draw(middle())
    part = st.sampled_from([0.1, 0.23, 0.46, 0.77]).map(lambda q: q * whole)
    q = draw(part | st.lists(part, min_size=2, max_size=2) | part.map(lambda q: Constant(np.array([[q]]))))
    params["method"] = draw(st.sampled_from(METHODS))
    if x.ndim and draw(st.booleans()):
        k = params["axis"]
        own = x.shape if k is None else tuple(x.shape[i] for i in (k if isinstance(k, tuple) else (k,)))
        weights = positive(draw(generators), draw(st.sampled_from([x.shape, own if of_axes else x.shape])))
        params |= {"method": "inverted_cdf", "weights": Constant(weights)}
    return Call((x, q), params)


FUNCTIONS: dict[str, Calls] = {
    "sum":           reduced(real, "where", "initial", "dtype") | reduced(complexes, "where", "initial"),
    "mean":          reduced(real, "dtype") | chosen(reduced(complexes)) | chosen(reduced(real)),
    "prod":          reduced(real, "where", "initial", "dtype") | reduced(complexes, "where", "initial"),
    "max":           reduced(even, "where", "initial", "extreme") | reduced(apart),
    "min":           reduced(even, "where", "initial", "extreme") | reduced(apart),
    "amax":          reduced(even),
    "amin":          reduced(even),
    "ptp":           reduced(even),
    "nansum":        with_holes(reduced(real, "where", "initial")) | reduced(complexes),
    "nanprod":       with_holes(reduced(real, "where", "initial")) | reduced(complexes),
    "nanmean":       with_holes(reduced(real)) | reduced(complexes),
    "nanmax":        with_holes(reduced(even)),
    "nanmin":        with_holes(reduced(even)),
    "var":           chosen(varied()) | varied(complexes) | about(real) | about(complexes),
    "std":           varied() | varied(complexes) | about(real) | about(complexes),
    "nanvar":        varied() | varied(complexes) | about(real),
    "nanstd":        varied() | varied(complexes) | about(real),
    "average":       averaged(real) | averaged(complexes),
    "cov":           related(real, "weights") | related(complexes, "weights"),
    "corrcoef":      related(real),
    "median":        middle(),
    "nanmedian":     with_holes(middle()),
    "quantile":      in_parts(1),
    "percentile":    in_parts(100),
    "nanquantile":   in_parts(1, of_axes=False),
    "nanpercentile": in_parts(100, of_axes=False),
}  # fmt: skip
