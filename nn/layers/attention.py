"""Attention: values averaged with weights that queries give to keys (Vaswani et al. 2017)."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd_core import Tensor
from autograd_core.border.containers import values_of
from autograd_core.engine.tensor import bare
from autograd_core.support.arrays import brought

from .. import init
from ..kernels import fused
from ..kernels.attention import attention, attention_weights, pays
from ..modules.checking import COUNT, PROBABILITY, checked
from ..modules.dtypes import same_dtype
from ..modules.layer import Layer
from ..modules.parameter import Parameter
from .dropout import dropout
from .linear import Linear, linear

if TYPE_CHECKING:
    from autograd_core.support.types import AnyArray, DTypeLike, TensorLike

__all__ = ["MultiheadAttention", "multi_head_attention_forward", "scaled_dot_product_attention"]


@checked()
def scaled_dot_product_attention(
    query: TensorLike,
    key: TensorLike,
    value: TensorLike,
    attn_mask: TensorLike | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
) -> Tensor:
    """softmax(scale · Q Kᵀ + mask) V.

    query : Q of shape (…, L, E)
    key, value : K of shape (…, S, E) and V of shape (…, S, D)
    attn_mask : added to the scores, or truth values: True where a query may look; broadcast to (…, L, S). A query that
        may look nowhere gets 0, with the derivative 0
    dropout_p : the probability with which a weight becomes 0
    is_causal : query i looks at keys 0 … i only
    scale : 1/√E by default

    Raises ValueError for shapes that do not fit, and for both attn_mask and is_causal.

    >>> q = np.zeros((1, 2, 3))
    >>> scaled_dot_product_attention(q, q, np.array([[[2.0], [4.0]]]))
    array([[[3.],
            [3.]]])
    """
    return _attend(query, key, value, attn_mask, dropout_p, is_causal, scale, False)[0]


def _attend(
    query: AnyArray,
    key: AnyArray,
    value: AnyArray,
    mask: AnyArray | None,
    dropout_p: float,
    is_causal: bool,
    scale: float | None,
    need_weights: bool,
) -> tuple[Tensor, Any]:
    """What is seen, and the weights, or None where they are not needed and need not be made."""
    if query.shape[-1] != key.shape[-1] or key.shape[-2] != value.shape[-2]:
        raise ValueError(
            f"scaled_dot_product_attention: query {query.shape}, key {key.shape}, value {value.shape}; query and key "
            "must agree in the last axis, key and value in the one before."
        )
    scale = 1 / math.sqrt(query.shape[-1]) if scale is None else scale
    if is_causal:
        if mask is not None:
            raise ValueError("scaled_dot_product_attention: give attn_mask or is_causal, not both.")
        mask = brought(np.tri(query.shape[-2], key.shape[-2], dtype=bool), query)
    bias = None if mask is None else _as_bias(mask, query.dtype)
    if not need_weights and not dropout_p and pays(query, key, bias, scale):
        return attention(query, key, value, bias=bias, scale=scale), None
    weights = attention_weights(query, key, bias, scale)
    return dropout(weights, dropout_p) @ value, weights


def _as_bias(mask: AnyArray, dtype: DTypeLike) -> Any:
    """What is added to the scores: 0 where a truth value allows it, −∞ where not; numbers as they are."""
    values = values_of(mask)
    if values.dtype.kind == "b":
        return np.where(values, 0.0, -np.inf).astype(dtype)
    return mask if values.dtype == dtype else values.astype(dtype)


class MultiheadAttention(Layer):
    """num_heads attentions beside each other on projections of (L, N, E), or (N, L, E) with batch_first.

    embed_dim : E, a multiple of num_heads
    num_heads : how many attentions, each of E/num_heads dimensions
    dropout : the probability with which a weight becomes 0 in training
    bias : whether the projections have biases
    add_bias_kv : whether one more key and value, which are learned, stand behind the others
    add_zero_attn : whether one more key and value of zeros stand behind the others
    kdim, vdim : the widths of keys and values; E by default
    batch_first : whether the batch is the first axis
    dtype : of the parameters; the default dtype by default

    Parameters in_proj_weight (3E, E), in_proj_bias, out_proj.weight, out_proj.bias, as in PyTorch; with kdim or vdim
    q_proj_weight, k_proj_weight, v_proj_weight instead. Called as ``(output, weights) = layer(query, key, value)``.

    >>> attention = MultiheadAttention(8, 2, batch_first=True)
    >>> x = np.ones((3, 5, 8), np.float32)
    >>> [part.shape for part in attention(x, x, x)]
    [(3, 5, 8), (3, 5, 5)]
    """

    @checked(embed_dim=COUNT, num_heads=COUNT, dropout=PROBABILITY, kdim=COUNT, vdim=COUNT)
    def __init__(
        self,
        embed_dim: int,
        num_heads: int,
        dropout: float = 0.0,
        bias: bool = True,
        add_bias_kv: bool = False,
        add_zero_attn: bool = False,
        kdim: int | None = None,
        vdim: int | None = None,
        batch_first: bool = False,
        dtype: DTypeLike = None,
    ) -> None:
        if embed_dim < 1 or num_heads < 1 or embed_dim % num_heads:
            raise ValueError(f"MultiheadAttention: num_heads={num_heads} must divide embed_dim={embed_dim}.")
        self.embed_dim, self.num_heads, self.dropout, self.batch_first = embed_dim, num_heads, dropout, batch_first
        self.kdim, self.vdim = kdim or embed_dim, vdim or embed_dim
        self.in_proj_weight = None
        if self.kdim == self.vdim == embed_dim:
            self.in_proj_weight = Parameter(init.empty(3 * embed_dim, embed_dim, dtype=dtype))
            matrices = [self.in_proj_weight]
        else:
            self.q_proj_weight = Parameter(init.empty(embed_dim, embed_dim, dtype=dtype))
            self.k_proj_weight = Parameter(init.empty(embed_dim, self.kdim, dtype=dtype))
            self.v_proj_weight = Parameter(init.empty(embed_dim, self.vdim, dtype=dtype))
            matrices = [self.q_proj_weight, self.k_proj_weight, self.v_proj_weight]
        self.in_proj_bias = Parameter(init.empty(3 * embed_dim, dtype=dtype)) if bias else None
        self.out_proj = Linear(embed_dim, embed_dim, bias=bias, dtype=dtype)
        self.bias_k = Parameter(init.empty(1, 1, embed_dim, dtype=dtype)) if add_bias_kv else None
        self.bias_v = Parameter(init.empty(1, 1, embed_dim, dtype=dtype)) if add_bias_kv else None
        self.add_zero_attn = add_zero_attn
        for more in (self.bias_k, self.bias_v):
            if more is not None:
                init.xavier_normal_(more)
        for matrix in matrices:
            init.xavier_uniform_(matrix)
        if self.out_proj.bias is not None:
            init.zeros_(self.out_proj.bias)

    def forward(
        self,
        query: TensorLike,
        key: TensorLike,
        value: TensorLike,
        key_padding_mask: TensorLike | None = None,
        need_weights: bool = True,
        attn_mask: TensorLike | None = None,
        average_attn_weights: bool = True,
        is_causal: bool = False,
    ) -> tuple[Tensor, Tensor | None]:
        """(output, weights); the weights are averaged over the heads, or None where not needed.

        key_padding_mask (N, S), attn_mask (L, S) or (N·heads, L, S): True (or −∞) where *not* to look; a query that may
        look nowhere gets weights of 0, not PyTorch's NaN
        """
        same = query is key is value
        single = np.ndim(query) == 2
        if single:
            query, key, value = (np.reshape(x, (1, *x.shape)) for x in (query, key, value))
        elif not self.batch_first:
            query, key, value = (np.swapaxes(x, 0, 1) for x in (query, key, value))
        self._check(query, key, value)
        q, k, v = _projected(query, key, value, same, self._matrices(), self.in_proj_bias)
        mask = _masks(key_padding_mask, attn_mask, is_causal, self.num_heads, q, k)
        p = self.dropout if self.training else 0.0
        extra = (self.bias_k, self.bias_v, self.add_zero_attn)
        seen, weights = _seen(q, k, v, mask, self.num_heads, extra, p, need_weights, average_attn_weights)
        out = self.out_proj(seen)
        if single:
            return out[0], None if weights is None else weights[0]
        return out if self.batch_first else np.swapaxes(out, 0, 1), weights

    def _matrices(self) -> Any:
        """in_proj_weight, or one matrix for each of query, key and value."""
        if self.in_proj_weight is not None:
            return self.in_proj_weight
        return self.q_proj_weight, self.k_proj_weight, self.v_proj_weight

    def _check(self, query: AnyArray, key: AnyArray, value: AnyArray) -> None:
        widths = (query.shape[-1], key.shape[-1], value.shape[-1])
        if widths != (self.embed_dim, self.kdim, self.vdim) or key.shape[:2] != value.shape[:2]:
            raise ValueError(
                f"MultiheadAttention: query, key and value of shapes {query.shape}, {key.shape}, {value.shape} (batch "
                f"first); their last axes must be {self.embed_dim}, {self.kdim}, {self.vdim}."
            )
        for what, x in (("query", query), ("key", key), ("value", value)):
            same_dtype(f"MultiheadAttention({self.extra_repr()})", what, x, self.out_proj.weight)

    def extra_repr(self) -> str:
        return f"{self.embed_dim}, {self.num_heads}"


def multi_head_attention_forward(
    query: TensorLike,
    key: TensorLike,
    value: TensorLike,
    embed_dim_to_check: int,
    num_heads: int,
    in_proj_weight: TensorLike | None,
    in_proj_bias: TensorLike | None,
    bias_k: TensorLike | None,
    bias_v: TensorLike | None,
    add_zero_attn: bool,
    dropout_p: float,
    out_proj_weight: TensorLike,
    out_proj_bias: TensorLike | None,
    training: bool = True,
    key_padding_mask: TensorLike | None = None,
    need_weights: bool = True,
    attn_mask: TensorLike | None = None,
    use_separate_proj_weight: bool = False,
    q_proj_weight: TensorLike | None = None,
    k_proj_weight: TensorLike | None = None,
    v_proj_weight: TensorLike | None = None,
    average_attn_weights: bool = True,
    is_causal: bool = False,
) -> tuple[Tensor, Tensor | None]:
    """What ``MultiheadAttention`` computes, of parameters that are given.

    query, key, value : of shapes (L, N, E), (S, N, E) and (S, N, E), or without N
    embed_dim_to_check : E
    num_heads : how many attentions, a divisor of E
    in_proj_weight, in_proj_bias : (3E, E) and (3E,) or None
    bias_k, bias_v : one more key and value of E elements, or None
    add_zero_attn : whether one more key and value of zeros stand behind the others
    dropout_p : the probability with which a weight becomes 0 in training
    out_proj_weight, out_proj_bias : (E, E) and (E,) or None
    training : whether weights are dropped
    key_padding_mask, attn_mask, need_weights, average_attn_weights, is_causal : those of the layer's call
    use_separate_proj_weight : whether q_proj_weight, k_proj_weight and v_proj_weight stand for in_proj_weight

    Raises ValueError for shapes that do not fit.

    >>> x, one, three = np.ones((5, 3, 2)), np.eye(2), np.ones((6, 2))
    >>> out, _ = multi_head_attention_forward(x, x, x, 2, 1, three, None, None, None, False, 0.0, one, None)
    >>> out.shape
    (5, 3, 2)
    """
    if query.shape[-1] != embed_dim_to_check or embed_dim_to_check % num_heads:
        raise ValueError(
            f"multi_head_attention_forward: query of shape {query.shape}, {num_heads} heads; expected a last axis of "
            f"{embed_dim_to_check}, a multiple of the heads."
        )
    same, single = query is key is value, np.ndim(query) == 2
    query, key, value = (x[None] if single else np.swapaxes(x, 0, 1) for x in (query, key, value))
    matrices = (q_proj_weight, k_proj_weight, v_proj_weight) if use_separate_proj_weight else in_proj_weight
    q, k, v = _projected(query, key, value, same, matrices, in_proj_bias)
    mask = _masks(key_padding_mask, attn_mask, is_causal, num_heads, q, k)
    extra = (bias_k, bias_v, add_zero_attn)
    p = dropout_p if training else 0.0
    seen, weights = _seen(q, k, v, mask, num_heads, extra, p, need_weights, average_attn_weights)
    out: Any = linear(seen, out_proj_weight, out_proj_bias)
    return out[0] if single else np.swapaxes(out, 0, 1), weights if weights is None or not single else weights[0]


def _projected(
    query: AnyArray, key: AnyArray, value: AnyArray, same: bool, matrices: Any, bias: AnyArray | None
) -> list[AnyArray]:
    """Queries, keys and values (N, L, E) by one matrix (3E, E), or by three."""
    whole = None if isinstance(matrices, tuple) else matrices
    n = np.shape(matrices[0] if whole is None else whole)[0 if whole is None else 1]
    if whole is not None and same:  # self-attention: one product for all three
        y = query @ whole.T if bias is None else fused.linear(query, whole, bias)
        return [y[..., i * n : (i + 1) * n] for i in range(3)]
    biases = [None] * 3 if bias is None else [bias[i * n : (i + 1) * n] for i in range(3)]
    each = matrices if whole is None else [whole[i * n : (i + 1) * n] for i in range(3)]
    products = [x @ w.T for x, w in zip((query, key, value), each, strict=True)]
    return [y if b is None else y + b for y, b in zip(products, biases, strict=True)]


def _seen(
    q: AnyArray,
    k: AnyArray,
    v: AnyArray,
    mask: AnyArray | None,
    heads: int,
    extra: tuple[AnyArray | None, AnyArray | None, bool],
    dropout_p: float,
    need_weights: bool,
    average: bool,
) -> tuple[Any, Any]:
    """What the heads see, side by side (N, L, E), and the weights; ``extra`` keys and values stand behind."""
    for more in _more_keys(k, *extra):
        k, v = (np.concatenate([x, one], axis=1) for x, one in zip((k, v), more, strict=True))
        mask = None if mask is None else np.pad(mask, [(0, 0)] * (np.ndim(mask) - 1) + [(0, 1)])
    q, k, v = (np.swapaxes(np.reshape(x, (*x.shape[:2], heads, x.shape[2] // heads)), 1, 2) for x in (q, k, v))
    out, weights = _attend(q, k, v, mask, dropout_p, False, None, need_weights)
    seen = np.swapaxes(out, 1, 2)
    seen = np.reshape(seen, (*seen.shape[:2], seen.shape[2] * seen.shape[3]))
    if not need_weights:
        return seen, None
    return seen, np.mean(weights, axis=1) if average else weights


def _more_keys(k: AnyArray, bias_k: AnyArray | None, bias_v: AnyArray | None, zeros: bool) -> Iterator[tuple[Any, Any]]:
    """Keys and values (N, 1, E)."""
    shape = (k.shape[0], 1, k.shape[2])
    if bias_k is not None and bias_v is not None:
        yield np.broadcast_to(bias_k, shape), np.broadcast_to(bias_v, shape)
    if zeros:
        none = np.zeros_like(bare(k), shape=shape)
        yield none, none


def _masks(
    padding: AnyArray | None, mask: AnyArray | None, is_causal: bool, heads: int, q: AnyArray, k: AnyArray
) -> AnyArray | None:
    """Both masks as numbers to add; here True means *not* to look, as PyTorch has it in this layer."""
    bias: Any = None
    count, length, keys, dtype = q.shape[0], q.shape[1], k.shape[1], q.dtype
    if mask is None and is_causal:
        mask = ~np.tri(length, keys, dtype=bool)
    if mask is not None:
        if np.ndim(mask) == 3:
            mask = np.reshape(mask, (count, heads, length, keys))
        elif np.shape(mask) != (length, keys):
            raise ValueError(f"MultiheadAttention: attn_mask of shape {np.shape(mask)}; expected {(length, keys)}.")
        bias = _as_bias(_allowed(mask), dtype)
    if padding is not None:
        padding = np.reshape(padding, (-1, keys))
        if len(padding) != count:
            raise ValueError(f"MultiheadAttention: key_padding_mask for {len(padding)} samples; expected {count}.")
        more = np.reshape(_as_bias(_allowed(padding), dtype), (count, 1, 1, keys))
        bias = more if bias is None else bias + more
    return bias


def _allowed(mask: AnyArray) -> AnyArray:
    return np.logical_not(mask) if np.result_type(mask).kind == "b" else mask
