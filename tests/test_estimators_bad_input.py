"""What estimators refuse, in scikit-learn's words, and that a refusal changes nothing."""

import warnings

import numpy as np
import pytest
import sklearn.neural_network as peer
from scipy import sparse
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.utils._param_validation import InvalidParameterError

import nn
from fittings import CLASSES, NUMBERS, WEIGHTS, Net, X
from nn.estimators import MLPClassifier, MLPRegressor, NeuralNetClassifier, NeuralNetRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


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
    with pytest.raises(TypeError, match="returned a float"):
        NeuralNetClassifier(Net, lambda output, target: 0.5).fit(X, CLASSES["three"])
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
