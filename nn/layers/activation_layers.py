"""Activation functions as layers: the settings of the function are those of the layer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..modules.checking import COUNT, checked
from ..modules.function_module import FunctionModule
from ..modules.layer import Layer
from ..modules.module import Parameter
from . import activations as F

if TYPE_CHECKING:
    from autograd_core import Tensor
    from autograd_core.support.types import DTypeLike, Function, TensorLike

__all__ = [
    *("CELU", "ELU", "GELU", "GLU", "Hardshrink", "Hardsigmoid", "Hardswish", "Hardtanh", "LeakyReLU", "LogSigmoid"),
    *("LogSoftmax", "Mish", "PReLU", "RReLU", "ReLU", "ReLU6", "SELU", "SiLU", "Sigmoid", "Softmax", "Softmax2d"),
    *("Softmin", "Softplus", "Softshrink", "Softsign", "Tanh", "Tanhshrink", "Threshold"),
]


class Activation(FunctionModule):
    """A function of one tensor as a layer.

    ``inplace`` is accepted where PyTorch has it, and makes no difference: nothing here is written in place.
    """


def _layer(name: str, function: Function, inplace: bool = False) -> type[Activation]:
    return Activation.of(name, function, ignored={"inplace": False} if inplace else None)


CELU = _layer("CELU", F.celu, inplace=True)
ELU = _layer("ELU", F.elu, inplace=True)
GELU = _layer("GELU", F.gelu)
GLU = _layer("GLU", F.glu)
Hardshrink = _layer("Hardshrink", F.hardshrink)
Hardsigmoid = _layer("Hardsigmoid", F.hardsigmoid, inplace=True)
Hardswish = _layer("Hardswish", F.hardswish, inplace=True)
Hardtanh = _layer("Hardtanh", F.hardtanh, inplace=True)
LeakyReLU = _layer("LeakyReLU", F.leaky_relu, inplace=True)
LogSigmoid = _layer("LogSigmoid", F.logsigmoid)
LogSoftmax = _layer("LogSoftmax", F.log_softmax)
Mish = _layer("Mish", F.mish, inplace=True)
ReLU = _layer("ReLU", F.relu, inplace=True)
ReLU6 = _layer("ReLU6", F.relu6, inplace=True)
SELU = _layer("SELU", F.selu, inplace=True)
SiLU = _layer("SiLU", F.silu, inplace=True)
Sigmoid = _layer("Sigmoid", F.sigmoid)
Softmax = _layer("Softmax", F.softmax)
Softmin = _layer("Softmin", F.softmin)
Softplus = _layer("Softplus", F.softplus)
Softshrink = _layer("Softshrink", F.softshrink)
Softsign = _layer("Softsign", F.softsign)
Tanh = _layer("Tanh", F.tanh)
Tanhshrink = _layer("Tanhshrink", F.tanhshrink)
Threshold = _layer("Threshold", F.threshold, inplace=True)


class PReLU(Layer):
    """Leaky ReLU whose slopes are parameters: one, or one for each of ``num_parameters`` channels (He et al. 2015).

    num_parameters : 1, or the number of channels (axis 1)
    init : the slopes to begin with
    dtype : of the weight; the default dtype by default
    """

    @checked(num_parameters=COUNT)
    def __init__(self, num_parameters: int = 1, init: float = 0.25, dtype: DTypeLike = None) -> None:
        self.num_parameters, self.init = num_parameters, init
        self.weight = Parameter(np.full(num_parameters, init), dtype=dtype or np.float32)

    def forward(self, input: TensorLike) -> Tensor:
        return F.prelu(input, self.weight)

    def extra_repr(self) -> str:
        return f"num_parameters={self.num_parameters}"


class RReLU(Layer):
    """Leaky ReLU with random slopes in training and their mean in eval mode (Xu et al. 2015).

    lower, upper : the interval of the slopes
    inplace : taken for PyTorch's sake
    """

    @checked()
    def __init__(self, lower: float = 1 / 8, upper: float = 1 / 3, inplace: bool = False) -> None:
        self.lower, self.upper = lower, upper

    def forward(self, input: TensorLike) -> Tensor:
        return F.rrelu(input, self.lower, self.upper, self.training)

    def extra_repr(self) -> str:
        return f"lower={self.lower}, upper={self.upper}"


class Softmax2d(Layer):
    """Softmax over the channels at each place of (N, C, H, W) or (C, H, W)."""

    def forward(self, input: TensorLike) -> Tensor:
        if input.ndim not in (3, 4):
            raise ValueError(f"Softmax2d: input of shape {input.shape}; expected (N, C, H, W) or (C, H, W).")
        return F.softmax(input, -3)
