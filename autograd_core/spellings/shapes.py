"""Shapes: other views of the same elements, as PyTorch spells them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from ..ops.places.indexing import getitem, sliding_window_view
from .arguments import along, axes, sizes

if TYPE_CHECKING:
    from ..support.types import AnyArray, Axis


def reshape(input: AnyArray, *given: object, shape: Any = None) -> AnyArray:
    """The elements in another shape, of which one size may be −1."""
    return np.reshape(input, sizes(given, shape))


def view(input: AnyArray, *shape: object, size: Any = None) -> AnyArray:
    """``reshape``; a view of the bytes as another dtype is refused."""
    if len(shape) == 1 and not isinstance(shape[0], (int, np.integer, tuple, list)):
        raise TypeError(f"view({shape[0]!r}): bits as another dtype have no derivative. Fix: t.to(dtype) converts.")
    return np.reshape(input, sizes(shape, size))


def reshape_as(input: AnyArray, other: Any) -> AnyArray:
    """The elements in the shape of ``other``."""
    return np.reshape(input, other.shape)


view_as = reshape_as


def flatten(input: AnyArray, start_dim: int = 0, end_dim: int = -1) -> AnyArray:
    """The axes from ``start_dim`` to ``end_dim`` as one."""
    n = max(np.ndim(input), 1)
    if not (-n <= start_dim < n and -n <= end_dim < n and start_dim % n <= end_dim % n):
        raise IndexError(f"flatten({start_dim}, {end_dim}): a tensor of shape {np.shape(input)} has no such axes.")
    shape, a, b = np.shape(input) or (1,), start_dim % n, end_dim % n
    return np.reshape(input, (*shape[:a], math.prod(shape[a : b + 1]), *shape[b + 1 :]))


def unflatten(input: AnyArray, dim: int, sizes: Any) -> AnyArray:
    """Axis ``dim`` as several of the given sizes, of which one may be −1."""
    shape, dim = np.shape(input), dim % np.ndim(input)
    known = math.prod(n for n in sizes if n != -1)
    sizes = [shape[dim] // known if n == -1 else n for n in sizes]
    return np.reshape(input, (*shape[:dim], *sizes, *shape[dim + 1 :]))


def unsqueeze(input: AnyArray, dim: int) -> AnyArray:
    """One more axis, of size 1."""
    return np.expand_dims(input, dim)


def squeeze(input: AnyArray, dim: Axis = None) -> AnyArray:
    """Without axes of size 1: all of them, or those among ``dim``."""
    if dim is None:
        return np.squeeze(input)
    n = max(np.ndim(input), 1)
    wanted = [d % n for d in (dim if isinstance(dim, (tuple, list)) else [dim])]
    return np.squeeze(input, tuple(d for d in wanted if np.ndim(input) and np.shape(input)[d] == 1))


def permute(input: AnyArray, *order: object, dims: Any = None) -> AnyArray:
    """The axes in another order."""
    return np.transpose(input, sizes(order, dims))


def transpose(input: AnyArray, dim0: int, dim1: int) -> AnyArray:
    """Two axes exchanged."""
    return np.swapaxes(input, dim0, dim1) if np.ndim(input) else input


swapaxes = swapdims = transpose


def t(input: AnyArray) -> AnyArray:
    """A matrix transposed; one axis or none stays as it is."""
    if np.ndim(input) > 2:
        raise RuntimeError(
            f"t: a tensor of shape {np.shape(input)} has more than two axes. Fix: transpose(dim0, dim1)."
        )
    return np.transpose(input)


def adjoint(input: AnyArray) -> AnyArray:
    """The last two axes exchanged, and conjugated."""
    return np.conj(np.swapaxes(input, -1, -2))


def movedim(input: Any, source: Any, destination: Any) -> AnyArray:
    """Axes at other places; the others keep their order."""
    return np.moveaxis(input, source, destination)


moveaxis = movedim


def expand(input: Any, *shape: Any, size: Any = None) -> AnyArray:
    """Axes of size 1 repeated; −1 leaves an axis as it is."""
    shape = sizes(shape, size)
    if len(shape) < np.ndim(input):
        raise RuntimeError(f"expand{tuple(shape)}: fewer axes than the tensor of shape {np.shape(input)} has.")
    own = (None,) * (len(shape) - np.ndim(input)) + tuple(np.shape(input))
    return np.broadcast_to(input, tuple(o if n == -1 else n for n, o in zip(shape, own, strict=True)))


broadcast_to = expand


def expand_as(input: AnyArray, other: Any) -> AnyArray:
    """``expand`` to the shape of ``other``."""
    return np.broadcast_to(input, other.shape)


def repeat(input: AnyArray, *times: object, repeats: Any = None) -> AnyArray:
    """The whole tensor, that often along each axis."""
    repeats = sizes(times, repeats)
    if len(repeats) < np.ndim(input):
        raise RuntimeError(f"repeat{tuple(repeats)}: give a number for each axis of {np.shape(input)}.")
    return np.tile(input, tuple(repeats))


def tile(input: AnyArray, *times: object, dims: Any = None) -> AnyArray:
    """``repeat``, where axes that are not named are not repeated."""
    return np.tile(input, sizes(times, dims))


def repeat_interleave(
    input: AnyArray, repeats: Any, dim: int | None = None, *, output_size: int | None = None
) -> AnyArray:
    """Each element, or each slice of axis ``dim``, that many times in a row."""
    return np.repeat(input, repeats, axis=dim)


def flip(input: AnyArray, *axes: object, dims: Any = None) -> AnyArray:
    """The named axes backwards."""
    return np.flip(input, sizes(axes, dims))


def roll(input: AnyArray, shifts: Any, dims: Any = None) -> AnyArray:
    """Shifted along axes, around the ends."""
    return np.roll(input, shifts, axis=axes(dims) if dims != () else None)


def rot90(input: AnyArray, k: int = 1, dims: Any = (0, 1)) -> AnyArray:
    """Turned k times by 90° in the plane of two axes."""
    return np.rot90(input, k, dims)


def narrow(input: AnyArray, dim: int, start: Any, length: int) -> AnyArray:
    """``length`` slices of axis ``dim``, from ``start`` on."""
    start = int(start) + (np.shape(input)[dim] if int(start) < 0 else 0)
    if not 0 <= start <= start + length <= np.shape(input)[dim]:
        raise RuntimeError(f"narrow({dim}, {start}, {length}): axis {dim} of {np.shape(input)} is shorter.")
    return getitem(input, along(input, dim, slice(start, start + length)))


def select(input: AnyArray, dim: int, index: int) -> AnyArray:
    """Slice ``index`` of axis ``dim``."""
    return getitem(input, along(input, dim, index))


def unfold(input: AnyArray, dimension: int, size: int, step: int) -> AnyArray:
    """Windows of axis ``dimension``, laid along a new last axis."""
    if not np.ndim(input):
        return getitem(np.reshape(input, (1,)), slice(0, size))
    windows = sliding_window_view(input, size, axis=dimension)
    return getitem(windows, along(input, dimension, slice(None, None, step)))


def diag(input: AnyArray, diagonal: int = 0) -> AnyArray:
    """The diagonal of a matrix, or the matrix of a diagonal."""
    return np.diag(input, diagonal)


def diagflat(input: AnyArray, offset: int = 0) -> AnyArray:
    """The matrix with the elements on its diagonal."""
    return np.diagflat(input, offset)


def vander(x: AnyArray, N: int | None = None, increasing: bool = False) -> AnyArray:
    """The powers of x, the highest first, or the lowest."""
    return np.vander(x, N, increasing)


def diagonal(input: AnyArray, offset: int = 0, dim1: int = 0, dim2: int = 1) -> AnyArray:
    """The diagonals of the matrices of two axes."""
    return np.diagonal(input, offset, dim1, dim2)


def diag_embed(input: AnyArray, offset: int = 0, dim1: int = -2, dim2: int = -1) -> AnyArray:
    """Matrices with these diagonals, and zeros elsewhere."""
    n = np.shape(input)[-1]
    column = np.arange(n + abs(offset)) - max(offset, 0)
    row = np.arange(n + abs(offset))[:, None] + min(offset, 0)
    inside = (row == column) & (row >= 0) & (row < n)
    matrices = np.where(inside, np.take(input, np.clip(column, 0, n - 1), axis=-1)[..., None, :], 0)
    return np.moveaxis(matrices, (-2, -1), (dim1, dim2))


def tril(input: AnyArray, diagonal: int = 0) -> AnyArray:
    """The lower triangle, and zeros above it."""
    return np.tril(input, diagonal)


def triu(input: AnyArray, diagonal: int = 0) -> AnyArray:
    """The upper triangle, and zeros below it."""
    return np.triu(input, diagonal)


def sum_to_size(input: AnyArray, *size: Any) -> AnyArray:
    """Summed over what ``expand`` would have repeated."""
    size = sizes(size)
    lead = np.ndim(input) - len(size)
    ones = [i + lead for i, n in enumerate(size) if n == 1]
    return np.reshape(np.sum(input, axis=(*range(lead), *ones)), tuple(size))


ravel = np.ravel
fliplr, flipud = np.fliplr, np.flipud
