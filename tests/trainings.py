"""A small set of data, a model with all that has a mode, and a trainer for it."""

import numpy as np

import autograd_core as ag
import nn
import optim

rng = np.random.default_rng(0)
X = rng.normal(size=(70, 3)).astype(np.float32)
Y = (X @ np.array([1.0, -2.0, 0.5]) > 0).astype(int)
T = X @ np.array([[1.0], [-2.0], [0.5]], np.float32) + 1


def classifier():
    ag.manual_seed(4)
    return nn.Sequential(nn.Linear(3, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.2), nn.Linear(8, 2))


def trainer(model=None, callbacks=(), lr=0.05, **options):
    model = classifier() if model is None else model
    return nn.Trainer(model, nn.CrossEntropyLoss(), optim.SGD(model.parameters(), lr=lr), callbacks, **options)


def state(model):
    return {name: array.tobytes() for name, array in model.state_dict().items()}
