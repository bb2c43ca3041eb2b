"""Samples of the contractions and of linear algebra."""

from __future__ import annotations

import string
from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from autograd_core.ops.linalg.sparse import _Pattern
from samples.call import Call, Calls
from strategies import Array, Numbers, axis, complexes, generators, real, shapes

# Contractions --------------------------------------------------------------------------------------------------------


@st.composite
def gufunc(draw: st.DrawFn, signature: str, numbers: Numbers = real) -> Call:
    """Stacks of matrices and vectors whose shapes fit."""
    fitting = npst.mutually_broadcastable_shapes(signature=signature, max_dims=2, max_side=3)
    rng, together = draw(generators), draw(fitting).input_shapes
    return Call(tuple(numbers(rng, shape) for shape in together), {})


def product(numbers: Numbers = real) -> Calls:
    return gufunc("(m?,n),(n,p?)->(m?,p?)", numbers)


@st.composite
def summed(draw: st.DrawFn, numbers: Numbers = real, last: bool = False, min_dims: int = 1) -> Call:
    """Operands of np.dot, or of np.inner, where the ``last`` axis of both is summed over."""
    rng, side = draw(generators), draw(st.integers(1, 3))
    of_a, of_b = (draw(shapes(min_dims=0, max_dims=2, max_side=2)) for _ in range(2))
    b = (*of_b, side) if last or not of_b else (*of_b[:-1], side, of_b[-1])
    return Call((numbers(rng, (*of_a, side)), numbers(rng, b)), {})


@st.composite
def contracted(draw: st.DrawFn, numbers: Numbers = real, named: bool = False) -> Call:
    """Any axes of one with any of the other; ``named`` as np.tensordot takes them, in all three ways."""
    rng, a = draw(generators), draw(shapes(max_dims=3, max_side=2))
    of_a = draw(st.lists(st.sampled_from(range(len(a))), unique=True) if a else st.just([]))
    free = draw(shapes(max_dims=1, max_side=2))
    order = draw(st.permutations(range(len(of_a) + len(free))))
    sides = [*(a[i] for i in of_a), *free]
    of_b = [order.index(i) for i in range(len(of_a))]
    b = tuple(sides[i] for i in order)
    axes: Any = (tuple(of_a), tuple(of_b))
    if named and len(of_a) == 1:
        axes = draw(st.sampled_from([axes, (of_a[0], of_b[0] - len(b)), [[of_a[0] - len(a)], of_b]]))
    if named and of_a == list(range(len(a) - len(of_a), len(a))) and of_b == list(range(len(of_a))):
        axes = draw(st.sampled_from([axes, len(of_a)]))
    return Call((numbers(rng, a), numbers(rng, b)), {"axes": axes})


@st.composite
def crossed(draw: st.DrawFn, numbers: Numbers = real) -> Call:
    rng, together = draw(generators), draw(npst.mutually_broadcastable_shapes(num_shapes=2, max_dims=1, max_side=2))
    return Call(tuple(numbers(rng, (*shape, 3)) for shape in together.input_shapes), {})


@st.composite
def slid(draw: st.DrawFn, numbers: Numbers = real) -> Call:
    rng, lengths = draw(generators), draw(st.tuples(st.integers(1, 5), st.integers(1, 5)))
    return Call(tuple(numbers(rng, (n,)) for n in lengths), {"mode": draw(st.sampled_from(["full", "same", "valid"]))})


EINSUMS = [
    *(
        "ij,jk->ik",
        "ij,jk",
        "ki,jk",
        "i,i",
        "i,j->ji",
        "ij->j",
        "ij->",
        "ij->ji",
        "ii",
        "ii->i",
        "iij,jk->ik",
        "iji->j",
    ),
    *("...i,i...", "...ij,...jk->...ik", "i...->...", "...,...", "i...,j->...j", "ij,jk,kl->il", "a,b,c->", ",i->i"),
    *("ij , j -> i", "ijij->ij", "iI,I->i"),
]


@st.composite
def einsums(draw: st.DrawFn, numbers: Numbers = real) -> Call:
    """A term for each operand; the dots stand for any axes, which broadcast."""
    rng, text = draw(generators), draw(st.sampled_from(EINSUMS))
    sides = {c: draw(st.integers(1, 2)) for c in sorted(set(text)) if c.isalpha()}
    further = draw(npst.mutually_broadcastable_shapes(num_shapes=3, max_dims=2, max_side=2)).input_shapes
    terms = text.replace(" ", "").partition("->")[0].split(",")
    places = [[further[k] if c == "." else (sides[c],) for c in t.replace("...", ".")] for k, t in enumerate(terms)]
    arrays = [numbers(rng, sum(shape, ())) for shape in places]
    optimize = draw(st.sampled_from([False, True, "greedy"]))
    if draw(st.booleans()):
        return Call((text, *arrays), {"optimize": optimize})
    output = [listed(text.partition("->")[2])] if "->" in text else []
    return Call((*(part for x, t in zip(arrays, terms, strict=True) for part in (x, listed(t))), *output), {})


def listed(term: str) -> list[Any]:
    """A term as the list of numbers that np.einsum also takes."""
    letters = string.ascii_uppercase + string.ascii_lowercase
    return [Ellipsis if c == "." else letters.index(c) for c in term.replace("...", ".").strip()]


@st.composite
def explicit(draw: st.DrawFn, numbers: Numbers = real) -> Call:
    """Of the primitive: a letter for each axis."""
    terms = draw(st.sampled_from(["ij,jk->ik", "i,i->", "ij->j", "ii->i", "iij,jk->ik", "iji->j", "a,b,c->b", ",i->i"]))
    rng, sides = draw(generators), {c: draw(st.integers(1, 2)) for c in sorted(set(terms)) if c.isalpha()}
    inputs = terms.partition("->")[0].split(",")
    arrays = tuple(numbers(rng, tuple(sides[c] for c in t)) for t in inputs)
    return Call(arrays, {"subscripts": terms, "optimize": draw(st.booleans())})


# Matrices whose singular values, or eigenvalues, stand well apart ----------------------------------------------------

stacks = st.sampled_from([(), (), (2,)])


def orthonormal(rng: np.random.Generator, numbers: Numbers, stack: tuple[int, ...], m: int, k: int) -> Array:
    """Matrices with k ≤ m orthonormal columns."""
    return np.linalg.qr(rng.normal(size=(*stack, m, k)) * numbers(rng, (*stack, m, k))).Q


def apart(rng: np.random.Generator, stack: tuple[int, ...], k: int) -> Array:
    """0.6, 1.1, 1.6, … a little moved, in random order."""
    return np.asarray(rng.permuted(0.6 + 0.5 * np.arange(k) + rng.uniform(-0.1, 0.1, (*stack, k)), axis=-1))


def regular(rng: np.random.Generator, numbers: Numbers, stack: tuple[int, ...], m: int, n: int) -> Array:
    """Matrices with singular values that are ``apart``."""
    k = min(m, n)
    u, v = orthonormal(rng, numbers, stack, m, k), orthonormal(rng, numbers, stack, n, k)
    return np.asarray(u * apart(rng, stack, k)[..., None, :] @ np.conjugate(np.swapaxes(v, -1, -2)))


def hermitian(rng: np.random.Generator, numbers: Numbers, stack: tuple[int, ...], n: int, definite: bool) -> Array:
    """Hermitian matrices with eigenvalues that are ``apart``."""
    v, w = orthonormal(rng, numbers, stack, n, n), apart(rng, stack, n)
    w = w if definite else w * rng.choice([-1, 1], w.shape)
    return np.asarray(v * w[..., None, :] @ np.conjugate(np.swapaxes(v, -1, -2)))


@st.composite
def square(draw: st.DrawFn, numbers: Numbers = real, max_side: int = 3) -> Call:
    n = draw(st.integers(1, max_side))
    return Call((regular(draw(generators), numbers, draw(stacks), n, n),), {})


@st.composite
def symmetric(draw: st.DrawFn, numbers: Numbers = real, definite: bool = False, **options: list[Any]) -> Call:
    """Hermitian matrices but for the triangle that is not read."""
    n = draw(st.integers(1, 3))
    a = hermitian(draw(generators), numbers, draw(stacks), n, definite)
    return Call((a,), {name: draw(st.sampled_from(values)) for name, values in options.items()})


@st.composite
def diagonalised(draw: st.DrawFn, numbers: Numbers = real) -> Call:
    """Matrices with eigenvalues that stand apart, of real ones also in conjugate pairs."""
    rng, stack, n = draw(generators), draw(stacks), draw(st.integers(1, 3))
    v = orthonormal(rng, numbers, stack, n, n)
    triangle = np.triu(0.3 * numbers(rng, (*stack, n, n)), 1)
    triangle[..., range(n), range(n)] = apart(rng, stack, n)
    if n > 1 and draw(st.booleans()):
        triangle[..., 1, 0] = -1.5 * np.sign(np.real(triangle[..., 0, 1]))
        triangle[..., 0, 1] *= 3
    return Call((v @ triangle @ np.conjugate(np.swapaxes(v, -1, -2)),), {})


@st.composite
def oblong(draw: st.DrawFn, numbers: Numbers = real, **options: list[Any]) -> Call:
    """Matrices of any shape."""
    m, n = draw(st.sampled_from([(1, 1), (2, 2), (3, 3), (3, 2), (2, 3), (3, 1), (1, 2)]))
    a = regular(draw(generators), numbers, draw(stacks), m, n)
    return Call((a,), {name: draw(st.sampled_from(values)) for name, values in options.items()})


@st.composite
def nearly_square(draw: st.DrawFn, **option: list[bool]) -> Call:
    """Matrices with a basis to complete by one vector at most."""
    m, n = draw(st.sampled_from([(1, 1), (2, 2), (3, 2), (2, 3), (2, 1), (3, 3), (1, 2)]))
    a = regular(draw(generators), real, draw(stacks), m, n)
    (name, values), *_ = option.items()
    return Call((a,), {name: draw(st.sampled_from(values))})


@st.composite
def squeezed(draw: st.DrawFn) -> Call:
    """Tall ones to complete by one vector, others as they are."""
    (a,), params = draw(nearly_square(complete=[True, False]))
    return Call((a,), params if a.shape[-2] > a.shape[-1] else {"complete": False})


@st.composite
def systems(draw: st.DrawFn, numbers: Numbers = real) -> Call:
    rng, stack, n = draw(generators), draw(stacks), draw(st.integers(1, 3))
    return Call((regular(rng, numbers, stack, n, n), numbers(rng, (*stack, n, draw(st.integers(1, 2))))), {})


@st.composite
def least_squares(draw: st.DrawFn, numbers: Numbers = real) -> Call:
    rng, (m, n) = draw(generators), draw(st.sampled_from([(3, 2), (2, 2), (2, 3), (4, 1)]))
    return Call((regular(rng, numbers, (), m, n), numbers(rng, (m, draw(st.integers(1, 2))))), {"rcond": None})


@st.composite
def coefficients(draw: st.DrawFn, numbers: Numbers = real) -> Call:
    """Polynomials with zeros that stand apart, times a number."""
    rng, n = draw(generators), draw(st.integers(1, 4))
    zeros = apart(rng, (), n) * (numbers(rng, ()) if numbers is complexes else 1)
    return Call((np.poly(zeros) * numbers(rng, ()),), {})


@st.composite
def evaluated(draw: st.DrawFn, numbers: Numbers = real) -> Call:
    """A polynomial at points of any shape; NumPy iterates over its coefficients."""
    rng = draw(generators)
    return Call((numbers(rng, (draw(st.integers(1, 4)),)), numbers(rng, draw(shapes(max_dims=2, max_side=2)))), {})


@st.composite
def powers(draw: st.DrawFn, numbers: Numbers = real) -> Call:
    x = numbers(draw(generators), (draw(st.integers(1, 3)),))
    return Call((x,), {"N": draw(st.none() | st.integers(0, 4)), "increasing": draw(st.booleans())})


@st.composite
def lengths(draw: st.DrawFn, *orders: Any, numbers: Numbers = real) -> Call:
    x = numbers(draw(generators), draw(shapes(min_dims=1, max_side=2)))
    order = draw(st.sampled_from(orders))
    place = draw(axis(x.ndim))
    if order is None and draw(st.booleans()):
        place = None
    return Call((x,), {"ord": order, "axis": place, "keepdims": draw(st.booleans())})


def definite(rng: np.random.Generator, n: int) -> Array:
    """A matrix whose symmetric part is positive definite: it has a logarithm and a root."""
    return np.asarray(0.3 * rng.normal(size=(n, n)) + 2 * np.eye(n))


@st.composite
def of_matrices(draw: st.DrawFn) -> Call:
    return Call((definite(draw(generators), draw(st.integers(1, 3))),), {})


@st.composite
def sylvester(draw: st.DrawFn) -> Call:
    rng, m, n = draw(generators), draw(st.integers(1, 2)), draw(st.integers(1, 2))
    return Call((definite(rng, m), definite(rng, n), rng.normal(size=(m, n))), {})


@st.composite
def triangular(draw: st.DrawFn) -> Call:
    rng, n, stack = draw(generators), draw(st.integers(1, 3)), draw(st.sampled_from([(), (2,)]))
    a, b = (
        np.broadcast_to(definite(rng, n), (*stack, n, n)).copy(),
        rng.normal(size=(*stack, n, draw(st.integers(1, 2)))),
    )
    settings = {"lower": draw(st.booleans()), "unit_diagonal": draw(st.booleans())}
    return Call((a, b), {"trans": draw(st.sampled_from([0, 1, 2])), **settings})


@st.composite
def of_entries(draw: st.DrawFn) -> Call:
    """The entries of a sparse matrix, all of them here, and right sides."""
    rng, n = draw(generators), draw(st.integers(1, 3))
    rows, columns = (places.ravel() for places in np.indices((n, n)))
    data, b = definite(rng, n).ravel(), rng.normal(size=(n, draw(st.integers(1, 2))))
    return Call((data, b), {"pattern": _Pattern(rows, columns, (n, n))})


@st.composite
def pivoted(draw: st.DrawFn) -> Call:
    """Matrices whose pivots no small step changes."""
    rng, (m, n), stack = draw(generators), draw(st.tuples(*[st.integers(1, 3)] * 2)), draw(st.sampled_from([(), (2,)]))
    dominant = rng.uniform(-1, 1, (*stack, m, n)) + 4 * np.eye(m, n)
    return Call((dominant[..., draw(st.permutations(range(m))), :],), {})


SAMPLES: dict[str, Calls] = {
    "matmul":       product(),
    "vecdot":       gufunc("(n),(n)->()"),
    "matvec":       gufunc("(m,n),(n)->(m)"),
    "vecmat":       gufunc("(m),(m,n)->(n)"),
    "vdot":         summed().map(lambda call: Call((call.args[0], call.args[0].reshape(-1) + 1), {})),
    "dot":          summed(),
    "inner":        summed(last=True),
    "tensordot":    contracted(),
    "cross":        crossed(),
    "convolve":     slid(),
    "correlate":    slid(),
    "einsum":       explicit() | explicit(complexes),
    "polyval":      evaluated() | evaluated(complexes),
    "roots":        coefficients() | coefficients(complexes),
    "vander":       powers() | powers(complexes),
    "linalg.mirrored":  symmetric(lower=[True, False]),
    "linalg.folded":    symmetric(lower=[True, False]),
    "linalg.inv":       square(),
    "linalg.solve":     systems(),
    "linalg.pinv":      oblong(settings=[{}, {"rcond": 1e-10}]),
    "linalg.lstsq":     least_squares(),
    "linalg.det":       square(),
    "linalg.expm":      of_matrices(),
    "linalg.logm":      of_matrices(),
    "linalg.sqrtm":     of_matrices(),
    "linalg.lu_factors": pivoted(),
    "linalg.spsolve":   of_entries(),
    "linalg.solve_sylvester":  sylvester(),
    "linalg.solve_triangular": triangular(),
    "linalg.slogdet":   square(),
    "linalg.cholesky":  symmetric(definite=True, upper=[False, True]),
    "linalg.qr":        squeezed(),
    "linalg.svd":       nearly_square(full=[True, False]),
    "linalg.svdvals":   oblong(),
    "linalg.eigh":      symmetric(UPLO=["L", "U"]),
    "linalg.eigvalsh":  symmetric(UPLO=["L", "U"]),
    "linalg.eig":       diagonalised() | diagonalised(complexes),
    "linalg.eigvals":   diagonalised() | diagonalised(complexes),
    "linalg.norm":      lengths(None, 2),
    "linalg.pnorm":     lengths(3, 1.5, -1, 0.5),
}  # fmt: skip

if not hasattr(np, "matvec"):  # NumPy < 2.2
    del SAMPLES["matvec"], SAMPLES["vecmat"]

COMPLEX = ["einsum", "polyval", "roots", "vander", "linalg.eig", "linalg.eigvals"]
