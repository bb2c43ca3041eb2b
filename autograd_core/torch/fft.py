"""``torch.fft``: NumPy's, with PyTorch's names for the arguments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from autograd_core.ops import fft as _library
from autograd_core.spellings import fourier as _fourier
from autograd_core.spellings.arguments import axes
from autograd_core.support.lazy import answering

from .tensor import faced

if TYPE_CHECKING:
    from autograd_core.support.types import Axis, Function


def _transform(name: str) -> Function:
    function = getattr(_library, name)
    if name.endswith("shift"):
        return lambda input, dim=None: function(input, axes=axes(dim))
    if name.endswith(("2", "n")):
        usual = (-2, -1) if name.endswith("2") else None
        return lambda input, s=None, dim=usual, norm=None: function(input, **_sizes(s, dim), norm=norm or "backward")
    return lambda input, n=None, dim=-1, norm=None: function(input, n=n, axis=dim, norm=norm or "backward")


def _sizes(s: Any, dim: Axis) -> dict[str, Any]:
    s = [s] if isinstance(s, int) else s
    if dim is None and s is not None:
        dim = tuple(range(-len(s), 0))
    return {"s": s, "axes": axes([dim] if isinstance(dim, int) else dim)}


_SPELLED = "hfft2 ihfft2 hfftn ihfftn"
_NAMES = "fft ifft rfft irfft hfft ihfft fft2 ifft2 rfft2 irfft2 fftn ifftn rfftn irfftn fftshift ifftshift"
for _name in _NAMES.split():
    globals()[_name] = faced(_transform(_name), _name, floating=not _name.endswith("shift"))
for _name in _SPELLED.split():
    globals()[_name] = faced(getattr(_fourier, _name), _name, floating=True)

__getattr__ = answering("torch.fft")
