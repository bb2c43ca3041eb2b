"""Sample calls of ``np.linalg``."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from samples.call import Call, Calls
from samples.linalg import (
    contracted,
    crossed,
    diagonalised,
    gufunc,
    least_squares,
    nearly_square,
    oblong,
    product,
    regular,
    square,
    stacks,
    symmetric,
)
from strategies import Numbers, axis, complexes, generators, real, shapes

BOTH = (real, complexes)


def of_both(calls: Any, *args: Any, **options: Any) -> Calls:
    """In real and in complex numbers."""
    return calls(*args, numbers=real, **options) | calls(*args, numbers=complexes, **options)


@st.composite
def solved(draw: st.DrawFn, numbers: Numbers) -> Call:
    """A vector, or stacks of matrices that broadcast with those of a."""
    rng, n = draw(generators), draw(st.integers(1, 3))
    a = regular(rng, numbers, draw(stacks), n, n)
    b = draw(st.sampled_from([(n,), (n, 2), (2, n, 1), (1, n, 2)]))
    return Call((a, numbers(rng, b)), {})


@st.composite
def fitted(draw: st.DrawFn, numbers: Numbers) -> Call:
    """Vectors, too, and several right-hand sides."""
    a, b = draw(least_squares(numbers)).args
    return Call((a, draw(st.sampled_from([b, b[:, 0]]))), {"rcond": draw(st.sampled_from([None, 1e-8, -1]))})


@st.composite
def raised(draw: st.DrawFn, numbers: Numbers) -> Call:
    (a,), _ = draw(square(numbers, max_side=2))
    return Call((a, draw(st.integers(-3, 5).filter(bool))), {})


@st.composite
def chained(draw: st.DrawFn, numbers: Numbers) -> Call:
    """Two to five matrices, the first and the last perhaps a vector."""
    rng, count = draw(generators), draw(st.integers(2, 5))
    sides = draw(st.lists(st.integers(1, 3), min_size=count + 1, max_size=count + 1))
    arrays = [numbers(rng, (sides[i], sides[i + 1])) for i in range(count)]
    arrays[0] = draw(st.sampled_from([arrays[0], arrays[0][0]]))
    arrays[-1] = draw(st.sampled_from([arrays[-1], arrays[-1][:, 0]]))
    return Call((arrays,), {})


@st.composite
def tensor_inverses(draw: st.DrawFn, numbers: Numbers) -> Call:
    a = regular(draw(generators), numbers, (), 4, 4)
    ind, shape = draw(st.sampled_from([(1, (4, 2, 2)), (2, (2, 2, 4)), (2, (4, 1, 2, 2)), (1, (4, 4))]))
    return Call((a.reshape(shape), ind), {})


@st.composite
def tensor_systems(draw: st.DrawFn, numbers: Numbers) -> Call:
    rng = draw(generators)
    a = regular(rng, numbers, (), 4, 4)
    plain = Call((a.reshape(2, 2, 4), numbers(rng, (2, 2))), {})
    moved = Call((a.reshape(2, 2, 4), numbers(rng, (4,))), {"axes": (0, 1)})
    return draw(st.sampled_from([plain, moved]))


@st.composite
def norms(draw: st.DrawFn, numbers: Numbers) -> Call:
    """Of vectors, along an axis of an array or as they are."""
    x = numbers(draw(generators), draw(shapes(min_dims=1, max_dims=2, max_side=3)))
    order = draw(st.sampled_from([None, 1, 2, 3, 0.5, -1, -2.5, np.inf, -np.inf]))
    place = draw(axis(x.ndim)) if x.ndim > 1 else draw(st.sampled_from([None, 0, -1]))
    return Call((x,), {"ord": order, "axis": place, "keepdims": draw(st.booleans())})


MATRIX_ORDERS = st.sampled_from([None, "fro", "nuc", 1, -1, 2, -2, np.inf, -np.inf])


@st.composite
def matrix_norms(draw: st.DrawFn, numbers: Numbers) -> Call:
    """Of matrices along two axes, in either order."""
    (a,), _ = draw(oblong(numbers))
    row, column = draw(st.sampled_from([(-2, -1), (0, -1), (-1, 0), (1, 0)]))
    return Call(
        (np.moveaxis(a, (-2, -1), (row, column)),),
        {"ord": draw(MATRIX_ORDERS), "axis": (row, column), "keepdims": draw(st.booleans())},
    )


@st.composite
def vector_norms(draw: st.DrawFn, numbers: Numbers) -> Call:
    x = numbers(draw(generators), draw(shapes(max_side=2)))
    places = [None, *([0, -1] if x.ndim else []), *([(0, -1), (1, 0)] if x.ndim > 1 else [])]
    order = draw(st.sampled_from([1, 2, 3, np.inf, -np.inf]))
    return Call((x,), {"axis": draw(st.sampled_from(places)), "keepdims": draw(st.booleans()), "ord": order})


@st.composite
def last_two(draw: st.DrawFn, numbers: Numbers, **options: list[Any]) -> Call:
    x = numbers(draw(generators), draw(shapes(min_dims=2)))
    return Call((x,), {name: draw(st.sampled_from(values)) for name, values in options.items()})


@st.composite
def vectors(draw: st.DrawFn, numbers: Numbers) -> Call:
    rng = draw(generators)
    return Call(tuple(numbers(rng, (draw(st.integers(1, 3)),)) for _ in range(2)), {})


@st.composite
def conditions(draw: st.DrawFn, numbers: Numbers) -> Call:
    """Only a norm of singular values is defined for matrices that are not square."""
    (a,), _ = draw(oblong(numbers))
    orders = [None, 2, -2] + ([1, -1, np.inf, -np.inf, "fro", "nuc"] if a.shape[-1] == a.shape[-2] else [])
    return Call((a, draw(st.sampled_from(orders))), {})


FUNCTIONS: dict[str, Calls] = {
    "linalg.inv":       of_both(square),
    "linalg.solve":     of_both(solved),
    "linalg.pinv":      of_both(oblong, rcond=[None, 1e-10]) | symmetric(hermitian=[True, False]),
    "linalg.lstsq":     of_both(fitted),
    "linalg.matrix_power": of_both(raised),
    "linalg.multi_dot": of_both(chained),
    "linalg.tensorinv": of_both(tensor_inverses),
    "linalg.tensorsolve": of_both(tensor_systems),
    "linalg.det":       of_both(square),
    "linalg.slogdet":   of_both(square),
    "linalg.cholesky":  of_both(symmetric, definite=True, upper=[False, True]),
    "linalg.qr":        of_both(oblong, mode=["reduced", "r"]),
    "linalg.svd":       of_both(oblong, full_matrices=[False])
                        | nearly_square(full_matrices=[True])
                        | of_both(oblong, compute_uv=[False])
                        | symmetric(hermitian=[True], compute_uv=[True, False]),
    "linalg.svdvals":   of_both(oblong),
    "linalg.eigh":      of_both(symmetric, UPLO=["L", "U", "l"]),
    "linalg.eigvalsh":  of_both(symmetric, UPLO=["L", "U"]),
    "linalg.eig":       of_both(diagonalised),
    "linalg.eigvals":   of_both(diagonalised),
    "linalg.norm":      of_both(norms) | of_both(matrix_norms),
    "linalg.vector_norm": of_both(vector_norms),
    "linalg.matrix_norm": of_both(oblong, ord=[None, "fro", "nuc", 1, -2, np.inf], keepdims=[False, True]),
    "linalg.cond":      of_both(conditions),
    "linalg.matrix_transpose": of_both(last_two),
    "linalg.diagonal":  of_both(last_two, offset=[0, 1, -1]),
    "linalg.trace":     of_both(last_two, offset=[0, 1, -1]),
    "linalg.outer":     of_both(vectors),
    "linalg.cross":     of_both(crossed),
    "linalg.matmul":    of_both(product),
    "linalg.vecdot":    of_both(gufunc, "(n),(n)->()"),
    "linalg.tensordot": of_both(contracted, named=True),
}  # fmt: skip
