"""Normalisation as layers, with scale and shift as parameters and running statistics as buffers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd_core.engine.errors import class_name

from .. import init
from ..modules.checking import COUNT, NOT_NEGATIVE, checked
from ..modules.dtypes import check_held
from ..modules.layer import Layer
from ..modules.parameter import Parameter
from .normalization import batch_norm, group_norm, instance_norm, layer_norm, rms_norm

if TYPE_CHECKING:
    from autograd_core import Tensor
    from autograd_core.support.types import AnyArray, DTypeLike, TensorLike

__all__ = [
    *("BatchNorm1d", "BatchNorm2d", "BatchNorm3d", "GroupNorm", "InstanceNorm1d", "InstanceNorm2d", "InstanceNorm3d"),
    *("LayerNorm", "RMSNorm"),
]


class _RunningNorm(Layer):
    """Scale and shift for each channel, and running statistics, as batch and instance norm have them."""

    channels_first = True

    running_mean: Any
    running_var: Any
    num_batches_tracked: Any
    ranks: tuple[int, ...]
    expected: str

    def _set_up(
        self,
        num_features: int,
        eps: float,
        momentum: float | None,
        affine: bool,
        track: bool,
        dtype: DTypeLike,
        bias: bool,
    ) -> None:
        self.num_features, self.eps, self.momentum = num_features, eps, momentum
        self.affine, self.track_running_stats = affine, track
        self.weight = Parameter(init.empty(num_features, dtype=dtype) + 1) if affine else None
        self.bias = Parameter(init.empty(num_features, dtype=dtype)) if affine and bias else None
        self.register_buffer("running_mean", init.empty(num_features, dtype=dtype) if track else None)
        self.register_buffer("running_var", init.empty(num_features, dtype=dtype) + 1 if track else None)
        self.register_buffer("num_batches_tracked", np.zeros((), np.int64) if track else None)

    def _check(self, x: AnyArray, channel_axis: int = 1) -> None:
        if np.ndim(x) not in self.ranks or x.shape[channel_axis] != self.num_features:
            expected = self.expected.format(C=self.num_features)
            raise ValueError(
                f"{class_name(self)}({self.extra_repr()}): input of shape {np.shape(x)}; expected {expected}."
            )

    def extra_repr(self) -> str:
        return (
            f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, affine={self.affine}, "
            f"track_running_stats={self.track_running_stats}"
        )


class _BatchNorm(_RunningNorm):
    of_batches = True  # its running statistics are those of batches: optim.swa_utils.update_bn makes them anew

    @checked(num_features=COUNT, eps=NOT_NEGATIVE)
    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        dtype: DTypeLike = None,
        *,
        bias: bool = True,
    ) -> None:
        self._set_up(num_features, eps, momentum, affine, track_running_stats, dtype, bias)

    def forward(self, input: TensorLike) -> Tensor:
        self._check(input)
        by_batch = self.training or not self.track_running_stats
        if by_batch and input.size // max(1, input.shape[1]) == 1:
            raise ValueError(
                f"{class_name(self)}({self.extra_repr()}): input of shape {input.shape} has one value a channel, "
                "whose variance says nothing. Fix: use a larger batch, or eval()."
            )
        name = f"{class_name(self)}({self.extra_repr()})"
        check_held(name, input, (self.num_features,), weight=self.weight, running_mean=self.running_mean)
        momentum = self._momentum()
        mean, var = (self.running_mean, self.running_var) if self.training or not by_batch else (None, None)
        return batch_norm(input, mean, var, self.weight, self.bias, by_batch, momentum, self.eps)

    def _momentum(self) -> float:
        """The weight of this batch; of momentum None, that of a plain average over all batches."""
        if not (self.training and self.track_running_stats):
            return 0.0
        self.num_batches_tracked._data[...] += 1
        return 1.0 / self.num_batches_tracked._data.item() if self.momentum is None else self.momentum


class BatchNorm1d(_BatchNorm):
    """Normalise each channel of (N, C) or (N, C, L) over the batch, then scale and shift (Ioffe & Szegedy 2015).

    num_features : the number of channels C
    eps : ε ≥ 0, beside the variance
    momentum : the weight of a batch in the running statistics; None: they are plain averages
    affine : whether each channel is scaled and shifted by parameters weight and bias (C,)
    track_running_stats : whether there are running statistics; without, eval mode uses the batch's, too
    dtype : of parameters and buffers; the default dtype by default
    bias : whether there is a shift

    Training: mean and biased variance of the batch; the running ones move by ``momentum`` (None: a plain average)
    towards the batch's mean and unbiased variance. Eval: the running ones. Buffers and defaults as in PyTorch.
    Raises ValueError for a wrong rank, a wrong number of channels, or one value a channel in training.

    >>> y = BatchNorm1d(2)(np.array([[1.0, 10.0], [3.0, 30.0]], np.float32))
    >>> y.numpy().round(3)
    array([[-1., -1.],
           [ 1.,  1.]], dtype=float32)
    """

    ranks, expected = (2, 3), "(N, {C}) or (N, {C}, L)"


class BatchNorm2d(_BatchNorm):
    """``BatchNorm1d`` of images (N, C, H, W).

    num_features, eps, momentum, affine, track_running_stats, dtype, bias : those of ``BatchNorm1d``
    """

    ranks, expected = (4,), "(N, {C}, H, W)"


class BatchNorm3d(_BatchNorm):
    """``BatchNorm1d`` of volumes (N, C, D, H, W).

    num_features, eps, momentum, affine, track_running_stats, dtype, bias : those of ``BatchNorm1d``
    """

    ranks, expected = (5,), "(N, {C}, D, H, W)"


class _InstanceNorm(_RunningNorm):
    @checked(num_features=COUNT, eps=NOT_NEGATIVE)
    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = False,
        track_running_stats: bool = False,
        dtype: DTypeLike = None,
        *,
        bias: bool = True,
    ) -> None:
        self._set_up(num_features, eps, momentum, affine, track_running_stats, dtype, bias)

    def forward(self, input: TensorLike) -> Tensor:
        single = np.ndim(input) == self.ranks[0]
        self._check(input, 0 if single else 1)
        x = np.reshape(input, (1, *input.shape)) if single else input
        own = self.training or not self.track_running_stats
        mean, var = (self.running_mean, self.running_var) if self.training or not own else (None, None)
        y = instance_norm(x, mean, var, self.weight, self.bias, own, self.momentum or 0.0, self.eps)
        return y[0] if single else y


class InstanceNorm1d(_InstanceNorm):
    """Normalise each channel of each sample of (N, C, L) or (C, L) over its places (Ulyanov et al. 2016).

    num_features, eps, momentum, affine, track_running_stats, dtype, bias : those of ``BatchNorm1d``, but that there
        are neither parameters nor running statistics by default
    """

    ranks, expected = (2, 3), "(N, {C}, L) or ({C}, L)"


class InstanceNorm2d(_InstanceNorm):
    """``InstanceNorm1d`` of images (N, C, H, W) or (C, H, W).

    num_features, eps, momentum, affine, track_running_stats, dtype, bias : those of ``InstanceNorm1d``
    """

    ranks, expected = (3, 4), "(N, {C}, H, W) or ({C}, H, W)"


class InstanceNorm3d(_InstanceNorm):
    """``InstanceNorm1d`` of volumes (N, C, D, H, W) or (C, D, H, W).

    num_features, eps, momentum, affine, track_running_stats, dtype, bias : those of ``InstanceNorm1d``
    """

    ranks, expected = (4, 5), "(N, {C}, D, H, W) or ({C}, D, H, W)"


class LayerNorm(Layer):
    """Normalise over the last axes of every sample, then scale and shift each of their elements (Ba et al. 2016).

    normalized_shape : the last axes, or their only one
    eps : ε ≥ 0, beside the variance
    elementwise_affine : whether there are parameters weight and bias of that shape
    bias : whether there is a shift
    dtype : of the parameters; the default dtype by default

    >>> LayerNorm(4)(np.ones((2, 3, 4), np.float32)).shape
    (2, 3, 4)
    """

    @checked(eps=NOT_NEGATIVE)
    def __init__(
        self,
        normalized_shape: int | Sequence[int],
        eps: float = 1e-5,
        elementwise_affine: bool = True,
        bias: bool = True,
        dtype: DTypeLike = None,
    ) -> None:
        shape = (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)
        self.normalized_shape, self.eps, self.elementwise_affine = shape, eps, elementwise_affine
        self.weight = Parameter(init.empty(*shape, dtype=dtype) + 1) if elementwise_affine else None
        self.bias = Parameter(init.empty(*shape, dtype=dtype)) if elementwise_affine and bias else None

    def forward(self, input: TensorLike) -> Tensor:
        return layer_norm(input, self.normalized_shape, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        return f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}"


class RMSNorm(Layer):
    """Divide by the root mean square over the last axes, then scale (Zhang & Sennrich 2019).

    normalized_shape, elementwise_affine, dtype : those of ``LayerNorm``
    eps : beside the mean square; None is the resolution of the input's dtype
    """

    @checked(eps=NOT_NEGATIVE)
    def __init__(
        self,
        normalized_shape: int | Sequence[int],
        eps: float | None = None,
        elementwise_affine: bool = True,
        dtype: DTypeLike = None,
    ) -> None:
        shape = (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)
        self.normalized_shape, self.eps, self.elementwise_affine = shape, eps, elementwise_affine
        self.weight = Parameter(init.empty(*shape, dtype=dtype) + 1) if elementwise_affine else None

    def forward(self, input: TensorLike) -> Tensor:
        return rms_norm(input, self.normalized_shape, self.weight, self.eps)

    def extra_repr(self) -> str:
        return f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}"


class GroupNorm(Layer):
    """Normalise each group of channels of every sample, then scale and shift each channel (Wu & He 2018).

    num_groups, num_channels : the first divides the second
    eps : ε ≥ 0, beside the variance
    affine : whether each channel is scaled and shifted by parameters weight and bias
    dtype : of the parameters; the default dtype by default
    bias : whether there is a shift

    Raises ValueError where num_groups does not divide num_channels.
    """

    channels_first = True

    @checked(num_groups=COUNT, num_channels=COUNT, eps=NOT_NEGATIVE)
    def __init__(
        self,
        num_groups: int,
        num_channels: int,
        eps: float = 1e-5,
        affine: bool = True,
        dtype: DTypeLike = None,
        *,
        bias: bool = True,
    ) -> None:
        if num_channels % num_groups:
            raise ValueError(f"GroupNorm: num_groups={num_groups} must divide num_channels={num_channels}.")
        self.num_groups, self.num_channels, self.eps, self.affine = num_groups, num_channels, eps, affine
        self.weight = Parameter(init.empty(num_channels, dtype=dtype) + 1) if affine else None
        self.bias = Parameter(init.empty(num_channels, dtype=dtype)) if affine and bias else None

    def forward(self, input: TensorLike) -> Tensor:
        if np.ndim(input) < 2 or input.shape[1] != self.num_channels:
            expected = f"(N, {self.num_channels}, …)"
            raise ValueError(f"GroupNorm({self.extra_repr()}): input of shape {np.shape(input)}; expected {expected}.")
        return group_norm(input, self.num_groups, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        return f"{self.num_groups}, {self.num_channels}, eps={self.eps}, affine={self.affine}"
