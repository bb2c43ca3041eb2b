"""Convolution over chosen axes."""

from __future__ import annotations

import string
from typing import TYPE_CHECKING, Any

import numpy as np

from ..installing import missing

if TYPE_CHECKING:
    from ...support.types import AnyArray


def convolve(A: AnyArray, B: AnyArray, axes: Any = None, dot_axes: Any = ((), ()), mode: str = "full") -> AnyArray:
    """A and B convolved; the result has the axes that only A has, those that only B has, and the convolved ones.

    A, B : arrays
    axes : those to convolve along, of A and of B; by default all
    dot_axes : those to multiply and sum over, of A and of B
    mode : "full", every overlap; "valid", where one lies within the other; "same", the middle of A's size

    Raises ValueError for another mode, or where in "valid" neither lies within the other.
    """
    if mode not in ("full", "valid", "same"):
        raise ValueError(f"convolve: mode={mode!r}; it is 'full', 'valid' or 'same'.")
    conv: Any = (range(np.ndim(A)), range(np.ndim(B))) if axes is None else axes
    pairs = list(zip(*conv, strict=True))
    smaller = [np.shape(B)[j] < np.shape(A)[i] for i, j in pairs]
    if mode == "valid" and any(smaller) and any(np.shape(B)[j] > np.shape(A)[i] for i, j in pairs):
        raise ValueError("convolve: one array must be at least as large as the other along every convolved axis.")
    letters = iter(string.ascii_letters)
    a, b = [next(letters) for _ in np.shape(A)], [next(letters) for _ in np.shape(B)]
    for i, j in zip(*dot_axes, strict=True):
        b[j] = a[i]
    kept = [x for i, x in enumerate(a) if i not in [*conv[0], *dot_axes[0]]]
    kept += [x for j, x in enumerate(b) if j not in [*conv[1], *dot_axes[1]]]
    sizes = [np.shape(A)[i] for i, _ in pairs]
    if any(smaller):
        A, B, a, b, pairs = B, A, b, a, [(j, i) for i, j in pairs]
    # The smaller one, turned around, slides over the larger one.
    places, inner = [b[j] for _, j in pairs], [a[i] for i, _ in pairs]
    turned: list[Any] = [slice(None)] * np.ndim(A)
    widths = [(0, 0)] * np.ndim(B)
    for i, j in pairs:
        turned[i] = slice(None, None, -1)
        widths[j] = (0, 0) if mode == "valid" else (np.shape(A)[i] - 1,) * 2
    windows = np.lib.stride_tricks.sliding_window_view(
        np.pad(B, widths), [np.shape(A)[i] for i, _ in pairs], axis=tuple(j for _, j in pairs)
    )
    out = np.einsum(f"{''.join(a)},{''.join([*b, *inner])}->{''.join([*kept, *places])}", A[tuple(turned)], windows)
    if mode != "same":
        return out
    starts = [(np.shape(out)[len(kept) + k] - n) // 2 for k, n in enumerate(sizes)]
    return out[(..., *(slice(s, s + n) for s, n in zip(starts, sizes, strict=True)))]


__getattr__ = missing(__name__)
