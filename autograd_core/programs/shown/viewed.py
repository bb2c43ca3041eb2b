"""How NumPy makes one array of another's memory: as text."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from ...support.types import Array


def view_of(base: Array, array: Array) -> Callable[[str], str] | None:
    """How NumPy makes one view of another: transposed, broadcast, reshaped or cut out of it; None where it is rare."""
    if array.dtype != base.dtype:
        return None
    same = lambda a: (
        a.shape == array.shape and (a.strides == array.strides or array.size <= 1) and _begin(a) == _begin(array)
    )
    if same(base):
        return lambda name: name
    if same(base.T):
        return lambda name: f"{name}.T"
    if base.flags.c_contiguous and array.flags.c_contiguous and base.size == array.size:
        return lambda name: f"{name}.reshape{array.shape}"
    if base.ndim > 2 and sorted(base.shape) == sorted(array.shape) and base.ndim == array.ndim:
        order = [
            sorted(range(base.ndim), key=lambda k: -base.strides[k]),
            sorted(range(base.ndim), key=lambda k: -array.strides[k]),
        ]
        axes = [0] * base.ndim
        for mine, theirs in zip(*order, strict=True):
            axes[theirs] = mine
        if same(base.transpose(axes)):
            return lambda name: f"np.transpose({name}, {tuple(axes)})"
    if base.ndim == 1 and base.flags.c_contiguous and array.T.flags.c_contiguous and base.size == array.size:
        return lambda name: f"{name}.reshape{array.T.shape}.T"
    kept = tuple(slice(None) if s or n == 1 else 0 for n, s in zip(array.shape, array.strides, strict=True))
    if 0 in kept:
        part = array[(*kept, ...)]
        inner = view_of(base, part)
        lead = tuple(None if k == 0 else slice(None) for k in kept)
        while lead and lead[0] is None:
            lead = lead[1:]
        if inner is not None:
            shown = ", ".join("None" if k is None else ":" for k in lead)
            made = f"[{shown}]" if None in lead else ""
            return lambda name: f"np.broadcast_to({inner(name)}{made}, {array.shape})"
    squeezed = base.reshape(array.shape) if base.size == array.size and _begin(base) == _begin(array) else None
    if squeezed is not None and np.shares_memory(squeezed, base) and same(squeezed):
        return lambda name: f"{name}.reshape{array.shape}"
    return _cut(base, array, same)


def _cut(base: Array, array: Array, same: Callable[[Any], bool]) -> Callable[[str], str] | None:
    """Basic slices of ``base``."""
    offset, at = _begin(array) - _begin(base), 0
    index: list[Any] = []
    shape, strides = array.shape, array.strides
    for s, n in zip(base.strides, base.shape, strict=True):
        start, offset = divmod(offset, s) if s > 0 else (0, offset)
        if at < len(shape) and s and strides[at] % s == 0:
            step = strides[at] // s
            last = start + (shape[at] - 1) * step
            if 0 <= last < n and step:
                stop = last + (1 if step > 0 else -1)
                index.append(slice(start, None if stop < 0 else stop, step))
                at += 1
                continue
        index.append(start)
    if offset or at != len(shape) or any(isinstance(k, int) and k >= n for k, n in zip(index, base.shape, strict=True)):
        return None
    if not same(base[(*index, ...)]):
        return None
    text = ", ".join(_sliced(k, n) for k, n in zip(index, base.shape, strict=True))
    return lambda name: f"{name}[{text}]"


def _sliced(k: Any, n: int) -> str:
    if not isinstance(k, slice):
        return str(k)
    first, last = (0, n) if k.step > 0 else (n - 1, None)
    start, stop = "" if k.start == first else k.start, "" if k.stop == last else k.stop
    return f"{start}:{stop}" + (f":{k.step}" if k.step != 1 else "")


def _begin(array: Array) -> int:
    return int(array.__array_interface__["data"][0])
