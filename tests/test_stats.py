"""Distributions: SciPy's numbers, and derivatives by x and by every parameter that has them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.stats

import autograd_core as ag
from autograd_core import stats

X = np.array([0.3, 0.8, 2.5])
CONTINUOUS: dict[str, tuple[float, ...]] = {
    **dict.fromkeys(("norm", "uniform", "expon", "laplace", "logistic", "cauchy", "gumbel_r", "gumbel_l"), ()),
    **dict.fromkeys(("rayleigh", "maxwell", "halfnorm"), ()),
    **dict.fromkeys(("gamma", "chi2", "t", "invgamma", "pareto", "weibull_min", "lognorm"), (1.7,)),
    **dict.fromkeys(("beta", "f"), (1.7, 2.3)),
}
BY_TABLES = {"gamma", "chi2", "t", "beta", "f", "invgamma"}
"""Their distribution functions have no formula for the derivative by the shape."""


@pytest.mark.parametrize("name", CONTINUOUS)
def test_densities_and_distribution_functions_are_scipys(name: str) -> None:
    shapes, ours, theirs = CONTINUOUS[name], getattr(stats, name), getattr(scipy.stats, name)
    x = np.array([-1.0, 0.3, 0.8, 2.5, 9.0])
    with np.errstate(all="ignore"):
        for method in ("pdf", "logpdf", "cdf", "logcdf", "sf"):
            for place in ({}, {"loc": 0.1, "scale": 2.0}):
                expected = getattr(theirs, method)(x, *shapes, **place)
                for given in (x, ag.Tensor(x)):
                    found = np.asarray(getattr(ours, method)(given, *shapes, **place))
                    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", CONTINUOUS)
def test_derivatives_by_x_shapes_loc_and_scale(name: str) -> None:
    shapes, d = CONTINUOUS[name], getattr(stats, name)
    at = (X + 1 if name == "pareto" else X[:2] if name in ("uniform", "beta") else X) * 1.2
    given = (at, *map(np.array, shapes), np.array(0.05), np.array(1.3))
    kept = given if name != "laplace" else (at + 0.4, *given[1:])
    assert ag.gradcheck(d.logpdf, *kept, order=2) < 1e-5
    if name in BY_TABLES:
        assert ag.gradcheck(lambda x, loc, scale: d.cdf(x, *shapes, loc, scale), kept[0], *kept[-2:]) < 1e-5
    else:
        assert ag.gradcheck(d.cdf, *kept) < 1e-5 and ag.gradcheck(d.logcdf, *kept) < 1e-5


@pytest.mark.parametrize(
    ("name", "shapes"),
    [("poisson", (1.7,)), ("bernoulli", (0.3,)), ("binom", (5, 0.3)), ("geom", (0.3,)), ("nbinom", (2.5, 0.4))],
)
def test_probabilities_of_whole_numbers(name: str, shapes: Any) -> None:
    k = np.array([-1, 0, 1, 2, 7])
    ours, theirs = getattr(stats, name), getattr(scipy.stats, name)
    np.testing.assert_allclose(ours.logpmf(k, *shapes), theirs.logpmf(k, *shapes), rtol=1e-11)
    p = np.array(shapes[-1])
    assert ag.gradcheck(lambda p: ours.pmf(k, *shapes[:-1], p), p, order=2) < 1e-5


def test_distributions_of_vectors() -> None:
    rng = np.random.default_rng(0)
    x, mean, a = rng.normal(size=(4, 2)), rng.normal(size=2), rng.normal(size=(2, 2))
    cov = a @ a.T + np.eye(2)
    expected = scipy.stats.multivariate_normal.logpdf(x, mean, cov)
    np.testing.assert_allclose(stats.multivariate_normal.logpdf(x, mean, cov), expected, rtol=1e-12)
    assert ag.gradcheck(lambda x, m, a: stats.multivariate_normal.logpdf(x, m, a @ a.T + np.eye(2)), x, mean, a) < 1e-6
    p, alpha = np.array([0.2, 0.5, 0.3]), np.array([1.5, 2.0, 0.7])
    np.testing.assert_allclose(stats.dirichlet.logpdf(p, alpha), scipy.stats.dirichlet.logpdf(p, alpha), rtol=1e-12)
    assert ag.gradcheck(stats.dirichlet.logpdf, p, alpha, order=2) < 1e-5


def test_outside_of_the_support_nothing_moves() -> None:
    for d in (stats.expon, stats.rayleigh):
        x = np.array([-1.0, 2.0])
        assert ag.grad(lambda x, d=d: np.sum(d.pdf(x)))(x)[0] == 0.0 and d.logpdf(x)[0] == -np.inf


def test_wrong_parameters_are_named() -> None:
    for call in (
        lambda: stats.gamma.logpdf(1.0),
        lambda: stats.norm.logpdf(1.0, 0.0, 1.0, 2.0),
        lambda: stats.norm.logpdf(1.0, sigma=2.0),
        lambda: stats.poisson.logpmf(1),
    ):
        with pytest.raises(TypeError, match=r"takes|missing"):
            call()
