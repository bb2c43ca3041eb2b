"""Run by tests/test_hips.py: lifelines' fits and pymanopt's problems, on either library under the name autograd.

    python tests/clients_hips.py ours|theirs [name ...]

Prints what every fit found and how much time of a processor it took, as JSON; all fits where none is named.
"""

from __future__ import annotations

import json
import sys
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

if sys.argv[1] == "ours":
    import autograd_core.hips

    autograd_core.hips.install()

import autograd.numpy as anp
import lifelines
import pymanopt
from lifelines import datasets

SHOWN = ["coef", "se(coef)"]


# lifelines -----------------------------------------------------------------------------------------------------------


class Custom(lifelines.fitters.ParametricUnivariateFitter):  # type: ignore[misc,name-defined]
    """Cumulative hazard (t/λ)^ρ, told anew."""

    _fitted_parameter_names = ["scale_", "power_"]  # noqa: RUF012

    def _cumulative_hazard(self, params: Any, times: Any) -> Any:
        scale, power = params
        return anp.exp(power * (anp.log(times) - anp.log(scale)))


UNIVARIATE: dict[str, Callable[[], Any]] = {
    "Weibull": lifelines.WeibullFitter,
    "Exponential": lifelines.ExponentialFitter,
    "LogNormal": lifelines.LogNormalFitter,
    "LogLogistic": lifelines.LogLogisticFitter,
    "Piecewise": lambda: lifelines.PiecewiseExponentialFitter([20.0, 40.0]),
    "Spline": lambda: lifelines.SplineFitter([10.0, 30.0, 60.0]),
    "GeneralizedGamma": lifelines.GeneralizedGammaFitter,
    "Mixture": lambda: lifelines.MixtureCureFitter(base_fitter=lifelines.WeibullFitter()),
    "Custom": Custom,
}


def univariate() -> dict[str, Callable[[], Any]]:
    found: dict[str, Callable[[], Any]] = {}
    data = datasets.load_waltons()
    T, E = data["T"].to_numpy(float), data["E"].to_numpy(float)
    for name, make in UNIVARIATE.items():
        found[name] = lambda make=make: make().fit(T, E).summary[SHOWN]
        if name != "Mixture":
            found[f"{name} left"] = lambda make=make: make().fit_left_censoring(T, E).summary[SHOWN]
            found[f"{name} interval"] = lambda make=make: make().fit_interval_censoring(T, T + 3.0).summary[SHOWN]
    for data, time_column, event in (("load_lung", "time", "status"), ("load_larynx", "time", "death")):
        frame = getattr(datasets, data)().dropna(subset=[time_column, event])
        times, events = frame[time_column].to_numpy(float), frame[event].to_numpy(float)
        for name in ("Weibull", "LogNormal", "LogLogistic"):
            found[f"{data} {name}"] = lambda name=name, t=times, e=events: (
                UNIVARIATE[name]().fit(t, e == e.max()).summary[SHOWN]
            )
    return found


def regressions() -> dict[str, Callable[[], Any]]:
    rossi = datasets.load_rossi().iloc[:200]
    until = rossi.drop(columns="arrest").assign(up=rossi["week"] + np.where(rossi["arrest"] == 1, 0, 20))
    knots = {"beta_": "fin + age", "gamma0_": "1", "gamma1_": "1", "gamma2_": "1"}
    breaks = [20.0, 40.0]
    fitters: dict[str, Any] = {
        **{
            name: (getattr(lifelines, f"{name}Fitter"), {}) for name in ("WeibullAFT", "LogNormalAFT", "LogLogisticAFT")
        },
        "GeneralizedGammaRegression": (lifelines.GeneralizedGammaRegressionFitter, {"penalizer": 0.1}),
        "PiecewiseRegression": (
            lifelines.PiecewiseExponentialRegressionFitter,
            {"breakpoints": breaks, "penalizer": 0.1},
        ),
        "CoxSpline": (
            lifelines.CoxPHFitter,
            {"baseline_estimation_method": "spline", "n_baseline_knots": 3, "penalizer": 0.01},
        ),
        "CoxPiecewise": (
            lifelines.CoxPHFitter,
            {"baseline_estimation_method": "piecewise", "breakpoints": breaks, "penalizer": 0.01},
        ),
    }
    found: dict[str, Callable[[], Any]] = {
        name: lambda make=make, o=options: make(**o).fit(rossi, "week", "arrest").summary[SHOWN]
        for name, (make, options) in fitters.items()
    }
    spline = lambda: lifelines.CRCSplineFitter(n_baseline_knots=3, penalizer=0.01)
    aft = lifelines.WeibullAFTFitter
    return found | {
        "CRCSpline": lambda: spline().fit(rossi, "week", "arrest", regressors=knots).summary[SHOWN],
        "WeibullAFT ancillary": lambda: aft(penalizer=0.01).fit(rossi, "week", "arrest", ancillary=True).summary[SHOWN],
        "WeibullAFT interval": lambda: aft().fit_interval_censoring(until, "week", "up").summary[SHOWN],
        "LogNormalAFT robust": lambda: (
            lifelines.LogNormalAFTFitter().fit(rossi, "week", "arrest", robust=True).summary[SHOWN]
        ),
        "LogLogisticAFT left": lambda: (
            lifelines.LogLogisticAFTFitter().fit_left_censoring(rossi, "week", "arrest").summary[SHOWN]
        ),
        "WeibullAFT prediction": lambda: aft().fit(rossi, "week", "arrest").predict_median(rossi),
    }


# pymanopt ------------------------------------------------------------------------------------------------------------


def manifolds() -> dict[str, tuple[Any, Callable[..., Any]]]:
    rng = np.random.default_rng(0)
    A, B, points = rng.normal(size=(6, 6)), rng.normal(size=(6, 4)), rng.normal(size=(3, 10))
    S = A @ A.T
    turned = np.linalg.qr(rng.normal(size=(3, 3)))[0] @ points + 1.0
    H = rng.normal(size=(4, 4)) + 1j * rng.normal(size=(4, 4))
    H, weights, m = H + H.conj().T, np.diag([1.0, 2.0]), pymanopt.manifolds
    return {
        "sphere": (m.Sphere(6), lambda x: -anp.dot(x, anp.dot(S, x))),
        "stiefel": (m.Stiefel(6, 2), lambda X: -anp.trace(weights @ X.T @ S @ X)),
        "grassmann": (m.Grassmann(6, 2), lambda X: -anp.trace(X.T @ S @ X)),
        "definite": (
            m.SymmetricPositiveDefinite(3),
            lambda X: anp.trace(anp.linalg.inv(X) @ (S[:3, :3] + np.eye(3))) + anp.log(anp.linalg.det(X)),
        ),
        "fixed rank": (
            m.FixedRankEmbedded(6, 4, 2),
            lambda u, s, vt: anp.linalg.norm(u @ anp.diag(s) @ vt - B) ** 2,
        ),
        "oblique": (m.Oblique(4, 3), lambda X: anp.sum((X.T @ X) ** 2)),
        "product": (
            m.Product([m.Stiefel(3, 3), m.Euclidean(3)]),
            lambda R, t: anp.sum((R @ points + t[:, None] - turned) ** 2),
        ),
        "circle": (m.ComplexCircle(4), lambda x: -anp.real(anp.conj(x) @ H @ x)),
        "semidefinite": (m.PSDFixedRank(5, 2), lambda Y: anp.linalg.norm(Y @ Y.T - S[:5, :5]) ** 2),
        "rotations": (m.SpecialOrthogonalGroup(3), lambda X: -anp.trace(X.T @ S[:3, :3])),
    }


def problems() -> dict[str, Callable[[], Any]]:
    def least(manifold: Any, cost: Any, optimizer: str) -> list[float]:
        np.random.seed(0)  # noqa: NPY002 (pymanopt draws from it)
        run = getattr(pymanopt.optimizers, optimizer)(verbosity=0, max_iterations=100)
        return [run.run(pymanopt.Problem(manifold, pymanopt.function.autograd(manifold)(cost))).cost]

    return {
        f"{name} {optimizer}": lambda manifold=manifold, cost=cost, optimizer=optimizer: least(
            manifold, cost, optimizer
        )
        for name, (manifold, cost) in manifolds().items()
        for optimizer in ("SteepestDescent", "ConjugateGradient", "TrustRegions")
        if (name, optimizer) != ("fixed rank", "TrustRegions")  # pymanopt has no second-order step there
    }


def main() -> None:
    warnings.simplefilter("ignore")
    numbers: dict[str, list[float]] = {}
    seconds: dict[str, float] = {}
    for name, fit in (univariate() | regressions() | problems()).items():
        if sys.argv[2:] and name not in sys.argv[2:]:
            continue
        start = time.process_time()
        try:
            numbers[name] = np.asarray(fit(), float).ravel().tolist()
        except Exception as error:
            numbers[name] = []
            print(name, type(error).__name__, str(error)[:300], file=sys.stderr)
        seconds[name] = time.process_time() - start
    print(json.dumps({"numbers": numbers, "seconds": seconds}))


if __name__ == "__main__":
    main()
