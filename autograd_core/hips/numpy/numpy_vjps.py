"""What rules of one's own need: broadcasting undone."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ..installing import missing

if TYPE_CHECKING:
    from ...support.types import ArrayLike


def unbroadcast(g: ArrayLike, target_meta: Any) -> Any:
    """``g`` summed over the axes by which an operand was broadcast.

    g : a cotangent of the result
    target_meta : of the operand: (shape, number of axes, dtype, whether complex)
    """
    shape, _, _, is_complex = target_meta
    while np.ndim(g) > len(shape):
        g = np.sum(g, axis=0)
    for axis, size in enumerate(shape):
        if size == 1 and np.shape(g)[axis] != 1:
            g = np.sum(g, axis=axis, keepdims=True)
    return np.real(g) if np.iscomplexobj(g) and not is_complex else g


def unbroadcast_f(target: ArrayLike, f: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """The rule ``f`` with broadcasting undone.

    target : the operand
    f : gives its cotangent in the shape of the result
    """
    meta = np.shape(target), np.ndim(target), np.result_type(target), np.iscomplexobj(target)
    return lambda g: unbroadcast(f(g), meta)


__getattr__ = missing(__name__)
