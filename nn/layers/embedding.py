"""Embedding: a row of a table for every number."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from autograd_core import Tensor
from autograd_core.border.containers import values_of
from autograd_core.engine.tensor import bare

from .. import init
from ..modules.checking import COUNT, checked
from ..modules.module import Module
from ..modules.parameter import Parameter

if TYPE_CHECKING:
    from autograd_core.support.types import ArrayLike, DTypeLike, TensorLike

__all__ = ["Embedding", "embedding"]


@checked()
def embedding(input: TensorLike, weight: TensorLike, padding_idx: int | None = None) -> Tensor:
    """weight[input] for integers of any shape; the row ``padding_idx`` gets no gradient.

    input : integers of any shape
    weight : (rows, width)

    Raises TypeError for indices that are no integers, ValueError for a row that the table does not have.

    >>> embedding(np.array([[1, 0]]), np.array([[0.0, 0.0], [3.0, 4.0]]))
    array([[[3., 4.],
            [0., 0.]]])
    """
    indices = values_of(input)
    if indices.dtype.kind not in "iu":
        raise TypeError(f"embedding: {indices.dtype} indices; give integers, e.g. input.astype(int).")
    count = weight.shape[0]
    if padding_idx is not None and not -count <= padding_idx < count:
        raise ValueError(f"embedding: padding_idx={padding_idx} for a table of {count} rows.")
    if indices.size and (indices.min() < 0 or indices.max() >= count):
        raise ValueError(f"embedding: indices {indices.min()} … {indices.max()} for a table of {count} rows.")
    rows = weight[indices]
    if padding_idx is None or not isinstance(rows, Tensor):
        return rows
    return np.where((indices != padding_idx % count)[..., None], rows, rows.detach())  # type: ignore[return-value]


class Embedding(Module):
    """A learned vector for each of num_embeddings numbers; weight (num_embeddings, embedding_dim) ~ N(0, 1).

    num_embeddings, embedding_dim : rows and width of the table
    dtype : of the weight; the default dtype by default
    padding_idx : a row that begins as zeros and is not learned

    >>> Embedding(10, 3)(np.array([[1, 2], [3, 4]])).shape
    (2, 2, 3)
    """

    @checked(num_embeddings=COUNT)
    def __init__(
        self, num_embeddings: int, embedding_dim: int, padding_idx: int | None = None, dtype: DTypeLike = None
    ) -> None:
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
        return embedding(input, self.weight, self.padding_idx)

    def extra_repr(self) -> str:
        text = f"{self.num_embeddings}, {self.embedding_dim}"
        return text if self.padding_idx is None else f"{text}, padding_idx={self.padding_idx}"
