"""Batch norm by the statistics of the whole batch, of which each rank has a part."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

import autograd_core as ag
from autograd_core.batching.batched import Batched
from autograd_core.engine.tensor import bare
from autograd_core.support.arrays import brought, hosted

from ..kernels.accuracy import accurate, like
from ..layers.normalization_layers import BatchNorm1d, BatchNorm2d, BatchNorm3d
from ..modules.module import Module
from .communicator import Communicator, checked, world

if TYPE_CHECKING:
    from autograd_core import Tensor
    from autograd_core.support.types import AnyArray, DTypeLike, TensorLike


@ag.linear(x=lambda g, comm: sum_over_ranks(g, comm))
def sum_over_ranks(x, comm):
    """Σ xᵣ over the ranks, on every rank; all must call it, and the backward pass that comes through it.

    x : an array of one shape and dtype on all
    comm : a communicator

    It is its own adjoint: the cotangents of all ranks add up as well.

    >>> from nn.distributed import Alone
    >>> sum_over_ranks(np.array([1.0, 2.0]), Alone())
    array([1., 2.])
    """
    if type(x) is Batched:
        return Batched(sum_over_ranks(x.array, comm), x.level)
    sent = np.asarray(hosted(x), order="C")
    received = np.empty_like(sent)
    comm.Allreduce(sent, received)
    return brought(received, x)


class SyncBatchNorm(BatchNorm1d):
    """``BatchNorm`` of (N, C, …) by mean and variance over the samples of all ranks: what one process would compute.

    num_features, eps, momentum, affine, track_running_stats, dtype, bias : those of ``BatchNorm1d``
    comm : a communicator; None: all processes that mpiexec started

    In eval mode, and where there is one rank, it is ``BatchNorm``. Every rank must run it equally often; a rank may
    have no samples. Names as in ``torch.nn.SyncBatchNorm``.

    >>> import nn
    >>> model = nn.Sequential(nn.Linear(2, 4), nn.BatchNorm1d(4), nn.ReLU())
    >>> SyncBatchNorm.convert_sync_batchnorm(model, nn.distributed.Alone())[1]
    SyncBatchNorm(4, eps=1e-05, momentum=0.1, affine=True, track_running_stats=True)
    """

    ranks, expected = (2, 3, 4, 5), "(N, {C}, …)"  # type: ignore[assignment]
    comm: Any

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        comm: Communicator | None = None,
        dtype: DTypeLike = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__(num_features, eps, momentum, affine, track_running_stats, dtype, bias=bias)
        self.comm = world() if comm is None else checked("SyncBatchNorm", comm)

    @classmethod
    def convert_sync_batchnorm(cls, module: Module, comm: Communicator | None = None) -> Module:
        """The model with a `SyncBatchNorm` in place of each ``BatchNorm``, of the same parameters and buffers.

        module : a model, whose layers are replaced in place (the result is another one where it is itself a BatchNorm)
        comm : that of `SyncBatchNorm`
        """
        comm = world() if comm is None else checked("SyncBatchNorm", comm)
        if type(module) in (BatchNorm1d, BatchNorm2d, BatchNorm3d):
            made = cls.__new__(cls)
            vars(made).update(vars(module), comm=comm)
            return made
        for name, child in list(module.named_children()):
            module.add_module(name, cls.convert_sync_batchnorm(child, comm))
        return module

    def forward(self, input: TensorLike) -> Tensor:
        if self.comm.Get_size() == 1 or not (self.training or not self.track_running_stats):
            return super().forward(input)
        self._check(input)
        x, axes = accurate(input), (0, *range(2, input.ndim))
        column = (-1, *[1] * (input.ndim - 2))
        count = np.full_like(bare(x), x.size // max(1, self.num_features), shape=1)
        sums = sum_over_ranks(np.concatenate([np.sum(x, axis=axes), count]), self.comm)
        n = float(bare(sums)[-1])
        if n < 2:
            raise ValueError(
                f"SyncBatchNorm({self.extra_repr()}): one value a channel on all ranks together, whose variance says "
                "nothing. Fix: use a larger batch, or eval()."
            )
        mean = sums[:-1] / n
        centred = x - np.reshape(mean, column)
        var = sum_over_ranks(np.sum(centred * centred, axis=axes), self.comm) / n
        scale = 1 / np.sqrt(var + self.eps)
        if self.weight is not None:
            scale = scale * accurate(self.weight)
        y = centred * np.reshape(scale, column)
        if self.bias is not None:
            y = y + np.reshape(accurate(self.bias), column)
        self._learn(bare(mean), bare(var) * (n / (n - 1)))
        return like(input, y)

    def _learn(self, mean: AnyArray, var: AnyArray) -> None:
        momentum = self._momentum()
        if self.training and self.track_running_stats:
            for running, batch in ((self.running_mean, mean), (self.running_var, var)):
                running._data[...] += momentum * (batch - running._data)
