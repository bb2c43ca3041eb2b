"""What the rules of linear algebra share: adjoint matrices, triangles, phases, several results in one array."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from ...engine.arithmetic import conjugate
from ...engine.forms import linear
from ...engine.node import somewhere
from ...engine.tensor import bare
from ...support.arrays import PLAIN, highest, on_device

if TYPE_CHECKING:
    from ...support.types import AnyArray

__all__: list[str] = []


def adjoint(x: AnyArray) -> AnyArray:
    """xᴴ, the conjugate transpose of each matrix."""
    return np.swapaxes(conjugate(x), -1, -2)


def on_diagonal(x: AnyArray) -> AnyArray:
    """The diagonal of each matrix."""
    return np.diagonal(x, 0, -2, -1)


quiet = np.errstate(divide="ignore", invalid="ignore")
"""Decorator of rules that give infinite derivatives also of results that nobody asked for."""


def without_diagonal(x: AnyArray) -> AnyArray:
    """Matrices with zeros on the diagonal."""
    return np.tril(x, -1) + np.triu(x, 1)


def own_kind(g: AnyArray, a: AnyArray) -> AnyArray:
    """The cotangent of a real ``a`` is real."""
    return g if a.dtype.kind == "c" else np.real(g)


def ratio(x: AnyArray, y: AnyArray) -> AnyArray:
    """x/y, and 0 for 0/0."""
    return x / np.where(np.logical_and(np.equal(x, 0), np.equal(y, 0)), 1, y)


def each_column(d: AnyArray) -> AnyArray:
    """d as a row, so that a product with it scales column j by d[j]."""
    return np.expand_dims(d, -2)


def gaps(w: AnyArray) -> AnyArray:
    """w[j] − w[i]."""
    return np.expand_dims(w, -2) - np.expand_dims(w, -1)


def solved(name: str, a: AnyArray, b: AnyArray, what: str) -> AnyArray:
    """a⁻¹ b in the rule of ``name``, which has no derivative where ``a``, which is ``what``, is singular."""
    with regular(name, a, what):
        return np.linalg.solve(a, b)


@contextlib.contextmanager
def regular(name: str, a: AnyArray, what: str) -> Iterator[None]:
    """Say that ``name`` has no derivative where ``a``, which is ``what``, turns out singular."""
    try:
        yield
    except np.linalg.LinAlgError as error:
        raise np.linalg.LinAlgError(
            f"{name}: there is no derivative here, for {what} is singular [{a.dtype} {a.shape}]. "
            "Fix: add a small multiple of the identity, or use a function of the singular values (svdvals, pinv)."
        ) from error


# Repeated values. Equal but for rounding counts as equal. Vectors of one value may be turned among themselves at will:
# what no such turn changes is a function of what they span (a projector), or of the whole matrix, f(a) = V f(w) Vᴴ. Of
# both the cotangent C of the result reaches V as M = Vᴴ V̄ = (Vᴴ C V) f, Hermitian among those vectors, and w as
# w̄ = f′ diag(Vᴴ C V). So w̄ is in proportion to M's diagonal, and there ā is M in that proportion (0 for a projector).
# Any other cotangent asks for what does not exist: NaN.


def per_gap(x: AnyArray, w: AnyArray, whole: AnyArray) -> AnyArray:
    """x[i, j]/(w[j] − w[i]) off the diagonal: how far vectors turn towards each other.

    Between vectors of one value it is 0 where x is, beside the sizes in ``whole`` that it was made of; else NaN.
    """
    turn, same = ratio(without_diagonal(x), gaps(w)), _repeated(w)
    return np.where(same, np.where(_nothing(x, whole), 0, np.nan), turn) if _some(same) else turn


def of_one_function(whole: AnyArray, w: AnyArray, w_bar: AnyArray) -> AnyArray | float:
    """What ā has between vectors of one value, seen from them: M in the proportion of w̄ to its diagonal."""
    same = _repeated(w)
    if not _some(same):
        return 0.0
    kept = 0.5 * (whole + adjoint(whole))
    one = np.ones_like(same, w_bar.dtype)
    m, block = np.real(on_diagonal(kept)), same + one - without_diagonal(one)
    weight = _in_block(block, m * m)
    scale = _in_block(block, m * w_bar) / np.where(np.equal(weight, 0), 1, weight)
    astray = np.logical_not(_nothing(np.expand_dims(w_bar - scale * m, -1), np.expand_dims(w_bar, -1)))[..., 0]
    unknown = np.logical_or(_in_block(block, astray) > 0, np.equal(bare(weight), 0))
    unknown = np.logical_and(np.expand_dims(unknown, -1), np.logical_not(_nothing(kept, whole)))
    return np.where(same, np.where(unknown, np.nan, np.expand_dims(scale, -1) * kept), 0)


def _in_block(block: AnyArray, x: AnyArray) -> AnyArray:
    """Of each value the sum over all that are equal to it."""
    return np.matmul(block, np.expand_dims(x, -1))[..., 0]


def _repeated(w: AnyArray) -> AnyArray:
    """Where, off the diagonal, w[i] and w[j] are equal but for rounding."""
    gap = np.absolute(bare(gaps(w)))
    sizes = _largest(np.expand_dims(w, -1))
    return np.logical_and(gap <= 10 * w.shape[-1] * _eps(w) * sizes, without_diagonal(np.ones_like(gap)))


def _some(same: AnyArray) -> bool:
    """Whether there are equal values; a printed formula is that of different ones."""
    return not hasattr(same, "apply_primitive") and somewhere(same)


def _nothing(x: AnyArray, whole: AnyArray) -> AnyArray:
    """Where x is 0 beside the sizes in ``whole``."""
    return np.absolute(bare(x)) <= 1000 * x.shape[-2] * _eps(whole) * _largest(whole)


def _eps(x: AnyArray) -> float:
    return float(np.finfo(x.dtype).eps)


def _largest(x: AnyArray) -> AnyArray:
    """The largest size of an element of each matrix."""
    sizes = np.absolute(bare(x))
    if type(sizes) not in PLAIN and on_device(sizes):
        return highest(sizes, axis=(-2, -1), keepdims=True)
    return np.max(sizes, axis=(-2, -1), keepdims=True, initial=0)  # of a symbol, too, when a formula is written


# Symmetric matrices of which NumPy reads one triangle ----------------------------------------------------------------


@linear(name="linalg.mirrored", a=lambda g, lower: folded(g, lower))
def mirrored(a, lower=True):
    """The Hermitian matrices whose lower (or upper) triangles are those of ``a``."""
    triangle = np.tril(a, -1) if lower else np.triu(a, 1)
    return triangle + adjoint(triangle) + np.real(a - without_diagonal(a))


@linear(name="linalg.folded", h=lambda g, lower: mirrored(g, lower))
def folded(h, lower=True):
    """Adjoint of ``mirrored``: what belongs to the triangle not read is added to the one that is."""
    both = h + adjoint(h)
    return (np.tril(both, -1) if lower else np.triu(both, 1)) + np.real(h - without_diagonal(h))


# Vectors unique but for a phase --------------------------------------------------------------------------------------


def steadied(v: AnyArray, t: AnyArray) -> AnyArray:
    """Tangents of complex columns v with e^(iφ) taken out: what is real of v stays real."""
    if t.dtype.kind != "c":
        return t
    return t - 1j * v * np.imag(np.sum(_phase_weights(v) * t, axis=-2, keepdims=True))


def steadied_back(v: AnyArray, g: AnyArray) -> AnyArray:
    """Adjoint of ``steadied`` for cotangents of the columns."""
    if g.dtype.kind != "c" or v.dtype.kind != "c":
        return g
    return g - 1j * conjugate(_phase_weights(v)) * np.imag(np.sum(conjugate(v) * g, axis=-2, keepdims=True))


def _phase_weights(v: AnyArray) -> AnyArray:
    """Of each column the largest component that is real, for LAPACK made it so; all of them where none is.

    What is next to 0 is real by chance and says nothing of the phase.
    """
    values, eps = bare(v), float(np.finfo(v.dtype).eps)
    sizes = np.absolute(values)
    sizes = sizes * (np.less_equal(np.absolute(np.imag(values)), 100 * eps) & np.greater(sizes, eps**0.5))
    chosen = np.equal(sizes, highest(sizes, axis=-2, keepdims=True, initial=0))
    return chosen * conjugate(v) / np.sum(np.real(chosen * conjugate(v) * v), axis=-2, keepdims=True)


# A primitive has one result: several are laid in a row, and taken out again ------------------------------------------


def packed(stack: int, *parts: AnyArray) -> AnyArray:
    """Arrays whose first ``stack`` axes agree, with all their other axes laid in one row."""
    rows = [np.reshape(p, (*p.shape[:stack], math.prod(p.shape[stack:]))) for p in parts]
    return np.concatenate(rows, axis=-1)


def unpacked(row: AnyArray, *shapes: tuple[int, ...]) -> list[Any]:
    """The arrays of these shapes (without the stack's) that ``packed`` has laid in a row."""
    parts, start = [], 0
    for shape in shapes:
        end = start + math.prod(shape)
        parts.append(np.reshape(row[..., start:end], (*row.shape[:-1], *shape)))
        start = end
    return parts
