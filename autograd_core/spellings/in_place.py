"""Writing in place, as PyTorch spells it: ``t.add_(u)``, ``t.copy_(u)``, ``t.zero_()``.

A tensor that was computed from others under recording takes the place of its result, as ``t = t.add(u)`` would: what
was recorded of the old value stays right. A leaf that requires gradients is written to inside ``no_grad()`` only. What
has no graph is written to where it lies, so that views, ``t.data`` and ``t.detach()`` see it.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any

import numpy as np

from ..engine import recording
from ..engine.errors import describe
from ..engine.node import Leaf
from ..engine.tensor import Tensor, bare, make_tensor
from ..support.random import default_generator

if TYPE_CHECKING:
    from ..support.types import AnyArray, Function

SHARING = frozenset(
    ("getitem", "reshape", "transpose", "swapaxes", "squeeze", "expand_dims", "broadcast_to", "diagonal", "moveaxis")
)
"""Rows whose result shares its memory with the tensor before."""


def change(self: Tensor, name: str, function: Function, *args: object, **kwargs: object) -> Tensor:
    """``self`` with the values of ``function(self, *args, **kwargs)``."""
    node, on = self._node, recording.is_grad_enabled()
    if on and isinstance(node, Leaf):
        raise RuntimeError(
            f"{name}: a leaf that requires gradients ({describe(self)}) is written to inside no_grad() only. "
            f"Fix: with no_grad(): t.{name}(…)."
        )
    if on and node is not None and node.op is not None and node.op.name in SHARING and self._data.base is not None:
        raise RuntimeError(
            f"{name}: this tensor ({describe(self)}) is a view ({node.op.name}) of a recorded one, which would not see "
            f"the change. Fix: t = t.{name.rstrip('_')}(…), and x = x.at[index].set(t) where x is meant."
        )
    new = function(make_tensor(self._data, node if on else None), *args, **kwargs)
    if isinstance(new, Tensor) and new._node is not None:
        if node is None and self._data.base is not None:
            raise RuntimeError(
                f"{name}: the values are recorded, and this tensor ({describe(self)}) shares its memory with another, "
                "which would not see them. Fix: x = x.at[index].set(t), or t.detach() where they are constants."
            )
        _check(self, name, new)
        fitting: Any = new if new.shape == self.shape else np.broadcast_to(new, self.shape)
        new = fitting if fitting.dtype == self.dtype else fitting.astype(self.dtype)
        self._data, self._node = new._data, new._node
        return self
    store(self, name, bare(new), keep_memory=node is None or isinstance(node, Leaf))
    return self


def store(self: Tensor, name: str, values: AnyArray, keep_memory: bool = True) -> None:
    """Put values into a tensor: where its array lies, or as a new array where rows may still need the old one."""
    _check(self, name, values)
    data = self._data
    fresh = recording.is_grad_enabled() and getattr(data, "base", None) is None
    if keep_memory and not fresh and getattr(getattr(data, "flags", None), "writeable", True):
        data[...] = values
    else:
        new = np.empty_like(data)
        new[...] = values
        self._data = new


def _check(self: Tensor, name: str, values: AnyArray) -> None:
    given = getattr(values, "dtype", None)
    if given is not None and not np.can_cast(given, self.dtype, "same_kind"):
        raise RuntimeError(f"{name}: {given} results do not fit a tensor of {self.dtype}. Fix: t = t.to(dtype) before.")
    shape = np.shape(values)
    if shape != self.shape and np.broadcast_shapes(shape, self.shape) != self.shape:
        raise RuntimeError(f"{name}: results of shape {shape} do not fit a tensor of shape {self.shape}.")


def variant(name: str, function: Function) -> Function:
    """The method ``name`` that writes what ``function`` computes."""

    def method(self: Tensor, *args: object, **kwargs: object) -> Tensor:
        return change(self, name, function, *args, **kwargs)

    method.__name__ = method.__qualname__ = name
    method.__doc__ = f"``{name.rstrip('_')}``, written in place."
    return method


def reshaped(name: str, function: Function) -> Function:
    """The method ``name`` that gives the tensor itself the shape that ``function`` gives its elements."""

    def method(self: Tensor, *args: object, **kwargs: object) -> Tensor:
        if recording.is_grad_enabled() and isinstance(self._node, Leaf):
            raise RuntimeError(f"{name}: a leaf that requires gradients keeps its shape. Fix: t = t.{name[:-1]}(…).")
        new = function(make_tensor(self._data, self._node), *args, **kwargs)
        self._data, self._node = new._data, new._node
        return self

    method.__name__ = method.__qualname__ = name
    method.__doc__ = f"``{name.rstrip('_')}``, of this very tensor."
    return method


RESHAPED = "squeeze unsqueeze t transpose swapaxes swapdims"
"""Functions of shapes of which PyTorch has a method with an underscore."""


def copy_(self: Tensor, src: AnyArray, non_blocking: bool = False) -> Tensor:
    """Take over the values of ``src``, in this tensor's shape and dtype."""
    kind = getattr(src, "dtype", None)
    if kind is not None and kind != self.dtype:
        src = src.astype(self.dtype)
    return change(self, "copy_", lambda x: np.broadcast_to(src, self.shape))


def fill_(self: Tensor, value: object) -> Tensor:
    """One value everywhere."""
    return change(self, "fill_", lambda x: value if isinstance(value, Tensor) else np.asarray(value, self.dtype))


def zero_(self: Tensor) -> Tensor:
    """Zeros everywhere."""
    return fill_(self, 0)


def fill_diagonal_(self: Tensor, fill_value: Any, wrap: bool = False) -> Tensor:
    """One value along the diagonal."""
    return change(self, "fill_diagonal_", lambda x: _with_diagonal(x, fill_value, wrap))


def _with_diagonal(x: AnyArray, value: object, wrap: bool) -> AnyArray:
    from ..ops.places.updating import fill_diagonal

    return fill_diagonal(x, value, wrap)


def _drawn(name: str, draw: Function) -> Function:
    def method(self: Tensor, *args: object, generator: Generator | None = None, **kwargs: object) -> Tensor:
        source = generator or default_generator()
        return change(self, name, lambda x: np.asarray(draw(source, self, *args, **kwargs)).astype(self.dtype))

    method.__name__ = method.__qualname__ = name
    method.__doc__ = f"Random numbers: those of ``torch.Tensor.{name}``, from ``ag.default_generator()``."
    return method


def _integers(g: Any, x: Tensor, low: Any = None, high: Any = None) -> AnyArray:
    if high is None:
        low, high = 0, low
    if high is None:
        high = 2**24 if x.dtype == np.float32 else 2**53 if x.dtype.kind == "f" else np.iinfo(x.dtype).max
    return g.integers(low, high, x.shape)


DRAWN: dict[str, Function] = {
    "normal_": lambda g, x, mean=0.0, std=1.0: g.normal(bare(mean), bare(std), x.shape),
    "uniform_": lambda g, x, a=0.0, b=1.0, *, to=None: g.uniform(a, b if to is None else to, x.shape),
    "bernoulli_": lambda g, x, p=0.5: g.random(x.shape) < bare(p),
    "exponential_": lambda g, x, lambd=1.0: g.exponential(1 / lambd, x.shape),
    "cauchy_": lambda g, x, median=0.0, sigma=1.0: median + sigma * g.standard_cauchy(x.shape),
    "log_normal_": lambda g, x, mean=1.0, std=2.0: g.lognormal(mean, std, x.shape),
    "geometric_": lambda g, x, p: g.geometric(p, x.shape),
    "random_": _integers,
}
WRITERS: dict[str, Function] = {
    **{f.__name__: f for f in (copy_, fill_, zero_, fill_diagonal_)},
    **{name: _drawn(name, draw) for name, draw in DRAWN.items()},
}
"""In-place methods that are no variants of a function."""

VARIANTS = """
    abs absolute acos acosh add addcdiv addcmul addmm addmv addr baddbmm addbmm arccos arccosh arcsin arcsinh arctan
    arctanh arctan2 asin asinh atan atanh atan2 bitwise_left_shift bitwise_right_shift conj_physical
    gcd heaviside lcm ldexp nextafter mvlgamma bitwise_and bitwise_not bitwise_or bitwise_xor ceil clamp clamp_max
    clamp_min clip copysign cos cosh cumprod cumsum deg2rad digamma div divide eq erf erfc erfinv exp exp2 expm1 fix
    float_power floor floor_divide fmod frac ge greater greater_equal gt hypot i0 index_add index_copy index_fill
    index_put le lerp
    less less_equal lgamma log log10 log1p log2 logical_and logical_not logical_or logical_xor logit lt masked_fill
    masked_scatter mul multiply nan_to_num ne neg negative not_equal polygamma pow put rad2deg reciprocal relu remainder
    renorm round rsqrt scatter scatter_add scatter_reduce sgn sigmoid sign sin sinc sinh sqrt square sub subtract tan
    tanh tril triu true_divide trunc xlogy
"""
"""Functions of which PyTorch has a method with an underscore that writes in place."""
