"""What classifiers share, and what regressors share: targets in, predictions and scores out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np
from sklearn.base import ClassifierMixin, RegressorMixin
from sklearn.metrics import accuracy_score, r2_score
from sklearn.preprocessing import LabelBinarizer
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import _check_partial_fit_first_call, type_of_target, unique_labels
from sklearn.utils.validation import check_array, column_or_1d, validate_data

from .base import Network
from .objectives import NAMED

if TYPE_CHECKING:
    from autograd_core.support.types import Array, ArrayLike, DType

    from .mlp import MLPClassifier
    from .solvers import Features


def _is_stochastic(estimator: MLPClassifier) -> bool:
    if estimator.solver == "lbfgs" and estimator.optimizer is None:
        raise AttributeError("partial_fit is only available for stochastic optimizers. lbfgs is not stochastic.")
    return True


def _has_margins(estimator: Any) -> bool:
    return isinstance(estimator.loss, str) and estimator.loss in NAMED


def _has_probabilities(estimator: Any) -> bool:
    if _has_margins(estimator):
        raise AttributeError(
            f"loss={estimator.loss!r} knows no probabilities. Fix: decision_function, or loss='log_loss'."
        )
    return True


class NetworkClassifier(ClassifierMixin, Network):
    """Labels in and out: classes, or several yes-or-no labels a row."""

    class_weight: Any
    loss: Any

    def _checked(self, X: Any, y: Any, incremental: bool, reset: bool) -> tuple[Features, Array]:
        X, y = validate_data(self, X, y, multi_output=True, dtype=self._dtypes(reset), reset=reset, **self._accepts)
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        if not hasattr(self, "classes_") or not (self.warm_start or incremental):
            self._learn_labels(y)
            return X, y
        classes = unique_labels(y)
        if self.warm_start and not incremental and set(classes) != set(self.classes_):
            raise ValueError(
                "warm_start can only be used where `y` has the same classes as in the previous call to fit. "
                f"Previously got {self.classes_}, `y` has {classes}"
            )
        if len(np.setdiff1d(classes, self.classes_, assume_unique=True)):
            raise ValueError(
                f"`y` has classes not in `self.classes_`. `self.classes_` has {self.classes_}. 'y' has {classes}."
            )
        return X, y

    def _learn_labels(self, y: Array) -> None:
        self._label_binarizer = LabelBinarizer().fit(y)
        self.classes_ = self._label_binarizer.classes_

    @available_if(_is_stochastic)
    def partial_fit(
        self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None, classes: ArrayLike | None = None
    ) -> Self:
        """One epoch over these rows, the state of the optimizer kept; returns self.

        classes : all labels that will ever come; needed at the first call
        """
        with self._undone_where_it_fails():
            if _check_partial_fit_first_call(self, classes):
                several = type_of_target(y).startswith("multilabel")
                self._label_binarizer = LabelBinarizer().fit(y if several else classes)
            return self._fit(X, y, sample_weight, incremental=True)

    @property
    def _kind(self) -> str:
        """ "binary", "multiclass" or "multilabel-indicator"."""
        return self._label_binarizer.y_type_

    def _encoded(self, y: Array, dtype: DType) -> Array:
        if self.out_activation_ == "softmax":
            return np.searchsorted(self.classes_, y)
        return self._label_binarizer.transform(y).astype(dtype)

    def _weighted(self, X: Features, y: Array, weights: Array | None, incremental: bool) -> Array | None:
        if self.class_weight is None:
            return weights
        if incremental and self.class_weight == "balanced":
            raise ValueError(
                "class_weight 'balanced' is not supported for partial_fit, which does not see all rows. Fix: give the "
                "weights as a dict, from sklearn.utils.class_weight.compute_class_weight('balanced', ...)."
            )
        of_class = compute_sample_weight(self.class_weight, y).astype(X.dtype)
        return of_class if weights is None else of_class * weights

    def _strata(self, y: Array) -> Array | None:
        return y if self._kind == "binary" else None

    def _scored(self, X: Features, y: Array, weights: Array | None) -> float:
        probabilities = self._linked(X)
        if not np.isfinite(probabilities).all():
            return np.nan
        return accuracy_score(y, self._labels(probabilities), sample_weight=weights)

    def _labels(self, probabilities: Array) -> Array:
        if self._kind == "binary":
            probabilities = probabilities[:, -1]
        return self._label_binarizer.inverse_transform(probabilities, threshold=0 if _has_margins(self) else None)

    def predict(self, X: ArrayLike) -> Array:
        """The most probable class of each row, or for several labels those with a probability above ½."""
        return self._labels(self._predicted(X))

    @available_if(_has_margins)
    def decision_function(self, X: ArrayLike) -> Array:
        """How far on the side of the second class each row lies (n_samples,), or of each class (n_samples, n_classes).

        Of the losses "hinge" and "squared_hinge", which know no probabilities.
        """
        margins = self._predicted(X)
        return margins.ravel() if margins.shape[1] == 1 else margins

    @available_if(_has_probabilities)
    def predict_proba(self, X: ArrayLike) -> Array:
        """Probabilities (n_samples, n_classes), the classes in the order of ``classes_``."""
        probabilities = self._predicted(X)
        if self._kind == "multilabel-indicator":
            limits = np.finfo(probabilities.dtype)  # scikit-learn's checks forbid what is rounded to 0 and 1
            return np.clip(probabilities, limits.tiny, 1 - limits.epsneg)
        if len(self.classes_) == 1:
            return np.ones_like(probabilities[:, :1])
        return np.hstack([1 - probabilities, probabilities]) if probabilities.shape[1] == 1 else probabilities

    @available_if(_has_probabilities)
    def predict_log_proba(self, X: ArrayLike) -> Array:
        """log(predict_proba(X))."""
        probabilities = self.predict_proba(X)
        with np.errstate(divide="ignore"):
            return np.log(probabilities, out=probabilities)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        tags.input_tags.sparse = bool(self._accepts.get("accept_sparse"))
        return tags


class NetworkRegressor(RegressorMixin, Network):
    """Numbers in and out, one or several a row."""

    def _checked(self, X: Any, y: Any, incremental: bool, reset: bool) -> tuple[Features, Array]:
        X, y = validate_data(
            self, X, y, multi_output=True, y_numeric=True, dtype=self._dtypes(reset), reset=reset, **self._accepts
        )
        check_array(y, ensure_2d=False, dtype=None, input_name="y")  # it may be sparse until here
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        if getattr(self, "loss", None) == "poisson" and y.min() < 0:
            raise ValueError("Some value(s) of y are out of the valid range of the loss 'poisson': y >= 0.")
        return X, y

    @available_if(_is_stochastic)
    def partial_fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """One epoch over these rows, the state of the optimizer kept; returns self."""
        with self._undone_where_it_fails():
            return self._fit(X, y, sample_weight, incremental=True)

    def _encoded(self, y: Array, dtype: DType) -> Array:
        return np.asarray(y.reshape(len(y), -1), dtype)

    def _scored(self, X: Features, y: Array, weights: Array | None) -> float:
        predicted = self._linked(X)
        return r2_score(y, predicted, sample_weight=weights) if np.isfinite(predicted).all() else np.nan

    def predict(self, X: ArrayLike) -> Array:
        """The predicted mean of each row: (n_samples,), or (n_samples, n_outputs)."""
        predicted = self._predicted(X)
        return predicted.ravel() if predicted.shape[1] == 1 else predicted

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = bool(self._accepts.get("accept_sparse"))
        return tags
