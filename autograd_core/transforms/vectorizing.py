"""vmap: a function of one example as a function of many, which computes them all in every call."""

from __future__ import annotations

import functools
from collections.abc import Callable
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from ..batching import elementwise as _elementwise
from ..batching import places as _places
from ..batching import products as _products
from ..batching.batched import Batched, Level, NotBatchedError, Shape
from ..batching.draws import CHOICES, Draws
from ..engine import recording
from ..engine.arithmetic import summed
from ..engine.errors import describe
from ..engine.node import Leaf, Node
from ..engine.reverse import rows
from ..engine.tensor import Tensor, make_tensor
from ..support.random import default_generator, use_generator
from . import trees
from .within import add, pulled, pushed, row

if TYPE_CHECKING:
    from ..support.types import AnyArray, Function, Settings, Tree

__all__ = ["vmap"]

RULES = (_elementwise, _places, _products)  # loaded for what they know


def vmap(
    f: Function,
    in_axes: Tree = 0,
    out_axes: Tree = 0,
    *,
    randomness: str = "error",
    chunk_size: int | None = None,
) -> Function:
    """``f``, written for one example, as a function of many: each operation computes all of them at once.

    f : a function of arrays, tensors and trees of them; its arrays are one axis smaller than those given
    in_axes : the axis of the examples: one for all arguments, a tuple with one for each, or a tree of them like an
        argument; None for what is the same for each example. Keyword arguments are passed as they are.
    out_axes : where the results have that axis, in the same way
    randomness : what draws from the default generator do: "error", a draw for each example ("different", as a loop
        over them), or one for all ("same")
    chunk_size : how many examples are computed at a time (None: all)

    Composes with derivatives of any order and mode, inside (derivatives of each example) and outside, with itself and
    with ``checkpoint`` and ``compile``. Branches cannot depend on values that differ between examples: use np.where.
    Functions of NumPy without a rule for whole batches run once an example, with a warning.

    Raises ValueError for axes that do not exist or differ in length, TypeError for a branch on values.

    >>> import numpy as np, autograd_core as ag
    >>> w = np.array([1.0, 2.0])
    >>> vmap(lambda x: np.tanh(w @ x))(np.zeros((3, 2)))
    array([0., 0., 0.])
    >>> vmap(ag.grad(lambda x: (w * x**2).sum()))(np.ones((3, 2)))
    array([[2., 4.],
           [2., 4.],
           [2., 4.]])
    """
    if randomness not in CHOICES:
        raise ValueError(f"vmap: randomness={randomness!r}; it is one of {', '.join(map(repr, CHOICES))}.")
    check_chunk("vmap", chunk_size)

    @functools.wraps(f)
    def vectorized(*args: object, **kwargs: object) -> Tree:
        mapped = _Mapped(args, in_axes)
        if chunk_size is None or chunk_size >= mapped.size:
            return mapped.run(f, kwargs, out_axes, randomness)
        parts = [
            mapped.part(slice(k, k + chunk_size)).run(f, kwargs, out_axes, randomness)
            for k in range(0, mapped.size, chunk_size)
        ]
        return _joined(parts, out_axes)

    return vectorized


def check_chunk(transform: str, size: int | None) -> None:
    """ValueError where a number of examples at a time is none."""
    whole = isinstance(size, (int, np.integer)) and not isinstance(size, bool)
    if size is not None and (not whole or size < 1):
        raise ValueError(f"{transform}: chunk_size={size!r}; give a whole number from 1 on, or None.")


class _Mapped:
    """The leaves of the arguments, and which of their axes holds the examples."""

    def __init__(self, args: tuple[Any, ...], in_axes: Tree) -> None:
        if isinstance(in_axes, (list, tuple)):
            if len(in_axes) != len(args):
                raise ValueError(f"vmap: in_axes has {len(in_axes)} entries for {len(args)} arguments.")
            in_axes = tuple(in_axes)
        self.leaves, self.rebuild = trees.flatten(args, "vmap: the arguments")
        axes = _spread(in_axes, args, "in_axes")
        sizes: dict[int, str] = {}
        self.axes: list[int | None] = []
        for k, (x, axis) in enumerate(zip(self.leaves, axes, strict=True)):
            shape = np.shape(x)
            if axis is not None:
                if not -len(shape) <= axis < len(shape):
                    what = describe(x) if hasattr(x, "dtype") else repr(x)
                    raise ValueError(
                        f"vmap: leaf {k} of the arguments, {what}, has no axis {axis}. Fix: in_axes=None "
                        "for what is the same for each example."
                    )
                axis = normalize_axis_index(axis, len(shape))
                sizes.setdefault(shape[axis], f"axis {axis} of {describe(x)}")
            self.axes.append(axis)
        if len(sizes) > 1:
            found = ", ".join(f"{n} ({where})" for n, where in sizes.items())
            raise ValueError(f"vmap: the arguments have different numbers of examples: {found}.")
        if not sizes:
            raise ValueError("vmap: no argument has an axis of examples. Fix: in_axes must name one at least.")
        (self.size,) = sizes

    def part(self, examples: slice) -> _Mapped:
        """Some of the examples."""
        part = object.__new__(_Mapped)
        part.rebuild, part.axes = self.rebuild, self.axes
        part.leaves = [
            x if axis is None else x[(*(slice(None),) * axis, examples)]
            for x, axis in zip(self.leaves, self.axes, strict=True)
        ]
        part.size = len(range(*examples.indices(self.size)))
        return part

    def run(self, f: Function, kwargs: Settings, out_axes: Tree, randomness: str, quiet: bool = False) -> Any:
        """The function of all examples."""
        if not self.size:
            raise ValueError("vmap: there are no examples (an axis of length 0). Fix: give one at least.")
        level = Level(self.size, quiet)
        inside = _Inside(level)
        given = [x if axis is None else inside.enter(x, axis) for x, axis in zip(self.leaves, self.axes, strict=True)]
        same = randomness == "same"
        drawing: Any = nullcontext() if same else use_generator(Draws(level, default_generator(), randomness))  # type: ignore[arg-type]
        with level, drawing:
            out = f(*self.rebuild(given), **kwargs)
            results, rebuild = trees.flatten(out, "vmap: the result of the function")
            axes = _spread(out_axes, out, "out_axes")
            if None in axes:
                raise ValueError("vmap: out_axes=None; every result has an axis of examples. Fix: name where it is.")
            for y, axis in zip(results, axes, strict=True):
                if not -np.ndim(y) - 1 <= axis <= np.ndim(y):
                    raise ValueError(
                        f"vmap: out_axes={axis}, but a result of shape {tuple(np.shape(y))} has {np.ndim(y) + 1} axes "
                        "with that of the examples. Fix: one of them."
                    )
            left = [inside.leave(y, axis) for y, axis in zip(results, axes, strict=True)]
        tensors = any(isinstance(x, Tensor) for x in self.leaves)
        return rebuild([Tensor(y) if tensors and not isinstance(y, Tensor) else y for y in left])


def passes(walk: Callable[[Any], list[Any]], seeds: Any, at_once: int) -> list[Any]:
    """``walk`` of every seed, ``at_once`` of them in one call, and one after the other where that cannot be."""
    parts = []
    for k in range(0, seeds.shape[0], at_once):
        some = seeds[k : k + at_once]
        try:
            parts.append(_Mapped((some,), 0).run(walk, {}, 0, "same", quiet=True))
        except TypeError as error:
            if not isinstance(error, NotBatchedError) and not isinstance(error.__cause__, NotBatchedError):
                raise
            parts.append([np.stack(found) for found in zip(*map(walk, some), strict=True)])
    return [np.concatenate(found) if len(found) > 1 else found[0] for found in zip(*parts, strict=True)]


def _spread(axes: Tree, tree: Tree, name: str) -> list[Any]:
    """One axis for each leaf of a tree, from a tree that stops where one axis holds for all below."""
    if axes is None or (isinstance(axes, (int, np.integer)) and not isinstance(axes, bool)):
        return [axes] * len(trees.flatten(tree, f"vmap: {name}")[0])
    if isinstance(axes, dict) and isinstance(tree, dict) and axes.keys() == tree.keys():
        return [a for k in tree for a in _spread(axes[k], tree[k], name)]
    if isinstance(axes, (tuple, list)) and isinstance(tree, (tuple, list)) and len(axes) == len(tree):
        return [a for x, t in zip(axes, tree, strict=True) for a in _spread(x, t, name)]
    kind = type(tree).__name__
    raise ValueError(f"vmap: {name}={axes!r} does not fit a {kind}. Fix: give a number, None, or a tree like it.")


def _joined(parts: list[AnyArray], out_axes: Tree) -> Tree:
    axes = _spread(out_axes, parts[0], "out_axes")
    flat = [trees.flatten(p, "vmap")[0] for p in parts]
    rebuild = trees.flatten(parts[0], "vmap")[1]
    return rebuild([np.concatenate(list(leaves), axis=axis) for *leaves, axis in zip(*flat, axes, strict=True)])


class _Inside:
    """What happens within one level: which rows come in with an axis that is hidden, and how results go out."""

    def __init__(self, level: Level, entered: dict[Node, tuple[Node, int]] | None = None) -> None:
        self.level = level
        self.entered = {} if entered is None else entered

    def enter(self, x: Any, axis: int) -> AnyArray:
        """An array or tensor with one axis hidden; a tracked one gets a row that stands for its own."""
        data = x._data if isinstance(x, Tensor) else x if hasattr(x, "shape") else np.asarray(x)
        inner = Batched(np.moveaxis(data, axis, 0), self.level)
        if not isinstance(x, Tensor):
            return inner
        node = None
        if x._node is not None and recording.is_grad_enabled():
            node = Leaf(inner.shape, inner.dtype)
            self.entered[node] = x._node, axis
        return make_tensor(inner, node)  # type: ignore[arg-type]

    def leave(self, y: Any, axis: int | None) -> AnyArray:
        """A result with its axis shown; without ``axis`` the sum over the examples."""
        data: Any = y._data if isinstance(y, Tensor) else y
        if not self.holds(data):  # the same for all examples
            if axis is None:
                return y * self.level.size
            return np.moveaxis(np.stack([y] * self.level.size), 0, axis)
        shown = summed(data.array, axis=0) if axis is None else np.moveaxis(data.array, 0, axis)
        if not isinstance(y, Tensor):
            return shown
        return make_tensor(shown, None if y._node is None else _Block(self, y._node, axis).row(shown))

    def holds(self, data: AnyArray) -> bool:
        """Whether an array differs from example to example."""
        return type(data) is Batched and data.level is self.level

    def __contains__(self, node: Any) -> bool:
        """Whether a row was computed outside, or came in: the walks of a block end there."""
        shape = node.shape
        return node in self.entered or not (type(shape) is Shape and shape.level is self.level)

    def __iter__(self) -> Any:
        return iter(())

    def __len__(self) -> int:
        return 0


class _Block:
    """The rows inside that one result was computed from, as one row outside."""

    def __init__(self, inside: _Inside, root: Node, axis: int | None) -> None:
        self.inside, self.root, self.axis = inside, root, axis
        found = rows([root], stop=inside)
        self.order = [node for node in found if node not in inside]
        entered = inside.entered
        self.ends = [(n, *entered.get(n, (n, None))) for n in found if n in inside]
        """Each row that came in or that the inside reached: the one outside that it stands for, and its axis."""

    def row(self, shown: Any) -> Node | None:
        """The row outside."""
        parents = list(dict.fromkeys(outer for _, outer, _ in self.ends))
        return row("vmap", self, parents, shown.shape) if parents else None

    def pull(self, node: Node, g: AnyArray, ends: list[Node]) -> list[Any]:
        """The cotangents of some parents, from that of the result."""
        inside = _Inside(self.inside.level, dict(self.inside.entered))
        answers: dict[Node, Any] = {}
        with inside.level:
            seed = g if self.axis is None else inside.enter(g, self.axis)
            found = pulled(self.order, self.root, seed, inside)
            for inner, outer, axis in self.ends:
                if outer in ends and inner in found:
                    add(answers, outer, inside.leave(found[inner], axis))
        return [answers.get(end) for end in ends]

    def push(self, node: Node, tangents: dict[Node, Any]) -> Any:
        """The tangent of the result, from those of the parents."""
        inside = _Inside(self.inside.level, dict(self.inside.entered))
        given = {}
        with inside.level:
            for inner, outer, axis in self.ends:
                t = tangents.get(outer)
                if t is not None:
                    given[inner] = t if axis is None else inside.enter(t, axis)
            found = pushed(self.order, self.root, given)
            return None if found is None else inside.leave(found, self.axis)
