"""Embedding: a row of a table for every number."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

import autograd_core as ag
from autograd_core import Tensor
from autograd_core.border.containers import values_of
from autograd_core.engine.tensor import bare
from autograd_core.support.arrays import brought, highest, hosted, lowest

from .. import init
from ..modules.checking import COUNT, checked
from ..modules.module import Module
from ..modules.parameter import Parameter

if TYPE_CHECKING:
    from autograd_core.support.types import AnyArray, ArrayLike, DTypeLike, TensorLike

__all__ = ["Embedding", "EmbeddingBag", "embedding", "embedding_bag", "one_hot"]


@checked()
def embedding(
    input: TensorLike,
    weight: TensorLike,
    padding_idx: int | None = None,
    max_norm: float | None = None,
    norm_type: float = 2.0,
    scale_grad_by_freq: bool = False,
    sparse: bool = False,
) -> Tensor:
    """weight[input] for integers of any shape; the row ``padding_idx`` gets no gradient.

    input : integers of any shape
    weight : (rows, width)
    padding_idx : the row that is not learned
    max_norm : rows that are longer are first shortened to this length, in the table itself
    norm_type : the order of that norm
    scale_grad_by_freq : whether the gradient of a row is divided by how often it is asked for
    sparse : refused where true: gradients are dense

    Raises TypeError for indices that are no integers, ValueError for a row that the table does not have.

    >>> embedding(np.array([[1, 0]]), np.array([[0.0, 0.0], [3.0, 4.0]]))
    array([[[3., 4.],
            [0., 0.]]])
    """
    _dense("embedding", sparse)
    indices = _rows_of("embedding", input, weight)
    count = weight.shape[0]
    if padding_idx is not None and not -count <= padding_idx < count:
        raise ValueError(f"embedding: padding_idx={padding_idx} for a table of {count} rows.")
    if max_norm is not None:
        _shorten(weight, indices, max_norm, norm_type)
    rows = weight[indices]
    if not isinstance(rows, Tensor):
        return rows
    if scale_grad_by_freq:
        share = 1 / np.bincount(indices.reshape(-1), minlength=count)[indices][..., None]
        rows = scaled_slope(rows, factor=share.astype(rows.dtype))
    if padding_idx is None:
        return rows
    return np.where((indices != padding_idx % count)[..., None], rows, rows.detach())  # type: ignore[return-value]


def _rows_of(name: str, input: TensorLike, weight: TensorLike) -> Any:
    indices = values_of(input)
    if indices.dtype.kind not in "iu":
        raise TypeError(f"{name}: {indices.dtype} indices; give integers, e.g. input.astype(int).")
    count = weight.shape[0]
    if indices.size and (indices.min() < 0 or indices.max() >= count):
        raise ValueError(f"{name}: indices {indices.min()} … {indices.max()} for a table of {count} rows.")
    return indices


def _dense(name: str, sparse: bool) -> None:
    if sparse:
        raise ValueError(f"{name}: sparse=True: gradients are dense here. Fix: leave it out; the numbers are the same.")


def _shorten(weight: TensorLike, indices: AnyArray, max_norm: float, norm_type: float) -> None:
    """Rows that were asked for and are longer than ``max_norm`` get that length, where they lie."""
    table: Any = bare(weight)
    rows = np.unique(indices)
    lengths = np.linalg.norm(table[rows], norm_type, axis=-1, keepdims=True)
    table[rows] = np.where(lengths > max_norm, table[rows] * (max_norm / (lengths + 1e-7)), table[rows])


@ag.primitive(
    x=lambda g, factor: g * factor,
    jvp={"x": lambda t, factor: t * factor},
    flops=(lambda call: 0, lambda call: math.prod(call.out)),
)
def scaled_slope(x, factor):
    """x, whose derivative is ``factor``: both gradients and tangents are multiplied by it.

    >>> scaled_slope(np.ones(2), factor=0.5)
    array([1., 1.])
    """
    return x


def one_hot(tensor: TensorLike, num_classes: int = -1) -> Any:
    """1 at the place that each integer names, and 0 elsewhere, along a new last axis.

    tensor : integers of any shape
    num_classes : how many places there are; one more than the largest integer by default

    Raises TypeError for what is no integer, ValueError for one outside.

    >>> one_hot(np.array([0, 2]))
    array([[1, 0, 0],
           [0, 0, 1]])
    """
    labels = values_of(tensor)
    if labels.dtype.kind not in "iu":
        raise TypeError(f"one_hot: {labels.dtype} {labels.shape}; give integers.")
    largest = highest(labels, initial=-1)
    if num_classes == -1 and not labels.size:
        raise ValueError("one_hot: no integers tell the number of classes. Fix: num_classes=….")
    count = int(largest) + 1 if num_classes == -1 else num_classes
    if count < 1 or largest >= count or lowest(labels, initial=0) < 0:
        raise ValueError(f"one_hot: integers {lowest(labels, initial=0)} … {largest} for num_classes={num_classes}.")
    return np.equal(labels[..., None], brought(np.arange(count), labels)).astype(np.int64)


def embedding_bag(
    input: TensorLike,
    weight: TensorLike,
    offsets: TensorLike | None = None,
    max_norm: float | None = None,
    norm_type: float = 2.0,
    scale_grad_by_freq: bool = False,
    mode: str = "mean",
    sparse: bool = False,
    per_sample_weights: TensorLike | None = None,
    include_last_offset: bool = False,
    padding_idx: int | None = None,
) -> Tensor:
    """The sum, mean or maximum of the rows that each bag names.

    input : integers (bags, members), or one after the other (members,)
    weight, max_norm, norm_type, scale_grad_by_freq, sparse : those of ``nn.functional.embedding``
    offsets : of one axis of members, where each bag begins
    mode : "sum", "mean" or "max"; of an empty bag zeros
    per_sample_weights : a factor for each member, with mode "sum"
    include_last_offset : whether the last offset is where the last bag ends
    padding_idx : a row that does not count

    >>> embedding_bag(np.array([0, 1, 1]), np.array([[1.0], [3.0]]), np.array([0, 1]), mode="sum")
    array([[1.],
           [6.]])
    """
    if mode not in ("sum", "mean", "max"):
        raise ValueError(f'embedding_bag: mode={mode!r}; one of "sum", "mean", "max".')
    if per_sample_weights is not None and mode != "sum":
        raise ValueError(f"embedding_bag: per_sample_weights= has no meaning with mode {mode!r}.")
    members = _rows_of("embedding_bag", input, weight)
    if (members.ndim == 2) != (offsets is None) or members.ndim not in (1, 2):
        raise ValueError(
            f"embedding_bag: input of shape {members.shape}; offsets= goes with one axis, and only with it."
        )
    if members.ndim == 2:
        bags, width = members.shape
        number = np.repeat(np.arange(bags), width)
    else:
        starts = hosted(bare(offsets))
        starts, bags = (starts[:-1], len(starts) - 1) if include_last_offset else (starts, len(starts))
        number = np.searchsorted(starts, np.arange(members.size), "right") - 1
    flat = members.reshape(-1)
    counts: Any = slice(None) if padding_idx is None else flat != padding_idx % weight.shape[0]
    flat, number = flat[counts], number[counts]
    rows = embedding(flat, weight, None, max_norm, norm_type, scale_grad_by_freq, sparse)
    if per_sample_weights is not None:
        rows = rows * np.reshape(per_sample_weights, (-1,))[counts][:, None]  # type: ignore[index]
    held = np.bincount(number, minlength=bags)
    empty = ag.Tensor(np.zeros_like(bare(rows), shape=(bags, weight.shape[1])))
    if mode == "max":
        empty = ag.Tensor(np.full_like(bare(empty), -np.inf))
        out: Any = np.where(brought((held > 0)[:, None], rows), empty.at[number].max(rows), 0)
    else:
        out = empty.at[number].add(rows)
    if mode == "mean":
        out = out / brought(np.maximum(held, 1)[:, None].astype(rows.dtype), rows)
    return out if isinstance(rows, Tensor) else bare(out)


class Embedding(Module):
    """A learned vector for each of num_embeddings numbers; weight (num_embeddings, embedding_dim) ~ N(0, 1).

    num_embeddings, embedding_dim : rows and width of the table
    dtype : of the weight; the default dtype by default
    padding_idx : a row that begins as zeros and is not learned
    max_norm, norm_type, scale_grad_by_freq, sparse : those of ``nn.functional.embedding``

    >>> Embedding(10, 3)(np.array([[1, 2], [3, 4]])).shape
    (2, 2, 3)
    """

    @checked(num_embeddings=COUNT)
    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        padding_idx: int | None = None,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        sparse: bool = False,
        dtype: DTypeLike = None,
    ) -> None:
        _dense("Embedding", sparse)
        self.max_norm, self.norm_type, self.scale_grad_by_freq = max_norm, norm_type, scale_grad_by_freq
        if padding_idx is not None and not -num_embeddings <= padding_idx < num_embeddings:
            raise ValueError(f"Embedding: padding_idx={padding_idx} for {num_embeddings} rows.")
        self.num_embeddings, self.embedding_dim = num_embeddings, embedding_dim
        self.padding_idx = None if padding_idx is None else padding_idx % num_embeddings
        self.weight = Parameter(init.empty(num_embeddings, embedding_dim, dtype=dtype))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw new rows; the padding row becomes zeros."""
        init.normal_(self.weight)
        if self.padding_idx is not None:
            self.weight._data[self.padding_idx] = 0

    @classmethod
    def from_pretrained(cls, embeddings: ArrayLike, freeze: bool = True, padding_idx: int | None = None) -> Embedding:
        """A layer around given rows, not learned unless ``freeze`` is false.

        embeddings : (rows, width)
        freeze : whether the rows stay as they are
        padding_idx : as in the class
        """
        table: Any = np.asarray(bare(embeddings))
        rows, width = table.shape
        layer = cls(rows, width, padding_idx=padding_idx, dtype=table.dtype)
        layer.weight.data = table.copy()
        layer.weight.requires_grad = not freeze
        return layer

    def forward(self, input: TensorLike) -> Tensor:
        options = self.max_norm, self.norm_type, self.scale_grad_by_freq
        return embedding(input, self.weight, self.padding_idx, *options)

    def extra_repr(self) -> str:
        text = f"{self.num_embeddings}, {self.embedding_dim}"
        return text if self.padding_idx is None else f"{text}, padding_idx={self.padding_idx}"


class EmbeddingBag(Module):
    """``embedding_bag`` of a learned table (num_embeddings, embedding_dim) ~ N(0, 1).

    num_embeddings, embedding_dim : rows and width of the table
    max_norm, norm_type, scale_grad_by_freq, mode, sparse : those of ``nn.functional.embedding_bag``
    include_last_offset, padding_idx : those of ``nn.functional.embedding_bag``
    dtype : of the weight; the default dtype by default

    >>> EmbeddingBag(10, 3)(np.array([[1, 2], [3, 4]])).shape
    (2, 3)
    """

    @checked(num_embeddings=COUNT)
    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        mode: str = "mean",
        sparse: bool = False,
        include_last_offset: bool = False,
        padding_idx: int | None = None,
        dtype: DTypeLike = None,
    ) -> None:
        _dense("EmbeddingBag", sparse)
        self.num_embeddings, self.embedding_dim, self.mode = num_embeddings, embedding_dim, mode
        self.max_norm, self.norm_type, self.scale_grad_by_freq = max_norm, norm_type, scale_grad_by_freq
        self.include_last_offset, self.padding_idx = include_last_offset, padding_idx
        self.weight = Parameter(init.empty(num_embeddings, embedding_dim, dtype=dtype))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw new rows; the padding row becomes zeros."""
        init.normal_(self.weight)
        if self.padding_idx is not None:
            self.weight._data[self.padding_idx] = 0

    def forward(
        self, input: TensorLike, offsets: TensorLike | None = None, per_sample_weights: TensorLike | None = None
    ) -> Tensor:
        """input, offsets, per_sample_weights : those of ``nn.functional.embedding_bag``"""
        norms = self.max_norm, self.norm_type, self.scale_grad_by_freq, self.mode, False
        return embedding_bag(
            input, self.weight, offsets, *norms, per_sample_weights, self.include_last_offset, self.padding_idx
        )

    def extra_repr(self) -> str:
        return f"{self.num_embeddings}, {self.embedding_dim}, mode={self.mode!r}"
