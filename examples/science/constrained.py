"""A hanging chain: least energy under exact lengths, by trust regions with exact Jacobians and Hessians."""

import numpy as np
import scipy.optimize

import autograd_core as ag

N, SPAN = 9, 0.8  # inner points between two nails; ten links of length 0.1


def links(v):
    points = np.concatenate([np.array([[0.0, 0.0]]), np.reshape(v, (N, 2)), np.array([[SPAN, 0.0]])])
    return np.sum(np.diff(points, axis=0) ** 2, axis=1)


def energy(v):
    return np.sum(np.reshape(v, (N, 2))[:, 1])


def main():
    start = np.stack([np.linspace(0, SPAN, N + 2)[1:-1], -0.1 * np.ones(N)], axis=1).ravel()
    lengths = scipy.optimize.NonlinearConstraint(
        links, 0.01, 0.01, jac=ag.jacobian(links), hess=lambda v, m: ag.hessian(lambda v: m @ links(v))(v)
    )
    found = scipy.optimize.minimize(
        energy,
        start,
        jac=ag.grad(energy),
        hess=ag.hessian(energy),
        constraints=lengths,
        method="trust-constr",
        options={"maxiter": 300},
    )
    y = np.reshape(found.x, (N, 2))[:, 1]
    assert np.abs(links(found.x) - 0.01).max() < 1e-6 and np.abs(y - y[::-1]).max() < 1e-3
    print("heights", y.round(3))


if __name__ == "__main__":
    main()
