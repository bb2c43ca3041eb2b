"""Elements by their places, as PyTorch spells them: gather, scatter, index and mask."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..engine.tensor import Tensor, bare
from ..ops.places.indexing import getitem
from ..ops.places.updating import At
from .arguments import along, cast, whole

if TYPE_CHECKING:
    from ..support.types import AnyArray, Function, Index


def _grid(index: AnyArray, dim: int) -> Any:
    """All places of an index array, those along ``dim`` replaced by what it says."""
    grid: list[Any] = list(np.indices(index.shape, sparse=True))
    grid[dim] = index
    return tuple(grid)


def gather(input: AnyArray, dim: int, index: AnyArray, *, sparse_grad: bool = False) -> AnyArray:
    """out[i, j, …] = input[…, index[i, j, …], …], where the index stands for axis ``dim``."""
    index = whole(index)
    if not index.size:
        return np.zeros(index.shape, input.dtype)
    if not np.ndim(input):
        return np.broadcast_to(input, index.shape)
    return getitem(input, _grid(index, dim) if index.ndim else index)


def _scattered(how: str) -> Function:
    def scatter(
        input: AnyArray, dim: int, index: Any, src: Any = None, *, value: Any = None, reduce: Any = None
    ) -> AnyArray:
        if reduce is not None:
            kinds = {"add": scatter_add, "multiply": _scattered("multiply")}
            if reduce not in kinds:
                raise ValueError(f"scatter: reduce={reduce!r} must be one of {list(kinds)}, or left out.")
            return kinds[reduce](input, dim, index, value if src is None else src)
        src, index, shape = value if src is None else src, whole(index), np.shape(input)
        if isinstance(src, Tensor) or np.ndim(src):
            src = getitem(src, tuple(map(slice, index.shape))) if index.ndim else np.reshape(src, (-1,))
        if not index.ndim:
            index = index.reshape(1)
        at = At(np.reshape(input, shape or (1,)))[_grid(index, dim)]
        return np.reshape(getattr(at, how)(src), shape)

    scatter.__doc__ = f"``input`` with the elements of ``src`` at the places of ``index`` along an axis ({how})."
    return scatter


scatter, scatter_add = _scattered("set"), _scattered("add")

_REDUCTIONS = {"sum": "add", "prod": "multiply", "amax": "max", "amin": "min"}


def scatter_reduce(
    input: AnyArray, dim: int, index: Any, src: AnyArray, reduce: str, *, include_self: bool = True
) -> AnyArray:
    """``scatter`` of sums, products, means, largest or smallest of what goes to one place."""
    if reduce not in ("mean", *_REDUCTIONS):
        raise ValueError(f"scatter_reduce: reduce={reduce!r} must be one of {['mean', *_REDUCTIONS]}.")
    index = whole(index)
    ones = np.ones_like(bare(input), shape=index.shape)
    counts = bare(scatter_add(np.zeros_like(bare(input)), dim, index, ones))
    if not include_self:
        start = {"prod": 1, "amax": -np.inf, "amin": np.inf}.get(reduce, 0)
        if input.dtype.kind in "iu" and reduce in ("amax", "amin"):
            start = getattr(np.iinfo(input.dtype), "min" if reduce == "amax" else "max")
        input = np.where(counts > 0, np.asarray(start, input.dtype), input)
    out = _scattered(_REDUCTIONS.get(reduce, "add"))(input, dim, index, src)
    if reduce == "mean":
        counts = np.maximum(counts + include_self, 1)
        out = out / counts if input.dtype.kind in "fc" else np.floor_divide(out, counts.astype(input.dtype))
    return out


def index_reduce(
    input: AnyArray, dim: int, index: Index, source: AnyArray, reduce: str, *, include_self: bool = True
) -> Any:
    """``scatter_reduce`` of whole slices along ``dim``."""
    if reduce == "sum":
        raise ValueError("index_reduce: reduce='sum' is index_add.")
    if not np.ndim(input):
        row = np.reshape(input, (1,))
        row = index_reduce(row, 0, whole(index).reshape(-1), np.reshape(source, -1), reduce, include_self=include_self)
        return np.reshape(row, ())
    shape = [1] * np.ndim(source)
    shape[dim] = -1
    places = np.broadcast_to(whole(index).reshape(shape), np.shape(source))
    return scatter_reduce(input, dim, places, source, reduce, include_self=include_self)


def index_select(input: AnyArray, dim: int, index: AnyArray) -> AnyArray:
    """The slices of axis ``dim`` that a vector of indices names."""
    return getitem(input, along(input, dim, whole(index))) if np.ndim(input) else input


def index_fill(input: AnyArray, dim: int, index: Any, value: Any) -> AnyArray:
    """One value in the named slices of axis ``dim``."""
    return At(input)[along(input, dim, whole(index))].set(value) if np.ndim(input) else input * 0 + value


index_copy = index_fill


def index_add(input: AnyArray, dim: int, index: Index, source: AnyArray, *, alpha: Any = 1) -> AnyArray:
    """alpha · source added to the named slices of axis ``dim``."""
    if not np.ndim(input):
        return input + np.sum(source * alpha)
    return At(input)[along(input, dim, whole(index))].add(source * alpha if alpha != 1 else source)


def index_put(input: AnyArray, indices: AnyArray, values: AnyArray, accumulate: bool = False) -> AnyArray:
    """``input[indices] = values`` (+= where they accumulate) in a new tensor."""
    at = At(input)[tuple(slice(None) if i is None else bare(i) for i in indices)]
    return at.add(values) if accumulate else at.set(values)


def put(input: AnyArray, index: Index, source: AnyArray, accumulate: bool = False) -> AnyArray:
    """Values at places of the flat tensor."""
    at = At(np.reshape(input, -1))[whole(index).reshape(-1)]
    source = np.reshape(source, -1)
    return np.reshape(at.add(source) if accumulate else at.set(source), np.shape(input))


def take(input: AnyArray, index: Index) -> AnyArray:
    """The elements at places of the flat tensor."""
    return getitem(np.reshape(input, -1), whole(index))


def take_along_dim(input: Any, indices: Any, dim: int | None = None) -> AnyArray:
    """``np.take_along_axis``: one element for each index along an axis, or of the flat tensor."""
    indices = whole(indices)
    return np.take_along_axis(input, indices.reshape(-1) if dim is None else indices, dim)


def masked_fill(input: AnyArray, mask: AnyArray, value: Any) -> AnyArray:
    """``value`` where the mask is true."""
    mask = bare(mask)
    if mask.dtype.kind != "b":
        raise TypeError(f"masked_fill: the mask is {mask.dtype}, not bool. Fix: mask.bool(), or mask == 0.")
    return np.where(mask, cast(value, input.dtype) if hasattr(value, "dtype") else value, input)


def masked_select(input: AnyArray, mask: Any) -> AnyArray:
    """The elements where the mask is true, as a vector."""
    shape = np.broadcast_shapes(np.shape(input), np.shape(mask))
    return getitem(np.broadcast_to(input, shape), np.broadcast_to(bare(mask), shape))


def masked_scatter(input: AnyArray, mask: Any, source: AnyArray) -> AnyArray:
    """The elements of ``source``, in order, where the mask is true."""
    shape = np.broadcast_shapes(np.shape(input), np.shape(mask))
    mask = np.broadcast_to(bare(mask), shape)
    return At(np.broadcast_to(input, shape))[mask].set(getitem(np.reshape(source, -1), slice(0, int(mask.sum()))))


def where(condition: AnyArray, input: AnyArray | None = None, other: Any = None) -> Any:
    """``input`` where the condition holds and ``other`` elsewhere; of a condition alone the indices."""
    return np.nonzero(bare(condition)) if input is None and other is None else np.where(bare(condition), input, other)


def nonzero(input: AnyArray, *, as_tuple: bool = False) -> Any:
    """The indices of what is not zero, one a row; ``as_tuple``: an array an axis."""
    return np.nonzero(bare(input)) if as_tuple else np.argwhere(bare(input))


def argwhere(input: AnyArray) -> AnyArray:
    """The indices of what is not zero, one a row."""
    return np.argwhere(bare(input))


def select_scatter(input: AnyArray, src: AnyArray, dim: int, index: int) -> AnyArray:
    """``input`` with ``src`` as one slice."""
    return At(input)[along(input, dim, index)].set(src)


def slice_scatter(
    input: AnyArray, src: AnyArray, dim: int = 0, start: int | None = None, end: int | None = None, step: int = 1
) -> AnyArray:
    """``input`` with ``src`` as several slices."""
    return At(input)[along(input, dim, slice(start, end, step))].set(src)


def diagonal_scatter(input: AnyArray, src: AnyArray, offset: int = 0, dim1: int = 0, dim2: int = 1) -> AnyArray:
    """``input`` with ``src`` as its diagonals."""
    shape = np.shape(input)
    places = np.diagonal(np.arange(np.size(input)).reshape(shape), offset, dim1, dim2)
    return np.reshape(At(np.reshape(input, -1))[places].set(src), shape)


def searchsorted(
    sorted_sequence: Any, input: AnyArray, *, right: bool = False, side: str | None = None, out_int32: bool = False
) -> AnyArray:
    """Where values belong in a sorted vector; rows of several axes go with rows."""
    which: Any = side or ("right" if right else "left")
    edges, values = bare(sorted_sequence), bare(input)
    if np.ndim(edges) == 1:
        found = np.searchsorted(edges, values, which)
        return np.asarray(found, np.int32) if out_int32 else found
    if not values.size:
        return np.zeros(values.shape, np.int32 if out_int32 else np.int64)
    rows = [np.searchsorted(e, v, which) for e, v in zip(_rows(edges), _rows(values), strict=True)]
    return np.stack(rows).reshape(values.shape).astype(np.int32 if out_int32 else np.int64)


def _rows(array: Any) -> AnyArray:
    return array.reshape(-1, array.shape[-1])


def bucketize(input: AnyArray, boundaries: Any, *, right: bool = False, out_int32: bool = False) -> AnyArray:
    """The number of the interval between sorted boundaries."""
    found = np.searchsorted(bare(boundaries), bare(input), "right" if right else "left")
    return np.asarray(found, np.int32) if out_int32 else found
