"""The minimum of a function of arrays, by exact derivatives: own methods, and all of SciPy's."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np

import autograd_core as ag
from autograd_core import Tensor
from autograd_core.engine.tensor import bare
from autograd_core.support.vectors import joined, pieces
from autograd_core.transforms import trees

from .curvature.lbfgs import Progress, descend
from .curvature.newton import newton, newton_cg_direction, newton_direction

if TYPE_CHECKING:
    from autograd_core.support.types import AnyArray, Array, Function, Tree

    from .options import Group, Options


OWN = {
    "lbfgs": {"maxiter": 1000, "gtol": 1e-6, "ftol": 1e-16, "history_size": 20},
    "newton": {"maxiter": 100, "gtol": 1e-8, "xtol": 1e-12},
    "newton-cg": {"maxiter": 200, "gtol": 1e-8, "xtol": 1e-12},
}
"""Our methods and their options."""

WITHOUT_GRADIENT = ("nelder-mead", "powell", "cobyla", "cobyqa")
WITH_PRODUCTS = ("newton-cg", "trust-ncg", "trust-krylov", "trust-constr")
WITH_HESSIAN = ("dogleg", "trust-exact")

ENDS = {
    "gradient": "the gradient is as small as asked for (gtol)",
    "change": "x or f no longer changes",
    "slope": "no direction goes down any further",
    "iterations": "maxiter iterations were made",
    "evaluations": "too many evaluations",
    "unbounded": "the function falls without end",
    "search": "no step along the direction goes down",
}


Callback: TypeAlias = "Callable[[Tree], object] | None"
"""Is told of every point, in the structure of the parameters."""


class Minimum(NamedTuple):
    """What ``minimize`` found.

    x                  : the point, in the structure of the parameters
    fun, jac           : the value there (a float) and the gradient (in the same structure)
    success, message   : whether and why it is taken for a minimum
    nit, nfev, nhev    : iterations, evaluations of f with its gradient, Hessians or products with it
    raw                : SciPy's own result, None for our methods
    """

    x: Tree
    fun: float
    jac: Tree
    success: bool
    message: str
    nit: int
    nfev: int
    nhev: int
    raw: Any = None


class _Problem:
    """A function of a tree of arrays as one of a flat vector, with its derivatives."""

    def __init__(self, fun: Callable[..., Any], params: Tree, args: Sequence[Any]) -> None:
        leaves, rebuild = trees.flatten(params, "minimize: params")
        if not leaves:
            raise ValueError("minimize: no parameters.")
        self.tensors = [isinstance(leaf, Tensor) for leaf in leaves]
        self.start = [_floating(leaf, i) for i, leaf in enumerate(leaves)]
        of_leaves = lambda parts: fun(
            rebuild(parts), *args
        )  # without self: no cycle, so the last graph is freed at once
        self.rebuild = rebuild
        self.both = ag.value_and_grad(of_leaves)
        self.gradient = ag.grad(of_leaves)
        self.nfev = self.nhev = 0
        self.pullback: tuple[bytes, Callable[[Any], Any]] | None = None
        self.last: tuple[bytes, tuple[float, Array]] | None = None

    def flat(self, parts: Sequence[Array]) -> Array:
        return joined(parts, np.result_type(*self.start))

    def parts(self, x: Array) -> list[Array]:
        """The leaves that a flat vector stands for, each in its dtype."""
        parts = pieces(x, [p.shape for p in self.start])
        return [part.astype(p.dtype) for part, p in zip(parts, self.start, strict=True)]

    def tree(self, x: Array) -> Tree:
        """The same as the user gave them: tensors where those were."""
        parts = zip(self.parts(x), self.tensors, strict=True)
        return self.rebuild([Tensor(part) if tensor else part for part, tensor in parts])

    def evaluate(self, x: Array) -> tuple[float, Array]:
        """f and ∇f; those of the last point are not computed again (SciPy asks for both on its own)."""
        key = x.tobytes()
        if self.last is None or self.last[0] != key:
            self.nfev += 1
            with ag.no_grad():
                value, gradient = self.both(self.parts(x))
            self.last = key, (float(value), self.flat(gradient))
        return self.last[1]

    def product(self, x: Array, v: Array) -> Array:
        """∇²f·v: the pullback of the gradient, recorded once for each x, for the Hessian is its own transpose."""
        key = x.tobytes()
        with ag.no_grad():
            if self.pullback is None or self.pullback[0] != key:
                self.pullback = None  # the old graph is freed before the new one is made
                self.pullback = key, ag.vjp(self.gradient, self.parts(x))[1]
            self.nhev += 1
            return self.flat(self.pullback[1](self.parts(v))[0])

    def hessian(self, x: Array) -> Array:
        """∇²f, one product a column."""
        return np.stack([self.product(x, unit) for unit in np.eye(x.size, dtype=x.dtype)])


def minimize(
    fun: Function,
    params: Tree,
    args: Sequence[float] = (),
    method: str = "lbfgs",
    *,
    tol: float | None = None,
    callback: Callback = None,
    options: Options | None = None,
    bounds: Any = None,
    constraints: Any = (),
    compile: bool = False,
) -> Minimum:
    """The minimum of ``fun(params, *args)``, a scalar function written with NumPy or autograd_core.

    params : where to begin: an array, a tensor, a number, or nested tuples, lists and dicts of them. They are not
        changed; ``result.x`` has their structure, shapes and dtypes (integers become float64).
    method : "lbfgs" (strong-Wolfe line search), "newton" (the whole Hessian, for few parameters) and "newton-cg"
        (products with it), which need no SciPy; or any of ``scipy.optimize.minimize`` in SciPy's spelling ("BFGS",
        "L-BFGS-B", "Newton-CG", "trust-exact", "Nelder-Mead", …), given our exact gradients and Hessian products.
    tol, options : as in SciPy; the own methods take ``maxiter``, ``gtol`` (largest |∂f/∂x|) and ``ftol`` and
        ``history_size`` ("lbfgs") or ``xtol`` ("newton", "newton-cg")
    callback : called with the parameters after every iteration; StopIteration ends the search
    bounds, constraints : for SciPy's methods that know them, on the flat vector of all numbers; a constraint given as
        a dict ``{"type": "eq" or "ineq", "fun": f}`` is a function of the parameters, and its Jacobian is exact, too
    compile : replay the function and its gradient as `autograd_core.compile` records them, to the same bits; products
        with the Hessian, which share what was computed at a point, are left as they are

    Raises ValueError for unknown methods and options and for a function that is not finite where it begins,
    ImportError where SciPy is needed and missing.

    >>> def rosenbrock(p):
    ...     return (1 - p["x"]) ** 2 + 100 * (p["y"] - p["x"] ** 2) ** 2
    >>> result = minimize(rosenbrock, {"x": -1.2, "y": 1.0})
    >>> result.success, round(float(result.x["x"]), 6), round(float(result.x["y"]), 6)
    (True, 1.0, 1.0)
    >>> minimize(rosenbrock, {"x": -1.2, "y": 1.0}, method="newton").nit < 30
    True
    """
    problem = _Problem(fun, params, args)
    if compile:
        problem.both = ag.compile(problem.both, backend="numpy")
    x = problem.flat(problem.start)
    if method in OWN:
        if bounds is not None or constraints != ():
            raise ValueError(f"minimize: {method!r} knows no bounds nor constraints. Fix: 'L-BFGS-B' or 'SLSQP'.")
        return _own(problem, x, method, tol, callback, dict(options or {}))
    return _scipys(problem, x, method, tol, callback, dict(options or {}), bounds, constraints)


def _own(problem: _Problem, x: Array, method: str, tol: float | None, callback: Callback, options: Group) -> Minimum:
    unknown = set(options) - set(OWN[method])
    if unknown:
        raise ValueError(f"minimize: {method!r} has no options {sorted(unknown)}; there are {sorted(OWN[method])}.")
    chosen: dict[str, Any] = OWN[method] | ({} if tol is None else {"gtol": tol}) | options
    f, g = problem.evaluate(x)
    if not (np.isfinite(f) and np.all(np.isfinite(g))):
        raise ValueError(f"minimize: the function is {f} at the given parameters, or its gradient is not finite.")
    latest = [x]

    def each(x: Array, *_: float) -> None:
        latest.append(x)
        if callback is not None:
            callback(problem.tree(x))

    try:
        with np.errstate(all="ignore"):  # trial steps may go where the function is infinite
            if method == "lbfgs":
                x, f, g, why = descend(
                    problem.evaluate, x, f, g, Progress(), lr=1.0, max_iter=chosen["maxiter"],
                    max_eval=25 * chosen["maxiter"], tolerance_grad=chosen["gtol"], tolerance_change=chosen["ftol"],
                    history_size=chosen["history_size"], line_search_fn="strong_wolfe", each=each,
                )  # fmt: skip
            else:
                if method == "newton":
                    direction = lambda x, g: newton_direction(problem.hessian(x), g)
                else:
                    direction = lambda x, g: newton_cg_direction(lambda v: problem.product(x, v), g)
                rest = {key: chosen[key] for key in ("gtol", "xtol", "maxiter")}
                x, f, g, why = newton(problem.evaluate, direction, x, each=each, **rest)
        if float(np.abs(x).max()) > float(np.finfo(x.dtype).max) ** 0.5:
            why = "unbounded"
        success, message = why in ("gradient", "change", "slope"), ENDS[why]
    except StopIteration:
        x = latest[-1]
        f, g = problem.evaluate(x)
        success, message = False, "the callback raised StopIteration"
    count = len(latest) - 1
    return Minimum(problem.tree(x), f, problem.tree(g), success, message, count, problem.nfev, problem.nhev)


def _scipys(
    problem: _Problem,
    x: Array,
    method: str,
    tol: float | None,
    callback: Callback,
    options: Options,
    bounds: Any,
    constraints: Any,
) -> Minimum:
    try:
        from scipy import optimize
    except ImportError as error:
        raise ImportError(
            f"minimize: method {method!r} is SciPy's. Fix: pip install autograd-core[special], or {sorted(OWN)}."
        ) from error
    name = method.lower()
    derivatives: dict[str, Callable[..., Array]] = {}
    if name not in WITHOUT_GRADIENT:
        derivatives["jac"] = lambda x: problem.evaluate(x)[1].astype(float)
    if name in WITH_PRODUCTS:
        derivatives["hessp"] = lambda x, v: problem.product(x, v).astype(float)
    if name in WITH_HESSIAN:
        derivatives["hess"] = lambda x: problem.hessian(x).astype(float)
    several = isinstance(constraints, (list, tuple))
    constraints = [_constraint(problem, c) for c in constraints] if several else _constraint(problem, constraints)
    back = None if callback is None else lambda x: callback(problem.tree(x))
    known = {"method": method, "bounds": bounds, "constraints": constraints, "tol": tol, "options": options or None}
    try:
        found = optimize.minimize(
            lambda x: problem.evaluate(x)[0], x.astype(float), callback=back, **known, **derivatives
        )
    except ValueError as error:
        if not str(error).startswith("Unknown solver"):
            raise
        raise ValueError(f"minimize: no method {method!r}. Fix: one of {sorted(OWN)}, or of SciPy's.") from error
    finally:
        problem.pullback = None  # older SciPys leave a cycle, which must not keep a graph
    value, gradient = problem.evaluate(found.x)
    return Minimum(
        problem.tree(found.x), value, problem.tree(gradient), bool(found.success), str(found.message),
        int(found.get("nit", 0)), problem.nfev, problem.nhev, found,
    )  # fmt: skip


def _constraint(problem: _Problem, given: Any) -> Any:
    """A constraint on the parameters as one on the flat vector, with its exact Jacobian."""
    if not isinstance(given, Mapping) or "jac" in given:
        return given
    extra = given.get("args", ())
    on_leaves = lambda parts: given["fun"](problem.rebuild(parts), *extra)

    def values(x: Array) -> Array:
        with ag.no_grad():
            return np.atleast_1d(np.asarray(ag.vjp(on_leaves, problem.parts(x))[0], float)).ravel()

    def jacobian(x: Array) -> Array:
        with ag.no_grad():
            blocks = ag.jacobian(on_leaves)(problem.parts(x))
        rows = values(x).size
        return np.concatenate([np.reshape(block, (rows, -1)) for block in blocks], axis=1)

    return {"type": given["type"], "fun": values, "jac": jacobian}


def _floating(leaf: AnyArray, i: int) -> Array:
    """A leaf as a floating array of its own."""
    array = np.array(bare(leaf))
    if array.dtype.kind == "c":
        raise TypeError(f"minimize: parameter {i} is {array.dtype}; only real ones can be searched over.")
    return array if array.dtype.kind == "f" else array.astype(np.float64)
