"""scikit-learn estimators around the layers and optimizers of this project (``pip install "autograd-core[sklearn]"``).

Imports modules, training and optim.

>>> from sklearn.datasets import make_moons
>>> from nn.estimators import MLPClassifier
>>> X, y = make_moons(200, noise=0.2, random_state=0)
>>> MLPClassifier((10,), "tanh", solver="lbfgs", alpha=0.1, random_state=0).fit(X, y).score(X, y) > 0.95
True
"""

try:
    import sklearn as _sklearn
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        'nn.estimators: scikit-learn is not installed. Fix: pip install "autograd-core[sklearn]"', name=error.name
    ) from error

from autograd_core.support.hidden import refuse as _refuse

_refuse("optim")

from .mlp import MLPClassifier, MLPRegressor
from .neural_net import NeuralNetClassifier, NeuralNetRegressor
from .plots import plot_decision_surface, plot_loss_curve, plot_partial_dependence

__all__ = [
    *("MLPClassifier", "MLPRegressor", "NeuralNetClassifier", "NeuralNetRegressor"),
    *("plot_decision_surface", "plot_loss_curve", "plot_partial_dependence"),
]
