"""A training step of a small network: 64-128-64-10, ReLU, softmax cross-entropy, Adam, batch 32, float32.

The figures compared are the losses of the first five steps, so gradients and updates are compared too.
"""

import itertools

import numpy as np

from benchmarks.workloads import ONLY_SCALARS, Trial, compiled, seconds_per_step
from benchmarks.workloads import by_hand as hand
from benchmarks.workloads import training as tr

SIZES, BATCH = (64, 128, 64, 10), 32
DTYPE = "float32"
COMPILED = True
METRICS = {"time": "µs/step"}
ABSENT = {"micrograd": ONLY_SCALARS}


def measure(trial):
    return {"time": seconds_per_step(trial.step, repeat=400) * 1e6}


def training(step_on, convert=lambda x, labels: (x, labels)):
    """Return the trial that calls `step_on(x, labels)` with the next batch; batches are converted beforehand."""
    data = [convert(*batch) for batch in tr.batches(SIZES[0], SIZES[-1], BATCH)]
    endless = itertools.cycle(data)

    def step():
        return step_on(*next(endless))

    return Trial(step, lambda: [step() for _ in range(5)])


def torch_eager(compiled=False, fused=False):
    import torch
    from torch import nn

    model = nn.Sequential(
        nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 10)
    )  # fmt: skip
    with torch.no_grad():
        for parameter, array in zip(model.parameters(), tr.initial(*SIZES), strict=True):
            parameter.copy_(torch.tensor(array))
    optimizer = torch.optim.Adam(model.parameters(), lr=tr.LEARNING_RATE, fused=fused or None)
    criterion = nn.CrossEntropyLoss()

    def loss_of(x, labels):
        return criterion(model(x), labels)

    loss_of = torch.compile(loss_of) if compiled else loss_of

    def step_on(x, labels):
        optimizer.zero_grad()
        loss = loss_of(x, labels)
        loss.backward()
        optimizer.step()
        return loss.detach()

    return training(step_on, lambda x, labels: (torch.tensor(x), torch.tensor(labels)))


def torch_fused():
    return torch_eager(fused=True)


def torch_compile():
    return torch_eager(compiled=True)


def ours():
    import autograd_core as ag
    import nn
    import optim

    model = nn.Sequential(nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 10))
    model.load_state_dict(dict(zip(model.state_dict(), tr.initial(*SIZES), strict=True)))
    optimizer = optim.Adam(model.parameters(), lr=tr.LEARNING_RATE)
    criterion = nn.CrossEntropyLoss()

    @compiled
    def step_on(x, labels):
        optimizer.zero_grad()
        loss = criterion(model(x), labels)
        loss.backward()
        optimizer.step()
        return loss.data

    return training(step_on, lambda x, labels: (ag.Tensor(x), labels))


def numpy():
    adam = hand.FlatAdam(tr.initial(*SIZES))
    w1, b1, w2, b2, w3, b3 = adam.views
    gw1, gb1, gw2, gb2, gw3, gb3 = adam.gradients
    ones = np.ones(BATCH, np.float32)  # ones @ g sums the rows four times as fast as g.sum(0)
    zero = np.array(0, np.float32)

    def step_on(x, labels):
        h1 = x @ w1.T
        h1 += b1
        np.maximum(h1, zero, h1)
        h2 = h1 @ w2.T
        h2 += b2
        np.maximum(h2, zero, h2)
        z = h2 @ w3.T
        z += b3
        loss, g = hand.softmax_cross_entropy(z, labels)
        np.matmul(g.T, h2, gw3)
        np.matmul(ones, g, gb3)
        g = g @ w3
        g *= h2 > zero
        np.matmul(g.T, h1, gw2)
        np.matmul(ones, g, gb2)
        g = g @ w2
        g *= h1 > zero
        np.matmul(g.T, x, gw1)
        np.matmul(ones, g, gb1)
        adam.step()
        return loss

    return training(step_on)


def forward(parameters, x, relu):
    w1, b1, w2, b2, w3, b3 = parameters
    h = relu(x @ w1.T + b1)
    h = relu(h @ w2.T + b2)
    return h @ w3.T + b3


def jax_jit():
    import jax
    import jax.numpy as jnp

    def loss_of(parameters, x, labels):
        return tr.array_cross_entropy(forward(parameters, x, jax.nn.relu), labels, jnp)

    def update(state, x, labels):
        loss, gradients = jax.value_and_grad(loss_of)(state[0], x, labels)
        return loss, tr.jax_adam(state, gradients)

    update = jax.jit(update, donate_argnums=0)
    state = tr.jax_state(tr.initial(*SIZES))

    def step_on(x, labels):
        nonlocal state
        loss, state = jax.block_until_ready(update(state, x, labels))
        return loss

    return training(step_on, lambda x, labels: (jnp.asarray(x), jnp.asarray(labels)))


def autograd():
    import autograd.numpy as anp
    from autograd import value_and_grad

    adam = hand.FlatAdam(tr.initial(*SIZES))

    def loss_of(parameters, x, labels):
        logits = forward(parameters, x, lambda z: anp.maximum(z, 0))
        return tr.array_cross_entropy(logits, labels, anp)

    function = value_and_grad(loss_of)

    def step_on(x, labels):
        loss, gradients = function(adam.views, x, labels)
        adam.step(gradients)
        return loss

    return training(step_on)


def mygrad():
    import mygrad as mg
    from mygrad.nnet.activations import relu
    from mygrad.nnet.losses import softmax_crossentropy

    adam = hand.FlatAdam(tr.initial(*SIZES))
    parameters = [mg.tensor(view, copy=False) for view in adam.views]

    def step_on(x, labels):
        loss = softmax_crossentropy(forward(parameters, x, relu), labels)
        loss.backward()
        adam.step([parameter.grad for parameter in parameters])
        return loss.data

    return training(step_on)


def sklearn():
    from sklearn.neural_network import MLPClassifier

    model = MLPClassifier(
        SIZES[1:-1], alpha=0.0, batch_size=BATCH, learning_rate_init=tr.LEARNING_RATE, epsilon=tr.EPS
    )  # fmt: skip
    x, labels = tr.batches(SIZES[0], SIZES[-1], BATCH)[0]
    model.partial_fit(x, labels, classes=np.arange(SIZES[-1]))
    arrays = tr.initial(*SIZES)
    model.coefs_ = [w.T.copy() for w in arrays[::2]]
    model.intercepts_ = arrays[1::2]
    del model._optimizer  # made anew, for these arrays, by the next partial_fit

    def step_on(x, labels):
        return float(model.partial_fit(x, labels).loss_)

    return training(step_on)
