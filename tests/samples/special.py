"""Samples of the special functions."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

import autograd_core.special  # noqa: F401 (its primitives are to be in the registry)
from samples.call import Call, Calls, elementwise
from samples.elementwise import inside
from strategies import Array, positive, real


def probability(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """0.1 ≤ p ≤ 0.9."""
    return np.asarray(rng.uniform(0.1, 0.9, shape))


@st.composite
def of_order(draw: st.DrawFn, name: str, lowest: int) -> Call:
    return Call(draw(elementwise(positive)).args, {name: draw(st.integers(lowest, 3))})


SAMPLES: dict[str, Calls] = {
    "erf":          elementwise(real),
    "erfc":         elementwise(real),
    "erfcx":        elementwise(real),
    "erfi":         elementwise(real),
    "dawsn":        elementwise(real),
    "erfinv":       elementwise(inside),
    "erfcinv":      elementwise(probability),
    "ndtr":         elementwise(real),
    "log_ndtr":     elementwise(real),
    "inverse_mills": elementwise(real),
    "log_ratio":    elementwise(positive, positive),
    "ndtri":        elementwise(probability),
    "gamma":        elementwise(positive),
    "gammaln":      elementwise(positive),
    "loggamma":     elementwise(positive),
    "psi":          elementwise(positive),
    "polygamma":    of_order("n", 0),
    "beta":         elementwise(positive, positive),
    "betaln":       elementwise(positive, positive),
    "expit":        elementwise(real),
    "logit":        elementwise(probability),
    "log_expit":    elementwise(real),
    "xlogy":        elementwise(real, positive),
    "xlog1py":      elementwise(real, positive),
    "entr":         elementwise(positive),
    "rel_entr":     elementwise(positive, positive),
    "kl_div":       elementwise(positive, positive),
    "special.i0":   elementwise(real),
    "i1":           elementwise(real),
    "i0e":          elementwise(real),
    "i1e":          elementwise(real),
    "iv":           of_order("v", 2),
    "ive":          of_order("v", 2),
}  # fmt: skip
