"""Numbers, shapes and arrays as short text."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from ..support.types import ArrayLike


UNKNOWN = "–"
"""Stands where a value is not kept."""

IN_FULL = 6  # an array of more elements is summarised


def number(value: Any, digits: int = 8) -> str:
    """A number with so many significant digits and a true minus sign.

    Zero has no sign.

    >>> number(-9.0), number(1 / 3), number(1.5e-12), number(2 - 1j), number(-0.0)
    ('−9', '0.33333333', '1.5e−12', '2 − 1i', '0')
    """
    if isinstance(value, (complex, np.complexfloating)):
        sign = "−" if value.imag < 0 else "+"
        return f"{number(value.real, digits)} {sign} {number(abs(value.imag), digits)}i"
    if isinstance(value, (bool, int, np.bool_, np.integer)):
        return str(int(value)).replace("-", "−")
    mantissa, e, exponent = f"{float(value) or 0.0:.{digits}g}".partition("e")
    return (mantissa + (f"e{int(exponent)}" if e else "")).replace("-", "−")


def shape(sizes: tuple[int, ...]) -> str:
    """``2×3``; of one axis as Python writes it, lest it be taken for a number.

    >>> shape((2, 3)), shape((5,)), shape(())
    ('2×3', '(5,)', 'scalar')
    """
    return "×".join(map(str, sizes)) if len(sizes) > 1 else f"({sizes[0]},)" if sizes else "scalar"


def value(array: Any) -> str:
    """A number or a small array in full, a large one as shape: min … mean … max ‖norm‖; ``–`` for None.

    >>> value(np.array([1.0, -0.5])), value(None)
    ('[1, −0.5]', '–')
    >>> value(np.arange(12.0).reshape(3, 4))
    '3×4: 0 … 5.5 … 11 ‖22.5‖'
    """
    if array is None:
        return UNKNOWN
    sizes = np.shape(array)
    if not sizes:
        return number(array.item() if hasattr(array, "item") else array, _digits(array))
    size = math.prod(sizes)
    if size == 0:
        return f"{shape(sizes)}: empty"
    if size <= IN_FULL:
        return nested(array.tolist(), 5)
    with np.errstate(all="ignore"):
        norm = f"‖{number(np.sqrt(np.sum(np.square(np.absolute(array), dtype=np.float64))), 3)}‖"
        if array.dtype.kind == "c":
            return f"{shape(sizes)}: mean modulus {number(np.mean(np.absolute(array)), 3)} {norm}"
        range_ = " … ".join(number(f(array), 3) for f in (np.min, np.mean, np.max))
    return f"{shape(sizes)}: {range_} {norm}"


def nested(items: Any, digits: int) -> str:
    """A number or nested lists of them: ``[[1, 2], [3, 4]]``."""
    if not isinstance(items, list):
        return number(items, digits)
    return f"[{', '.join(nested(i, digits) for i in items)}]"


def _digits(array: ArrayLike) -> int:
    """Eight, or what the dtype can tell."""
    kind = getattr(array, "dtype", None)
    return min(8, np.finfo(kind).precision + 1) if kind is not None and kind.kind in "fc" else 8
