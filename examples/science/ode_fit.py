"""Hunters and prey: the four rates of Lotka and Volterra's equations from noisy counts, through the integrator."""

import numpy as np
import scipy.optimize

import autograd_core as ag

TIMES, START, TRUE = np.linspace(0, 3, 13), np.array([1.0, 0.5]), np.array([1.1, 0.6, 1.0, 0.5])


def change(y, t, p):
    prey, hunters = y[0], y[1]
    return np.stack([p[0] * prey - p[1] * prey * hunters, p[3] * prey * hunters - p[2] * hunters])


def main():
    counts = ag.odeint(change, START, TIMES, TRUE) + 0.01 * np.random.default_rng(0).normal(size=(13, 2))
    misfit = lambda p: np.sum((ag.odeint(change, START, TIMES, p) - counts) ** 2)
    found = scipy.optimize.minimize(
        misfit, np.array([1.0, 0.5, 0.9, 0.5]), jac=ag.grad(misfit), options={"maxiter": 15, "gtol": 1e-3}
    )
    assert np.abs(found.x - TRUE).max() < 0.05
    print("rates", found.x.round(3))


if __name__ == "__main__":
    main()
