"""Ordinary differential equations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import autograd_core as ag

from ..installing import missing

if TYPE_CHECKING:
    from ...support.types import AnyArray, Args, Function


def odeint(
    func: Function, y0: AnyArray, t: AnyArray, args: Args = (), *, rtol: Any = None, atol: Any = None
) -> AnyArray:
    """y at the times ``t``, of shape (n, d), where dy/dt = func(y, t, *args) and y(t[0]) = y0.

    func : of the state, the time and args
    y0 : the state at the beginning, of shape (d,)
    t : the times, of shape (n,)
    args : what func is called with beside; differentiable as y0 and t are
    rtol, atol : tolerances, by default 1.49e-8 as in SciPy
    """
    tolerance: dict[str, Any] = {
        "rtol": 1.49012e-8 if rtol is None else rtol,
        "atol": 1.49012e-8 if atol is None else atol,
    }

    def rate(y: AnyArray, time: AnyArray, *rest: object) -> AnyArray:
        slope = func(y, time, *rest)
        return ag.stack(list(slope)) if isinstance(slope, (list, tuple)) else slope

    return ag.odeint(rate, y0, t, *args, **tolerance)


__getattr__ = missing(__name__)
