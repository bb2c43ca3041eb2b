"""Convolutions in any number of axes: one bilinear map, all sums; what ``mode`` names is cut out of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from ...batching.batched import one_by_one
from ...engine.forms import multilinear
from ...support.arrays import anyarray

if TYPE_CHECKING:
    from ...support.types import AnyArray

__all__ = ["convolve", "convolve2d", "correlate", "correlate2d", "fftconvolve", "oaconvolve"]


def _against(g: AnyArray, other: AnyArray, x: AnyArray, method: str, axes: tuple[int, ...]) -> AnyArray:
    """Adjoint of x ↦ x * other: g against ``other``, at the shifts where it lies within."""
    found = _sums(g, np.conjugate(np.flip(other, axes)), method, axes)
    index: list[Any] = [slice(None)] * found.ndim
    for axis in axes:
        index[axis] = slice(other.shape[axis] - 1, other.shape[axis] - 1 + x.shape[axis])
    found = found[tuple(index)]
    return found if x.dtype.kind == "c" else np.real(found)


@multilinear(
    name="signal.convolve",
    a=lambda g, a, v, method, axes: _against(g, v, a, method, axes),
    v=lambda g, a, v, method, axes: _against(g, a, v, method, axes),
)
@one_by_one
def _sums(a, v, method, axes):
    import scipy.signal

    if 0 in a.shape or 0 in v.shape:
        pairs = zip(a.shape, v.shape, strict=True)
        kept = [max(n + m - 1, 0) if k in axes else max(n, m) for k, (n, m) in enumerate(pairs)]
        return np.zeros(kept, np.result_type(a, v))
    if method == "direct":
        return scipy.signal.convolve(a, v, "full", "direct")
    found = (scipy.signal.oaconvolve if method == "oa" else scipy.signal.fftconvolve)(a, v, "full", axes)
    return found.astype(np.result_type(a, v), copy=False)


def _convolved(name: str, a: Any, v: Any, mode: str, method: str, axes: Any = None) -> AnyArray:
    a, v = map(anyarray, (a, v))
    if a.ndim != v.ndim:
        raise ValueError(
            f"{name}: arrays of shapes {tuple(a.shape)} and {tuple(v.shape)} have {a.ndim} and {v.ndim} axes. Fix: as "
            "many axes in both, e.g. v[None, :]."
        )
    if mode not in ("full", "same", "valid"):
        raise ValueError(f"{name}: mode={mode!r}. Fix: give 'full', 'same' or 'valid'.")
    if not a.ndim:
        return a * v
    axes = tuple(range(a.ndim)) if axes is None else normalize_axis_tuple(axes, a.ndim, "axes")
    sizes = [(a.shape[k], v.shape[k]) for k in axes]
    beside = [(n, m) for k, (n, m) in enumerate(zip(a.shape, v.shape, strict=True)) if k not in axes]
    if any(n != m and 1 not in (n, m) for n, m in beside):
        raise ValueError(f"{name}: shapes {tuple(a.shape)} and {tuple(v.shape)} differ beside the axes {axes}.")
    if mode == "valid" and any(n < m for n, m in sizes) and any(n > m for n, m in sizes):
        raise ValueError(
            f"{name}: neither of {tuple(a.shape)} and {tuple(v.shape)} lies within the other. Fix: mode='full', or one "
            "array that is at least as large along every axis."
        )
    whole = _sums(a, v, _chosen(a, v, method), axes)
    if mode == "full":
        return whole  # type: ignore[no-any-return]
    index: list[Any] = [slice(None)] * a.ndim
    for axis, (n, m) in zip(axes, sizes, strict=True):
        start, count = (min(n, m) - 1, abs(n - m) + 1) if mode == "valid" else ((m - 1) // 2, n)
        index[axis] = slice(start, start + count)
    return whole[tuple(index)]  # type: ignore[no-any-return]


def _chosen(a: AnyArray, v: AnyArray, method: str) -> str:
    """``direct``, ``fft`` or ``oa``; "auto" by a count of multiplications, never for whole numbers."""
    if method not in ("auto", "direct", "fft", "oa"):
        raise ValueError(f"convolve: method={method!r}. Fix: give 'auto', 'direct' or 'fft'.")
    if method != "auto":
        return method
    whole = a.size + v.size
    return "fft" if a.dtype.kind in "fc" and a.size * v.size > 40 * whole * np.log2(max(whole, 2)) else "direct"


def convolve(in1: Any, in2: Any, mode: str = "full", method: str = "auto") -> AnyArray:
    """Σⱼ in1[j] in2[k − j], along all axes.

    in1, in2 : arrays of as many axes
    mode : "full" for all sums, "same" for the middle ones of in1's size, "valid" where one lies within the other
    method : "direct", "fft", or "auto" for what takes less work

    Raises ValueError where the axes differ, or neither lies within the other.

    >>> convolve(np.array([1.0, 2.0, 3.0]), np.array([0.0, 1.0, 0.5]), mode="same")
    array([1. , 2.5, 4. ])
    """
    return _convolved("convolve", in1, in2, mode, method)


def correlate(in1: Any, in2: Any, mode: str = "full", method: str = "auto") -> AnyArray:
    """Σⱼ in1[j + k] conj(in2[j]), along all axes.

    Arguments are those of ``convolve``.

    >>> correlate(np.array([1.0, 2.0, 3.0]), np.array([0.0, 1.0, 0.5]))
    array([0.5, 2. , 3.5, 3. , 0. ])
    """
    return _convolved("correlate", in1, np.conjugate(np.flip(anyarray(in2))), mode, method)


def fftconvolve(in1: Any, in2: Any, mode: str = "full", axes: int | tuple[int, ...] | None = None) -> Any:
    """``convolve`` by fast Fourier transforms, along ``axes``; the others broadcast.

    >>> fftconvolve(np.array([1.0, 2.0]), np.array([1.0, 1.0])).round(12)
    array([1., 3., 2.])
    """
    return _convolved("fftconvolve", in1, in2, mode, "fft", axes)


def oaconvolve(in1: Any, in2: Any, mode: str = "full", axes: int | tuple[int, ...] | None = None) -> Any:
    """``fftconvolve`` piece by piece, where one array is much longer than the other.

    >>> oaconvolve(np.array([1.0, 2.0]), np.array([1.0, 1.0])).round(12)
    array([1., 3., 2.])
    """
    return _convolved("oaconvolve", in1, in2, mode, "oa", axes)


def _two(name: str, in1: Any, in2: Any, mode: str, boundary: str, fillvalue: float) -> AnyArray:
    a, v = map(anyarray, (in1, in2))
    if a.ndim != 2 or v.ndim != 2:
        raise ValueError(f"{name}: shapes {tuple(a.shape)} and {tuple(v.shape)}. Fix: two arrays of two axes each.")
    modes: Any = {"fill": "constant", "wrap": "wrap", "symm": "symmetric"}
    if boundary not in modes:
        raise ValueError(f"{name}: boundary={boundary!r}. Fix: give 'fill', 'wrap' or 'symm'.")
    if mode == "valid" or (boundary == "fill" and fillvalue == 0):
        return _convolved(name, a, v, mode, "direct")
    m, n = v.shape
    widths = ((m - 1, m - 1), (n - 1, n - 1))
    kind: Any = {"constant_values": fillvalue} if boundary == "fill" else {}
    around = _convolved(name, np.pad(a, widths, mode=modes[boundary], **kind), v, "full", "direct")
    within = around[m - 1 : m - 1 + a.shape[0] + m - 1, n - 1 : n - 1 + a.shape[1] + n - 1]
    if mode == "full":
        return within
    return within[(m - 1) // 2 : (m - 1) // 2 + a.shape[0], (n - 1) // 2 : (n - 1) // 2 + a.shape[1]]


def convolve2d(
    in1: Any, in2: Any, mode: str = "full", boundary: str = "fill", fillvalue: float = 0
) -> AnyArray:
    """``convolve`` of two matrices, with a choice of what lies around the first.

    boundary : "fill" with ``fillvalue``, "wrap", "symm" (mirrored)

    >>> convolve2d(np.eye(2), np.ones((1, 2)), mode="same", boundary="wrap")
    array([[1., 1.],
           [1., 1.]])
    """
    return _two("convolve2d", in1, in2, mode, boundary, fillvalue)


def correlate2d(
    in1: Any, in2: Any, mode: str = "full", boundary: str = "fill", fillvalue: float = 0
) -> AnyArray:
    """``correlate`` of two matrices, with a choice of what lies around the first.

    Arguments are those of ``convolve2d``.

    >>> correlate2d(np.eye(2), np.eye(2), mode="valid")
    array([[2.]])
    """
    if mode == "same" and boundary in ("fill", "wrap", "symm"):  # the middle lies at the other end for even sizes
        m, n = np.shape(in2)
        whole = _two("correlate2d", in1, np.conjugate(np.flip(anyarray(in2))), "full", boundary, fillvalue)
        i, j = m // 2, n // 2
        return whole[i : i + np.shape(in1)[0], j : j + np.shape(in1)[1]]
    return _two("correlate2d", in1, np.conjugate(np.flip(anyarray(in2))), mode, boundary, fillvalue)
