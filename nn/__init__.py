"""Neural network layers, losses and initialisers, built from ``autograd_core`` alone; names as in ``torch.nn``."""

from typing import TYPE_CHECKING

from autograd_core.lazy import attach

from . import init
from .activation_layers import *
from .containers import ModuleDict, ModuleList, ParameterDict, ParameterList, Sequential
from .dropout import (
    AlphaDropout,
    Dropout,
    Dropout1d,
    Dropout2d,
    Dropout3d,
    FeatureAlphaDropout,
    GaussianNoise,
    mc_dropout,
)
from .layers import Bilinear, Flatten, Identity, Linear, Unflatten
from .loss_layers import *
from .module import Module
from .parameter import Buffer, Parameter
from .summary import summary

if TYPE_CHECKING:
    from . import callbacks, functional, metrics, utils
    from .attention import MultiheadAttention
    from .convolution import Conv1d, Conv2d, Conv3d, ConvTranspose1d, ConvTranspose2d, ConvTranspose3d
    from .distances import CosineSimilarity, PairwiseDistance
    from .embedding import Embedding
    from .monitoring import monitor
    from .normalization import (
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
    from .pooling import (
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
    from .recurrent import *
    from .regularisers import ActivityPenalty, l1_penalty, l2_penalty, max_norm_, orthogonal_penalty
    from .resampling import PixelShuffle, PixelUnshuffle, Upsample
    from .serialization import load, save
    from .stateless import functional_call
    from .tensorboard import SummaryWriter
    from .training import Callback, History, Trainer
    from .transformer import *

# Modules that are loaded with the first of their names; no names: the module itself.
__getattr__, __dir__ = attach(
    __name__,
    {
        "functional": (),
        "callbacks": (),
        "metrics": (),
        "utils": (),
        "attention": ("MultiheadAttention",),
        "convolution": ("Conv1d", "Conv2d", "Conv3d", "ConvTranspose1d", "ConvTranspose2d", "ConvTranspose3d"),
        "data": (),
        "distances": ("CosineSimilarity", "PairwiseDistance"),
        "embedding": ("Embedding",),
        "estimators": (),
        "monitoring": ("monitor",),
        "normalization": (
            *("BatchNorm1d", "BatchNorm2d", "BatchNorm3d", "GroupNorm"),
            *("InstanceNorm1d", "InstanceNorm2d", "InstanceNorm3d", "LayerNorm", "RMSNorm"),
        ),
        "pooling": (
            *("AdaptiveAvgPool1d", "AdaptiveAvgPool2d", "AdaptiveMaxPool1d", "AdaptiveMaxPool2d"),
            *("AvgPool1d", "AvgPool2d", "AvgPool3d", "MaxPool1d", "MaxPool2d", "MaxPool3d"),
        ),
        "recurrent": ("GRU", "GRUCell", "LSTM", "LSTMCell", "RNN", "RNNCell"),
        "regularisers": ("ActivityPenalty", "l1_penalty", "l2_penalty", "max_norm_", "orthogonal_penalty"),
        "resampling": ("PixelShuffle", "PixelUnshuffle", "Upsample"),
        "serialization": ("load", "save"),
        "stateless": ("functional_call",),
        "tensorboard": ("SummaryWriter",),
        "training": ("Callback", "History", "Trainer"),
        "transformer": (
            *("TransformerDecoder", "TransformerDecoderLayer", "TransformerEncoder", "TransformerEncoderLayer"),
        ),
    },
)
