"""Layers and losses as functions, composed of the engine's operations; names and arguments as in torch."""

from __future__ import annotations

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
from .layers import bilinear, linear
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
