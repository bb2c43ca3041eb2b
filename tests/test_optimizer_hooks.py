"""Hooks: what they do to gradients and parameters, and that they do it for every rule."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_core as ag
import optim
from optim import hooks

RNG = np.random.default_rng(2)
START, GRADIENTS = RNG.normal(size=(3, 2)), RNG.normal(size=(6, 3, 2))
RULES = ["SGD", "ASGD", "Adagrad", "RMSprop", "Adadelta", "Adam", "AdamW", "NAdam", "RAdam", "Adamax", "Rprop", "Lion",
         "Adafactor", "Muon"]  # fmt: skip


def walk(name, *added, gradients=GRADIENTS, **options):
    """The point after steps along given gradients, with hooks."""
    p = ag.Tensor(START.copy(), requires_grad=True)
    optimizer = getattr(optim, name)([p], lr=0.1, **options)
    for hook in added:
        hook.add_to(optimizer)
    for g in gradients:
        p.grad = g
        optimizer.step()
    return p.numpy().copy()


@pytest.mark.parametrize("name", ["SGD", "ASGD", "Adagrad", "RMSprop", "Adadelta", "Adam", "NAdam", "RAdam", "Adamax"])
def test_the_decay_hook_is_the_coupled_decay_of_the_rule(name):
    assert np.allclose(walk(name, hooks.WeightDecay(0.1)), walk(name, weight_decay=0.1))


@pytest.mark.parametrize("name", RULES)
def test_clipping_before_a_rule_is_the_rule_on_clipped_gradients(name):
    shorter = [g * min(1, 0.5 / np.linalg.norm(g)) for g in GRADIENTS]
    assert np.allclose(walk(name, hooks.ClipGradNorm(0.5)), walk(name, gradients=shorter), atol=1e-5)
    inside = np.clip(GRADIENTS, -0.3, 0.3)
    assert np.array_equal(walk(name, hooks.ClipGradValue(0.3)), walk(name, gradients=inside))


@given(st.floats(1, 5), st.floats(0.01, 1))
def test_clipped_gradients_have_the_norm_and_their_direction(order, limit):
    params = [ag.Tensor(np.zeros(shape), requires_grad=True) for shape in ((3, 2), (4,))]
    params[0].grad, params[1].grad = GRADIENTS[0], RNG.normal(size=4)
    before = np.concatenate([p.grad.numpy().ravel() for p in params])
    optimizer = optim.SGD(params, lr=1.0)
    hooks.ClipGradNorm(limit, order).add_to(optimizer)
    optimizer.step()
    moved = -np.concatenate([p.numpy().ravel() for p in params])
    assert np.isclose(np.linalg.norm(moved, order), limit, rtol=1e-5)
    assert np.allclose(moved / np.linalg.norm(moved), before / np.linalg.norm(before))


def test_short_gradients_are_left_alone():
    assert np.array_equal(walk("SGD", hooks.ClipGradNorm(1e3)), walk("SGD"))


def test_noise_has_the_variance_of_its_schedule_and_can_be_repeated():
    p = ag.Tensor(np.zeros(40_000), requires_grad=True)
    optimizer = optim.SGD([p], lr=1.0)
    hooks.GradientNoise(0.3, 0.55, np.random.default_rng(0)).add_to(optimizer)
    for t in range(3):
        before = p.numpy().copy()
        p.grad = np.zeros(40_000)
        optimizer.step()
        assert np.isclose(np.var(p.numpy() - before), 0.3 / (1 + t) ** 0.55, rtol=0.03)
    ag.manual_seed(3)
    first = walk("Adam", hooks.GradientNoise(0.1))
    ag.manual_seed(3)
    assert np.array_equal(first, walk("Adam", hooks.GradientNoise(0.1)))


@given(st.floats(0, 2))
def test_lasso_finds_the_soft_threshold(rate):
    """argmin ½‖p − c‖² + λ‖p‖₁ = sign(c)·max(|c| − λ, 0), zeros exactly."""
    c, p = np.array([2.0, -1.0, 0.3]), ag.Tensor(np.zeros(3), requires_grad=True)
    optimizer = optim.SGD([p], lr=0.5)
    hooks.Lasso(rate).add_to(optimizer)
    for _ in range(60):
        p.grad = p.numpy() - c
        optimizer.step()
    expected = np.sign(c) * np.maximum(np.abs(c) - rate, 0)
    assert np.allclose(p.numpy(), expected, atol=1e-12)
    assert np.array_equal(p.numpy() == 0, expected == 0) or np.isclose(rate, [0.3, 1, 2]).any()


@pytest.mark.parametrize("name", RULES)
def test_lasso_follows_every_rule(name):
    one = GRADIENTS[:1]
    moved = walk(name, gradients=one)
    assert np.allclose(
        walk(name, hooks.Lasso(0.5), gradients=one), np.sign(moved) * np.maximum(np.abs(moved) - 0.05, 0)
    )


@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_skipped_step_leaves_no_trace(name, bad):
    hook = hooks.NonFinite("skip")
    spoilt = GRADIENTS[0].copy()
    spoilt[1, 1] = bad
    with_bad = [GRADIENTS[0], spoilt, *GRADIENTS[1:]]
    assert np.array_equal(walk(name, hook, gradients=with_bad), walk(name))
    assert hook.skipped == 1


def test_a_bad_gradient_is_raised_by_name_and_nothing_has_moved():
    good, bad = (ag.Tensor(START.copy(), requires_grad=True) for _ in range(2))
    optimizer = optim.Adam([("encoder.weight", good), ("encoder.bias", bad)])
    hooks.NonFinite().add_to(optimizer)
    good.grad, bad.grad = GRADIENTS[0], np.full((3, 2), np.nan)
    with pytest.raises(
        FloatingPointError, match=r"Adam: the gradient of parameter 'encoder.bias' \(float64 \(3, 2\)\)"
    ):
        optimizer.step()
    assert np.array_equal(good.numpy(), START)
    assert not optimizer.state


def test_hooks_run_in_their_order_serve_chosen_parameters_and_come_off():
    a, b = (ag.Tensor(np.full(2, 3.0), requires_grad=True) for _ in range(2))
    optimizer = optim.SGD([a, b], lr=1.0)
    handles = [
        hooks.WeightDecay(1.0, params=[a]).add_to(optimizer),
        hooks.ClipGradValue(0.5).add_to(optimizer),
    ]
    for _ in range(2):
        a.grad, b.grad = np.zeros(2), np.zeros(2)
        optimizer.step()
        for handle in handles:
            handle.remove()
    assert np.array_equal(a.numpy(), [2.5, 2.5])
    assert np.array_equal(b.numpy(), [3.0, 3.0])


def test_gradient_hooks_see_what_a_closure_has_computed():
    p = ag.Tensor(START.copy(), requires_grad=True)
    optimizer = optim.SGD([p], lr=1.0)
    hooks.ClipGradValue(0.1).add_to(optimizer)

    def closure():
        optimizer.zero_grad()
        loss = (100 * p).sum()
        loss.backward()
        return loss

    optimizer.step(closure)
    assert np.allclose(p.numpy(), START - 0.1)


def test_pre_hooks_may_change_the_arguments_and_post_hooks_see_the_moved_parameters():
    p = ag.Tensor(START.copy(), requires_grad=True)
    optimizer, seen = optim.SGD([p], lr=1.0), []
    optimizer.register_step_pre_hook(lambda o, args, kwargs: ((lambda: 5.0,), kwargs))
    optimizer.register_step_post_hook(lambda o, args, kwargs: seen.append(p.numpy().copy()))
    p.grad = GRADIENTS[0]
    assert optimizer.step() == 5.0
    assert np.array_equal(seen[0], START - GRADIENTS[0])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_single_number_is_a_parameter_too(dtype):
    p = ag.Tensor(np.array(2, dtype), requires_grad=True)
    optimizer = optim.Adam([p], lr=0.5)
    every = (hooks.WeightDecay(0.1), hooks.GradientNoise(0.0), hooks.ClipGradNorm(1.0), hooks.ClipGradValue(1.0))
    for hook in (*every, hooks.NonFinite(), hooks.Lasso(1.0)):
        hook.add_to(optimizer)
    p.grad = np.array(3, dtype)
    optimizer.step()
    assert (p.shape, p.dtype) == ((), dtype)
    assert np.isclose(p.item(), 1.0)  # 0.5 by Adam, 0.5 by the threshold


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: hooks.WeightDecay(-1), "WeightDecay: rate=-1 must not be negative"),
        (lambda: hooks.ClipGradNorm(-1), "max_norm=-1"),
        (lambda: hooks.ClipGradNorm(1, norm_type=0), "norm_type=0"),
        (lambda: hooks.ClipGradValue(float("nan")), "clip_value=nan"),
        (lambda: hooks.GradientNoise(-1), "eta=-1"),
        (lambda: hooks.NonFinite("ignore"), "action='ignore'"),
        (lambda: hooks.Lasso("much"), "rate='much' is not a number"),
    ],
)
def test_bad_options_are_refused_by_name_and_value(call, words):
    with pytest.raises(ValueError, match=words):
        call()
