"""Sample calls of the special functions."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from samples.call import Call, Calls, along, elementwise
from samples.elementwise import inside
from samples.special import probability
from strategies import complexes, positive, real

COMPLEX = elementwise(complexes)


@st.composite
def orders(draw: st.DrawFn) -> Call:
    """One order, or one for each number."""
    (x,) = draw(elementwise(positive)).args
    n = draw(st.sampled_from([0, 1, 2, np.arange(x.size).reshape(x.shape) % 3]))
    return Call((n, x), {})


def whole() -> Calls:
    return elementwise(real).map(lambda call: Call(call.args, {}))


FUNCTIONS: dict[str, Calls] = {
    "special.erf":          elementwise(real) | COMPLEX,
    "special.erfc":         elementwise(real) | COMPLEX,
    "special.erfcx":        elementwise(real) | COMPLEX,
    "special.erfi":         elementwise(real) | COMPLEX,
    "special.dawsn":        elementwise(real) | COMPLEX,
    "special.erfinv":       elementwise(inside),
    "special.erfcinv":      elementwise(probability),
    "special.ndtr":         elementwise(real) | COMPLEX,
    "special.log_ndtr":     elementwise(real) | COMPLEX,
    "special.ndtri":        elementwise(probability),
    "special.gamma":        elementwise(real) | COMPLEX,
    "special.gammaln":      elementwise(real),
    "special.loggamma":     elementwise(positive) | COMPLEX,
    "special.digamma":      elementwise(real) | COMPLEX,
    "special.psi":          elementwise(positive),
    "special.polygamma":    orders(),
    "special.beta":         elementwise(positive, positive),
    "special.betaln":       elementwise(positive, positive),
    "special.expit":        elementwise(real),
    "special.logit":        elementwise(probability),
    "special.log_expit":    elementwise(real),
    "special.xlogy":        elementwise(real, positive) | elementwise(complexes, complexes),
    "special.xlog1py":      elementwise(real, positive) | elementwise(complexes, complexes),
    "special.entr":         elementwise(positive),
    "special.rel_entr":     elementwise(positive, positive),
    "special.kl_div":       elementwise(positive, positive),
    "special.i0":           elementwise(real),
    "special.i1":           elementwise(real),
    "special.i0e":          elementwise(real),
    "special.i1e":          elementwise(real),
    "special.softmax":      along(real) | whole(),
    "special.log_softmax":  along(real) | whole(),
}  # fmt: skip
