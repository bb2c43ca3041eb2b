"""The paths of optimizers, and the lecture's picture: several of them over the contours of a hard function."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from autograd_core import Tensor
from autograd_core.engine.errors import class_name
from autograd_core.engine.tensor import bare

from .adam import Adam
from .adaptive import Adagrad, RMSprop
from .landscapes import COLORS, draw_contours
from .optimizer import Optimizer
from .sgd import SGD

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from autograd_core.support.types import Array, ArrayLike

Make = Callable[[list[Tensor]], Optimizer]
"""Makes an optimizer of a list of parameters."""


class Landscape(NamedTuple):
    """A function of two numbers with a place to begin, where its minimum is, the box to draw, and fitting rates.

    name : the title
    fun : a function of p, whose first axis has two entries
    start, minimum : places (x, y)
    box : (left, right, bottom, top)
    rates : the learning rate of each optimizer, by name
    """

    name: str
    fun: Callable[[Tensor], Tensor]
    start: tuple[float, float]
    minimum: tuple[float, float]
    box: tuple[float, float, float, float]
    rates: Mapping[str, float]

    def __call__(self, p: Tensor) -> Tensor:
        return self.fun(p)


def _beale(p: Tensor) -> Tensor:
    x, y = p[0], p[1]
    return (1.5 - x + x * y) ** 2 + (2.25 - x + x * y**2) ** 2 + (2.625 - x + x * y**3) ** 2


ROSENBROCK = Landscape(
    "Rosenbrock",
    lambda p: (1 - p[0]) ** 2 + 100 * (p[1] - p[0] ** 2) ** 2,
    start=(-1.2, 1.0),
    minimum=(1.0, 1.0),
    box=(-2.0, 2.0, -1.0, 3.0),
    rates={"SGD": 1e-3, "momentum": 3e-4, "Nesterov": 3e-4, "Adagrad": 0.5, "RMSprop": 0.01, "Adam": 0.05},
)
BEALE = Landscape(
    "Beale",
    _beale,
    start=(1.0, 1.6),
    minimum=(3.0, 0.5),
    box=(-1.0, 4.5, -2.0, 2.5),
    rates={"SGD": 0.01, "momentum": 2e-3, "Nesterov": 2e-3, "Adagrad": 0.5, "RMSprop": 0.02, "Adam": 0.1},
)
STEEP_VALLEY = Landscape(
    "steep valley",
    lambda p: p[0] ** 2 / 20 + p[1] ** 2,
    start=(-7.0, 2.0),
    minimum=(0.0, 0.0),
    box=(-8.0, 2.0, -2.5, 2.5),
    rates={"SGD": 0.9, "momentum": 0.05, "Nesterov": 0.05, "Adagrad": 1.5, "RMSprop": 0.1, "Adam": 0.3},
)
LANDSCAPES = {landscape.name: landscape for landscape in (ROSENBROCK, BEALE, STEEP_VALLEY)}


def lecture_optimizers(rates: Mapping[str, float]) -> dict[str, Make]:
    """The lecture's six optimizers with the given rates, by name.

    rates : the learning rate of each
    """
    makers: dict[str, Callable[..., Optimizer]] = {
        "SGD": SGD,
        "momentum": lambda params, lr: SGD(params, lr=lr, momentum=0.9),
        "Nesterov": lambda params, lr: SGD(params, lr=lr, momentum=0.9, nesterov=True),
        "Adagrad": Adagrad,
        "RMSprop": RMSprop,
        "Adam": Adam,
    }
    return {name: partial(makers[name], lr=lr) for name, lr in rates.items()}


def trajectory(fun: Callable[[Tensor], Tensor], start: ArrayLike, optimizer: Make, steps: int) -> Array:
    """The path of an optimizer from ``start``: an array of shape (steps + 1, *start.shape).

    start : an array, or what becomes one
    steps : how many
    fun       : a scalar function of a tensor
    optimizer : makes one of a list of parameters, such as ``lambda params: optim.Adam(params, lr=0.1)``
    Every step is given a closure, so that LBFGS walks, too. ``start`` is not changed.

    >>> import optim
    >>> path = trajectory(lambda p: (p * p).sum(), [1.0, -2.0], lambda params: optim.SGD(params, lr=0.25), steps=2)
    >>> path
    array([[ 1.  , -2.  ],
           [ 0.5 , -1.  ],
           [ 0.25, -0.5 ]])
    """
    if isinstance(optimizer, Optimizer) or not callable(optimizer):
        raise TypeError(
            f"trajectory: optimizer is {class_name(optimizer)}; it is made here, from the point that moves. "
            "Fix: lambda params: optim.Adam(params, lr=0.1)."
        )
    begin = np.array(bare(start))
    point = Tensor(begin if begin.dtype.kind == "f" else begin.astype(np.float64), requires_grad=True)
    walker = optimizer([point])

    def closure() -> Tensor:
        walker.zero_grad()
        loss = fun(point)
        loss.backward()
        return loss

    path = [point.numpy().copy()]
    for _ in range(steps):
        walker.step(closure)
        path.append(point.numpy().copy())
    return np.stack(path)


def plot_trajectories(
    fun: Callable[[Tensor], Tensor],
    start: Sequence[float] | Array | None = None,
    optimizers: Mapping[str, Make] | None = None,
    steps: int = 100,
    *,
    box: tuple[float, float, float, float] | None = None,
    minimum: Sequence[float] | Array | None = None,
    ax: Axes | None = None,
) -> Any:
    """Draw the paths of several optimizers over the contours of a function of two numbers; return the axes.

    start : where the paths begin
    steps : how many each has
    minimum : marked with a star
    fun        : a function of an array whose first axis has two entries, written with p[0] and p[1]; a ``Landscape``
        (``ROSENBROCK``, ``BEALE``, ``STEEP_VALLEY``) brings its own start, minimum, box and rates
    optimizers : name → what ``trajectory`` takes; for a landscape the lecture's six when left out
    box        : (left, right, bottom, top); around the paths where it is not given
    ax         : the matplotlib axes to draw on (new ones where none are given)

    ImportError where matplotlib is missing.
    """
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError("plot_trajectories needs matplotlib. Fix: pip install autograd-core[viz]") from error
    if isinstance(fun, Landscape):
        start = fun.start if start is None else start
        minimum = fun.minimum if minimum is None else minimum
        box = fun.box if box is None else box
        optimizers = lecture_optimizers(fun.rates) if optimizers is None else optimizers
    if start is None or np.shape(start) != (2,):
        raise ValueError(f"plot_trajectories: start={start!r} must be two numbers.")
    if not optimizers:
        raise ValueError("plot_trajectories: no optimizers. Fix: {'Adam': lambda params: optim.Adam(params, lr=0.1)}.")
    paths = {name: trajectory(fun, start, make, steps) for name, make in optimizers.items()}
    left, right, bottom, top = _around(paths) if box is None else box
    if ax is None:
        ax = plt.subplots(figsize=(8, 6), layout="constrained")[1]
    draw_contours(ax, fun, (left, right, bottom, top))
    for (name, path), color in zip(paths.items(), COLORS * len(paths), strict=False):
        ax.plot(*path.T, color="white", linewidth=3.2, alpha=0.8)  # an edge that sets crossing paths apart
        ax.plot(*path.T, color=color, linewidth=1.8, label=name)
        ax.plot(*path[-1], "o", color=color, markeredgecolor="white", markersize=8)
    ax.plot(*np.asarray(start, float), "s", color="black", markersize=7, label="start")
    if minimum is not None:
        ax.plot(*minimum, "*", color="black", markersize=15, markeredgecolor="white", label="minimum")
    ax.set(xlim=(left, right), ylim=(bottom, top), xlabel="$p_0$", ylabel="$p_1$")
    ax.set_title(f"{getattr(fun, 'name', '')}: {steps} steps".lstrip(": "))
    ax.legend(framealpha=0.9)
    return ax


def _around(paths: Mapping[str, Array]) -> tuple[float, float, float, float]:
    points = np.concatenate([path[np.all(np.isfinite(path), axis=1)] for path in paths.values()])
    low, high = points.min(axis=0), points.max(axis=0)
    room = 0.15 * np.maximum(high - low, 1e-3)
    return (low[0] - room[0], high[0] + room[0], low[1] - room[1], high[1] + room[1])
