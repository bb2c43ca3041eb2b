"""A Kalman filter: the likelihood of noisy positions, and the noises that make them likeliest."""

import numpy as np
import scipy.optimize

import autograd_core as ag

F, H = np.array([[1.0, 0.1], [0.0, 1.0]]), np.array([[1.0, 0.0]])


def step(carry, y, q, r):
    mean, cov, total = carry
    mean, cov = F @ mean, F @ cov @ F.T + q * np.eye(2)
    s = H @ cov @ H.T + r * np.eye(1)
    error = y - H @ mean
    gain = np.linalg.solve(s, H @ cov).T
    total = total - 0.5 * (error @ np.linalg.solve(s, error) + np.log(2 * np.pi * s[0, 0]))
    return (mean + gain @ error, cov - gain @ H @ cov, total), mean


def likelihood(theta, ys):
    """Python's own loop: a row for every operation of every step."""
    carry = np.zeros(2), np.eye(2), np.array(0.0)
    for y in ys:
        carry, _ = step(carry, y, np.exp(theta[0]), np.exp(theta[1]))
    return carry[2]


def scanned(theta, ys):
    """The same as one row."""
    start = np.zeros(2), np.eye(2), np.array(0.0)
    return ag.scan(lambda c, y: step(c, y, np.exp(theta[0]), np.exp(theta[1])), start, ys)[0][2]


def measurements(n=50):
    rng = np.random.default_rng(0)
    x, ys = np.zeros(2), []
    for _ in range(n):
        x = F @ x + rng.normal(size=2) * 0.3
        ys.append(H @ x + rng.normal(size=1) * 0.5)
    return np.array(ys)


def main():
    ys, theta = measurements(), np.zeros(2)
    g = ag.grad(likelihood)(theta, ys)
    assert np.allclose(g, ag.grad(scanned)(theta, ys))
    found = scipy.optimize.minimize(lambda t: -likelihood(t, ys), theta, jac=lambda t: -ag.grad(likelihood)(t, ys))
    assert np.abs(ag.grad(likelihood)(found.x, ys)).max() < 1e-3
    print("noises", np.exp(found.x / 2).round(2), "of 0.3 and 0.5")


if __name__ == "__main__":
    main()
