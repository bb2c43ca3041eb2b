"""Sample calls: kinds of calls that several primitives share."""

from __future__ import annotations

from typing import Any, NamedTuple

from hypothesis import strategies as st

from strategies import Array, Numbers, axes, axis, broadcastable, generators, real, shapes


class Call(NamedTuple):
    """``f(*args, **params)``."""

    args: tuple[Array, ...]
    params: dict[str, Any]


Calls = st.SearchStrategy[Call]

# Kinds of calls ------------------------------------------------------------------------------------------------------


@st.composite
def elementwise(draw: st.DrawFn, *numbers: Numbers) -> Call:
    """Operands that broadcast together."""
    rng, together = draw(generators), draw(broadcastable(len(numbers)))
    return Call(tuple(n(rng, shape) for n, shape in zip(numbers, together, strict=True)), {})


@st.composite
def reduced(draw: st.DrawFn, numbers: Numbers = real) -> Call:
    """Every form of ``axis`` and ``keepdims``."""
    x = numbers(draw(generators), draw(shapes()))
    return Call((x,), {"axis": draw(axes(x.ndim)), "keepdims": draw(st.booleans())})


@st.composite
def along(draw: st.DrawFn, numbers: Numbers = real) -> Call:
    """One axis."""
    x = numbers(draw(generators), draw(shapes(min_dims=1)))
    return Call((x,), {"axis": draw(axis(x.ndim))})
