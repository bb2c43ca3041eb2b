"""What data are: items by number."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from autograd_core import Tensor, default_generator
from autograd_core.border.containers import as_numbers
from autograd_core.engine.errors import class_name
from autograd_core.support.arrays import on_device

from .collating import Items, batch_of

if TYPE_CHECKING:
    from autograd_core.support.types import AnyArray, Array, Index

Indices: TypeAlias = "Sequence[int] | Array"


class Dataset:
    """Base of datasets: ``__getitem__(i)`` gives item i, ``__len__`` their number.

    A dataset may also have ``batch(indices)``, which gives many items at once, one array for each part of an item; a
    loader then uses it instead of collating single items.
    """

    def __getitem__(self, index: Index) -> Any:
        raise NotImplementedError(f"{class_name(self)} must define __getitem__(self, index).")

    def __len__(self) -> int:
        raise NotImplementedError(f"{class_name(self)} must define __len__(self).")


class TensorDataset(Dataset):
    """Arrays with a common first axis: item i is the tuple of their rows i.

    arrays : of equal length, each with an item a row

    Arrays stay where they are: one that is mapped into memory (``np.load(path, mmap_mode="r")``, ``np.memmap``) may be
    larger than the memory, for only the rows asked for are ever read. Lists become arrays, tensors give their values.

    Raises ValueError for arrays of different lengths, TypeError for what has no rows.

    >>> data = TensorDataset(np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([0, 1]))
    >>> len(data), data[1]
    (2, (array([3., 4.]), np.int64(1)))
    """

    def __init__(self, *arrays: Any) -> None:
        if not arrays:
            raise TypeError("TensorDataset: no arrays. Fix: TensorDataset(x, y).")
        self.arrays = tuple(_rows(i, array) for i, array in enumerate(arrays))
        self._cuts = [(array, array.take if _can_be_taken(array) else None) for array in self.arrays]
        lengths = [len(array) for array in self.arrays]
        if len(set(lengths)) > 1:
            shapes = ", ".join(str(array.shape) for array in self.arrays)
            raise ValueError(f"TensorDataset: arrays of different lengths {lengths}; the shapes are {shapes}.")

    def __getitem__(self, index: Index) -> tuple[Any, ...]:
        return tuple(array[index] for array in self.arrays)

    def batch(self, indices: Indices) -> tuple[Any, ...]:
        """The rows of each array, in this order: copies, whatever the arrays are."""
        rows = np.asarray(indices, np.intp)
        return tuple([take(rows, 0) if take else array[rows] for array, take in self._cuts])

    def __len__(self) -> int:
        return len(self.arrays[0])


def _rows(position: int, array: AnyArray) -> Any:
    if hasattr(array, "toarray"):
        what = f"{class_name(array)} {array.shape}"
        raise TypeError(f"TensorDataset: array {position} is {what}, which is sparse. Fix: x.toarray().")
    if isinstance(array, Tensor):
        array = array.numpy()
    elif isinstance(array, np.ma.MaskedArray):
        array = as_numbers(array, f"TensorDataset: array {position}")  # whose masked elements are no data
    elif isinstance(array, (list, tuple)) or (hasattr(array, "__array__") and not on_device(array)):
        array = np.asarray(array)  # a view without memmap's own bookkeeping; nothing is read
    if not hasattr(array, "shape") or len(array.shape) == 0:
        what = f"{array.dtype} {array.shape}" if hasattr(array, "shape") else class_name(array)
        raise TypeError(f"TensorDataset: array {position} is {what}, which has no rows. Fix: give an array (N, …).")
    return array


def _can_be_taken(array: object) -> bool:
    """Whether ``take``, twice as fast as an index, may be used: it would first copy the whole of any other array."""
    return type(array) is np.ndarray and array.flags.c_contiguous and array.flags.aligned and array.dtype.isnative


class Subset(Dataset):
    """The items of a dataset at given positions, in their order.

    dataset : where the items come from
    indices : integers; or, as for an array, a mask of a bool for each item

    Raises IndexError for a position that the dataset does not have, TypeError for what is not an integer.

    >>> Subset(TensorDataset(np.arange(5) ** 2), [4, 1])[0]
    (np.int64(16),)
    """

    def __init__(self, dataset: Items, indices: Indices) -> None:
        size, given = len(dataset), np.asarray(indices)
        if given.ndim != 1 or (given.dtype == bool and len(given) != size):
            raise IndexError(f"Subset: indices are {given.dtype} {given.shape} for a dataset of {size} items.")
        if given.dtype == bool:
            given = np.flatnonzero(given)
        elif given.size and given.dtype.kind not in "iu":
            raise TypeError(f"Subset: indices are {given.dtype} {given.shape}; expected integers or a mask.")
        bad = given[(given < -size) | (given >= size)]
        if bad.size:
            raise IndexError(f"Subset: index {bad[0]} is out of range for a dataset of {size} items.")
        self.dataset, self.indices = dataset, given.astype(np.intp)

    def __getitem__(self, index: Index) -> Any:
        return self.dataset[self.indices[index]]

    def batch(self, indices: Indices) -> Any:
        """The items at these positions of the subset."""
        return batch_of(self.dataset, self.indices[indices])

    def __len__(self) -> int:
        return len(self.indices)


def random_split(
    dataset: Items, lengths: Sequence[float], generator: np.random.Generator | None = None
) -> list[Subset]:
    """Cut a dataset at random into disjoint subsets.

    dataset : what is cut
    generator : draws the order; ``ag.default_generator()`` by default
    lengths : numbers of items that add up to the dataset's, or fractions that add up to 1 (items left over by rounding
        down go to the first subsets, one each)

    Raises ValueError where they do not add up.

    >>> [len(part) for part in random_split(TensorDataset(np.zeros(10)), [0.75, 0.25])]
    [8, 2]
    """
    size = len(dataset)
    counts = [int(length) for length in lengths]
    if math.isclose(sum(lengths), 1) and sum(lengths) <= 1 + 1e-9 and not (size == 1 and counts == list(lengths)):
        counts = [math.floor(size * fraction + 1e-9) for fraction in lengths]
        for i in range(size - sum(counts)):
            counts[i % len(counts)] += 1
    if any(count < 0 for count in counts) or sum(counts) != size or len(counts) == 0:
        raise ValueError(
            f"random_split: lengths {list(lengths)} do not add up to the dataset's {size} items. "
            "Fix: give numbers of items, or fractions that add up to 1."
        )
    order = (default_generator() if generator is None else generator).permutation(size)
    return [Subset(dataset, part) for part in np.split(order, np.cumsum(counts)[:-1])]
