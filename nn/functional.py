"""Layers and losses as functions, composed of the engine's operations; names and arguments as in torch."""

from __future__ import annotations

from typing import Any

import numpy as np

import autograd_core as ag
from autograd_core.protocols import bare

from . import fused
from .activations import *
from .attention import scaled_dot_product_attention
from .class_losses import *
from .convolution import conv1d, conv2d, conv3d, conv_transpose1d, conv_transpose2d, conv_transpose3d
from .distances import cosine_similarity, pairwise_distance
from .dropout import (
    alpha_dropout,
    dropout,
    dropout1d,
    dropout2d,
    dropout3d,
    feature_alpha_dropout,
    gaussian_noise,
    keep_mask,
)
from .embedding import embedding
from .losses import *
from .normalization import batch_norm, group_norm, instance_norm, layer_norm, rms_norm
from .pooling import (
    adaptive_avg_pool1d,
    adaptive_avg_pool2d,
    adaptive_max_pool1d,
    adaptive_max_pool2d,
    avg_pool1d,
    avg_pool2d,
    avg_pool3d,
    max_pool1d,
    max_pool2d,
    max_pool3d,
)
from .resampling import interpolate, pixel_shuffle, pixel_unshuffle


def linear(x: Any, weight: Any, bias: Any = None) -> Any:
    """x Wᵀ + b for x of shape (…, in), W of (out, in), b of (out,).

    >>> linear(np.ones((1, 2)), np.array([[1.0, 2.0]]), np.array([0.5]))
    array([[3.5]])
    """
    return x @ np.swapaxes(weight, -1, -2) if bias is None else fused.linear(x, weight, bias)


def bilinear(input1: Any, input2: Any, weight: Any, bias: Any = None) -> Any:
    """x₁ᵀ W_o x₂ + b_o for each output o: x₁ (…, in₁), x₂ (…, in₂), W (out, in₁, in₂), b (out,).

    >>> bilinear(np.array([[2.0]]), np.array([[3.0]]), np.ones((1, 1, 1)))
    array([[6.]])
    """
    out, in1, in2 = weight.shape
    columns = np.reshape(np.transpose(weight, (1, 0, 2)), (in1, out * in2))
    halves = np.reshape(input1 @ columns, (*input1.shape[:-1], out, in2))
    y = (halves @ input2[..., None])[..., 0]
    return y if bias is None else y + bias
