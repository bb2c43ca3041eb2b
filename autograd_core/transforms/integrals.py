"""Integrals of functions with parameters: by Leibniz's rule the derivative is the integral of the derivative."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from ..batching.exposed import Together, arrayed
from ..engine import recording
from ..engine.node import Node
from ..engine.tensor import Tensor, bare, make_tensor
from ..support.again import remembering
from .implicit import ConvergenceError
from .within import Local, leaf, row

if TYPE_CHECKING:
    from ..support.types import AnyArray, Function

__all__ = ["quad"]


def quad(f: Function, a: Any, b: Any, *args: object, epsabs: float = 1e-10, epsrel: float = 1e-10) -> AnyArray:
    """∫ f(x, *args) dx from a to b, by SciPy's adaptive quadrature; differentiable by all but x, to any order.

    f : a function of a number (and more), of any shape; it may close over tensors
    a, b : numbers or 0-d arrays; infinite ones have no derivative
    args : arrays or tensors, passed to f
    epsabs, epsrel : the error aimed at

    d/db ∫ f = f(b), d/da ∫ f = −f(a), d/dp ∫ f = ∫ ∂f/∂p.

    Raises ConvergenceError where the error cannot be reached, ImportError without SciPy (``autograd-core[special]``).

    >>> import autograd_core as ag
    >>> area = lambda b, p: quad(lambda x, p: np.exp(-p * x), 0.0, b, p)
    >>> float(ag.grad(area, 1)(np.inf, np.array(2.0)).round(9))
    -0.25
    """
    for name, x in zip("ab", (a, b), strict=True):
        if isinstance(x, str) or x is None:
            raise TypeError(f"quad: {name}={x!r}; it is a number, np.inf among them.")
    bounds = [x if isinstance(x, Tensor) else np.asarray(x, dtype=np.result_type(x, np.float16)) for x in (a, b)]
    for name, x in zip("ab", bounds, strict=True):
        if x.shape != ():
            raise ValueError(f"quad: {name} has the shape {tuple(x.shape)}; it is one number.")
    integral = _Integral(lambda x: f(x, *args), bounds, epsabs, epsrel)
    tensors = any(isinstance(x, Tensor) for x in (a, b, *args))
    value = integral.value()
    return make_tensor(value, None) if tensors and not isinstance(value, Tensor) else value


class _Integral:
    def __init__(self, f: Callable[[Any], Any], bounds: list[Any], epsabs: float, epsrel: float) -> None:
        self.f, self.bounds, self.precision = remembering(f), bounds, (epsabs, epsrel)
        self.a, self.b = (float(bare(x)) for x in bounds)

    def value(self) -> Any:
        """The integral, on a row where something is tracked."""
        with recording.no_grad():
            found = self.summed(lambda x: arrayed(bare(self.f(x))))
        if not recording.is_grad_enabled():
            return found
        inside = Local(self.f, leaf(np.asarray(self.somewhere())))
        parents = list(dict.fromkeys([*inside.outside, *(n for n in self.ends() if n is not None)]))
        return make_tensor(found, row("quad", self, parents, found.shape)) if parents else found

    def ends(self) -> list[Node | None]:
        """The rows of the bounds."""
        return [x._node if isinstance(x, Tensor) else None for x in self.bounds]

    def somewhere(self) -> float:
        """A place inside."""
        low, high = np.clip([self.a, self.b], -1e3, 1e3)
        return float(low + (high - low) * 0.382)

    def summed(self, f: Callable[[Any], Any]) -> AnyArray:
        """The integral of a function that gives arrays."""
        from scipy.integrate import quad_vec  # an extra

        joint = Together(f(np.asarray(self.somewhere())))
        found, _, info = quad_vec(
            lambda x: joint.all(f(np.asarray(x))), self.a, self.b, *self.precision, full_output=True, limit=10_000
        )
        if not info.success:
            raise ConvergenceError(f"quad: {info.message} Fix: larger epsabs= or epsrel=, or split the interval.")
        return joint.hidden(np.asarray(found))

    def pull(self, node: Node, g: Any, ends: list[Any]) -> list[Any]:
        """∫ gᵀ ∂f/∂p dx of everything that f depends on, and gᵀf at the bounds."""
        answers: list[Any] = []
        for end in ends:
            answer = self.moved(partial(self._pulled, g, end), g)
            for bound, n, sign in zip(self.bounds, self.ends(), (-1, 1), strict=True):
                if n is end:
                    at = sign * np.sum(g * self.f(bound if isinstance(g, Tensor) else bare(bound)))
                    at = at if isinstance(g, Tensor) else bare(at)
                    answer = at if answer is None else answer + at
            answers.append(answer)
        return answers

    def _pulled(self, g: AnyArray, end: Node, x: AnyArray) -> AnyArray:
        return Local(self.f, leaf(x)).pull(g, [end])[0]

    def push(self, node: Node, tangents: dict[Any, Any]) -> Any:
        """∫ ∂f/∂p ṗ dx, and f at the bounds times their tangents."""
        some: Any = next(iter(tangents.values()))
        total = self.moved(lambda x: Local(self.f, leaf(x)).push(tangents), some)
        for bound, n, sign in zip(self.bounds, self.ends(), (-1, 1), strict=True):
            if n is not None and n in tangents:
                t = tangents[n]
                at = sign * t * self.f(bound if isinstance(t, Tensor) else bare(bound))
                at = at if isinstance(t, Tensor) else bare(at)
                total = at if total is None else total + at
        return total

    def moved(self, f: Callable[[Any], Any], like: AnyArray) -> Any:
        """The integral of a derivative; None where it is zero."""
        if f(np.asarray(self.somewhere())) is None:
            return None
        if not isinstance(like, Tensor):
            return self.summed(lambda x: arrayed(bare(f(x))))
        found = _Integral(f, self.bounds, *self.precision).value()
        return found if isinstance(found, Tensor) else make_tensor(found, None)
