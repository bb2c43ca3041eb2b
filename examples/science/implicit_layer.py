"""A layer whose result is a fixed point z = tanh(W z + x): trained through the equation, not through the iterations."""

import numpy as np

import autograd_core as ag


def layer(W, x):
    return ag.fixed_point(lambda z, W, x: np.tanh(W @ z + x), np.zeros(len(x)), W, x)


def main():
    rng = np.random.default_rng(0)
    W, x, target = 0.2 * rng.normal(size=(5, 5)), rng.normal(size=5), np.linspace(-0.5, 0.5, 5)
    loss = lambda W: np.sum((layer(W, x) - target) ** 2)
    before, g = loss(W), ag.grad(loss)(W)
    move = np.zeros((5, 5))
    move[1, 2] = 1e-5
    assert abs((loss(W + move) - loss(W - move)) / 2e-5 - g[1, 2]) < 1e-6
    for _ in range(60):
        W = W - 0.1 * ag.grad(loss)(W)
    assert loss(W) < before / 3
    print(f"loss {before:.3f} -> {loss(W):.5f}")


if __name__ == "__main__":
    main()
