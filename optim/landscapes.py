"""Losses as landscapes: the heights of a function of two numbers, and a plane cut through the loss of a whole model."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd_core import Tensor, no_grad
from autograd_core.engine.errors import describe
from autograd_core.engine.tensor import bare

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from autograd_core.support.types import Array

__all__ = ["plot_landscape", "loss_plane"]

Box = tuple[float, float, float, float]
_GRID = 81


def plot_landscape(
    fun: Callable[[Any], Any],
    box: Box = (-1.0, 1.0, -1.0, 1.0),
    *,
    paths: Mapping[str, Any] | None = None,
    logarithmic: bool = True,
    grid: int = _GRID,
    ax: Axes | None = None,
) -> Any:
    """Draw the heights of a function of two numbers as contours, pale where it is high; return the axes.

    fun  : a function of an array whose first axis has two entries, written with p[0] and p[1]: a ``Landscape``, what
        ``loss_plane`` returns, or your own. It is called once with all points where it answers with as many heights,
        else once for each point
    box  : (left, right, bottom, top)
    paths : by name, points (steps, 2), such as ``trajectory`` returns, drawn on top
    logarithmic : contours evenly spread in log(f − min f), which shows valleys and walls alike; else in f
    grid : points along each side
    ax   : the matplotlib axes to draw on (new ones where none are given)

    Raises ImportError where matplotlib is missing, ValueError for a box without area or fewer than 2 points.

    >>> import matplotlib
    >>> matplotlib.use("Agg")
    >>> plot_landscape(lambda p: p[0] ** 2 - p[1] ** 2, (-2, 2, -1, 1), logarithmic=False).get_xlim()
    (np.float64(-2.0), np.float64(2.0))
    """
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError("plot_landscape needs matplotlib. Fix: pip install autograd-core[viz]") from error
    left, right, bottom, top = box
    if not (left < right and bottom < top and grid > 1):
        raise ValueError(
            f"plot_landscape: box={box!r}, grid={grid}: left < right, bottom < top, and 2 points at least."
        )
    if ax is None:
        ax = plt.subplots(figsize=(6, 5), layout="constrained")[1]
    draw_contours(ax, fun, box, logarithmic, grid)
    for k, (name, path) in enumerate((paths or {}).items()):
        ax.plot(*np.asarray(path).T, color="white", linewidth=3.2, alpha=0.8)  # an edge that sets paths apart
        ax.plot(*np.asarray(path).T, color=COLORS[k % len(COLORS)], linewidth=1.8, label=name)
        ax.plot(*path[-1], "o", color=COLORS[k % len(COLORS)], markeredgecolor="white", markersize=7)
    ax.set(xlim=(left, right), ylim=(bottom, top))
    if any(paths or ()):
        ax.legend(framealpha=0.9)
    return ax


COLORS = ["#0072B2", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#000000", "#56B4E9", "#8C564B"]
"""Told apart by all kinds of eyes (Okabe & Ito)."""


def heights(fun: Callable[[Any], Any], box: Box, grid: int) -> tuple[Array, Array, Array]:
    """The points of a grid and the function there."""
    left, right, bottom, top = box
    x, y = np.meshgrid(np.linspace(left, right, grid), np.linspace(bottom, top, grid))
    with no_grad():
        try:
            z = np.asarray(bare(fun(Tensor(np.stack([x, y])))))
        except Exception:  # fun takes one point; what else is wrong it will say again
            z = np.empty(0)
        if z.shape != x.shape:  # fun sums over its argument: one point at a time
            points = np.stack([x.ravel(), y.ravel()], axis=1)
            z = np.array([float(bare(fun(Tensor(point)))) for point in points]).reshape(x.shape)
    return x, y, z


def draw_contours(ax: Axes, fun: Callable[[Any], Any], box: Box, logarithmic: bool = True, grid: int = 201) -> None:
    """Contours at heights that are evenly spread in log(f − min f + small), so that valley and walls both show."""
    x, y, z = heights(fun, box, grid)
    if logarithmic:
        height = z - np.nanmin(z)
        lift = 1e-3 * float(np.nanmedian(height)) or 1.0
        z = np.log(lift + height)
    low, high = float(np.nanmin(z)), float(np.nanmax(z))
    levels = np.linspace(low, high if high > low else low + 1.0, 25)
    ax.contourf(x, y, z, levels=levels, cmap="Blues_r", alpha=0.6)
    ax.contour(x, y, z, levels=levels, colors="steelblue", linewidths=0.5, linestyles="solid", alpha=0.7)


def loss_plane(loss: Callable[[], Any], parameters: Iterable[Tensor], seed: int = 0) -> Callable[[Any], float]:
    """A model's loss on a plane through where its parameters are: a function of two numbers, for ``plot_landscape``.

    loss : computes the loss from the parameters as they are, without arguments
    parameters : those that are moved, such as ``model.parameters()``
    seed : of the two directions

    f(p) = loss(θ + p₀ d₁ + p₁ d₂), each dᵢ drawn from a normal distribution and scaled, filter by filter, to the norm
    of the weights it is added to; biases stay (Li et al. 2018, Visualizing the Loss Landscape of Neural Nets). After
    each call the parameters are as they were.

    Raises TypeError where there are no parameters or the loss is no number.

    >>> w = Tensor(np.array([[3.0, 4.0]]), requires_grad=True)
    >>> f = loss_plane(lambda: (w * w).sum(), [w])
    >>> f([0.0, 0.0]), w.numpy()
    (25.0, array([[3., 4.]]))
    """
    chosen = list(parameters)
    if not chosen or not all(isinstance(p, Tensor) for p in chosen):
        raise TypeError("loss_plane: parameters: tensors that the loss depends on. Fix: model.parameters().")
    rng = np.random.default_rng(seed)
    directions = [[_direction(p.numpy(), rng) for p in chosen] for _ in range(2)]

    def height(p: Any) -> float:
        a, b = map(float, np.asarray(bare(p), dtype=np.float64))
        kept = [parameter.numpy().copy() for parameter in chosen]
        try:
            with no_grad():
                for parameter, start, d, e in zip(chosen, kept, *directions, strict=True):
                    parameter[...] = start + (a * d + b * e).astype(start.dtype)
                value = loss()
        finally:
            with no_grad():
                for parameter, start in zip(chosen, kept, strict=True):
                    parameter[...] = start
        if np.shape(value) != ():
            raise TypeError(f"loss_plane: the loss is {describe(value)}, not a number. Fix: .mean() or .sum().")
        return float(bare(value))

    return height


def _direction(weights: Any, rng: np.random.Generator) -> Any:
    """Random, each filter (along the first axis) as long as that of the weights; zero for what is no matrix."""
    if weights.ndim < 2:
        return np.zeros(weights.shape)
    d = rng.normal(size=weights.shape)
    axes = tuple(range(1, weights.ndim))
    return d * np.sqrt(np.sum(weights**2, axes, keepdims=True) / np.sum(d**2, axes, keepdims=True))
