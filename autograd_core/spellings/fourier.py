"""Fourier transforms as PyTorch spells them: those of several axes that NumPy lacks, and of windows of a signal."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine.tensor import bare
from ..ops import fft as _fft
from ..ops.places.indexing import sliding_window_view
from .arguments import axes


def _axes(input: Any, s: Any, dim: Any) -> tuple[Any, Any]:
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


def hfft2(input: Any, s: Any = None, dim: Any = (-2, -1), norm: Any = None) -> Any:
    """``hfftn`` of two axes."""
    return hfftn(input, s, dim, norm)


def ihfft2(input: Any, s: Any = None, dim: Any = (-2, -1), norm: Any = None) -> Any:
    """``ihfftn`` of two axes."""
    return ihfftn(input, s, dim, norm)


def stft(
    input: Any,
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
        taps = np.ones(width, bare(input).dtype) if window is None else window
        before = (n_fft - width) // 2
        frames = frames * np.pad(taps, (before, n_fft - width - before))
    is_complex = frames.dtype.kind == "c"
    full = is_complex if onesided is None else not onesided
    norm = "ortho" if normalized else "backward"
    spectrum = np.swapaxes((_fft.fft if full else _fft.rfft)(frames, norm=norm), -1, -2)
    if return_complex or (return_complex is None and is_complex):
        return spectrum
    return np.stack([np.real(spectrum), np.imag(spectrum)], axis=-1)
