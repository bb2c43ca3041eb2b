"""Padding: more places around an array, full of a number, of the edge, of the other end or of the mirror image."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from autograd_core.engine import entry
from autograd_core.engine.errors import class_name

from ...modules.checking import checked
from ...modules.layer import Layer

if TYPE_CHECKING:
    from autograd_core import Tensor
    from autograd_core.support.types import PerAxis, TensorLike

__all__ = [
    "pad",
    *(f"{kind}Pad{n}d" for kind in ("Constant", "Reflection", "Replication", "Circular", "Zero") for n in (1, 2, 3)),
]

_MODES = {"constant": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}


@checked()
def pad(input: TensorLike, pad: Any, mode: str = "constant", value: float | None = None) -> Tensor:
    """More places at the ends of the last axes; a negative number of them cuts.

    input : any shape
    pad : two numbers for each axis, before and after it, beginning with the last axis
    mode : "constant", "reflect" (mirrored without the edge), "replicate" (the edge) or "circular" (the other end)
    value : the constant; 0 by default

    Raises ValueError for an unknown mode, for numbers that are no pairs, for more axes than there are, and for places
    that a mirror or the other end cannot fill.

    >>> pad(np.array([[1.0, 2.0, 3.0]]), (1, 2), "reflect")
    array([[2., 1., 2., 3., 2., 1.]])
    """
    numbers = entry.setting(pad, "pad", "pad")
    numbers = list(numbers) if isinstance(numbers, (tuple, list, np.ndarray)) else [numbers]
    shape = np.shape(input)
    if mode not in _MODES:
        raise ValueError(f"pad: mode={mode!r}; one of {', '.join(_MODES)}.")
    if len(numbers) % 2 or len(numbers) > 2 * len(shape) or any(int(n) != n for n in numbers):
        raise ValueError(f"pad: pad={tuple(numbers)} for an input of shape {shape}; give pairs, the last axis first.")
    if value is not None and mode != "constant":
        raise ValueError(f"pad: value={value} has no meaning with mode {mode!r}.")
    pairs = [(int(a), int(b)) for a, b in zip(numbers[::2], numbers[1::2], strict=True)][::-1]
    widths = [(0, 0)] * (len(shape) - len(pairs)) + pairs
    for n, (a, b) in zip(shape, widths, strict=True):
        largest = {"reflect": n - 1, "circular": n}.get(mode, max(a, b))
        if n + a + b < 0 or max(a, b) > max(largest, 0):
            raise ValueError(f"pad: {(a, b)} places at the ends of an axis of {n} in mode {mode!r}.")
    more = [(max(a, 0), max(b, 0)) for a, b in widths]
    if any(map(any, more)):
        options = {"constant_values": value or 0.0} if mode == "constant" else {}
        input = np.pad(input, more, _MODES[mode], **options)  # type: ignore[call-overload]
    if min(map(min, widths), default=0) < 0:
        input = input[
            tuple(slice(max(-a, 0), m - max(-b, 0)) for (a, b), m in zip(widths, np.shape(input), strict=True))
        ]
    return input  # type: ignore[return-value]


class _Pad(Layer):
    """``pad`` of the last axes as a layer."""

    mode = "constant"
    dims = 1

    def __init__(self, padding: PerAxis) -> None:
        given = entry.setting(padding, class_name(self), "padding")
        self.padding = tuple(given) if isinstance(given, (tuple, list)) else (given,) * (2 * self.dims)
        if len(self.padding) != 2 * self.dims:
            raise ValueError(f"{class_name(self)}: padding={padding!r}; give a number, or {2 * self.dims} of them.")

    def forward(self, input: TensorLike) -> Tensor:
        if np.ndim(input) not in (self.dims + 1, self.dims + 2):
            raise ValueError(
                f"{class_name(self)}: input of shape {np.shape(input)}; "
                f"expected {self.dims + 1} or {self.dims + 2} axes."
            )
        return pad(input, self.padding, self.mode)

    def extra_repr(self) -> str:
        return str(self.padding)


class ConstantPad1d(_Pad):
    """A number around (N, C, L).

    padding : places before and after the axis, or one number for both
    value : the number

    >>> ConstantPad1d(1, 9.0)(np.zeros((1, 1, 2), np.float32))
    array([[[9., 0., 0., 9.]]], dtype=float32)
    """

    @checked()
    def __init__(self, padding: PerAxis, value: float) -> None:
        super().__init__(padding)
        self.value = value

    def forward(self, input: TensorLike) -> Tensor:
        return pad(input, self.padding, value=self.value)

    def extra_repr(self) -> str:
        return f"padding={self.padding}, value={self.value}"


class ConstantPad2d(ConstantPad1d):
    """A number around (N, C, H, W).

    padding : places left, right, above and below, or one number for all
    value : the number
    """

    dims = 2


class ConstantPad3d(ConstantPad1d):
    """A number around (N, C, D, H, W).

    padding : two numbers for each axis, the last one first, or one number for all
    value : the number
    """

    dims = 3


class ZeroPad1d(_Pad):
    """Zeros around (N, C, L).

    padding : those of ``nn.ConstantPad1d``
    """


class ZeroPad2d(_Pad):
    """Zeros around (N, C, H, W).

    padding : those of ``nn.ConstantPad2d``
    """

    dims = 2


class ZeroPad3d(_Pad):
    """Zeros around (N, C, D, H, W).

    padding : those of ``nn.ConstantPad3d``
    """

    dims = 3


class ReflectionPad1d(_Pad):
    """The mirror image, without the edge, around (N, C, L).

    padding : those of ``nn.ConstantPad1d``
    """

    mode = "reflect"


class ReflectionPad2d(ReflectionPad1d):
    """The mirror image, without the edge, around (N, C, H, W).

    padding : those of ``nn.ConstantPad2d``
    """

    dims = 2


class ReflectionPad3d(ReflectionPad1d):
    """The mirror image, without the edge, around (N, C, D, H, W).

    padding : those of ``nn.ConstantPad3d``
    """

    dims = 3


class ReplicationPad1d(_Pad):
    """The edge repeated around (N, C, L).

    padding : those of ``nn.ConstantPad1d``
    """

    mode = "replicate"


class ReplicationPad2d(ReplicationPad1d):
    """The edge repeated around (N, C, H, W).

    padding : those of ``nn.ConstantPad2d``
    """

    dims = 2


class ReplicationPad3d(ReplicationPad1d):
    """The edge repeated around (N, C, D, H, W).

    padding : those of ``nn.ConstantPad3d``
    """

    dims = 3


class CircularPad1d(_Pad):
    """The other end around (N, C, L).

    padding : those of ``nn.ConstantPad1d``
    """

    mode = "circular"


class CircularPad2d(CircularPad1d):
    """The other end around (N, C, H, W).

    padding : those of ``nn.ConstantPad2d``
    """

    dims = 2


class CircularPad3d(CircularPad1d):
    """The other end around (N, C, D, H, W).

    padding : those of ``nn.ConstantPad3d``
    """

    dims = 3
