"""A training step of a middle network: 784-1024-1024-10 with BatchNorm1d, ReLU, Dropout(0.5), Adam, batch 256, float32.

Every peer is built twice: without dropout for the losses of the first three steps, which must agree, and with it for
the timing, where every library draws its own masks.
"""

import itertools

import numpy as np

from benchmarks.workloads import ONLY_SCALARS, Trial, compiled, seconds_per_step
from benchmarks.workloads import by_hand as hand
from benchmarks.workloads import training as tr
from benchmarks.workloads.training import BN_EPS, MOMENTUM

FEATURES, WIDTH, CLASSES, BATCH, P = 784, 1024, 10, 256, 0.5
DTYPE = "float32"
ZERO, ROWS = np.float32(0), np.float32(BATCH)  # Python numbers, or a mean, would widen MyGrad's and autograd's float32
COMPILED = True
METRICS = {"time": "ms/step"}
ABSENT = {"micrograd": ONLY_SCALARS, "sklearn": "has neither BatchNorm nor Dropout"}


def measure(trial):
    return {"time": seconds_per_step(trial.step, repeat=6) * 1e3}


def training(build, convert=lambda x, labels: (x, labels)):
    """Return the trial of `build(p)`, which returns a function of one batch that trains on it and returns the loss."""
    data = [convert(*batch) for batch in tr.batches(FEATURES, CLASSES, BATCH, count=4)]
    endless, timed = itertools.cycle(data), build(P)

    def figures():
        compared = build(0.0)
        return [compared(*batch) for batch in data[:3]]

    return Trial(lambda: timed(*next(endless)), figures)


def arrays():
    """Return W1, b1, γ1, β1, W2, b2, γ2, β2, W3, b3."""
    w1, b1, w2, b2, w3, b3 = tr.initial(FEATURES, WIDTH, WIDTH, CLASSES)
    one, zero = np.ones(WIDTH, np.float32), np.zeros(WIDTH, np.float32)
    return [w1, b1, one, zero, w2, b2, one, zero, w3, b3]


def layers(nn, p):
    """Return the network, in the names that PyTorch and we share."""
    return nn.Sequential(
        nn.Linear(FEATURES, WIDTH), nn.BatchNorm1d(WIDTH), nn.ReLU(), nn.Dropout(p),
        nn.Linear(WIDTH, WIDTH), nn.BatchNorm1d(WIDTH), nn.ReLU(), nn.Dropout(p),
        nn.Linear(WIDTH, CLASSES),
    )  # fmt: skip


def torch_eager(compiled=False, fused=False):
    import torch
    from torch import nn

    def build(p):
        model = layers(nn, p)
        with torch.no_grad():
            for parameter, array in zip(model.parameters(), arrays(), strict=True):
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

        return step_on

    return training(build, lambda x, labels: (torch.tensor(x), torch.tensor(labels)))


def torch_fused():
    return torch_eager(fused=True)


def torch_compile():
    return torch_eager(compiled=True)


def ours():
    import autograd_core as ag
    import nn
    import optim

    def build(p):
        model = layers(nn, p)
        names = [name for name, _ in model.named_parameters()]
        model.load_state_dict(model.state_dict() | dict(zip(names, arrays(), strict=True)))
        model.train()
        optimizer = optim.Adam(model.parameters(), lr=tr.LEARNING_RATE)
        criterion = nn.CrossEntropyLoss()

        @compiled
        def step_on(x, labels):
            optimizer.zero_grad()
            loss = criterion(model(x), labels)
            loss.backward()
            optimizer.step()
            return loss.data

        return step_on

    return training(build, lambda x, labels: (ag.Tensor(x), labels))


def numpy():
    def build(p):
        adam = hand.FlatAdam(arrays())
        rng = np.random.default_rng(2)
        first, second = (
            hand.Block(adam.views[i : i + 4], adam.gradients[i : i + 4], BATCH, p, rng) for i in (0, 4)
        )  # fmt: skip
        w3, b3 = adam.views[8:]
        gw3, gb3 = adam.gradients[8:]

        def step_on(x, labels):
            h = second.forward(first.forward(x))
            z = h @ w3.T
            z += b3
            loss, g = hand.softmax_cross_entropy(z, labels)
            np.matmul(g.T, h, gw3)
            np.sum(g, 0, out=gb3)
            first.backward(second.backward(g @ w3, need_x=True), need_x=False)
            adam.step()
            return loss

        return step_on

    return training(build)


def forward(parameters, x, masks, xp):
    """Return logits and the batch statistics of both blocks, from the primitives of `xp`."""
    statistics = []
    for i, mask in zip((0, 4), masks, strict=True):
        w, b, gamma, beta = parameters[i : i + 4]
        z = x @ w.T + b
        mean = xp.sum(z, axis=0) / ROWS
        centred = z - mean
        variance = xp.sum(centred * centred, axis=0) / ROWS
        statistics.append((mean, variance))
        x = xp.maximum(centred / xp.sqrt(variance + BN_EPS) * gamma + beta, ZERO) * mask
    w, b = parameters[8:]
    return x @ w.T + b, statistics


def running(old, statistics):
    """Return the running mean and variance of each block after one more batch."""
    unbias = BATCH / (BATCH - 1)
    return [
        (m + MOMENTUM * (mean - m), v + MOMENTUM * (variance * unbias - v))
        for (m, v), (mean, variance) in zip(old, statistics, strict=True)
    ]


def jax_jit():
    import jax
    import jax.numpy as jnp

    def build(p):
        def loss_of(parameters, x, labels, keys):
            draws = (jax.random.bernoulli(key, 1 - p, (BATCH, WIDTH)) for key in keys)
            masks = [draw / (1 - p) for draw in draws] if p else [1.0, 1.0]
            logits, statistics = forward(parameters, x, masks, jnp)
            return tr.array_cross_entropy(logits, labels, jnp), statistics

        def update(state, buffers, key, x, labels):
            key, *keys = jax.random.split(key, 3)
            gradient = jax.value_and_grad(loss_of, has_aux=True)
            (loss, statistics), gradients = gradient(state[0], x, labels, keys)
            return loss, tr.jax_adam(state, gradients), running(buffers, statistics), key

        update = jax.jit(update, donate_argnums=(0, 1, 2))
        buffers = [(jnp.zeros(WIDTH), jnp.ones(WIDTH)) for _ in range(2)]
        carry = tr.jax_state(arrays()), buffers, jax.random.key(0)

        def step_on(x, labels):
            nonlocal carry
            loss, *carry = jax.block_until_ready(update(*carry, x, labels))
            return loss

        return step_on

    return training(build, lambda x, labels: (jnp.asarray(x), jnp.asarray(labels)))


def by_primitives(build_gradient):
    """Return the trial of a peer that brings gradients only: masks, running statistics and Adam are NumPy's."""

    def build(p):
        adam, rng = hand.FlatAdam(arrays()), np.random.default_rng(2)
        buffers = [(np.zeros(WIDTH, np.float32), np.ones(WIDTH, np.float32)) for _ in range(2)]
        gradient = build_gradient(adam.views)

        def step_on(x, labels):
            nonlocal buffers
            scale = np.float32(1 / (1 - p))
            draws = (rng.random((BATCH, WIDTH), np.float32) for _ in range(2))
            masks = [(draw >= p) * scale for draw in draws] if p else [np.float32(1)] * 2
            loss, gradients, statistics = gradient(x, labels, masks)
            buffers = running(buffers, statistics)
            adam.step(gradients)
            return loss

        return step_on

    return training(build)


def autograd():
    import autograd.numpy as anp
    from autograd import value_and_grad
    from autograd.tracer import getval

    def build_gradient(parameters):
        def gradient(x, labels, masks):
            statistics = []

            def loss_of(parameters):
                logits, traced = forward(parameters, x, masks, anp)
                statistics.extend((getval(mean), getval(variance)) for mean, variance in traced)
                return tr.array_cross_entropy(logits, labels, anp)

            return *value_and_grad(loss_of)(parameters), statistics

        return gradient

    return by_primitives(build_gradient)


def mygrad():
    import mygrad as mg
    from mygrad.nnet.losses import softmax_crossentropy

    def build_gradient(views):
        parameters = [mg.tensor(view, copy=False) for view in views]

        def gradient(x, labels, masks):
            logits, traced = forward(parameters, x, masks, mg)
            statistics = [(mean.data, variance.data) for mean, variance in traced]
            loss = softmax_crossentropy(logits, labels)
            loss.backward()
            return loss.data, [parameter.grad for parameter in parameters], statistics

        return gradient

    return by_primitives(build_gradient)
