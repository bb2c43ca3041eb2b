"""What the rules of linear algebra share: adjoint matrices, triangles, phases, several results in one array."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from ...engine.forms import conjugate, linear
from ...engine.tensor import bare

__all__: list[str] = []


def adjoint(x: Any) -> Any:
    """xᴴ, the conjugate transpose of each matrix."""
    return np.swapaxes(conjugate(x), -1, -2)


def on_diagonal(x: Any) -> Any:
    """The diagonal of each matrix."""
    return np.diagonal(x, 0, -2, -1)


quiet = np.errstate(divide="ignore", invalid="ignore")
"""Decorator of rules that give infinite derivatives also of results that nobody asked for."""


def without_diagonal(x: Any) -> Any:
    return np.tril(x, -1) + np.triu(x, 1)


def own_kind(g: Any, a: Any) -> Any:
    """The cotangent of a real ``a`` is real."""
    return g if a.dtype.kind == "c" else np.real(g)


def ratio(x: Any, y: Any) -> Any:
    """x/y, and 0 for 0/0."""
    return x / np.where(np.logical_and(np.equal(x, 0), np.equal(y, 0)), 1, y)


def each_column(d: Any) -> Any:
    """d as a row, so that a product with it scales column j by d[j]."""
    return np.expand_dims(d, -2)


def gaps(w: Any) -> Any:
    """w[j] − w[i]."""
    return np.expand_dims(w, -2) - np.expand_dims(w, -1)


def solved(name: str, a: Any, b: Any, what: str) -> Any:
    """a⁻¹ b in the rule of ``name``, which has no derivative where ``a``, which is ``what``, is singular."""
    with regular(name, a, what):
        return np.linalg.solve(a, b)


@contextlib.contextmanager
def regular(name: str, a: Any, what: str) -> Iterator[None]:
    """Say that ``name`` has no derivative where ``a``, which is ``what``, turns out singular."""
    try:
        yield
    except np.linalg.LinAlgError as error:
        raise np.linalg.LinAlgError(
            f"{name}: there is no derivative here, for {what} is singular [{a.dtype} {a.shape}]. "
            "Mend: add a small multiple of the identity, or use a function of the singular values (svdvals, pinv)."
        ) from error


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


def steadied(v: Any, t: Any) -> Any:
    """Tangents of complex columns v with e^(iφ) taken out: what is real of v stays real."""
    if t.dtype.kind != "c":
        return t
    return t - 1j * v * np.imag(np.sum(_phase_weights(v) * t, axis=-2, keepdims=True))


def steadied_back(v: Any, g: Any) -> Any:
    """Adjoint of ``steadied`` for cotangents of the columns."""
    if g.dtype.kind != "c" or v.dtype.kind != "c":
        return g
    return g - 1j * conjugate(_phase_weights(v)) * np.imag(np.sum(conjugate(v) * g, axis=-2, keepdims=True))


def _phase_weights(v: Any) -> Any:
    """Of each column the largest component that is real, for LAPACK made it so; all of them where none is."""
    values = bare(v)
    sizes = np.absolute(values) * np.less_equal(np.absolute(np.imag(values)), 100 * float(np.finfo(v.dtype).eps))
    chosen = np.equal(sizes, np.max(sizes, axis=-2, keepdims=True))
    return chosen * conjugate(v) / np.sum(np.real(chosen * conjugate(v) * v), axis=-2, keepdims=True)


# A primitive has one result: several are laid in a row, and taken out again ------------------------------------------


def packed(stack: int, *parts: Any) -> Any:
    """Arrays whose first ``stack`` axes agree, with all their other axes laid in one row."""
    rows = [np.reshape(p, (*p.shape[:stack], math.prod(p.shape[stack:]))) for p in parts]
    return np.concatenate(rows, axis=-1)


def unpacked(row: Any, *shapes: tuple[int, ...]) -> list[Any]:
    """The arrays of these shapes (without the stack's) that ``packed`` has laid in a row."""
    parts, start = [], 0
    for shape in shapes:
        end = start + math.prod(shape)
        parts.append(np.reshape(row[..., start:end], (*row.shape[:-1], *shape)))
        start = end
    return parts
