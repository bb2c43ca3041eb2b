"""Sample calls of products, contractions and polynomials."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from samples.call import Call, Calls
from samples.linalg import (
    coefficients,
    contracted,
    crossed,
    einsums,
    evaluated,
    gufunc,
    powers,
    product,
    slid,
    summed,
)
from strategies import Numbers, axis, complexes, generators, positive, real, shapes


def of_both(calls: st.SearchStrategy[Call], complex_calls: st.SearchStrategy[Call]) -> Calls:
    """Real and complex operands, and one of each."""
    mixed = st.tuples(calls, st.booleans()).map(
        lambda drawn: Call(
            (np.asarray(drawn[0].args[0] * (1j if drawn[1] else 1)), *drawn[0].args[1:]), drawn[0].params
        )
    )
    return calls | complex_calls | mixed


@st.composite
def two(draw: st.DrawFn, numbers: Numbers = real, max_dims: int = 2, min_dims: int = 0) -> Call:
    """Two arrays of any shapes."""
    rng = draw(generators)
    sizes = shapes(min_dims=min_dims, max_dims=max_dims, max_side=2 if max_dims > 1 else 4)
    return Call((numbers(rng, draw(sizes)), numbers(rng, draw(sizes))), {})


@st.composite
def along(draw: st.DrawFn, numbers: Numbers = real) -> Call:
    """Vectors along an axis of both, which is counted from the end."""
    call = draw(gufunc("(n),(n)->()", numbers))
    place = draw(st.integers(-min(x.ndim for x in call.args), -1))
    args = tuple(np.moveaxis(x, -1, place) for x in call.args)
    return Call(args, {"axis": place})


@st.composite
def crosses(draw: st.DrawFn, numbers: Numbers = real) -> Call:
    """The components along any axis of each."""
    a, b = draw(crossed(numbers)).args
    of_a, of_b = draw(axis(a.ndim)), draw(axis(b.ndim))
    args = np.moveaxis(a, -1, of_a), np.moveaxis(b, -1, of_b)
    return Call(args, {"axisa": of_a, "axisb": of_b, "axisc": draw(axis(max(a.ndim, b.ndim)))})


@st.composite
def traces(draw: st.DrawFn, numbers: Numbers = real) -> Call:
    x = numbers(draw(generators), draw(shapes(min_dims=2)))
    first, second = draw(st.permutations(range(x.ndim)))[:2]
    return Call((x,), {"offset": draw(st.integers(-2, 2)), "axis1": first, "axis2": second - x.ndim})


@st.composite
def zeros(draw: st.DrawFn, numbers: Numbers = real) -> Call:
    return Call((numbers(draw(generators), (draw(st.integers(1, 4)),)),), {})


@st.composite
def repeatedly(draw: st.DrawFn, **extra: Numbers) -> Call:
    """The m-th derivative or integral, with constants of integration in ``k``."""
    rng, m = draw(generators), draw(st.integers(0, 2))
    constants = {name: numbers(rng, (m or 1,)) for name, numbers in extra.items() if draw(st.booleans())}
    return Call((real(rng, (draw(st.integers(1, 4)),)),), {"m": m, **constants})


FUNCTIONS: dict[str, Calls] = {
    "matmul":       of_both(product(), product(complexes)),
    "dot":          of_both(summed() | two(max_dims=0), summed(complexes)),
    "inner":        of_both(summed(last=True) | two(max_dims=0), summed(complexes, last=True)),
    "vdot":         of_both(*(two(n, 1).map(lambda call: Call((call.args[0], np.asarray(call.args[0] + 1)), {}))
                              for n in (real, complexes))),
    "vecdot":       of_both(along(), along(complexes)),
    "matvec":       of_both(*(gufunc("(m,n),(n)->(m)", n) for n in (real, complexes))),
    "vecmat":       of_both(*(gufunc("(m),(m,n)->(n)", n) for n in (real, complexes))),
    "tensordot":    of_both(contracted(named=True), contracted(complexes, named=True)),
    "einsum":       einsums() | einsums(complexes),
    "outer":        of_both(two(), two(complexes)),
    "kron":         of_both(two(), two(complexes)),
    "cross":        of_both(crosses(), crosses(complexes)),
    "trace":        traces() | traces(complexes),
    "convolve":     of_both(slid(), slid(complexes)),
    "correlate":    of_both(slid(), slid(complexes)),
    "polyval":      of_both(evaluated(), evaluated(complexes)),
    "polyadd":      of_both(two(real, 1, 1), two(complexes, 1, 1)),
    "polysub":      of_both(two(real, 1, 1), two(complexes, 1, 1)),
    "polymul":      of_both(two(real, 1, 1), two(complexes, 1, 1)),
    "polydiv":      two(positive, 1, 1) | two(complexes, 1, 1),
    "polyder":      repeatedly(),
    "polyint":      repeatedly(k=real),
    "poly":         zeros() | zeros(complexes),
    "roots":        coefficients() | coefficients(complexes),
    "vander":       powers() | powers(complexes),
}  # fmt: skip
