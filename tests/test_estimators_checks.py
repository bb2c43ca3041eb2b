"""scikit-learn's own contract: every check of ``check_estimator`` on every estimator."""

import pytest
from sklearn.utils.estimator_checks import (
    check_classifiers_multilabel_output_format_predict_proba,
    parametrize_with_checks,
)

from fittings import Net
from nn.estimators import MLPClassifier, MLPRegressor, NeuralNetClassifier, NeuralNetRegressor

SHORT = {"learning_rate_init": 0.05, "max_iter": 30}  # what the checks ask of a score is reached


@pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning", "ignore::sklearn.exceptions.SkipTestWarning"
)
@parametrize_with_checks(
    [
        MLPClassifier((10,), **SHORT),
        MLPRegressor(hidden_layer_sizes=(10,), **SHORT),
        NeuralNetClassifier(Net, **SHORT),
        NeuralNetRegressor(Net, **SHORT),
    ]
)
def test_what_scikit_learn_asks_of_every_estimator(estimator, check):
    check(estimator)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("estimator", [MLPClassifier(), NeuralNetClassifier(Net)])
def test_no_label_is_entirely_certain(estimator):
    for alpha in (1e-4, 0):  # labels that can be separated: the weights grow until rounding says 1
        estimator.set_params(solver="lbfgs", alpha=alpha, max_iter=500)
        check_classifiers_multilabel_output_format_predict_proba(type(estimator).__name__, estimator)
