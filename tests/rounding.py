"""Equality of numbers that the machine computed in two ways."""

from __future__ import annotations

from typing import Any

import numpy as np


def assert_same_but_for_rounding(found: Any, expected: Any) -> None:
    """Shape and dtype exactly, floating-point numbers to their last three bits.

    NumPy has several loops for one function, vectorised or not, chosen by the processor and by how the operands lie in
    memory, and they round differently.
    """
    found, expected = np.asarray(found), np.asarray(expected)
    if expected.dtype.kind not in "fc":
        np.testing.assert_array_equal(found, expected, strict=True)
        return
    few = 8 * float(np.finfo(expected.dtype).eps)
    scale = float(np.max(np.abs(expected), where=np.isfinite(expected), initial=0))
    np.testing.assert_allclose(found, expected, rtol=few, atol=few * scale, strict=True)
