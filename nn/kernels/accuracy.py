"""Sums of float16 are taken in float32, and the square of a complex number is |x|²: for norms and losses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

import autograd_core as ag

if TYPE_CHECKING:
    from autograd_core.support.types import AnyArray

_HALF = np.dtype(np.float16)


def accurate(x: Any) -> Any:
    """``x`` in a dtype to add up in: float16, which ends at 65504 and counts to 2048, as float32.

    >>> import numpy as np
    >>> accurate(np.ones(2, np.float16)).dtype, accurate(np.ones(2)).dtype
    (dtype('float32'), dtype('float64'))
    """
    return x.astype(np.float32) if x.dtype == _HALF else x


def like(x: AnyArray, result: AnyArray) -> Any:
    """What was worked out with ``accurate(x)``, in the dtype of x."""
    return result.astype(_HALF) if x.dtype == _HALF else result


def squared(x: AnyArray) -> Any:
    """|x|², of complex numbers, too.

    >>> import numpy as np
    >>> squared(np.array([3 + 4j]))
    array([25.])
    """
    return ag.square(np.real(x)) + ag.square(np.imag(x)) if x.dtype.kind == "c" else ag.square(x)
