"""Data larger than memory, in chunks: Dask's arrays, and through them Parquet; Zarr, HDF5, memory maps."""

from __future__ import annotations

import itertools
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd_core.engine.errors import class_name

from .checking import whole
from .dataset import Dataset, Indices
from .samplers import Sampler

if TYPE_CHECKING:
    from autograd_core.support.types import Array


class ChunkedDataset(Dataset):
    """Arrays with a common first axis that are read chunk by chunk: item i is the tuple of their rows i.

    arrays : of equal length; the first one's chunks are those of all. Any array with ``shape`` and slices will do: a
        Dask array, computed when its rows are asked for; a Zarr array or HDF5 dataset; one that is mapped into memory
    rows : how many rows a chunk has; None: as the first array says by its ``chunks``
    held : how many chunks are in memory at a time

    With a `ChunkSampler` every chunk is read once an epoch, and memory stays what ``held`` chunks take, however long
    the arrays are. In any other order every batch may need all chunks.

    Raises ValueError for arrays of different lengths or without chunks, TypeError for what has no rows.

    >>> x = np.arange(12.0).reshape(6, 2)
    >>> data = ChunkedDataset(x, x.sum(axis=1), rows=4)
    >>> data.bounds, data[5]
    ([0, 4, 6], (array([10., 11.]), np.float64(21.0)))
    """

    def __init__(self, *arrays: Any, rows: int | None = None, held: int = 2) -> None:
        if not arrays:
            raise TypeError("ChunkedDataset: no arrays. Fix: ChunkedDataset(x, y).")
        for i, array in enumerate(arrays):
            if not getattr(array, "shape", ()) or not hasattr(array, "dtype"):
                raise TypeError(f"ChunkedDataset: array {i} is {class_name(array)}, which has no rows.")
        lengths = [array.shape[0] for array in arrays]
        if len({str(n) for n in lengths}) > 1 or lengths[0] != lengths[0]:  # Dask does not know every length: NaN
            raise ValueError(
                f"ChunkedDataset: arrays of lengths {lengths}. Fix: arrays of one known length; of a Dask data frame "
                "frame.to_dask_array(lengths=True)."
            )
        self.arrays, self.held = arrays, whole("ChunkedDataset: held", held)
        self.bounds = _bounds(arrays[0], rows)
        """Where chunks begin, and the end."""
        self._chunks: OrderedDict[int, tuple[Array, ...]] = OrderedDict()

    def __len__(self) -> int:
        return int(self.arrays[0].shape[0])

    def __getitem__(self, index: Any) -> tuple[Any, ...]:
        return tuple(part[0] for part in self.batch([range(len(self))[index]]))

    def batch(self, indices: Indices) -> tuple[Any, ...]:
        """The rows of each array, in this order."""
        rows = np.asarray(indices, np.intp)
        chunk = np.searchsorted(self.bounds, rows, "right") - 1
        found: tuple[Any, ...] | None = None
        for k in dict.fromkeys(chunk.tolist()):  # in the order of the batch: the last stay in memory
            here = chunk == k
            parts = tuple(part[rows[here] - self.bounds[k]] for part in self._read(k))
            if here.all():
                return parts
            if found is None:
                found = tuple(np.empty((len(rows), *part.shape[1:]), part.dtype) for part in parts)
            for whole_part, part in zip(found, parts, strict=True):
                whole_part[here] = part
        return tuple(np.asarray(array[:0]) for array in self.arrays) if found is None else found

    def _read(self, k: int) -> tuple[Array, ...]:
        if k not in self._chunks:
            while len(self._chunks) >= self.held:
                self._chunks.popitem(last=False)
            rows = slice(self.bounds[k], self.bounds[k + 1])
            self._chunks[k] = tuple(np.asarray(array[rows]) for array in self.arrays)
        self._chunks.move_to_end(k)
        return self._chunks[k]


class ChunkSampler(Sampler):
    """Every item once, chunk after chunk: the chunks in random order, and the items of each in random order.

    dataset : a `ChunkedDataset`
    generator : draws the order; ``ag.default_generator()`` by default

    >>> data = ChunkedDataset(np.arange(5), rows=2)
    >>> list(ChunkSampler(data, np.random.default_rng(0)))
    [4, 1, 0, 2, 3]
    """

    def __init__(self, dataset: ChunkedDataset, generator: np.random.Generator | None = None) -> None:
        if not isinstance(dataset, ChunkedDataset):
            raise TypeError(f"ChunkSampler: {class_name(dataset)} has no chunks. Fix: a ChunkedDataset.")
        self.dataset, self.generator = dataset, generator

    def indices(self, generator: np.random.Generator) -> Array:
        chunks = [np.arange(a, b) for a, b in itertools.pairwise(self.dataset.bounds)]
        return np.concatenate([generator.permutation(chunks[k]) for k in generator.permutation(len(chunks))])

    def __len__(self) -> int:
        return len(self.dataset)


def in_chunks(arrays: Any) -> bool:
    """Whether an array says that it lies in chunks."""
    return any(getattr(array, "chunks", None) is not None for array in arrays)


def _bounds(array: Any, rows: int | None) -> list[int]:
    length, along = int(array.shape[0]), None
    if rows is not None:
        along = whole("ChunkedDataset: rows", rows)
    elif getattr(array, "chunks", None) is not None:
        along = array.chunks[0]
    if along is None:
        raise ValueError(f"ChunkedDataset: {class_name(array)} does not say how it is chunked. Fix: give rows=….")
    if isinstance(along, (tuple, list)):  # Dask's: the length of each
        return [0, *itertools.accumulate(int(n) for n in along if n)]
    return [*range(0, length, int(along)), length]
