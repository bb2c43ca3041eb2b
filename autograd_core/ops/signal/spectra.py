"""Short-time Fourier transforms and spectral densities, and linear maps along an axis by their matrices."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ...support.arrays import anyarray
from ..places.indexing import _scatter
from .filtering import _axis, _values

if TYPE_CHECKING:
    from ...support.types import AnyArray

__all__ = [
    "csd", "decimate", "detrend", "hilbert", "istft", "periodogram", "resample", "resample_poly", "savgol_filter",
    "stft", "upfirdn", "welch",
]  # fmt: skip


def _mapped(name: str, x: Any, axis: int, f: Callable[[AnyArray], AnyArray]) -> AnyArray:
    """A linear map along an axis: its matrix is what SciPy makes of the unit vectors."""
    x = _values(x)
    axis = _axis(name, x, axis)
    if not x.shape[axis]:
        raise ValueError(f"{name}: x of shape {tuple(x.shape)} is empty along axis {axis}.")
    matrix = np.asarray(f(np.eye(x.shape[axis])))
    if x.dtype.kind in "fc":
        matrix = matrix.astype(np.result_type(x.dtype, np.complex64 if matrix.dtype.kind == "c" else x.dtype))
    return np.moveaxis(np.tensordot(x, matrix, ((axis,), (1,))), -1, axis)


def detrend(data: Any, axis: int = -1, type: str = "linear", bp: Any = 0) -> AnyArray:
    """Without its mean, or without the line (or, between the places ``bp``, lines) of least squares.

    data, axis : the signals, and the axis of time
    type : "linear" or "constant"
    bp : where new lines begin

    >>> detrend(np.array([1.0, 2.0, 3.0])).round(12) + 0.0
    array([0., 0., 0.])
    """
    import scipy.signal

    return _mapped("detrend", data, axis, lambda e: scipy.signal.detrend(e, 0, type, bp))


def hilbert(x: Any, N: int | None = None, axis: int = -1) -> AnyArray:
    """The analytic signal: x, and as imaginary part its Hilbert transform.

    x, axis : real signals, and the axis of time
    N : cut or filled with zeros to this length

    >>> hilbert(np.array([1.0, 0.0, -1.0, 0.0])).imag.round(12) + 0.0
    array([ 0.,  1.,  0., -1.])
    """
    x = _values(x)
    if x.dtype.kind == "c":
        raise ValueError(f"hilbert: x is {x.dtype}; it is real. Fix: x.real.")
    axis = _axis("hilbert", x, axis)
    f = np.fft.fft(x, N, axis)
    n = f.shape[axis]
    weights = np.zeros(n)
    weights[0] = 1
    weights[1 : (n + 1) // 2] = 2
    if n % 2 == 0:
        weights[n // 2] = 1
    return np.fft.ifft(f * np.reshape(weights, [n if k == axis else 1 for k in range(x.ndim)]), None, axis)


def resample(x: Any, num: int, axis: int = 0) -> AnyArray:
    """``num`` values along an axis, by Fourier's series.

    >>> resample(np.array([1.0, 0.0, -1.0, 0.0]), 2).round(12)
    array([ 1., -1.])
    """
    import scipy.signal

    return _mapped("resample", x, axis, lambda e: scipy.signal.resample(e, num))


def resample_poly(x: Any, up: int, down: int, axis: int = 0, window: Any = ("kaiser", 5.0)) -> AnyArray:
    """up/down times as many values along an axis, by a filter.

    window : a window's name, or the filter's coefficients, constants

    >>> resample_poly(np.ones(8), 1, 2).shape
    (4,)
    """
    import scipy.signal

    return _mapped("resample_poly", x, axis, lambda e: scipy.signal.resample_poly(e, up, down, 0, window))


def decimate(x: Any, q: int, n: int | None = None, ftype: Any = "iir", axis: int = -1) -> AnyArray:
    """Every q-th value, after a filter against aliasing.

    n, ftype : the filter's order and kind, "iir" or "fir"

    >>> decimate(np.ones(40), 4).shape
    (10,)
    """
    import scipy.signal

    return _mapped("decimate", x, axis, lambda e: scipy.signal.decimate(e, q, n, ftype, 0))


def savgol_filter(
    x: Any,
    window_length: int,
    polyorder: int,
    deriv: int = 0,
    delta: float = 1.0,
    axis: int = -1,
    mode: Any = "interp",
) -> AnyArray:
    """Smoothed by polynomials of least squares over a window that moves (Savitzky & Golay, 1964).

    x, axis : the signals, and the axis of time
    window_length, polyorder : of the window, and of the polynomials
    deriv, delta : which derivative, and the distance of two values
    mode : what lies around: "interp", "mirror", "nearest", "wrap", or "constant" (zeros)

    >>> savgol_filter(np.arange(5.0) ** 2, 3, 2).round(9)
    array([ 0.,  1.,  4.,  9., 16.])
    """
    import scipy.signal

    f = lambda e: scipy.signal.savgol_filter(e, window_length, polyorder, deriv, delta, 0, mode)
    return _mapped("savgol_filter", x, axis, f)


def upfirdn(h: Any, x: Any, up: int = 1, down: int = 1, axis: int = -1) -> AnyArray:
    """``up`` − 1 zeros between the values of x, convolved with the constant ``h``, every ``down``-th of it.

    >>> upfirdn([1.0, 1.0], np.array([1.0, 2.0]), up=2)
    array([1., 1., 2., 2.])
    """
    import scipy.signal

    return _mapped("upfirdn", x, axis, lambda e: scipy.signal.upfirdn(h, e, up, down, 0))


# Windows that move ---------------------------------------------------------------------------------------------------


def _window(name: str, window: Any, nperseg: int | None, noverlap: int | None, n: int) -> tuple[AnyArray, int]:
    """The window, and the step from one to the next."""
    import scipy.signal

    if isinstance(window, str | tuple):
        nperseg = min(256 if nperseg is None else nperseg, n)
        window = scipy.signal.get_window(window, nperseg)
    window = anyarray(window)
    m = window.shape[0]
    overlap = m // 2 if noverlap is None else noverlap
    if window.ndim != 1 or m > n or not 0 <= overlap < m:
        raise ValueError(
            f"{name}: a window of shape {tuple(window.shape)} with noverlap={overlap} over {n} values. Fix: a vector, "
            "no longer than the signal, and an overlap below its length."
        )
    return window, m - overlap


def _transforms(x: AnyArray, window: AnyArray, step: int, trend: str | bool) -> AnyArray:
    """Of every place of the window the Fourier transform: (…, places, frequencies)."""
    m = window.shape[0]
    places = np.arange(0, x.shape[-1] - m + 1, step)[:, None] + np.arange(m)
    frames = x[..., places]
    if trend:
        frames = detrend(frames, -1, trend if isinstance(trend, str) else "constant")
    frames = frames * window
    return np.fft.fft(frames) if x.dtype.kind == "c" else np.fft.rfft(frames)


def _frequencies(x: AnyArray, m: int, fs: float) -> AnyArray:
    return np.fft.fftfreq(m, 1 / fs) if x.dtype.kind == "c" else np.fft.rfftfreq(m, 1 / fs)


def stft(
    x: Any, fs: float = 1.0, window: Any = "hann", nperseg: int | None = 256, noverlap: int | None = None
) -> tuple[AnyArray, AnyArray, AnyArray]:
    """Fourier transforms under a window that moves along the last axis, as ``scipy.signal.stft`` scales and pads them.

    x : signals; those that are real have the frequencies from 0 to fs/2
    fs : values in a unit of time
    window : a window's name, or its values
    nperseg, noverlap : its length, and what two neighbours share (default half)

    Returns the frequencies, the times, and the transforms of shape (…, frequencies, times).

    >>> stft(np.ones(8), nperseg=4)[2].shape
    (3, 5)
    """
    x = _values(x)
    n = x.shape[_axis("stft", x, -1)]
    window, step = _window("stft", window, nperseg, noverlap, n)
    m = window.shape[0]
    half = m // 2
    behind = half + (-(n + 2 * half - m) % step)
    padded = np.pad(x, [(0, 0)] * (x.ndim - 1) + [(half, behind)])
    found = _transforms(padded, window, step, False) / np.sum(window)
    times = np.arange(found.shape[-2]) * step / fs
    return _frequencies(x, m, fs), times, np.swapaxes(found, -1, -2)


def istft(
    Zxx: Any, fs: float = 1.0, window: Any = "hann", nperseg: int | None = None, noverlap: int | None = None
) -> tuple[AnyArray, AnyArray]:
    """The inverse of ``stft`` of real signals: transforms back, added where their windows overlap.

    Zxx : of shape (…, frequencies, times), as ``stft`` gives it
    fs, window, nperseg, noverlap : those of ``stft``

    Returns the times, and the signals, zeros behind them included.

    >>> istft(stft(np.arange(8.0), nperseg=4)[2])[1].round(9)
    array([0., 1., 2., 3., 4., 5., 6., 7.])
    """
    Z = anyarray(Zxx)
    if Z.ndim < 2:
        raise ValueError(f"istft: Zxx of shape {tuple(Z.shape)}. Fix: (…, frequencies, times).")
    m = 2 * (Z.shape[-2] - 1) if nperseg is None else nperseg
    if m // 2 + 1 != Z.shape[-2]:
        raise ValueError(f"istft: {Z.shape[-2]} frequencies are not those of nperseg={m}. Fix: nperseg of stft.")
    window, step = _window("istft", window, m, noverlap, m)
    frames = np.fft.irfft(np.swapaxes(Z, -1, -2), m) * window * np.sum(window)
    places = np.arange(Z.shape[-1])[:, None] * step + np.arange(m)
    n = m + (Z.shape[-1] - 1) * step
    weights = _scatter(np.broadcast_to(window**2, places.shape), shape=(n,), index=(places,))
    if np.any(np.less_equal(weights[m // 2 : n - m // 2], 1e-10)):
        raise ValueError(f"istft: the windows with noverlap={m - step} leave gaps. Fix: more overlap.")
    x = _scatter(frames, shape=(*Z.shape[:-2], n), index=(..., places))
    x = x[..., m // 2 : n - m // 2] / weights[m // 2 : n - m // 2]
    return np.arange(x.shape[-1]) / fs, x


def csd(
    x: Any,
    y: Any,
    fs: float = 1.0,
    window: Any = "hann",
    nperseg: int | None = None,
    noverlap: int | None = None,
    detrend: str | bool = "constant",
    scaling: str = "density",
) -> tuple[AnyArray, AnyArray]:
    """The cross spectral density of signals along the last axis, by Welch's mean over windows (1967).

    x, y : signals of one shape
    fs, window, nperseg, noverlap : those of ``stft``
    detrend : what is taken from every window's values: "constant", "linear", or False
    scaling : "density", or "spectrum"

    Returns the frequencies, and the densities.

    >>> csd(np.ones(8), np.ones(8), nperseg=4)[1].shape
    (3,)
    """
    x, y = map(_values, (x, y))
    if x.shape != y.shape:
        raise ValueError(f"csd: signals of shapes {tuple(x.shape)} and {tuple(y.shape)}. Fix: one shape for both.")
    n = x.shape[_axis("csd", x, -1)]
    window, step = _window("csd", window, nperseg, noverlap, n)
    m = window.shape[0]
    if scaling not in ("density", "spectrum"):
        raise ValueError(f"csd: scaling={scaling!r}. Fix: give 'density' or 'spectrum'.")
    scale = fs * np.sum(window**2) if scaling == "density" else np.sum(window) ** 2
    if x.dtype.kind != "c" and y.dtype.kind == "c":
        x = x + 0j
    if y.dtype.kind != "c" and x.dtype.kind == "c":
        y = y + 0j
    products = np.conjugate(_transforms(x, window, step, detrend)) * _transforms(y, window, step, detrend)
    found = np.mean(products, axis=-2) / scale
    frequencies = _frequencies(x, m, fs)
    if x.dtype.kind != "c":
        twice = np.full(frequencies.shape, 2.0)
        twice[0] = 1
        if m % 2 == 0:
            twice[-1] = 1
        found = found * twice
    return frequencies, found


def welch(
    x: Any,
    fs: float = 1.0,
    window: Any = "hann",
    nperseg: int | None = None,
    noverlap: int | None = None,
    detrend: str | bool = "constant",
    scaling: str = "density",
) -> tuple[AnyArray, AnyArray]:
    """The spectral density of signals along the last axis.

    Arguments are those of ``csd``.

    >>> welch(np.arange(8.0), nperseg=8)[1].shape
    (5,)
    """
    frequencies, found = csd(x, x, fs, window, nperseg, noverlap, detrend, scaling)
    return frequencies, np.real(found)


def periodogram(
    x: Any, fs: float = 1.0, window: Any = "boxcar", detrend: str | bool = "constant", scaling: str = "density"
) -> tuple[AnyArray, AnyArray]:
    """The spectral density under one window, of the whole signal.

    Arguments are those of ``csd``.

    >>> periodogram(np.arange(8.0))[0]
    array([0.   , 0.125, 0.25 , 0.375, 0.5  ])
    """
    x = _values(x)
    n = x.shape[_axis("periodogram", x, -1)]
    return welch(x, fs, window, n, 0, detrend, scaling)
