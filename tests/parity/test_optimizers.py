"""Every optimizer with every option walks PyTorch's path, and state_dicts go both ways."""

import itertools

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import autograd_core as ag  # noqa: E402
import optim  # noqa: E402

STEPS = 200
RNG = np.random.default_rng(0)


def cases():
    """(name, options): every combination that means something, two values an option."""

    def grid(name, **values):
        for combination in itertools.product(*values.values()):
            yield name, dict(zip(values, combination, strict=True))

    sign, decay = [False, True], [0.0, 0.05]
    yield from grid("SGD", lr=[0.01], momentum=[0.0, 0.9], dampening=[0.0, 0.3], weight_decay=decay, maximize=sign)
    yield from grid("SGD", lr=[0.01], momentum=[0.5, 0.9], nesterov=[True], weight_decay=decay, maximize=sign)
    yield from grid(
        "Adagrad", lr=[0.1], lr_decay=[0.0, 0.01], weight_decay=decay, initial_accumulator_value=[0.0, 0.2],
        eps=[1e-10, 1e-2], maximize=sign,
    )  # fmt: skip
    yield from grid(
        "RMSprop", lr=[0.003], alpha=[0.9, 0.99], eps=[1e-6, 1e-2], weight_decay=decay, momentum=[0.0, 0.9],
        centered=sign, maximize=sign,
    )  # fmt: skip
    yield from grid("Adadelta", lr=[0.5, 0.2], rho=[0.9, 0.5], eps=[1e-6, 1e-2], weight_decay=decay, maximize=sign)
    adam = {"betas": [(0.9, 0.999), (0.5, 0.9)], "eps": [1e-8, 1e-2], "maximize": sign}
    decoupled = {"weight_decay": decay, "decoupled_weight_decay": sign}
    yield from grid("Adam", lr=[0.02], amsgrad=sign, **adam, **decoupled)
    yield from grid("AdamW", lr=[0.02], amsgrad=sign, **adam, weight_decay=decay)
    yield from grid("NAdam", lr=[0.02], momentum_decay=[4e-3, 0.1], **adam, **decoupled)
    yield from grid("RAdam", lr=[0.02], **adam, **decoupled)
    yield from grid("Adamax", lr=[0.02], weight_decay=decay, **adam)
    yield from grid(
        "ASGD", lr=[0.01], lambd=[1e-4, 0.1], alpha=[0.75, 0.5], t0=[1e6, 50.0], weight_decay=decay, maximize=sign
    )
    yield from grid(
        "Rprop", lr=[0.01, 0.1], etas=[(0.5, 1.2), (0.3, 1.5)], step_sizes=[(1e-6, 50), (1e-3, 0.1)], maximize=sign
    )
    adafactor = {
        "beta2_decay": [-0.8, -0.5],
        "eps": [(None, 1e-3), (1e-3, 0.1)],
        "d": [1.0, 2.0],
        "weight_decay": decay,
    }
    yield from grid("Adafactor", lr=[0.02, 0.1], **adafactor)
    yield from grid("Adafactor", lr=[0.005], **adafactor, maximize=[True])  # its steps grow with the parameters
    yield from grid(
        "Muon", lr=[0.02], weight_decay=[0.0, 0.1], momentum=[0.95, 0.5], nesterov=sign, ns_steps=[5, 3],
        adjust_lr_fn=[None, "original", "match_rms_adamw"],
    )  # fmt: skip


DEFAULTS = sorted({name for name, _ in cases()})
CASES = [*cases(), *((name, {}) for name in DEFAULTS)]
pytestmark = pytest.mark.usefixtures("in_double_precision")


# Where gradients vanish, rules that divide by their size amplify rounding without bound, in both libraries alike. So
# each step has a gradient of its own: another batch, another push.

X, Y = RNG.normal(size=(STEPS, 4, 6)), RNG.normal(size=(STEPS, 4, 5))
STARTS = [RNG.normal(size=shape) for shape in ((6, 4), (4, 5), (5,))]
PUSHES = [RNG.normal(size=(STEPS, *start.shape)) for start in STARTS]


def least_squares(t, w1, w2, b, array):
    """A network of two linear layers: not convex, bounded by a saturating residual for those who ascend."""
    residual = array(X[t]) @ w1 @ w2 + b - array(Y[t])
    return (residual * residual / (1 + 0.1 * residual * residual)).mean()


def valley(t, w1, w2, b, array):
    """Rosenbrock's valley along neighbouring columns, behind a wall that keeps the ascent finite; pushed about."""
    total = 0
    for w, push in zip((w1, w2, b.reshape(1, -1)), PUSHES, strict=True):
        x, y = (v / (1 + v * v) ** 0.5 for v in (w[:, :-1], w[:, 1:]))
        total = total + (3 * (y - x * x) ** 2 + (1 - x) ** 2).sum() + (array(push[t]) * w).sum()
    return total


def paths(name, options, problem, steps=STEPS):
    """Where both libraries are after each step, parameters joined."""
    starts = [0.5 * s for s in STARTS]
    trained = slice(0, 2) if name == "Muon" else slice(0, 3)  # it takes matrices only
    ours = [ag.Tensor(s.copy(), requires_grad=True) for s in starts]
    theirs = [torch.tensor(s, requires_grad=True) for s in starts]
    pair = getattr(optim, name)(ours[trained], **options), getattr(torch.optim, name)(theirs[trained], **options)
    path = []
    for t in range(steps):
        for optimizer, parameters, array in zip(pair, (ours, theirs), (np.asarray, torch.tensor), strict=True):
            optimizer.zero_grad()
            problem(t, *parameters, array).backward()
            optimizer.step()
        path.append([np.concatenate([p.detach().numpy().ravel() for p in ps]) for ps in (ours, theirs)])
    return np.array(path)


@pytest.mark.parametrize("problem", [least_squares, valley], ids=lambda f: f.__name__)
@pytest.mark.parametrize(("name", "options"), CASES, ids=str)
def test_200_steps_follow_the_same_path(name, options, problem):
    path = paths(name, options, problem)
    assert np.isfinite(path).all()
    assert np.allclose(path[:, 0], path[:, 1], rtol=1e-8, atol=1e-8)


def half_way(name, library):
    """An optimizer after seven steps, and its parameters."""
    make = ag.Tensor if library is optim else torch.tensor
    parameters = [make(0.5 * s, requires_grad=True) for s in STARTS[: 2 if name == "Muon" else 3]]
    options = {"momentum": 0.9} if name in ("SGD", "RMSprop") else {"amsgrad": True} if name == "Adam" else {}
    optimizer = getattr(library, name)(parameters, **options)
    for _ in range(7):
        step(optimizer, parameters, library)
    return optimizer, parameters


def step(optimizer, parameters, library):
    optimizer.zero_grad()
    tanh = np.tanh if library is optim else torch.tanh
    sum((tanh(p) ** 2).sum() for p in parameters).backward()
    optimizer.step()


def joined(parameters):
    return np.concatenate([p.detach().numpy().ravel() for p in parameters])


@pytest.mark.parametrize("name", DEFAULTS)
def test_the_state_dict_has_the_layout_of_torch(name):
    ours, theirs = half_way(name, optim)[0].state_dict(), half_way(name, torch.optim)[0].state_dict()
    assert ours["state"].keys() == theirs["state"].keys()
    for mine, other in zip(ours["state"].values(), theirs["state"].values(), strict=True):
        assert {k: np.shape(v) for k, v in mine.items()} == {k: tuple(v.shape) for k, v in other.items()}
        for key in mine:
            assert np.allclose(mine[key], other[key].numpy(), rtol=1e-10, atol=1e-12), key
    for mine, other in zip(ours["param_groups"], theirs["param_groups"], strict=True):
        assert mine == {k: v for k, v in other.items() if k in mine}
        assert set(other) - set(mine) <= {"foreach", "fused", "capturable", "differentiable"}


@pytest.mark.parametrize("name", DEFAULTS)
def test_a_run_begun_in_torch_goes_on_here(name):
    theirs, their_parameters = half_way(name, torch.optim)
    ours, parameters = half_way(name, optim)
    for p, q in zip(parameters, their_parameters, strict=True):
        p.data = q.detach().numpy().copy()
    fresh = type(ours)(parameters)
    fresh.load_state_dict(theirs.state_dict())
    for _ in range(5):
        step(theirs, their_parameters, torch.optim)
        step(fresh, parameters, optim)
    assert np.allclose(joined(parameters), joined(their_parameters), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("name", DEFAULTS)
def test_a_run_begun_here_goes_on_in_torch(name):
    ours, parameters = half_way(name, optim)
    theirs, their_parameters = half_way(name, torch.optim)
    saved = ours.state_dict()
    saved["state"] = {n: {k: torch.tensor(v) for k, v in s.items()} for n, s in saved["state"].items()}
    fresh = type(theirs)(their_parameters)
    fresh.load_state_dict(saved)
    for _ in range(5):
        step(fresh, their_parameters, torch.optim)
        step(ours, parameters, optim)
    assert np.allclose(joined(parameters), joined(their_parameters), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("name", DEFAULTS)
def test_groups_are_added_and_parameters_rest_as_in_torch(name):
    results = []
    for library in (optim, torch.optim):
        make = ag.Tensor if library is optim else torch.tensor
        first, second = (make(s, requires_grad=True) for s in STARTS[:2])
        optimizer = getattr(library, name)([first], lr=0.01)
        step(optimizer, [first], library)
        optimizer.add_param_group({"params": [second], "lr": 0.05})
        for k in range(6):
            step(optimizer, [first, second] if k % 2 else [second], library)
            optimizer.param_groups[0]["lr"] *= 0.9
        results.append(joined([first, second]))
    assert np.allclose(*results, rtol=1e-10, atol=1e-12)
