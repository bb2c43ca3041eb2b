"""Solutions of ordinary differential equations, by SciPy's integrators, with derivatives of any order.

Backward, the adjoint a(t) = ∂L/∂z(t) is carried from the last time to the first along the same equation,
ȧ = −aᵀ ∂F/∂z, and collects −aᵀ ∂F/∂p for everything that F depends on (Pontryagin 1962; Chen et al. 2018). Forward, the
tangent ż runs beside z. Both are solutions of equations again, which have derivatives in turn.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..batching.exposed import Together, arrayed
from ..engine import recording
from ..engine.node import Node
from ..engine.tensor import Tensor, bare, make_tensor
from ..support.again import remembering
from ..support.vectors import pieces
from .implicit import ConvergenceError, root
from .within import Local, Packing, add, leaf, row, started

if TYPE_CHECKING:
    from ..support.types import AnyArray, Args, Function


__all__ = ["OdeSolution", "odeint", "solve_ivp"]


def odeint(
    f: Function,
    y0: AnyArray,
    t: AnyArray,
    *args: object,
    rtol: float = 1e-8,
    atol: float = 1e-8,
    method: str = "DOP853",
    sensitivity: str = "adjoint",
) -> Any:
    """y at the times ``t``, where dy/dt = f(y, t, *args) and y(t[0]) = y0.

    f : of the state, the time and the rest; it gives a state, and may close over tensors
    y0 : an array or a tree of arrays
    t : the times, rising or falling, of shape (n,)
    rtol, atol, method : those of ``scipy.integrate.solve_ivp``
    sensitivity : of a backward pass, "adjoint", or "direct": the equation of the tangents once for every number,
        which is exact where the adjoint is unstable, and slow for many

    The answer has y0's structure and one axis more, of the times, in front. Differentiable by y0, t, args and what f
    closes over.

    Raises ConvergenceError where the integrator fails.

    >>> import autograd_core as ag
    >>> decay = lambda k: odeint(lambda y, t, k: -k * y, np.array([1.0]), np.array([0.0, 1.0]), k)[-1, 0]
    >>> float(ag.grad(decay)(np.array(2.0)).round(6)), float(-np.exp(-2).round(6))
    (-0.135335, -0.135335)
    """
    y0 = started(y0)
    packing = Packing(y0, "odeint: y0")

    def F(time: AnyArray, z: AnyArray) -> Any:
        return packing.pack(f(packing.unpack(z), time, *args), "odeint: the result of f")

    solver = _Solver("odeint", rtol, atol, method, sensitivity)
    tensors = packing.tensors or any(isinstance(x, Tensor) for x in (t, *args))
    z = solver.along(F, packing.pack(y0, "odeint: y0"), t)
    if tensors and not isinstance(z, Tensor):
        z = make_tensor(z, None)
    return packing.unpack(z)


class OdeSolution(NamedTuple):
    """What ``solve_ivp`` found.

    t, y : times, and states of shape (n, times)
    t_events, y_events : for each event its times, and the states then, of shape (times, n)
    status, message : 0 at the end of the interval, 1 at a terminal event; in words
    """

    t: Any
    y: Any
    t_events: list[Any]
    y_events: list[Any]
    status: int
    message: str


def solve_ivp(
    fun: Function,
    t_span: Sequence[float],
    y0: AnyArray,
    method: str = "RK45",
    t_eval: Any = None,
    events: Function | None = None,
    args: Args = (),
    rtol: float = 1e-6,
    atol: float = 1e-9,
    sensitivity: str = "adjoint",
) -> OdeSolution:
    """``scipy.integrate.solve_ivp`` with derivatives: of the states, and of the times of events.

    fun : fun(t, y, *args)
    t_span : the first and the last time
    y0 : the state at the first, of shape (n,)
    t_eval : the times to answer for (both ends by default), without derivatives
    events : a function event(t, y, *args) of one number, or several, that is zero at an event; ``event.terminal`` and
        ``event.direction`` as SciPy's. An event's time is the root of event(t, y(t)), and is differentiated as such.
    method, rtol, atol, sensitivity : those of ``odeint``

    Raises ConvergenceError where the integrator fails.

    >>> import autograd_core as ag
    >>> fall = lambda t, y, g: np.stack([y[1], -g])
    >>> ground = lambda t, y, g: y[0]
    >>> ground.terminal = True
    >>> def landing(g):
    ...     y0 = np.array([10.0, 0.0])
    ...     return solve_ivp(fall, (0.0, 9.0), y0, events=ground, args=(g,), rtol=1e-10).t_events[0][0]
    >>> float(ag.grad(landing)(np.array(9.81)).round(6)), round(-0.5 * (20 / 9.81**3) ** 0.5, 6)
    (-0.072776, -0.072776)
    """
    from scipy.integrate import solve_ivp as scipy_solve_ivp  # an extra

    solver = _Solver("solve_ivp", rtol, atol, method, sensitivity)
    F = lambda t, z: fun(t, z, *args)
    hits = [] if events is None else list(events) if isinstance(events, (list, tuple)) else [events]
    first, last = (float(bare(t)) for t in t_span)
    watched = [_on_arrays(event, args) for event in hits]
    y0 = started(y0)
    start = np.asarray(bare(y0), dtype=np.result_type(np.asarray(bare(y0)), np.float32))
    with recording.no_grad():
        plain = scipy_solve_ivp(
            lambda t, z: np.asarray(bare(F(np.asarray(t), z))),
            (first, last),
            start,
            method=method,
            rtol=rtol,
            atol=atol,
            events=watched or None,
        )
    solver.check(plain)
    flow = lambda t: solver.along(F, y0, np.stack([t_span[0], t]))[1]
    t_events, y_events = [], []
    for event, moments in zip(hits, plain.t_events or (), strict=False):
        found = [root(partial(_at, event, flow, args), np.asarray(time), tol=1e-9, maxiter=20) for time in moments]
        t_events.append(np.stack(found) if found else np.zeros(0))
        y_events.append(np.stack([flow(t) for t in found]) if found else np.zeros((0, *start.shape)))
    stops = plain.status == 1
    end = (
        max((k for k in t_events if len(k)), key=lambda k: abs(float(bare(k[-1])) - first))[-1] if stops else t_span[1]
    )
    if t_eval is None:
        times: Any = np.stack([t_span[0], end])
    else:
        inside = [x for x in np.asarray(bare(t_eval)) if abs(x - first) <= abs(float(bare(end)) - first)]
        times = np.array(inside)
        if not len(inside) or inside[0] != first:
            y = solver.along(F, y0, np.concatenate([[first], times]))[1:]
            return OdeSolution(times, np.swapaxes(y, 0, 1), t_events, y_events, plain.status, plain.message)
    y = np.swapaxes(solver.along(F, y0, times), 0, 1)
    return OdeSolution(times, y, t_events, y_events, plain.status, plain.message)


def _on_arrays(event: Function, args: Args) -> Callable[..., float]:
    watched = lambda t, z: float(bare(event(np.asarray(t), z, *args)))
    watched.terminal = getattr(event, "terminal", False)  # type: ignore[attr-defined]
    watched.direction = getattr(event, "direction", 0)  # type: ignore[attr-defined]
    return watched


def _at(event: Function, flow: Callable[[Any], Any], args: Args, t: Any) -> AnyArray:
    """What is zero at an event: SciPy looks for it on an interpolation, this is the equation itself."""
    return event(t, flow(t), *args)


class _Solver:
    """How equations are integrated, and their derivatives."""

    def __init__(self, name: str, rtol: float, atol: float, method: str, sensitivity: str) -> None:
        if sensitivity not in ("adjoint", "direct"):
            raise ValueError(f"{name}: sensitivity={sensitivity!r}; it is 'adjoint' or 'direct'.")
        self.name, self.sensitivity = name, sensitivity
        self.how = {"rtol": rtol, "atol": atol, "method": method}

    def along(self, F: Function, z0: AnyArray, t: AnyArray) -> Any:
        """z at the times ``t``, of shape (times, n), on a row where something is tracked."""
        times = np.asarray(bare(t), dtype=np.float64)
        if times.ndim != 1 or not len(times) or not (np.all(np.diff(times) > 0) or np.all(np.diff(times) < 0)):
            raise ValueError(
                f"{self.name}: times of shape {times.shape}; give some that rise, or fall, along one axis."
            )
        start = arrayed(bare(z0))
        start = start.astype(np.result_type(start.dtype, np.float32))
        with recording.no_grad():
            z = self.integrated(lambda t, z: arrayed(bare(F(np.asarray(t), z))), start, times)
        if not recording.is_grad_enabled():
            return z
        local = Local(F, leaf(times[0]), leaf(start))
        given = [x._node for x in (z0, t) if isinstance(x, Tensor) and x._node is not None]
        parents = list(dict.fromkeys([*given, *local.outside]))
        if not parents:
            return z
        return make_tensor(z, row(self.name, _Trajectory(self, F, z0, t, z, local.outside), parents, z.shape))

    def integrated(self, F: Function, z0: AnyArray, times: AnyArray) -> AnyArray:
        """The states at the times, as arrays."""
        from scipy.integrate import solve_ivp as scipy_solve_ivp  # an extra

        if len(times) == 1 or not z0.size:
            return np.stack([z0] * len(times))
        slope = F(times[0], z0)
        if np.shape(slope) != z0.shape:
            raise ValueError(
                f"{self.name}: f gives {tuple(np.shape(slope))} for a state of {tuple(z0.shape)}. Fix: as many numbers."
            )
        joint = Together(z0, slope)
        flow = lambda t, v: joint.of(lambda z: F(t, z), z0.shape)(v)
        found = scipy_solve_ivp(flow, (times[0], times[-1]), joint.vector(z0), t_eval=times, **self.how)
        self.check(found)
        y = np.reshape(found.y, (*joint.sizes, *z0.shape, len(times)))
        return joint.hidden(np.ascontiguousarray(np.swapaxes(y, -1, -2), dtype=z0.dtype))

    def check(self, found: Any) -> None:
        """ConvergenceError where the integrator gave up."""
        if not found.success:
            raise ConvergenceError(
                f"{self.name}: {found.message} It came to t = {found.t[-1] if len(found.t) else 'nothing'}. Fix: an "
                'implicit method="Radau" where the equation is stiff, or larger rtol= and atol=.'
            )


class _Trajectory:
    """The derivatives of z(t₀), …, z(tₙ) by z₀, the times, and what F depends on."""

    def __init__(self, solver: _Solver, F: Any, z0: Any, t: Any, z: Any, outside: list[Node]) -> None:
        self.solver, self.F, self.z0, self.t, self.z, self.outside = solver, remembering(F), z0, t, z, outside
        self.rows = [x._node if isinstance(x, Tensor) else None for x in (z0, t)]

    def pull(self, node: Node, g: Any, ends: list[Any]) -> list[Any]:
        """The cotangents of some parents."""
        walk = self._directly if self.solver.sensitivity == "direct" else self._adjoint
        if isinstance(g, Tensor):
            return walk(node, g, ends)
        with recording.no_grad():
            return walk(node, g, ends)

    def push(self, node: Node, tangents: dict[Any, Any]) -> Any:
        """The tangents of all states."""
        if any(isinstance(x, Tensor) for x in tangents.values()):
            return self._beside(node, tangents)
        with recording.no_grad():
            return self._beside(node, tangents)

    def _adjoint(self, node: Node, g: AnyArray, ends: list[Node]) -> list[Any]:
        """a(t) backward, from each time to the one before."""
        create = isinstance(g, Tensor)
        z: Any = make_tensor(self.z, node) if create else self.z
        t = self.t if create else np.asarray(bare(self.t), dtype=np.float64)
        outside = [p for p in self.outside if p in ends]
        size = sum(math.prod(p.shape) for p in outside)
        n = self.z.shape[1]

        def backwards(time: AnyArray, both: AnyArray) -> AnyArray:
            state, a = both[:n], both[n : 2 * n]
            local = Local(self.F, leaf(time), leaf(state))
            found = local.pull(a, [local.x[1], *outside])
            shapes = [(n,), *(p.shape for p in outside)]
            slopes = [
                np.zeros_like(a, shape=(math.prod(s),)) if c is None else np.reshape(c, (-1,))
                for c, s in zip(found, shapes, strict=True)
            ]
            moved = local.value if not create else self.F(time, state)
            return np.concatenate([moved, *(-s for s in slopes)])

        collected: Any = np.zeros_like(bare(g), shape=(size,))
        a = g[-1]
        at_times = [np.sum(g[k] * self._slope(t, z, k)) for k in range(1, len(g))]
        for k in range(len(g) - 1, 0, -1):
            start = np.concatenate([z[k], a, collected])
            span = np.stack([t[k], t[k - 1]])
            reached = self.solver.along(backwards, start, span)[1]
            a, collected = reached[n : 2 * n] + g[k - 1], reached[2 * n :]
        answers: dict[Any, Any] = {}
        add(answers, self.rows[0], a)
        first = -np.sum((a - g[0]) * self._slope(t, z, 0)) if len(g) > 1 else np.sum(0 * g)
        if self.rows[1] is not None:
            add(answers, self.rows[1], np.stack([first, *at_times]))
        for p, c in zip(outside, pieces(collected, [p.shape for p in outside]), strict=True):
            add(answers, p, c)
        return [answers.get(end) for end in ends]

    def _slope(self, t: AnyArray, z: AnyArray, k: int) -> AnyArray:
        slope = self.F(t[k], z[k])
        return slope if isinstance(z, Tensor) else arrayed(bare(slope))

    def _beside(self, node: Node, tangents: dict[Any, Any]) -> Any:
        """ż' = ∂F/∂z ż + ∂F/∂p ṗ beside z."""
        create = any(isinstance(x, Tensor) for x in tangents.values())
        z: Any = make_tensor(self.z, node) if create else self.z
        t = self.t if create else np.asarray(bare(self.t), dtype=np.float64)
        z0 = self.z0 if create else self.z[0]
        n = self.z.shape[1]
        given = {p: tangents[p] for p in self.outside if p in tangents}
        start = tangents.get(self.rows[0]) if self.rows[0] is not None else None
        moved = tangents.get(self.rows[1]) if self.rows[1] is not None else None
        start = np.zeros_like(self.z[0]) if start is None else start
        if moved is not None:
            start = start - self._slope(t, z, 0) * moved[0]

        def beside(time: Any, both: Any) -> Any:
            state, change = both[:n], both[n:]
            local = Local(self.F, leaf(time), leaf(state))
            pushed = local.push({local.x[1]: change, **given})
            value = local.value if not create else self.F(time, state)
            return np.concatenate([value, np.zeros_like(change) if pushed is None else pushed])

        reached = self.solver.along(beside, np.concatenate([z0, start]), t)[:, n:]
        if moved is None:
            return reached
        return reached + np.stack([self._slope(t, z, k) * moved[k] for k in range(len(self.z))])

    def _directly(self, node: Node, g: AnyArray, ends: list[Any]) -> list[Any]:
        answers: list[Any] = []
        for end in ends:
            parts = []
            for unit in np.eye(math.prod(end.shape)):
                tangent: Any = np.reshape(unit, end.shape)
                tangent = make_tensor(tangent, None) if isinstance(g, Tensor) else tangent
                parts.append(np.sum(self.push(node, {end: tangent}) * g))
            answers.append(np.reshape(np.stack(parts), end.shape) if parts else None)
        return answers
