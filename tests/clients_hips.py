"""Run by tests/test_hips.py: lifelines' fits and a problem of pymanopt's, on either library under the name autograd."""

from __future__ import annotations

import json
import sys
import time
import warnings

import numpy as np


def main() -> None:
    warnings.simplefilter("ignore")
    if sys.argv[1] == "ours":
        import autograd_core.hips

        autograd_core.hips.install()

    import autograd.numpy as anp
    import lifelines
    import pymanopt
    from lifelines.datasets import load_rossi, load_waltons

    class Custom(lifelines.fitters.ParametricUnivariateFitter):  # type: ignore[misc,name-defined]
        """Cumulative hazard (t/λ)^ρ, told anew."""

        _fitted_parameter_names = ["scale_", "power_"]  # noqa: RUF012

        def _cumulative_hazard(self, params, times):  # type: ignore[no-untyped-def]
            scale, power = params
            return anp.exp(power * (anp.log(times) - anp.log(scale)))

    numbers: dict[str, list[float]] = {}
    seconds: dict[str, float] = {}

    def record(name: str, fit) -> None:  # type: ignore[no-untyped-def]
        start = time.perf_counter()
        try:
            numbers[name] = np.asarray(fit(), float).ravel().tolist()
        except Exception as error:
            numbers[name] = []
            print(name, type(error).__name__, str(error)[:300], file=sys.stderr)
        seconds[name] = time.perf_counter() - start

    data = load_waltons()
    T, E = data["T"].to_numpy(float), data["E"].to_numpy(float)
    everything = {
        "Weibull": lifelines.WeibullFitter(), "Exponential": lifelines.ExponentialFitter(),
        "LogNormal": lifelines.LogNormalFitter(), "LogLogistic": lifelines.LogLogisticFitter(),
        "Piecewise": lifelines.PiecewiseExponentialFitter([20.0, 40.0]),
        "Spline": lifelines.SplineFitter([10.0, 30.0, 60.0]),
        "GeneralizedGamma": lifelines.GeneralizedGammaFitter(), "Custom": Custom(),
    }  # fmt: skip
    for name, fitter in everything.items():
        if name not in sys.argv[2:] and sys.argv[2:]:
            continue
        record(name, lambda f=fitter: f.fit(T, E).summary[["coef", "se(coef)"]])
        record(f"{name} left", lambda f=fitter: f.fit_left_censoring(T, E).summary[["coef", "se(coef)"]])
        record(f"{name} interval", lambda f=fitter: f.fit_interval_censoring(T, T + 3.0).summary[["coef", "se(coef)"]])
    rossi = load_rossi().iloc[:150]
    for name in ("WeibullAFT", "LogNormalAFT", "LogLogisticAFT"):
        if name in sys.argv[2:] or not sys.argv[2:]:
            record(
                name,
                lambda n=name: (
                    getattr(lifelines, f"{n}Fitter")().fit(rossi, "week", "arrest").summary[["coef", "se(coef)"]]
                ),
            )

    def leading(optimizer):  # type: ignore[no-untyped-def]
        manifold = pymanopt.manifolds.Sphere(5)
        matrix = np.diag(np.arange(5.0)) + 0.1

        @pymanopt.function.autograd(manifold)
        def cost(x):  # type: ignore[no-untyped-def]
            return -anp.dot(x, anp.dot(matrix, x))

        return optimizer.run(pymanopt.Problem(manifold, cost), initial_point=np.ones(5) / np.sqrt(5.0)).point

    if "pymanopt" in sys.argv[2:] or not sys.argv[2:]:
        record("SteepestDescent", lambda: leading(pymanopt.optimizers.SteepestDescent(verbosity=0)))
        record("TrustRegions", lambda: leading(pymanopt.optimizers.TrustRegions(verbosity=0)))
    print(json.dumps({"numbers": numbers, "seconds": seconds}))


if __name__ == "__main__":
    main()
