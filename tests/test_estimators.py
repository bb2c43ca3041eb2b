"""Estimators: the same numbers as scikit-learn's where those are defined."""

import numpy as np
import pytest
import sklearn.neural_network as peer
from scipy import sparse
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, make_moons
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

import autograd_core as ag
import nn
from fittings import CLASSES, COUNTS, NUMBERS, RNG, WEIGHTS, Net, X, arrays, assert_same_network
from nn.estimators import MLPClassifier, MLPRegressor, NeuralNetRegressor
from nn.estimators.objectives import LOSSES
from nn.estimators.solvers import Objective

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


# The same as scikit-learn's -------------------------------------------------------------------------------------------

SETTINGS = {
    "adam": {},
    "large epsilon": {"epsilon": 1e-2},
    "sgd": {"solver": "sgd", "learning_rate_init": 0.1},
    "plain sgd": {"solver": "sgd", "momentum": 0, "shuffle": False},
    "heavy ball": {"solver": "sgd", "nesterovs_momentum": False, "learning_rate_init": 0.1},
    "invscaling": {"solver": "sgd", "learning_rate": "invscaling", "learning_rate_init": 0.5},
    "adaptive": {"solver": "sgd", "learning_rate": "adaptive", "tol": 0.05, "n_iter_no_change": 1, "max_iter": 30},
    "early stopping": {"early_stopping": True, "n_iter_no_change": 2, "max_iter": 20},
    "logistic": {"activation": "logistic"},
    "tanh": {"activation": "tanh", "alpha": 1.0},
    "identity": {"activation": "identity"},
}


@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize("kind", CLASSES)
def test_a_classifier_walks_the_same_path_as_scikit_learns(kind, setting):
    options = {"hidden_layer_sizes": (7, 5), "batch_size": 25, "max_iter": 6, "random_state": 3} | SETTINGS[setting]
    y = CLASSES[kind]
    if kind == "binary" and "early_stopping" in options:
        y = (y == "yes").astype(int)  # scikit-learn 1.7 cannot score classes with names there
    ours, theirs = MLPClassifier(**options).fit(X, y), peer.MLPClassifier(**options).fit(X, y)
    assert_same_network(ours, theirs)
    np.testing.assert_allclose(ours.loss_curve_, theirs.loss_curve_)
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), rtol=1e-7)
    np.testing.assert_array_equal(ours.predict(X), theirs.predict(X))
    names = ("n_iter_", "t_", "n_layers_", "n_outputs_", "out_activation_", "best_loss_", "validation_scores_",
             "best_validation_score_", "n_features_in_")  # fmt: skip
    for name in names:
        assert getattr(ours, name) == pytest.approx(getattr(theirs, name)), name
    np.testing.assert_array_equal(ours.classes_, theirs.classes_)


@pytest.mark.parametrize("weights", [None, WEIGHTS], ids=["alike", "weighted"])
@pytest.mark.parametrize(("loss", "y"), [("squared_error", NUMBERS), ("poisson", COUNTS)])
def test_a_regressor_walks_the_same_path_as_scikit_learns(loss, y, weights):
    options = {"hidden_layer_sizes": 6, "batch_size": 40, "max_iter": 5, "random_state": 1, "alpha": 0.1}
    ours = MLPRegressor(loss, **options).fit(X, y, weights)
    theirs = peer.MLPRegressor(loss, **options).fit(X, y, weights)
    assert_same_network(ours, theirs)
    assert ours.loss_ == pytest.approx(theirs.loss_)


def test_partial_fit_and_warm_start_go_on_as_scikit_learns_do():
    ours, theirs = (c((5,), random_state=0, max_iter=3) for c in (MLPClassifier, peer.MLPClassifier))
    for _ in range(3):
        for model in (ours, theirs):
            model.partial_fit(X[:50], CLASSES["three"][:50], classes=[0, 1, 2])
    assert_same_network(ours, theirs)
    for model in (ours, theirs):
        model.set_params(warm_start=True).fit(X, CLASSES["three"])
    assert_same_network(ours, theirs)


def test_lbfgs_reaches_the_minimum_that_scikit_learn_reaches():
    options = {
        "hidden_layer_sizes": (),
        "solver": "lbfgs",
        "alpha": 1.0,
        "tol": 1e-6,
        "max_iter": 500,
        "random_state": 0,
    }
    ours, theirs = (c(**options).fit(X, CLASSES["binary"]) for c in (MLPClassifier, peer.MLPClassifier))
    assert_same_network(ours, theirs, 1e-4)  # without hidden layers there is one minimum
    assert ours.loss_ == pytest.approx(theirs.loss_, rel=1e-7)


def test_the_lectures_grid_over_alpha():
    data = load_breast_cancer()
    X_train, _, y_train, _ = train_test_split(data.data, data.target, stratify=data.target, random_state=0)
    pipe = make_pipeline(StandardScaler(), MLPClassifier(solver="lbfgs", random_state=1))
    with threadpool_limits(1):  # the products are too small for two
        grid = GridSearchCV(pipe, {"mlpclassifier__alpha": np.logspace(-3, 3, 7)}, cv=5).fit(X_train, y_train)
    lecture = [0.979, 0.981, 0.972, 0.979, 0.984, 0.939, 0.627]
    np.testing.assert_allclose(grid.cv_results_["mean_test_score"], lecture, atol=0.02)


@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_the_lectures_moons(activation):
    X, y = make_moons(100, noise=0.25, random_state=2)
    X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y, random_state=42)
    mlp = MLPClassifier((10, 10, 10), activation, solver="lbfgs", random_state=0).fit(X_train, y_train)
    assert mlp.score(X_train, y_train) >= 0.97 and mlp.score(X_test, y_test) >= 0.84


# Gradients ------------------------------------------------------------------------------------------------------------

TARGETS = {
    "softmax": RNG.integers(0, 3, 5),
    "logistic": RNG.integers(0, 2, (5, 3)).astype(float),
    "identity": RNG.standard_normal((5, 3)),
    "exp": RNG.poisson(2.0, (5, 3)).astype(float),
}
SHARES = {"alike": 1 / 5, "weighted": np.array([0.1, 0.2, 0.3, 0.4, 0.0])}


@pytest.mark.parametrize("share", SHARES)
@pytest.mark.parametrize("link", LOSSES)
def test_each_loss_has_the_derivatives_that_it_states(link, share):
    z = RNG.standard_normal((5, 3))
    assert ag.gradcheck(lambda z: LOSSES[link](z, TARGETS[link], SHARES[share]), z, order=2) < 1e-6


@pytest.mark.parametrize("weights", [None, np.array([1.0, 0.0, 2.0, 1.0, 3.0])], ids=["alike", "weighted"])
@pytest.mark.parametrize("link", LOSSES)
def test_the_objective_is_the_mean_loss_with_its_penalty_and_their_slope(link, weights):
    network = nn.Sequential(nn.Linear(4, 6), nn.Tanh(), nn.Linear(6, 3)).double()
    objective, target = Objective(network, LOSSES[link], 0.3), TARGETS[link]
    total = 5 if weights is None else weights.sum()
    share = 1 / total if weights is None else weights / total
    squares = sum(np.square(p.numpy()).sum() for p in objective.penalised)
    mean = LOSSES[link](network(X[:5]).numpy(), target, share)
    assert objective.evaluate(X[:5], target, weights) == pytest.approx(mean + 0.3 / (2 * total) * squares, rel=1e-12)
    slopes = [p.grad.numpy().copy() for p in network.parameters()]
    for p, slope in zip(network.parameters(), slopes, strict=True):
        direction, h = RNG.standard_normal(p.shape), 1e-5
        ends = []
        for sign in (1, -1):
            p._data += sign * h * direction
            ends.append(objective.evaluate(X[:5], target, weights))
            p._data -= sign * h * direction
        assert (ends[0] - ends[1]) / (2 * h) == pytest.approx(np.vdot(slope, direction), rel=1e-6, abs=1e-8)


# Data -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("solver", ["lbfgs", "adam"])
@pytest.mark.parametrize("form", [sparse.csr_array, sparse.csc_matrix])
def test_sparse_rows_are_the_same_rows(form, solver):
    dense = np.where(np.abs(X) > 0.7, X, 0)
    options = {"hidden_layer_sizes": (5,), "solver": solver, "max_iter": 5, "batch_size": 20, "random_state": 0}
    for model, y in ((MLPClassifier(**options), CLASSES["three"]), (MLPRegressor(**options), NUMBERS)):
        a, b = clone(model).fit(dense, y), clone(model).fit(form(dense), y)
        assert_same_network(a, b, 1e-7)
        np.testing.assert_allclose(a.predict(form(dense)), b.predict(dense), rtol=1e-6)


def test_a_weight_is_a_repetition():
    whole = {"solver": "lbfgs", "alpha": 1.0, "hidden_layer_sizes": (), "tol": 1e-7, "random_state": 0}
    rows = np.repeat(np.arange(len(X)), WEIGHTS.astype(int))
    for model, y in ((MLPClassifier(**whole), CLASSES["labels"]), (MLPRegressor(**whole), X[:, :2] ** 2)):
        weighted, repeated = clone(model).fit(X, y, WEIGHTS), clone(model).fit(X[rows], y[rows])
        assert_same_network(weighted, repeated, 1e-3)


def test_float32_stays_float32():
    x = X.astype(np.float32)
    for solver in ("adam", "lbfgs"):
        model = MLPClassifier((5,), solver=solver, max_iter=3).fit(x, CLASSES["three"])
        assert {a.dtype for a in arrays(model)} == {model.predict_proba(x).dtype} == {np.dtype("float32")}
    assert NeuralNetRegressor(Net, max_iter=2).fit(x, NUMBERS).predict(X).dtype == np.float32


def test_several_outputs_are_minimised_as_reported():
    model = MLPRegressor(hidden_layer_sizes=(8,), solver="lbfgs", max_iter=300, random_state=0).fit(X, X[:, :2])
    assert model.n_outputs_ == 2 and model.score(X, X[:, :2]) > 0.99
    error = 0.5 * np.mean((model.predict(X) - X[:, :2]) ** 2)
    penalty = 0.5e-4 * sum(np.sum(w**2) for w in model.coefs_) / len(X)
    assert model.loss_ == pytest.approx(error + penalty)
