"""What all estimators share: checked input, the loop over epochs, early stopping, scikit-learn's attributes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeAlias

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.utils import check_random_state, gen_batches
from sklearn.utils._param_validation import Interval, Options, StrOptions
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

import autograd_core as ag
import optim
from autograd_core.support.caller import warn
from autograd_core.support.modes import restoring
from autograd_core.support.random import generator_of_block, use_generator

from .objectives import LINKS, LOSSES, NAMED
from .solvers import NOT_FINITE, Features, Loss, Objective, Steps, lbfgs

if TYPE_CHECKING:
    from autograd_core import Tensor
    from autograd_core.support.types import Array, ArrayLike, DType, Settings

OPTIMIZERS = frozenset(
    name
    for name in optim.__all__
    if isinstance(rule := getattr(optim, name), type)
    and issubclass(rule, optim.Optimizer)
    and rule not in (optim.Optimizer, optim.LBFGS)
)


ROWS = 1000
"""Rows that are predicted at once: hidden values need memory for these only, and stay in the cache."""

COMPILED_FROM = 200
"""Steps of a fit from which on it pays to record one."""

Once: TypeAlias = "Callable[[Features, Array, Array | None], float]"
"""Loss and update of one batch: its rows, targets and weights."""


class Network(BaseEstimator):
    """A network that is built at the first fit and trained on arrays; see ``MLPClassifier`` for the parameters."""

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "solver": [StrOptions({"lbfgs", "sgd", "adam"})],
        "alpha": [Interval(Real, 0, None, closed="left")],
        "batch_size": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")],
        "learning_rate": [StrOptions({"constant", "invscaling", "adaptive"})],
        "learning_rate_init": [Interval(Real, 0, None, closed="neither")],
        "power_t": [Interval(Real, 0, None, closed="left")],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "shuffle": ["boolean"],
        "random_state": ["random_state"],
        "tol": [Interval(Real, 0, None, closed="left")],
        "verbose": ["verbose"],
        "warm_start": ["boolean"],
        "momentum": [Interval(Real, 0, 1, closed="both")],
        "nesterovs_momentum": ["boolean"],
        "early_stopping": ["boolean"],
        "validation_fraction": [Interval(Real, 0, 1, closed="left")],
        "beta_1": [Interval(Real, 0, 1, closed="left")],
        "beta_2": [Interval(Real, 0, 1, closed="left")],
        "epsilon": [Interval(Real, 0, None, closed="neither")],
        "n_iter_no_change": [Interval(Integral, 1, None, closed="left"), Options(Real, {np.inf})],
        "max_fun": [Interval(Integral, 1, None, closed="left")],
        "optimizer": [StrOptions(set(OPTIMIZERS)), None],
    }

    module_: Any
    out_activation_: str

    # What a subclass defines ---------------------------------------------------------------------------------------

    _accepts: ClassVar[dict[str, Any]] = {}
    """How ``validate_data`` is to look at X."""

    def _build(self, X: Features, y: Array) -> None:
        """Make ``module_``, and set ``out_activation_`` and ``n_outputs_``."""
        raise NotImplementedError

    def _checked(self, X: Any, y: Any, incremental: bool, reset: bool) -> tuple[Features, Array]:
        raise NotImplementedError

    def _encoded(self, y: Array, dtype: DType) -> Array:
        """Targets as the loss takes them."""
        raise NotImplementedError

    def _weighted(self, X: Features, y: Array, weights: Array | None, incremental: bool) -> Array | None:
        """The weights of the rows, with what their classes weigh."""
        return weights

    def _scored(self, X: Features, y: Array, weights: Array | None) -> float:
        raise NotImplementedError

    def _dtypes(self, reset: bool) -> Any:
        """The dtypes of X that are taken as they are: either, and once the network is there, its own."""
        return (np.float64, np.float32) if reset else self._dtype

    def _keep(self, given: Settings) -> None:
        """The arguments of a constructor, each as it came and under its own name, as scikit-learn asks."""
        self.__dict__.update({name: value for name, value in given.items() if name not in ("self", "__class__")})

    @staticmethod
    def _columns(output: Tensor) -> Tensor:
        """What the network returns, as (n_samples, n_outputs)."""
        return output

    def _loss(self) -> Loss:
        """The loss of the outputs, a function that does not reach this estimator, whose history grows."""
        columns, named = self._columns, getattr(self, "loss", None)
        loss = NAMED[named] if isinstance(named, str) and named in NAMED else LOSSES[self.out_activation_]
        return lambda output, target, share: loss(columns(output), target, share)

    def _seed(self) -> int:
        """Of the generator from which the network draws; it stays that one until ``fit`` makes a new network."""
        raise NotImplementedError

    def _optimizer_options(self) -> dict[str, Any]:
        return {}

    # Fitting -------------------------------------------------------------------------------------------------------

    def fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Train on X (n_samples, n_features) and y (n_samples,) or (n_samples, n_outputs); returns self.

        sample_weight : one non-negative number a row, or None for all alike

        Where it raises, the estimator is as it was before. (Ctrl-C ends "sgd" and "adam" with the weights reached.)
        """
        with self._undone_where_it_fails():
            return self._fit(X, y, sample_weight, incremental=False)

    @contextmanager
    def _undone_where_it_fails(self) -> Iterator[None]:
        before = {name: list(value) if isinstance(value, list) else value for name, value in vars(self).items()}
        weights = self.module_.state_dict() if "module_" in before else None
        try:
            yield
        except BaseException:
            self.__dict__.clear()
            self.__dict__.update(before)
            if weights is not None:
                self.module_.load_state_dict(weights)
                self.__dict__.pop("_steps", None)  # what the optimizer knows may be spoiled
            raise

    def _fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None, incremental: bool) -> Self:
        self._validate_params()
        stochastic = self.solver != "lbfgs" or self.optimizer is not None
        if self.early_stopping and incremental:
            raise ValueError("partial_fit does not support early_stopping=True")
        first = not hasattr(self, "module_") or not (self.warm_start or incremental)
        X, y = self._checked(X, y, incremental, first)
        weights = sample_weight
        if weights is not None:
            weights = _check_sample_weight(weights, X, dtype=X.dtype, ensure_non_negative=True)
        weights = self._weighted(X, y, weights, incremental)
        self._random_state = check_random_state(self.random_state)
        if first:
            self._generator = np.random.default_rng(self._seed())
        objective = restoring(lambda: self._train(X, y, weights, first, stochastic, incremental), generator_of_block())
        self.module_.eval()
        for p in objective.parameters:
            p.grad = None
        if not all(np.isfinite(p._data).all() for p in objective.parameters):
            raise ValueError(NOT_FINITE)
        return self

    def _train(
        self, X: Features, y: Array, weights: Array | None, first: bool, stochastic: bool, incremental: bool
    ) -> Objective:
        with use_generator(self._generator), ag.enable_grad():
            if first:
                self._begin(X, y, stochastic)
            objective = Objective(self.module_, self._loss(), self.alpha)
            if stochastic:
                self._fit_in_steps(objective, X, y, weights, incremental)
            else:
                self._fit_lbfgs(objective, X, self._encoded(y, X.dtype), weights)
        return objective

    def _begin(self, X: Features, y: Array, stochastic: bool) -> None:
        self.n_iter_ = self.t_ = 0
        self._dtype = X.dtype
        self._build(X, y)
        if stochastic:
            self._begin_history()

    def _begin_history(self) -> None:
        self.loss_curve_: list[float] = []
        self._no_improvement_count = 0
        self.validation_scores_: Any = [] if self.early_stopping else None
        self.best_validation_score_: Any = -np.inf if self.early_stopping else None
        self.best_loss_: Any = None if self.early_stopping else np.inf
        self._best: dict[str, Any] | None = None

    def _fit_lbfgs(self, objective: Objective, X: Features, target: Array, weights: Array | None) -> None:
        self.module_.train()
        self.n_iter_ = 0

        def each(loss: float) -> None:
            self.n_iter_ += 1
            if self.verbose:
                print(f"Iteration {self.n_iter_}, loss = {loss:.8f}")

        limits = self.max_iter, self.max_fun, self.tol
        self.loss_, converged = lbfgs(objective, X, target, weights, *limits, each)
        if not converged:
            warn(
                f"lbfgs failed to converge after {self.n_iter_} iteration(s): the limit of max_iter={self.max_iter} "
                f"iterations or max_fun={self.max_fun} evaluations was reached.\n\n"
                "Increase the number of iterations to improve the convergence, or scale the data.",
                ConvergenceWarning,
            )

    def _fit_in_steps(
        self, objective: Objective, X: Features, y: Array, weights: Array | None, incremental: bool
    ) -> None:
        if not (incremental and hasattr(self, "_steps")):
            self._steps = Steps(self, objective.parameters, self._optimizer_options())
        if not hasattr(self, "loss_curve_") or self.early_stopping != (self.validation_scores_ is not None):
            self._begin_history()
        held_out: tuple[Any, ...] | None = None
        if self.early_stopping:
            X, y, weights, *kept = self._split(X, y, weights)
            held_out = tuple(kept)
        if isinstance(X, np.ndarray):
            X = np.ascontiguousarray(X)  # np.take would copy the whole at every batch
        target = self._encoded(y, X.dtype)
        n, limit = len(target), self.n_iter_no_change
        batches = self._batches(n)
        order, self.n_iter_ = np.arange(n), 0
        once = self._once(objective, 1 if incremental else self.max_iter * len(batches))
        try:
            for _ in range(self.max_iter):
                if self.shuffle:
                    order = order[self._random_state.permutation(n)]
                self.loss_ = self._epoch(objective, once, X, target, weights, order, batches)
                self.n_iter_ += 1
                self.t_ += n
                self.loss_curve_.append(self.loss_)
                if self.verbose:
                    print(f"Iteration {self.n_iter_}, loss = {self.loss_:.8f}")
                if self._improved(held_out):
                    self._best = self.module_.state_dict()
                self._steps.epoch_ends(self.t_)
                if self._no_improvement_count > limit:
                    what = "Validation score did not improve" if held_out else "Training loss did not improve"
                    smaller_rate = self._steps.goes_on()
                    if self.verbose:
                        then = smaller_rate or "Stopping."
                        print(f"{what} more than tol={self.tol:f} for {limit} consecutive epochs. {then}")
                    if smaller_rate is None:
                        break
                    self._no_improvement_count = 0
                if incremental:
                    break
                if self.n_iter_ == self.max_iter:
                    warn(
                        f"Stochastic Optimizer: Maximum iterations ({self.max_iter}) reached and the optimization "
                        "hasn't converged yet.",
                        ConvergenceWarning,
                    )
        except KeyboardInterrupt:
            warn("Training interrupted by user.")
        if held_out and self._best is not None:
            self.module_.load_state_dict(self._best)

    def _once(self, objective: Objective, steps: int) -> Once:
        """Loss and update of one batch, replayed as `ag.compile` records it where so many steps make that pay."""
        evaluate, rule = objective.evaluate, self._steps.rule

        def once(X: Features, target: Array, weights: Array | None) -> float:
            loss = evaluate(X, target, weights)
            rule.step()
            return loss

        if steps < COMPILED_FROM:
            return once
        from autograd_core.programs.compiled import Compiled

        return Compiled(once, careful=True)

    def _epoch(
        self,
        objective: Objective,
        once: Once,
        X: Features,
        target: Array,
        weights: Array | None,
        order: Array,
        batches: Any,
    ) -> float:
        """One pass over the rows: the mean of the batches' losses, each before its step."""
        self.module_.train()
        total, evaluate, prepare = 0.0, objective.evaluate, self._steps.prepare
        take = np.take if isinstance(X, np.ndarray) else lambda rows, i, axis: rows[i]
        for batch in batches:
            rows = order[batch]
            w = None if weights is None else weights[rows]
            given = take(X, rows, 0), target[rows], w
            if w is None or w.any():
                prepare()
                loss = once(*given)
            else:
                loss = evaluate(*given)
            total += loss * len(rows)
        return total / len(order)

    def _batches(self, n: int) -> list[slice]:
        size = min(200, n) if self.batch_size == "auto" else self.batch_size
        if size > n:
            warn("Got `batch_size` less than 1 or larger than sample size. It is going to be clipped")
            size = n
        return list(gen_batches(n, size, min_batch_size=self._smallest_batch()))

    def _smallest_batch(self) -> int:
        """Batches with fewer rows are joined to the one before."""
        return 0

    def _split(self, X: Features, y: Array, weights: Array | None) -> tuple[Any, ...]:
        """Rows to train on and rows held out: (X, y, weights) of each."""
        options = {"random_state": self._random_state, "test_size": self.validation_fraction}
        given = [X, y] if weights is None else [X, y, weights]
        halves = train_test_split(*given, stratify=self._strata(y), **options)
        (train, held_out) = (halves[0::2], halves[1::2])
        if held_out[0].shape[0] < 2:
            raise ValueError(
                "The validation set is too small. Increase 'validation_fraction' or the size of your dataset."
            )
        return (*train, *[None] * (3 - len(train)), *held_out, *[None] * (3 - len(held_out)))

    def _strata(self, y: Array) -> Array | None:
        return None

    def _improved(self, held_out: tuple[Any, ...] | None) -> bool:
        """Count epochs without improvement; whether this is the best one on the rows held out."""
        if held_out is None:
            loss = self.loss_curve_[-1]
            self._no_improvement_count = self._no_improvement_count + 1 if loss > self.best_loss_ - self.tol else 0
            self.best_loss_ = min(loss, self.best_loss_)
            return False
        score = self._scored(*held_out)
        self.validation_scores_.append(score)
        if self.verbose:
            print(f"Validation score: {score:f}")
        worse = score < self.best_validation_score_ + self.tol
        self._no_improvement_count = self._no_improvement_count + 1 if worse else 0
        if not score > self.best_validation_score_:
            return False
        self.best_validation_score_ = score
        return True

    # Prediction ----------------------------------------------------------------------------------------------------

    def _linked(self, X: Features) -> Array:
        """Predictions of the mean, (n_samples, n_outputs), for rows that were checked."""
        self.module_.eval()
        link = LINKS[self.out_activation_]

        def part(rows: slice) -> Array:
            return np.asarray(link(self._columns(self.module_(X[rows]))).data)

        slices = gen_batches(X.shape[0], ROWS)
        return np.concatenate(restoring(ag.no_grad()(lambda: [part(rows) for rows in slices])))

    def _predicted(self, X: ArrayLike) -> Array:
        check_is_fitted(self)
        return self._linked(validate_data(self, X, dtype=self._dtype, reset=False, **self._accepts))
