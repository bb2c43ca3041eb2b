"""Layers: parameters, and an equation in ``forward``."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from . import functional as F
from . import init
from .module import Module, Parameter


class Linear(Module):
    """y = x Wᵀ + b for x of shape (…, in_features).

    weight (out_features, in_features), bias (out_features,): both U(−1/√in, 1/√in), as in PyTorch.
    Raises ValueError where the last axis of x is not in_features.

    >>> Linear(3, 2)(np.ones((5, 3), np.float32)).shape
    (5, 2)
    """

    def __init__(self, in_features: int, out_features: int, bias: bool = True, dtype: Any = None) -> None:
        if in_features < 1 or out_features < 1:
            raise ValueError(
                f"Linear: in_features={in_features}, out_features={out_features}; both must be at least 1."
            )
        self.in_features, self.out_features = in_features, out_features
        self.weight = Parameter(init.empty(out_features, in_features, dtype=dtype))
        self.bias = Parameter(init.empty(out_features, dtype=dtype)) if bias else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw new initial values."""
        bound = 1 / math.sqrt(self.in_features)
        init.uniform_(self.weight, -bound, bound)
        if self.bias is not None:
            init.uniform_(self.bias, -bound, bound)

    def forward(self, x: Any) -> Any:
        if not hasattr(x, "shape") or x.shape[-1:] != (self.in_features,):
            raise ValueError(
                f"Linear({self.extra_repr()}): input of shape {np.shape(x)}; the last axis must be {self.in_features}."
            )
        return F.linear(x, self.weight, self.bias)

    def extra_repr(self) -> str:
        return f"in_features={self.in_features}, out_features={self.out_features}, bias={self.bias is not None}"


class ReLU(Module):
    """max(x, 0)."""

    def forward(self, x: Any) -> Any:
        return F.relu(x)


class Sigmoid(Module):
    """σ(x) = 1 / (1 + e⁻ˣ)."""

    def forward(self, x: Any) -> Any:
        return F.sigmoid(x)


class Tanh(Module):
    """tanh x."""

    def forward(self, x: Any) -> Any:
        return F.tanh(x)


class SiLU(Module):
    """x·σ(x)."""

    def forward(self, x: Any) -> Any:
        return F.silu(x)


class Dropout(Module):
    """In training, zero each element with probability p and scale the rest by 1/(1−p); the identity in eval mode.

    >>> Dropout(0.5).eval()(np.ones(3))
    array([1., 1., 1.])
    """

    def __init__(self, p: float = 0.5, generator: np.random.Generator | None = None) -> None:
        if not 0 <= p <= 1:
            raise ValueError(f"Dropout: p={p!r} is no probability.")
        self.p, self.generator = p, generator

    def forward(self, x: Any) -> Any:
        return F.dropout(x, self.p, self.training, self.generator)

    def extra_repr(self) -> str:
        return f"p={self.p}"


class BatchNorm1d(Module):
    """Normalise each feature of (N, C) or (N, C, L) over the batch, then scale and shift (Ioffe & Szegedy 2015).

    Training: mean and biased variance of the batch; the running ones move by ``momentum`` towards the batch's mean
    and unbiased variance. Eval: the running ones. Buffers and defaults as in PyTorch.
    Raises ValueError for a wrong rank, a wrong number of features, or one value a feature in training.

    >>> y = BatchNorm1d(2)(np.array([[1.0, 10.0], [3.0, 30.0]], np.float32))
    >>> y.numpy().round(3)
    array([[-1., -1.],
           [ 1.,  1.]], dtype=float32)
    """

    running_mean: Any
    running_var: Any
    num_batches_tracked: Any

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        dtype: Any = None,
    ) -> None:
        self.num_features, self.eps, self.momentum = num_features, eps, momentum
        self.affine, self.track_running_stats = affine, track_running_stats
        self.weight = Parameter(init.empty(num_features, dtype=dtype) + 1) if affine else None
        self.bias = Parameter(init.empty(num_features, dtype=dtype)) if affine else None
        self.register_buffer("running_mean", init.empty(num_features, dtype=dtype) if track_running_stats else None)
        self.register_buffer("running_var", init.empty(num_features, dtype=dtype) + 1 if track_running_stats else None)
        self.register_buffer("num_batches_tracked", np.zeros((), np.int64) if track_running_stats else None)

    def forward(self, x: Any) -> Any:
        if np.ndim(x) not in (2, 3) or x.shape[1] != self.num_features:
            raise ValueError(
                f"BatchNorm1d({self.extra_repr()}): input of shape {np.shape(x)}; "
                f"expected (N, {self.num_features}) or (N, {self.num_features}, L)."
            )
        y = F.batch_norm(
            x,
            self.running_mean,
            self.running_var,
            self.weight,
            self.bias,
            self.training or not self.track_running_stats,
            self.momentum,
            self.eps,
        )
        if self.training and self.track_running_stats:
            self.num_batches_tracked.data[...] += 1
        return y

    def extra_repr(self) -> str:
        return f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, affine={self.affine}"
