"""``numpy.fft`` on tensors: the discrete Fourier transforms, each a linear map with its exact adjoint.

With W the matrix of ω^(jk), ω = e^(−2πi/n), the transform is c W x and its adjoint c Wᴴ g: the transform back, scaled
by the same c. NumPy gives the two directions the same c where ``norm`` changes sides, "backward" for "forward"; "ortho"
stays. Several axes are transformed one after another, as NumPy does it, and so differentiate by themselves.

Loaded when first asked for: ``numpy.fft`` is not part of ``import numpy``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.fft import fftfreq, rfftfreq

from ..engine.forms import linear
from ..engine.registry import implements
from .composites import composite
from .places.indexing import _scatter

if TYPE_CHECKING:
    from ..support.types import AnyArray

__all__ = [
    "fft", "ifft", "rfft", "irfft", "hfft", "ihfft",
    "fft2", "ifft2", "rfft2", "irfft2", "fftn", "ifftn", "rfftn", "irfftn",
    "fftshift", "ifftshift", "fftfreq", "rfftfreq",
]  # fmt: skip

_OTHER_SIDE: dict[Any, Any] = {None: "forward", "backward": "forward", "ortho": "ortho", "forward": "backward"}

# Along one axis ------------------------------------------------------------------------------------------------------


@implements(np.fft.fft)
@linear(
    name="fft.fft",
    a=lambda g, a, axis, norm: _fitted(np.fft.ifft(g, None, axis, _OTHER_SIDE[norm]), a, axis),
)
def fft(a, n=None, axis=-1, norm=None):
    """Fourier transform Σⱼ aⱼ e^(−2πi jk/n) along ``axis``, of ``a`` cut or filled with zeros to length ``n``.

    norm : where to divide by n: "backward" (here not, the default), "ortho" (by √n), "forward" (here)

    >>> fft(np.array([1.0, 0.0, 0.0])).real
    array([1., 1., 1.])
    """
    return np.fft.fft(a, n, axis, norm)


@implements(np.fft.ifft)
@linear(
    name="fft.ifft",
    a=lambda g, a, axis, norm: _fitted(np.fft.fft(g, None, axis, _OTHER_SIDE[norm]), a, axis),
)
def ifft(a, n=None, axis=-1, norm=None):
    """The inverse of ``fft``: 1/n Σₖ aₖ e^(2πi jk/n) along ``axis``.

    Arguments are those of ``np.fft.ifft``.

    >>> ifft(np.array([1.0, 1.0, 1.0])).real
    array([1., 0., 0.])
    """
    return np.fft.ifft(a, n, axis, norm)


@implements(np.fft.rfft)
@linear(
    name="fft.rfft",
    a=lambda g, a, n, axis, norm: _fitted(
        np.fft.irfft(_mirrored_times(0.5, g, n or a.shape[axis], axis), n or a.shape[axis], axis, _OTHER_SIDE[norm]),
        a,
        axis,
    ),
)
def rfft(a, n=None, axis=-1, norm=None):
    """``fft`` of real numbers, without the frequencies above n/2, which mirror those below.

    Arguments are those of ``np.fft.rfft``.

    >>> rfft(np.array([1.0, 0.0, 0.0])).real
    array([1., 1.])
    """
    return np.fft.rfft(a, n, axis, norm)


@implements(np.fft.irfft)
@linear(
    name="fft.irfft",
    a=lambda g, a, axis, norm: _fitted(
        _mirrored_times(2.0, np.fft.rfft(g, None, axis, _OTHER_SIDE[norm]), g.shape[axis], axis), a, axis
    ),
)
def irfft(a, n=None, axis=-1, norm=None):
    """The inverse of ``rfft``: ``n`` real numbers (default 2(m − 1)) from the m frequencies up to n/2.

    Arguments are those of ``np.fft.irfft``.

    >>> irfft(np.array([1.0, 1.0]), n=3)
    array([1., 0., 0.])
    """
    return np.fft.irfft(a, n, axis, norm)


def _mirrored_times(factor: float, g: AnyArray, n: int, axis: int) -> AnyArray:
    """Frequencies 0 … n/2 times ``factor``, but for 0 and n/2: those have no mirror image."""
    end = (n + 1) // 2
    first, inner, last = (g[_along(g, axis, slice(*ends))] for ends in ((0, 1), (1, end), (end, None)))
    return np.concatenate([first, inner * factor, last] if n > 1 else [first], axis=axis)


def _fitted(g: AnyArray, a: AnyArray, axis: int) -> AnyArray:
    """Adjoint of cutting ``a`` or filling it with zeros; and its real part where ``a`` is real."""
    have, want = g.shape[axis], a.shape[axis]
    if have > want:
        g = g[_along(g, axis, slice(0, want))]
    if a.dtype.kind != "c":
        g = np.real(g)
    return g if have >= want else _scatter(g, shape=a.shape, index=_along(g, axis, slice(0, have)))


def _along(g: AnyArray, axis: int, places: slice) -> tuple[slice, ...]:
    index = [slice(None)] * g.ndim
    index[axis] = places
    return tuple(index)


@composite(np.fft.hfft)
def hfft(a, n=None, axis=-1, norm=None):
    """``fft`` of n numbers with a₋ⱼ = āⱼ, given those up to n/2: the result is real.

    Arguments are those of ``np.fft.hfft``.

    >>> hfft(np.array([1.0, 1.0, 1.0]))
    array([4., 1., 0., 1.])
    """
    return irfft(np.conjugate(a), n, axis, _swapped(norm))


@composite(np.fft.ihfft)
def ihfft(a, n=None, axis=-1, norm=None):
    """The inverse of ``hfft``: ``ifft`` of real numbers, up to n/2.

    Arguments are those of ``np.fft.ihfft``.

    >>> ihfft(np.array([4.0, 1.0, 0.0, 1.0])).real
    array([1.5, 1. , 0.5])
    """
    return np.conjugate(rfft(a, n, axis, _swapped(norm)))


def _swapped(norm: str | None) -> str:
    if norm not in _OTHER_SIDE:
        raise ValueError(f"hfft, ihfft: norm={norm!r}. Fix: give 'backward', 'ortho' or 'forward'.")
    return _OTHER_SIDE[norm]


# Along several axes --------------------------------------------------------------------------------------------------


@composite(np.fft.fftn)
def fftn(a, s=None, axes=None, norm=None):
    """``fft`` along ``axes`` (default: all), each cut or filled with zeros to its length in ``s`` (−1: as it is).

    Arguments are those of ``np.fft.fftn``.

    >>> fftn(np.array([[1.0, 0.0], [0.0, 0.0]])).real
    array([[1., 1.],
           [1., 1.]])
    """
    for n, axis in reversed(_lengths("fftn", a, s, axes)):
        a = fft(a, n, axis, norm)
    return a


@composite(np.fft.ifftn)
def ifftn(a, s=None, axes=None, norm=None):
    """``ifft`` along ``axes``: the inverse of ``fftn``.

    Arguments are those of ``np.fft.ifftn``.

    >>> ifftn(np.ones((2, 2))).real
    array([[1., 0.],
           [0., 0.]])
    """
    for n, axis in reversed(_lengths("ifftn", a, s, axes)):
        a = ifft(a, n, axis, norm)
    return a


@composite(np.fft.rfftn)
def rfftn(a, s=None, axes=None, norm=None):
    """``fftn`` of real numbers, without the mirrored half of the frequencies along the last of ``axes``.

    Arguments are those of ``np.fft.rfftn``.

    >>> rfftn(np.ones((2, 3))).shape
    (2, 2)
    """
    *others, (n, axis) = _lengths("rfftn", a, s, axes)
    return fftn(rfft(a, n, axis, norm), [n for n, _ in others], [axis for _, axis in others], norm)


@composite(np.fft.irfftn)
def irfftn(a, s=None, axes=None, norm=None):
    """The inverse of ``rfftn``; the last length of ``s`` is 2(m − 1) where none is given.

    Arguments are those of ``np.fft.irfftn``.

    >>> irfftn(np.ones((2, 2)), s=(2, 3), axes=(0, 1)).shape
    (2, 3)
    """
    *others, (n, axis) = _lengths("irfftn", a, s, axes)
    for length, other in others:
        a = ifft(a, length, other, norm)
    return irfft(a, None if s is None else n, axis, norm)


@composite(np.fft.fft2)
def fft2(a, s=None, axes=(-2, -1), norm=None):
    """``fftn`` along two axes.

    Arguments are those of ``np.fft.fft2``.

    >>> fft2(np.ones((2, 2))).real
    array([[4., 0.],
           [0., 0.]])
    """
    return fftn(a, s, axes, norm)


@composite(np.fft.ifft2)
def ifft2(a, s=None, axes=(-2, -1), norm=None):
    """``ifftn`` along two axes.

    Arguments are those of ``np.fft.ifft2``.

    >>> ifft2(np.ones((2, 2))).real
    array([[1., 0.],
           [0., 0.]])
    """
    return ifftn(a, s, axes, norm)


@composite(np.fft.rfft2)
def rfft2(a, s=None, axes=(-2, -1), norm=None):
    """``rfftn`` along two axes.

    Arguments are those of ``np.fft.rfft2``.

    >>> rfft2(np.ones((2, 2))).real
    array([[4., 0.],
           [0., 0.]])
    """
    return rfftn(a, s, axes, norm)


@composite(np.fft.irfft2)
def irfft2(a, s=None, axes=(-2, -1), norm=None):
    """``irfftn`` along two axes.

    Arguments are those of ``np.fft.irfft2``.

    >>> irfft2(np.array([[4.0, 0.0], [0.0, 0.0]]))
    array([[1., 1.],
           [1., 1.]])
    """
    return irfftn(a, s, axes, norm)


def _lengths(name: str, a: AnyArray, s: Sequence[int] | None, axes: Sequence[int] | None) -> list[tuple[int, int]]:
    """For each axis to transform, the length there and the axis."""
    if s is not None and (axes is None or None in s):
        raise ValueError(f"{name}: s={s} with axes={axes} is deprecated by NumPy. Fix: give an axis for each length.")
    axes = range(-a.ndim, 0) if axes is None else axes
    s = [-1] * len(axes) if s is None else s
    if len(s) != len(axes):
        raise ValueError(f"{name}: {len(s)} lengths s={s} for {len(axes)} axes={axes}. Fix: one length an axis.")
    return [(a.shape[axis] if n == -1 else n, axis) for n, axis in zip(s, axes, strict=True)]


# Order of the frequencies --------------------------------------------------------------------------------------------


@implements(np.fft.fftshift)
@linear(name="fft.fftshift", x=lambda g, axes: np.fft.ifftshift(g, axes))
def fftshift(x, axes=None):
    """Frequency 0 moved from the front to the middle of ``axes`` (default: all).

    Arguments are those of ``np.fft.fftshift``.

    >>> fftshift(np.array([0.0, 1.0, -2.0, -1.0]))
    array([-2., -1.,  0.,  1.])
    """
    return np.fft.fftshift(x, axes)


@implements(np.fft.ifftshift)
@linear(name="fft.ifftshift", x=lambda g, axes: np.fft.fftshift(g, axes))
def ifftshift(x, axes=None):
    """The inverse of ``fftshift``: frequency 0 moved from the middle to the front.

    Arguments are those of ``np.fft.ifftshift``.

    >>> ifftshift(np.array([-2.0, -1.0, 0.0, 1.0]))
    array([ 0.,  1., -2., -1.])
    """
    return np.fft.ifftshift(x, axes)
