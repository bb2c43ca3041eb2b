"""Losses that hold the last linear layer: of features, where others are of logits."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

import autograd_core as ag
from autograd_core.border.containers import values_of
from autograd_core.engine.errors import class_name

from ..layers.linear import Linear, linear
from ..modules.checking import COUNT, POSITIVE, PROBABILITY, checked
from ..modules.containers import ModuleList, Sequential
from ..modules.module import Module
from .of_classes import cross_entropy

if TYPE_CHECKING:
    from autograd_core import Tensor
    from autograd_core.support.types import AnyArray, ArrayLike, DTypeLike, TensorLike

__all__ = ["AdaptiveLogSoftmaxWithLoss", "LinearCrossEntropyLoss", "linear_cross_entropy"]


@checked(label_smoothing=PROBABILITY)
def linear_cross_entropy(
    input: TensorLike,
    linear_weight: TensorLike,
    target: ArrayLike,
    *,
    linear_bias: TensorLike | None = None,
    weight: TensorLike | None = None,
    reduction: str = "mean",
    ignore_index: int | None = None,
    label_smoothing: float = 0.0,
    options: object = None,
) -> Tensor:
    """``cross_entropy`` of the logits input · linear_weightᵀ + linear_bias.

    input : features of shape (N, E) or (E,)
    linear_weight : of shape (C, E), or (C, d₁, …, E) for losses of several places
    target : class numbers of shape (N,), (N, d₁, …) or (), or probabilities of the logits' shape
    linear_bias : of linear_weight's shape without the last axis
    weight, reduction, label_smoothing : those of ``cross_entropy``
    ignore_index : class numbers that count for nothing; −100 by default
    options : of PyTorch's blocks, which change no number: accepted

    Raises ValueError for shapes that do not fit, and for an ignore_index beside probabilities.

    >>> linear_cross_entropy(ag.Tensor([[1.0, 0.0]]), np.zeros((2, 2)), [1]).item()
    0.693147
    """
    shape = np.shape(linear_weight)
    if np.ndim(input) not in (1, 2) or len(shape) < 2 or shape[-1] != input.shape[-1]:
        raise ValueError(
            f"linear_cross_entropy: input of shape {np.shape(input)}, linear_weight of shape {shape}. Fix: (N, E) or "
            "(E,), and (C, E) or (C, d₁, …, E)."
        )
    if linear_bias is not None and np.shape(linear_bias) != shape[:-1]:
        raise ValueError(
            f"linear_cross_entropy: linear_bias of shape {np.shape(linear_bias)}. Fix: {shape[:-1]}, as linear_weight."
        )
    logits_shape = (*input.shape[:-1], *shape[:-1])
    if ignore_index is not None and np.shape(target) == logits_shape:
        raise ValueError("linear_cross_entropy: ignore_index is a class number, and target has probabilities.")
    flat = np.reshape(linear_weight, (math.prod(shape[:-1]), shape[-1]))
    bias = None if linear_bias is None else np.reshape(linear_bias, (math.prod(shape[:-1]),))
    logits = np.reshape(linear(input, flat, bias), logits_shape)
    ignored = -100 if ignore_index is None else ignore_index
    return cross_entropy(logits, target, weight, ignored, reduction, label_smoothing)


class LinearCrossEntropyLoss(Module):
    """``linear_cross_entropy`` with a linear layer of its own.

    in_features : E, the width of what comes in
    num_classes : C
    out_features : (d₁, …) for losses of several places
    bias : whether the layer has one
    dtype : of its parameters; the default dtype by default
    reduction, weight, ignore_index, label_smoothing, options : those of ``linear_cross_entropy``

    The parameters are those of ``linear``, whose weight has shape (C·d₁·…, E).

    >>> loss = LinearCrossEntropyLoss(4, 3)
    >>> loss(np.ones((2, 4), np.float32), np.array([0, 2])).shape
    ()
    """

    @checked(in_features=COUNT, num_classes=COUNT, label_smoothing=PROBABILITY)
    def __init__(
        self,
        in_features: int,
        num_classes: int,
        *,
        out_features: tuple[int, ...] = (),
        bias: bool = False,
        dtype: DTypeLike = None,
        reduction: str = "mean",
        weight: TensorLike | None = None,
        ignore_index: int | None = None,
        label_smoothing: float = 0.0,
        options: object = None,
    ) -> None:
        if reduction not in ("mean", "sum", "none"):
            raise ValueError(f"{class_name(self)}: reduction={reduction!r}; it is one of mean, sum, none.")
        if weight is not None and np.shape(weight) != (num_classes,):
            raise ValueError(f"{class_name(self)}: weight of shape {np.shape(weight)}; expected ({num_classes},).")
        self.num_classes, self.out_features = num_classes, tuple(out_features)
        self.reduction, self.ignore_index, self.label_smoothing = reduction, ignore_index, label_smoothing
        self.register_buffer("weight", weight if weight is None or hasattr(weight, "dtype") else np.asarray(weight))
        self.linear = Linear(in_features, num_classes * math.prod(self.out_features), bias=bias, dtype=dtype)

    def forward(self, input: TensorLike, target: ArrayLike) -> Tensor:
        shape = (self.num_classes, *self.out_features)
        bias = self.linear.bias
        return linear_cross_entropy(
            input,
            np.reshape(self.linear.weight, (*shape, self.linear.in_features)),
            target,
            linear_bias=None if bias is None else np.reshape(bias, shape),
            weight=self.weight,
            reduction=self.reduction,
            ignore_index=self.ignore_index,
            label_smoothing=self.label_smoothing,
        )


class _Losses(NamedTuple):
    """What ``AdaptiveLogSoftmaxWithLoss`` gives: log p of each target, and the mean of −log p."""

    output: Any
    loss: Any


class AdaptiveLogSoftmaxWithLoss(Module):
    """Softmax over many classes, of which few are frequent (Grave et al. 2017, "Efficient softmax approximation").

    in_features : the width of what comes in
    n_classes : how many classes, the frequent ones first
    cutoffs : where the clusters end, rising, between 1 and n_classes − 1; the classes before the first are in the head
    div_value : cluster i (from 1) sees in_features/div_valueⁱ features
    head_bias : whether the head has a bias
    dtype : of the parameters; the default dtype by default

    log p(class) = log p(cluster) + log p(class | cluster): a row is multiplied with the head and with its target's
    cluster alone. Parameters ``head.weight``, ``tail.{i}.0.weight``, ``tail.{i}.1.weight``, as in PyTorch.

    >>> softmax = AdaptiveLogSoftmaxWithLoss(16, 20, [5, 10])
    >>> softmax(np.ones((3, 16), np.float32), np.array([0, 7, 19])).output.shape
    (3,)
    """

    @checked(in_features=COUNT, n_classes=COUNT, div_value=POSITIVE)
    def __init__(
        self,
        in_features: int,
        n_classes: int,
        cutoffs: Sequence[int],
        div_value: float = 4.0,
        head_bias: bool = False,
        dtype: DTypeLike = None,
    ) -> None:
        ends = [int(c) for c in cutoffs]
        if not ends or ends != list(cutoffs) or ends != sorted({*ends}) or ends[0] < 1 or ends[-1] > n_classes - 1:
            raise ValueError(
                f"{class_name(self)}: cutoffs={cutoffs!r}. Fix: rising whole numbers between 1 and n_classes − 1 = "
                f"{n_classes - 1}."
            )
        self.in_features, self.n_classes, self.cutoffs = in_features, n_classes, [*ends, n_classes]
        self.div_value, self.head_bias = div_value, head_bias
        self.shortlist_size, self.n_clusters = ends[0], len(ends)
        self.head_size = self.shortlist_size + self.n_clusters
        self.head = Linear(in_features, self.head_size, bias=head_bias, dtype=dtype)
        self.tail = ModuleList()
        for i, (begin, end) in enumerate(self._clusters()):
            width = int(in_features // div_value ** (i + 1))
            self.tail.append(
                Sequential(
                    Linear(in_features, width, bias=False, dtype=dtype),
                    Linear(width, end - begin, bias=False, dtype=dtype),
                )
            )

    def _clusters(self) -> list[tuple[int, int]]:
        return list(zip(self.cutoffs, self.cutoffs[1:], strict=False))

    def forward(self, input: TensorLike, target: ArrayLike) -> _Losses:
        """``(output, loss)``: log p of each row's target, and the mean of −log p.

        input : of shape (N, E) or (E,)
        target : class numbers of shape (N,) or ()

        Raises ValueError for shapes that do not fit and classes outside 0 … n_classes − 1.
        """
        classes = values_of(target)
        single = np.ndim(classes) == 0
        x, classes = (input[None], classes[None]) if single and np.ndim(input) == 1 else (input, classes)
        if np.ndim(x) != 2 or np.shape(classes) != np.shape(x)[:1]:
            raise ValueError(
                f"{class_name(self)}: input of shape {np.shape(input)}, target of shape {np.shape(target)}. Fix: "
                "(N, E) and (N,), or (E,) and ()."
            )
        if classes.dtype.kind not in "iu" or np.any((classes < 0) | (classes >= self.n_classes)):
            raise ValueError(f"{class_name(self)}: target must be class numbers from 0 to {self.n_classes - 1}.")
        cluster = np.searchsorted(self.cutoffs, classes, side="right")  # 0: the head's own
        first = np.where(cluster == 0, classes, self.shortlist_size + cluster - 1)
        logs = ag.log_softmax(self.head(x), axis=1)[np.arange(len(classes)), first]
        for i, (begin, _) in enumerate(self._clusters()):
            rows = np.flatnonzero(cluster == i + 1)
            if len(rows):
                inside = ag.log_softmax(self.tail[i](x[rows]), axis=1)
                logs = logs.at[rows].add(inside[np.arange(len(rows)), classes[rows] - begin])
        return _Losses(logs[0] if single else logs, -np.mean(logs))

    def log_prob(self, input: TensorLike) -> Tensor:
        """log p of every class, of shape (N, n_classes).

        input : of shape (N, E)
        """
        return self._whole(input, ag.log_softmax(self.head(input), axis=1))

    def _whole(self, input: AnyArray, head: AnyArray) -> Any:
        n = self.shortlist_size
        tails = (ag.log_softmax(part(input), axis=1) + head[:, n + i : n + i + 1] for i, part in enumerate(self.tail))
        return np.concatenate([head[:, :n], *tails], axis=1)

    def predict(self, input: TensorLike) -> AnyArray:
        """The most probable class of each row; the clusters are computed where the head names one.

        input : of shape (N, E)
        """
        with ag.no_grad():
            head = ag.log_softmax(self.head(input), axis=1)
            found = np.argmax(values_of(head), axis=1)
            rows = np.flatnonzero(found >= self.shortlist_size)
            if len(rows):
                found[rows] = np.argmax(values_of(self._whole(input[rows], head[rows])), axis=1)
        return found
