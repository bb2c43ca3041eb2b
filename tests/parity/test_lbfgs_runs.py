"""LBFGS walks PyTorch's path, iteration by iteration and step by step."""

import itertools

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import autograd_core as ag  # noqa: E402
import optim  # noqa: E402

RNG = np.random.default_rng(0)
A = np.linalg.qr(RNG.normal(size=(6, 6)))[0] * np.array([1.0, 2, 5, 10, 30, 100]) ** 0.5
X, Y = RNG.normal(size=(40, 3)), RNG.integers(0, 2, 40)


def rosenbrock(lib, w):
    return ((1 - w[0][:-1]) ** 2 + 100 * (w[0][1:] - w[0][:-1] ** 2) ** 2).sum()


def quadratic(lib, w):
    r = lib.tensor(A) @ w[0] - 1
    return (r * r).sum() / 2


def logistic(lib, w):
    """Logistic regression through a hidden layer: parameters of several shapes."""
    z = lib.tanh(lib.tensor(X) @ w[0] + w[1]) @ w[2]
    signs = lib.tensor(1.0 - 2 * Y)
    return lib.log(1 + lib.exp(signs * z)).mean() + 0.01 * sum((p * p).sum() for p in w)


class Ours:
    optimizer, tanh, exp, log = optim.LBFGS, np.tanh, np.exp, np.log
    tensor = staticmethod(lambda a: ag.Tensor(a))
    leaf = staticmethod(lambda a: ag.Tensor(a.copy(), requires_grad=True))


class Theirs:
    optimizer, tanh, exp, log = torch.optim.LBFGS, torch.tanh, torch.exp, torch.log
    tensor = staticmethod(torch.tensor)
    leaf = staticmethod(lambda a: torch.tensor(a, requires_grad=True))


PROBLEMS = {
    "rosenbrock2": (rosenbrock, [np.array([-1.2, 1.0])]),
    "rosenbrock5": (rosenbrock, [np.array([-1.2, 1.0, -0.5, 0.8, 1.3])]),
    "quadratic": (quadratic, [np.zeros(6)]),
    "network": (logistic, [RNG.normal(size=(3, 4)), RNG.normal(size=4), RNG.normal(size=4)]),
}


def walk(lib, problem, steps, **options):
    loss_of, starts = PROBLEMS[problem]
    w = [lib.leaf(a) for a in starts]
    optimizer = lib.optimizer(w, **options)
    path, evaluations = [], []

    def closure():
        optimizer.zero_grad()
        loss = loss_of(lib, w)
        loss.backward()
        evaluations.append(loss.item())
        return loss

    for _ in range(steps):
        returned = optimizer.step(closure).item()
        path.append(np.concatenate([returned, *(p.detach().numpy().ravel().copy() for p in w)], axis=None))
    return np.array(path), evaluations, optimizer, w, closure


@pytest.mark.parametrize("problem", PROBLEMS)
@pytest.mark.parametrize(
    "options",
    [
        dict(zip(("line_search_fn", "history_size", "max_iter", "lr"), values, strict=True)) | more
        for values in itertools.product(("strong_wolfe", None), (2, 5, 100), (1, 4, 20), (1.0, 0.1))
        for more in ({}, {"max_eval": 3}, {"tolerance_grad": 1e-2}, {"tolerance_change": 1e-3})
    ],
    ids=str,
)
def test_paths(problem, options):
    if options["line_search_fn"] is None and problem.startswith("rosenbrock"):
        options = options | {"lr": options["lr"] * 0.01}  # without a line search a full step runs away
    steps = 2 if options["max_iter"] == 20 else 8
    (path, losses, *_), (other, their_losses, *_) = (
        walk(Ours, problem, steps, **options),
        walk(Theirs, problem, steps, **options),
    )
    assert len(losses) == len(their_losses)
    np.testing.assert_allclose(losses, their_losses, rtol=1e-8, atol=1e-8)
    np.testing.assert_allclose(path, other, rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("problem", PROBLEMS)
def test_a_state_from_pytorch_goes_on(problem):
    options = {"line_search_fn": "strong_wolfe", "max_iter": 3}
    whole = walk(Theirs, problem, 4, **options)[0]
    _, _, stopped, reached, _ = walk(Theirs, problem, 2, **options)
    _, _, optimizer, w, closure = walk(Ours, problem, 0, **options)
    for mine, their in zip(w, reached, strict=True):
        mine.data = their.detach().numpy().copy()
    optimizer.load_state_dict(stopped.state_dict())
    for k in (2, 3):
        optimizer.step(closure)
        point = np.concatenate([p.numpy().ravel() for p in w])
        np.testing.assert_allclose(point, whole[k, 1:], rtol=1e-8, atol=1e-8)
