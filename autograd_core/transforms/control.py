"""Loops and branches with the signatures of JAX: scan, fori_loop, while_loop, cond, switch.

A loop is one row, whose derivative is a loop again: backward over the steps, the cotangent of what is carried beside
those of everything that the steps depend on. Python's own loops and branches record as well, a row for every operation.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from ..batching.batched import Batched
from ..engine import recording
from ..engine.errors import class_name
from ..engine.tensor import Tensor, bare
from ..support.vectors import pieces
from . import trees
from .loops import Steps

if TYPE_CHECKING:
    from ..support.types import AnyArray, ArrayLike, DType, Function, Shape, Tree

__all__ = ["cond", "fori_loop", "scan", "switch", "while_loop"]


def scan(
    f: Callable[[Any, Any], tuple[Any, Any]],
    init: Tree,
    xs: Tree = None,
    length: int | None = None,
    reverse: bool = False,
    *,
    checkpoint: bool = False,
) -> tuple[Any, Any]:
    """``carry, y = f(carry, x)`` for every x of ``xs``: the last carry, and all y, stacked.

    f : one step; the carry it gives has the structure, shapes and dtypes of the one that it got
    init : the first carry: a tree of arrays
    xs : a tree of arrays, whose first axes are gone through together; None for ``length`` steps without
    reverse : from the last x to the first; the y stand where their x do
    checkpoint : keep the carries of every √n-th step only, and compute the rest again when the backward pass comes:
        memory O(√n) for one more evaluation

    Raises ValueError where the axes differ, or a step changes the carry's shape.

    >>> import autograd_core as ag
    >>> total, sums = scan(lambda c, x: (c + x, c + x), np.array(0.0), np.array([1.0, 2.0, 3.0]))
    >>> total, sums
    (array(6.), array([1., 3., 6.]))
    >>> ag.grad(lambda r: scan(lambda c, x: (r * c, c), np.array(1.0), length=5)[0])(np.array(2.0))
    array(80.)
    """
    leaves, rebuild = trees.flatten(xs, "scan: xs") if xs is not None else ([], lambda values: None)
    lengths = {np.shape(x)[0] if np.shape(x) else None for x in leaves}
    if length is not None:
        lengths.add(_whole("scan: length", length, least=0))
    if len(lengths) != 1 or None in lengths:
        shapes = ", ".join(str(tuple(np.shape(x))) for x in leaves) or "none"
        raise ValueError(
            f"scan: xs of shapes {shapes} and length={length} do not name one number of steps. Fix: first axes of one "
            "length, or length= where there are no xs."
        )
    (n,) = lengths
    assert n is not None
    steps = range(n)[::-1] if reverse else range(n)
    if checkpoint and n > 3:
        return _in_segments(f, init, leaves, rebuild, steps)
    return _Loop("scan", f, init, leaves, rebuild).run(steps)


def fori_loop(lower: int, upper: int, body: Callable[[int, Any], Any], init: AnyArray) -> AnyArray:
    """``value = body(i, value)`` for i from ``lower`` below ``upper``, beginning with ``init``.

    lower, upper : whole numbers
    body : one step, whose result has the structure, shapes and dtypes of its ``value``
    init : a tree of arrays

    >>> fori_loop(0, 4, lambda i, x: x * (i + 1), np.array(1.0))
    array(24.)
    """
    steps = range(_whole("fori_loop: lower", lower), _whole("fori_loop: upper", upper))
    return _Loop("fori_loop", lambda c, i: (body(i, c), ()), init, None, None).run(steps)[0]


def while_loop(proceed: Callable[[Any], Any], body: Callable[[Any], Any], init: Tree) -> Tree:
    """``value = body(value)`` while ``proceed(value)``, beginning with ``init``.

    proceed : a truth value of a value; under vmap every example goes on until its own is false
    body : one step, whose result has the structure, shapes and dtypes of its ``value``
    init : a tree of arrays

    Both modes of differentiation go through the steps that were taken.

    >>> import autograd_core as ag
    >>> ag.grad(lambda x: while_loop(lambda v: v < 10, lambda v: v * v, x))(np.array(2.0))
    array(32.)
    """
    held = _Loop("while_loop", lambda c, i: (body(c), ()), init, None, None)
    return held.run(None, proceed)[0]


def cond(pred: ArrayLike, true_fun: Function, false_fun: Function, *operands: object) -> Any:
    """``true_fun(*operands)`` where ``pred`` holds, else ``false_fun(*operands)``; only that one runs.

    pred : one truth value. Under vmap, where examples differ, both run and each takes its own (np.where).
    true_fun, false_fun : functions whose results have one structure
    operands : what they are given

    >>> cond(np.array(True), np.sin, np.cos, 0.0)
    np.float64(0.0)
    """
    chosen = pred._data if isinstance(pred, Tensor) else pred
    if chosen is None or isinstance(chosen, str):
        raise TypeError(f"cond: pred is {class_name(chosen)}; it is one truth value. Fix: a comparison, or bool(...).")
    if np.shape(chosen) != ():
        raise ValueError(f"cond: pred has the shape {tuple(np.shape(chosen))}; it is one truth value. Fix: np.where.")
    if type(chosen) is not Batched:
        return true_fun(*operands) if chosen else false_fun(*operands)
    return _where(chosen, true_fun(*operands), false_fun(*operands), "cond")


def switch(index: Any, branches: Sequence[Function], *operands: object) -> Any:
    """``branches[index](*operands)``, the index brought into range as JAX does; only that one runs.

    index : a whole number. Under vmap, where examples differ, all run and each takes its own.
    branches : functions whose results have one structure
    operands : what they are given

    >>> switch(1, [np.sin, np.cos], 0.0)
    np.float64(1.0)
    """
    number = index._data if isinstance(index, Tensor) else index
    if not branches:
        raise ValueError("switch: there are no branches. Fix: a list of functions.")
    if type(number) is not Batched:
        return branches[min(max(_whole("switch: index", number), 0), len(branches) - 1)](*operands)
    result = branches[0](*operands)
    for k, branch in enumerate(branches[1:], 1):
        result = _where(number >= k, branch(*operands), result, "switch")
    return result


def _whole(what: str, number: Any, least: int | None = None) -> int:
    """A whole number, as an int."""
    try:
        found = operator.index(number)
    except TypeError:
        raise TypeError(f"{what}={number!r}; it is a whole number. Fix: int(...).") from None
    if least is not None and found < least:
        raise ValueError(f"{what}={found}; it is at least {least}.")
    return found


def _where(chosen: AnyArray, a: Tree, b: Tree, name: str) -> Tree:
    left, rebuild = trees.flatten(a, f"{name}: the result of a branch")
    right = trees.flatten(b, f"{name}: the result of a branch")[0]
    if len(left) != len(right):
        raise ValueError(f"{name}: the branches give {len(left)} and {len(right)} arrays. Fix: one structure for both.")
    return rebuild([np.where(chosen, x, y) for x, y in zip(left, right, strict=True)])


class _Tree:
    """A tree of arrays as a vector of its real numbers, with everything else beside it.

    kinds, rebuild, what : shape and dtype of every leaf, what puts leaves together, and what the tree is called
    """

    def __init__(self, kinds: list[tuple[Shape, DType]], rebuild: trees.Rebuild, what: str) -> None:
        self.kinds, self.rebuild, self.what = kinds, rebuild, what
        self.real = [dtype.kind in "fc" for _, dtype in kinds]
        self.shapes = [shape for (shape, _), on in zip(kinds, self.real, strict=True) if on]

    @classmethod
    def like(cls, tree: Tree, what: str) -> _Tree:
        """Of a tree's kinds."""
        leaves, rebuild = trees.flatten(tree, what)
        return cls([(x.shape, x.dtype) for x in _arrays(leaves)], rebuild, what)

    def apart(self, tree: Tree) -> tuple[Any, list[Any]]:
        """The vector, or None where there is nothing real, and the rest."""
        leaves = _arrays(trees.flatten(tree, self.what)[0])
        kinds = [(x.shape, x.dtype) for x in leaves]
        if kinds != self.kinds:
            show = lambda ks: ", ".join(f"{dtype} {tuple(shape)}" for shape, dtype in ks) or "nothing"
            raise ValueError(
                f"{self.what} changes from {show(self.kinds)} to {show(kinds)}. Fix: keep shapes and dtypes, as by "
                "x.astype, np.broadcast_to."
            )
        real = [np.reshape(x, (-1,)) for x, on in zip(leaves, self.real, strict=True) if on]
        rest = [bare(x) for x, on in zip(leaves, self.real, strict=True) if not on]
        return (real[0] if len(real) == 1 else np.concatenate(real)) if real else np.zeros(0), rest

    def together(self, vectors: Any, rest: Iterable[Any]) -> Any:
        """The tree again; from a matrix of vectors, and stacks of the rest, that of the stacks."""
        real, others = iter(pieces(vectors, self.shapes) if self.shapes else ()), iter(rest)
        found = [next(real if on else others) for on in self.real]
        kinds = zip(found, self.kinds, strict=True)
        return self.rebuild([x if x.dtype == dtype else x.astype(dtype) for x, (_, dtype) in kinds])


def _arrays(leaves: list[Any]) -> list[AnyArray]:
    return [x if hasattr(x, "dtype") else np.asarray(x) for x in leaves]


class _Loop:
    """Steps of ``f``, and what each of them was given."""

    def __init__(self, name: str, f: Callable[..., Any], init: Any, leaves: list[Any] | None, rebuild: Any) -> None:
        self.name, self.f, self.init, self.counts = name, f, init, leaves is None
        self.carried = _Tree.like(init, f"{name}: the carry")
        self.answered: _Tree | None = None
        self.given = _arrays(leaves or [])
        self.item = _Tree([(x.shape[1:], x.dtype) for x in self.given], rebuild, f"{name}: xs")
        self.rests: list[list[Any]] = []
        self.answers: list[list[Any]] = []
        self.steps: list[int] = []

    def run(self, steps: Sequence[int] | None, proceed: Callable[[Any], Any] | None = None) -> tuple[Any, Any]:
        """The last carry, and what the steps gave, stacked."""
        z, rest = self.carried.apart(self.init)
        self.rests.append(rest)
        leaves = trees.flatten(self.init, self.carried.what)[0]
        tensors = any(isinstance(x, Tensor) for x in (*leaves, *self.given))
        X = self.rows_of_xs(len(steps)) if steps is not None else None
        walk = Steps(self.name, self.step, z, X)
        more = None if proceed is None else lambda z, k: self.goes_on(proceed, z, k)
        R = walk.run(None if steps is None else list(steps), more)
        n = len(self.answers)
        order = self.steps
        s = walk.size
        if not n:
            if steps is not None and not self.given:
                return self.init, ()
            return self.init, self.none()
        carry = self.carried.together(R[n - 1][:s], self.rests[n])
        assert self.answered is not None
        if not self.answered.kinds:
            return _as_given(carry, tensors), self.answered.rebuild([])
        back = [order.index(k) for k in sorted(order)] if order != sorted(order) else None
        Y = R[:, s:] if back is None else R[:, s:][np.array(back)]
        answers = self.answers if back is None else [self.answers[k] for k in back]
        ys = self.answered.together(Y, map(np.stack, zip(*answers, strict=True)))
        return _as_given(carry, tensors), _as_given(ys, tensors)

    def none(self) -> Tree:
        """What no steps give: f is asked for the structure, with zeros."""
        with recording.no_grad():
            x = 0 if self.counts else self.item.rebuild([np.zeros_like(bare(v), shape=v.shape[1:]) for v in self.given])
            tree = _Tree.like(self.f(self.init, x)[1], f"{self.name}: the second result")
        return tree.rebuild([np.zeros((0, *shape), dtype) for shape, dtype in tree.kinds])

    def rows_of_xs(self, n: int) -> AnyArray | None:
        """The real numbers of all xs, a row for every step."""
        real = [x for x, on in zip(self.given, self.item.real, strict=True) if on]
        real = [np.reshape(x, (n, math.prod(x.shape[1:]))) for x in real]
        return (real[0] if len(real) == 1 else np.concatenate(real, axis=1)) if real else None

    def goes_on(self, proceed: Callable[[Any], Any], z: AnyArray, k: int) -> AnyArray:
        """Whether another step follows: a truth value, or one for each example."""
        with recording.no_grad():
            answer = bare(proceed(self.carried.together(bare(z), self.rests[k])))
        if answer is None or np.shape(answer) != ():
            shown = class_name(answer) if answer is None else f"an array of shape {tuple(np.shape(answer))}"
            raise ValueError(f"{self.name}: proceed gives {shown}; one truth value. Fix: np.any(...) or np.all(...).")
        return answer

    def step(self, place: int, k: int, z: Any, x: Any, on: Any = None) -> Any:
        """Step number ``place``, at the k-th x: the vector of the next carry and of what it gives."""
        carry = self.carried.together(z, self.rests[place])
        rest = [bare(v)[k] for v, real in zip(self.given, self.item.real, strict=True) if not real]
        answer = self.f(carry, k if self.counts else self.item.together(x, rest))
        if not isinstance(answer, tuple) or len(answer) != 2:
            raise TypeError(
                f"{self.name}: f gives {class_name(answer)}; a pair (carry, y). Fix: return carry, () for no y."
            )
        after, y = answer
        if on is not None and type(on) is Batched:
            after = _where(on, after, carry, self.name)
        if self.answered is None:
            self.answered = _Tree.like(y, f"{self.name}: the second result")
        vector, rest = self.carried.apart(after)
        given, others = self.answered.apart(y)
        if len(self.answers) == place:  # the first time; a backward pass comes here again
            self.rests.append(rest)
            self.answers.append(others)
            self.steps.append(k)
        return np.concatenate([vector, given]) if given.shape[0] else vector


def _as_given(tree: Tree, tensors: bool) -> Tree:
    if not tensors:
        return tree
    leaves, rebuild = trees.flatten(tree, "the result")
    return rebuild([x if isinstance(x, Tensor) else Tensor(x) for x in leaves])


def _in_segments(
    f: Function, init: AnyArray, leaves: list[AnyArray], rebuild: Function, steps: range
) -> tuple[Any, Any]:
    """A scan of scans of about √n steps each, whose rows are made again in the backward pass."""
    from .checkpointing import checkpoint

    n = len(steps)
    m = math.isqrt(n)
    cuts = [steps[k : k + m] for k in range(0, n, m)]
    parts = []
    carry = init
    for cut in cuts:
        low, high = min(cut), max(cut) + 1
        piece = [x[low:high] for x in leaves]
        segment = checkpoint(partial(_segment, f, rebuild, len(cut), steps.step < 0))
        carry, y = segment(carry, *piece)
        parts.append(y)
    if steps.step < 0:
        parts.reverse()
    whole = trees.flatten(parts[0], "scan: y")[1] if trees.flatten(parts[0], "scan: y")[0] else None
    if whole is None:
        return carry, parts[0]
    flat = [trees.flatten(p, "scan: y")[0] for p in parts]
    return carry, whole([np.concatenate(list(group)) for group in zip(*flat, strict=True)])


def _segment(
    f: Function, rebuild: Function, count: int, reverse: bool, carry: AnyArray, *piece: object
) -> tuple[Any, Any]:
    return scan(f, carry, rebuild(list(piece)) if piece else None, count, reverse=reverse)
