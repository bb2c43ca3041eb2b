"""``torch.utils.data``: datasets and loaders of ``nn.data``, whose batches are tensors of the face."""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd_core.support.lazy import answering
from nn import data as _library
from nn.data import Dataset, Sampler

from ..tensor import plain, wrap

if TYPE_CHECKING:
    from autograd_core.support.types import Index


__all__ = [
    *("Dataset", "TensorDataset", "ConcatDataset", "Subset", "random_split", "DataLoader", "default_collate"),
    *("Sampler", "SequentialSampler", "RandomSampler", "SubsetRandomSampler", "WeightedRandomSampler", "BatchSampler"),
]


class TensorDataset(_library.TensorDataset):
    """Tensors with a common first axis: item i is the tuple of their rows i.

    tensors : of equal length
    """

    def __init__(self, *tensors: Any) -> None:
        super().__init__(*map(plain, tensors))
        self.tensors = tuple(map(wrap, self.arrays))

    def __getitem__(self, index: Index) -> Any:
        return wrap(super().__getitem__(plain(index)))


class ConcatDataset(Dataset):
    """Several datasets, one after the other.

    datasets : what is read, in this order
    """

    def __init__(self, datasets: Any) -> None:
        self.datasets = list(datasets)
        if not self.datasets:
            raise ValueError("ConcatDataset: no datasets.")
        self.cumulative_sizes = list(itertools.accumulate(map(len, self.datasets)))

    def __len__(self) -> int:
        return self.cumulative_sizes[-1]

    def __getitem__(self, index: Any) -> Any:
        index = int(index) + (len(self) if index < 0 else 0)
        if not 0 <= index < len(self):
            raise IndexError(f"ConcatDataset: no item {index} of {len(self)}.")
        k = bisect.bisect_right(self.cumulative_sizes, index)
        return self.datasets[k][index - (self.cumulative_sizes[k - 1] if k else 0)]


class SubsetRandomSampler(Sampler):
    """Given item numbers in an order that is drawn anew for each epoch.

    indices : the numbers
    generator : draws the order
    """

    def __init__(self, indices: Any, generator: Any = None) -> None:
        self.numbers, self.generator = np.asarray(indices), generator

    def __len__(self) -> int:
        return len(self.numbers)

    def indices(self, generator: np.random.Generator) -> Any:
        """The numbers in a new order."""
        return generator.permutation(self.numbers)


def random_split(dataset: Any, lengths: Any, generator: Any = None) -> list[Any]:
    """A dataset cut at random into parts of given lengths, or fractions.

    dataset : what is cut
    lengths : how many items each part has, or which fraction
    generator : draws the order
    """
    return list(_library.random_split(dataset, lengths, generator=generator))


def default_collate(batch: Any) -> Any:
    """A list of items as one batch of tensors."""
    return wrap(_library.default_collate([plain(item) for item in batch]))


IGNORED = {
    *("num_workers", "pin_memory", "timeout", "worker_init_fn", "multiprocessing_context", "prefetch_factor"),
    *("persistent_workers", "pin_memory_device", "in_order"),
}
"""Settings of processes that read ahead: they change no number, and here one process reads."""


class DataLoader(_library.DataLoader):
    """Batches of a dataset, as tensors; arguments are those of ``torch.utils.data.DataLoader``.

    What says how other processes read ahead (``num_workers``, ``pin_memory`` …) is accepted; one process reads.
    """

    def __init__(
        self,
        dataset: Any,
        batch_size: int | None = 1,
        shuffle: bool | None = None,
        sampler: Any = None,
        batch_sampler: Any = None,
        num_workers: int = 0,
        collate_fn: Any = None,
        pin_memory: bool = False,
        drop_last: bool = False,
        *args: Any,
        generator: Any = None,
        **ignored: Any,
    ) -> None:
        unknown = sorted(set(ignored) - IGNORED)
        if unknown:
            raise TypeError(f"DataLoader: unknown arguments {unknown}.")
        if batch_size is None:
            raise ValueError("DataLoader: batch_size=None (no batches) is not here. Fix: iterate over the dataset.")
        super().__init__(
            dataset,
            batch_size,
            bool(shuffle),
            sampler,
            batch_sampler,
            collate_fn=collate_fn or (None if hasattr(dataset, "batch") else default_collate),
            drop_last=drop_last,
            generator=generator,
        )
        self.num_workers, self.batch_size, self.drop_last = num_workers, batch_size, drop_last

    def __iter__(self) -> Iterator[Any]:
        return (_as_lists(wrap(batch)) for batch in super().__iter__())


def _as_lists(batch: Any) -> Any:
    """PyTorch's batches of several parts are lists."""
    return list(batch) if type(batch) is tuple else batch


__getattr__ = answering("torch.utils.data")
