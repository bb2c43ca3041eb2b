"""A fit of MLPClassifier with its defaults (100 ReLU units, Adam, batch 200, float64) beside scikit-learn's.

digits: 1797 × 64, ten classes, 20 epochs. synthetic: 100,000 × 50, two classes, 3 epochs. The figures compared are the
loss and the weights at the end: the same seed, the same network. (The first epoch's losses differ: scikit-learn cuts
probabilities off at 2·10⁻¹⁶.)
"""

import warnings
from time import perf_counter

import numpy as np

from benchmarks.workloads import ONLY_SCALARS, Trial

EPOCHS = {"digits": 20, "synthetic": 3}
DTYPE = "float64"
METRICS = {"digits": "s/fit", "synthetic": "s/fit"}
ABSOLUTE = tuple(METRICS)
WITHOUT = "no estimators"
ABSENT = dict.fromkeys(("torch_eager", "torch_fused", "torch_compile", "jax_jit", "autograd", "mygrad"), WITHOUT) | {
    "numpy": "scikit-learn's is NumPy written out by hand",
    "micrograd": ONLY_SCALARS,
}


def measure(trial):
    seconds = {}
    for name in METRICS:
        start = perf_counter()
        trial.step(name)
        seconds[name] = perf_counter() - start
    return seconds


def trial(Classifier):
    """Return the trial that fits a new `Classifier` to the data of a name; the fitted one is what a step returns."""
    from sklearn.datasets import load_digits, make_classification

    data = {
        "digits": load_digits(return_X_y=True),
        "synthetic": make_classification(100_000, 50, n_informative=20, random_state=0),
    }

    def fit(name):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # so few epochs have not converged
            return Classifier(max_iter=EPOCHS[name], random_state=0).fit(*data[name])

    def figures():
        fitted = [fit(name) for name in METRICS]
        return [np.asarray(array) for model in fitted for array in (model.loss_, *model.coefs_)]

    return Trial(fit, figures)


def ours():
    from nn.estimators import MLPClassifier

    return trial(MLPClassifier)


def sklearn():
    from sklearn.neural_network import MLPClassifier

    return trial(MLPClassifier)
