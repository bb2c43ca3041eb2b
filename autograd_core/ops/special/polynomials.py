"""Orthogonal polynomials and hypergeometric functions, by their parameters' neighbours (DLMF 18.9, 15.5, 13.3)."""

from __future__ import annotations

import numpy as np
import scipy.special as scipy

from .settings import of_settings, weak

__all__ = [
    "eval_chebyc", "eval_chebys", "eval_chebyt", "eval_chebyu", "eval_gegenbauer", "eval_genlaguerre", "eval_hermite",
    "eval_hermitenorm", "eval_jacobi", "eval_laguerre", "eval_legendre", "eval_sh_chebyt", "eval_sh_chebyu",
    "eval_sh_legendre", "hyp0f1", "hyp1f1", "hyp2f1", "hyperu",
]  # fmt: skip

# fmt: off
eval_jacobi     = of_settings(
    scipy.eval_jacobi, "n alpha beta",
    lambda x, n, alpha, beta, ans: 0.5 * (n + alpha + beta + 1) * _if(n, _jacobi(x, n - 1, alpha + 1.0, beta + 1.0)),
)
eval_gegenbauer = of_settings(
    scipy.eval_gegenbauer, "n alpha", lambda x, n, alpha, ans: 2 * alpha * _if(n, _gegenbauer(x, n - 1, alpha + 1.0))
)
eval_legendre   = of_settings(scipy.eval_legendre, "n", lambda x, n, ans: _if(n, _gegenbauer(x, n - 1, 1.5)))
eval_chebyt     = of_settings(scipy.eval_chebyt, "n", lambda x, n, ans: n * _if(n, _gegenbauer(x, n - 1, 1.0)))
eval_chebyu     = of_settings(scipy.eval_chebyu, "n", lambda x, n, ans: 2 * _if(n, _gegenbauer(x, n - 1, 2.0)))
eval_chebyc     = of_settings(scipy.eval_chebyc, "n", lambda x, n, ans: n * _if(n, _gegenbauer(x / 2, n - 1, 1.0)))
eval_chebys     = of_settings(scipy.eval_chebys, "n", lambda x, n, ans: _if(n, _gegenbauer(x / 2, n - 1, 2.0)))
eval_sh_legendre = of_settings(
    scipy.eval_sh_legendre, "n", lambda x, n, ans: 2 * _if(n, _gegenbauer(2 * x - 1, n - 1, 1.5))
)
eval_sh_chebyt  = of_settings(
    scipy.eval_sh_chebyt, "n", lambda x, n, ans: 2 * n * _if(n, _gegenbauer(2 * x - 1, n - 1, 1.0))
)
eval_sh_chebyu  = of_settings(
    scipy.eval_sh_chebyu, "n", lambda x, n, ans: 4 * _if(n, _gegenbauer(2 * x - 1, n - 1, 2.0))
)
eval_hermite     = of_settings(scipy.eval_hermite, "n", lambda x, n, ans: 2 * n * _hermite(x, _lower(n)))
eval_hermitenorm = of_settings(scipy.eval_hermitenorm, "n", lambda x, n, ans: n * _hermitenorm(x, _lower(n)))
eval_genlaguerre = of_settings(
    scipy.eval_genlaguerre, "n alpha", lambda x, n, alpha, ans: -_if(n, _genlaguerre(x, n - 1, alpha + 1.0))
)
eval_laguerre    = of_settings(scipy.eval_laguerre, "n", lambda x, n, ans: -_if(n, _genlaguerre(x, n - 1, 1.0)))

hyp0f1 = of_settings(scipy.hyp0f1, "v", lambda z, v, ans: _hyp0f1(z, v + 1.0) / v, x="z")
hyp1f1 = of_settings(scipy.hyp1f1, "a b", lambda x, a, b, ans: a / b * _hyp1f1(x, a + 1.0, b + 1.0))
hyp2f1 = of_settings(
    scipy.hyp2f1, "a b c", lambda z, a, b, c, ans: a * b / c * _hyp2f1(z, a + 1.0, b + 1.0, c + 1.0), x="z"
)
hyperu = of_settings(scipy.hyperu, "a b", lambda x, a, b, ans: -a * _hyperu(x, a + 1.0, b + 1.0))
# fmt: on

_jacobi, _gegenbauer, _genlaguerre = (f.primitive_of_x for f in (eval_jacobi, eval_gegenbauer, eval_genlaguerre))
_hermite, _hermitenorm = eval_hermite.primitive_of_x, eval_hermitenorm.primitive_of_x
_hyp0f1, _hyp1f1, _hyp2f1, _hyperu = (f.primitive_of_x for f in (hyp0f1, hyp1f1, hyp2f1, hyperu))


def _if(n, value):
    """0 of a constant polynomial, which has no neighbour below."""
    return np.where(np.equal(n, 0), 0.0, value)


def _lower(n):
    return weak(np.maximum(n - 1, 0))
