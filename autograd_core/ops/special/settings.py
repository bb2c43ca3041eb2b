"""Functions of one number with parameters that have no derivative: orders, degrees of freedom, shapes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ...engine import entry
from ...engine.forms import elementwise
from ...engine.registry import implements
from ...engine.tensor import Tensor

if TYPE_CHECKING:
    from ...support.types import AnyArray, Function



def refuse_complex(name: str, x: AnyArray) -> bool:
    """TypeError where a function whose slope is known for real numbers alone is given others; False otherwise."""
    if x.dtype.kind == "c":
        raise TypeError(f"{name}: differentiable where its argument is real, and {x.dtype} {np.shape(x)} is given.")
    return False


def of_settings(
    ufunc: np.ufunc, settings: str, slope: Function, x: str = "x", last: bool = True, real: bool = False
) -> Any:
    """``ufunc(*settings, x)``, or with x before them, as a function that is differentiable by x alone.

    settings : their names
    slope    : ∂/∂x, told x and the settings, and then the value
    x        : what the differentiable argument is called
    last     : whether it comes after the settings
    real     : whether the slope is that of real numbers alone

    A setting that is a recorded tensor is refused: its gradient would be lost.
    """
    names = settings.split()
    name = ufunc.__name__
    known = f"special.{name}" if name == "huber" else name  # of nn's losses, too
    order = (*names, x) if last else (x, *names)
    given: dict[str, Any] = {"f": ufunc, "slope": slope, "narrow": _narrow, "__name__": __name__}
    inner = f"lambda {', '.join((x, *names))}: narrow(f({', '.join(order)}), {', '.join((x, *names))})"
    among = ", ".join((x, *names, "ans"))
    rule = f"lambda {among}: narrow(slope({among}), {', '.join((x, *names))})"
    if real:
        inner = inner.replace(": ", f": refuse(known, {x}) or ", 1)
        given |= {"refuse": refuse_complex, "known": known}
    primitive = elementwise(eval(inner, given), name=known, **{x: eval(rule, given)})

    def function(*args: object) -> Any:
        if len(args) != len(order):
            raise TypeError(f"{name}({', '.join(order)}): {len(args)} arguments given.")
        values = dict(zip(order, args, strict=True))
        at = values.pop(x)
        if not isinstance(at, Tensor) and not any(isinstance(v, Tensor) for v in values.values()):
            return ufunc(*args)
        fix = f"there is no formula for it: keep {', '.join(names)} fixed"
        return primitive(at, *(entry.setting(values[n], name, n, fix) for n in names))

    function.__name__ = function.__qualname__ = name
    function.__module__ = __name__
    function.__doc__ = (
        f"``scipy.special.{name}({', '.join(order)})``, differentiable by {x}; on arrays it is SciPy's own."
    )
    function.primitive_of_x = primitive  # type: ignore[attr-defined]
    return implements(ufunc)(function)


def _narrow(value: AnyArray, x: AnyArray, *settings: Any) -> AnyArray:
    """A result in x's dtype where the settings are numbers: SciPy widens whole ones, and some others."""
    if hasattr(value, "dtype") and value.dtype != x.dtype and not any(np.ndim(s) for s in settings):
        return value.astype(x.dtype) if value.dtype.kind == x.dtype.kind else value
    return value


def weak(value: AnyArray) -> Any:
    """What is computed from settings, as a Python number where it is one: it widens no dtype."""
    return value.item() if np.ndim(value) == 0 and hasattr(value, "item") else value
