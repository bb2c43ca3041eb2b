"""Special functions: identities between them, their zeros and poles, SciPy's own ufuncs, a machine without SciPy."""

from __future__ import annotations

import subprocess
import sys
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.special

import autograd_core as ag
from autograd_core.ops import special
from rounding import assert_same_but_for_rounding


def slope(f: Callable[..., Any], x: float, order: int = 1) -> float:
    for _ in range(order):
        f = ag.grad(f)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return float(f(np.array(x)))


def test_scipy_is_imported_when_special_is_asked_for() -> None:
    program = "import sys, autograd_core as ag; assert 'scipy' not in sys.modules; ag.special.erf"
    subprocess.run([sys.executable, "-c", program], check=True)


def test_without_scipy_the_message_says_what_to_install() -> None:
    program = (
        "import sys; sys.modules['scipy'] = sys.modules['scipy.special'] = None\n"
        "import autograd_core as ag\n"
        "try: ag.special\n"
        "except ImportError as error: print(error)"
    )
    told = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout
    assert "pip install autograd-core[special]" in told


def test_scipys_own_ufuncs_record() -> None:
    """Whichever of the two modules was imported first."""
    x = np.array([0.5, 1.5])
    assert_same_but_for_rounding(ag.grad(lambda x: scipy.special.gammaln(x).sum())(x), scipy.special.digamma(x))
    program = (
        "import numpy as np, scipy.special, autograd_core as ag\n"
        "assert ag.grad(scipy.special.erf)(np.array(0.0)) == 2 / np.sqrt(np.pi)"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_what_scipy_has_and_we_have_not_is_refused() -> None:
    x = ag.Tensor(np.ones(2), requires_grad=True)
    with pytest.raises(TypeError, match="not differentiable"):
        scipy.special.ellipj(x, 0.5)
    with pytest.raises(TypeError, match="lost in silence"):
        scipy.special.logsumexp(x)
    with pytest.raises(TypeError, match=r"polygamma: n= is a recorded tensor.*no derivative with respect to n.*Fix"):
        special.polygamma(x, x)


def test_higher_derivatives_at_zero() -> None:
    """erf‴(0) = −4/√π, i1′(0) = ½, i1‴(0) = ⅜."""
    assert slope(special.erf, 0.0, 3) == pytest.approx(-4 / np.sqrt(np.pi))
    assert slope(special.i1, 0.0) == 0.5 and slope(special.i1, 0.0, 3) == pytest.approx(0.375)
    assert slope(special.i0e, 0.0) == 0.0 and slope(special.i1e, 0.0) == 0.5


def test_the_normal_distribution_far_out() -> None:
    """d log Φ/dx → −x on the left, φ(x) on the right; the second derivative stays finite and negative."""
    for x in (-1e3, -1e8):
        assert slope(special.log_ndtr, x) == pytest.approx(-x, rel=1e-5)
        assert slope(special.log_ndtr, x, 2) == pytest.approx(-1.0, rel=1e-3) or x < -1e6
    assert slope(special.log_ndtr, 30.0) == pytest.approx(np.exp(-450) / np.sqrt(2 * np.pi), rel=1e-12)
    assert slope(special.log_ndtr, 1e3) == slope(special.log_ndtr, 1e3, 2) == 0.0
    assert slope(special.log_expit, -1e3) == 1.0 and slope(special.log_expit, 1e3) == 0.0


def test_nothing_times_infinity_is_nothing_in_an_entropy() -> None:
    """∂ x log y / ∂y = x/y = 0 at x = 0, for y = 0, too; ∂²/∂x∂y = 1/y there."""
    zero = np.array(0.0)
    for f in (special.xlogy, lambda x, y: special.xlog1py(x, y - 1), special.rel_entr):
        assert ag.grad(f, 1)(zero, zero) == ag.grad(f, 1)(zero, np.array(2.0)) == 0.0
    mixed = ag.jvp(lambda x: ag.grad(special.xlogy, 1)(x, np.array(2.0)), (zero,), (np.array(1.0),))[1]
    assert mixed == 0.5
    assert ag.grad(special.kl_div, 1)(zero, np.array(2.0)) == 1.0


def test_polygamma_takes_arrays_of_orders() -> None:
    x = np.array([0.5, 1.5, 2.5])
    found = ag.grad(lambda x: special.polygamma(np.arange(3), x).sum())(x)
    np.testing.assert_allclose(found, scipy.special.polygamma(np.arange(1, 4), x), rtol=1e-14)
    assert special.polygamma(2, ag.Tensor(x.astype(np.float32))).dtype == np.float64


@pytest.mark.parametrize("z", [0.3 + 1.2j, -1.5 + 0.4j, -6.2 + 2j, 1.1 - 20j, 3 + 0j])
@pytest.mark.parametrize("n", [1, 2, 4])
def test_complex_derivatives_of_the_digamma_function(z: complex, n: int) -> None:
    """ψ⁽ⁿ⁾(z + 1) = ψ⁽ⁿ⁾(z) + (−1)ⁿ n! z⁻ⁿ⁻¹, and real numbers agree with SciPy's polygamma."""
    f = lambda z: special.digamma(z)
    for _ in range(n):
        f = lambda z, f=f: ag.jvp(f, (z,), (np.ones_like(z),))[1]
    here, there = f(np.array(z)), f(np.array(z + 1))
    factorial = float(scipy.special.gamma(n + 1.0))
    np.testing.assert_allclose(there, here + (-1) ** n * factorial * z ** (-n - 1), rtol=1e-11)
    if z.imag == 0:
        np.testing.assert_allclose(here, scipy.special.polygamma(n, z.real), rtol=1e-13)


# Sums of exponentials ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("settings", [{}, {"axis": 1}, {"axis": -2, "keepdims": True}, {"axis": (0, 1)}])
def test_weighted_logsumexp_equals_scipys(settings: dict[str, Any]) -> None:
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 3)), rng.uniform(0.5, 2.0, size=(2, 3))
    b[0, 1] = 0.0
    for weights in (None, b, b[0]):
        expected = scipy.special.logsumexp(a, b=weights, **settings)
        found = special.logsumexp(ag.Tensor(a), b=weights, **settings)
        np.testing.assert_allclose(found.numpy(), np.asarray(expected), rtol=1e-14, strict=True)
    ag.gradcheck(lambda a, b: special.logsumexp(a, b=b, **settings), a, b, order=2)
    signed = lambda f, a: f(a, b=-b, return_sign=True, **settings)
    for found, expected in zip(
        signed(special.logsumexp, ag.Tensor(a)), signed(scipy.special.logsumexp, a), strict=True
    ):
        np.testing.assert_allclose(found.numpy(), np.asarray(expected), rtol=1e-14)
    ag.gradcheck(lambda a, b: special.logsumexp(a, b=-b, return_sign=True, **settings)[0], a, b)


def test_logsumexp_of_a_negative_sum_is_nan_and_a_weight_of_zero_hides_infinity() -> None:
    a = ag.Tensor(np.array([0.0, np.inf]), requires_grad=True)
    assert np.isnan(special.logsumexp(ag.Tensor(np.zeros(2)), b=np.array([1.0, -2.0])).item())
    assert special.logsumexp(ag.Tensor(np.full(2, -np.inf))).item() == -np.inf
    assert scipy.special.logsumexp(a.numpy(), b=[1, 0]) == 0.0 == special.logsumexp(a, b=np.array([1.0, 0.0])).item()
