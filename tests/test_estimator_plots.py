"""Pictures of estimators: what is drawn is what the model says."""

from __future__ import annotations

from typing import Any

import matplotlib
import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.linear_model import LinearRegression, LogisticRegression

from nn.estimators import MLPRegressor, plot_decision_surface, plot_loss_curve, plot_partial_dependence

matplotlib.use("Agg")

X = np.random.default_rng(0).normal(size=(60, 4))


class Table:
    """A data frame as far as it is needed: columns, and an array."""

    columns = "age", "height", "weight", "pressure"

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        return X.astype(dtype or float)


@pytest.mark.parametrize("held", ["mean", "median"])
def test_a_surface_is_the_model_with_the_other_features_held(held: str) -> None:
    asked = []

    def model(rows: Any) -> Any:
        asked.append(rows)
        return rows[:, 1] - rows[:, 3]

    ax = plot_decision_surface(model, Table(), features=("height", "pressure"), held=held, resolution=7)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("height", "pressure") and len(asked[0]) == 49
    middle = getattr(np, held)(X, axis=0)
    assert np.allclose(asked[0][:, [0, 2]], middle[[0, 2]])
    assert asked[0][:, 1].min() < X[:, 1].min() and asked[0][:, 3].max() > X[:, 3].max()


def test_two_classes_meet_at_one_half() -> None:
    labels = X[:, 0] > 0.3
    model = LogisticRegression(C=100).fit(X[:, :2], labels)
    ax = plot_decision_surface(model, X[:, :2], labels, resolution=60)
    line = np.concatenate([path.vertices for path in ax.collections[1].get_paths()])
    assert np.allclose(model.predict_proba(line)[:, 1], 0.5, atol=0.02)


def test_three_classes_are_three_colours() -> None:
    flowers = load_iris()
    model = LogisticRegression(max_iter=500).fit(flowers.data, flowers.target)
    ax = plot_decision_surface(model, flowers.data, flowers.target, features=(2, 3), resolution=30)
    image = ax.images[0].get_array()
    assert len(np.unique(image[..., :3].reshape(-1, 3), axis=0)) == 3


def test_the_partial_dependence_of_a_sum_is_its_own_term() -> None:
    """f = 2 x₁ + x₂²: by x₁ a line of slope 2, wherever the others are held; the mean over the rows adds E[x₂²]."""

    class Squared(LinearRegression):
        def fit(self, rows: Any, y: Any) -> Any:
            return super().fit(np.column_stack([rows[:, 1], rows[:, 2] ** 2]), y)

        def predict(self, rows: Any) -> Any:
            return super().predict(np.column_stack([rows[:, 1], rows[:, 2] ** 2]))

    model = Squared().fit(X, 2 * X[:, 1] + X[:, 2] ** 2)
    curves = {
        held: plot_partial_dependence(model, X, 1, held=held).lines[-1] for held in ("observed", "mean", "median")
    }
    v = curves["mean"].get_xdata()
    assert np.allclose(curves["observed"].get_ydata(), 2 * v + np.mean(X[:, 2] ** 2))
    assert np.allclose(curves["mean"].get_ydata(), 2 * v + np.mean(X[:, 2]) ** 2)
    assert np.allclose(curves["median"].get_ydata(), 2 * v + np.median(X[:, 2]) ** 2)


def test_a_band_lies_between_the_percentiles_of_its_members() -> None:
    members = [LinearRegression().fit(X, slope * X[:, 0]) for slope in (1.0, 2.0, 3.0)]
    ax = plot_partial_dependence(members[1], X, 0, members=members, held="mean", resolution=3)
    band = ax.collections[0].get_paths()[0].vertices
    right = band[band[:, 0] == X[:, 0].max(), 1] / X[:, 0].max()
    assert right.min() == pytest.approx(1.05) and right.max() == pytest.approx(2.95)


def test_wrong_input_is_named() -> None:
    line = LinearRegression().fit(X, X[:, 0])
    for wrong, message in (
        (lambda: plot_partial_dependence(line, X, 9), "feature 9 is not a column"),
        (lambda: plot_partial_dependence(line, X, 0, held="mode"), "held is 'mean' or 'median'"),
        (lambda: plot_decision_surface(line, X, features=(0, "age")), "feature 'age' is not a column"),
        (lambda: plot_decision_surface(line, X[0]), "X has 1 axes"),
    ):
        with pytest.raises(ValueError, match=message):
            wrong()


@pytest.fixture(autouse=True)
def closed() -> Any:
    yield
    import matplotlib.pyplot as plt

    plt.close("all")


def test_the_loss_curve_is_the_losses_and_the_scores_beside_them():
    x = np.linspace(0, 1, 60)[:, None]
    model = MLPRegressor(hidden_layer_sizes=(4,), max_iter=300, early_stopping=True, random_state=0, tol=0.1).fit(
        x, x.ravel()
    )
    ax = plot_loss_curve(model)
    assert ax.lines[0].get_ydata().tolist() == model.loss_curve_
    assert ax.figure.axes[1].lines[0].get_ydata().tolist() == model.validation_scores_
    with pytest.raises(ValueError, match="no epochs were recorded"):
        plot_loss_curve(MLPRegressor(solver="lbfgs"))
