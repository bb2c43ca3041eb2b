"""Arrays as pictures: numbers of one byte in tiles, which the page colours."""

from __future__ import annotations

import base64
import math
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from ...support.types import Fields

_SIDE = 32  # pixels of a tile; of a larger matrix every second (third, …) row and column is shown
_TILES, _PIXELS = 16, 4096  # at most, of a picture
_LINE = 64  # elements of a vector
_LEAST = 5  # what has fewer elements is read as numbers


def heat(array: Any) -> Fields | None:
    """An array as tiles of bytes: 0 for −bound, 127 for 0, 254 for bound, 255 for what is no number.

    A matrix is one tile; of more axes the last two are a tile, and the first few tiles are shown. None for a number,
    for a few of them, and where there is nothing to see: all are zero, or none is finite.

    >>> picture = heat(np.arange(8.0).reshape(2, 4))
    >>> picture["tiles"], picture["of"], picture["height"], picture["width"], picture["bound"]
    (1, 1, 2, 4, 7.0)
    """
    array = np.asarray(array)
    if array.ndim == 0 or array.size < _LEAST or array.dtype.kind not in "biuf":
        return None
    steps = [max(1, math.ceil(n / side)) for n, side in zip(array.shape[-2:], _sides(array), strict=True)]
    part = array[(..., *(slice(None, None, step) for step in steps))]
    shown = np.reshape(part, (-1, *np.atleast_2d(part).shape[-2:]) if array.ndim > 1 else (1, 1, -1))
    of = len(shown)
    shown = shown[: min(_TILES, max(1, _PIXELS // (shown[0].size or 1)))].astype(np.float64)
    finite = np.isfinite(shown)
    bound = float(np.max(np.absolute(shown), initial=0.0, where=finite))
    if not bound:
        return None
    scaled = np.divide(shown, bound, where=finite, out=np.zeros_like(shown))
    pixels = np.where(finite, np.rint(127 + 127 * scaled), 255).astype(np.uint8)
    tiles, height, width = pixels.shape
    return {
        "tiles": tiles,
        "of": of,
        "height": height,
        "width": width,
        "step": max(steps),
        "bound": bound,
        "pixels": base64.b64encode(pixels.tobytes()).decode(),
    }


def _sides(array: Any) -> tuple[int, ...]:
    return (_SIDE, _SIDE) if array.ndim > 1 else (_LINE,)
