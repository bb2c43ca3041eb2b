"""Half precision, which counts to 2048 and ends at 65504: sums and quotients of it are computed in single precision."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import numpy as np

from ..engine.arithmetic import HALF

if TYPE_CHECKING:
    from ..support.types import AnyArray, Function


def in_single(rule: Function) -> Function:
    """Decorator of a function whose first argument is an array: half precision is computed in single, and rounded."""

    @functools.wraps(rule)
    def function(x: AnyArray, *others: object, **settings: object) -> AnyArray:
        if getattr(x, "dtype", None) != HALF or settings.get("dtype") is not None:
            return rule(x, *others, **settings)
        return rule(x.astype(np.float32), *others, **settings).astype(HALF)

    return function
