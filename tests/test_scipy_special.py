"""SciPy's special functions with orders and parameters: values are SciPy's, derivatives those of differences."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.signal
import scipy.special

import autograd_core as ag
import scipy_table
from autograd_core.ops import special

X = np.array([0.35, 0.8])
ABOVE = np.array([1.3, 2.6])
AROUND = np.array([-0.7, 0.0, 0.4])

OF_X: dict[str, tuple[tuple[Any, ...], Any]] = {
    **dict.fromkeys(("j0", "j1", "y0", "y1", "k0", "k1", "k0e", "k1e", "exp1", "expi"), ((), ABOVE)),
    **{f: ((v,), ABOVE) for f in ("jv", "yv", "jve", "yve", "iv", "ive", "kv", "kve") for v in (1.5,)},
    **dict.fromkeys(("yn", "kn", "struve", "modstruve", "expn"), ((2,), ABOVE)),
    **dict.fromkeys(("rgamma", "spence", "ellipk", "ellipe", "ellipkm1", "cosdg", "tandg", "cotdg", "exp10"), ((), X)),
    **dict.fromkeys(("exprel", "cosm1", "sindg"), ((), AROUND)),
    **dict.fromkeys(("gammainc", "gammaincc", "gammaincinv", "gammainccinv", "stdtrit"), ((2.5,), X)),
    **dict.fromkeys(("betainc", "betaincc", "betaincinv", "betainccinv", "fdtr", "fdtrc"), ((2.5, 1.5), X)),
    **dict.fromkeys(("chdtr", "chdtrc", "stdtr"), ((2.5,), ABOVE)),
    **dict.fromkeys(("gdtr", "gdtrc"), ((1.5, 2.5), ABOVE)),
    **dict.fromkeys(("pdtr", "pdtrc"), ((3,), ABOVE)),
    **{f"eval_{f}": ((4,), X) for f in ("legendre", "chebyt", "chebyu", "chebyc", "chebys", "hermite", "hermitenorm")},
    **{f"eval_{f}": ((3,), X) for f in ("laguerre", "sh_legendre", "sh_chebyt", "sh_chebyu")},
    "eval_genlaguerre": ((3, 0.5), X),
    "eval_gegenbauer": ((4, 0.7), X),
    "eval_jacobi": ((4, 0.5, 1.5), X),
    "hyp0f1": ((1.5,), X),
    "hyp1f1": ((0.5, 1.5), X),
    "hyp2f1": ((0.5, 1.5, 2.5), X),
    "hyperu": ((0.5, 1.5), ABOVE),
    "huber": ((1.0,), np.array([0.5, 2.0])),
    "pseudo_huber": ((1.0,), ABOVE),
    "ndtri_exp": ((), -ABOVE),
}
OF_TWO = {
    "poch": (ABOVE, X),
    "binom": (np.array([5.3, 4.2]), np.array([2.2, 1.7])),
    "powm1": (ABOVE, X),
    "owens_t": (ABOVE, X),
    "ellipkinc": (X, X[::-1]),
    "ellipeinc": (X, X[::-1]),
    "boxcox": None,
}


@pytest.mark.parametrize("name", OF_X)
def test_values_are_scipys_and_derivatives_those_of_differences(name: str) -> None:
    settings, x = OF_X[name]
    ours, theirs = getattr(special, name), getattr(scipy.special, name)
    np.testing.assert_allclose(ours(*settings, ag.Tensor(x)).numpy(), theirs(*settings, x), rtol=1e-13)
    assert isinstance(theirs(*settings, ag.Tensor(x)), ag.Tensor)
    assert ag.gradcheck(lambda x: ours(*settings, x), x, order=1 if name == "huber" else 2) < 1e-4


@pytest.mark.parametrize("name", [name for name, x in OF_TWO.items() if x])
def test_both_arguments_have_derivatives(name: str) -> None:
    x = OF_TWO[name]
    np.testing.assert_allclose(getattr(special, name)(*map(ag.Tensor, x)).numpy(), getattr(scipy.special, name)(*x))
    assert ag.gradcheck(getattr(special, name), *x, order=2) < 1e-4


@pytest.mark.parametrize("name", ["boxcox", "boxcox1p", "inv_boxcox", "inv_boxcox1p"])
@pytest.mark.parametrize("lmbda", [0.0, 0.7])
def test_the_transforms_of_box_and_cox(name: str, lmbda: float) -> None:
    assert ag.gradcheck(lambda x: getattr(special, name)(x, lmbda), X, order=2) < 1e-5


@pytest.mark.parametrize("kind", ["jn", "yn", "in", "kn"])
@pytest.mark.parametrize("n", [0, 2])
def test_spherical_bessel_functions(kind: str, n: int) -> None:
    f, theirs = getattr(special, f"spherical_{kind}"), getattr(scipy.special, f"spherical_{kind}")
    slope = ag.grad(lambda z: np.sum(f(n, z)))(ABOVE)
    np.testing.assert_allclose(slope, theirs(n, ABOVE, derivative=True), rtol=1e-12)
    assert ag.gradcheck(lambda z: f(n, z), ABOVE, order=2) < 1e-5


@pytest.mark.parametrize("name", ["airy", "sici", "shichi", "fresnel"])
def test_functions_that_give_several(name: str) -> None:
    f, theirs = getattr(special, name), getattr(scipy.special, name)
    for k, expected in enumerate(theirs(X)):
        np.testing.assert_array_equal(f(ag.Tensor(X))[k].numpy(), expected)
        assert ag.gradcheck(lambda x, k=k: f(x)[k], X, order=2) < 1e-5
    assert isinstance(theirs(ag.Tensor(X))[0], ag.Tensor)


def test_functions_of_complex_numbers() -> None:
    real = lambda f: lambda x: np.real(f(x + 0.3j)) + np.imag(f(x + 0.3j))
    for f in (special.wofz, special.wrightomega, special.lambertw):
        assert ag.gradcheck(real(f), X, order=2) < 1e-5
    assert ag.gradcheck(special.voigt_profile, X, ABOVE, X, order=2) < 1e-5


def test_gamma_functions_of_several_and_zeta_functions() -> None:
    np.testing.assert_allclose(special.multigammaln(ag.Tensor(ABOVE), 2).numpy(), scipy.special.multigammaln(ABOVE, 2))
    assert ag.gradcheck(lambda a: special.multigammaln(a, 3), ABOVE + 1, order=2) < 1e-5
    assert ag.gradcheck(lambda q: special.zeta(2.5, q), ABOVE, order=2) < 1e-5


def test_removable_singularities() -> None:
    """K′(0) = π/8, E′(0) = −π/8, 1/Γ at its zeros, dilogarithms at 1."""
    at = lambda f, x: float(ag.grad(f)(np.array(x)))
    assert at(special.ellipk, 0.0) == pytest.approx(np.pi / 8, rel=1e-12)
    assert at(special.ellipe, 0.0) == pytest.approx(-np.pi / 8, rel=1e-12)
    assert [at(special.rgamma, -n) for n in (0.0, 1.0, 2.0, 3.0)] == pytest.approx([1.0, -1.0, 2.0, -6.0])
    assert at(special.spence, 1.0) == -1.0 and float(ag.grad(ag.grad(special.spence))(np.array(1.0))) == 0.5
    assert at(special.exprel, 0.0) == 0.5


@pytest.mark.parametrize(
    "call",
    [
        lambda t: special.jv(t, 1.0),
        lambda t: special.gammainc(t, t),
        lambda t: special.betainc(1.0, t, 0.5),
        lambda t: special.zeta(t, 1.0),
        lambda t: special.spherical_jn(t, 1.0),
        lambda t: special.eval_legendre(t, 0.5),
    ],
)
def test_parameters_without_a_formula_are_refused(call: Any) -> None:
    t = ag.Tensor(np.array(2.0), requires_grad=True)
    with pytest.raises(TypeError, match="Fix: "):
        call(t) if call.__code__.co_names[-1] != "spherical_jn" else special.spherical_jn(t, t)


def test_every_function_of_scipy_special_is_decided() -> None:
    """Of the SciPy at hand; docs/coverage-scipy.md is made of the same table."""
    undecided = [name for name in scipy_table.functions() if not scipy_table.state(name)]
    undecided += [name for name in scipy_table.signals() if not scipy_table.signal_state(name)]
    assert not undecided, f"decide in tests/scipy_table.py: {undecided}"
    counted = sum(scipy_table.state(name) == "differentiable" for name in scipy_table.functions())
    assert counted > 120 and "`ellipk`" in scipy_table.PAGE.read_text(encoding="utf-8")
