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


def test_a_plane_through_a_loss_is_a_section_and_leaves_the_parameters_alone():
    """Along a line through a quadratic the heights are a parabola, whose slope at 0 is the gradient along it."""
    w = ag.Tensor(np.array([[1.0, -2.0], [3.0, 0.5]]), requires_grad=True)
    target = np.array([0.3, -0.7])
    loss = lambda: ((w @ target - 1) ** 2).sum()
    height = optim.loss_plane(loss, [w], seed=3)
    a = np.linspace(-1, 1, 7)
    assert np.allclose(np.diff([height((t, 0.5)) for t in a], n=3), 0, atol=1e-12)
    before = w.numpy().copy()
    loss().backward()
    step = 1e-6
    for point in ((step, 0.0), (0.0, step)):
        moved = []
        seen = optim.loss_plane(lambda moved=moved: moved.append(w.numpy().copy()) or loss(), [w], seed=3)
        slope = (seen(point) - loss().item()) / step
        assert slope == pytest.approx(np.sum(w.grad.numpy() * (moved[0] - before)) / step, rel=1e-4)
    assert np.array_equal(w.numpy(), before)
    with pytest.raises(TypeError, match=r"loss is .*not a number"):
        optim.loss_plane(lambda: w @ target, [w])((0.0, 0.0))
    assert np.array_equal(w.numpy(), before)


def test_a_landscape_is_drawn_where_the_box_says_with_its_paths():
    pytest.importorskip("matplotlib").use("Agg")
    path = np.array([[0.0, 0.0], [0.5, 0.25]])
    ax = optim.plot_landscape(lambda p: p[0] ** 2 - p[1], (-1, 1, 0, 2), paths={"mine": path}, grid=9)
    assert ax.get_xlim() == (-1, 1) and ax.get_ylim() == (0, 2)
    assert any(np.array_equal(np.stack(line.get_data(), axis=1), path) for line in ax.lines)
    flat = optim.plot_landscape(lambda p: 0 * p[0], grid=5)
    assert flat.collections
    for box in ((1, 1, 0, 1), (0, 1, 1, 0)):
        with pytest.raises(ValueError, match="left < right"):
            optim.plot_landscape(lambda p: p[0], box)
