"""The NaN watch: names the first operation that made a NaN or an infinity, forward or backward.

A value that is not finite is followed from the operation that made it. It is an anomaly where it reaches a result:
the tensor whose ``backward()`` is called, a gradient, or a value that nothing has used when the watch ends. One that a
later operation takes out again (``np.where``, ``np.clip``, exp(−∞) = 0) is none, and an infinity that was given (a mask
of −∞) was not made. So a finding is told when it is certain, with the place where it was made.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from ..engine.forms import Elementwise
from ..engine.node import Spec, WatchedNode
from ..engine.tensor import bare
from . import observer

if TYPE_CHECKING:
    from ..engine.node import Node
    from ..engine.primitive import Primitive
    from ..engine.tensor import Tensor
    from ..support.types import AnyArray, Array, ArrayLike, Function, Settings
    from .findings import Finding

__all__ = ["AnomalyError", "detect_anomaly", "set_detect_anomaly", "find_anomaly"]

_MOST = 1000  # values, and findings, that are followed at a time


class AnomalyError(FloatingPointError):
    """A NaN or an infinity was made where there was none; ``str(error)`` is the whole report.

    finding : what it was read from
    phase   : "forward", "backward", "tangent" (of forward mode), or "input" where it was there before
    op      : the name of the operation, and ``formula`` what it computes (backward: its local derivative)
    made    : "NaN" or "Inf"
    inputs  : a ``Summary`` of each input: name, source, shape, dtype, min, mean, max, nans, infs, first
    origin  : module and line of the program that computed the row (``Origin``); None where nobody watched then
    """

    __module__ = "autograd_core"  # where it is imported from

    def __init__(self, report: str, finding: Finding | None = None) -> None:
        super().__init__(report)
        self.phase = finding and finding.phase
        self.op = finding and finding.op
        self.formula = finding and finding.formula
        self.made = finding and finding.made
        self.inputs = finding.inputs if finding else ()
        self.origin = finding and finding.origin


@contextmanager
def detect_anomaly(check: str = "nonfinite") -> Iterator[None]:
    """Raise AnomalyError for the first operation in the block (or the decorated function) that makes a NaN or Inf.

    The report names the operation, its inputs, its module and the line of the program that computed it. It comes when
    ``backward()`` meets the value, before any gradient is accumulated, or else at the end of the block; an exception
    that leaves the block gets it as a note. NumPy's own warnings of what is checked are silent meanwhile.

    An array that a row keeps for its derivative, and that was overwritten before that was taken (``b[:] = row`` in a
    loop), makes the gradient wrong: ``OverwrittenError``, an AnomalyError, names the row, the array and the line.

    check : "nonfinite", or "nan" to let infinities pass

    Only this thread is watched. Steps take two to three times as long; without the watch nothing is slower.

    >>> import autograd_core as ag
    >>> x = ag.Tensor(np.array([1.0, -1.0]), requires_grad=True)
    >>> with ag.detect_anomaly():
    ...     np.log(x).sum().backward()
    Traceback (most recent call last):
    autograd_core.AnomalyError: log made 1 NaN in 2 elements, forward: log x...
    """
    watch = _Watch(check)
    with watch.on():
        yield
    watch.finish()


class set_detect_anomaly:
    """Switch the watch of this thread on or off; as a context manager, put it back afterwards.

    mode : on or off
    check : as in ``find_anomaly``

    What is not finite is then told by ``backward()`` alone, for there is no end of a block.

    >>> import autograd_core as ag
    >>> with ag.set_detect_anomaly(True):
    ...     ag.grad(np.sqrt)(np.array(0.0))
    Traceback (most recent call last):
    autograd_core.AnomalyError: sqrt made 1 Inf, backward: ...
    """

    def __init__(self, mode: bool, check: str = "nonfinite") -> None:
        self.before = getattr(_switch, "check", None)
        self._set(_checked(check) if mode else None)

    def _set(self, check: str | None) -> None:
        running, _switch.running, _switch.check = getattr(_switch, "running", None), None, check
        if running is not None:
            running.__exit__(None, None, None)
        if check is not None:
            _switch.running = _Watch(check).on()
            _switch.running.__enter__()

    def __enter__(self) -> None:
        pass

    def __exit__(self, *exc: object) -> None:
        self._set(self.before)


_switch: Any = threading.local()


def find_anomaly(f: Function, *args: object, check: str = "nonfinite", **kwargs: object) -> AnomalyError | None:
    """Run ``f`` (a training step, say: forward and backward) under the watch; the report, or None where all is finite.

    f : the function; called with args and kwargs
    check : "nonfinite" (NaN and ∞) or "nan"

    To see a step again whose loss was NaN. An infinity that was given with the data is told, too, where it reaches
    what ``f`` returns. ``f`` runs with all its effects: put random generators and running statistics back before.

    >>> import autograd_core as ag
    >>> print(ag.find_anomaly(lambda: np.exp(ag.Tensor(1000.0))))
    exp made 1 Inf, forward: exp x...
    >>> ag.find_anomaly(lambda: np.exp(ag.Tensor(1.0))) is None
    True
    """
    watch = _Watch(check)
    try:
        with watch.on():
            out = f(*args, **kwargs)
        watch.finish(out)
    except AnomalyError as found:
        return found.with_traceback(None)
    return None


class _Mark:
    """A value that is not finite: who made it so, in which elements, and whether some operation has used it."""

    __slots__ = ("findings", "used", "value", "where")

    def __init__(self, findings: Sequence[Finding], value: Any, where: Array) -> None:
        self.findings = findings
        self.used = False
        self.value = value
        self.where = where


class _Watch:
    def __init__(self, check: str) -> None:
        from .overwritten import Kept

        self.check = _checked(check)
        self.kept = Kept()
        self.is_bad = np.isnan if check == "nan" else _not_finite
        self.marks: dict[int, _Mark] = {}  # by id of the array
        self.rows: weakref.WeakKeyDictionary[WatchedNode, _Mark] = weakref.WeakKeyDictionary()
        self.open: dict[Finding, int] = {}  # how many unused values came from it
        self.count = 0

    @contextmanager
    def on(self) -> Iterator[None]:
        quiet = {"invalid": "ignore"} if self.check == "nan" else {"all": "ignore"}
        try:
            with np.errstate(**quiet), observer.observe(self.computed, self.pulled, pushed=self.pushed):  # type: ignore[arg-type]
                yield
        except AnomalyError:
            raise
        except Exception as error:
            first = self._first(self.open)
            if first is not None:
                error.add_note(f"Before it, {first.report()}")
            raise

    def finish(self, out: Tensor | None = None) -> None:
        """Raise what is left: of ``out`` (then also what was given), and of what nothing has used."""
        marks = [self._mark(x) for x in (bare(out) if isinstance(out, (tuple, list)) else [bare(out)])]
        first = self._first(f for mark in marks if mark for f in mark.findings) or self._first(self.open)
        if first is not None:
            raise first.error()

    @staticmethod
    def _first(findings: Any) -> Finding | None:
        return min(findings, key=lambda finding: finding.order, default=None)

    def _bad(self, value: ArrayLike) -> bool:
        if not _is_float(value):
            return False
        return bool(np.isnan(value).any()) if self.check == "nan" else not np.isfinite(value).all()

    # Forward -------------------------------------------------------------------------------------------------------

    def computed(self, op: Primitive, args: Sequence[Any], params: Settings, result: Any) -> None:
        """An operation was executed."""
        node, data = result._node, result._data
        if node is not None and getattr(node, "origin", None) is None:
            node.origin = observer.origin()
        self.kept.note(node)
        if self._bad(data):
            self._follow(op, args, params, node, data)
        elif self.marks:
            for a in args:
                self._use(self._mark(bare(a)))

    def _follow(self, op: Primitive, args: Sequence[Any], params: Settings, node: Node, data: Array) -> None:
        from .findings import forward

        arrays = [bare(a) for a in args]
        marks = [mark for a in arrays if (mark := self._mark(a)) is not None]
        behind = dict.fromkeys(finding for mark in marks for finding in mark.findings)
        made, where = self._made(op, arrays, params, data, any(finding.accused for finding in behind))
        if made or not behind:
            self.count += 1
            behind[forward(self.count, op, args, params, data, made, where, tuple(behind))] = None
        if any(finding.accused for finding in behind):  # an infinity that was given is of interest only by itself
            behind = {finding: None for finding in behind if finding.accused}
        for mark in marks:
            self._use(mark)
        self._put(data, node, tuple(behind))

    def _made(
        self, op: Primitive, arrays: Sequence[Array], params: Settings, data: Array, followed: bool
    ) -> tuple[str, Any]:
        """ "NaN" or "Inf" where the operation made one, and where in its result; empty where it was in its inputs."""
        given = [*arrays, *(v for v in params.values() if isinstance(v, (float, np.ndarray, np.generic)))]
        given = [a for a in given if self._bad(a)]
        nan, bad = np.isnan(data), self.is_bad(data)
        if isinstance(op, Elementwise) or op.choices:  # element by element
            for a in given:
                nan = nan & ~(_not_finite(a) if followed else np.isnan(a))
                bad = bad & ~_not_finite(a)
        elif given and (followed or any(np.isnan(a).any() for a in given)):
            return "", None
        elif given:
            bad = nan
        return ("NaN", nan) if nan.any() else ("Inf", bad) if bad.any() else ("", None)

    def _put(self, data: Array, node: Node | None, findings: tuple[Finding, ...]) -> None:
        key = id(data)
        try:
            value: Any = weakref.ref(data, lambda _: self.marks.pop(key, None))
        except TypeError:  # a NumPy scalar
            value = lambda: data
        if len(self.marks) > _MOST:
            del self.marks[next(iter(self.marks))]
        mark = self.marks[key] = _Mark(findings, value, self.is_bad(data))
        if isinstance(node, WatchedNode):
            self.rows[node] = mark
        for finding in findings:
            if finding.accused and (finding in self.open or len(self.open) < _MOST):
                self.open[finding] = self.open.get(finding, 0) + 1

    def _mark(self, value: Any) -> _Mark | None:
        mark = self.marks.get(id(value))
        return mark if mark is not None and mark.value() is value else None

    def _use(self, mark: _Mark | None) -> None:
        if mark is not None and not mark.used:
            mark.used = True
            for finding in mark.findings:
                left = self.open.pop(finding, 0) - 1
                if left > 0:
                    self.open[finding] = left

    # Backward ------------------------------------------------------------------------------------------------------

    def pulled(self, row: observer.Pulled) -> None:
        """A row of a backward pass was walked."""
        self.kept.check(row.node, row.saved, row.parents)
        mark = self.rows.get(row.node) if self.rows and isinstance(row.node, WatchedNode) else None
        if mark is not None and np.any((bare(row.cotangent) != 0) & mark.where):
            first = self._first([finding for finding in mark.findings if finding.accused])
            if first is not None:
                raise first.error("It reached the result that the backward pass began with.")
        self._use(mark)  # the result is the same whatever it is
        for i, parent in enumerate(row.parents):
            c = None if parent is None else bare(row.cotangents.get(parent))
            if c is not None and self._bad(c):
                self._blame(row, i, c)

    def _blame(self, row: observer.Pulled, i: int, c: AnyArray) -> None:
        from .findings import backward, place_of, seed

        g = bare(row.cotangent)
        if np.isnan(g).any():
            raise seed(self.count, row).error()
        place = place_of(row, i, c, self.is_bad)
        kept = [s for s in row.saved or () if s is not None and not isinstance(s, Spec)]
        there = [s if place is None else np.broadcast_to(s, g.shape)[place] for s in (*kept, g)]
        bad = [_is_float(s) and bool(_not_finite(s).any()) for s in there]
        for s in (s for s, is_bad in zip(kept, bad, strict=False) if is_bad):
            mark = self._mark(s)
            first = self._first([f for f in mark.findings if f.accused]) if mark else None
            if first is not None:
                raise first.error(
                    f"In the backward pass of {row.node.op.name} it made what reached argument {i} not finite."
                )
        if any(bad) and not np.isnan(c).any():
            return  # an infinity that was given
        raise backward(self.count, row, i, c, place).error()

    # Forward mode --------------------------------------------------------------------------------------------------

    def pushed(self, node: Node, tangents: Sequence[AnyArray | None], tangent: AnyArray) -> None:
        """A row of a forward-mode pass was walked."""
        self.kept.check(node, node.saved, node.parents)
        t, incoming = bare(tangent), [bare(x) for x in tangents]
        if not self._bad(t):
            for x in incoming if self.marks else ():
                self._use(self._mark(x))
            return
        saved = [s for s in node.saved or () if s is not None and not isinstance(s, Spec)]
        marks = [mark for x in (*incoming, *saved) if (mark := self._mark(x)) is not None]
        behind = dict.fromkeys(finding for mark in marks for finding in mark.findings if finding.accused)
        if not behind:
            given = [x for x in (*incoming, *saved) if _is_float(x)]
            if any((np.isnan(x) if np.isnan(t).any() else _not_finite(x)).any() for x in given):
                return
            from .findings import forward_mode

            self.count += 1
            behind[forward_mode(self.count, node, incoming, t)] = None
        for x in incoming:
            self._use(self._mark(x))
        self._use(self._mark(t))  # of a recorded pass, where the operations of the rule were seen one by one
        self._put(t, None, tuple(behind))


def _checked(check: str) -> str:
    if check not in ("nonfinite", "nan"):
        raise ValueError(f"detect_anomaly: check is 'nonfinite' or 'nan', not {check!r}.")
    return check


def _is_float(value: object) -> bool:
    return value.dtype.kind in "fc" if hasattr(value, "dtype") else isinstance(value, (float, complex))


def _not_finite(value: ArrayLike) -> Any:
    return np.logical_not(np.isfinite(value))
