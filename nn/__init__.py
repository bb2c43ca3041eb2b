"""Neural network layers, losses and initialisers, built from ``autograd_core`` alone; names as in ``torch.nn``."""

from typing import TYPE_CHECKING

from autograd_core.support.lazy import attach

from . import init
from .layers.activation_layers import *
from .layers.dropout import (
    AlphaDropout,
    Dropout,
    Dropout1d,
    Dropout2d,
    Dropout3d,
    FeatureAlphaDropout,
    GaussianNoise,
    mc_dropout,
)
from .layers.linear import Bilinear, Flatten, Identity, Linear, Unflatten
from .losses.layers import *
from .modules.containers import ModuleDict, ModuleList, Sequential
from .modules.module import Module
from .modules.parameter import Buffer, Parameter
from .modules.parameter_containers import ParameterDict, ParameterList
from .modules.summary import summary

if TYPE_CHECKING:
    from . import callbacks, distributed, functional, metrics, utils
    from .layers.attention import MultiheadAttention
    from .layers.distances import CosineSimilarity, PairwiseDistance
    from .layers.embedding import Embedding, EmbeddingBag
    from .layers.lazy import *
    from .layers.normalization_layers import (
        BatchNorm1d,
        BatchNorm2d,
        BatchNorm3d,
        GroupNorm,
        InstanceNorm1d,
        InstanceNorm2d,
        InstanceNorm3d,
        LayerNorm,
        RMSNorm,
    )
    from .layers.recurrence import *
    from .layers.recurrent import *
    from .layers.recurrent_cells import *
    from .layers.regularisers import ActivityPenalty, l1_penalty, l2_penalty, max_norm_, orthogonal_penalty
    from .layers.spatial.adaptive_pooling import (
        AdaptiveAvgPool1d,
        AdaptiveAvgPool2d,
        AdaptiveAvgPool3d,
        AdaptiveMaxPool1d,
        AdaptiveMaxPool2d,
        AdaptiveMaxPool3d,
    )
    from .layers.spatial.convolution import Conv1d, Conv2d, Conv3d
    from .layers.spatial.fractional_pooling import FractionalMaxPool2d, FractionalMaxPool3d
    from .layers.spatial.padding import (
        CircularPad1d,
        CircularPad2d,
        CircularPad3d,
        ConstantPad1d,
        ConstantPad2d,
        ConstantPad3d,
        ReflectionPad1d,
        ReflectionPad2d,
        ReflectionPad3d,
        ReplicationPad1d,
        ReplicationPad2d,
        ReplicationPad3d,
        ZeroPad1d,
        ZeroPad2d,
        ZeroPad3d,
    )
    from .layers.spatial.patches import Fold, Unfold
    from .layers.spatial.pooling import AvgPool1d, AvgPool2d, AvgPool3d, MaxPool1d, MaxPool2d, MaxPool3d
    from .layers.spatial.power_pooling import LocalResponseNorm, LPPool1d, LPPool2d, LPPool3d
    from .layers.spatial.resampling import (
        ChannelShuffle,
        PixelShuffle,
        PixelUnshuffle,
        Upsample,
        UpsamplingBilinear2d,
        UpsamplingNearest2d,
    )
    from .layers.spatial.transposed_convolution import ConvTranspose1d, ConvTranspose2d, ConvTranspose3d
    from .layers.spatial.unpooling import MaxUnpool1d, MaxUnpool2d, MaxUnpool3d
    from .layers.transformer import *
    from .losses.output_layers import AdaptiveLogSoftmaxWithLoss, LinearCrossEntropyLoss
    from .modules.states.serialization import load, save
    from .modules.states.stateless import functional_call
    from .monitoring import monitor
    from .tensorboard.writer import SummaryWriter
    from .training import Callback, History, Trainer

# Modules that are loaded with the first of their names; no names: the module itself.
__getattr__, __dir__ = attach(
    __name__,
    {
        "functional": (),
        "callbacks": (),
        "metrics": (),
        "utils": (),
        "layers.attention": ("MultiheadAttention",),
        "data": (),
        "distributed": (),
        "layers.distances": ("CosineSimilarity", "PairwiseDistance"),
        "layers.embedding": ("Embedding", "EmbeddingBag"),
        "layers.lazy": (
            *("LazyLinear", "LazyConv1d", "LazyConv2d", "LazyConv3d"),
            *("LazyConvTranspose1d", "LazyConvTranspose2d", "LazyConvTranspose3d"),
            *("LazyBatchNorm1d", "LazyBatchNorm2d", "LazyBatchNorm3d"),
            *("LazyInstanceNorm1d", "LazyInstanceNorm2d", "LazyInstanceNorm3d"),
        ),
        "estimators": (),
        "export": (),
        "playground": (),
        "monitoring": ("monitor",),
        "layers.normalization_layers": (
            *("BatchNorm1d", "BatchNorm2d", "BatchNorm3d", "GroupNorm"),
            *("InstanceNorm1d", "InstanceNorm2d", "InstanceNorm3d", "LayerNorm", "RMSNorm"),
        ),
        "layers.recurrent": ("GRU", "LSTM", "RNN"),
        "layers.recurrence": ("Recurrence",),
        "layers.recurrent_cells": ("GRUCell", "LSTMCell", "RNNCell"),
        "layers.regularisers": ("ActivityPenalty", "l1_penalty", "l2_penalty", "max_norm_", "orthogonal_penalty"),
        "layers.spatial.adaptive_pooling": (
            *("AdaptiveAvgPool1d", "AdaptiveAvgPool2d", "AdaptiveAvgPool3d"),
            *("AdaptiveMaxPool1d", "AdaptiveMaxPool2d", "AdaptiveMaxPool3d"),
        ),
        "layers.spatial.convolution": ("Conv1d", "Conv2d", "Conv3d"),
        "layers.spatial.fractional_pooling": ("FractionalMaxPool2d", "FractionalMaxPool3d"),
        "layers.spatial.padding": (
            *("ConstantPad1d", "ConstantPad2d", "ConstantPad3d", "ZeroPad1d", "ZeroPad2d", "ZeroPad3d"),
            *("ReflectionPad1d", "ReflectionPad2d", "ReflectionPad3d"),
            *("ReplicationPad1d", "ReplicationPad2d", "ReplicationPad3d"),
            *("CircularPad1d", "CircularPad2d", "CircularPad3d"),
        ),
        "layers.spatial.patches": ("Fold", "Unfold"),
        "layers.spatial.power_pooling": ("LPPool1d", "LPPool2d", "LPPool3d", "LocalResponseNorm"),
        "layers.spatial.unpooling": ("MaxUnpool1d", "MaxUnpool2d", "MaxUnpool3d"),
        "layers.spatial.pooling": ("AvgPool1d", "AvgPool2d", "AvgPool3d", "MaxPool1d", "MaxPool2d", "MaxPool3d"),
        "layers.spatial.resampling": (
            *("ChannelShuffle", "PixelShuffle", "PixelUnshuffle", "Upsample"),
            *("UpsamplingBilinear2d", "UpsamplingNearest2d"),
        ),
        "layers.spatial.transposed_convolution": ("ConvTranspose1d", "ConvTranspose2d", "ConvTranspose3d"),
        "losses.output_layers": ("AdaptiveLogSoftmaxWithLoss", "LinearCrossEntropyLoss"),
        "modules.states.serialization": ("load", "save"),
        "modules.states.stateless": ("functional_call",),
        "tensorboard": ("SummaryWriter",),
        "training": ("Callback", "History", "Trainer"),
        "layers.transformer": (
            *("TransformerDecoder", "TransformerDecoderLayer", "TransformerEncoder", "TransformerEncoderLayer"),
            "Transformer",
        ),
    },
)
