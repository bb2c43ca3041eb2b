"""What the layer workloads share: one network written in the names that PyTorch and we have in common, trained alike.

`make(nn)` builds the network, `data` is a list of (input, labels) batches of NumPy arrays. Both sides start from the
same weights; the figures compared are the losses of the first five steps, so gradients and updates are compared too.
"""

import itertools

import numpy as np

from benchmarks.workloads import Trial, compiled
from benchmarks.workloads.training import LEARNING_RATE

WITHOUT_LAYERS = "brings no such layers"
ABSENT = {
    "numpy": "not written out by hand",
    "torch_fused": "differs from torch_eager in the optimizer only, see mlp_small",
    "autograd": WITHOUT_LAYERS,
    "mygrad": WITHOUT_LAYERS,
    "micrograd": "differentiates Python scalars only",
    "sklearn": WITHOUT_LAYERS,
}


def initial(shapes):
    """Return {name: array} for {name: shape}: uniform numbers within ±1/√fan_in; norms' weights begin near 1."""
    rng = np.random.default_rng(1)
    arrays = {}
    for name, shape in shapes.items():
        bound = 1 / np.sqrt(max(1, np.prod(shape[1:]))) if len(shape) > 1 else 0.1
        offset = 1.0 if "norm" in name and name.endswith("weight") else 0.0
        arrays[name] = (offset + rng.uniform(-bound, bound, shape)).astype(np.float32)
    return arrays


def training(step_on, data):
    endless = itertools.cycle(data)

    def step():
        return step_on(*next(endless))

    return Trial(step, lambda: [step() for _ in range(5)])


def in_torch(make, data, compiled=False):
    import torch
    from torch import nn

    model = make(nn)
    arrays = initial({name: tuple(p.shape) for name, p in model.named_parameters()})
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.copy_(torch.tensor(arrays[name]))
    optimizer = torch.optim.Adam(model.parameters(), lr=LEARNING_RATE)
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

    return training(step_on, [(torch.tensor(x), torch.tensor(labels)) for x, labels in data])


def in_ours(make, data):
    import nn
    import optim

    model = make(nn)
    model.load_state_dict(initial({name: p.shape for name, p in model.named_parameters()}), strict=False)
    optimizer = optim.Adam(model.parameters(), lr=LEARNING_RATE)
    criterion = nn.CrossEntropyLoss()

    @compiled
    def step_on(x, labels):
        optimizer.zero_grad()
        loss = criterion(model(x), labels)
        loss.backward()
        optimizer.step()
        return loss.data

    return training(step_on, data)


def in_jax(make, forward, data):
    """`forward(parameters, x)` gives the logits (N, C) from {name: array}; `make` only says the parameters' shapes."""
    import jax
    import jax.numpy as jnp

    import nn
    from benchmarks.workloads import training as tr

    arrays = initial({name: p.shape for name, p in make(nn).named_parameters()})

    def loss_of(values, x, labels):
        return tr.array_cross_entropy(forward(dict(zip(arrays, values, strict=True)), x), labels, jnp)

    def update(state, x, labels):
        loss, gradients = jax.value_and_grad(loss_of)(state[0], x, labels)
        return loss, tr.jax_adam(state, gradients)

    update = jax.jit(update, donate_argnums=0)
    state = tr.jax_state(arrays.values())

    def step_on(x, labels):
        nonlocal state
        loss, state = jax.block_until_ready(update(state, x, labels))
        return loss

    return training(step_on, [(jnp.asarray(x), jnp.asarray(labels)) for x, labels in data])
