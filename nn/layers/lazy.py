"""Lazy layers: how many features come in is read from the first input; then they are the layers that they stand for.

Their parameters are there, and may be given to an optimizer, before: they get their shapes and values with the first
call, in the dtype asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..modules.layer import Layer
from ..modules.parameter import Parameter
from .linear import Linear
from .normalization_layers import BatchNorm1d, BatchNorm2d, BatchNorm3d, InstanceNorm1d, InstanceNorm2d, InstanceNorm3d
from .spatial.convolution import Conv1d, Conv2d, Conv3d
from .spatial.transposed_convolution import ConvTranspose1d, ConvTranspose2d, ConvTranspose3d

if TYPE_CHECKING:
    from autograd_core import Tensor
    from autograd_core.support.types import TensorLike

__all__ = [
    *("LazyLinear", "LazyConv1d", "LazyConv2d", "LazyConv3d"),
    *("LazyConvTranspose1d", "LazyConvTranspose2d", "LazyConvTranspose3d"),
    *("LazyBatchNorm1d", "LazyBatchNorm2d", "LazyBatchNorm3d"),
    *("LazyInstanceNorm1d", "LazyInstanceNorm2d", "LazyInstanceNorm3d"),
]


class _Lazy(Layer):
    full: Any
    """What it becomes."""
    axis = 1
    """Where the features of an input are."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        made = self.full(1, *args, **kwargs)  # says what is wrong with the arguments
        self._arguments = args, kwargs
        for name, value in vars(made).items():
            if isinstance(value, Parameter):
                setattr(self, name, Parameter(np.zeros(0, value.dtype)))

    def forward(self, input: TensorLike, *others: Any) -> Tensor:
        """input : the first one, after which this is another layer"""
        full, (args, kwargs) = self.full, self._arguments
        waiting = {name: value for name, value in vars(self).items() if isinstance(value, Parameter)}
        training = self.training
        made = full(np.shape(input)[self.axis], *args, **kwargs)
        for name, parameter in waiting.items():
            parameter.data = vars(made)[name]._data.astype(parameter.dtype)
            vars(made)[name] = parameter  # the same object: an optimizer may hold it
        hooks = self._hooks
        vars(self).clear()
        vars(self).update(vars(made))
        self.__class__ = full  # type: ignore[assignment]
        self.training, self._hooks = training, hooks
        return full.forward(self, input, *others)


def _lazy(full: type[Layer], axis: int = 1) -> type:
    what = f"``{full.__name__}``, whose number of incoming features is that of its first input.\n\n"
    rest = "    args, kwargs : its other arguments"
    space = {"full": full, "axis": axis, "__doc__": what + rest, "__module__": __name__}
    return type(f"Lazy{full.__name__}", (_Lazy,), space)


LazyLinear = _lazy(Linear, -1)
LazyConv1d, LazyConv2d, LazyConv3d = map(_lazy, (Conv1d, Conv2d, Conv3d), (-2, -3, -4))
LazyConvTranspose1d, LazyConvTranspose2d, LazyConvTranspose3d = map(
    _lazy, (ConvTranspose1d, ConvTranspose2d, ConvTranspose3d), (-2, -3, -4)
)
LazyBatchNorm1d, LazyBatchNorm2d, LazyBatchNorm3d = map(_lazy, (BatchNorm1d, BatchNorm2d, BatchNorm3d))
LazyInstanceNorm1d, LazyInstanceNorm2d, LazyInstanceNorm3d = map(
    _lazy, (InstanceNorm1d, InstanceNorm2d, InstanceNorm3d), (-2, -3, -4)
)
