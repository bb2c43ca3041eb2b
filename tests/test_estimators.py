"""Estimators: the same numbers as scikit-learn's where those are defined, and at home in its tools."""

import concurrent.futures
import io
import pickle
import warnings

import joblib
import numpy as np
import pytest
import sklearn.neural_network as peer
from scipy import sparse
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import load_breast_cancer, load_digits, load_iris, make_moons
from sklearn.ensemble import BaggingRegressor, StackingClassifier
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.inspection import partial_dependence, permutation_importance
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils._param_validation import InvalidParameterError
from threadpoolctl import threadpool_limits

import autograd_core as ag
import nn
from autograd_core.random import use_generator
from nn.estimators import MLPClassifier, MLPRegressor, NeuralNetClassifier, NeuralNetRegressor
from nn.estimators.closed_loop import ClosedLoop
from nn.estimators.objectives import LOSSES
from nn.estimators.solvers import Objective

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

RNG = np.random.default_rng(0)
X = RNG.standard_normal((90, 4))
CLASSES = {
    "binary": np.where(X[:, 0] + X[:, 1] > 0, "yes", "no"),
    "three": np.digitize(X[:, 0], (-0.5, 0.5)),
    "labels": (X[:, :3] > 0).astype(int),
}
NUMBERS = X[:, 0] - 2 * X[:, 1]
COUNTS = RNG.poisson(np.exp(X[:, 0])).astype(float)
WEIGHTS = RNG.integers(1, 4, len(X)).astype(float)


class Net(nn.Module):
    def __init__(self, in_features, out_features, hidden=10):
        self.layers = nn.Sequential(nn.Linear(in_features, hidden), nn.Tanh(), nn.Linear(hidden, out_features))

    def forward(self, x):
        return self.layers(x)


class Noisy(nn.Sequential):
    def __init__(self, in_features, out_features):
        super().__init__(nn.Linear(in_features, 8), nn.Dropout(0.5), nn.Linear(8, out_features))


class Flat(nn.Linear):
    def __init__(self, in_features):
        super().__init__(in_features, 1)

    def forward(self, x):
        return super().forward(x)[:, 0]


def arrays(model):
    return [*model.coefs_, *model.intercepts_]


def assert_same_network(ours, theirs, tolerance=1e-9):
    for a, b in zip(arrays(ours), arrays(theirs), strict=True):
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)


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
    ours = MLPClassifier(**options).fit(X, CLASSES[kind])
    theirs = peer.MLPClassifier(**options).fit(X, CLASSES[kind])
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
    options = {"hidden_layer_sizes": (), "solver": "lbfgs", "alpha": 1.0, "tol": 1e-6, "max_iter": 500}
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
@pytest.mark.parametrize("activation", [nn.ReLU, nn.Tanh, nn.Sigmoid, nn.Identity])
@pytest.mark.parametrize("link", LOSSES)
def test_the_closed_loop_has_the_gradient_that_the_engine_finds(link, activation, weights):
    network = nn.Sequential(nn.Linear(4, 6), activation(), nn.Linear(6, 5), activation(), nn.Linear(5, 3)).double()
    target = TARGETS[link]
    recorded = Objective(network, LOSSES[link], 0.3)
    value = recorded.evaluate(X[:5], target, weights)
    gradients = [p.grad.numpy().copy() for p in network.parameters()]
    loop = ClosedLoop(network, LOSSES[link], 0.3, link)
    loop.evaluate(X[:9], np.resize(target, (9, *target.shape[1:])), None)  # what it leaves behind does not matter
    assert loop.evaluate(X[:5], target, weights) == pytest.approx(value, rel=1e-12)
    for p, gradient in zip(network.parameters(), gradients, strict=True):
        np.testing.assert_allclose(p.grad.numpy(), gradient, rtol=1e-10, atol=1e-15)


def test_a_closed_loop_is_only_taken_where_it_is_the_same():
    layers = [nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 1)]
    assert ClosedLoop.fits(nn.Sequential(*layers), False, X)
    assert not ClosedLoop.fits(nn.Sequential(*layers), True, X)
    assert not ClosedLoop.fits(nn.Sequential(*layers), False, sparse.csr_array(X))
    assert not ClosedLoop.fits(nn.Sequential(layers[0], nn.GELU(), layers[2]), False, X)
    assert not ClosedLoop.fits(nn.Sequential(*layers, nn.ReLU(), nn.Dropout()), False, X)
    layers[0].register_forward_hook(lambda module, args, output: None)
    assert not ClosedLoop.fits(nn.Sequential(*layers), False, X)


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


# What is ours ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "options",
    [{"dropout": 0.3}, {"batch_norm": True, "batch_size": 89}, {"optimizer": "Lion"}, {"activation": "gelu"}],
    ids=str,
)
def test_our_own_options_learn_and_follow_the_seed(options):
    model = MLPClassifier((16,), learning_rate_init=0.01, max_iter=60, random_state=0, **options)
    a, b = clone(model).fit(X, CLASSES["binary"]), clone(model).fit(X, CLASSES["binary"])
    assert_same_network(a, b, 0)
    assert a.score(X, CLASSES["binary"]) > 0.85
    other = model.set_params(random_state=1).fit(X, CLASSES["binary"])
    assert not np.array_equal(other.coefs_[0], a.coefs_[0])


def test_a_module_is_given_its_sizes_and_its_arguments():
    model = NeuralNetClassifier(Net, module__hidden=7, solver="lbfgs", max_iter=200, random_state=0)
    model.fit(X, CLASSES["three"])
    assert [p.shape for p in model.module_.parameters()] == [(7, 4), (7,), (3, 7), (3,)]
    assert model.score(X, CLASSES["three"]) > 0.9
    assert clone(model).get_params()["module__hidden"] == 7
    assert model.set_params(module__hidden=3).fit(X, CLASSES["three"]).n_outputs_ == 3


@pytest.mark.parametrize("columns", [1, 2])
def test_two_classes_are_one_logit_or_two(columns):
    model = NeuralNetClassifier(nn.Linear(4, columns), solver="lbfgs", random_state=0).fit(X, CLASSES["binary"])
    assert model.score(X, CLASSES["binary"]) > 0.95 and model.predict_proba(X).shape == (90, 2)


@pytest.mark.parametrize("Classifier", [MLPClassifier, lambda: NeuralNetClassifier(Net), lambda: NeuralNetClassifier(Flat)])
def test_a_single_class_is_certain(Classifier):
    model = Classifier().set_params(max_iter=1).fit(X, np.full(len(X), "yes"))
    np.testing.assert_array_equal(model.predict_proba(X), np.ones((len(X), 1)))
    assert set(model.predict(X)) == {"yes"}


def test_a_module_instance_is_trained_from_its_weights_and_left_alone():
    module = nn.Linear(4, 1)
    before = module.weight.numpy().copy()
    model = NeuralNetRegressor(module, max_iter=2, shuffle=False).fit(X, NUMBERS)
    np.testing.assert_array_equal(module.weight.numpy(), before)
    assert 0 < np.abs(model.module_.weight.numpy() - before).max() < 0.01


def test_a_network_of_images():
    images, y = load_digits(n_class=2, return_X_y=True)
    images = images.reshape(-1, 1, 8, 8).astype(np.float32) / 16
    net = lambda: nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(144, 2))
    model = NeuralNetClassifier(net, max_iter=15, learning_rate_init=0.01, random_state=0).fit(images, y)
    assert model.score(images, y) > 0.98


def test_a_loss_and_an_optimizer_of_ones_own():
    y = NUMBERS.copy()
    y[:5] += 100
    options = {"solver": "lbfgs", "alpha": 0, "random_state": 0}
    squared = NeuralNetRegressor(nn.Linear, **options).fit(X, y)
    robust = NeuralNetRegressor(nn.Linear, nn.HuberLoss(), **options).fit(X, y)
    assert np.abs(robust.predict(X) - NUMBERS).max() < 1 < np.abs(squared.predict(X) - NUMBERS).max()
    weighted = NeuralNetRegressor(nn.Linear, nn.MSELoss(reduction="none"), **options).fit(X, y, WEIGHTS)
    again = NeuralNetRegressor(nn.Linear, **options).fit(X, y, WEIGHTS)
    np.testing.assert_allclose(weighted.predict(X), again.predict(X), atol=1e-2)
    named = {"optimizer": "SGD", "optimizer__momentum": 0.9}
    a = NeuralNetRegressor(nn.Linear, max_iter=20, random_state=0, **named).fit(X, NUMBERS)
    b = NeuralNetRegressor(nn.Linear, max_iter=20, random_state=0, solver="sgd", nesterovs_momentum=False).fit(
        X, NUMBERS
    )
    np.testing.assert_allclose(a.predict(X), b.predict(X))


def test_what_is_drawn_in_a_block_comes_from_its_generator():
    ag.manual_seed(5)
    expected = ag.default_generator().random(2)
    ag.manual_seed(5)
    found = [ag.default_generator().random()]
    with use_generator(np.random.default_rng(1)) as inner:
        assert ag.default_generator() is inner
        with concurrent.futures.ThreadPoolExecutor(1) as pool:  # another thread goes on as before
            found.append(pool.submit(lambda: ag.default_generator().random()).result())
        ag.manual_seed(9)  # seeds what is drawn from here
        assert ag.default_generator().random() == np.random.default_rng(9).random()
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("make", [lambda: MLPClassifier((5,), dropout=0.5), lambda: NeuralNetClassifier(Noisy)])
def test_a_fit_draws_from_its_own_seed_alone(make):
    fit = lambda seed: make().set_params(max_iter=20, random_state=seed).fit(X, CLASSES["three"]).predict_proba(X)
    ag.manual_seed(5)
    expected = ag.default_generator().random()
    ag.manual_seed(5)
    alone = [fit(seed) for seed in range(4)]
    assert ag.default_generator().random() == expected
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        np.testing.assert_array_equal([*pool.map(fit, range(4))], alone)


def test_a_stream_meets_new_noise_in_every_batch():
    model = NeuralNetClassifier(Noisy, random_state=0, learning_rate_init=1e-12)
    losses = [model.partial_fit(X, CLASSES["three"], classes=[0, 1, 2]).loss_ for _ in range(3)]
    assert len({round(loss, 6) for loss in losses}) == 3


def test_the_network_is_the_module_itself():
    model = NeuralNetClassifier(Net, max_iter=1).fit(X, CLASSES["three"])
    assert type(model.module_) is Net
    flat = NeuralNetClassifier(Flat, max_iter=1).fit(X, CLASSES["binary"])  # a module whose output is (n,)
    assert flat.predict_proba(X).shape == (len(X), 2)
    assert NeuralNetRegressor(Flat, nn.MSELoss(), solver="lbfgs").fit(X, NUMBERS).score(X, NUMBERS) > 0.99


# scikit-learn's tools -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dump", [pickle.dumps, lambda model: _by_joblib(model)], ids=["pickle", "joblib"])
def test_a_fitted_estimator_survives_its_file_and_goes_on(dump):
    for model in (
        MLPClassifier((5,), max_iter=3, dropout=0.2, random_state=0),
        NeuralNetClassifier(Net, max_iter=3, random_state=0),
    ):
        model.fit(X, CLASSES["three"])
        copy = pickle.loads(dump(model)) if dump is pickle.dumps else dump(model)
        np.testing.assert_array_equal(copy.predict_proba(X), model.predict_proba(X))
        for one in (model, copy):
            one.partial_fit(X, CLASSES["three"])
        np.testing.assert_array_equal(copy.predict_proba(X), model.predict_proba(X))


def _by_joblib(model):
    file = io.BytesIO()
    joblib.dump(model, file)
    file.seek(0)
    return joblib.load(file)


def test_a_grid_search_in_two_processes():
    pipe = make_pipeline(StandardScaler(), NeuralNetClassifier(Net, solver="lbfgs", random_state=0, max_iter=20))
    grid = {"neuralnetclassifier__module__hidden": [2, 8]}
    two, one = (GridSearchCV(pipe, grid, cv=2, n_jobs=n).fit(X, CLASSES["binary"]) for n in (2, 1))
    np.testing.assert_array_equal(two.cv_results_["mean_test_score"], one.cv_results_["mean_test_score"])


def test_inspection_finds_the_features_that_matter():
    model = MLPRegressor(hidden_layer_sizes=(8,), activation="tanh", solver="lbfgs", random_state=0).fit(X, NUMBERS)
    importance = permutation_importance(model, X, NUMBERS, n_repeats=3, random_state=0).importances_mean
    assert importance.argmax() == 1 and importance[:2].min() > 10 * np.abs(importance[2:]).max()
    found = partial_dependence(model, X, [1], kind="both", grid_resolution=5)
    slopes = np.diff(found["average"][0]) / np.diff(found["grid_values"][0])
    np.testing.assert_allclose(slopes, -2, atol=0.3)
    assert found["individual"].shape == (1, 90, 5)


def test_ensembles_and_calibration():
    base = MLPClassifier((4,), solver="lbfgs", max_iter=20, random_state=0)
    y = CLASSES["three"]
    stack = StackingClassifier([("a", base), ("b", clone(base))], LogisticRegression(), cv=2).fit(X, y)
    calibrated = CalibratedClassifierCV(base, cv=2).fit(X, y)
    assert stack.score(X, y) > 0.9 and calibrated.score(X, y) > 0.8
    bag = BaggingRegressor(MLPRegressor(hidden_layer_sizes=(4,), solver="lbfgs", max_iter=30), 5, random_state=0).fit(
        X, NUMBERS
    )
    predictions = np.stack([member.predict(X) for member in bag.estimators_])
    assert predictions.std(axis=0).min() > 0 and bag.score(X, NUMBERS) > 0.9


def test_attributes_that_scikit_learn_documents():
    pandas = pytest.importorskip("pandas")
    X, y = load_iris(return_X_y=True)
    frame = pandas.DataFrame(X, columns=list("abcd"))
    model = MLPClassifier((5,), max_iter=2, random_state=0)
    assert not hasattr(model, "coefs_")
    model.fit(frame, y)
    assert list(model.feature_names_in_) == list("abcd") and [w.shape for w in model.coefs_] == [(4, 5), (5, 3)]
    with pytest.warns(UserWarning, match="X does not have valid feature names"):
        model.predict(X)
    np.testing.assert_allclose(model.predict_log_proba(frame), np.log(model.predict_proba(frame)))
    before = model.predict_proba(frame)
    model.coefs_[0][...] = 0  # the arrays are the network's own
    assert not np.allclose(model.predict_proba(frame), before)
    assert model.score(frame, y, sample_weight=(y == 0).astype(float)) in (0.0, 1.0)


def test_progress_is_printed_where_asked_for(capsys):
    model = MLPClassifier((3,), solver="lbfgs", max_iter=9, verbose=True).fit(X, CLASSES["binary"])
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(", loss = ")[0] for line in lines] == [f"Iteration {i}" for i in range(1, 10)]
    assert float(lines[-1].split("=")[1]) == pytest.approx(model.loss_)
    MLPClassifier((3,), max_iter=2, early_stopping=True, verbose=True).fit(X, CLASSES["binary"])
    lines = capsys.readouterr().out.splitlines()
    heads = [line.split(",")[0].split(":")[0] for line in lines]
    assert heads == ["Iteration 1", "Validation score", "Iteration 2", "Validation score"]


# Bad input ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("Estimator", [MLPClassifier, MLPRegressor])
def test_bad_data_is_refused_in_scikit_learns_words(Estimator):
    theirs = getattr(peer, Estimator.__name__)
    classifiers = (MLPClassifier, peer.MLPClassifier)
    y = CLASSES["three"].astype(float)
    holes = X.copy()
    holes[3, 2] = np.nan
    too_large = X.copy()
    too_large[0, 0] = np.inf
    fitted = {c: c(hidden_layer_sizes=(2,), max_iter=1).fit(X, y) for c in (Estimator, theirs)}
    actions = [
        lambda c: c().fit(holes, y),
        lambda c: c().fit(too_large, y),
        lambda c: c().fit(X[:0], y[:0]),
        lambda c: c().fit(X, y[:-1]),
        lambda c: c().fit(X, y, np.ones(3)),
        lambda c: c().fit(X[0], y),
        lambda c: c().fit(X, np.where(y == 1, np.nan, y)),
        lambda c: c().predict(X),
        lambda c: fitted[c].predict(X[:, :3]),
        lambda c: fitted[c].predict(holes),
        lambda c: fitted[c].partial_fit(X[:, :3], y),
        lambda c: c(early_stopping=True).fit(X[:3], np.arange(3.0)),
        lambda c: c(alpha=-1).fit(X, y),
        lambda c: c(hidden_layer_sizes=(3, 0)).fit(X, y),
        lambda c: c(max_iter=0).fit(X, y),
        lambda c: c(early_stopping=True).partial_fit(X, y, **({"classes": [0, 1, 2]} if c in classifiers else {})),
    ]
    for action in actions:
        caught = []
        for one in (Estimator, theirs):
            with pytest.raises(Exception) as error:
                action(one)
            caught.append((error.type, str(error.value).split("\n")[0]))
        assert caught[0] == caught[1]


def test_weights_are_not_negative_and_targets_not_sparse():
    with pytest.raises(ValueError, match="Negative values in data passed to `sample_weight`"):
        MLPRegressor().fit(X, NUMBERS, -WEIGHTS)
    with pytest.raises(TypeError, match="Sparse data was passed for y, but dense data is required"):
        MLPRegressor().fit(X, sparse.csr_array(X))


def test_labels_and_choices_that_are_not_known():
    model = MLPClassifier((2,), max_iter=1)
    with pytest.raises(ValueError, match="classes must be passed on the first call to partial_fit"):
        model.partial_fit(X, CLASSES["three"])
    model.partial_fit(X, CLASSES["three"], classes=[0, 1, 2])
    with pytest.raises(ValueError, match=r"`y` has classes not in `self.classes_`"):
        model.partial_fit(X, CLASSES["three"] + 1)
    with pytest.raises(ValueError, match="warm_start can only be used where `y` has the same classes"):
        model.set_params(warm_start=True).fit(X, CLASSES["three"] + 1)
    with pytest.raises(AttributeError, match="no attribute 'partial_fit'"):
        MLPClassifier(solver="lbfgs").partial_fit  # noqa: B018 - looking is enough
    with pytest.raises(InvalidParameterError, match="'optimizer' parameter"):
        MLPClassifier(optimizer="Adamm").fit(X, CLASSES["three"])
    with pytest.raises(InvalidParameterError, match="'module' parameter"):
        NeuralNetClassifier().fit(X, CLASSES["three"])


def test_what_a_module_does_wrong_is_told():
    with pytest.raises(ValueError, match=r"outputs of shape \(2, 4\) .* expected \(n, 3\)"):
        NeuralNetClassifier(nn.Linear(4, 4)).fit(X, CLASSES["three"])
    with pytest.raises(TypeError, match="made a int"):
        NeuralNetClassifier(lambda: 3).fit(X, CLASSES["three"])
    with pytest.raises(TypeError, match="unexpected keyword argument 'hidden'"):
        NeuralNetClassifier(Net, hidden=3)
    with pytest.raises(ValueError, match="there already"):
        NeuralNetClassifier(nn.Linear(4, 3), module__bias=False).fit(X, CLASSES["three"])
    with pytest.raises(ValueError, match="no optimizer"):
        NeuralNetClassifier(Net, optimizer__momentum=0.5).fit(X, CLASSES["three"])
    with pytest.raises(ValueError, match="cannot be weighted"):
        NeuralNetRegressor(nn.Linear, nn.HuberLoss()).fit(X, NUMBERS, WEIGHTS)
    with pytest.raises(ValueError, match="n_samples = 1"):
        MLPRegressor(batch_norm=True).fit(X[:1], NUMBERS[:1])
    with pytest.raises(ValueError, match="y >= 0"):
        MLPRegressor("poisson").fit(X, NUMBERS)


def test_training_that_did_not_end_or_broke_is_told():
    with pytest.warns(ConvergenceWarning, match="Maximum iterations"):
        MLPClassifier((2,), max_iter=1).fit(X, CLASSES["three"])
    with pytest.warns(ConvergenceWarning, match="lbfgs failed to converge"):
        MLPClassifier((2,), solver="lbfgs", max_iter=1).fit(X, CLASSES["three"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        for solver in ("lbfgs", "sgd"):
            with pytest.raises(ValueError, match="non-finite parameter weights"):
                MLPRegressor(hidden_layer_sizes=(2,), solver=solver, learning_rate_init=1e3).fit(X * 1e200, NUMBERS)
    with pytest.raises(NotFittedError):
        NeuralNetClassifier(Net).predict(X)


FAILURES = {
    "NaN in y's stead": lambda m: m.fit(X, np.where(NUMBERS > 0, np.nan, NUMBERS)),
    "steps that diverge": lambda m: m.set_params(solver="sgd", learning_rate_init=1e200).fit(X, NUMBERS),
    "a stream that diverges": lambda m: m.partial_fit(X * 1e300, NUMBERS * 1e300),
    "rows that are too few": lambda m: m.set_params(early_stopping=True).fit(X[:3], NUMBERS[:3]),
    "other features": lambda m: m.fit(X[:, :2] * 1e300, NUMBERS * 1e300),
}


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("failure", FAILURES)
def test_a_fit_that_fails_leaves_what_was_fitted_before(failure):
    model = MLPRegressor(hidden_layer_sizes=(4,), max_iter=3, random_state=0)
    with pytest.raises(ValueError):
        FAILURES[failure](clone(model))
    model.fit(X, NUMBERS)
    before, learned = model.predict(X), {name for name in vars(model) if name.endswith("_")}
    with pytest.raises(ValueError):
        FAILURES[failure](model)
    np.testing.assert_array_equal(model.predict(X), before)
    assert {name for name in vars(model) if name.endswith("_")} == learned
    model.set_params(solver="adam", learning_rate_init=1e-3, early_stopping=False).partial_fit(X, NUMBERS)
    assert np.isfinite(model.predict(X)).all()


def test_a_first_fit_that_fails_leaves_nothing():
    model = MLPRegressor(hidden_layer_sizes=(4,), solver="sgd", learning_rate_init=1e200, max_iter=3)
    with np.errstate(all="ignore"), pytest.raises(ValueError, match="non-finite"):
        model.fit(X, NUMBERS)
    with pytest.raises(NotFittedError):
        model.predict(X)
