"""What an estimator does, drawn: its decision over two features, and how its prediction depends on one."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from autograd_core.support.types import Array

__all__ = ["plot_decision_surface", "plot_loss_curve", "plot_partial_dependence"]

_LINES = 60  # rows whose own curves are drawn
_BAND = (2.5, 97.5)


def plot_decision_surface(
    model: Any,
    X: Any,
    y: Any = None,
    *,
    features: tuple[int, int] = (0, 1),
    held: str = "median",
    resolution: int = 120,
    margin: float = 0.12,
    ax: Any = None,
) -> Any:
    """Colour the plane of two features by what a model says there, and put the data on it; return the axes.

    model    : a fitted estimator, or a function from rows (n, features) to numbers (n,) or probabilities (n, classes)
    X, y     : the data, which say the range; coloured by y where that is given
    features : the two that are varied
    held     : "median" or "mean": where the other features are held
    resolution : points along each side
    margin   : how far the plane reaches beyond the data, as a part of their range
    ax       : the matplotlib axes to draw on (new ones where none are given)

    Of two classes the colour is the probability of the second, with a line at ½; of more, that of the likeliest class,
    the paler the less likely; of a regression, the prediction. Raises ValueError for a wrong ``held`` and features
    that X does not have, ImportError where matplotlib is missing.

    >>> import matplotlib
    >>> matplotlib.use("Agg")
    >>> X = np.random.default_rng(0).normal(size=(50, 3))
    >>> plot_decision_surface(lambda rows: rows[:, 0] - rows[:, 2], X, features=(0, 2)).get_xlabel()
    'feature 0'
    """
    plt = _pyplot("plot_decision_surface")
    names, X = _named(X)
    i, j = (_column(feature, names) for feature in features)
    sides = []
    for k in (i, j):
        low, high = X[:, k].min(), X[:, k].max()
        room = margin * ((high - low) or 1.0)
        sides.append(np.linspace(low - room, high + room, resolution))
    plane = np.meshgrid(*sides)
    rows = np.tile(_middle(X, held), (plane[0].size, 1))
    rows[:, i], rows[:, j] = (side.ravel() for side in plane)
    heights, classes = _answers(model, rows)
    if ax is None:
        ax = plt.subplots(figsize=(5, 4), layout="constrained")[1]
    if heights.ndim == 2:
        _colour_classes(ax, sides, heights.reshape(*plane[0].shape, -1))
    else:
        heights = heights.reshape(plane[0].shape)
        levels: Any = np.linspace(0, 1, 11) if classes is not None else 14
        ax.contourf(*plane, heights, levels=levels, cmap="RdBu", alpha=0.6)
        if classes is not None and heights.min() < 0.5 < heights.max():
            ax.contour(*plane, heights, levels=[0.5], colors="black", linewidths=1)
    if y is not None:
        known = np.asarray(y)
        several = classes is not None and len(classes) > 2
        shades = known if classes is None else np.searchsorted(classes, known)
        limits = {"vmin": 0, "vmax": 9} if several else {}
        colours = _PALETTE if several else "RdBu"
        ax.scatter(X[:, i], X[:, j], c=shades, cmap=colours, s=14, edgecolors="white", linewidths=0.5, **limits)
    ax.set(xlabel=names[i], ylabel=names[j], xlim=sides[0][[0, -1]], ylim=sides[1][[0, -1]])
    ax.grid(False)
    return ax


def plot_partial_dependence(
    model: Any,
    X: Any,
    feature: Any,
    *,
    held: str = "observed",
    members: Iterable[Any] = (),
    resolution: int = 40,
    ax: Any = None,
    label: str = "",
) -> Any:
    """Draw how a model's prediction depends on one feature, with the others held; return the axes.

    model   : a fitted estimator
    X       : rows to ask about
    feature : the column, or its name where X is a data frame
    held    : "observed": where each row has them, and the curve is the mean over the rows: partial dependence, by
        scikit-learn, with a thin line for each of some rows (ICE); "mean" or "median": all there, one curve
    members : the same model fitted to bootstrap samples: between the 2.5th and the 97.5th percentile of their curves
        lies a band
    resolution : points of the curve, spread over the range of the feature
    ax      : the matplotlib axes to draw on (new ones where none are given)
    label   : of the curve

    Of a classifier the prediction is the probability of the last class. Raises ValueError for a wrong ``held`` and an
    unknown feature, ImportError where matplotlib is missing. Friedman 2001; Goldstein et al. 2015.

    >>> import matplotlib
    >>> matplotlib.use("Agg")
    >>> from sklearn.linear_model import LinearRegression
    >>> X = np.random.default_rng(0).normal(size=(50, 3))
    >>> line = LinearRegression().fit(X, 2 * X[:, 1])
    >>> curve = plot_partial_dependence(line, X, 1, held="mean").lines[-1].get_ydata()
    >>> bool(np.allclose(np.diff(curve), 2 * np.ptp(X[:, 1]) / 39))
    True
    """
    plt = _pyplot("plot_partial_dependence")
    names, X = _named(X)
    j = _column(feature, names)
    grid = np.linspace(X[:, j].min(), X[:, j].max(), resolution)
    if held == "observed":
        lines = _dependences(model, X, j, grid)
        curve = lines.mean(axis=0)
        bands = [_dependences(member, X, j, grid).mean(axis=0) for member in members]
    else:
        rows = np.tile(_middle(X, held), (resolution, 1))
        rows[:, j] = grid
        curve, lines = _last(model, rows), np.empty((0, resolution))
        bands = [_last(member, rows) for member in members]
    if ax is None:
        ax = plt.subplots(figsize=(5, 3.4), layout="constrained")[1]
    for line in lines[:: max(1, len(lines) // _LINES)]:
        ax.plot(grid, line, color="C0", linewidth=0.4, alpha=0.35)
    if bands:
        ax.fill_between(grid, *np.percentile(bands, _BAND, axis=0), color="C1", alpha=0.4, linewidth=0)
    ax.plot(grid, curve, color="black", label=label or None)
    ax.set(xlabel=names[j], ylabel="prediction")
    return ax


def plot_loss_curve(model: Any, *, ax: Any = None) -> Any:
    """Draw the loss of every epoch of a fit, and the scores of the rows held out where there are any; return the axes.

    model : an estimator that was fitted by "sgd", "adam" or a named optimizer
    ax    : the matplotlib axes to draw on (new ones where none are given)

    For scores against the number of rows, or against a parameter, scikit-learn has ``LearningCurveDisplay`` and
    ``ValidationCurveDisplay``. Raises ValueError where no epochs were recorded, ImportError without matplotlib.

    >>> import matplotlib
    >>> matplotlib.use("Agg")
    >>> from nn.estimators import MLPRegressor
    >>> X = np.linspace(0, 1, 40)[:, None]
    >>> plot_loss_curve(MLPRegressor(max_iter=300, random_state=0).fit(X, X.ravel())).get_xlabel()
    'epoch'
    """
    plt = _pyplot("plot_loss_curve")
    losses = getattr(model, "loss_curve_", None)
    if not losses:
        raise ValueError('plot_loss_curve: no epochs were recorded. Fix: fit first, with a solver other than "lbfgs".')
    if ax is None:
        ax = plt.subplots(figsize=(5, 3.4), layout="constrained")[1]
    epochs = np.arange(1, len(losses) + 1)
    lines = ax.plot(epochs, losses, color="C0", label="loss")
    ax.set(xlabel="epoch", ylabel="loss", yscale="log" if min(losses) > 0 else "linear")
    scores = getattr(model, "validation_scores_", None)
    if scores:
        right = ax.twinx()
        right.set_ylabel("score of the rows held out")
        lines += right.plot(epochs[-len(scores) :], scores, color="C1", label="score of the rows held out")
        ax.legend(handles=lines)
    return ax


_PALETTE = "tab10"


def _pyplot(function: str) -> Any:
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError(f"{function} needs matplotlib. Fix: pip install autograd-core[viz]") from error
    return plt


def _named(X: Any) -> tuple[list[str], Array]:
    array = np.array(X, dtype=np.float64)
    if array.ndim != 2:
        raise ValueError(f"X has {array.ndim} axes; rows and columns are needed.")
    columns = getattr(X, "columns", None)
    return [f"feature {k}" for k in range(array.shape[1])] if columns is None else list(map(str, columns)), array


def _column(feature: Any, names: list[str]) -> int:
    if isinstance(feature, str) and feature in names:
        return names.index(feature)
    if isinstance(feature, (int, np.integer)) and -len(names) <= feature < len(names):
        return int(feature) % len(names)
    raise ValueError(f"feature {feature!r} is not a column: there are {len(names)}, {', '.join(names[:6])} ….")


def _middle(X: Array, held: str) -> Array:
    if held not in ("mean", "median"):
        raise ValueError(f"held is 'mean' or 'median', not {held!r}.")
    return np.mean(X, axis=0) if held == "mean" else np.median(X, axis=0)


def _answers(model: Any, rows: Array) -> tuple[Array, Any]:
    """Probabilities of the second of two classes, those of all of more, or predictions; and the classes."""
    ask: Callable[..., Any] = getattr(model, "predict_proba", None) or getattr(model, "predict", None) or model
    answers = np.asarray(ask(rows), dtype=np.float64)
    classes = getattr(model, "classes_", None)
    if answers.ndim == 2 and answers.shape[1] <= 2:
        answers, classes = answers[:, -1], (np.arange(2) if classes is None and answers.shape[1] == 2 else classes)
    if answers.ndim == 2 and classes is None:
        classes = np.arange(answers.shape[1])
    return answers, classes


def _last(model: Any, rows: Array) -> Array:
    answers, _ = _answers(model, rows)
    return answers if answers.ndim == 1 else answers[:, -1]


def _dependences(model: Any, X: Array, j: int, grid: Array) -> Array:
    """A curve for each row, by scikit-learn."""
    from sklearn.inspection import partial_dependence

    found = partial_dependence(model, X, [j], kind="individual", custom_values={j: grid})
    return np.asarray(found["individual"][-1])


def _colour_classes(ax: Any, sides: list[Array], probabilities: Array) -> None:
    from matplotlib import colormaps

    best = probabilities.argmax(axis=-1)
    colours = colormaps[_PALETTE](best % 10)
    colours[..., 3] = 0.15 + 0.6 * probabilities.max(axis=-1)
    extent = (*sides[0][[0, -1]], *sides[1][[0, -1]])
    ax.imshow(colours, origin="lower", extent=extent, aspect="auto", interpolation="nearest")
