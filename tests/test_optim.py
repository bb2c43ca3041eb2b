"""Optimizers: each rule by hand, invariances, and the flat buffers beneath."""

import copy

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_core as ag
import nn
import optim

RNG = np.random.default_rng(0)
START = RNG.normal(size=(3, 2))
GRADIENTS = RNG.normal(size=(5, 3, 2))


def walk(make, gradients=GRADIENTS, start=START):
    """The point after steps along given gradients."""
    p = ag.Tensor(start.copy(), requires_grad=True)
    optimizer = make([p])
    for g in gradients:
        p.grad = g
        optimizer.step()
    return p.numpy().copy()


def test_sgd_is_gradient_descent():
    assert np.allclose(walk(lambda p: optim.SGD(p, lr=0.1)), START - 0.1 * GRADIENTS.sum(axis=0))


def test_momentum_nesterov_dampening_and_decay_by_hand():
    for nesterov, dampening in ((False, 0.0), (True, 0.0), (False, 0.5)):
        p, b = START.copy(), None
        for g in GRADIENTS:
            g = g + 0.01 * p
            b = g if b is None else 0.9 * b + (1 - dampening) * g
            p = p - 0.1 * (g + 0.9 * b if nesterov else b)
        options = {"momentum": 0.9, "dampening": dampening, "weight_decay": 0.01, "nesterov": nesterov}
        assert np.allclose(walk(lambda q, o=options: optim.SGD(q, lr=0.1, **o)), p)


def test_adam_by_hand():
    p, m, v = START.copy(), 0, 0
    for t, g in enumerate(GRADIENTS, start=1):
        g = g + 0.01 * p
        m, v = 0.9 * m + 0.1 * g, 0.99 * v + 0.01 * g**2
        p = p - 0.1 * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.99**t)) + 1e-3)
    assert np.allclose(walk(lambda q: optim.Adam(q, 0.1, (0.9, 0.99), 1e-3, 0.01)), p)


@pytest.mark.parametrize("make", [optim.SGD, optim.Adam])
def test_maximizing_is_minimizing_the_negative(make):
    assert np.allclose(walk(lambda p: make(p, lr=0.1, maximize=True)), walk(lambda p: make(p, lr=0.1), -GRADIENTS))


@given(st.floats(1e-3, 1e3))
def test_adam_does_not_see_the_scale_of_the_loss(scale):
    free = lambda p: optim.Adam(p, lr=0.1, eps=0)
    assert np.allclose(walk(free, scale * GRADIENTS), walk(free))


def test_sgd_turns_with_the_coordinates():
    q, _ = np.linalg.qr(RNG.normal(size=(3, 3)))
    momentum = lambda p: optim.SGD(p, lr=0.1, momentum=0.9)
    assert np.allclose(walk(momentum, q @ GRADIENTS, q @ START), q @ walk(momentum))


@pytest.mark.parametrize(
    "make", [lambda p: optim.SGD(p, lr=0.02, momentum=0.9), lambda p: optim.Adam(p, lr=0.1)], ids=["SGD", "Adam"]
)
def test_a_convex_bowl_is_descended_to_the_bottom(make):
    x = ag.Tensor(np.array([3.0, -2.0]), requires_grad=True)
    optimizer = make([x])
    for _ in range(500):
        optimizer.zero_grad()
        (np.array([1.0, 5.0]) * (x - 1.0) ** 2).sum().backward()
        optimizer.step()
    assert np.allclose(x.numpy(), 1, atol=1e-3)


class TestFlatBuffers:
    """However parameters are stored, split, replaced, shared or frozen, each follows the rule on its own."""

    def pair(self):
        return [ag.Tensor(START.copy(), requires_grad=True), ag.Tensor(START[0].copy(), requires_grad=True)]

    def step(self, optimizer, params, k):
        for p in params:
            p.grad = GRADIENTS[k][: p.shape[0]] if p.ndim == 2 else GRADIENTS[k][0]
        optimizer.step()

    def test_several_parameters_move_as_each_would_alone(self):
        params = self.pair()
        optimizer = optim.Adam(params, lr=0.1)
        for k in range(5):
            self.step(optimizer, params, k)
        adam = lambda p: optim.Adam(p, lr=0.1)
        assert np.allclose(params[0].numpy(), walk(adam))
        assert np.allclose(params[1].numpy(), walk(adam, GRADIENTS[:, 0], START[0]))

    def test_more_elements_than_fit_in_one_slice(self):
        start, g = RNG.normal(size=100_003), RNG.normal(size=(2, 100_003))
        adam = lambda p: optim.Adam(p, lr=0.1)
        assert np.array_equal(
            walk(adam, g, start)[70_000:70_010], walk(adam, g[:, 70_000:70_010], start[70_000:70_010])
        )

    def test_a_parameter_without_gradient_rests_and_so_does_its_step_count(self):
        params = self.pair()
        optimizer = optim.Adam(params, lr=0.1)
        params[1].grad = GRADIENTS[0][0]
        optimizer.step()
        assert np.array_equal(params[0].numpy(), START)
        optimizer.zero_grad()
        for k in range(5):
            params[0].grad = GRADIENTS[k]
            optimizer.step()
        assert np.allclose(params[0].numpy(), walk(lambda p: optim.Adam(p, lr=0.1)))

    def test_freezing_holds_a_parameter_still(self):
        params = self.pair()
        optimizer = optim.SGD(params, lr=0.1, momentum=0.9)
        self.step(optimizer, params, 0)
        held = params[0].numpy().copy()
        params[0].requires_grad = False
        params[1].grad = GRADIENTS[1][0]
        optimizer.step()
        assert np.array_equal(params[0].numpy(), held)

    def test_replaced_data_is_taken_over(self):
        params = self.pair()
        optimizer = optim.SGD(params, lr=0.1)
        self.step(optimizer, params, 0)
        params[0].data = np.zeros((3, 2))
        self.step(optimizer, params, 1)
        assert np.allclose(params[0].numpy(), -0.1 * GRADIENTS[1])

    def test_replaced_dtype_and_shape_are_taken_over(self):
        params = self.pair()
        optimizer = optim.Adam(params, lr=0.1)
        self.step(optimizer, params, 0)
        before = params[0].numpy().copy()
        params[1].data = np.zeros(2, np.float32)
        params[0].grad, params[1].grad = GRADIENTS[1], np.ones(2, np.float32)
        optimizer.step()
        assert params[1].dtype == np.float32
        assert np.allclose(params[1].numpy(), -0.1, atol=0.02)
        assert np.allclose(params[0].numpy(), walk(lambda p: optim.Adam(p, lr=0.1), GRADIENTS[:2]))
        assert not np.array_equal(params[0].numpy(), before)

    def test_two_optimizers_may_share_a_parameter(self):
        p = ag.Tensor(START.copy(), requires_grad=True)
        first, second = optim.SGD([p], lr=0.1), optim.SGD([p], lr=0.2)
        for k, optimizer in enumerate((first, second, first)):
            p.grad = GRADIENTS[k]
            optimizer.step()
        assert np.allclose(p.numpy(), START - 0.1 * GRADIENTS[0] - 0.2 * GRADIENTS[1] - 0.1 * GRADIENTS[2])

    def test_the_gradient_is_not_changed_by_the_step(self):
        p = ag.Tensor(START.copy(), requires_grad=True)
        optimizer = optim.Adam([p], weight_decay=0.1, maximize=True)
        p.grad = GRADIENTS[0]
        before = p.grad.numpy().copy()
        optimizer.step()
        assert np.array_equal(p.grad.numpy(), before)

    def test_groups_have_options_of_their_own(self):
        a, b = self.pair()
        optimizer = optim.SGD([{"params": [a], "lr": 0.1}, {"params": b}], lr=0.5)
        self.step(optimizer, [a, b], 0)
        assert np.allclose(a.numpy(), START - 0.1 * GRADIENTS[0])
        assert np.allclose(b.numpy(), START[0] - 0.5 * GRADIENTS[0][0])


@pytest.mark.parametrize(
    "make", [lambda p: optim.SGD(p, lr=0.1, momentum=0.9), lambda p: optim.Adam(p, lr=0.1)], ids=["SGD", "Adam"]
)
def test_resuming_from_a_state_dict_continues_bit_for_bit(make):
    whole = walk(make)
    p = ag.Tensor(START.copy(), requires_grad=True)
    first = make([p])
    for g in GRADIENTS[:2]:
        p.grad = g
        first.step()
    q = ag.Tensor(p.numpy().copy(), requires_grad=True)
    second = make([q])
    second.load_state_dict(copy.deepcopy(first.state_dict()))
    for g in GRADIENTS[2:]:
        q.grad = g
        second.step()
    assert np.array_equal(q.numpy(), whole)


def test_training_a_network_lowers_its_loss():
    ag.manual_seed(0)
    x, y = RNG.normal(size=(64, 2)).astype(np.float32), np.arange(64) % 2
    x[:, 0] += 3 * y
    model, loss_of = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 2)), nn.CrossEntropyLoss()
    optimizer = optim.Adam(model.parameters(), lr=0.05)
    before = loss_of(model(x), y).item()
    for _ in range(60):
        optimizer.zero_grad()
        loss_of(model(x), y).backward()
        optimizer.step()
    assert loss_of(model(x), y).item() < 0.3 * before


P = lambda: ag.Tensor(START.copy(), requires_grad=True)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: optim.SGD([]), "no parameters"),
        (lambda: optim.SGD([P()], lr=-1), "lr=-1"),
        (lambda: optim.Adam([P()], betas=(0.9, 1.0)), r"betas=\(0.9, 1.0\)"),
        (lambda: optim.Adam([P()], eps=-1e-8), "eps=-1e-08"),
        (lambda: optim.SGD([P()], nesterov=True), "nesterov needs momentum"),
        (lambda: optim.SGD([P() * 2]), r"parameter 0 \(float64 \(3, 2\)\)"),
        (lambda: optim.SGD([np.ones(2)]), r"parameter 0 \(ndarray\)"),
        (lambda: optim.SGD([ag.Tensor(np.arange(3))]), "int64"),
        (lambda: (lambda p: optim.SGD([p, p]))(P()), "twice"),
        (lambda: optim.SGD([{"params": [P()], "speed": 1}]), "speed"),
    ],
)
def test_bad_options_are_refused_by_name_and_value(call, words):
    with pytest.raises(ValueError, match=words):
        call()


def test_a_state_of_another_shape_is_refused_and_changes_nothing():
    p, other = P(), ag.Tensor(np.zeros(7), requires_grad=True)
    optimizer, stranger = optim.Adam([p]), optim.Adam([other])
    for optimizer_, tensor in ((optimizer, p), (stranger, other)):
        tensor.grad = np.ones(tensor.shape)
        optimizer_.step()
    before = optimizer.state_dict()
    with pytest.raises(ValueError, match=r"exp_avg of parameter 0: \(7,\) for \(3, 2\)"):
        optimizer.load_state_dict(stranger.state_dict())
    after = optimizer.state_dict()
    assert np.array_equal(before["state"][0]["exp_avg"], after["state"][0]["exp_avg"])
