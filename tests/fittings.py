"""Data and modules that the tests of estimators share."""

import numpy as np

import nn

RNG = np.random.default_rng(0)
X = RNG.standard_normal((90, 4))
CLASSES = {
    "binary": np.where(X[:, 0] + X[:, 1] > 0, "yes", "no"),
    "three": np.digitize(X[:, 0], (-0.5, 0.5)),
    "labels": (X[:, :3] > 0).astype(int),
}
NUMBERS = X[:, 0] - 2 * X[:, 1]
COUNTS = RNG.poisson(np.exp(X[:, 0])).astype(float)
WEIGHTS = RNG.integers(1, 4, len(X)).astype(float)


class Net(nn.Module):
    def __init__(self, in_features, out_features, hidden=10):
        self.layers = nn.Sequential(nn.Linear(in_features, hidden), nn.Tanh(), nn.Linear(hidden, out_features))

    def forward(self, x):
        return self.layers(x)


class Noisy(nn.Sequential):
    def __init__(self, in_features, out_features):
        super().__init__(nn.Linear(in_features, 8), nn.Dropout(0.5), nn.Linear(8, out_features))


class Flat(nn.Linear):
    def __init__(self, in_features):
        super().__init__(in_features, 1)

    def forward(self, x):
        return super().forward(x)[:, 0]


def arrays(model):
    return [*model.coefs_, *model.intercepts_]


def assert_same_network(ours, theirs, tolerance=1e-9):
    for a, b in zip(arrays(ours), arrays(theirs), strict=True):
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)
