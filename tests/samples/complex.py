"""Samples of the primitives for complex numbers."""

from __future__ import annotations

from samples.call import Calls, elementwise
from strategies import complexes

SAMPLES: dict[str, Calls] = {
    "real":         elementwise(complexes),
    "imag":         elementwise(complexes),
    "conjugate":    elementwise(complexes),
    "modulus":      elementwise(complexes),
    "angle":        elementwise(complexes),
    "phase":        elementwise(complexes),
}  # fmt: skip
