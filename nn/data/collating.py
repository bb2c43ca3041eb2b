"""Many items as one batch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from autograd_core import get_default_dtype
from autograd_core.engine.errors import class_name
from autograd_core.engine.tensor import bare

if TYPE_CHECKING:
    from autograd_core.support.types import Array, Index, Tree


class Items(Protocol):
    """What a dataset must have: items by number, and how many there are."""

    def __getitem__(self, index: Index, /) -> Any: ...
    def __len__(self) -> int: ...


def batch_of(dataset: Items, indices: Array) -> Tree:
    """The items at these positions: by the dataset's own ``batch`` where it has one, or one by one."""
    if hasattr(dataset, "batch"):
        return dataset.batch(indices)
    return default_collate([dataset[i] for i in indices.tolist()])


def default_collate(items: list[Any]) -> Tree:
    """A batch of items: arrays and numbers stacked along a new first axis, within tuples, lists and dicts.

    items : arrays, numbers, or tuples, lists and dicts of them

    Python floats get the default dtype; lists become tuples. Raises ValueError for no items and for items of different
    shapes, TypeError for what cannot be stacked.

    >>> default_collate([(np.zeros(2), 0), (np.ones(2), 1)])
    (array([[0., 0.], [1., 1.]]), array([0, 1]))
    """
    if not items:
        raise ValueError("default_collate: no items. Fix: leave out empty lists of a batch_sampler.")
    first = items[0]
    if isinstance(first, Mapping):
        return {key: default_collate([item[key] for item in items]) for key in first}
    if isinstance(first, (tuple, list)):
        if len({len(item) for item in items}) > 1:
            raise ValueError(f"default_collate: items of {sorted({len(item) for item in items})} parts in one batch.")
        return tuple(default_collate(list(parts)) for parts in zip(*items, strict=True))
    if isinstance(first, str):
        return items
    arrays = [np.asarray(bare(item)) for item in items]
    if arrays[0].dtype.kind not in "biufc":
        raise TypeError(f"default_collate: items of {class_name(first)} cannot be stacked. Fix: give collate_fn.")
    shapes = sorted({array.shape for array in arrays})
    if len(shapes) > 1:
        raise ValueError(f"default_collate: items of shapes {shapes} in one batch. Fix: give a collate_fn that pads.")
    batch = np.stack(arrays)
    return batch.astype(get_default_dtype()) if type(first) is float else batch
