"""Angles: trigonometric and hyperbolic functions, their inverses, the right-angled triangle, degrees.

Derivatives with 1 − x² and x² − 1 are written in factors: accurate beside the branch points, and on the right side of
the branch cuts of complex numbers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...engine.forms import elementwise, linear
from ..blockwise import blockwise

if TYPE_CHECKING:
    from ...support.types import AnyArray

__all__ = [
    "acos", "acosh", "arccos", "arccosh", "arcsin", "arcsinh", "arctan", "arctan2", "arctanh", "asin", "asinh",
    "atan", "atan2", "atanh", "cos", "cosh", "deg2rad", "degrees", "hypot", "rad2deg", "radians", "sin", "sinh",
    "tan", "tanh",
]

sin  = elementwise(np.sin,  x=lambda x: np.cos(x))
cos  = elementwise(np.cos,  x=lambda x: -np.sin(x))
tan  = elementwise(np.tan,  **blockwise(x=lambda ans: 1 + ans**2))
sinh = elementwise(np.sinh, x=lambda x: np.cosh(x))
cosh = elementwise(np.cosh, x=lambda x: np.sinh(x))
tanh = elementwise(np.tanh, **blockwise(x=lambda ans: 1 - ans**2))

arcsin  = elementwise(np.arcsin,  **blockwise(x=lambda x: 1 / (np.sqrt(1 - x) * np.sqrt(1 + x))))
arccos  = elementwise(np.arccos,  **blockwise(x=lambda x: -1 / (np.sqrt(1 - x) * np.sqrt(1 + x))))
arctan  = elementwise(np.arctan,  **blockwise(x=lambda x: (1 / _hypotenuse(x)) ** 2))
arcsinh = elementwise(np.arcsinh, **blockwise(x=lambda x: 1 / _hypotenuse(x)))
arccosh = elementwise(np.arccosh, **blockwise(x=lambda x: 1 / (np.sqrt(x - 1) * np.sqrt(x + 1))))
arctanh = elementwise(np.arctanh, **blockwise(x=lambda x: 1 / ((1 - x) * (1 + x))))

# The triangle with legs x and y; at (0, 0) all slopes are 0, as those of |x| are. r² is never formed: it may overflow.
hypot   = elementwise(np.hypot,   **blockwise(x=lambda x, ans: x / _nonzero(ans), y=lambda y, ans: y / _nonzero(ans)))
arctan2 = elementwise(np.arctan2, **blockwise(
    y=lambda y, x: x / _nonzero(np.hypot(x, y)) / _nonzero(np.hypot(x, y)),
    x=lambda y, x: -y / _nonzero(np.hypot(x, y)) / _nonzero(np.hypot(x, y)),
))

deg2rad = linear(np.deg2rad, x=lambda g: np.deg2rad(g))
radians = linear(np.radians, x=lambda g: np.radians(g))
rad2deg = linear(np.rad2deg, x=lambda g: np.rad2deg(g))
degrees = linear(np.degrees, x=lambda g: np.degrees(g))

acos, acosh, asin, asinh, atan, atan2, atanh = arccos, arccosh, arcsin, arcsinh, arctan, arctan2, arctanh


def _nonzero(r: AnyArray) -> AnyArray:
    """``r``, and 1 in place of 0."""
    return r + (r == 0)


def _hypotenuse(x: AnyArray) -> AnyArray:
    """√(1 + x²), where x is real without x², which may overflow."""
    return np.sqrt(1 + x**2) if np.iscomplexobj(x) else np.hypot(x, 1)
