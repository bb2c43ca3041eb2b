"""Recorded paths, and their picture."""

import numpy as np
import pytest

import autograd_core as ag
import optim
from optim.trajectories import LANDSCAPES, lecture_optimizers


@pytest.mark.parametrize("landscape", LANDSCAPES.values(), ids=LANDSCAPES)
def test_a_landscape_has_its_minimum_where_it_says_and_all_six_go_down(landscape):
    there = np.array(landscape.minimum)
    assert np.allclose(landscape(there), 0)
    assert np.allclose(ag.grad(landscape)(there), 0)
    begin = landscape(np.array(landscape.start))
    for name, make in lecture_optimizers(landscape.rates).items():
        path = optim.trajectory(landscape, landscape.start, make, steps=80)
        assert path.shape == (81, 2)
        assert np.array_equal(path[0], landscape.start)
        assert landscape(path[-1]) < 0.25 * begin, name


def test_gradient_descent_in_a_bowl_is_a_geometric_sequence():
    path = optim.trajectory(lambda p: (p * p).sum() / 2, [4.0, -8.0], lambda params: optim.SGD(params, lr=0.5), 6)
    assert np.allclose(path, np.outer(0.5 ** np.arange(7), [4, -8]))


def test_momentum_oscillates_across_the_valley_less_than_plain_descent():
    """The lecture's reason for momentum: across the valley the gradient's components cancel."""
    valley = optim.STEEP_VALLEY
    six = lecture_optimizers(valley.rates)
    turns = {
        name: np.sum(np.diff(np.sign(optim.trajectory(valley, valley.start, six[name], 30)[:, 1])) != 0)
        for name in ("SGD", "momentum", "Nesterov")
    }
    assert turns["SGD"] > turns["momentum"] >= turns["Nesterov"]


def test_lbfgs_walks_too_and_the_start_stays():
    start = np.array([-1.2, 1.0])
    make = lambda params: optim.LBFGS(params, line_search_fn="strong_wolfe", max_iter=5)
    path = optim.trajectory(optim.ROSENBROCK, start, make, 15)
    assert np.allclose(path[-1], 1, atol=1e-3)
    assert np.array_equal(start, [-1.2, 1.0])


def test_the_picture_shows_every_path_the_start_and_the_minimum():
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    ax = optim.plot_trajectories(optim.BEALE, steps=20)
    lines = {line.get_label(): np.stack(line.get_data(), axis=1) for line in ax.lines}
    six = lecture_optimizers(optim.BEALE.rates)
    assert {*six, "start", "minimum"} <= set(lines)
    for name, make in six.items():
        assert np.array_equal(lines[name], optim.trajectory(optim.BEALE, optim.BEALE.start, make, 20))
    assert np.array_equal(lines["minimum"], [[3, 0.5]])
    own = {"Adam": lambda params: optim.Adam(params, lr=0.1)}
    ax = optim.plot_trajectories(lambda p: (p * p).sum(), (1.0, 2.0), own, steps=5)  # not written with p[0] and p[1]
    assert ax.get_xlim()[0] < 1 < ax.get_xlim()[1]
    matplotlib.pyplot.close("all")


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (
            lambda f: optim.trajectory(f, [1.0], optim.SGD([ag.Tensor([1.0], requires_grad=True)]), 3),
            TypeError,
            "lambda",
        ),
        (lambda f: optim.plot_trajectories(f, [1.0], {"a": optim.SGD}), ValueError, "two numbers"),
        (lambda f: optim.plot_trajectories(f, [1.0, 2.0]), ValueError, "no optimizers"),
    ],
)
def test_bad_calls_are_refused(call, error, words):
    pytest.importorskip("matplotlib")
    with pytest.raises(error, match=words):
        call(lambda p: (p * p).sum())
