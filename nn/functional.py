"""Layers and losses as functions, composed of the engine's operations; names and arguments as in torch."""

from __future__ import annotations

import functools
from types import FunctionType
from typing import Any

from autograd_core.support.lazy import advice as _advice

from .layers.activations import *
from .layers.attention import multi_head_attention_forward, scaled_dot_product_attention
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
from .layers.spatial.fractional_pooling import fractional_max_pool2d, fractional_max_pool3d
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
from .losses.output_layers import linear_cross_entropy
from .modules.layer import takes_lists
from .modules.respelled import in_dtype as _in_dtype
from .modules.respelled import writing as _writing

_IN_PLACE = (
    *("relu", "relu6", "leaky_relu", "elu", "selu", "celu", "hardtanh", "hardsigmoid", "hardswish", "silu", "mish"),
    *("threshold", "rrelu", "dropout", "dropout1d", "dropout2d", "dropout3d", "alpha_dropout", "feature_alpha_dropout"),
)
"""Functions that PyTorch can write into their input; their names with an underscore always do."""


def __getattr__(name: str) -> Any:
    raise AttributeError(_advice("nn.functional", name))


_WHOLE = ("takes_lists", "embedding", "embedding_bag", "one_hot", "keep_mask")
for _name, _function in [*globals().items()]:
    if isinstance(_function, FunctionType) and _name not in _WHOLE and not _name.startswith("_"):
        globals()[_name] = takes_lists(_function)  # the layers call the functions themselves, without that
        if _name in _IN_PLACE:
            globals()[_name] = _writing(globals()[_name], _name)
            if _name not in ("hardsigmoid", "hardswish", "silu", "mish", "relu6") and "dropout" not in _name:
                globals()[f"{_name}_"] = functools.partial(globals()[_name], inplace=True)
        elif _name in ("softmax", "log_softmax", "softmin"):
            globals()[_name] = _in_dtype(globals()[_name])
