"""Fourier transforms as PyTorch spells them: those of several axes that NumPy lacks, and of windows of a signal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..engine.tensor import bare
from ..ops import fft as _fft
from ..ops.places.indexing import _scatter, sliding_window_view
from .arguments import axes

if TYPE_CHECKING:
    from ..support.types import AnyArray, Axis, DTypeLike


def _axes(input: AnyArray, s: Any, dim: Any) -> tuple[Any, Any]:
    s, dim = [s] if isinstance(s, int) else s, axes([dim] if isinstance(dim, int) else dim)
    if dim is None:
        dim = tuple(range(-len(s), 0)) if s is not None else tuple(range(np.ndim(input)))
    return (None,) * len(dim) if s is None else s, dim


def hfftn(input: Any, s: Any = None, dim: Any = None, norm: Any = None) -> Any:
    """The real transform of what is Hermitian in its last axis: ``hfft`` of it after ``fft`` of the others."""
    s, dim = _axes(input, s, dim)
    for n, axis in zip(s[:-1], dim[:-1], strict=True):
        input = _fft.fft(input, n=n, axis=axis, norm=norm or "backward")
    return _fft.hfft(input, n=s[-1], axis=dim[-1], norm=norm or "backward")


def ihfftn(input: Any, s: Any = None, dim: Any = None, norm: Any = None) -> Any:
    """The inverse of ``hfftn``."""
    s, dim = _axes(input, s, dim)
    input = _fft.ihfft(input, n=s[-1], axis=dim[-1], norm=norm or "backward")
    for n, axis in zip(s[:-1], dim[:-1], strict=True):
        input = _fft.ifft(input, n=n, axis=axis, norm=norm or "backward")
    return input


def hfft2(input: AnyArray, s: Any = None, dim: Axis = (-2, -1), norm: Any = None) -> Any:
    """``hfftn`` of two axes."""
    return hfftn(input, s, dim, norm)


def ihfft2(input: AnyArray, s: Any = None, dim: Axis = (-2, -1), norm: Any = None) -> Any:
    """``ihfftn`` of two axes."""
    return ihfftn(input, s, dim, norm)


def _taps(window: Any, width: int, n_fft: int, dtype: DTypeLike) -> Any:
    """The window, ones by default, in the middle of n_fft places."""
    before = (n_fft - width) // 2
    return np.pad(np.ones(width, dtype) if window is None else window, (before, n_fft - width - before))


def stft(
    input: AnyArray,
    n_fft: int,
    hop_length: int | None = None,
    win_length: int | None = None,
    window: Any = None,
    center: bool = True,
    pad_mode: str = "reflect",
    normalized: bool = False,
    onesided: bool | None = None,
    return_complex: bool | None = None,
    align_to_window: bool | None = None,
) -> Any:
    """The spectra (…, frequencies, windows) of windows of a signal (…, time); complex, or as pairs of real numbers."""
    hop, width = hop_length or n_fft // 4, win_length or n_fft
    if not 0 < width <= n_fft or hop < 1 or np.ndim(input) not in (1, 2):
        raise RuntimeError(f"stft: n_fft={n_fft}, hop_length={hop}, win_length={width} of {np.shape(input)}.")
    if center:
        modes = {"reflect": "reflect", "constant": "constant", "replicate": "edge", "circular": "wrap"}
        side = n_fft // 2
        input = np.pad(input, [(0, 0)] * (np.ndim(input) - 1) + [(side, side)], modes[pad_mode])  # type: ignore[call-overload]
    if np.shape(input)[-1] < n_fft:
        raise RuntimeError(f"stft: a signal of {np.shape(input)[-1]} is shorter than n_fft={n_fft}.")
    frames = sliding_window_view(input, n_fft, axis=-1)[..., ::hop, :]
    if window is not None or width < n_fft:
        frames = frames * _taps(window, width, n_fft, bare(input).dtype)
    is_complex = frames.dtype.kind == "c"
    full = is_complex if onesided is None else not onesided
    norm = "ortho" if normalized else "backward"
    spectrum = np.swapaxes((_fft.fft if full else _fft.rfft)(frames, norm=norm), -1, -2)
    if return_complex or (return_complex is None and is_complex):
        return spectrum
    return np.stack([np.real(spectrum), np.imag(spectrum)], axis=-1)


def istft(
    input: AnyArray,
    n_fft: int,
    hop_length: int | None = None,
    win_length: int | None = None,
    window: Any = None,
    center: bool = True,
    normalized: bool = False,
    onesided: bool | None = None,
    length: int | None = None,
    return_complex: bool = False,
) -> Any:
    """The signal (…, time) of spectra (…, frequencies, windows): what overlaps is added, and divided by the sum of the
    windows' squares (Griffin and Lim, 1984, equation 6)."""
    hop, width = hop_length or n_fft // 4, win_length or n_fft
    bins, count = np.shape(input)[-2:] if np.ndim(input) in (2, 3) else (0, 0)
    half = onesided if onesided is not None else bins != n_fft
    if not 0 < hop <= width <= n_fft or not count or bins != (n_fft // 2 + 1 if half else n_fft):
        raise RuntimeError(
            f"istft: n_fft={n_fft}, hop_length={hop}, win_length={width} of spectra of shape {np.shape(input)}. Fix: "
            f"spectra of {n_fft // 2 + 1} frequencies, or of all {n_fft} with onesided=False."
        )
    if return_complex and half:
        raise RuntimeError("istft: half a spectrum has a real signal. Fix: onesided=False, or return_complex=False.")
    norm = "ortho" if normalized else "backward"
    spectra = np.swapaxes(input, -1, -2)
    if return_complex:
        frames = _fft.ifft(spectra, n=n_fft, norm=norm)
    else:  # half of the spectrum is read, as in PyTorch
        frames = _fft.irfft(spectra[..., : n_fft // 2 + 1], n=n_fft, norm=norm)
    taps = _taps(window, width, n_fft, bare(frames).real.dtype)
    places = hop * np.arange(count)[:, None] + np.arange(n_fft)
    total = n_fft + hop * (count - 1)
    added = _scatter(frames * taps, shape=(*np.shape(input)[:-2], total), index=(..., places))
    weight = _scatter(np.broadcast_to(taps**2, places.shape), shape=(total,), index=(places,))
    start = n_fft // 2 if center else 0
    end = total - start if length is None else min(start + length, total)
    weight = weight[start:end]
    if np.min(np.abs(bare(weight)), initial=1) < 1e-11:
        raise RuntimeError("istft: the windows are zero together somewhere, where the signal cannot be told.")
    signal = added[..., start:end] / weight
    missing = 0 if length is None else length - (end - start)
    return np.pad(signal, [(0, 0)] * (np.ndim(signal) - 1) + [(0, missing)]) if missing else signal
