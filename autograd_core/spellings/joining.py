"""Joining and splitting, as PyTorch spells them."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import numpy as np

from ..engine.tensor import bare
from ..ops.places.indexing import getitem
from .arguments import along

if TYPE_CHECKING:
    from ..support.types import AnyArray, Function


def cat(tensors: Any, dim: int = 0) -> Any:
    """Tensors one after the other along an axis; one of shape (0,) beside others of more axes is left out."""
    tensors = list(tensors)
    if any(np.ndim(x) > 1 for x in tensors):
        tensors = [x for x in tensors if np.shape(x) != (0,)]
    return np.concatenate(tensors, axis=dim)


concat = concatenate = cat


def stack(tensors: Any, dim: int = 0) -> Any:
    """Tensors of one shape along a new axis."""
    return np.stack(list(tensors), axis=dim)


def split(tensor: Any, split_size_or_sections: Any, dim: int = 0) -> Any:
    """Pieces of a given size, the last one of what is left; or of the given sizes."""
    n, size = np.shape(tensor)[dim], split_size_or_sections
    if isinstance(size, (int, np.integer)):
        cuts = list(range(size, n, size))
    else:
        if sum(size) != n:
            raise RuntimeError(f"split: the sizes {list(size)} add up to {sum(size)}, axis {dim} has {n}.")
        cuts = list(itertools.accumulate(size))[:-1]
    ends = [0, *cuts, n]
    return tuple(getitem(tensor, along(tensor, dim, slice(a, b))) for a, b in itertools.pairwise(ends))


def split_with_sizes(input: AnyArray, split_sizes: Any, dim: int = 0) -> AnyArray:
    """Pieces of the given sizes."""
    return split(input, split_sizes, dim)


def chunk(input: AnyArray, chunks: int, dim: int = 0) -> AnyArray:
    """At most so many pieces of one size, the last one of what is left."""
    return split(input, max(-(-np.shape(input)[dim] // chunks), 1), dim)


def tensor_split(input: AnyArray, indices_or_sections: Any, dim: int = 0) -> Any:
    """Pieces as equal as can be, or cut at indices."""
    cuts = bare(indices_or_sections)
    cuts = int(cuts) if np.ndim(cuts) == 0 else [int(c) for c in cuts]
    return tuple(np.array_split(input, cuts, axis=dim))


def unbind(input: AnyArray, dim: int = 0) -> Any:
    """The slices of an axis."""
    return tuple(getitem(input, along(input, dim, i)) for i in range(np.shape(input)[dim]))


def hstack(tensors: Any) -> Any:
    """Side by side."""
    return np.hstack(list(tensors))


def vstack(tensors: Any) -> Any:
    """One below the other."""
    return np.vstack(list(tensors))


def dstack(tensors: Any) -> Any:
    """One behind the other."""
    return np.dstack(list(tensors))


def column_stack(tensors: Any) -> Any:
    """Vectors as columns."""
    return np.column_stack(list(tensors))


row_stack = vstack


def hsplit(input: AnyArray, indices_or_sections: Any) -> Any:
    """Pieces of axis 1, or of the only one."""
    return tuple(np.hsplit(input, indices_or_sections))


def vsplit(input: AnyArray, indices_or_sections: Any) -> Any:
    """Pieces of axis 0."""
    return tuple(np.vsplit(input, indices_or_sections))


def dsplit(input: AnyArray, indices_or_sections: Any) -> Any:
    """Pieces of axis 2."""
    return tuple(np.dsplit(input, indices_or_sections))


def meshgrid(*tensors: object, indexing: str = "ij") -> Any:
    """The grid of coordinates; by rows first, where nothing else is said."""
    if len(tensors) == 1 and isinstance(tensors[0], (tuple, list)):
        tensors = tuple(tensors[0])
    return tuple(np.meshgrid(*tensors, indexing=indexing))  # type: ignore[call-overload]


def broadcast_tensors(*tensors: Any) -> Any:
    """All in their common shape."""
    return tuple(np.broadcast_arrays(*tensors))


def block_diag(*tensors: Any) -> Any:
    """Matrices along the diagonal, and zeros elsewhere."""
    blocks = [np.reshape(x, (1, -1)) if np.ndim(x) < 2 else x for x in tensors]
    return np.block(
        [
            [x if i == j else np.zeros_like(bare(x), shape=(x.shape[0], y.shape[1])) for j, y in enumerate(blocks)]
            for i, x in enumerate(blocks)
        ]
    )


def cartesian_prod(*tensors: object) -> Any:
    """All combinations of the elements of vectors, one a row."""
    if len(tensors) == 1:
        return tensors[0]
    return np.stack([np.reshape(g, -1) for g in meshgrid(*tensors)], axis=-1)


def combinations(input: AnyArray, r: int = 2, with_replacement: bool = False) -> AnyArray:
    """All choices of r elements of a vector, one a row."""
    choose = itertools.combinations_with_replacement if with_replacement else itertools.combinations
    index = np.array(list(choose(range(len(input)), r)), int).reshape(-1, r)
    return getitem(input, index)


def _each(function: Function) -> Function:
    def at_least(*tensors: object) -> Any:
        if len(tensors) == 1 and isinstance(tensors[0], (tuple, list)):
            tensors = tuple(tensors[0])
        found = function(*tensors)
        return tuple(found) if isinstance(found, (list, tuple)) else found

    return at_least


atleast_1d, atleast_2d, atleast_3d = map(_each, (np.atleast_1d, np.atleast_2d, np.atleast_3d))
