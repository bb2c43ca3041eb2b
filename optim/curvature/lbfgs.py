"""L-BFGS: quasi-Newton steps from the last few changes of the gradient."""

from __future__ import annotations

import copy
import math
from collections import deque
from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd_core import Tensor
from autograd_core.support import states
from autograd_core.support.arrays import highest
from autograd_core.support.vectors import joined, pieces

from ..optimizer import Optimizer
from ..options import Closure, Options, number, value_of
from ..state import checked_groups
from .line_search import LINE_SEARCHES, Evaluate, Point

if TYPE_CHECKING:
    from autograd_core.support.types import Array, State, StateDict

    from ..options import Params


class LBFGS(Optimizer):
    """Limited-memory BFGS (Nocedal 1980; Liu & Nocedal 1989), as in PyTorch, which follows Schmidt's minFunc.

    params : those of ``Optimizer``, in one group
    lr : the length of a step, t
    max_iter, max_eval : most iterations and evaluations of one call of ``step``
    tolerance_grad, tolerance_change : where it stops
    history_size : how many pairs are kept
    line_search_fn : None, "strong_wolfe" or "weak_wolfe"

        d ← −H∇f, with H from the last ``history_size`` pairs s = Δp, y = Δ∇f by the two-loop recursion
            (Nocedal & Wright 2006, algorithm 7.4), H₀ = sᵀy/yᵀy
        p ← p + td, with t = lr·min(1, 1/‖∇f‖₁) at the very first iteration and lr after, or from the line search

    A call of ``step`` makes up to ``max_iter`` iterations and ``max_eval`` evaluations (5/4·max_iter by default). It
    stops where the largest |∂f/∂p| ≤ tolerance_grad, or where p or f changes by less than tolerance_change.
    ``line_search_fn`` is None, "strong_wolfe", or "weak_wolfe" (not in PyTorch) for losses with kinks, as ReLU makes
    them. For losses without noise (full batches, no dropout).

    Raises ValueError for parameter groups (there can be one), TypeError for a step without a closure, RuntimeError
    where the loss or its gradient is not finite to begin with. After an exception in a step, Ctrl-C among them, the
    parameters and the curvature are as they were before it.

    >>> from autograd_core import Tensor
    >>> w = Tensor(np.array([-1.2, 1.0]), requires_grad=True)
    >>> optimizer = LBFGS([w], line_search_fn="strong_wolfe", max_iter=100)
    >>> def closure():
    ...     optimizer.zero_grad()
    ...     loss = (1 - w[0]) ** 2 + 100 * (w[1] - w[0] ** 2) ** 2   # Rosenbrock's valley
    ...     loss.backward()
    ...     return loss
    >>> round(optimizer.step(closure).item(), 3)                     # the loss before the step
    24.2
    >>> np.round(w.numpy(), 5)
    array([1., 1.])
    """

    def __init__(
        self,
        params: Params,
        lr: float = 1.0,
        max_iter: int = 20,
        max_eval: int | None = None,
        tolerance_grad: float = 1e-7,
        tolerance_change: float = 1e-9,
        history_size: int = 100,
        line_search_fn: str | None = None,
    ) -> None:
        number("LBFGS", "max_iter", max_iter)
        self._progress = Progress()
        options = {
            "lr": lr,
            "max_iter": max_iter,
            "max_eval": max_iter * 5 // 4 if max_eval is None else max_eval,
            "tolerance_grad": tolerance_grad,
            "tolerance_change": tolerance_change,
            "history_size": history_size,
            "line_search_fn": line_search_fn,
        }
        super().__init__(params, options)

    def add_param_group(self, group: Options) -> None:
        """Only the first one, which the constructor adds."""
        if self.param_groups:
            raise ValueError("LBFGS: one curvature belongs to all parameters; there can be one group only.")
        super().add_param_group(group)

    def check(self, options: Options) -> None:
        super().check(options)
        for name in ("max_iter", "max_eval", "history_size"):
            if not number("LBFGS", name, options[name]) >= 1:
                raise ValueError(f"LBFGS: {name}={options[name]!r} must be at least 1.")
        if options["max_iter"] % 1 or not isinstance(options["history_size"], (int, np.integer)):
            raise ValueError("LBFGS: max_iter and history_size must be whole numbers.")
        for name in ("tolerance_grad", "tolerance_change"):
            number("LBFGS", name, options[name])
        search = options["line_search_fn"]
        if search is not None and search not in tuple(LINE_SEARCHES):
            raise ValueError(f"LBFGS: line_search_fn={search!r} is neither None nor one of {sorted(LINE_SEARCHES)}.")

    def _step(self, closure: Closure | None = None) -> Tensor:
        if closure is None:
            raise TypeError(
                "LBFGS.step: it evaluates the loss several times and needs a closure. Fix: step(closure), where the "
                "closure clears the gradients, computes the loss, calls backward and returns the loss; or "
                "optim.minimize(fun, params)."
            )
        group = self.param_groups[0]
        begun = self.evaluate(closure)  # kept as it came: this is what step returns
        start = joined(p._data for p in group["params"])

        def evaluate(x: Array) -> tuple[float, Array]:
            self._write(x)
            return value_of(self.evaluate(closure)), gradient_of(group["params"])

        options = {k: v for k, v in group.items() if k in self.defaults}
        before, progress = self._progress, self._progress.copy()
        try:
            here = Point(0.0, value_of(begun), gradient_of(group["params"]), 0.0)
            if not (math.isfinite(here.f) and np.all(np.isfinite(here.g))):
                raise RuntimeError(f"LBFGS.step: the loss is {here.f}, or its gradient is not finite.")
            x, *_ = descend(evaluate, start, here.f, here.g, progress, **options)
            self._write(x, progress)
        except BaseException:
            self._write(start, before)
            raise
        return begun

    def _write(self, x: Array, progress: Progress | None = None) -> None:
        """Make the parameters views of ``x``, and what is known of the curvature ``progress`` (None: as it is)."""
        params = self.param_groups[0]["params"]
        parts = zip(params, pieces(x, [p.shape for p in params]), strict=True)
        changes = [partial(setattr, p, "_data", part.astype(p.dtype, copy=False)) for p, part in parts]
        states.at_once(
            [*changes, partial(setattr, self, "_progress", self._progress if progress is None else progress)]
        )

    @property
    def state(self) -> dict[Tensor, StateDict]:
        """What is known of the curvature, under the first parameter, as in PyTorch."""
        return {self.param_groups[0]["params"][0]: vars(self._progress)} if self._progress.n_iter else {}

    def state_dict(self) -> StateDict:
        """``{"state": {0: {…}}, "param_groups": […]}`` with PyTorch's names; arrays are copies."""
        group = {k: v for k, v in self.param_groups[0].items() if k != "params"}
        numbers = list(range(len(self.param_groups[0]["params"])))
        state = {0: copy.deepcopy(vars(self._progress))} if self._progress.n_iter else {}
        for kept in state.values():
            kept["old_dirs"], kept["old_stps"] = list(kept["old_dirs"]), list(kept["old_stps"])
            kept["ro"] = list(kept["ro"])
        return {"state": state, "param_groups": [{**group, "params": numbers}]}

    def load_state_dict(self, state_dict: State) -> None:
        """Continue from a ``state_dict``. ValueError, and nothing changed, for other parameters or another rule."""
        groups, entries = checked_groups(self, state_dict)
        progress = Progress()
        for entry in entries[0].values():
            vars(progress).update(_checked_progress(entry, sum(p.size for p in groups[0]["params"])))
        vars(self).update(param_groups=groups, _progress=progress)


def gradient_of(params: Iterable[Tensor]) -> Array:
    """All gradients side by side, zeros where there are none."""
    return joined(np.zeros_like(p._data) if p.grad is None else p.grad._data for p in params)


def _checked_progress(entry: State, size: int) -> StateDict:
    """The attributes of ``Progress`` from a state_dict, copies; ValueError where they do not fit."""
    what = "LBFGS.load_state_dict"

    def flat(name: str, value: object) -> Array:
        given = np.array(value.numpy() if hasattr(value, "numpy") else value)
        if given.shape != (size,) or given.dtype.kind != "f":
            raise ValueError(f"{what}: {name} is {given.dtype} {given.shape}; there are {size} numbers in all.")
        return given

    new: StateDict = {}
    for name, own in vars(Progress()).items():
        value = entry.get(name)
        if value is None:
            continue
        if name in ("n_iter", "func_evals"):
            new[name] = states.whole(f"{what}: {name}", value)
        elif own is None:
            new[name] = flat(name, value)
        elif name == "ro":
            new[name] = deque(states.real(f"{what}: ro", number, finite=False) for number in states.listed(name, value))
        elif isinstance(own, deque):
            new[name] = deque(flat(name, array) for array in states.listed(f"{what}: {name}", value))
        else:
            new[name] = states.real(f"{what}: {name}", value, finite=False)
    if len({len(new.get(name, ())) for name in ("old_dirs", "old_stps", "ro")}) > 1:
        raise ValueError(f"{what}: old_dirs, old_stps and ro are pairs and a number of each; they differ in length.")
    if new.get("n_iter") and ("d" not in new or "prev_flat_grad" not in new):
        raise ValueError(f"{what}: n_iter is {new['n_iter']}, but there is no direction d or no prev_flat_grad.")
    return new


class Progress:
    """What goes from iteration to iteration, by PyTorch's names.

    d, t, prev_flat_grad, prev_loss : the last direction and step length, the gradient and the loss before it
    old_dirs, old_stps, ro          : the pairs y and s, and 1/yᵀs
    H_diag                          : sᵀy/yᵀy of the last pair
    """

    def __init__(self) -> None:
        self.func_evals = 0
        self.n_iter = 0
        self.d: Any = None
        self.t = 0.0
        self.old_dirs: deque[Array] = deque()
        self.old_stps: deque[Array] = deque()
        self.ro: deque[float] = deque()
        self.H_diag = 1.0
        self.prev_flat_grad: Any = None
        self.prev_loss = 0.0

    def copy(self) -> Progress:
        """Another one with the same arrays, none of which is ever written to."""
        twin = Progress()
        vars(twin).update({k: deque(v) if isinstance(v, deque) else v for k, v in vars(self).items()})
        return twin

    def remember(self, y: Array, s: Array, history_size: int) -> None:
        """Keep a pair, unless the curvature along it is not positive."""
        ys = float(y @ s)
        if ys > 1e-10:
            while len(self.ro) >= history_size:
                for kept in (self.old_dirs, self.old_stps, self.ro):
                    kept.popleft()
            self.old_dirs.append(y)
            self.old_stps.append(s)
            self.ro.append(1 / ys)
            self.H_diag = ys / float(y @ y)

    def direction(self, g: Array) -> Array:
        """−Hg by the two-loop recursion."""
        q = -g
        pairs = list(zip(self.old_dirs, self.old_stps, self.ro, strict=True))
        weights = []
        for y, s, ro in reversed(pairs):
            weights.append(float(s @ q) * ro)
            q -= weights[-1] * y
        q *= self.H_diag
        for (y, s, ro), weight in zip(pairs, reversed(weights), strict=True):
            q += (weight - float(y @ q) * ro) * s
        return q


def descend(
    evaluate: Evaluate,
    x: Array,
    loss: float,
    g: Array,
    progress: Progress,
    *,
    lr: float,
    max_iter: int,
    max_eval: float,
    tolerance_grad: float,
    tolerance_change: float,
    history_size: int,
    line_search_fn: str | None,
    relative: bool = False,
    each: Callable[[Array, float], None] | None = None,
) -> tuple[Array, float, Array, str]:
    """Iterations from x until something says stop: (x, f, ∇f, why).

    relative : ``tolerance_change`` of f is a fraction of |f|, where that is above 1
    each     : called with every new x and its f
    """
    evaluations = 1
    progress.func_evals += 1
    if highest(np.abs(g), initial=0) <= tolerance_grad:
        return x, loss, g, "gradient"
    for iteration in range(1, max_iter + 1):
        progress.n_iter += 1
        if progress.n_iter == 1:
            d, t = -g, min(1.0, 1 / float(np.abs(g).sum())) * lr
        else:
            progress.remember(g - progress.prev_flat_grad, progress.d * progress.t, history_size)
            d, t = progress.direction(g), lr
        progress.prev_flat_grad, progress.prev_loss = g, loss
        progress.d, progress.t = d, t
        slope = float(g @ d)
        if slope > -tolerance_change:
            return x, loss, g, "slope"
        trials = 0
        if line_search_fn is not None:
            left = max_eval - evaluations
            point, trials = LINE_SEARCHES[line_search_fn](evaluate, x, d, t, Point(0.0, loss, g, slope), left)
            progress.t = t = point.t
            loss, g = point.f, point.g
            x = x + t * d
        else:
            x = x + t * d
            if iteration < max_iter:  # the last one is evaluated when the next step begins
                loss, g = evaluate(x)
                trials = 1
        evaluations += trials
        progress.func_evals += trials
        if each is not None:
            each(x, loss)
        if iteration == max_iter:
            break
        if evaluations >= max_eval:
            return x, loss, g, "evaluations"
        if np.abs(g).max() <= tolerance_grad:
            return x, loss, g, "gradient"
        scale = max(abs(loss), abs(progress.prev_loss), 1.0) if relative else 1.0
        if np.abs(d).max() * t <= tolerance_change or abs(loss - progress.prev_loss) < tolerance_change * scale:
            return x, loss, g, "change"
    return x, loss, g, "iterations"
