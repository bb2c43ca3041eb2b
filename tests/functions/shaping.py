"""Sample calls of functions that reshape, join, split, repeat and pad."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from samples.call import Call, Calls
from samples.shaping import (
    expanded,
    flipped,
    joined,
    moved,
    on_diagonal,
    repeated,
    reshaped,
    rolled,
    squeezed,
    stretched,
    swapped,
    transposed,
    triangular,
    turned,
)
from strategies import Array, axis, broadcastable, complexes, even, generators, real, shapes

Numbers = st.sampled_from([real, complexes])


@st.composite
def arrays(draw: st.DrawFn, **sides: int) -> Array:
    """Small arrays of real or complex numbers."""
    return draw(Numbers)(draw(generators), draw(shapes(**{"max_dims": 2, **sides})))


def alone(*rest: Any, **sides: int) -> Calls:
    """One array, and settings drawn from strategies."""
    return st.builds(lambda x, *more: Call((x, *more), {}), arrays(**sides), *rest)


def positional(calls: Calls) -> Calls:
    """Settings by position."""
    return calls.map(lambda call: Call((*call.args, *call.params.values()), {}))


@st.composite
def either(draw: st.DrawFn, calls: Calls) -> Call:
    """Sometimes complex."""
    (x,), params = draw(calls)
    return Call((np.asarray(x + 1j * np.flip(x)) if draw(st.booleans()) else x,), params)


@st.composite
def reread(draw: st.DrawFn) -> Call:
    (x,), params = draw(either(reshaped()))
    x = np.asarray(x, order=draw(st.sampled_from(["C", "F"])))
    order = {"order": draw(st.sampled_from(["C", "F"]))}
    copies = [{"copy": True}, order | {"copy": None}] if hasattr(np, "unstack") else []  # not in NumPy 2.0
    return Call((x, params["shape"]), draw(st.sampled_from([{}, order, *copies])))


@st.composite
def several(draw: st.DrawFn, same: bool = False) -> list[Array]:
    """One to three arrays that broadcast, or are of one shape."""
    rng, count = draw(generators), draw(st.integers(1, 3))
    together = [draw(shapes(max_dims=2, max_side=2))] * count if same else draw(broadcastable(count))
    return [draw(Numbers)(rng, shape) for shape in together]


@st.composite
def lists(draw: st.DrawFn) -> Call:
    """Parts that join along an axis, or flattened, in their common dtype or a given one."""
    parts, params = draw(joined())
    parts = tuple(p + 1j * p if draw(st.booleans()) else p for p in parts)
    params = {"axis": draw(st.sampled_from([params["axis"], None]))}
    return Call((list(parts),), params | draw(st.sampled_from([{}, {"dtype": np.complex128}])))


@st.composite
def stacked(draw: st.DrawFn) -> Call:
    parts = draw(several(same=True))
    return Call((parts,), {"axis": draw(axis(parts[0].ndim + 1))})


@st.composite
def beside(draw: st.DrawFn, free: int, ndim: int) -> Call:
    """Arrays of ``ndim`` axes, or one fewer, whose sides agree but for the axis ``free``."""
    rng = draw(generators)
    side = draw(st.integers(1, 3))
    parts = []
    for _ in range(draw(st.integers(1, 3))):
        shape = [side] * ndim
        shape[free] = draw(st.integers(0, 2))
        parts.append(draw(Numbers)(rng, tuple(shape)))
    return Call((parts,), {})


@st.composite
def blocks(draw: st.DrawFn) -> Call:
    rng = draw(generators)
    a, b, c, d = (draw(Numbers)(rng, shape) for shape in [(2, 1), (2, 2), (1, 1), (2,)])
    nestings = [a, [a], [a, b], [[a, b], [c, d]], [[a, b]], [[[c]], [[c]]], [d, 2.0], [[c, d], [3, d]]]
    return Call((draw(st.sampled_from(nestings)),), {})


@st.composite
def cut(draw: st.DrawFn, min_dims: int = 1, along: int | None = None, even_only: bool = False) -> Call:
    x = draw(arrays(min_dims=min_dims, max_dims=3))
    place = draw(axis(x.ndim)) if along is None else along
    n = x.shape[place]
    points = st.lists(st.integers(-1, 4), max_size=3)
    counts = st.sampled_from([k for k in range(1, n + 1) if n % k == 0]) if even_only else st.integers(1, 4)
    return Call((x, draw(points | counts)), {"axis": place} if along is None else {})


@st.composite
def unstacked(draw: st.DrawFn) -> Call:
    x = draw(arrays(min_dims=1))
    return Call((x,), {"axis": draw(axis(x.ndim))})


@st.composite
def rolled_axis(draw: st.DrawFn) -> Call:
    x = draw(arrays(min_dims=1, max_dims=3))
    return Call((x, draw(axis(x.ndim)), draw(st.integers(-x.ndim, x.ndim))), {})


@st.composite
def tiled(draw: st.DrawFn) -> Call:
    counts = st.integers(0, 2)
    return Call((draw(arrays()), draw(counts | st.lists(counts, max_size=3).map(tuple))), {})


@st.composite
def grids(draw: st.DrawFn) -> Call:
    rng = draw(generators)
    axes_ = [draw(Numbers)(rng, (draw(st.integers(1, 2)),)) for _ in range(draw(st.integers(1, 3)))]
    return Call(tuple(axes_), {"indexing": draw(st.sampled_from(["xy", "ij"])), "sparse": draw(st.booleans())})


def with_masks() -> Calls:
    lines = arrays(min_dims=1, max_dims=1)
    others = lines | st.sampled_from([np.array([0, 2]), np.array([True, False, True])])
    return st.builds(lambda x, rest: Call((x, *rest), {}), lines, st.lists(others, max_size=2))


@st.composite
def appended(draw: st.DrawFn) -> Call:
    x, y = (draw(Numbers)(draw(generators), (2, n)) for n in (1, 2))
    return Call((x, draw(st.sampled_from([y, y[:, :0]]))), {"axis": draw(st.sampled_from([None, 1, -1]))})


@st.composite
def inserted(draw: st.DrawFn) -> Call:
    rng, x = draw(generators), draw(arrays(min_dims=1))
    numbers = complexes if x.dtype.kind == "c" else real
    along = draw(st.none() | axis(x.ndim))
    n = x.size if along is None else x.shape[along]
    place = st.integers(-n, n)
    one = draw(st.booleans())
    where = draw(place) if one else draw(st.lists(place, min_size=1, max_size=2) | st.just(slice(0, n, 2)))
    return Call((x, where, draw(st.sampled_from([numbers(rng, ()), 2.0, numbers(rng, (1,))]))), {"axis": along})


@st.composite
def deleted(draw: st.DrawFn) -> Call:
    x = draw(arrays(min_dims=1))
    along = draw(st.none() | axis(x.ndim))
    n = x.size if along is None else x.shape[along]
    place = st.integers(-n, n - 1)
    slices = st.slices(n)
    masks = st.lists(st.booleans(), min_size=n, max_size=n).map(np.array)
    return Call((x, draw(place | st.lists(place, max_size=3) | slices | masks)), {"axis": along})


MODES: dict[str, list[dict[str, Any]]] = {
    "constant": [{}, {"constant_values": 2.5}, {"constant_values": (1.0, -2.0)}],
    "edge": [{}],
    "linear_ramp": [{}, {"end_values": (1.0, -2.0)}],
    "maximum": [{}, {"stat_length": 2}],
    "minimum": [{}, {"stat_length": (1, 2)}],
    "mean": [{}, {"stat_length": 2}],
    "median": [{}, {"stat_length": (3, 2)}],
    "reflect": [{}, {"reflect_type": "odd"}],
    "symmetric": [{}, {"reflect_type": "odd"}],
    "wrap": [{}],
}


@st.composite
def padded(draw: st.DrawFn) -> Call:
    mode = draw(st.sampled_from(sorted(MODES)))
    ordered = mode in ("maximum", "minimum", "median")
    x = (even if ordered else draw(Numbers))(draw(generators), draw(shapes(min_dims=1, max_dims=2)))
    n, side = x.ndim, st.integers(0, 2)
    pair = st.tuples(side, side)
    width = draw(side | pair | st.lists(pair, min_size=n, max_size=n) | st.builds(lambda k: {-1: k}, st.integers(0, 5)))
    return Call((x, width), {"mode": mode, **draw(st.sampled_from(MODES[mode]))})


FUNCTIONS: dict[str, Calls] = {
    # Another shape
    "reshape":      reread(),
    "ravel":        alone(st.sampled_from("CF"), max_dims=3),
    "expand_dims":  either(expanded()),
    "squeeze":      either(squeezed()),
    "atleast_1d":   alone() | several().map(lambda xs: Call(tuple(xs), {})),
    "atleast_2d":   alone() | several().map(lambda xs: Call(tuple(xs), {})),
    "atleast_3d":   alone() | several().map(lambda xs: Call(tuple(xs), {})),
    # Axes in another order
    "transpose":    positional(either(transposed())),
    "permute_dims": positional(either(transposed())),
    "swapaxes":     positional(either(swapped())),
    "matrix_transpose": alone(min_dims=2, max_dims=3),
    "moveaxis":     either(moved()),
    "rollaxis":     rolled_axis(),
    "flip":         either(flipped()),
    "fliplr":       alone(min_dims=2, max_dims=3),
    "flipud":       alone(min_dims=1),
    "rot90":        either(turned()),
    "roll":         either(rolled()),
    # Repetition
    "broadcast_to": either(stretched()),
    "broadcast_arrays": several().map(lambda xs: Call(tuple(xs), {})),
    "meshgrid":     grids(),
    "ix_":          with_masks(),
    "repeat":       either(repeated()),
    "tile":         tiled(),
    "resize":       alone(st.integers(0, 7) | st.tuples(st.integers(0, 3), st.integers(1, 3))),
    # Joining and splitting
    "concatenate":  lists(),
    "concat":       lists(),
    "stack":        stacked(),
    "vstack":       beside(0, 2) | beside(0, 3),
    "hstack":       beside(0, 1) | beside(1, 2),
    "dstack":       several(same=True).map(lambda xs: Call((xs,), {})) | beside(2, 3),
    "column_stack": beside(1, 2),
    "block":        blocks(),
    "append":       appended(),
    "array_split":  cut(),
    "split":        cut(even_only=True),
    "hsplit":       cut(min_dims=2, along=1, even_only=True),
    "vsplit":       cut(min_dims=2, along=0, even_only=True),
    "dsplit":       cut(min_dims=3, along=2, even_only=True),
    "unstack":      unstacked(),
    "insert":       inserted(),
    "delete":       deleted(),
    "trim_zeros":   alone(st.sampled_from(["fb", "f", "B"]), min_dims=1),
    "pad":          padded(),
    # Diagonals and triangles
    "diagonal":     either(on_diagonal()),
    "diag":         alone(st.integers(-2, 2), min_dims=1),
    "diagflat":     alone(st.integers(-2, 2), max_side=2),
    "tril":         either(triangular()),
    "triu":         either(triangular()),
    # The same numbers
    "copy":         alone(),
    "astype":       alone(st.just(np.complex128)),
}  # fmt: skip
