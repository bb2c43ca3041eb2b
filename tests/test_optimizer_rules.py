"""Every update rule against its paper's lines in NumPy, and the laws that it obeys."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_core as ag
import optim

RNG = np.random.default_rng(1)
START = RNG.normal(size=(3, 2))
GRADIENTS = RNG.normal(size=(8, 3, 2))
DECAY = 0.05


def walk(name, options, gradients=GRADIENTS, start=START):
    """The point after steps along given gradients."""
    p = ag.Tensor(start.copy(), requires_grad=True)
    optimizer = getattr(optim, name)([p], **options)
    for g in gradients:
        p.grad = g
        optimizer.step()
    return p.numpy().copy()


# Each rule once more, as its docstring states it: a generator that is sent p and ∇J and yields the next p. -----------


def adagrad(p, g, lr=0.1, lr_decay=0.1, weight_decay=DECAY, initial_accumulator_value=0.3, eps=1e-2):
    total, t = initial_accumulator_value, 0
    while True:
        g = g + weight_decay * p
        total, t = total + g**2, t + 1
        p, g = yield p - lr / (1 + (t - 1) * lr_decay) * g / (np.sqrt(total) + eps)


def rmsprop(p, g, lr=0.1, alpha=0.8, eps=1e-2, weight_decay=DECAY, momentum=0.0, centered=False):
    v = h = b = 0
    while True:
        g = g + weight_decay * p
        v, h = alpha * v + (1 - alpha) * g**2, alpha * h + (1 - alpha) * g
        b = momentum * b + g / (np.sqrt(v - h**2 if centered else v) + eps)
        p, g = yield p - lr * b


def adadelta(p, g, lr=0.5, rho=0.8, eps=1e-2, weight_decay=DECAY):
    v = u = 0
    while True:
        g = g + weight_decay * p
        v = rho * v + (1 - rho) * g**2
        d = np.sqrt(u + eps) / np.sqrt(v + eps) * g
        u = rho * u + (1 - rho) * d**2
        p, g = yield p - lr * d


def adam(p, g, lr=0.1, betas=(0.8, 0.95), eps=1e-2, weight_decay=DECAY, amsgrad=False, decoupled_weight_decay=False):
    (beta1, beta2), t = betas, 0
    m = v = largest = 0
    while True:
        if decoupled_weight_decay:
            p = (1 - lr * weight_decay) * p
        else:
            g = g + weight_decay * p
        t, m, v = t + 1, beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g**2
        largest = np.maximum(largest, v) if amsgrad else v
        m_hat, v_hat = m / (1 - beta1**t), largest / (1 - beta2**t)
        p, g = yield p - lr * m_hat / (np.sqrt(v_hat) + eps)


def adamw(p, g, **options):
    return adam(p, g, decoupled_weight_decay=True, **options)


def nadam(p, g, lr=0.1, betas=(0.8, 0.95), eps=1e-2, weight_decay=DECAY, momentum_decay=0.1):
    (beta1, beta2), t, product = betas, 0, 1
    m = v = 0
    mu = lambda t: beta1 * (1 - 0.5 * 0.96 ** (t * momentum_decay))
    while True:
        g = g + weight_decay * p
        t, m, v = t + 1, beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g**2
        product *= mu(t)
        direction = (1 - mu(t)) / (1 - product) * g + mu(t + 1) / (1 - product * mu(t + 1)) * m
        p, g = yield p - lr * direction / (np.sqrt(v / (1 - beta2**t)) + eps)


def radam(p, g, lr=0.1, betas=(0.8, 0.95), eps=1e-2, weight_decay=DECAY):
    (beta1, beta2), t = betas, 0
    m = v = 0
    while True:
        g = g + weight_decay * p
        t, m, v = t + 1, beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g**2
        limit = 2 / (1 - beta2) - 1
        rho = limit - 2 * t * beta2**t / (1 - beta2**t)
        adaptive = 1
        if rho > 5:
            r = np.sqrt((rho - 4) * (rho - 2) * limit / ((limit - 4) * (limit - 2) * rho))
            adaptive = r * np.sqrt(1 - beta2**t) / (np.sqrt(v) + eps)
        p, g = yield p - lr * m / (1 - beta1**t) * adaptive


def adamax(p, g, lr=0.1, betas=(0.8, 0.95), eps=1e-2, weight_decay=DECAY):
    (beta1, beta2), t = betas, 0
    m = u = 0
    while True:
        g = g + weight_decay * p
        t, m, u = t + 1, beta1 * m + (1 - beta1) * g, np.maximum(beta2 * u, np.abs(g) + eps)
        p, g = yield p - lr / (1 - beta1**t) * m / u


def asgd(p, g, lr=0.1, lambd=0.1, alpha=0.75, weight_decay=DECAY):
    t, eta = 0, lr
    while True:
        p = (1 - lambd * eta) * p - eta * (g + weight_decay * p)
        t += 1
        eta = lr / (1 + lambd * lr * t) ** alpha
        p, g = yield p


def rprop(p, g, lr=0.1, etas=(0.5, 1.3), step_sizes=(0.02, 0.3)):
    before, size = np.zeros_like(p), np.full_like(p, lr)
    while True:
        turn = np.sign(g * before)
        size = np.clip(np.where(turn > 0, size * etas[1], np.where(turn < 0, size * etas[0], size)), *step_sizes)
        before = np.where(turn < 0, 0, g)
        p, g = yield p - size * np.sign(before)


def lion(p, g, lr=0.1, betas=(0.8, 0.95), weight_decay=DECAY):
    (beta1, beta2), m = betas, 0
    while True:
        p = p - lr * (np.sign(beta1 * m + (1 - beta1) * g) + weight_decay * p)
        m = beta2 * m + (1 - beta2) * g
        p, g = yield p


def adafactor(p, g, lr=0.1, beta2_decay=-0.7, eps=(1e-3, 0.2), d=1.0, weight_decay=DECAY):
    t = r = c = 0
    rms = lambda x: np.sqrt(np.mean(x**2))
    while True:
        t += 1
        beta = 1 - t**beta2_decay
        alpha = max(eps[1], rms(p)) * min(lr, t**-0.5)
        p = (1 - lr * weight_decay) * p
        r = beta * r + (1 - beta) * np.mean(g**2, axis=1)
        c = beta * c + (1 - beta) * np.mean(g**2, axis=0)
        u = g / np.maximum(np.sqrt(np.outer(r, c) / max(np.mean(r), eps[0])), eps[0])
        p, g = yield p - alpha * u / max(1, rms(u) / d)


def muon(p, g, lr=0.1, weight_decay=DECAY, momentum=0.8, nesterov=True, ns_coefficients=(2, -1.5, 0.5), ns_steps=12):
    """With these coefficients the iteration converges: to the nearest orthogonal matrix, here from the SVD."""
    b = 0
    while True:
        b = momentum * b + (1 - momentum) * g
        w, _, vh = np.linalg.svd((1 - momentum) * g + momentum * b if nesterov else b, full_matrices=False)
        p, g = yield (1 - lr * weight_decay) * p - lr * np.sqrt(max(1, p.shape[0] / p.shape[1])) * w @ vh


RULES = {
    "Adagrad": (adagrad, {"lr": 0.1, "lr_decay": 0.1, "initial_accumulator_value": 0.3, "eps": 1e-2}, [{}]),
    "RMSprop": (rmsprop, {"lr": 0.1, "alpha": 0.8, "eps": 1e-2}, [{}, {"momentum": 0.7}, {"centered": True}]),
    "Adadelta": (adadelta, {"lr": 0.5, "rho": 0.8, "eps": 1e-2}, [{}]),
    "Adam": (adam, {}, [{}, {"amsgrad": True}, {"decoupled_weight_decay": True}]),
    "AdamW": (adamw, {}, [{}, {"amsgrad": True}]),
    "NAdam": (nadam, {"momentum_decay": 0.1}, [{}]),
    "RAdam": (radam, {}, [{}]),
    "Adamax": (adamax, {}, [{}]),
    "ASGD": (asgd, {"lr": 0.1, "lambd": 0.1, "alpha": 0.75}, [{}]),
    "Rprop": (rprop, {"lr": 0.1, "etas": (0.5, 1.3), "step_sizes": (0.02, 0.3)}, [{}]),
    "Lion": (lion, {"lr": 0.1, "betas": (0.8, 0.95)}, [{}]),
    "Adafactor": (adafactor, {"lr": 0.1, "beta2_decay": -0.7, "eps": (1e-3, 0.2)}, [{}, {"d": 3.0}, {"lr": 0.9}]),
    "Muon": (
        muon,
        {"lr": 0.1, "momentum": 0.8, "ns_coefficients": (2, -1.5, 0.5), "ns_steps": 60},
        [{}, {"nesterov": False}],
    ),
}
MOMENTS = {"lr": 0.1, "betas": (0.8, 0.95), "eps": 1e-2}
CASES = [(name, more) for name, (_, _, variants) in RULES.items() for more in variants]


def options_of(name, more):
    options = RULES[name][1] if "lr" in RULES[name][1] else RULES[name][1] | MOMENTS
    return options | ({} if name == "Rprop" else {"weight_decay": DECAY}) | more


@pytest.mark.parametrize(("name", "more"), CASES, ids=str)
def test_steps_follow_the_paper(name, more):
    options = options_of(name, more)
    rule = RULES[name][0](START, GRADIENTS[0], **{k: v for k, v in options.items() if k != "ns_steps"})
    p = next(rule)
    for g in GRADIENTS[1:]:
        p = rule.send((p, g))
    assert np.allclose(walk(name, options), p, rtol=1e-9)


def test_sgd_is_gradient_descent():
    assert np.allclose(walk("SGD", {"lr": 0.1}), START - 0.1 * GRADIENTS.sum(axis=0))


def test_momentum_nesterov_dampening_and_decay_by_hand():
    for nesterov, dampening in ((False, 0.0), (True, 0.0), (False, 0.5)):
        p, b = START.copy(), None
        for g in GRADIENTS:
            g = g + 0.01 * p
            b = g if b is None else 0.9 * b + (1 - dampening) * g
            p = p - 0.1 * (g + 0.9 * b if nesterov else b)
        options = {"momentum": 0.9, "dampening": dampening, "weight_decay": 0.01, "nesterov": nesterov}
        assert np.allclose(walk("SGD", {"lr": 0.1} | options), p)


def test_adafactor_keeps_whole_second_moments_of_vectors():
    g = GRADIENTS[:, 0]
    v, p = 0, START[0]
    for t in range(1, 9):
        v = v + t**-0.8 * (g[t - 1] ** 2 - v)
        u = g[t - 1] / np.sqrt(v)
        p = p - max(1e-3, np.sqrt(np.mean(p**2))) * 0.01 * u / max(1, np.sqrt(np.mean(u**2)))
    assert np.allclose(walk("Adafactor", {}, g, START[0]), p)


def test_polyak_average_is_the_mean_of_the_path():
    p = ag.Tensor(START.copy(), requires_grad=True)
    optimizer, path = optim.ASGD([p], lr=0.1, t0=2), []
    for g in GRADIENTS:
        p.grad = g
        optimizer.step()
        path.append(p.numpy().copy())
    assert np.allclose(optimizer.state[p]["ax"], np.mean(path[3:], axis=0))


ALL = ["SGD", "ASGD", "Adagrad", "RMSprop", "Adadelta", "Adam", "AdamW", "NAdam", "RAdam", "Adamax", "Rprop", "Lion",
       "Adafactor", "Muon"]  # fmt: skip


@pytest.mark.parametrize("name", [name for name in ALL if name != "Muon"])
def test_maximizing_is_minimizing_the_negative(name):
    assert np.allclose(walk(name, {"lr": 0.1, "maximize": True}), walk(name, {"lr": 0.1}, -GRADIENTS))


@pytest.mark.parametrize("name", ["Adagrad", "RMSprop", "Adam", "AdamW", "NAdam", "Adamax", "Rprop", "Lion", "Muon"])
@given(scale=st.floats(1e-3, 1e3))
def test_the_scale_of_the_loss_does_not_matter_as_epsilon_vanishes(name, scale):
    options = {"lr": 0.1} | ({} if name in ("Rprop", "Lion") else {"eps": 1e-300})
    assert np.allclose(walk(name, options, scale * GRADIENTS), walk(name, options), rtol=1e-9)


@pytest.mark.parametrize("name", ["SGD", "ASGD"])
def test_gradient_descent_turns_with_the_coordinates(name):
    q, _ = np.linalg.qr(RNG.normal(size=(3, 3)))
    assert np.allclose(walk(name, {"lr": 0.1}, q @ GRADIENTS, q @ START), q @ walk(name, {"lr": 0.1}))


def test_sparse_adam_is_adam_on_the_rows_with_a_gradient():
    gradients = GRADIENTS.copy()
    gradients[:, 1] = 0
    options = {"lr": 0.1, "eps": 1e-300}
    found = walk("SparseAdam", options, gradients)
    assert np.array_equal(found[1], START[1])
    assert np.allclose(found[[0, 2]], walk("Adam", options, gradients)[[0, 2]], rtol=1e-12)
    late = gradients.copy()
    late[:2] = 0  # Adam's moments count the steps without a gradient, SparseAdam's do not
    first = walk("SparseAdam", options, late[:3])
    rate = 0.1 * np.sqrt(1 - 0.999**3) / (1 - 0.9**3)
    assert np.allclose(first - START, -rate * 0.1 / np.sqrt(0.001) * np.sign(late[2]))


def test_muon_turns_with_the_rows_and_with_the_columns():
    (q, _), (r, _) = np.linalg.qr(RNG.normal(size=(3, 3))), np.linalg.qr(RNG.normal(size=(2, 2)))
    turned = walk("Muon", {"lr": 0.1}, q @ GRADIENTS @ r, q @ START @ r)
    assert np.allclose(turned, q @ walk("Muon", {"lr": 0.1}) @ r)


@pytest.mark.parametrize("name", [name for name in ALL if name not in ("Adafactor", "Muon")])
def test_elements_do_not_see_each_other(name):
    order = RNG.permutation(3)
    assert np.allclose(walk(name, {}, GRADIENTS[:, order], START[order]), walk(name, {})[order])


@given(st.floats(0, 1), st.floats(1, 1e6))
def test_decoupled_decay_shrinks_alike_whatever_the_gradient_and_coupled_decay_does_not(decay, scale):
    """AdamW's step less its decay is Adam's step without any; Adam's own decay is lost in a large gradient."""
    zero = {"lr": 0.1, "eps": 0.0}
    plain = walk("Adam", zero, scale * GRADIENTS[:1])
    assert np.allclose(
        walk("AdamW", zero | {"weight_decay": decay}, scale * GRADIENTS[:1]), plain - 0.1 * decay * START
    )
    coupled = walk("Adam", zero | {"weight_decay": decay}, GRADIENTS[:1] + 1e9)
    assert np.allclose(coupled, walk("Adam", zero, GRADIENTS[:1] + 1e9))


def test_adam_without_momentum_is_rmsprop_with_corrected_mean():
    v, p = 0, START
    for t, g in enumerate(GRADIENTS, start=1):
        v = 0.9 * v + 0.1 * g**2
        p = p - 0.1 * g / np.sqrt(v / (1 - 0.9**t))
    assert np.allclose(walk("Adam", {"lr": 0.1, "betas": (0.0, 0.9), "eps": 0}), p)


def test_the_largest_second_moment_never_falls():
    p = ag.Tensor(START.copy(), requires_grad=True)
    optimizer, seen = optim.Adam([p], betas=(0.9, 0.5), amsgrad=True), []
    for g in GRADIENTS:
        p.grad = g
        optimizer.step()
        seen.append(optimizer.state[p]["max_exp_avg_sq"].copy())
    assert (np.diff(seen, axis=0) >= 0).all()
    assert (seen[-1] >= optimizer.state[p]["exp_avg_sq"]).all()


def test_a_constant_gradient_leaves_centered_rmsprop_finite():
    path = walk("RMSprop", {"centered": True, "alpha": 0.5}, np.full((400, 3, 2), 0.1))
    assert np.isfinite(path).all()


FASTER = {"SGD": 0.05, "ASGD": 0.05, "Adagrad": 0.5, "RMSprop": 0.03, "Adadelta": 20, "Adafactor": 0.02}


@pytest.mark.parametrize("name", ALL)
def test_a_convex_bowl_is_descended_to_the_bottom(name):
    """½‖A(x − c)‖² with condition number 5; the rules of constant length get a falling rate."""
    x, center = ag.Tensor(np.array([[3.0, -2.0]]), requires_grad=True), np.array([[1.0, 1.0]])
    decay = {"weight_decay": 0} if name in ("AdamW", "Muon") else {}
    optimizer = getattr(optim, name)([x], lr=FASTER.get(name, 0.05), **decay)
    rate = optimizer.param_groups[0]["lr"]
    for k in range(600):
        optimizer.param_groups[0]["lr"] = rate * (
            1 - k / 600 if name in ("Lion", "Muon", "RMSprop", "Adafactor") else 1
        )
        x.grad = np.array([1.0, 5.0]) * (x.numpy() - center)
        optimizer.step()
    assert np.allclose(x.numpy(), center, atol=2e-2)


def test_muon_moves_every_singular_value_alike():
    g = RNG.normal(size=(7, 4))
    step = np.zeros((7, 4)) - walk("Muon", {"lr": 1.0, "weight_decay": 0}, [g], np.zeros((7, 4)))
    values = np.linalg.svd(step, compute_uv=False) / np.sqrt(7 / 4)
    assert ((values > 0.6) & (values < 1.3)).all()


P = lambda shape=(3, 2): ag.Tensor(np.ones(shape), requires_grad=True)


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("lr", [-1e-3, float("nan"), "fast"])
def test_no_rule_takes_a_rate_that_is_none(name, lr):
    with pytest.raises(ValueError, match=f"{name}: lr={lr!r}"):
        getattr(optim, name)([P()], lr=lr)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: optim.Adam([P()], betas=(0.9,)), r"betas=\(0.9,\) must be a pair"),
        (lambda: optim.AdamW([P()], betas=(-0.1, 0.9)), r"betas=\(-0.1, 0.9\) must lie in \[0, 1\)"),
        (lambda: optim.Lion([P()], betas=(0.9, 1)), "betas"),
        (lambda: optim.NAdam([P()], momentum_decay=-1), "momentum_decay=-1"),
        (lambda: optim.Adagrad([P()], lr_decay=-1), "lr_decay=-1"),
        (lambda: optim.Adagrad([P()], initial_accumulator_value=-1), "initial_accumulator_value=-1"),
        (lambda: optim.RMSprop([P()], alpha=-0.5), "alpha=-0.5"),
        (lambda: optim.Adadelta([P()], rho=1.5), "rho=1.5"),
        (lambda: optim.ASGD([P()], lambd=-1), "lambd=-1"),
        (lambda: optim.Rprop([P()], etas=(1.2, 0.5)), r"etas=\(1.2, 0.5\)"),
        (lambda: optim.Rprop([P()], step_sizes=(1, 0.5)), "step_sizes"),
        (lambda: optim.Adafactor([P()], eps=(None, -1)), "eps"),
        (lambda: optim.Adafactor([P()], d=0.5), "d=0.5"),
        (lambda: optim.Adafactor([P()], beta2_decay=0.8), "beta2_decay=0.8"),
        (lambda: optim.Muon([P(3)]), r"parameter 0 of shape \(3,\) is not a matrix"),
        (lambda: optim.Muon([P()], ns_steps=100), "ns_steps=100"),
        (lambda: optim.Muon([P()], adjust_lr_fn="mine"), "adjust_lr_fn='mine'"),
        (lambda: optim.Muon([P()], ns_coefficients=(1, 2)), "ns_coefficients"),
    ],
)
def test_bad_options_are_refused_by_name_and_value(call, words):
    with pytest.raises(ValueError, match=words):
        call()
