"""Gradient descent with momentum, RMSprop and Adam, on any tree of arrays.

Each is called with ``grad(x, i)``, the gradient at x in step i, the start ``x0``, and ``callback(x, i, g)`` or None.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any

import numpy as np

from .flatten import flatten

if TYPE_CHECKING:
    from ...support.types import AnyArray, Function


Gradient = Callable[[Any, int], Any]
Callback = Callable[[Any, int, Any], Any] | None
Step = Callable[[Any, int], Any]


def unflatten_optimizer(optimize: Function) -> Function:
    """An optimizer of vectors as one of trees of arrays.

    optimize : called with grad, x0, callback and its own settings
    """

    @wraps(optimize)
    def of_trees(grad: Gradient, x0: Any, callback: Callback = None, *args: object, **kwargs: object) -> Any:
        start, unflatten = flatten(x0)
        told = callback and (lambda x, i, g: callback(unflatten(x), i, unflatten(g)))
        return unflatten(optimize(lambda x, i: flatten(grad(unflatten(x), i))[0], start, told, *args, **kwargs))

    return of_trees


def _descend(grad: Gradient, x: Any, callback: Callback, num_iters: int, step: Step) -> AnyArray:
    for i in range(num_iters):
        g = grad(x, i)
        if callback:
            callback(x, i, g)
        x = x + step(g, i)
    return x


@unflatten_optimizer
def sgd(
    grad: Gradient,
    x: Any,
    callback: Callback = None,
    num_iters: int = 200,
    step_size: float = 0.1,
    mass: float = 0.9,
) -> Any:
    """v ← m v − (1 − m) g, x ← x + η v.

    grad, x, callback, num_iters : the gradient, the start, who is told, and the number of steps
    step_size, mass : η and m
    """
    velocity = np.zeros(len(x))

    def step(g: Any, i: int) -> Any:
        nonlocal velocity
        velocity = mass * velocity - (1.0 - mass) * g
        return step_size * velocity

    return _descend(grad, x, callback, num_iters, step)


@unflatten_optimizer
def rmsprop(
    grad: Gradient,
    x: Any,
    callback: Callback = None,
    num_iters: int = 100,
    step_size: float = 0.1,
    gamma: float = 0.9,
    eps: float = 1e-8,
) -> Any:
    """s ← γ s + (1 − γ) g², x ← x − η g / (√s + ε), from s = 1.

    grad, x, callback, num_iters : the gradient, the start, who is told, and the number of steps
    step_size, gamma, eps : η, γ and ε
    """
    square = np.ones(len(x))

    def step(g: Any, i: int) -> Any:
        nonlocal square
        square = square * gamma + g**2 * (1 - gamma)
        return -step_size * g / (np.sqrt(square) + eps)

    return _descend(grad, x, callback, num_iters, step)


@unflatten_optimizer
def adam(
    grad: Gradient,
    x: AnyArray,
    callback: Callback = None,
    num_iters: int = 100,
    step_size: float = 0.001,
    b1: float = 0.9,
    b2: float = 0.999,
    eps: float = 1e-8,
) -> AnyArray:
    """Kingma and Ba, 2014: x ← x − η m̂ / (√v̂ + ε).

    grad, x, callback, num_iters : the gradient, the start, who is told, and the number of steps
    step_size, b1, b2, eps : η, how slowly the two moments change, and ε
    """
    m, v = np.zeros(len(x)), np.zeros(len(x))

    def step(g: Any, i: int) -> Any:
        nonlocal m, v
        m = (1 - b1) * g + b1 * m
        v = (1 - b2) * g**2 + b2 * v
        return -step_size * (m / (1 - b1 ** (i + 1))) / (np.sqrt(v / (1 - b2 ** (i + 1))) + eps)

    return _descend(grad, x, callback, num_iters, step)
