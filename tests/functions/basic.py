"""Sample calls of functions that are written by hand to see that the laws below hold for any function."""

from __future__ import annotations

from samples.call import Calls, elementwise
from strategies import complexes, positive, real

FUNCTIONS: dict[str, Calls] = {
    "exp":          elementwise(real) | elementwise(complexes),
    "power":        elementwise(positive, real),
    "real":         elementwise(complexes),
}  # fmt: skip
