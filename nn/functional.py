"""Layers and losses as functions, composed of the engine's operations; names and arguments as in torch."""

from __future__ import annotations

from types import FunctionType
from typing import Any

from autograd_core.support.lazy import advice as _advice

from .layers.activations import *
from .layers.attention import scaled_dot_product_attention
from .layers.distances import cosine_similarity, normalize, pairwise_distance, pdist
from .layers.dropout import (
    alpha_dropout,
    dropout,
    dropout1d,
    dropout2d,
    dropout3d,
    feature_alpha_dropout,
    gaussian_noise,
    keep_mask,
)
from .layers.embedding import embedding, embedding_bag, one_hot
from .layers.gumbel import gumbel_softmax
from .layers.linear import bilinear, linear
from .layers.normalization import batch_norm, group_norm, instance_norm, layer_norm, rms_norm
from .layers.spatial.adaptive_pooling import (
    adaptive_avg_pool1d,
    adaptive_avg_pool2d,
    adaptive_avg_pool3d,
    adaptive_max_pool1d,
    adaptive_max_pool2d,
    adaptive_max_pool3d,
)
from .layers.spatial.convolution import conv1d, conv2d, conv3d
from .layers.spatial.padding import pad
from .layers.spatial.patches import fold, unfold
from .layers.spatial.pooling import avg_pool1d, avg_pool2d, avg_pool3d, max_pool1d, max_pool2d, max_pool3d
from .layers.spatial.power_pooling import local_response_norm, lp_pool1d, lp_pool2d, lp_pool3d
from .layers.spatial.resampling import channel_shuffle, interpolate, pixel_shuffle, pixel_unshuffle
from .layers.spatial.sampling import affine_grid, grid_sample
from .layers.spatial.transposed_convolution import conv_transpose1d, conv_transpose2d, conv_transpose3d
from .layers.spatial.unpooling import max_unpool1d, max_unpool2d, max_unpool3d
from .losses.of_classes import *
from .losses.of_distributions import *
from .losses.of_margins import *
from .losses.of_numbers import *
from .modules.layer import takes_lists


def __getattr__(name: str) -> Any:
    raise AttributeError(_advice("nn.functional", name))


_WHOLE = ("takes_lists", "embedding", "embedding_bag", "one_hot", "keep_mask")
for _name, _function in [*globals().items()]:
    if isinstance(_function, FunctionType) and _name not in _WHOLE:
        globals()[_name] = takes_lists(_function)  # the layers call the functions themselves, without that
