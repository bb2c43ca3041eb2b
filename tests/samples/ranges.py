"""Samples of arithmetic and geometric sequences."""

from __future__ import annotations

from hypothesis import strategies as st

from samples.call import Call, Calls
from strategies import Numbers, axis, broadcastable, generators, positive, real


@st.composite
def between(draw: st.DrawFn, numbers: Numbers) -> Call:
    """Ends that broadcast together; the numbers between them along any axis of the result."""
    rng, shapes = draw(generators), draw(broadcastable(2).filter(lambda pair: all(len(s) < 3 for s in pair)))
    params = {"num": draw(st.integers(1, 4)), "endpoint": draw(st.booleans())}
    return Call(tuple(numbers(rng, s) for s in shapes), {**params, "axis": draw(axis(max(map(len, shapes)) + 1))})


SAMPLES: dict[str, Calls] = {
    "linspace":     between(real),
    "geomspace":    between(positive),
}  # fmt: skip
