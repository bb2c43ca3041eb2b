"""Sparse systems and products: the dense ones, with derivatives in the entries, by one factorisation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.sparse
import scipy.sparse.linalg

import autograd_core as ag

RNG = np.random.default_rng(5)
DENSE = np.where(RNG.random((6, 6)) < 0.4, RNG.normal(size=(6, 6)), 0) + 3 * np.eye(6)
B = RNG.normal(size=(6, 2))


@pytest.mark.parametrize("kind", ["csr", "csc", "coo", "lil"])
@pytest.mark.parametrize("b", [B, B[:, 0]], ids=["matrix", "vector"])
def test_both_are_the_dense_ones_in_every_mode(kind: str, b: Any) -> None:
    A = scipy.sparse.coo_array(DENSE).asformat(kind)
    entries = A.tocoo().data
    np.testing.assert_allclose(ag.linalg.spsolve(A, b), np.linalg.solve(DENSE, b), atol=1e-12)
    np.testing.assert_allclose(ag.linalg.spmatmul(A, b), DENSE @ b, atol=1e-12)
    for f in (ag.linalg.spsolve, ag.linalg.spmatmul):
        assert ag.gradcheck(lambda d, b, f=f: f(A, b, d), entries, b, order=2, samples=3) < 1e-5


def test_complex_entries_beside_real_ones() -> None:
    A = scipy.sparse.csr_array(DENSE)
    turn = 1 + 0.5j
    for f in (
        lambda d, b: ag.linalg.spsolve(A, b * turn, d),
        lambda d, b: ag.linalg.spsolve(A, b, d * turn + 0.1j * d**2),
    ):
        assert ag.gradcheck(lambda d, b, f=f: np.abs(f(d, b)) ** 2, A.data, B) < 1e-5


def test_one_factorisation_serves_the_gradient_and_its_derivative(monkeypatch: pytest.MonkeyPatch) -> None:
    count, splu = [], scipy.sparse.linalg.splu
    monkeypatch.setattr(scipy.sparse.linalg, "splu", lambda *a: count.append(1) or splu(*a))
    A = scipy.sparse.csr_array(DENSE)
    ag.hvp(lambda d: np.sum(ag.linalg.spsolve(A, B, d) ** 2), A.data, np.ones(A.nnz))
    assert len(count) == 1


def test_examples_side_by_side() -> None:
    A = scipy.sparse.csr_array(DENSE)
    scale = np.array([1.0, 2.0])
    many = ag.vmap(lambda s: ag.linalg.spsolve(A, B, A.data * s))(scale)
    np.testing.assert_allclose(many, np.linalg.solve(DENSE, B) / scale[:, None, None], atol=1e-12)


@pytest.mark.parametrize(
    ("f", "error", "message"),
    [
        (lambda A: ag.linalg.spsolve(A * 0, B), np.linalg.LinAlgError, r"shape \(6, 6\).*singular. Fix"),
        (lambda A: ag.linalg.spsolve(A, B[:3]), ValueError, r"\(6, 6\) and an array of \(3, 2\).*Fix"),
        (lambda A: ag.linalg.spsolve(A[:4], B), ValueError, "not square"),
        (lambda A: ag.linalg.spsolve(A, B, np.ones(2)), ValueError, "Fix: one for each"),
        (lambda A: ag.linalg.spsolve(DENSE, B), TypeError, "Fix: a matrix of scipy.sparse"),
    ],
)
def test_bad_input_is_named(f: Callable[..., Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        f(scipy.sparse.csr_array(DENSE))
