"""A hidden Markov model: the slopes of its log-likelihood by the scores are probabilities of the hidden states."""

import itertools

import numpy as np

import autograd_core as ag

LOG_T = np.log(np.array([[0.8, 0.2], [0.3, 0.7]]))
LOG_E = np.log(np.array([[0.7, 0.2, 0.1], [0.1, 0.3, 0.6]]))
SEEN = np.array([0, 0, 1, 2, 2, 1, 0, 2])


def likelihood(log_e):
    """Forward algorithm in logarithms; log_e holds a row of scores for every time."""
    alpha = ag.Tensor(np.zeros(log_e.shape))  # filled row by row: alpha[t] = … of NumPy would lose the gradient
    alpha = alpha.at[0].set(np.log(0.5) + log_e[0])
    for t in range(1, len(log_e)):
        alpha = alpha.at[t].set(np.logaddexp.reduce(alpha[t - 1][:, None] + LOG_T, axis=0) + log_e[t])
    return np.logaddexp.reduce(alpha[-1])


def by_counting(log_e):
    weights, total = np.zeros_like(log_e), 0.0
    for path in itertools.product(range(2), repeat=len(log_e)):
        p = 0.5 * np.exp(
            sum(log_e[t, s] for t, s in enumerate(path)) + sum(LOG_T[a, b] for a, b in itertools.pairwise(path))
        )
        total += p
        for t, s in enumerate(path):
            weights[t, s] += p
    return weights / total


def main():
    log_e = LOG_E[:, SEEN].T
    states = ag.grad(likelihood)(log_e)
    assert np.allclose(states, by_counting(log_e))
    print("P(state 0):", states[:, 0].round(2))


if __name__ == "__main__":
    main()
