"""Neural network layers, losses and initialisers, built from ``autograd_core`` alone; names as in ``torch.nn``."""

from . import functional, init, utils
from .activation_layers import *
from .attention import MultiheadAttention
from .containers import ModuleDict, ModuleList, ParameterDict, ParameterList, Sequential
from .convolution import Conv1d, Conv2d, Conv3d, ConvTranspose1d, ConvTranspose2d, ConvTranspose3d
from .distances import CosineSimilarity, PairwiseDistance
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
from .embedding import Embedding
from .layers import Bilinear, Flatten, Identity, Linear, Unflatten
from .loss_layers import *
from .module import Module
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
from .parameter import Buffer, Parameter
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
from .summary import summary
from .transformer import *

# What trains, loads or watches is loaded when it is first asked for.
_LAZY: dict[str, str] = {
    # name in nn: module that defines it (the module itself where both are the same)
}


def __getattr__(name: str) -> object:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    module = importlib.import_module(f".{_LAZY[name]}", __name__)
    return module if name == _LAZY[name] else getattr(module, name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_LAZY})
