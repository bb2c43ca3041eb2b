"""Special functions: SciPy's values, differentiable; names and signatures of ``scipy.special``.

SciPy is needed (``pip install autograd-core[special]``) and imported with this module, which is when ``ag.special`` is
first asked for. SciPy's own ufuncs then record, too: ``scipy.special.erf(t)``. Formulas: NIST Digital Library of
Mathematical Functions, https://dlmf.nist.gov (chapters 5: gamma, 7: error functions, 10: Bessel functions).

>>> import autograd_core as ag
>>> ag.grad(ag.special.gammaln)(np.array(1.0)), ag.grad(ag.special.erf)(np.array(0.0))
(array(-0.57721566), array(1.12837917))
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.special as scipy

from ...engine import entry
from ...engine.forms import elementwise
from ...engine.tensor import Tensor, bare
from ...support.arrays import highest
from ..arithmetic.complex import absolute
from ..arithmetic.elementwise import _is_complex, sigmoid
from ..sums import exponentials

if TYPE_CHECKING:
    from ...support.types import AnyArray, ArrayLike, Axis

__all__ = [
    "beta", "betaln", "dawsn", "digamma", "entr", "erf", "erfc", "erfcinv", "erfcx", "erfi", "erfinv", "expit", "gamma",
    "gammaln", "kl_div", "log_expit", "log_ndtr", "log_softmax", "loggamma", "logit",
    "logsumexp", "ndtr", "ndtri", "polygamma", "psi", "rel_entr", "softmax", "xlog1py", "xlogy",
]  # fmt: skip

_ROOT_PI, _ROOT_2_PI, _ROOT_HALF = math.sqrt(math.pi), math.sqrt(2 * math.pi), math.sqrt(0.5)


def _declare(ufunc: np.ufunc, name: str = "", **rules: object) -> Any:
    """An elementwise primitive of one of SciPy's ufuncs."""
    function = elementwise(ufunc, name=name or None, **rules)
    function.__module__ = __name__
    function.__doc__ = (
        f"``scipy.special.{ufunc.__name__}({', '.join(rules)})`` on tensors, recorded; on arrays it is SciPy's own."
    )
    return function


def _or_one(y: AnyArray, *others: object) -> AnyArray:
    """``y``, and 1 where it and the others are 0: 0/0 shall be 0."""
    zero = y == 0
    for other in others:
        zero = np.logical_and(zero, other == 0)
    return y + zero


# Error functions and the normal distribution
# fmt: off
erf     = _declare(scipy.erf,     x=lambda x: 2 / _ROOT_PI * np.exp(-x * x))
erfc    = _declare(scipy.erfc,    x=lambda x: -2 / _ROOT_PI * np.exp(-x * x))
erfcx   = _declare(scipy.erfcx,   x=lambda x, ans: 2 * x * ans - 2 / _ROOT_PI)
erfi    = _declare(scipy.erfi,    x=lambda x: 2 / _ROOT_PI * np.exp(x * x))
dawsn   = _declare(scipy.dawsn,   x=lambda x, ans: 1 - 2 * x * ans)
erfinv  = _declare(scipy.erfinv,  y=lambda ans: _ROOT_PI / 2 * np.exp(ans * ans))
erfcinv = _declare(scipy.erfcinv, y=lambda ans: -_ROOT_PI / 2 * np.exp(ans * ans))
ndtr     = _declare(scipy.ndtr,     x=lambda x: np.exp(-0.5 * x * x) / _ROOT_2_PI)
log_ndtr = _declare(scipy.log_ndtr, x=lambda x: _inverse_mills(x))
ndtri    = _declare(scipy.ndtri,    y=lambda ans: _ROOT_2_PI * np.exp(0.5 * ans * ans))

# The gamma function and its family
gamma    = _declare(scipy.gamma,    z=lambda z, ans: ans * digamma(z))
gammaln  = _declare(scipy.gammaln,  x=lambda x: digamma(x))
loggamma = _declare(scipy.loggamma, z=lambda z: digamma(z))
digamma  = _declare(scipy.digamma,  z=lambda z: _polygamma(z, 1))
beta   = _declare(
    scipy.beta,
    a=lambda a, b, ans: ans * (digamma(a) - digamma(a + b)),
    b=lambda a, b, ans: ans * (digamma(b) - digamma(a + b)),
)
betaln = _declare(
    scipy.betaln,
    a=lambda a, b: digamma(a) - digamma(a + b),
    b=lambda a, b: digamma(b) - digamma(a + b),
)
psi = digamma

# Logistic functions
expit     = _declare(scipy.expit,     x=lambda x: expit(x) * expit(-x))
logit     = _declare(scipy.logit,     x=lambda x: 1 / (x * (1 - x)))
log_expit = _declare(scipy.log_expit, x=lambda x: sigmoid(-x))

# Entropies; 0 log 0 = 0
xlogy    = _declare(scipy.xlogy,    x=lambda y: np.log(y), y=lambda x, y: x / _or_one(y, x))
xlog1py  = _declare(scipy.xlog1py,  x=lambda y: np.log1p(y), y=lambda x, y: x / _or_one(1 + y, x))
entr     = _declare(scipy.entr,     x=lambda x: -1 - np.log(x))
rel_entr = _declare(
    scipy.rel_entr, x=lambda x, y: _log_ratio(x, y) + 1, y=lambda x, y: -x / _or_one(y, x)
)
kl_div   = _declare(
    scipy.kl_div, x=lambda x, y: _log_ratio(x, y), y=lambda x, y: 1 - x / _or_one(y, x)
)
# fmt: on


@elementwise(name="log_ratio", x=lambda x: 1 / x, y=lambda y: -1 / y)
def _log_ratio(x, y):
    """log(x/y), accurate where x is near y and where x/y is not a number of the dtype; that of 0/0 is −∞."""
    limits = np.finfo(np.result_type(x, y))
    y = _or_one(y, x)
    with np.errstate(over="ignore", under="ignore"):
        ratio = x / y
    beyond = np.logical_or(np.absolute(ratio) < limits.tiny, np.isinf(ratio))
    near = np.log(np.where(beyond, 1, ratio))
    return np.where(beyond, np.log(np.where(beyond, x, 1)) - np.log(np.where(beyond, y, 1)), near)




@elementwise(name="inverse_mills", x=lambda x, ans: -ans * (x + ans))
def _inverse_mills(x):
    """φ(x)/Φ(x), the density of the standard normal distribution over its distribution function."""
    return 2 / _ROOT_2_PI / scipy.erfcx(-_ROOT_HALF * x)


# Polygamma -----------------------------------------------------------------------------------------------------------


@elementwise(name="polygamma", x=lambda x, n: _polygamma(x, n + 1))
def _polygamma(x, n):
    """ψ⁽ⁿ⁾(x) = (−1)ⁿ⁺¹ n! ζ(n + 1, x) in x's dtype; SciPy's own is always float64, never complex."""
    zeta = _hurwitz_zeta if _is_complex(x) else scipy.zeta
    factor = (-1.0) ** (n + 1) * scipy.gamma(n + 1.0)
    return np.where(np.equal(n, 0), scipy.psi(x), factor * zeta(n + 1, x)).astype(x.dtype)


_BERNOULLI = (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510)


def _hurwitz_zeta(s: AnyArray, z: AnyArray) -> AnyArray:
    """ζ(s, z) = Σ 1/(z + k)ˢ of integers s ≥ 2 and complex z, by the Euler–Maclaurin formula (DLMF 25.11.28).

    As many terms are summed as bring z to a real part of 15 and more, so time grows with −Re z; NaN below −10,000.
    """
    left = np.nan_to_num(np.minimum(np.real(z), 0))
    count = 15 + math.ceil(-max(np.min(left).item(), -1e4)) if np.size(z) else 0
    total = 0.0
    for k in range(count):
        total = total + (z + k) ** -s
    w = z + count
    total = total + w ** (1 - s) / np.maximum(s - 1, 1) + 0.5 * w**-s
    rising = s / 2.0
    for j, bernoulli in enumerate(_BERNOULLI):
        total = total + bernoulli * rising * w ** (-s - 2 * j - 1)
        rising = rising * (s + 2 * j + 1) * (s + 2 * j + 2) / ((2 * j + 3) * (2 * j + 4))
    return np.where(left < -1e4, np.nan, total)


def polygamma(n: int | AnyArray, x: ArrayLike) -> AnyArray:
    """The n-th derivative of the digamma function, n = 0, 1, 2, … (integers, or an array of them); always float64.

    x : real or complex

    >>> polygamma(1, np.array(1.0))
    array(1.64493407)
    """
    n = entry.setting(n, "polygamma", "n")
    if not isinstance(x, Tensor):
        return scipy.polygamma(n, x)
    if x.dtype == np.float64 or _is_complex(x):
        return _polygamma(x, n)
    return np.where(np.equal(n, 0), digamma(x), _polygamma(x.astype(np.float64), n))


# Sums of exponentials ------------------------------------------------------------------------------------------------


def softmax(x: ArrayLike, axis: Axis = None) -> AnyArray:
    """eˣ / Σ eˣ over ``axis`` (an int, a tuple, or None for all).

    x : of any shape

    >>> softmax(np.array([0.0, 0.0]))
    array([0.5, 0.5])
    """
    return exponentials.softmax(x, axis=axis) if isinstance(x, Tensor) else scipy.softmax(x, axis)


def log_softmax(x: ArrayLike, axis: Axis = None) -> AnyArray:
    """log(eˣ / Σ eˣ) over ``axis`` (an int, a tuple, or None for all).

    x : of any shape

    >>> log_softmax(np.array([0.0, 1000.0]))
    array([-1000.,     0.])
    """
    return exponentials.log_softmax(x, axis=axis) if isinstance(x, Tensor) else scipy.log_softmax(x, axis)


def logsumexp(
    a: ArrayLike, axis: Axis = None, b: ArrayLike | None = None, keepdims: bool = False, return_sign: bool = False
) -> Any:
    """log |Σ b eᵃ| over ``axis``, without overflow; with ``return_sign`` also the sum's sign.

    a, b : of shapes that broadcast together; b 1 by default
    keepdims : whether the axes stay, with size 1

    Without it a negative sum has no logarithm: NaN; that of a complex sum has its angle as its imaginary part, between
    −π and π. On tensors the value may differ from SciPy's by a rounding error.

    >>> logsumexp(np.array([1000.0, 1000.0]), b=np.array([1.0, 3.0]))
    np.float64(1001.3862943611199)
    """
    if not (isinstance(a, Tensor) or isinstance(b, Tensor)):
        return scipy.logsumexp(a, axis, b, keepdims, return_sign)
    complex_sum = _is_complex(a) or _is_complex(b)
    unseen = False if b is None else np.equal(bare(b), 0)
    seen = np.where(unseen, -np.inf, np.real(bare(a)))
    start: dict[str, Any] = {} if seen.size else {"initial": -np.inf}
    largest = highest(seen, axis=axis, keepdims=True, **start)
    largest = np.where(np.isfinite(largest), largest, 0)
    if b is not None:
        with np.errstate(over="ignore"):  # 0·∞ of what has no weight
            a = np.where(np.logical_and(unseen, np.isinf(np.exp(bare(a) - largest))), -np.inf, a)
    powers = np.exp(a - largest)
    total = np.sum(powers if b is None else b * powers, axis=axis, keepdims=keepdims)
    largest = largest if keepdims else np.squeeze(largest, axis=axis)
    sign = np.sign(total)
    with np.errstate(divide="ignore"):  # log 0 = −∞ is meant
        size = absolute(total) if return_sign else total if complex_sum else np.where(sign < 0, np.nan, total)
        total = np.log(size) + largest
    return (total, sign) if return_sign else total
