"""Einstein's summation: any product of arrays, summed over any of their axes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ...engine.arithmetic import conjugate, unbroadcast
from ...engine.forms import multilinear
from ...engine.registry import implements
from ...engine.tensor import Tensor
from ..places.indexing import _scatter

if TYPE_CHECKING:
    from ...support.types import AnyArray

__all__ = ["einsum"]

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
"""Letters in the order of the numbers that stand for them in lists of indices."""


@multilinear(
    name="einsum",
    operands=lambda g, operands, subscripts, optimize, index: _adjoint(g, operands, subscripts, optimize, index),
)
def _einsum(*operands, subscripts="", optimize=False):
    return np.einsum(subscripts, *operands, optimize=optimize)


@implements(np.einsum)
def einsum(*operands, out=None, optimize=False, **settings):
    """Products of elements of all operands, summed over the indices that the result does not have.

    einsum("ij,jk->ik", a, b) is a matrix product, "ii->i" a diagonal, "ij->j" a sum; "..." stands for any further axes,
    which broadcast; without "->" the result has the indices that occur once, in alphabetical order. The operands may
    also be given as einsum(a, [0, 1], b, [1, 2], [0, 2]).

    optimize : contract two operands at a time, in an order that np.einsum_path finds (True) or found
    out, settings : those of ``np.einsum``

    The adjoint in one operand is the einsum of g with the conjugates of the others, and back onto its diagonals.

    >>> einsum("ij,ij->i", np.eye(2), np.array([[3.0, 1.0], [2.0, 4.0]]))
    array([3., 4.])
    """
    if not any(isinstance(x, Tensor) for x in operands):
        return np.einsum(*operands, out=out, optimize=optimize, **settings)
    if out is not None or settings:
        given = ", ".join(f"{name}=" for name in ("out", *settings) if name != "out" or out is not None)
        raise TypeError(f"einsum: {given} is not answered on tensors. Fix: use the result, and astype for a dtype.")
    subscripts, arrays = _explicit(operands)
    if optimize:  # NumPy sums truth values by "or", and small integers wrap, where it contracts them first
        dtype = np.result_type(*[x.dtype for x in arrays if hasattr(x, "dtype")])
        arrays = [x.astype(dtype) if hasattr(x, "dtype") and x.dtype.kind in "biu" else x for x in arrays]
    return _einsum(*arrays, subscripts=subscripts, optimize=optimize)


# Reading the notations -----------------------------------------------------------------------------------------------


def _explicit(operands: Sequence[Any]) -> tuple[str, list[Any]]:
    """One letter for each axis, the result's after "->", and the operands."""
    if isinstance(operands[0], str):
        text, arrays = operands[0].replace(" ", ""), list(operands[1:])
    else:
        pairs = len(operands) // 2
        arrays = list(operands[: 2 * pairs : 2])
        text = ",".join(map(_lettered, operands[1 : 2 * pairs : 2]))
        text += "->" + _lettered(operands[-1]) if len(operands) % 2 else ""
    inputs, arrow, output = text.partition("->")
    terms = inputs.split(",")
    if len(terms) != len(arrays):
        raise ValueError(f"einsum: {text!r} names {len(terms)} operands, {len(arrays)} given. Fix: one term for each.")
    further = [np.ndim(x) - len(t.replace("...", "")) for x, t in zip(arrays, terms, strict=True)]
    if any(n < 0 or (n and "..." not in t) for n, t in zip(further, terms, strict=True)):
        shapes = ", ".join(str(np.shape(x)) for x in arrays)
        raise ValueError(f"einsum: {text!r} does not fit arrays of shapes {shapes}. Fix: one letter for each axis.")
    unused = [c for c in _LETTERS if c not in text]
    fresh = "".join(unused[: max(further, default=0)])
    if not arrow:
        output = ("..." if "..." in inputs else "") + "".join(
            c for c in sorted(set(inputs) - {",", "."}) if inputs.count(c) == 1
        )
    terms = [t.replace("...", fresh[len(fresh) - n :]) for t, n in zip(terms, further, strict=True)]
    return f"{','.join(terms)}->{output.replace('...', fresh)}", arrays


def _lettered(indices: Iterable[Any]) -> str:
    return "".join("..." if i is Ellipsis else _LETTERS[i] for i in indices)


# The adjoint ---------------------------------------------------------------------------------------------------------


def _adjoint(g: AnyArray, operands: Sequence[AnyArray], subscripts: str, optimize: Any, index: int) -> AnyArray:
    """The cotangent of operand ``index``."""
    inputs, _, output = subscripts.partition("->")
    terms = inputs.split(",")
    own, shape = terms.pop(index), operands[index].shape
    others = [conjugate(x) for i, x in enumerate(operands) if i != index]
    letters = "".join(dict.fromkeys(own))
    found = "".join(c for c in letters if c in output or any(c in t for t in terms))
    how = optimize if isinstance(optimize, (bool, str)) else True
    g = np.einsum(f"{','.join([output, *terms])}->{found}", g, *others, optimize=how)
    sides = dict(zip(found, g.shape, strict=True))
    for c, n in zip(own, shape, strict=True):
        if sides.get(c, 1) == 1:
            sides[c] = n
    g = np.reshape(g, tuple(g.shape[found.index(c)] if c in found else 1 for c in letters))
    g = np.broadcast_to(g, tuple(sides[c] for c in letters))
    return unbroadcast(g, shape) if letters == own else _onto_diagonals(g, letters, own, shape)


def _onto_diagonals(g: AnyArray, letters: str, own: str, shape: tuple[int, ...]) -> AnyArray:
    """Zeros but where the axes with one letter have one index."""
    places = []
    for c, n in zip(own, shape, strict=True):
        along = [-1 if c == d else 1 for d in letters]
        side = g.shape[letters.index(c)]
        places.append(np.reshape(np.arange(side) if n == side else np.zeros(side, int), along))
    return _scatter(g, shape=shape, index=tuple(places))
