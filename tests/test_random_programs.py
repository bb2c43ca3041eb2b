"""Random programs against a naive engine: forward accumulation of one derivative at a time, by recursion.

Hypothesis writes the programs: operations with broadcasting, reuse, indexing and reductions, detached and unrecorded
results, updates of leaves, refused writes, backward passes that release or retain the graph, and second derivatives.
After every step all values, gradients and graph states are what the naive engine says.
"""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

import autograd_core as ag
from strategies import Array, axes, generators, indices, real, same_size

# The naive engine ----------------------------------------------------------------------------------------------------


class Operation(NamedTuple):
    """A function of arrays or tensors, and its tangent, given values and tangents of the arguments."""

    f: Callable[..., Any]
    push: Callable[[list[Array], list[Array]], Array]


class Row:
    """A value of the program: its tensor, and how it came about. A leaf that is updated is a new row."""

    def __init__(self, tensor: ag.Tensor, operation: Operation | None, parents: list[Row], leaf: int | None = None):
        self.tensor, self.operation, self.parents, self.leaf = tensor, operation, parents, leaf
        self.value = np.array(tensor.data)
        self.history: set[Row] = {self}.union(*(p.history for p in parents)) if operation else set()
        self.released = False

    @property
    def tracked(self) -> bool:
        return self.leaf is not None or self.operation is not None


Derivatives = dict[int, list[Array]]
"""For each leaf, and each of its elements in turn, the derivative of a row with respect to it."""


def evaluate(row: Row, moved: dict[int, Array], known: dict[Row, Any] | None = None) -> tuple[Array, Derivatives]:
    """Value and derivatives of a row where the leaves have been ``moved`` by so much since."""
    known = {} if known is None else known
    if row not in known:
        if row.leaf is not None:
            units = np.eye(row.value.size).reshape(-1, *row.value.shape)
            known[row] = row.value + moved.get(row.leaf, 0), {row.leaf: list(units)}
        elif row.operation is None:
            known[row] = row.value, {}
        else:
            parts = [evaluate(p, moved, known) for p in row.parents]
            values = [v for v, _ in parts]
            sizes = {leaf: len(units) for _, found in parts for leaf, units in found.items()}
            known[row] = (
                row.operation.f(*values),
                {
                    leaf: [row.operation.push(values, [_tangent(part, leaf, k) for part in parts]) for k in range(size)]
                    for leaf, size in sizes.items()
                },
            )
    return known[row]


def _tangent(part: tuple[Array, Derivatives], leaf: int, k: int) -> Array:
    value, derivatives = part
    return derivatives[leaf][k] if leaf in derivatives else np.zeros_like(value)


def gradients(row: Row, g: Array, shapes: list[tuple[int, ...]], moved: dict[int, Array]) -> dict[int, Array]:
    """⟨g, row⟩ differentiated with respect to every leaf that it comes from."""
    found = evaluate(row, moved)[1]
    return {leaf: np.array([np.sum(g * t) for t in ts]).reshape(shapes[leaf]) for leaf, ts in found.items()}


# Operations ----------------------------------------------------------------------------------------------------------


def elementwise(f: Callable[..., Any], *partials: Callable[..., Any]) -> Operation:
    return Operation(f, lambda x, t: sum(d(*x) * dx for d, dx in zip(partials, t, strict=True)) + 0 * f(*x))


def linear(f: Callable[..., Any]) -> Operation:
    return Operation(f, lambda x, t: f(*t))


OF_ONE = {
    "sin": elementwise(np.sin, np.cos),
    "tanh": elementwise(np.tanh, lambda x: 1 - np.tanh(x) ** 2),
    "square": elementwise(np.square, lambda x: 2 * x),
    "minus": elementwise(lambda x: -x, lambda x: -1.0),
    "cube": elementwise(lambda x: x**3 / 8, lambda x: 3 * x**2 / 8),
    "affine": elementwise(lambda x: 1 - 0.5 * x, lambda x: -0.5),
    "root": elementwise(lambda x: np.sqrt(x * x + 1), lambda x: x / np.sqrt(x * x + 1)),
    "exp sin": elementwise(lambda x: np.exp(np.sin(x)), lambda x: np.cos(x) * np.exp(np.sin(x))),
    "sigmoid": elementwise(ag.sigmoid, lambda x: ag.sigmoid(x) * ag.sigmoid(-x)),
}
OF_TWO = {
    "add": elementwise(lambda x, y: x + y, lambda x, y: 1.0, lambda x, y: 1.0),
    "subtract": elementwise(lambda x, y: x - y, lambda x, y: 1.0, lambda x, y: -1.0),
    "multiply": elementwise(lambda x, y: x * y, lambda x, y: y, lambda x, y: x),
    "divide": elementwise(lambda x, y: x / (2 + np.sin(y)), lambda x, y: 1 / (2 + np.sin(y)),
                          lambda x, y: -x * np.cos(y) / (2 + np.sin(y)) ** 2),
    "maximum": elementwise(np.maximum, lambda x, y: x > y, lambda x, y: y > x),
    "where": elementwise(lambda x, y: np.where(x < y, x, 2 * y), lambda x, y: x < y, lambda x, y: 2.0 * (x >= y)),
}  # fmt: skip
KINKS = {"maximum", "where"}
SQUARE = Operation(lambda x: x @ x.T, lambda x, t: t[0] @ x[0].T + x[0] @ t[0].T)
OPERATIONS = [*OF_ONE, *OF_TWO, *["add", "multiply"] * 3, *["rearrange"] * 5, "square matrix"]
LARGEST = 1e3


def rearranging(shape: tuple[int, ...]) -> st.SearchStrategy[Operation]:
    """Linear operations on one array: read at an index, summed, reshaped, turned, joined to itself."""
    settled = {"axis": axes(len(shape)), "keepdims": st.booleans()}
    return st.one_of(
        indices(shape).map(lambda index: linear(lambda x: x[index])),
        st.fixed_dictionaries(settled).map(lambda params: linear(lambda x: np.sum(x, **params))),
        st.fixed_dictionaries(settled).map(lambda params: linear(lambda x: np.mean(x, **params))),
        same_size(shape).map(lambda target: linear(lambda x: np.reshape(x, target))),
        st.just(linear(np.transpose)),
        st.just(linear(lambda x: np.concatenate([np.ravel(x), 2 * np.ravel(x)]))),
        st.just(linear(lambda x: np.stack([x, -x], axis=-1))),
    )


# The programs --------------------------------------------------------------------------------------------------------


class Programs(RuleBasedStateMachine):
    """Rows that may be used further; what every leaf's gradient should be."""

    @initialize(rng=generators, shapes=st.lists(st.sampled_from([(), (2,), (1, 3), (2, 1)]), min_size=2, max_size=3))
    def begin(self, rng: np.random.Generator, shapes: list[tuple[int, ...]]) -> None:
        self.rng, self.shapes = rng, shapes
        self.leaves = [ag.Tensor(real(rng, shape), requires_grad=True) for shape in shapes]
        self.rows = [Row(leaf, None, [], i) for i, leaf in enumerate(self.leaves)]
        self.grads: list[Array | None] = [None] * len(shapes)

    def pick(self, wanted: Callable[[Row], bool] = attrgetter("tracked")) -> Row:
        """A row of the program, late ones and leaves alike; the seed decides, so that programs are long at once."""
        rows = [row for row in self.rows if wanted(row)]
        return rows[self.rng.integers(len(rows))]

    def add(self, operation: Operation, *parents: Row) -> None:
        """Compute; what is empty, too large or too long is left out of the program."""
        tensor = operation.f(*[p.tensor for p in parents])
        if not 0 < tensor.size <= 12 or np.max(np.abs(tensor.data)) > LARGEST:
            return
        recorded = any(p.tracked for p in parents) and ag.is_grad_enabled()
        self.rows.append(Row(tensor, operation if recorded else None, list(parents)))
        del self.rows[len(self.leaves) : -8]

    # Computing

    @rule(data=st.data(), count=st.integers(1, 12))
    def compute(self, data: st.DataObject, count: int) -> None:
        for name in self.rng.choice(OPERATIONS, count):
            self.compute_one(data, name)

    @rule(data=st.data(), name=st.sampled_from(OPERATIONS), detached=st.booleans())
    def compute_a_constant(self, data: st.DataObject, name: str, detached: bool) -> None:
        """Detached, or not recorded."""
        if detached:
            self.rows.append(Row(self.pick().tensor.detach(), None, []))
        else:
            with ag.no_grad():
                self.compute_one(data, name)

    def compute_one(self, data: st.DataObject, name: str) -> None:
        x = self.pick()
        if name in OF_ONE:
            self.add(OF_ONE[name], x)
        elif name in OF_TWO:
            y = self.pick(lambda y: y is x or _fit(x.value, y.value))
            if name not in KINKS or np.min(np.abs(x.value - y.value)) > 1e-3:
                self.add(OF_TWO[name], *((x, y) if self.rng.random() < 0.5 else (y, x)))
        elif name == "rearrange":
            self.add(data.draw(rearranging(x.value.shape)), x)
        elif x.value.ndim == 2:
            self.add(SQUARE, x)

    # Differentiating

    @rule(retain=st.booleans())
    def backward(self, retain: bool) -> None:
        """Accumulates, or refuses where the graph was released or there is none, and then changes nothing."""
        row = self.pick(lambda row: True)
        g = self.rng.normal(size=row.value.shape)
        if not row.tracked or any(r.released for r in row.history):
            with pytest.raises(RuntimeError, match="Fix"):
                row.tensor.backward(g, retain_graph=retain)
            return
        row.tensor.backward(g, retain_graph=retain)
        for leaf, found in gradients(row, g, self.shapes, {}).items():
            before = self.grads[leaf]
            self.grads[leaf] = found if before is None else before + found
        if not retain:
            for r in row.history:
                r.released = True

    @rule()
    def differentiate_twice(self) -> None:
        """Σ ⟨w, gradient⟩ differentiated once more, against a difference of the naive engine's gradients."""
        row = self.pick(lambda row: row.tracked and not any(r.released for r in row.history))
        g = self.rng.normal(size=row.value.shape)
        reached = sorted(evaluate(row, {})[1])
        w = {leaf: self.rng.normal(size=self.shapes[leaf]) for leaf in reached}
        step = 1e-5
        ahead, behind = (gradients(row, g, self.shapes, {k: h * w[k] for k in reached}) for h in (step, -step))
        for leaf in self.leaves:
            leaf.grad = None
        row.tensor.backward(g, create_graph=True)
        slope = sum((self.leaves[k].grad * w[k]).sum() for k in reached)
        for leaf in self.leaves:
            leaf.grad = None
        if slope.requires_grad:
            slope.backward(retain_graph=True)
        for k in reached:
            found = self.leaves[k].grad
            expected = (ahead[k] - behind[k]) / (2 * step)
            scale = 1 + np.max(np.abs(expected)) + np.max(np.abs(ahead[k]))
            np.testing.assert_allclose(0 if found is None else found.numpy(), expected, rtol=0, atol=1e-4 * scale)
        for leaf, grad in zip(self.leaves, self.grads, strict=True):
            leaf.grad = grad

    @rule()
    def forget_a_gradient(self) -> None:
        k = self.rng.integers(len(self.leaves))
        self.leaves[k].grad = self.grads[k] = None

    # Writing, and what is refused

    @rule()
    def ask_what_is_refused(self) -> None:
        """The invariants see that nothing was changed."""
        row = self.pick()
        if row.tensor.is_leaf and row.tensor.requires_grad:
            with pytest.raises(RuntimeError, match="in-place"):
                row.tensor += 1.0
        with pytest.raises(RuntimeError, match="in-place"):
            row.tensor[...] = 1.0
        with pytest.raises((ValueError, RuntimeError), match=r"shapes must agree|released"):
            row.tensor.backward(np.ones((5, *row.value.shape)))

    @rule()
    def update_a_leaf(self) -> None:
        """What was computed before still has its derivative at the values of then."""
        k = self.rng.integers(len(self.leaves))
        with ag.no_grad():
            self.leaves[k] += self.rng.normal(size=self.shapes[k]) * 0.1
        self.rows[k] = Row(self.leaves[k], None, [], k)

    # What always holds

    @invariant()
    def values_are_those_computed(self) -> None:
        for row in getattr(self, "rows", []):
            np.testing.assert_array_equal(row.tensor.numpy(), row.value)
            np.testing.assert_allclose(evaluate(row, {})[0], row.value, rtol=1e-12, atol=1e-12)

    @invariant()
    def what_depends_on_a_leaf_is_recorded(self) -> None:
        for row in getattr(self, "rows", []):
            assert row.tensor.requires_grad == row.tracked
            assert row.tensor.is_leaf == (row.operation is None)
        assert ag.is_grad_enabled()

    @invariant()
    def gradients_are_those_accumulated(self) -> None:
        for leaf, expected in zip(getattr(self, "leaves", []), getattr(self, "grads", []), strict=True):
            assert (leaf.grad is None) == (expected is None)
            if expected is not None:
                assert (leaf.grad.shape, leaf.grad.dtype) == (leaf.shape, leaf.dtype)
                scale = 1 + np.max(np.abs(expected))
                np.testing.assert_allclose(leaf.grad.numpy(), expected, rtol=1e-9, atol=1e-9 * scale)


def _fit(x: Array, y: Array) -> bool:
    try:
        return len(np.broadcast_shapes(x.shape, y.shape)) <= 3
    except ValueError:
        return False


TestRandomPrograms = Programs.TestCase
TestRandomPrograms.settings = settings(max_examples=120, stateful_step_count=16)
