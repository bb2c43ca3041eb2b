"""Sparse Jacobians: the numbers of the dense ones, a pattern that leaves out nothing, and few passes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd_core as ag
from strategies import generators

pytest.importorskip("scipy")
from autograd_core.transforms.sparse import colours

BAND = np.diag(np.ones(20)) + np.diag(np.ones(19), 1)


def laplacian(u: Any) -> Any:
    grid = np.pad(np.reshape(u, (4, 5)), 1)
    inner = grid[1:-1, 1:-1]
    return np.ravel(grid[2:, 1:-1] + grid[:-2, 1:-1] + grid[1:-1, 2:] + grid[1:-1, :-2] - 4 * inner + np.exp(inner))


EXACT: dict[str, Any] = {
    "stencil": lambda x: np.sin(x[2:]) * x[:-2] - x[1:-1] ** 2,
    "ends": lambda x: np.concatenate([x[:1], x[2:] - 2 * x[1:-1] + x[:-2], x[-1:] * x[0]]),
    "grid": laplacian,
    "chain": ag.grad(lambda x: np.sum((x[1:] - x[:-1] ** 2) ** 2)),
    "band": lambda x: BAND @ x * x,
    "band from the left": lambda x: x @ BAND,
    "sums of rows": lambda x: np.sum(np.reshape(x, (4, 5)) ** 2, axis=1),
    "roll and stack": lambda x: np.ravel(np.stack([np.roll(x, 2), x[::-1] ** 2], axis=1)),
    "gathered": lambda x: x[np.array([3, 3, 7])] ** 2,
}
MORE = {
    "choice": lambda x: np.where(x > 0, x, np.roll(x, 1)),
    "product": lambda x: np.ravel(np.tanh(np.reshape(x, (4, 5)) @ np.reshape(x, (5, 4)))),
    "scan": lambda x: np.cumsum(x) * np.linalg.norm(x),
    "solved": lambda x: np.linalg.solve(BAND, x),
    "nothing": lambda x: np.sign(x),
}


@pytest.mark.parametrize("name", [*EXACT, *MORE])
@settings(max_examples=10)
@given(rng=generators)
def test_a_sparse_jacobian_is_the_dense_one(name: str, rng: np.random.Generator) -> None:
    f, x = {**EXACT, **MORE}[name], rng.uniform(0.5, 2.0, 20)
    found, dense = ag.jacobian(f, sparse=True)(x), ag.jacobian(f)(x)
    np.testing.assert_allclose(found.toarray(), dense, rtol=1e-12, atol=1e-12)
    if name in EXACT:
        assert found.nnz == np.count_nonzero(dense)


@pytest.mark.parametrize("f", [lambda x: x[1:] * x[:-1], ag.grad(lambda x: np.sum((x[1:] - x[:-1] ** 2) ** 2))])
def test_unknowns_cost_no_passes(f: Any) -> None:
    """A band of three takes three, however long it is."""
    pattern = ag.sparsity(f)(np.ones(500))
    assert pattern.shape[1] == 500 and colours(pattern).max() < 3
    J = ag.jacobian(f, sparse=True)(np.linspace(0.5, 1.5, 5000))
    assert J.shape[1] == 5000 and J.nnz < 3 * 5000


@given(rng=generators, density=st.floats(0.02, 0.5))
def test_columns_of_one_colour_share_no_row(rng: np.random.Generator, density: float) -> None:
    from scipy.sparse import csr_array

    pattern = csr_array(rng.random((15, 12)) < density)
    colour = colours(pattern)
    for c in range(colour.max() + 1):
        assert np.all(pattern.toarray()[:, colour == c].sum(axis=1) <= 1)


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: ag.sparsity(lambda x: (x, x))(np.ones(2)), TypeError, "a tree"),
        (lambda: ag.sparsity(lambda x: np.asarray(x))(np.ones(2)), TypeError, "Fix: "),
        (lambda: ag.jacobian(lambda x, y: x, (0, 1), sparse=True)(np.ones(2), np.ones(2)), ValueError, "one argument"),
    ],
)
def test_what_has_no_pattern_is_named(make: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        make()
