"""Fractional max pooling: the largest numbers of windows whose distances vary at random (Graham 2014)."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd_core import default_generator
from autograd_core.engine.errors import class_name
from autograd_core.engine.tensor import bare
from autograd_core.support.arrays import brought, hosted, on_device

from ...kernels.windows import batched, sizes
from ...modules.layer import Layer

if TYPE_CHECKING:
    from autograd_core import Tensor
    from autograd_core.support.types import AnyArray, PerAxis, TensorLike

__all__ = ["FractionalMaxPool2d", "FractionalMaxPool3d", "fractional_max_pool2d", "fractional_max_pool3d"]


def _starts(u: AnyArray, length: int, kernel: int, out: int) -> AnyArray:
    """Where ``out`` windows begin: ⌊(i + u)α⌋ − ⌊uα⌋ with α = (length − kernel)/(out − 1), and the last at the end."""
    if out == 1:
        return np.full((*u.shape, 1), length - kernel)
    alpha = (length - kernel) / (out - 1)
    u = u.astype(np.float64)[..., None]
    steps = np.floor((np.arange(out - 1) + u) * alpha) - np.floor(u * alpha)
    return np.concatenate([steps, np.full(u.shape, float(length - kernel))], axis=-1).astype(np.intp)


def _fractional(
    name: str,
    dims: int,
    input: AnyArray,
    kernel_size: PerAxis,
    output_size: PerAxis | None,
    output_ratio: float | tuple[float, ...] | None,
    return_indices: bool,
    random_samples: Any,
    generator: np.random.Generator | None,
) -> Any:
    x, single = batched(input, dims, name)
    kernel = sizes(kernel_size, dims, f"{name}: kernel_size")
    space = x.shape[2:]
    out = _out_sizes(name, dims, space, output_size, output_ratio)
    if any(k + n - 1 > size for k, n, size in zip(kernel, out, space, strict=True)):
        raise ValueError(
            f"{name}: {out} windows of {kernel} in an input of shape {tuple(x.shape)}. Fix: axes of at least "
            "kernel_size + output_size − 1."
        )
    drawn = random_samples
    if drawn is None:
        drawn = (generator or default_generator()).random((*x.shape[:2], dims), np.result_type(x.dtype, np.float32))
    elif np.shape(drawn) != (*x.shape[:2], dims):
        raise ValueError(f"{name}: _random_samples of shape {np.shape(drawn)}. Fix: {(*x.shape[:2], dims)}.")
    drawn = bare(drawn)
    drawn = hosted(drawn) if on_device(drawn) else drawn
    # The last axis has the first sample of a plane, as in PyTorch; of three axes, the first has it.
    order = range(dims) if dims == 3 else reversed(range(dims))
    places: Any = 0
    for axis, which in enumerate(order):
        first = _starts(drawn[..., which], space[axis], kernel[axis], out[axis])
        along = first[..., :, None] + np.arange(kernel[axis])  # (N, C, windows, kernel)
        shape = [*x.shape[:2], *[1] * (2 * dims)]
        shape[2 + axis], shape[2 + dims + axis] = out[axis], kernel[axis]
        places = places + np.reshape(along, shape) * math.prod(space[axis + 1 :])
    places = brought(np.reshape(places, (*x.shape[:2], math.prod(out), math.prod(kernel))), x)
    flat = np.reshape(x, (*x.shape[:2], 1, math.prod(space)))
    windows = (*x.shape[:2], math.prod(out), math.prod(space))
    values = np.take_along_axis(np.broadcast_to(bare(flat), windows), places, -1)
    largest = np.take_along_axis(places, np.argmax(values, axis=-1)[..., None], -1)[..., 0]
    found = np.reshape(np.take_along_axis(flat[:, :, 0], largest, -1), (*x.shape[:2], *out))
    found = found[0] if single else found
    if not return_indices:
        return found
    indices = np.reshape(largest, (*x.shape[:2], *out))
    return found, indices[0] if single else indices


def _out_sizes(name: str, dims: int, space: tuple[int, ...], output_size: Any, output_ratio: Any) -> tuple[int, ...]:
    if (output_size is None) == (output_ratio is None):
        raise ValueError(f"{name}: give output_size or output_ratio, one of them.")
    if output_size is not None:
        return tuple(sizes(output_size, dims, f"{name}: output_size"))
    ratios = tuple(output_ratio) if isinstance(output_ratio, (tuple, list)) else (output_ratio,) * dims
    if len(ratios) != dims or not all(0 < r < 1 for r in ratios):
        raise ValueError(f"{name}: output_ratio={output_ratio!r} must be one number, or {dims}, between 0 and 1.")
    return tuple(max(int(n * r), 1) for n, r in zip(space, ratios, strict=True))


def fractional_max_pool2d(
    input: TensorLike,
    kernel_size: PerAxis,
    output_size: PerAxis | None = None,
    output_ratio: float | tuple[float, ...] | None = None,
    return_indices: bool = False,
    _random_samples: TensorLike | None = None,
    generator: np.random.Generator | None = None,
) -> Tensor:
    """The largest numbers of overlapping windows, so many along each axis, at places drawn for each channel.

    input : (N, C, H, W) or (C, H, W)
    kernel_size : the windows' size, one number or a pair
    output_size : how many windows along each axis, one number or a pair
    output_ratio : or the part of each axis that so many are, between 0 and 1
    return_indices : whether also the place of each largest number in its plane is given
    _random_samples : (N, C, 2), the numbers in [0, 1) that the places come from; drawn by default
    generator : draws them; ``ag.default_generator()`` by default

    Raises ValueError for sizes that do not fit.

    >>> fractional_max_pool2d(np.arange(16.0).reshape(1, 1, 4, 4), 2, 3)
    array([[[[ 5.,  6.,  7.],
             [ 9., 10., 11.],
             [13., 14., 15.]]]])
    """
    wanted = (kernel_size, output_size, output_ratio)
    return _fractional("fractional_max_pool2d", 2, input, *wanted, return_indices, _random_samples, generator)


def fractional_max_pool3d(
    input: TensorLike,
    kernel_size: PerAxis,
    output_size: PerAxis | None = None,
    output_ratio: float | tuple[float, ...] | None = None,
    return_indices: bool = False,
    _random_samples: TensorLike | None = None,
    generator: np.random.Generator | None = None,
) -> Tensor:
    """``fractional_max_pool2d`` of three axes.

    input : (N, C, D, H, W) or (C, D, H, W)
    kernel_size, output_size, output_ratio, return_indices, generator : those of ``fractional_max_pool2d``
    _random_samples : (N, C, 3)
    """
    wanted = (kernel_size, output_size, output_ratio)
    return _fractional("fractional_max_pool3d", 3, input, *wanted, return_indices, _random_samples, generator)


class _FractionalMaxPool(Layer):
    channels_first = True
    function: Callable[..., Tensor]
    dims: int

    def __init__(
        self,
        kernel_size: PerAxis,
        output_size: PerAxis | None = None,
        output_ratio: float | tuple[float, ...] | None = None,
        return_indices: bool = False,
        _random_samples: TensorLike | None = None,
    ) -> None:
        name = class_name(self)
        sizes(kernel_size, self.dims, f"{name}: kernel_size")
        _out_sizes(name, self.dims, (2,) * self.dims, output_size, output_ratio)
        self.kernel_size, self.output_size, self.output_ratio = kernel_size, output_size, output_ratio
        self.return_indices = return_indices
        self.register_buffer("_random_samples", _random_samples)

    def forward(self, input: TensorLike) -> Tensor:
        given = (self.kernel_size, self.output_size, self.output_ratio, self.return_indices, self._random_samples)
        return type(self).function(input, *given)

    def extra_repr(self) -> str:
        wanted = f"output_size={self.output_size}" if self.output_ratio is None else f"output_ratio={self.output_ratio}"
        return f"kernel_size={self.kernel_size}, {wanted}"


class FractionalMaxPool2d(_FractionalMaxPool):
    """``fractional_max_pool2d`` as a layer.

    kernel_size, output_size, output_ratio, return_indices, _random_samples : those of the function
    """

    function, dims = staticmethod(fractional_max_pool2d), 2


class FractionalMaxPool3d(_FractionalMaxPool):
    """``fractional_max_pool3d`` as a layer.

    kernel_size, output_size, output_ratio, return_indices, _random_samples : those of the function
    """

    function, dims = staticmethod(fractional_max_pool3d), 3
