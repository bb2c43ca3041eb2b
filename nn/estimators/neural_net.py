"""Any module as a scikit-learn estimator."""

from __future__ import annotations

import copy
import inspect
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from sklearn.utils._param_validation import StrOptions

import autograd_core as ag
from autograd_core.engine.errors import class_name

from ..modules.module import Module
from .base import Network
from .objectives import given_loss
from .supervised import NetworkClassifier, NetworkRegressor

if TYPE_CHECKING:
    from autograd_core import Tensor
    from autograd_core.support.types import Array

    from .solvers import Features, Loss, RandomState

NESTED = ("module__", "optimizer__")


class _NeuralNet(Network):
    """What classifier and regressor share: nested parameters, and how the module is made."""

    _accepts: ClassVar[dict[str, Any]] = {"allow_nd": True}

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **Network._parameter_constraints,
        "module": [Module, callable],
    }

    def __init__(
        self,
        module: Any = None,
        loss: Any = None,
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
        optimizer: str | None = None,
        **module__and_optimizer__: Any,
    ) -> None:
        self._keep(locals())
        nested = self.__dict__.pop("module__and_optimizer__")
        for name in nested:
            if not name.startswith(NESTED):
                raise TypeError(
                    f"{class_name(self)}.__init__() got an unexpected keyword argument {name!r}. Fix: arguments of "
                    "the module are named module__…, those of the optimizer optimizer__…."
                )
        self.__dict__.update(nested)

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """All parameters, those of the module and the optimizer as ``module__…`` and ``optimizer__…``."""
        return super().get_params(deep) | {k: v for k, v in vars(self).items() if k.startswith(NESTED)}

    def set_params(self, **params: object) -> Self:
        """Change parameters, also nested ones that were not given before."""
        super().set_params(**{k: v for k, v in params.items() if not k.startswith(NESTED)})
        self.__dict__.update({k: v for k, v in params.items() if k.startswith(NESTED)})
        return self

    def _of(self, prefix: str) -> dict[str, Any]:
        return {k.removeprefix(prefix): v for k, v in vars(self).items() if k.startswith(prefix)}

    def _optimizer_options(self) -> dict[str, Any]:
        options = self._of("optimizer__")
        if options and self.optimizer is None:
            raise ValueError(f"optimizer__…: {list(options)} are given, but no optimizer. Fix: optimizer='AdamW'.")
        return options

    def _seed(self) -> int:
        return self._random_state.randint(2**31)

    def _build(self, X: Features, y: Array) -> None:
        columns = self._wanted(y)
        if isinstance(self.module, Module):
            if self._of("module__"):
                raise ValueError("module__…: the module is there already. Fix: give its class.")
            module = copy.deepcopy(self.module)
        else:
            known = inspect.signature(self.module).parameters
            sizes = {"in_features": X.shape[1], "out_features": columns[-1]}
            module = self.module(**{k: v for k, v in sizes.items() if k in known} | self._of("module__"))
        if not isinstance(module, Module):
            raise TypeError(f"module: {self.module!r} made a {class_name(module)}, not an nn.Module.")
        module = module.to(X.dtype).eval()
        with ag.no_grad():
            shape = np.shape(self._columns(module(X[:2])))
        if len(shape) != 2 or shape[0] != len(X[:2]) or shape[1] not in columns:
            raise ValueError(
                f"module: outputs of shape {shape} for {len(X[:2])} rows; expected (n, "
                f"{' or '.join(map(str, columns))}). Fix: take out_features in the module's constructor, which is "
                "then given here."
            )
        self.module_, self.n_outputs_ = module, shape[1]
        self.out_activation_ = self._link(shape[1])

    def _wanted(self, y: Array) -> list[int]:
        """Numbers of outputs that fit; a module that asks for ``out_features`` is given the last."""
        raise NotImplementedError

    def _link(self, columns: int) -> str:
        raise NotImplementedError

    def _smallest_batch(self) -> int:
        return 0 if self.batch_size == 1 else 2  # the module may have batch norm, and one row has no variance

    @staticmethod
    def _columns(output: Tensor) -> Tensor:
        return output.reshape(-1, 1) if np.ndim(output) == 1 else output

    def _loss(self) -> Loss:
        if not callable(self.loss):
            return super()._loss()
        loss, columns = self.loss, self._columns
        return lambda output, target, share: given_loss(loss, columns(output), target, share)


class NeuralNetClassifier(_NeuralNet, NetworkClassifier):
    """Any module as a classifier.

    module__and_optimizer__ : arguments of the module and of the optimizer, ``module__<name>`` and
        ``optimizer__<name>``
    module : a class (or function) that makes an ``nn.Module``, or a module, of which a copy is trained from the
        weights that it has. Arguments of the class are given as ``module__<name>``; where it has parameters
        ``in_features`` and ``out_features``, these are given to it. Its output is logits: (n, classes); for two
        classes also (n, 1) or (n,); for several labels a row (n, labels). It is converted to the dtype of X.
    loss : None, the log-loss, or a function of (logits, targets), which are class numbers (n,) for (n, classes) and
        zeros and ones of the logits' shape otherwise, (n, 1) where that was (n,); e.g.
        ``nn.CrossEntropyLoss(label_smoothing=0.1)``. Where rows have weights it must return one loss for each row.
    class_weight : that of ``MLPClassifier``
    optimizer : a class of ``optim`` by name, with arguments ``optimizer__<name>``; or None for ``solver``

    All others as in ``MLPClassifier``. X may have more than two axes where the module takes them. It arrives as
    float32
    or float64: a module that begins with an embedding takes ``x.astype(int)``. All that the module draws (weights,
    dropout, ``ag.default_generator()``) follows from ``random_state``.

    Attributes: ``module_``, the trained module, and those of ``MLPClassifier`` but ``coefs_``, ``intercepts_`` and
    ``n_layers_``.

    Raises what scikit-learn raises, and ValueError or TypeError where the module's outputs or the loss do not fit.

    >>> import nn
    >>> from sklearn.datasets import make_moons
    >>> class Net(nn.Module):
    ...     def __init__(self, in_features, out_features, hidden=10):
    ...         self.layers = nn.Sequential(
    ...             nn.Linear(in_features, hidden), nn.Tanh(), nn.Linear(hidden, out_features)
    ...         )
    ...     def forward(self, x):
    ...         return self.layers(x)
    >>> X, y = make_moons(200, noise=0.1, random_state=0)
    >>> model = NeuralNetClassifier(Net, module__hidden=20, solver="lbfgs", random_state=0)
    >>> model.fit(X, y).score(X, y) > 0.95
    True
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **_NeuralNet._parameter_constraints,
        "loss": [StrOptions({"log_loss"}), callable, None],
        "class_weight": [StrOptions({"balanced"}), dict, None],
    }

    def __init__(
        self,
        module: Any = None,
        loss: Any = None,
        *,
        class_weight: dict[Any, float] | str | None = None,
        **module__and_optimizer__: Any,
    ) -> None:
        super().__init__(module, loss, **module__and_optimizer__)
        self.class_weight = class_weight

    @classmethod
    def _get_param_names(cls) -> list[str]:
        return sorted([*_NeuralNet._get_param_names(), "class_weight"])

    def _wanted(self, y: Array) -> list[int]:
        return [1, 2] if self._kind == "binary" and len(self.classes_) == 2 else [len(self.classes_)]

    def _link(self, columns: int) -> str:
        single = self._kind == "multilabel-indicator" or (columns == 1 and len(self.classes_) == 2)
        return "logistic" if single else "softmax"


class NeuralNetRegressor(_NeuralNet, NetworkRegressor):
    """Any module as a regressor; see ``NeuralNetClassifier``.

    module, optimizer, module__and_optimizer__ : those of ``NeuralNetClassifier``, and so are all others but loss

    The module's output is (n, outputs), or (n,) for one. loss : None or "squared_error", "poisson" (the mean is then
    exp(output)), or a function of (output, target), both (n, outputs).

    >>> import nn
    >>> X = np.arange(10.0)[:, None]
    >>> model = NeuralNetRegressor(nn.Linear, solver="lbfgs", alpha=0, random_state=0).fit(X, 3 * X.ravel() + 1)
    >>> model.predict([[20.0]]).round(2)
    array([61.])
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **_NeuralNet._parameter_constraints,
        "loss": [StrOptions({"squared_error", "poisson"}), callable, None],
    }

    def _wanted(self, y: Array) -> list[int]:
        return [1 if y.ndim == 1 else y.shape[1]]

    def _link(self, columns: int) -> str:
        return "exp" if self.loss == "poisson" else "identity"
