"""Functions from functions: grad, value_and_grad, vjp, jvp.

NumPy in, NumPy out: where the arguments are arrays or numbers the answers are arrays. Tensors give tensors, and so
does anything that an outer transform, or a tensor with ``requires_grad``, still has to differentiate. ``.grad`` of
other tensors is never touched.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from . import modes
from .calls import NO_SETTINGS
from .errors import describe
from .forward import push
from .ops.elementwise import positive
from .reverse import as_gradients, filled, pull, rows
from .tensor import Leaf, Node, Tensor, like, make_tensor

__all__ = ["grad", "value_and_grad", "vjp", "jvp"]


def grad(f: Callable[..., Any], argnums: int | tuple[int, ...] = 0) -> Callable[..., Any]:
    """The gradient of a scalar function, as a function of the same arguments.

    argnums : which argument, or arguments (then the answer is a tuple), to differentiate with respect to

    Raises ValueError where f's result is not one number.

    >>> import autograd_core as ag
    >>> grad(lambda x: (x**3).sum())(np.array([1.0, 2.0]))
    array([ 3., 12.])
    >>> grad(grad(ag.sin))(np.array(0.5)) + np.sin(0.5)
    np.float64(0.0)
    """
    both = value_and_grad(f, argnums)

    def gradient(*args: Any, **kwargs: Any) -> Any:
        return both(*args, **kwargs)[1]

    return gradient


def value_and_grad(f: Callable[..., Any], argnums: int | tuple[int, ...] = 0) -> Callable[..., Any]:
    """The value and the gradient of a scalar function, from one forward and one backward pass.

    >>> value_and_grad(lambda x, y: x * y, argnums=(0, 1))(np.array(2.0), np.array(3.0))
    (array(6.), (array(3.), array(2.)))
    """

    def value_and_gradient(*args: Any, **kwargs: Any) -> Any:
        run = _Run(f, args, kwargs, argnums)
        if np.size(run.out._data) != 1 or run.out.dtype.kind == "c":
            raise ValueError(
                f"grad: the function returned {describe(run.out)}, and only a single number, and no complex one, has a gradient. "
                "Mend: sum or average the result, or use vjp."
            )
        cotangents = run.pull(filled(1, run.out._data, run.out.shape, run.out.dtype))
        return run.value(), cotangents if isinstance(argnums, tuple) else cotangents[0]

    return value_and_gradient


def vjp(f: Callable[..., Any], *primals: Any) -> tuple[Any, Callable[[Any], tuple[Any, ...]]]:
    """``f(*primals)`` and the pullback u ↦ (uᵀ ∂f/∂x for every argument x), which may be called any number of times.

    >>> y, pullback = vjp(lambda x: x * x, np.array([1.0, 2.0]))
    >>> pullback(np.array([1.0, 10.0]))
    (array([ 2., 40.]),)
    """
    run = _Run(f, primals, {}, tuple(range(len(primals))))

    def pullback(u: Any) -> tuple[Any, ...]:
        _check_shape("vjp", "cotangent", u, run.out)
        return run.pull(u)

    return run.value(), pullback


def jvp(f: Callable[..., Any], primals: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, Any]:
    """``f(*primals)`` and its directional derivative Σ ∂f/∂x · ẋ along the tangents, by forward mode.

    >>> jvp(lambda x: x * x, (np.array(3.0),), (np.array(1.0),))
    (array(9.), array(6.))
    """
    if len(primals) != len(tangents):
        raise ValueError(f"jvp: {len(primals)} primals but {len(tangents)} tangents; give one for each.")
    run = _Run(f, primals, {}, tuple(range(len(primals))))
    for x, t in zip(run.inputs, tangents, strict=True):
        _check_shape("jvp", "tangent", t, x)
    return run.value(), run.push(tangents)


class _Variable(Leaf):
    """The row of a transform's own argument; ``bound`` while the function that it is an argument of is running."""

    __slots__ = ("bound",)

    def __init__(self, shape: tuple[int, ...], dtype: Any) -> None:
        super().__init__(shape, dtype)
        self.bound = True


class _Run:
    """One evaluation of ``f`` on fresh rows of the graph, kept apart from whatever the arguments came from."""

    def __init__(self, f: Any, args: Sequence[Any], kwargs: dict[str, Any], argnums: int | tuple[int, ...]) -> None:
        chosen = argnums if isinstance(argnums, tuple) else (argnums,)
        if not all(isinstance(i, int) and -len(args) <= i < len(args) for i in chosen):
            raise ValueError(f"argnums: {argnums!r} given, but the function was called with {len(args)} argument(s).")
        if len({i % len(args) for i in chosen}) < len(chosen):
            raise ValueError(f"argnums: {argnums!r} names an argument twice.")
        self.inputs = [_fresh(args[i]) for i in chosen]
        self.nodes: list[Any] = [x._node for x in self.inputs]
        self.as_tensors = any(isinstance(a, Tensor) for a in args)
        call = list(args)
        for i, x in zip(chosen, self.inputs, strict=True):
            call[i] = x
        outer = modes.is_grad_enabled()
        with modes.enable_grad():
            out = f(*call, **kwargs)
        for node in self.nodes:
            if isinstance(node, _Variable):
                node.bound = False
        if not isinstance(out, Tensor):
            if not hasattr(out, "dtype") and not isinstance(out, (int, float)):
                raise TypeError(f"the function to differentiate must return a tensor, not {type(out).__name__}.")
            out = Tensor(out)
        self.out = out
        ours: set[Any] = set(self.nodes)
        self.root: Any = out._node
        self.order = [] if self.root is None else rows([self.root], stop=ours, lenient=True)
        self.foreign = outer and any(_is_free(n) and n not in ours for n in self.order)
        self.record = self.foreign or (outer and any(not isinstance(n, Leaf) for n in self.nodes))
        self.wanted = ours.copy()
        for node in reversed(self.order):
            if node not in ours and any(p in self.wanted for p in node.parents or ()):
                self.wanted.add(node)

    def value(self) -> Any:
        out = self.out if self.record else self.out.detach()
        return self._answer(out)

    def pull(self, u: Any) -> tuple[Any, ...]:
        outer = modes.is_grad_enabled() and (self.record or _is_tracked(u))
        cotangent = like(self.out, u)
        found: dict[Any, Any] = {}
        if self.root in self.wanted:
            seed: Any = cotangent if outer else cotangent._data
            found = pull(self.order, {self.root: seed}, create_graph=outer, stop=set(self.nodes), wanted=self.wanted)
        leaves = ((node, x.shape, x.dtype) for node, x in zip(self.nodes, self.inputs, strict=True))
        gradients = as_gradients(found, leaves, cotangent)
        return tuple(self._answer(g, isinstance(u, Tensor)) for g in gradients)

    def push(self, tangents: Sequence[Any]) -> Any:
        outer = modes.is_grad_enabled() and (self.record or any(map(_is_tracked, tangents)))
        seeds = {}
        for node, x, t in zip(self.nodes, self.inputs, tangents, strict=True):
            seeds[node] = like(x, t) if outer else like(x, t)._data
        found = push(self.order, seeds, record=outer)
        (t,) = as_gradients(found, [(self.root, self.out.shape, self.out.dtype)], *seeds.values())
        return self._answer(t, any(isinstance(t, Tensor) for t in tangents))

    def _answer(self, tensor: Tensor, as_tensor: bool = False) -> Any:
        if self.as_tensors or as_tensor or tensor._node is not None:
            return tensor
        return np.asarray(tensor._data) if isinstance(tensor._data, np.generic) else tensor._data


def _fresh(x: Any) -> Tensor:
    """``x`` as a tensor with a row of its own; the identity of x where x is itself being differentiated."""
    if isinstance(x, Tensor):
        if x._node is not None:
            return make_tensor(x._data, Node(positive.primitive, (x._node,), (None, None), NO_SETTINGS, x.shape))
        x = x._data
    x = Tensor(x, requires_grad=True)
    return make_tensor(x._data, _Variable(x.shape, x.dtype))


def _is_free(node: Node) -> bool:
    """True of a leaf that somebody outside still differentiates: a user's, or a running transform's."""
    return isinstance(node, Leaf) and not (isinstance(node, _Variable) and not node.bound)


def _is_tracked(x: Any) -> bool:
    return isinstance(x, Tensor) and x._node is not None


def _check_shape(transform: str, role: str, given: Any, like: Tensor) -> None:
    if np.shape(given) != like.shape:
        raise ValueError(
            f"{transform}: {role} of shape {np.shape(given)} for {describe(like)}; give one of the same shape."
        )
