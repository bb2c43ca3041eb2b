"""Multi-layer perceptrons with scikit-learn's interface, made of this project's layers."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from sklearn.utils._param_validation import Interval, StrOptions

import autograd_core as ag
import nn
from autograd_core.batching.batched import one_by_one
from autograd_core.engine.errors import class_name

from .base import Network
from .supervised import NetworkClassifier, NetworkRegressor

if TYPE_CHECKING:
    from autograd_core import Tensor
    from autograd_core.support.types import Array, DTypeLike, TensorLike

    from ..modules.module import Module
    from .solvers import Features, RandomState

ACTIVATIONS: dict[str, type[nn.Module]] = {
    "identity": nn.Identity, "logistic": nn.Sigmoid, "tanh": nn.Tanh, "relu": nn.ReLU,
    "celu": nn.CELU, "elu": nn.ELU, "gelu": nn.GELU, "hardswish": nn.Hardswish, "hardtanh": nn.Hardtanh,
    "leaky_relu": nn.LeakyReLU, "mish": nn.Mish, "relu6": nn.ReLU6, "selu": nn.SELU, "silu": nn.SiLU,
    "softplus": nn.Softplus, "softsign": nn.Softsign,
}  # fmt: skip
"""Four of scikit-learn's, and the others of ``nn`` that take one number."""


@ag.linear(dense=lambda g, x: sparse_product(g, x=x.T))
@one_by_one
def sparse_product(dense, x):
    """x @ dense for a SciPy matrix x in compressed rows or columns.

    >>> from scipy.sparse import csr_array
    >>> sparse_product(np.ones((3, 2)), csr_array([[0.0, 4.0, 0.0]]))
    array([[4., 4.]])
    """
    return np.asarray(x @ dense)


class Perceptron(nn.Sequential):
    """Linear layers with what stands between them; the first takes sparse rows, too."""

    def forward(self, input: TensorLike) -> Tensor:
        if isinstance(input, (np.ndarray, ag.Tensor)):
            return super().forward(input)
        first, *rest = self
        x = sparse_product(np.swapaxes(first.weight, 0, 1), input) + first.bias
        for layer in rest:
            x = layer(x)
        return x


class _Perceptrons(Network):
    """What classifier and regressor share: the parameters, and how the layers are made of them."""

    _accepts: ClassVar[dict[str, Any]] = {"accept_sparse": "csr"}

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **Network._parameter_constraints,
        "hidden_layer_sizes": ["array-like", Interval(Integral, 1, None, closed="left")],
        "activation": [StrOptions(set(ACTIVATIONS))],
        "dropout": [Interval(Real, 0, 1, closed="left")],
        "batch_norm": ["boolean"],
    }

    def __init__(
        self,
        hidden_layer_sizes: int | Sequence[int] = (100,),
        activation: str = "relu",
        *,
        solver: str = "adam",
        alpha: float = 0.0001,
        batch_size: str | int = "auto",
        learning_rate: str = "constant",
        learning_rate_init: float = 0.001,
        power_t: float = 0.5,
        max_iter: int = 200,
        shuffle: bool = True,
        random_state: RandomState = None,
        tol: float = 1e-4,
        verbose: bool | int = False,
        warm_start: bool = False,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        n_iter_no_change: float = 10,
        max_fun: int = 15000,
        dropout: float = 0.0,
        batch_norm: bool = False,
        optimizer: str | None = None,
    ) -> None:
        self._keep(locals())

    def _checked(self, X: Any, y: Any, incremental: bool, reset: bool) -> tuple[Features, Array]:
        sizes = self._hidden()
        if any(size <= 0 for size in sizes):
            raise ValueError(f"hidden_layer_sizes must be > 0, got {sizes}.")
        X, y = super()._checked(X, y, incremental, reset)
        if self.batch_norm and X.shape[0] < 2:
            raise ValueError("batch_norm needs the variance of a batch, which n_samples = 1 does not have.")
        return X, y

    def _hidden(self) -> list[int]:
        sizes = self.hidden_layer_sizes
        return list(sizes) if hasattr(sizes, "__iter__") else [sizes]

    def _smallest_batch(self) -> int:
        return 2 if self.batch_norm else 0

    def _seed(self) -> int:
        return self._random_state.randint(2**31) if self.dropout else 0

    def _widths(self, y: Array) -> tuple[str, int]:
        """The output activation and the number of outputs."""
        raise NotImplementedError

    def _build(self, X: Features, y: Array) -> None:
        self.out_activation_, self.n_outputs_ = self._widths(y)
        sizes = [X.shape[1], *self._hidden(), self.n_outputs_]
        self.n_layers_ = len(sizes)
        layers: list[nn.Module] = []
        for fan_in, fan_out in itertools.pairwise(sizes):
            layers.append(self._linear(fan_in, fan_out, X.dtype))
            if self.batch_norm:
                layers.append(nn.BatchNorm1d(fan_out, dtype=X.dtype))
            layers.append(ACTIVATIONS[self.activation]())
            if self.dropout:
                layers.append(nn.Dropout(self.dropout))
        while not isinstance(layers[-1], nn.Linear):  # behind the outputs nothing stands
            layers.pop()
        self.module_ = Perceptron(*layers)

    def _linear(self, fan_in: int, fan_out: int, dtype: DTypeLike) -> nn.Linear:
        """Weights and bias from U(−b, b), b = √(6/(in + out)), √(2/(in + out)) for "logistic" (after Glorot & Bengio
        2010, equation 16), drawn in scikit-learn's order, so that the same seed begins with the same network."""
        bound = np.sqrt((2 if self.activation == "logistic" else 6) / (fan_in + fan_out))
        layer = nn.Linear(fan_in, fan_out, dtype=dtype)
        parameters: Any = (layer.weight, (fan_in, fan_out)), (layer.bias, (fan_out,))
        for p, shape in parameters:
            p._data[...] = self._random_state.uniform(-bound, bound, shape).T
        return layer

    @property
    def coefs_(self) -> list[Array]:
        """The weights of each layer, (inputs, outputs): views, to be written into as well."""
        return [layer.weight._data.T for layer in self._linears()]

    @property
    def intercepts_(self) -> list[Array]:
        """The bias of each layer: views."""
        return [layer.bias._data for layer in self._linears()]

    def _linears(self) -> list[Module]:
        if "module_" not in vars(self):
            raise AttributeError(f"this {class_name(self)} is not fitted yet.")
        return [layer for layer in self.module_ if isinstance(layer, nn.Linear)]


class MLPClassifier(_Perceptrons, NetworkClassifier):
    """A multi-layer perceptron that minimises the log-loss, with scikit-learn's parameters, attributes and results.

    With the same ``random_state`` it begins with the same weights as ``sklearn.neural_network.MLPClassifier`` and
    sees the same batches, so that the two stay together up to rounding ("sgd" and "adam").

    verbose : print the loss of each epoch
    hidden_layer_sizes   : neurons of each hidden layer
    activation           : "identity", "logistic", "tanh", "relu"; here also "celu", "elu", "gelu", "hardswish",
        "hardtanh", "leaky_relu", "mish", "relu6", "selu", "silu", "softplus", "softsign"
    solver               : "adam", "sgd", or "lbfgs" (all rows at once; best for small data)
    alpha                : α in the penalty α/(2n)·Σ‖weights‖²
    batch_size           : rows a step; "auto" is min(200, n_samples)
    learning_rate        : of "sgd": "constant", "invscaling" (η₀/tᵖ with p ``power_t`` and t the rows seen so far) or
        "adaptive" (a fifth, wherever training would otherwise stop)
    learning_rate_init   : η₀
    max_iter, max_fun    : most epochs (iterations of "lbfgs"); most evaluations of "lbfgs"
    shuffle, random_state: new order of the rows at each epoch; where all randomness comes from
    tol, n_iter_no_change: training stops where the loss has not fallen by tol for more than so many epochs ("lbfgs":
        where the largest derivative is at most tol)
    early_stopping, validation_fraction : the same for the score of rows held out; the best weights are restored (not
        with "lbfgs")
    warm_start           : go on from the last fit
    momentum, nesterovs_momentum, beta_1, beta_2, epsilon : of "sgd" and "adam"
    class_weight         : what each class counts: a dict, "balanced" for n/(classes·count), or None for all alike
    loss                 : "log_loss"; "hinge", max(0, 1 − s·z) with s = ±1, or "squared_hinge", its square, one output
        against the rest; then there is ``decision_function``, and no ``predict_proba``
    dropout, batch_norm  : behind and before the activation of each hidden layer (not in scikit-learn)
    optimizer            : a class of ``optim`` by name, e.g. "AdamW", with lr=learning_rate_init and its other
        defaults; takes the place of ``solver`` (not in scikit-learn)

    Attributes: ``classes_``, ``coefs_``, ``intercepts_``, ``loss_``, ``loss_curve_``, ``best_loss_``,
    ``validation_scores_``, ``best_validation_score_``, ``n_iter_``, ``t_``, ``n_layers_``, ``n_outputs_``,
    ``out_activation_``, ``n_features_in_``, ``feature_names_in_``, and ``module_``, the network itself.

    Raises what scikit-learn raises: ValueError for bad values, NotFittedError, ConvergenceWarning, ….

    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> model = MLPClassifier((8,), "tanh", solver="lbfgs", alpha=1.0, max_iter=1000, random_state=0).fit(X, y)
    >>> model.module_
    Perceptron(
      (0): Linear(in_features=4, out_features=8, bias=True)
      (1): Tanh()
      (2): Linear(in_features=8, out_features=3, bias=True)
    )
    >>> model.score(X, y) > 0.97
    True
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **_Perceptrons._parameter_constraints,
        "class_weight": [StrOptions({"balanced"}), dict, None],
        "loss": [StrOptions({"log_loss", "hinge", "squared_hinge"})],
    }

    def __init__(
        self,
        hidden_layer_sizes: int | Sequence[int] = (100,),
        activation: str = "relu",
        *,
        solver: str = "adam",
        alpha: float = 0.0001,
        batch_size: str | int = "auto",
        learning_rate: str = "constant",
        learning_rate_init: float = 0.001,
        power_t: float = 0.5,
        max_iter: int = 200,
        shuffle: bool = True,
        random_state: RandomState = None,
        tol: float = 1e-4,
        verbose: bool | int = False,
        warm_start: bool = False,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        n_iter_no_change: float = 10,
        max_fun: int = 15000,
        dropout: float = 0.0,
        batch_norm: bool = False,
        optimizer: str | None = None,
        class_weight: dict[Any, float] | str | None = None,
        loss: str = "log_loss",
    ) -> None:
        self._keep(locals())

    def _widths(self, y: Array) -> tuple[str, int]:
        count = 1 if self._kind == "binary" else len(self.classes_)
        if self.loss != "log_loss":
            return "identity", count
        return ("softmax" if self._kind == "multiclass" else "logistic"), count


class MLPRegressor(_Perceptrons, NetworkRegressor):
    """A multi-layer perceptron for numbers; the parameters are those of ``MLPClassifier``, and

    hidden_layer_sizes, activation, solver, alpha, max_iter, random_state : those of ``MLPClassifier``, and so are all
        others
    loss : "squared_error", ½(y − ŷ)² averaged over rows and outputs; "absolute_error", |y − ŷ|; "huber", the one within
        1 and the other beyond; or "poisson", half the deviance of counts y ≥ 0, whose mean is exp(output)

    For several outputs the gradient is that of the loss that is reported. (scikit-learn's is larger by the number of
    outputs, which makes its ``alpha`` weaker by that factor.)

    >>> X = np.linspace(-3, 3, 50)[:, None]
    >>> model = MLPRegressor(activation="tanh", hidden_layer_sizes=(10,), solver="lbfgs", alpha=0.01, max_iter=1000,
    ...                      random_state=0).fit(X, np.sin(X).ravel())
    >>> bool(np.abs(model.predict(X) - np.sin(X).ravel()).max() < 0.05)
    True
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **_Perceptrons._parameter_constraints,
        "loss": [StrOptions({"squared_error", "absolute_error", "huber", "poisson"})],
    }

    def __init__(
        self,
        loss: str = "squared_error",
        hidden_layer_sizes: int | Sequence[int] = (100,),
        activation: str = "relu",
        *,
        solver: str = "adam",
        alpha: float = 0.0001,
        batch_size: str | int = "auto",
        learning_rate: str = "constant",
        learning_rate_init: float = 0.001,
        power_t: float = 0.5,
        max_iter: int = 200,
        shuffle: bool = True,
        random_state: RandomState = None,
        tol: float = 1e-4,
        verbose: bool | int = False,
        warm_start: bool = False,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        n_iter_no_change: float = 10,
        max_fun: int = 15000,
        dropout: float = 0.0,
        batch_norm: bool = False,
        optimizer: str | None = None,
    ) -> None:
        self._keep(locals())

    def _widths(self, y: Array) -> tuple[str, int]:
        return ("exp" if self.loss == "poisson" else "identity"), 1 if y.ndim == 1 else y.shape[1]
