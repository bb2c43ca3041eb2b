"""Samples of the special functions."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

import autograd_core.special  # noqa: F401 (its primitives are to be in the registry)
from autograd_core.engine.primitive import Primitive
from autograd_core.ops.special import bessel, common, gammas, integrals, polynomials, settings
from samples.call import Call, Calls, elementwise
from samples.elementwise import inside
from strategies import Array, Numbers, complexes, positive, real


def probability(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """0.1 ≤ p ≤ 0.9."""
    return np.asarray(rng.uniform(0.1, 0.9, shape))


@st.composite
def of_order(draw: st.DrawFn, name: str, lowest: int) -> Call:
    return Call(draw(elementwise(positive)).args, {name: draw(st.integers(lowest, 3))})


def above_one(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """1.2 ≤ x ≤ 3."""
    return np.asarray(rng.uniform(1.2, 3.0, shape))


def above_four(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """4 ≤ x ≤ 6."""
    return np.asarray(rng.uniform(4.0, 6.0, shape))


def with_settings(numbers: Numbers, **settings: float) -> Calls:
    """One argument, and parameters that have no derivative."""
    return elementwise(numbers).map(lambda call: Call(call.args, settings))


ORDERED = {
    **{f: with_settings(above_one, v=1.5) for f in ("jv", "yv", "jve", "yve", "kv", "kve", "struve", "modstruve")},
    **{f: with_settings(above_one, n=2) for f in ("yn", "kn", "expn", "expn_slope")},
    **{f: with_settings(above_one, n=2) for f in ("spherical_jn", "spherical_yn", "spherical_in", "spherical_kn")},
    **{f: with_settings(probability, a=2.5) for f in ("gammainc", "gammaincc", "gammaincinv", "gammainccinv")},
    **{f: with_settings(probability, a=2.5, b=1.5) for f in ("betainc", "betaincc", "betaincinv", "betainccinv")},
    **{f: with_settings(probability, dfn=2.5, dfd=3.5) for f in ("fdtr", "fdtrc")},
    **{f: with_settings(above_one, v=2.5) for f in ("chdtr", "chdtrc")},
    **{f: with_settings(above_one, a=1.5, b=2.5) for f in ("gdtr", "gdtrc")},
    **{f: with_settings(above_one, k=3) for f in ("pdtr", "pdtrc")},
    **{f: with_settings(probability, df=2.5) for f in ("stdtr", "stdtrit")},
    **{f: with_settings(probability, lmbda=0.7) for f in ("boxcox", "boxcox1p", "inv_boxcox", "inv_boxcox1p")},
    **{f"eval_{f}": with_settings(probability, n=3) for f in ("legendre", "chebyt", "chebyu", "chebyc", "chebys")},
    **{f"eval_{f}": with_settings(probability, n=3) for f in ("sh_legendre", "sh_chebyt", "sh_chebyu", "laguerre")},
    **{f"eval_{f}": with_settings(probability, n=3) for f in ("hermite", "hermitenorm")},
    "eval_genlaguerre": with_settings(probability, n=3, alpha=0.5),
    "eval_gegenbauer":  with_settings(probability, n=3, alpha=0.7),
    "eval_jacobi":      with_settings(probability, n=3, alpha=0.5, beta=1.5),
    "hyp0f1":           with_settings(probability, v=1.5),
    "hyp1f1":           with_settings(probability, a=0.5, b=1.5),
    "hyp2f1":           with_settings(probability, a=0.5, b=1.5, c=2.5),
    "hyperu":           with_settings(above_one, a=0.5, b=1.5),
    "special.huber":    with_settings(above_one, delta=1.0),
    "pseudo_huber":     with_settings(real, delta=1.0),
    "zeta":             with_settings(above_one, x=2.5),
}  # fmt: skip
BY_THEMSELVES = {
    **{
        f: elementwise(above_one)
        for f in ("j0", "j1", "y0", "y1", "k0", "k1", "k0e", "k1e", "exp1", "expi", "ci", "chi")
    },
    **{f: elementwise(real) for f in ("airy_ai", "airy_aip", "airy_bi", "airy_bip", "si", "shi", "fresnel_s")},
    **{
        f: elementwise(real)
        for f in ("fresnel_c", "exprel", "cosm1", "sindg", "cosdg", "tandg", "exp10", "wrightomega")
    },
    **{f: elementwise(probability) for f in ("rgamma", "spence", "log_over_rest", "ellipk", "ellipkm1", "ellipe")},
    **{f: elementwise(probability) for f in ("ellipd", "cotdg")},
    "ndtri_exp": elementwise(lambda rng, shape: -above_one(rng, shape)),
    **{f: elementwise(above_one, probability) for f in ("poch", "powm1", "owens_t")},
    **{f: elementwise(probability, probability) for f in ("ellipkinc", "ellipeinc")},
    "binom": elementwise(above_four, above_one),
}

SAMPLES: dict[str, Calls] = {
    **ORDERED,
    **BY_THEMSELVES,
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

COMPLEX = {"wofz", "lambertw"}
SAMPLES["wofz"] = elementwise(complexes)
SAMPLES["lambertw"] = elementwise(complexes).map(lambda call: Call(call.args, {"k": 0}))

ROOMS = [bessel, gammas, integrals, polynomials, settings]
"""Primitives whose values are SciPy's: tests/test_scipy_special.py holds each to differences."""


def by_differences(op: Primitive) -> bool:
    """Whether a room declares it, by itself or with the function of `common` that declares SciPy's ufuncs."""
    named = op.declared.module == common.__name__ and any(op.name in getattr(room, "__all__", ()) for room in ROOMS)
    return named or op.declared.module in {room.__name__ for room in ROOMS}


WALKED = {"jv", "kve", "gammainc", "poch", "ellipk", "ellipkinc", "eval_legendre", "exprel", "wofz", "lambertw"}
"""Of those, the ones that every law is tested on: one of each kind."""
