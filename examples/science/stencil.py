"""A nonlinear stencil: Newton's method with a sparse Jacobian, and the adjoint of what it finds."""

import numpy as np
import scipy.sparse.linalg

import autograd_core as ag

N = 2_000
H = 1 / (N + 1)


def residual(u, k):
    """u'' = k eᵘ − 1 between zeros."""
    around = np.concatenate([np.zeros(1), u, np.zeros(1)])
    return (around[2:] - 2 * u + around[:-2]) / H**2 - k * np.exp(u) + 1


def solve(k):
    u = np.zeros(N)
    jacobian = ag.jacobian(lambda u: residual(u, k), sparse=True)
    for _ in range(20):
        move = scipy.sparse.linalg.spsolve(jacobian(u).tocsc(), residual(u, k))
        u = u - move
        if np.abs(move).max() < 1e-10:
            return u, jacobian(u)
    raise RuntimeError("Newton's method has not converged")


def main():
    u, J = solve(0.5)
    weights = scipy.sparse.linalg.spsolve(J.T.tocsc(), np.full(N, H))  # adjoint of the mean
    slope = -weights @ ag.jvp(lambda k: residual(u, k), (np.array(0.5),), (np.array(1.0),))[1]
    difference = (solve(0.5 + 1e-4)[0].sum() - solve(0.5 - 1e-4)[0].sum()) * H / 2e-4
    assert J.nnz == 3 * N - 2 and abs(slope - difference) < 1e-5
    print(f"mean {u.sum() * H:.6f}, its slope by k {slope:.6f}")


if __name__ == "__main__":
    main()
