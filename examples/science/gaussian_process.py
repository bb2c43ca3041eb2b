"""A Gaussian process: length, height and noise by the gradient of the evidence."""

import numpy as np
import scipy.optimize

import autograd_core as ag

X = np.linspace(0, 6, 40)
Y = np.sin(X) + 0.1 * np.random.default_rng(0).normal(size=40)


def kernel(a, b, theta):
    return np.exp(2 * theta[1]) * np.exp(-0.5 * ((a[:, None] - b[None, :]) / np.exp(theta[0])) ** 2)


def evidence(theta):
    K = kernel(X, X, theta) + np.exp(2 * theta[2]) * np.eye(len(X))
    return -0.5 * Y @ np.linalg.solve(K, Y) - 0.5 * np.linalg.slogdet(K)[1] - 0.5 * len(X) * np.log(2 * np.pi)


def main():
    found = scipy.optimize.minimize(
        lambda t: -evidence(t), np.array([0.0, 0.0, -1.0]), jac=ag.grad(lambda t: -evidence(t))
    )
    theta = found.x
    assert np.abs(ag.grad(evidence)(theta)).max() < 1e-2
    K = kernel(X, X, theta) + np.exp(2 * theta[2]) * np.eye(len(X))
    at = np.array([1.05, 3.33])
    assert np.abs(kernel(at, X, theta) @ np.linalg.solve(K, Y) - np.sin(at)).max() < 0.1
    print("length, height, noise:", np.exp(theta).round(2))


if __name__ == "__main__":
    main()
