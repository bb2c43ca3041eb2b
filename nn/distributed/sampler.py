"""Which rows a rank reads."""

from __future__ import annotations

from collections.abc import Sized
from typing import TYPE_CHECKING

import numpy as np

from autograd_core import default_generator

from ..data import BatchSampler, RandomSampler, Sampler, SequentialSampler
from .agreeing import from_first
from .communicator import Communicator, checked

if TYPE_CHECKING:
    from autograd_core.support.types import Array


class DistributedSampler(BatchSampler):
    """The batches that one process would read, of which each rank gets its part.

    data : a dataset, or a `Sampler` that draws the same on every rank
    batch_size : how many samples a batch has on all ranks together
    comm : a communicator
    shuffle : whether an epoch's order is drawn anew
    drop_last : leave out a last batch that is smaller
    seed : of the orders; None: drawn on rank 0

    Every sample comes once an epoch, whatever the number of ranks, and batch k has the same samples: parts differ in
    size by one at most, and that of a last batch may be empty. So a training can go on with other numbers of ranks.

    Raises ValueError for batches smaller than the number of ranks.

    >>> from nn.data import DataLoader, TensorDataset
    >>> from nn.distributed import Alone
    >>> data = TensorDataset(np.arange(5))
    >>> loader = DataLoader(data, batch_sampler=DistributedSampler(data, 2, Alone(), shuffle=False))
    >>> [batch[0].tolist() for batch in loader]
    [[0, 1], [2, 3], [4]]
    """

    def __init__(
        self,
        data: Sized,
        batch_size: int,
        comm: Communicator,
        shuffle: bool = True,
        drop_last: bool = False,
        seed: int | None = None,
    ) -> None:
        comm = checked("DistributedSampler", comm)
        if isinstance(data, Sampler):
            sampler: Sampler = data
        elif shuffle:
            drawn = from_first(lambda: int(default_generator().integers(2**63)) if seed is None else seed, comm)
            sampler = RandomSampler(data, generator=np.random.default_rng(drawn))
        else:
            sampler = SequentialSampler(data)
        super().__init__(sampler, batch_size, drop_last)
        self.rank, self.ranks = comm.Get_rank(), comm.Get_size()
        if self.batch_size < self.ranks:
            raise ValueError(
                f"DistributedSampler: a batch of {self.batch_size} for {self.ranks} ranks leaves some without samples. "
                f"Fix: batch_size={self.ranks} or more (it counts the samples of all ranks together), or fewer ranks."
            )

    @property
    def stream(self) -> tuple[int, ...]:
        """What tells this rank's random numbers from the others'."""
        return (self.rank,) if self.ranks > 1 else ()

    def cut(self, indices: Array) -> list[Array]:
        """This rank's part of each batch of an epoch whose item numbers are these."""
        return [np.array_split(batch, self.ranks)[self.rank] for batch in super().cut(indices)]
