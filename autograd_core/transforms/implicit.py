"""Derivatives of what an equation defines: its root, a fixed point, a minimum; by the implicit function theorem.

From F(x*(a), a) = 0 follows ∂F/∂x · dx* = −∂F/∂a · da, whatever found x*. Backward, one linear system with the
transpose gives the cotangent of F, and a walk through F those of all that F depends on. That system is an equation,
too, so that its solution has derivatives in turn, of any order.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ..batching.exposed import Together, arrayed, largest, shown
from ..engine import recording
from ..engine.node import Node
from ..engine.tensor import Tensor, bare, make_tensor
from ..support import caller
from ..support.again import remembering
from .gradients import grad
from .vectorizing import passes
from .within import Local, Packing, leaf, row, started

if TYPE_CHECKING:
    from ..support.types import AnyArray, DType, Function, Tree

__all__ = ["ConvergenceError", "ConvergenceWarning", "argmin", "fixed_point", "root"]

_DENSE = 500


class ConvergenceError(RuntimeError):
    """A solver ended without a solution."""


class ConvergenceWarning(UserWarning):
    """The same, where the caller asked for a warning."""


def root(
    f: Function,
    x0: Any,
    *args: object,
    solve: Function | str | None = None,
    tol: float | None = None,
    maxiter: int = 100,
    dense: bool | None = None,
    on_failure: str = "error",
) -> Tree:
    """x with f(x, *args) = 0, near ``x0``, differentiable by ``args`` and by all tensors in f's closure.

    f : a function of an array or a tree of arrays, with as many numbers in its result
    x0 : where to begin, of x's structure (a list of numbers is an array); no derivative goes there
    solve : None for Newton's method with exact Jacobians and step halving, the name of a method of
        ``scipy.optimize.root``, or a function ``solve(f, x0)`` that gives x, or an object with ``.x``
    tol : the largest |f| that counts as zero (by default near the rounding of f's dtype; the square root of that
        with a ``solve`` of another's)
    maxiter : Newton steps at most
    dense : whether the derivative's linear system is solved with the whole Jacobian, or from products with it by
        SciPy's GMRES; by default whole up to 500 numbers
    on_failure : "error", or "warn" to go on with what was found

    Raises ConvergenceError, with the residual and the number of steps, where none is found, and
    numpy.linalg.LinAlgError where ∂f/∂x is singular there: then x* has no derivative.

    >>> import autograd_core as ag
    >>> square_root = lambda a: root(lambda x, a: x * x - a, np.ones(()), a)
    >>> square_root(np.array(4.0)), ag.grad(square_root)(np.array(4.0)), ag.grad(ag.grad(square_root))(np.array(4.0))
    (array(2.), array(0.25), array(-0.03125))
    """
    equation = _Equation("root", f, x0, args, on_failure)
    return equation.solved(_solver(solve, equation, tol, maxiter), dense)


def fixed_point(
    f: Function,
    x0: AnyArray,
    *args: object,
    solve: Function | str | None = None,
    tol: float | None = None,
    maxiter: int = 10_000,
    dense: bool | None = None,
    on_failure: str = "error",
) -> AnyArray:
    """x with f(x, *args) = x, differentiable like ``root``; by default the limit of x ← f(x).

    f, x0, solve, tol, maxiter, dense, on_failure : those of ``root``, for f(x) − x

    Raises ConvergenceError where the iteration does not end.

    >>> import autograd_core as ag
    >>> ag.grad(lambda a: fixed_point(lambda x, a: (x + a / x) / 2, np.ones(()), a))(np.array(4.0))
    array(0.25)
    """
    x0 = started(x0)
    equation = _Equation("fixed_point", lambda x, *a: _minus(f(x, *a), x), x0, args, on_failure)
    if solve is not None:
        return equation.solved(_solver(solve, equation, tol, maxiter), dense)

    def iterate(F: Function, z: AnyArray) -> AnyArray:
        limit = _close(z.dtype, 0.75) if tol is None else tol
        for step in range(maxiter):
            change = F(z)
            norm = largest(change)
            if not np.isfinite(norm):
                return equation.failed(z, step)
            z = z + change
            if norm <= limit * (1 + largest(z)) < np.inf:
                return z
        return equation.failed(z, maxiter)

    return equation.solved(iterate, dense)


def argmin(
    f: Function,
    x0: Tree,
    *args: object,
    solve: Function | str | None = None,
    tol: float | None = None,
    maxiter: int = 100,
    dense: bool | None = None,
    on_failure: str = "error",
) -> Tree:
    """The x near ``x0`` where f(x, *args), one number, is least; differentiable like ``root`` of its gradient.

    f : a function of an array or a tree of arrays, twice differentiable
    solve : the name of a method of ``scipy.optimize.minimize`` ("BFGS" by default) or a function ``solve(f, x0)``; what
        it finds is made precise by Newton's method
    x0, tol, maxiter, dense, on_failure : those of ``root``, for the gradient of f

    Raises ConvergenceError where no minimum is found, ImportError without SciPy and without ``solve``.

    >>> import autograd_core as ag
    >>> ridge = lambda a: argmin(lambda x, a: np.sum((x - 3.0) ** 2) + a * np.sum(x * x), np.zeros(2), a)
    >>> ag.jacobian(ridge)(np.array(1.0))
    array([-0.75, -0.75])
    """

    def one(x: Any, *a: object) -> Any:
        y = f(x, *a)
        if np.shape(bare(y)) != ():
            raise ValueError(f"argmin: f gives the shape {np.shape(y)}; it is one number. Fix: np.sum or np.mean.")
        return y

    equation = _Equation("argmin", lambda x, *a: grad(one)(x, *a), x0, args, on_failure)

    def minimized(F: Function, z: AnyArray) -> AnyArray:
        value = lambda z: one(equation.packing.unpack(z), *args)
        if callable(solve):
            z = _found(solve(lambda x: f(x, *args), equation.packing.unpack(z)), equation)
        else:
            from scipy.optimize import minimize  # an extra

            joint = Together(z, F(z), bare(value(z)))
            total = lambda v: float(np.sum(joint.all(arrayed(bare(value(joint.example(v, z.shape)))))))
            slope = joint.of(F, z.shape)
            found = minimize(total, joint.vector(z), jac=slope, method=solve or "BFGS").x
            z = joint.example(found, z.shape).astype(z.dtype)
        return _newton(equation, F, z, _close(z.dtype, 0.75) if tol is None else tol, maxiter)

    return equation.solved(minimized, dense)


def _minus(a: AnyArray, b: AnyArray) -> AnyArray:
    packing = Packing(b, "fixed_point: x")
    return packing.pack(a, "fixed_point: the result of f") - packing.pack(b, "fixed_point: x")


def _close(dtype: DType, power: float) -> float:
    return float(np.finfo(dtype).eps) ** power


class _Equation:
    """F(z) = 0 of a vector z, which is x in a row."""

    def __init__(self, name: str, f: Callable[..., Any], x0: Any, args: tuple[Any, ...], on_failure: str) -> None:
        if on_failure not in ("error", "warn"):
            raise ValueError(f"{name}: on_failure={on_failure!r}; it is 'error' or 'warn'.")
        self.name, self.on_failure, x0 = name, on_failure, started(x0)
        self.packing = Packing(x0, f"{name}: x0")
        start = self.packing.pack(x0, f"{name}: x0")
        self.start = arrayed(bare(start)).astype(self.packing.dtype)
        if self.packing.dtype.kind == "c":
            raise TypeError(
                f"{name}: x0 is {self.packing.dtype}; unknowns are real. Fix: real and imaginary parts as two arrays."
            )
        tensors = Packing(args, f"{name}: the arguments").tensors if args else False
        self.tensors = tensors or self.packing.tensors

        def F(z: AnyArray) -> AnyArray:
            y = self.packing.pack(f(self.packing.unpack(z), *args), f"{name}: the result of f")
            if y.shape != (self.packing.size,):
                raise ValueError(
                    f"{name}: f gives {y.shape[0]} numbers for {self.packing.size} unknowns. Fix: as many equations "
                    "as unknowns."
                )
            return y

        self.F = F

    def residual(self, z: AnyArray) -> float:
        """The largest |F|."""
        with recording.no_grad():
            return largest(bare(self.F(z)))

    def failed(self, z: AnyArray, steps: int | None) -> AnyArray:
        """ConvergenceError, or a warning and what there is."""
        after = "" if steps is None else f" after {steps} steps"
        message = (
            f"{self.name}: no solution of {self.packing.size} unknowns{after}; the largest residual is "
            f"{self.residual(z):.3g}. Fix: another x0, solve=, maxiter= or tol=."
        )
        if self.on_failure == "error":
            raise ConvergenceError(message)
        caller.warn(message, ConvergenceWarning)
        return z

    def _dense(self, z: AnyArray) -> bool:
        """Whether the whole Jacobian is made: of few numbers, and of examples, of which GMRES knows nothing."""
        return self.packing.size <= _DENSE or not isinstance(z, np.ndarray)

    def solved(self, solver: Function, dense: bool | None) -> AnyArray:
        """The solution, on a row where F depends on something that is tracked."""
        with recording.no_grad():
            z = arrayed(bare(solver(lambda z: arrayed(bare(self.F(z))), self.start)))
        result: Any = z
        if recording.is_grad_enabled():
            theorem = _Theorem(self.name, self.F, z, self._dense(z) if dense is None else dense)
            if theorem.here.outside:
                result = make_tensor(z, row(self.name, theorem, theorem.here.outside, z.shape))
        if self.tensors and not isinstance(result, Tensor):
            result = make_tensor(result, None)
        return self.packing.unpack(result)


def _solver(solve: Any, equation: _Equation, tol: float | None, maxiter: int) -> Function:
    if solve is None:
        return lambda F, z: _newton(equation, F, z, _close(z.dtype, 0.75) if tol is None else tol, maxiter)

    def foreign(F: Function, z: AnyArray) -> AnyArray:
        if callable(solve):
            packing = equation.packing
            shaped = lambda x: packing.unpack(F(packing.pack(x, equation.name)))
            found = _found(solve(shaped, packing.unpack(z)), equation)
        else:
            from scipy.optimize import root as scipy_root  # an extra

            joint = Together(z, F(z))
            found = joint.example(scipy_root(joint.of(F, z.shape), joint.vector(z), method=solve).x, z.shape)
        limit = _close(z.dtype, 0.375) if tol is None else tol
        return found if equation.residual(found) <= limit else equation.failed(found, None)

    return foreign


def _found(answer: Any, equation: _Equation) -> AnyArray:
    """What a solver of somebody's own gives, in a row."""
    answer = getattr(answer, "x", answer)
    return arrayed(bare(equation.packing.pack(answer, f"{equation.name}: the result of solve"))).astype(
        equation.packing.dtype
    )


def _newton(equation: _Equation, F: Function, z: AnyArray, tol: float, maxiter: int) -> AnyArray:
    """z ← z − t J⁻¹F, with t halved until |F| falls; ends also where rounding lets it fall no more."""
    value = F(z)
    for step in range(maxiter + 1):
        norm = largest(value)
        if not np.isfinite(norm) or step == maxiter:
            break
        if norm == 0:
            return z
        J = Local(equation.F, at := leaf(z))
        slope = _matrix(J, at)
        try:
            direction = np.linalg.solve(slope, -value)
        except np.linalg.LinAlgError:
            direction = np.linalg.pinv(slope) @ -value
        t = 1.0
        while True:
            ahead = F(z + t * direction)
            if largest(ahead) < norm * (1 - 1e-4 * t) or t < 1e-10:
                break
            t /= 2
        if t < 1e-10 or np.array_equal(shown(z), shown(z + t * direction)):
            if norm <= tol * (1 + largest(z)):
                return z
            break
        z, value = z + t * direction, ahead
    return equation.failed(z, step)


def _matrix(local: Local, z: Tensor) -> AnyArray:
    """∂F/∂z, row by row."""
    n = z.shape[0]
    if local.root is None:
        return np.zeros((n, n), z.dtype)
    none = np.zeros(n, z.dtype)

    def of(unit: Any) -> list[Any]:
        (c,) = local.pull(unit, [z._node])
        return [none if c is None else c]

    return passes(of, np.eye(n, dtype=z.dtype), n)[0]


class _Theorem:
    """The derivatives of a solution z of F(z) = 0."""

    def __init__(self, name: str, F: Callable[..., Any], z: Any, dense: bool) -> None:
        self.name, self.F, self.z, self.dense = name, remembering(F), z, dense
        self.at = leaf(z)
        self.here = Local(F, self.at)
        self.jacobian: Any = None

    def pull(self, node: Node, g: Any, ends: list[Any]) -> list[Any]:
        """λ with Jᵀλ = −g is the cotangent of F, which goes on to what F depends on."""
        if not isinstance(g, Tensor):
            return self.here.pull(self.inverse(-g, transposed=True), ends)
        local = Local(self.F, make_tensor(self.z, node))
        back = lambda u: local.pull(u, [node])[0]
        return local.pull(self.linear(lambda u: back(u) + g, g, transposed=True), ends)

    def push(self, node: Node, tangents: dict[Any, Any]) -> Any:
        """J t = −∂F/∂a ȧ."""
        if not any(isinstance(t, Tensor) for t in tangents.values()):
            moved = self.here.push(tangents)
            return None if moved is None else self.inverse(-moved, transposed=False)
        local = Local(self.F, make_tensor(self.z, node))
        moved = local.push(tangents)
        if moved is None:
            return None
        return self.linear(lambda t: local.push({node: t}) + moved, moved, transposed=False)

    def linear(self, F: Function, like: Tensor, transposed: bool) -> Tensor:
        """The solution of a system that is linear in its unknowns, itself on a row."""

        def exactly(f: Function, z: AnyArray) -> AnyArray:
            return self.inverse(-arrayed(bare(f(np.zeros_like(z)))), transposed)

        equation = _Equation(self.name, F, np.zeros(like.shape, like.dtype), (), "error")
        found = equation.solved(lambda f, z: exactly(f, z), self.dense)
        return found if isinstance(found, Tensor) else make_tensor(found, None)

    def inverse(self, b: AnyArray, transposed: bool) -> AnyArray:
        """J⁻¹b, or with the transpose."""
        n = self.z.shape[0]
        try:
            if self.dense:
                if self.jacobian is None:
                    self.jacobian = _matrix(self.here, self.at)
                return np.linalg.solve(self.jacobian.T if transposed else self.jacobian, b)
            return self._from_products(b, transposed)
        except np.linalg.LinAlgError as error:
            raise np.linalg.LinAlgError(
                f"{self.name}: ∂F/∂x of {n} unknowns is singular at the solution, which therefore has no derivative. "
                "Fix: other equations, or ag.stop_gradient of the solution."
            ) from error

    def _from_products(self, b: AnyArray, transposed: bool) -> AnyArray:
        from scipy.sparse.linalg import LinearOperator, gmres  # an extra

        n = self.z.shape[0]
        zero = np.zeros(n, self.z.dtype)

        def product(v: Any) -> AnyArray:
            v = np.ascontiguousarray(v.reshape(-1))
            c = self.here.pull(v, [self.at._node])[0] if transposed else self.here.push({self.at._node: v})
            return zero if c is None else c

        operator = LinearOperator((n, n), matvec=product, dtype=self.z.dtype)
        found, info = gmres(operator, b, rtol=_close(self.z.dtype, 0.75), restart=min(n, 50), maxiter=20)
        if info:
            raise np.linalg.LinAlgError("GMRES did not converge. Fix: dense=True.")
        return found
