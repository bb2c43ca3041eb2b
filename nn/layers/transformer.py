"""Transformer layers and stacks of them (Vaswani et al. 2017), with PyTorch's parameters and order of operations."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd_core import get_default_dtype
from autograd_core.border import devices
from autograd_core.engine.errors import class_name

from .. import init
from ..modules.checking import COUNT, NOT_NEGATIVE, PROBABILITY, checked
from ..modules.containers import ModuleList
from ..modules.layer import Layer
from ..modules.module import Module
from . import activations
from .attention import MultiheadAttention
from .dropout import Dropout
from .linear import Linear
from .normalization_layers import LayerNorm

if TYPE_CHECKING:
    from autograd_core import Tensor
    from autograd_core.support.types import AnyArray, DTypeLike, TensorLike

__all__ = [
    *("Transformer", "TransformerDecoder", "TransformerDecoderLayer", "TransformerEncoder", "TransformerEncoderLayer"),
]


class _Layer(Layer):
    def _set_up(
        self,
        d_model: int,
        nhead: int,
        dim_feedforward: int,
        dropout: float,
        activation: str | Callable[[Tensor], Tensor],
        eps: float,
        batch_first: bool,
        norm_first: bool,
        bias: bool,
        cross: bool,
        dtype: DTypeLike,
    ) -> None:
        if isinstance(activation, str) and activation not in ("relu", "gelu"):
            raise ValueError(f"{class_name(self)}: activation={activation!r}; 'relu', 'gelu' or a function.")
        options: dict[str, Any] = {"dropout": dropout, "bias": bias, "batch_first": batch_first, "dtype": dtype}
        self.self_attn = MultiheadAttention(d_model, nhead, **options)
        if cross:
            self.multihead_attn = MultiheadAttention(d_model, nhead, **options)
        self.linear1 = Linear(d_model, dim_feedforward, bias=bias, dtype=dtype)
        self.dropout = Dropout(dropout)
        self.linear2 = Linear(dim_feedforward, d_model, bias=bias, dtype=dtype)
        for i in range(3 if cross else 2):
            setattr(self, f"norm{i + 1}", LayerNorm(d_model, eps=eps, bias=bias, dtype=dtype))
        for i in range(3 if cross else 2):
            setattr(self, f"dropout{i + 1}", Dropout(dropout))
        self.norm_first = norm_first
        self.activation = getattr(activations, activation) if isinstance(activation, str) else activation

    def _beside(self, x: AnyArray, i: int, part: Callable[[Any], AnyArray]) -> Tensor:
        """x + part(x), normalised before the part or after the sum."""
        norm, drop = getattr(self, f"norm{i}"), getattr(self, f"dropout{i}")
        return x + drop(part(norm(x))) if self.norm_first else norm(x + drop(part(x)))

    def _feed_forward(self, x: AnyArray) -> AnyArray:
        return self.linear2(self.dropout(self.activation(self.linear1(x))))


class TransformerEncoderLayer(_Layer):
    """Self-attention and a network of two layers, each beside a residual connection and a layer norm.

    d_model : the width of the model, a multiple of nhead
    nhead : the number of attention heads
    dim_feedforward : the width of the hidden layer
    dropout : the probability of a zero in training, behind each part and in the hidden layer
    activation : of the hidden layer: "relu", "gelu" or a function
    layer_norm_eps : ε of the norms
    batch_first : whether the batch is the first axis
    norm_first : whether a norm stands before each part instead of behind the sum
    bias : whether linear layers and norms have biases
    dtype : of the parameters; the default dtype by default

    x is (L, N, d_model), or (N, L, d_model) with batch_first; norm_first normalises before each part (pre-LN).

    >>> layer = TransformerEncoderLayer(8, 2, dim_feedforward=16, batch_first=True)
    >>> layer(np.ones((3, 5, 8), np.float32)).shape
    (3, 5, 8)
    """

    @checked(d_model=COUNT, nhead=COUNT, dim_feedforward=COUNT, dropout=PROBABILITY, layer_norm_eps=NOT_NEGATIVE)
    def __init__(
        self,
        d_model: int,
        nhead: int,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: str | Callable[[Tensor], Tensor] = "relu",
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        dtype: DTypeLike = None,
    ) -> None:
        sizes = d_model, nhead, dim_feedforward, dropout, activation, layer_norm_eps
        self._set_up(*sizes, batch_first, norm_first, bias, False, dtype)

    def forward(
        self,
        src: TensorLike,
        src_mask: TensorLike | None = None,
        src_key_padding_mask: TensorLike | None = None,
        is_causal: bool = False,
    ) -> Tensor:
        """src : (L, N, d_model), or (N, L, d_model) with batch_first
        src_mask, src_key_padding_mask, is_causal : the masks of ``MultiheadAttention``
        """

        def attend(x: Tensor) -> Tensor:
            return self.self_attn(x, x, x, src_key_padding_mask, False, src_mask, is_causal=is_causal)[0]

        return self._beside(self._beside(src, 1, attend), 2, self._feed_forward)


class TransformerDecoderLayer(_Layer):
    """Self-attention, attention to an encoder's ``memory``, and a network of two layers.

    d_model, nhead, dim_feedforward, dropout, activation : those of ``TransformerEncoderLayer``
    layer_norm_eps, batch_first, norm_first, bias, dtype : those of ``TransformerEncoderLayer``

    >>> layer = TransformerDecoderLayer(8, 2, dim_feedforward=16, batch_first=True)
    >>> layer(np.ones((3, 5, 8), np.float32), np.ones((3, 4, 8), np.float32)).shape
    (3, 5, 8)
    """

    @checked(d_model=COUNT, nhead=COUNT, dim_feedforward=COUNT, dropout=PROBABILITY, layer_norm_eps=NOT_NEGATIVE)
    def __init__(
        self,
        d_model: int,
        nhead: int,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: str | Callable[[Tensor], Tensor] = "relu",
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        dtype: DTypeLike = None,
    ) -> None:
        sizes = d_model, nhead, dim_feedforward, dropout, activation, layer_norm_eps
        self._set_up(*sizes, batch_first, norm_first, bias, True, dtype)

    def forward(
        self,
        tgt: TensorLike,
        memory: TensorLike,
        tgt_mask: TensorLike | None = None,
        memory_mask: TensorLike | None = None,
        tgt_key_padding_mask: TensorLike | None = None,
        memory_key_padding_mask: TensorLike | None = None,
        tgt_is_causal: bool = False,
        memory_is_causal: bool = False,
    ) -> Tensor:
        """tgt, memory : (T, N, d_model) and (S, N, d_model), or with the batch first
        tgt_mask, tgt_key_padding_mask, tgt_is_causal : the masks of ``MultiheadAttention`` for tgt's look at itself
        memory_mask, memory_key_padding_mask, memory_is_causal : the same for its look at memory
        """

        def attend(x: Tensor) -> Tensor:
            return self.self_attn(x, x, x, tgt_key_padding_mask, False, tgt_mask, is_causal=tgt_is_causal)[0]

        def look_up(x: Tensor) -> Tensor:
            masks = memory_key_padding_mask, False, memory_mask
            return self.multihead_attn(x, memory, memory, *masks, is_causal=memory_is_causal)[0]

        x = self._beside(self._beside(tgt, 1, attend), 2, look_up)
        return self._beside(x, 3, self._feed_forward)


class TransformerEncoder(Layer):
    """num_layers copies of an encoder layer, one after the other, and a last norm.

    encoder_layer : what is copied
    num_layers : how many there are
    norm : a last module; None for none
    enable_nested_tensor, mask_check : PyTorch's switches of its fast path; they change no number
    """

    @checked()
    def __init__(
        self,
        encoder_layer: Module,
        num_layers: int,
        norm: Module | None = None,
        enable_nested_tensor: bool = True,
        mask_check: bool = True,
    ) -> None:
        self.layers = ModuleList([copy.deepcopy(encoder_layer) for _ in range(num_layers)])
        self.num_layers, self.norm = num_layers, norm

    def forward(
        self,
        src: TensorLike,
        mask: TensorLike | None = None,
        src_key_padding_mask: TensorLike | None = None,
        is_causal: bool = False,
    ) -> Tensor:
        """src, mask, src_key_padding_mask, is_causal : what each layer is called with"""
        for layer in self.layers:
            src = layer(src, mask, src_key_padding_mask, is_causal)
        return src if self.norm is None else self.norm(src)  # type: ignore[return-value]


class TransformerDecoder(Layer):
    """num_layers copies of a decoder layer, one after the other, and a last norm.

    decoder_layer : what is copied
    num_layers : how many there are
    norm : a last module; None for none
    """

    @checked()
    def __init__(self, decoder_layer: Module, num_layers: int, norm: Module | None = None) -> None:
        self.layers = ModuleList([copy.deepcopy(decoder_layer) for _ in range(num_layers)])
        self.num_layers, self.norm = num_layers, norm

    def forward(self, tgt: TensorLike, memory: TensorLike, *masks: Any, **options: Any) -> Tensor:
        for layer in self.layers:
            tgt = layer(tgt, memory, *masks, **options)
        return tgt if self.norm is None else self.norm(tgt)  # type: ignore[return-value]


class Transformer(Layer):
    """An encoder and a decoder (Vaswani et al. 2017): ``model(src, tgt)``.

    d_model, nhead, dim_feedforward, dropout, activation : those of ``TransformerEncoderLayer``
    layer_norm_eps, batch_first, norm_first, bias, dtype : those of ``TransformerEncoderLayer``
    num_encoder_layers, num_decoder_layers : how many layers each has
    custom_encoder, custom_decoder : modules that take their places

    >>> model = Transformer(8, 2, 1, 1, 16, batch_first=True)
    >>> model(np.ones((3, 5, 8), np.float32), np.ones((3, 4, 8), np.float32)).shape
    (3, 4, 8)
    """

    @checked(d_model=COUNT, nhead=COUNT, dim_feedforward=COUNT, dropout=PROBABILITY, layer_norm_eps=NOT_NEGATIVE)
    def __init__(
        self,
        d_model: int = 512,
        nhead: int = 8,
        num_encoder_layers: int = 6,
        num_decoder_layers: int = 6,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: str | Callable[[Tensor], Tensor] = "relu",
        custom_encoder: Module | None = None,
        custom_decoder: Module | None = None,
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        dtype: DTypeLike = None,
    ) -> None:
        sizes = d_model, nhead, dim_feedforward, dropout, activation, layer_norm_eps, batch_first, norm_first, bias
        norm: dict[str, Any] = {"eps": layer_norm_eps, "bias": bias, "dtype": dtype}
        self.encoder = custom_encoder or TransformerEncoder(
            TransformerEncoderLayer(*sizes, dtype), num_encoder_layers, LayerNorm(d_model, **norm)
        )
        self.decoder = custom_decoder or TransformerDecoder(
            TransformerDecoderLayer(*sizes, dtype), num_decoder_layers, LayerNorm(d_model, **norm)
        )
        self.d_model, self.nhead, self.batch_first = d_model, nhead, batch_first
        for parameter in self.parameters():
            if parameter.ndim > 1:
                init.xavier_uniform_(parameter)

    def forward(
        self,
        src: TensorLike,
        tgt: TensorLike,
        src_mask: TensorLike | None = None,
        tgt_mask: TensorLike | None = None,
        memory_mask: TensorLike | None = None,
        src_key_padding_mask: TensorLike | None = None,
        tgt_key_padding_mask: TensorLike | None = None,
        memory_key_padding_mask: TensorLike | None = None,
        src_is_causal: bool | None = None,
        tgt_is_causal: bool | None = None,
        memory_is_causal: bool = False,
    ) -> Tensor:
        """src, tgt : (S, N, d_model) and (T, N, d_model), or with the batch first
        src_mask, src_key_padding_mask, src_is_causal : the masks of the encoder
        tgt_mask, tgt_key_padding_mask, tgt_is_causal : the masks of the decoder's look at itself
        memory_mask, memory_key_padding_mask, memory_is_causal : the masks of its look at the encoder's result
        """
        batch = 0 if self.batch_first else 1
        if np.ndim(src) != np.ndim(tgt) or (np.ndim(src) == 3 and src.shape[batch] != tgt.shape[batch]):
            raise ValueError(f"Transformer: src of shape {np.shape(src)} and tgt of shape {np.shape(tgt)}.")
        memory = self.encoder(src, src_mask, src_key_padding_mask, bool(src_is_causal))
        masks = tgt_mask, memory_mask, tgt_key_padding_mask, memory_key_padding_mask
        return self.decoder(tgt, memory, *masks, bool(tgt_is_causal), memory_is_causal)

    @staticmethod
    def generate_square_subsequent_mask(sz: int, device: object = None, dtype: DTypeLike = None) -> np.ndarray:
        """−∞ above the diagonal and 0 elsewhere: no place looks at a later one.

        sz : how many places there are
        device : the CPU
        dtype : of the mask; the default dtype by default
        """
        devices.check("generate_square_subsequent_mask", device)
        return np.triu(np.full((sz, sz), -np.inf, dtype or get_default_dtype()), 1)
