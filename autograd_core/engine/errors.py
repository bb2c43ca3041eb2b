"""Messages of failed operations: operation, shapes, dtypes, and the likely fix."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from .node import Node
    from .primitive import Primitive

_KINDS = (
    *(np.exceptions.AxisError, np.linalg.LinAlgError, IndexError, ValueError),
    *(TypeError, ZeroDivisionError, OverflowError, FloatingPointError, RuntimeWarning),
)
_NUMERIC = "keep the arguments where it is defined and can hold the result; ag.detect_anomaly() shows them."


def describe(value: Any) -> str:
    """``float32 (2, 3)`` for anything array-like, the value itself for a number.

    >>> describe(np.zeros((2, 3))), describe(2.5)
    ('float64 (2, 3)', '2.5')
    """
    if hasattr(value, "shape") and hasattr(value, "dtype") and not isinstance(value, type):
        return f"{value.dtype} {tuple(value.shape)}"
    if isinstance(value, (bool, int, float, complex)):
        return repr(value)
    return class_name(value)


def class_name(value: object) -> str:
    """The name of its class, as it is shown."""
    return printable(type(value).__name__)


def printable(text: str) -> str:
    r"""Text on one line, nothing of which a terminal or an editor obeys; every name that is shown goes through here.

    >>> print(printable("a\nb"), printable("\x1b[31mξ1"), printable("x\u202e"))
    a\nb \x1b[31mξ1 x\u202e
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c == "\u00a0" else repr(c)[1:-1] for c in text)


def explain(op: Primitive, args: Sequence[Any], params: dict[str, Any], error: Exception) -> Exception:
    """The exception to raise from ``error``: same kind, but naming the operation and what it was given.

    An error that is not about the arguments (MemoryError, or a class of somebody's own) is raised again as it is.
    """
    if isinstance(error, AttributeError) and error.name == "shape" and error.__traceback__.tb_next is None:  # type: ignore[union-attr]
        return not_an_array(op, error.obj)  # the engine itself asked what the forward returned for its shape
    kind = next((kind for kind in _KINDS if isinstance(error, kind)), None)
    numpys = type(error).__module__.startswith("numpy") and not isinstance(error, Warning)
    if kind is None or not (type(error) is kind or numpys):
        raise error
    names = op.argument_names(len(args))
    given = ", ".join(f"{name}: {describe(value)}" for name, value in zip(names, args, strict=True))
    settings = "".join(f", {name}={v!r}" for name, v in params.items() if v is not None and v is not np._NoValue)
    broken = op.contract and op.contract.broken(dict(zip(names, args, strict=True)))
    detail = broken or str(error).removeprefix(f"{op.name}: ")
    numeric = isinstance(error, (FloatingPointError, RuntimeWarning))  # what np.errstate raises
    fix = _NUMERIC if numeric else op.advice(args)
    message = f"{op.name}: {detail} [{given}{settings}].{f' Fix: {fix}' if fix and 'Fix: ' not in detail else ''}"
    return kind(message)


def not_an_array(op: Primitive, out: Any) -> TypeError:
    """The error of a forward that returned something else."""
    if hasattr(out, "requires_grad"):
        what, fix = "computed with a tensor that is not its argument", "make it an argument, with a rule of its own"
    else:
        what = f"returned {describe(out)}, and a primitive computes one array"
        fix = "return an array (np.asarray, np.stack), or declare a primitive for each of several results"
    return TypeError(f"{op.name}: its forward {what}. Fix: {fix}.")


def released(node: Node) -> RuntimeError:
    """The error of a walk that met a row whose inputs were forgotten."""
    origin = getattr(node, "origin", None)
    row = f"{getattr(node.op, 'name', 'a row')} {node.shape}" + (f" in {origin.description}" if origin else "")
    return RuntimeError(
        f"backward: the graph was released by an earlier backward pass, which went through {row}. A graph is walked "
        "once and then freed. Fix: backward(retain_graph=True) the first time, or compute the loss again; "
        "of a value that is carried over from an earlier step (a hidden state), go on with h.detach()."
    )
