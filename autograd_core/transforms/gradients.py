"""Functions from functions: grad, value_and_grad, vjp, jvp.

Arguments, results, tangents and cotangents may be nested tuples, lists and dicts of arrays. NumPy in, NumPy out: where
the arguments are arrays or numbers the answers are arrays. Tensors give tensors, and so does anything that an outer
transform, or a tensor with ``requires_grad``, still has to differentiate. ``.grad`` of other tensors is never touched.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..border.arrays import like
from ..border.backward import as_gradients, filled
from ..border.leaving import GraphLostError, NoDependenceWarning
from ..engine import recording
from ..engine.calls import NO_SETTINGS
from ..engine.errors import describe
from ..engine.forms import elementwise
from ..engine.forward import push
from ..engine.node import PLAIN, Alias, Leaf, Node, Variable
from ..engine.reverse import pull, rows
from ..engine.tensor import Tensor, check_differentiable, make_tensor
from ..ops.arithmetic.elementwise import positive
from ..support import caller
from ..watching.observer import made
from . import trees

if TYPE_CHECKING:
    from ..support.types import AnyArray, Function, Settings, Tree

__all__ = ["grad", "value_and_grad", "vjp", "jvp", "stop_gradient"]

Argnums = int | tuple[int, ...]


def grad(f: Function, argnums: Argnums = 0) -> Function:
    """The gradient of a scalar function, as a function of the same arguments.

    f : a function of arrays (tensors, or trees of them)
    argnums : which argument, or arguments (then the answer is a tuple), to differentiate with respect to

    Raises ValueError where f's result is not one real number.

    >>> import autograd_core as ag
    >>> grad(lambda x: (x**3).sum())(np.array([1.0, 2.0]))
    array([ 3., 12.])
    >>> grad(grad(ag.sin))(np.array(0.5)) + np.sin(0.5)
    np.float64(0.0)
    >>> grad(lambda p: p["w"] * p["b"][0])({"w": np.array(2.0), "b": [np.array(3.0)]})
    {'w': array(3.), 'b': [array(2.)]}
    """
    both = value_and_grad(f, argnums)

    def gradient(*args: object, **kwargs: object) -> Any:
        return both(*args, **kwargs)[1]

    return gradient


def value_and_grad(f: Function, argnums: Argnums = 0) -> Function:
    """The value and the gradient of a scalar function, from one forward and one backward pass.

    f, argnums : those of ``grad``

    >>> value_and_grad(lambda x, y: x * y, argnums=(0, 1))(np.array(2.0), np.array(3.0))
    (array(6.), (array(3.), array(2.)))
    """

    def value_and_gradient(*args: object, **kwargs: object) -> Tree:
        run = Run(f, args, kwargs, argnums)
        out = run.outs[0] if len(run.outs) == 1 else None
        if out is None or np.size(out._data) != 1 or out.dtype.kind == "c":
            returned = ", ".join(map(describe, run.outs))
            raise ValueError(
                f"grad: the function returned {returned}, and only a single number, and no complex one, has a "
                "gradient. Fix: sum or average the result, or use vjp."
            )
        cotangents = run.pull([filled(1, out._data, out.shape, out.dtype)])
        return run.value(), cotangents if isinstance(argnums, tuple) else cotangents[0]

    return value_and_gradient


def vjp(f: Function, *primals: Tree) -> tuple[Any, Callable[[Tree], tuple[Tree, ...]]]:
    """``f(*primals)`` and the pullback u ↦ (uᵀ ∂f/∂x for every argument x), which may be called any number of times.

    >>> y, pullback = vjp(lambda x: x * x, np.array([1.0, 2.0]))
    >>> pullback(np.array([1.0, 10.0]))
    (array([ 2., 40.]),)
    """
    run = Run(f, primals, {}, tuple(range(len(primals))))

    def pullback(u: Tree) -> tuple[Tree, ...]:
        return run.pull(_matching("vjp", "cotangent", u, run.outs))

    return run.value(), pullback


def jvp(f: Function, primals: Sequence[Tree], tangents: Sequence[Tree]) -> tuple[Tree, Tree]:
    """``f(*primals)`` and its directional derivative Σ ∂f/∂x · ẋ along the tangents, by forward mode.

    >>> jvp(lambda x: x * x, (np.array(3.0),), (np.array(1.0),))
    (array(9.), array(6.))
    """
    if len(primals) != len(tangents):
        raise ValueError(f"jvp: {len(primals)} primals but {len(tangents)} tangents; give one for each.")
    run = Run(f, primals, {}, tuple(range(len(primals))))
    return run.value(), run.push(_matching("jvp", "tangent", tuple(tangents), run.inputs))


def stop_gradient(x: Tree) -> Tree:
    """``x`` as a constant: the same values (of every leaf of a tree), whose derivative is zero.

    >>> grad(lambda x: x * stop_gradient(x))(np.array(3.0))
    array(3.)
    """
    leaves, rebuild = trees.flatten(x, "stop_gradient: x")
    return rebuild([leaf.detach() if isinstance(leaf, Tensor) else leaf for leaf in leaves])


def evaluate(f: Any, args: Sequence[Any], kwargs: Settings, variables: Sequence[Node]) -> Any:
    """f's result, recorded. Meanwhile the variables are bound: what depends on them may not leave as a number."""
    recording.thread.refused = None
    try:
        with recording.enable_grad():
            return f(*args, **kwargs)
    except GraphLostError:
        raise
    except Exception as error:
        refused = recording.thread.refused
        if refused is not None and (refused[:2] == _place(error) or isinstance(error, SystemError)):
            # C code put an error of its own in the place of ours, or went on regardless
            raise GraphLostError(refused[2]).with_traceback(error.__traceback__) from None
        raise
    finally:
        for node in variables:
            if isinstance(node, (Variable, Alias)):
                node.bound = False


def _place(error: Exception) -> tuple[Any, int]:
    """Code and line that raised the error."""
    step: Any = error.__traceback__
    while step.tb_next is not None:
        step = step.tb_next
    return step.tb_frame.f_code, step.tb_lineno


class Run:
    """One evaluation of ``f`` on fresh rows of the graph, kept apart from whatever the arguments came from.

    inputs, outs : the leaves of the chosen arguments and of the result, as tensors
    """

    def __init__(self, f: Any, args: Sequence[Any], kwargs: Settings, argnums: Argnums) -> None:
        chosen = argnums if isinstance(argnums, tuple) else (argnums,)
        _check_argnums(argnums, chosen, len(args))
        call = list(args)
        self.inputs: list[Tensor] = []
        self.arguments: list[tuple[int, int, trees.Rebuild]] = []
        for i in chosen:
            leaves, rebuild = trees.flatten(args[i], f"argument {i}")
            start = len(self.inputs)
            self.inputs += map(_fresh, leaves)
            self.arguments.append((start, len(self.inputs), rebuild))
            call[i] = rebuild(self.inputs[start:])
        self.nodes: list[Any] = [x._node for x in self.inputs]
        self.as_tensors = any(_holds_tensor(a) for a in args)
        outer = recording.is_grad_enabled()
        out = evaluate(f, call, kwargs, self.nodes)
        results, self.rebuild = trees.flatten(out, "the function to differentiate must return a tensor: its result")
        _check_floating(results)
        self.outs = [y if isinstance(y, Tensor) else Tensor(y) for y in results]
        self.roots: list[Any] = [y._node for y in self.outs]
        ours: set[Any] = set(self.nodes)
        self.order = rows(dict.fromkeys(r for r in self.roots if r is not None), stop=ours, lenient=True)
        foreign = outer and any(_is_free(n) and n not in ours for n in self.order)
        self.record = foreign or (outer and any(not isinstance(n, Leaf) for n in self.nodes))
        self.wanted = ours.copy()
        for node in reversed(self.order):
            if node not in ours and any(p in self.wanted for p in node.parents or ()):
                self.wanted.add(node)
        if self.nodes and results and self.wanted.isdisjoint(self.roots):
            caller.warn(_NO_DEPENDENCE, NoDependenceWarning)

    def value(self) -> Tree:
        """The result of the function."""
        return self.rebuild([self._answer(y if self.record else y.detach()) for y in self.outs])

    def pull(self, cotangents: Sequence[Tree]) -> tuple[Any, ...]:
        """For each chosen argument the cotangents of its leaves, from those of the result's leaves."""
        record = recording.is_grad_enabled() and (self.record or any(map(_is_tracked, cotangents)))
        seeds: dict[Any, Any] = {}
        given = [like(y, u) for y, u in zip(self.outs, cotangents, strict=True)]
        for root, u in zip(self.roots, given, strict=True):
            if root in self.wanted:
                seed: Any = u if record else u._data
                seeds[root] = seeds[root] + seed if root in seeds else seed
        found = pull(self.order, seeds, create_graph=record, stop=set(self.nodes), wanted=self.wanted)
        leaves = ((node, x.shape, x.dtype) for node, x in zip(self.nodes, self.inputs, strict=True))
        tensors = any(isinstance(u, Tensor) for u in cotangents)
        gradients = [self._derivative(g, tensors) for g in as_gradients(found, leaves, *given, *self.inputs)]
        return tuple(rebuild(gradients[start:stop]) for start, stop, rebuild in self.arguments)

    def push(self, tangents: Sequence[Tree]) -> Tree:
        """The tangents of the result, from those of the inputs."""
        record = recording.is_grad_enabled() and (self.record or any(map(_is_tracked, tangents)))
        seeds = {}
        for node, x, t in zip(self.nodes, self.inputs, tangents, strict=True):
            seeds[node] = like(x, t) if record else like(x, t)._data
        with np.errstate(invalid="ignore"):  # a slope that is not a number may belong to a direction that nobody goes
            found = push(self.order, dict(seeds), record=record)
        results = ((root, y.shape, y.dtype) for root, y in zip(self.roots, self.outs, strict=True))
        tensors = any(isinstance(t, Tensor) for t in tangents)
        return self.rebuild(
            [self._derivative(t, tensors) for t in as_gradients(found, results, *seeds.values(), *self.outs)]
        )

    def _derivative(self, tensor: Tensor, as_tensor: bool) -> AnyArray:
        """A derivative as an answer. One that is constant (of a linear function) still depends on the arguments."""
        if self.record and recording.is_grad_enabled() and tensor._node is None:
            roots = [root for root in dict.fromkeys(self.roots) if root is not None]
            for root in roots:
                row = Node(
                    _constant_along.primitive, (tensor._node, root), (None, None, None), NO_SETTINGS, tensor.shape
                )
                tensor = make_tensor(tensor._data, made(row))
        return self._answer(tensor, as_tensor)

    def _answer(self, tensor: Tensor, as_tensor: bool = False) -> AnyArray:
        if self.as_tensors or as_tensor or tensor._node is not None:
            return tensor
        data = tensor._data
        return data if type(data) in PLAIN or np.ndim(data) else data[...]  # an array without axes, no scalar


_constant_along = elementwise(lambda value, x: value, name="constant_along", value=1, x=None)
"""A value whose derivative by ``x`` is zero, in the graph of x."""

_NO_DEPENDENCE = (
    "the result of the function does not depend on what it is differentiated by, so the derivative is zero. "
    "Fix: compute the result from the arguments, with NumPy's functions or ag's, outside no_grad() and without "
    "detach(), item() or int(). Where zero is meant, return value + 0 * x."
)


def _check_floating(results: Sequence[Tensor]) -> None:
    """Refuse results of which nothing can be differentiated: integers and truth values."""
    dtypes = [np.asarray(y).dtype if not hasattr(y, "dtype") else y.dtype for y in results]
    if dtypes and all(dtype.kind in "biu" for dtype in dtypes):
        returned = ", ".join(f"{dtype} {np.shape(y)}" for dtype, y in zip(dtypes, results, strict=True))
        raise TypeError(
            f"the function to differentiate returned {returned}; integers and truth values have no derivative. "
            "Fix: return floating numbers: a loss instead of an accuracy, softmax instead of argmax, 3.0 instead of 3."
        )


def _check_argnums(argnums: Argnums, chosen: tuple[int, ...], count: int) -> None:
    if not all(isinstance(i, int) and -count <= i < count for i in chosen):
        raise ValueError(f"argnums: {argnums!r} given, but the function was called with {count} argument(s).")
    if len({i % count for i in chosen}) < len(chosen):
        raise ValueError(f"argnums: {argnums!r} names an argument twice.")


def _fresh(x: AnyArray) -> Tensor:
    """``x`` as a tensor with a row of its own; the identity of x where x is itself being differentiated."""
    if isinstance(x, Tensor):
        if x._node is not None:
            row = Alias(positive.primitive, (x._node,), (None, None), NO_SETTINGS, x.shape)
            return make_tensor(x._data, made(row))
        x = x._data
    return variable(x)


def variable(x: Any) -> Tensor:
    """An array as a variable of a transform's own."""
    x = Tensor(x)
    check_differentiable(x._data)
    x._node = Variable(x.shape, x.dtype)
    return x


def _is_free(node: Node) -> bool:
    """True of a leaf that somebody outside still differentiates: a user's, or a running transform's."""
    return isinstance(node, Leaf) and not (isinstance(node, Variable) and not node.bound)


def _is_tracked(x: object) -> bool:
    return isinstance(x, Tensor) and x._node is not None


def _holds_tensor(tree: Tree) -> bool:
    if isinstance(tree, dict):
        return any(map(_holds_tensor, tree.values()))
    return any(map(_holds_tensor, tree)) if type(tree) in (tuple, list) else isinstance(tree, Tensor)


def _matching(transform: str, role: str, given: Tree, like: Sequence[Tensor]) -> list[Any]:
    """The leaves of tangents or cotangents, one for each of ``like`` and of its shape."""
    leaves, _ = trees.flatten(given, f"{transform}: {role}")
    if len(leaves) != len(like):
        raise ValueError(f"{transform}: {len(leaves)} {role}s for {len(like)} arrays; give one for each.")
    for value, x in zip(leaves, like, strict=True):
        if np.shape(value) != x.shape:
            raise ValueError(
                f"{transform}: {role} of shape {np.shape(value)} for {describe(x)}; give one of the same shape."
            )
    return leaves
