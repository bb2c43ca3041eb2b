"""What estimators have beyond scikit-learn's, and how they fit into its tools."""

import concurrent.futures
import io
import pickle
import tracemalloc
import warnings

import joblib
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import load_digits, load_iris
from sklearn.ensemble import BaggingRegressor, StackingClassifier
from sklearn.inspection import partial_dependence, permutation_importance
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.class_weight import compute_sample_weight

import autograd_core as ag
import nn
from autograd_core.support.random import use_generator
from fittings import CLASSES, NUMBERS, WEIGHTS, Flat, Net, Noisy, X, assert_same_network
from nn.estimators import MLPClassifier, MLPRegressor, NeuralNetClassifier, NeuralNetRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


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


@pytest.mark.parametrize(
    "Classifier", [MLPClassifier, lambda: NeuralNetClassifier(Net), lambda: NeuralNetClassifier(Flat)]
)
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


def test_predictions_need_memory_for_some_rows_only():
    many = np.zeros((20_000, 4))
    model = MLPClassifier((100,), max_iter=1).fit(X, CLASSES["three"])
    tracemalloc.start()
    assert model.predict_proba(many).shape == (20_000, 3)
    assert tracemalloc.get_traced_memory()[1] < 20_000 * 100 * 8 / 4  # a quarter of the hidden layer
    tracemalloc.stop()


def test_a_row_that_is_left_over_joins_the_batch_before():
    normed = nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3))  # one row alone has no variance
    for model in (NeuralNetClassifier(normed), MLPClassifier(batch_norm=True)):
        assert model.set_params(batch_size=89, max_iter=1).fit(X, CLASSES["three"]).n_iter_ == 1


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


def test_the_fitted_network_differentiates_by_its_input() -> None:
    """The local explanation of a prediction: central differences of what ``predict`` says."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(60, 3))
    model = MLPRegressor(hidden_layer_sizes=(5,), activation="tanh", solver="lbfgs", random_state=0, max_iter=50)
    model.fit(x, np.sin(x[:, 0]) + x[:, 1])
    point, step = x[:1], 1e-5
    with ag.no_grad():  # of the weights; the input is tracked by grad itself
        slopes = np.asarray(ag.grad(lambda x: model.module_(x).sum())(point))
    moved = point + step * np.eye(3)
    expected = (model.predict(moved) - model.predict(point - step * np.eye(3))) / (2 * step)
    np.testing.assert_allclose(slopes[0], expected, rtol=1e-6)


# What classes count, and other losses ---------------------------------------------------------------------------------


def test_a_class_weight_is_a_weight_of_its_rows():
    X, y = load_iris(return_X_y=True)
    for weight in ({0: 1.0, 1: 3.0, 2: 0.5}, "balanced"):
        options = {"hidden_layer_sizes": (4,), "solver": "lbfgs", "random_state": 0, "max_iter": 50}
        with warnings.catch_warnings(action="ignore"):
            weighted = MLPClassifier(class_weight=weight, **options).fit(X[20:], y[20:])
            rows = compute_sample_weight(weight, y[20:])
            other = MLPClassifier(**options).fit(X[20:], y[20:], rows)
        assert np.array_equal(weighted.predict_proba(X), other.predict_proba(X))
    with pytest.raises(ValueError, match="compute_class_weight"):
        MLPClassifier(class_weight="balanced").partial_fit(X, y, classes=[0, 1, 2])
    net = NeuralNetClassifier(nn.Linear, class_weight="balanced", solver="lbfgs")
    assert clone(net).get_params()["class_weight"] == "balanced"


@pytest.mark.parametrize("loss", ["hinge", "squared_hinge"])
def test_a_hinge_is_zero_beyond_the_margin_and_knows_no_probabilities(loss):
    x = np.array([[-3.0], [-2.0], [2.0], [3.0]])
    model = MLPClassifier((), "identity", loss=loss, alpha=0, solver="lbfgs", random_state=0).fit(x, list("aabb"))
    margins = model.decision_function(x) * [-1, -1, 1, 1]
    assert np.all(margins >= 1 - 1e-3) and model.score(x, list("aabb")) == 1 and model.loss_ < 1e-3
    assert not hasattr(model, "predict_proba") and not hasattr(MLPClassifier(), "decision_function")
    X, y = load_iris(return_X_y=True)
    X = StandardScaler().fit_transform(X)
    with warnings.catch_warnings(action="ignore"):
        of_three = MLPClassifier((8,), loss=loss, max_iter=500, random_state=0, learning_rate_init=0.01).fit(X, y)
    assert of_three.score(X, y) > 0.93
    assert np.array_equal(of_three.predict(X), of_three.decision_function(X).argmax(axis=1))


def test_the_mean_absolute_error_is_least_at_the_median():
    y = np.array([0.0, 1.0, 2.0, 3.0, 1000.0])
    x, options = np.zeros((5, 1)), {"alpha": 0, "hidden_layer_sizes": (), "activation": "identity", "random_state": 0}
    with warnings.catch_warnings(action="ignore"):
        options |= {"learning_rate_init": 0.02, "max_iter": 4000, "tol": 0}
        assert np.allclose(MLPRegressor("absolute_error", **options).fit(x, y).predict(x), 2, atol=0.05)
        huber = MLPRegressor("huber", **options).fit(x, y).predict(x)[0]
    assert abs(sum(np.clip(huber - y, -1, 1))) < 0.05
