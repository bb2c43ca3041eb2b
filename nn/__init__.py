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
from .modules.containers import ModuleDict, ModuleList, ParameterDict, ParameterList, Sequential
from .modules.module import Module
from .modules.parameter import Buffer, Parameter
from .modules.summary import summary

if TYPE_CHECKING:
    from . import callbacks, functional, metrics, utils
    from .layers.attention import MultiheadAttention
    from .layers.convolution import Conv1d, Conv2d, Conv3d, ConvTranspose1d, ConvTranspose2d, ConvTranspose3d
    from .layers.distances import CosineSimilarity, PairwiseDistance
    from .layers.embedding import Embedding
    from .layers.normalization import (
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
    from .layers.pooling import (
        AdaptiveAvgPool1d,
        AdaptiveAvgPool2d,
        AdaptiveMaxPool1d,
        AdaptiveMaxPool2d,
        AvgPool1d,
        AvgPool2d,
        AvgPool3d,
        MaxPool1d,
        MaxPool2d,
        MaxPool3d,
    )
    from .layers.recurrent import *
    from .layers.regularisers import ActivityPenalty, l1_penalty, l2_penalty, max_norm_, orthogonal_penalty
    from .layers.resampling import PixelShuffle, PixelUnshuffle, Upsample
    from .layers.transformer import *
    from .modules.serialization import load, save
    from .modules.stateless import functional_call
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
        "layers.convolution": ("Conv1d", "Conv2d", "Conv3d", "ConvTranspose1d", "ConvTranspose2d", "ConvTranspose3d"),
        "data": (),
        "layers.distances": ("CosineSimilarity", "PairwiseDistance"),
        "layers.embedding": ("Embedding",),
        "estimators": (),
        "monitoring": ("monitor",),
        "layers.normalization": (
            *("BatchNorm1d", "BatchNorm2d", "BatchNorm3d", "GroupNorm"),
            *("InstanceNorm1d", "InstanceNorm2d", "InstanceNorm3d", "LayerNorm", "RMSNorm"),
        ),
        "layers.pooling": (
            *("AdaptiveAvgPool1d", "AdaptiveAvgPool2d", "AdaptiveMaxPool1d", "AdaptiveMaxPool2d"),
            *("AvgPool1d", "AvgPool2d", "AvgPool3d", "MaxPool1d", "MaxPool2d", "MaxPool3d"),
        ),
        "layers.recurrent": ("GRU", "GRUCell", "LSTM", "LSTMCell", "RNN", "RNNCell"),
        "layers.regularisers": ("ActivityPenalty", "l1_penalty", "l2_penalty", "max_norm_", "orthogonal_penalty"),
        "layers.resampling": ("PixelShuffle", "PixelUnshuffle", "Upsample"),
        "modules.serialization": ("load", "save"),
        "modules.stateless": ("functional_call",),
        "tensorboard": ("SummaryWriter",),
        "training": ("Callback", "History", "Trainer"),
        "layers.transformer": (
            *("TransformerDecoder", "TransformerDecoderLayer", "TransformerEncoder", "TransformerEncoderLayer"),
        ),
    },
)
