"""Linear algebra where it is awkward: zeros, ties, repeated and missing values, phases, refusals."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_core as ag
from autograd_core.graph import trace
from duck import Duck
from samples.linalg import hermitian, orthonormal, regular
from strategies import Array, complexes, generators, real

L = np.linalg
RNG = np.random.default_rng(0)
X = RNG.normal(size=(3, 3))


def moved(x: Any) -> Any:
    return np.conjugate(np.swapaxes(x, -1, -2))


def of_complex(f: Callable[..., Any], *arrays: Array) -> tuple[Callable[..., Any], list[Array]]:
    """A function of complex arrays as one of their real and imaginary parts."""
    parts = [part for a in arrays for part in (a.real.copy(), a.imag.copy())]
    return lambda *p: f(*[p[2 * i] + 1j * p[2 * i + 1] for i in range(len(arrays))]), parts


# Slopes at 0, and shared slopes --------------------------------------------------------------------------------------


@pytest.mark.parametrize("ord", [None, 1, 2, 3, 1.5])
def test_the_slope_of_a_vectors_norm_at_0_is_0(ord: Any) -> None:
    for dtype in (np.float64, np.complex128):
        np.testing.assert_array_equal(ag.grad(lambda x: L.norm(x, ord))(np.zeros(3, dtype)), np.zeros(3))
    assert ag.jvp(lambda x: L.norm(x, ord), (np.zeros(3),), (np.ones(3),))[1] == 0


@pytest.mark.parametrize("ord", [None, "fro", "nuc", 1, 2, -2, np.inf])
def test_the_slope_of_a_matrix_norm_at_0_is_0(ord: Any) -> None:
    np.testing.assert_array_equal(ag.grad(lambda x: L.norm(x, ord))(np.zeros((2, 3))), np.zeros((2, 3)))


def test_ties_share_the_slope() -> None:
    np.testing.assert_array_equal(ag.grad(lambda x: L.norm(x, np.inf))(np.array([2.0, -2.0, 1.0])), [0.5, -0.5, 0.0])
    np.testing.assert_array_equal(ag.grad(lambda x: L.norm(x, 1))(np.eye(2)), np.eye(2) / 2)


def test_zeros_in_a_vector_with_a_length() -> None:
    """No 0·∞ for a power below 1, no 0/0 for one below 0."""
    np.testing.assert_allclose(ag.grad(lambda x: L.norm(x, 0.5))(np.array([0.0, 4.0])), [0.0, 1.0])
    np.testing.assert_array_equal(ag.grad(lambda x: L.norm(x, 3))(np.array([0.0, -2.0])), [0.0, -1.0])


def test_the_number_of_nonzeros_is_a_constant() -> None:
    y = L.norm(ag.Tensor(np.array([0.0, 2.0]), requires_grad=True), 0)
    assert isinstance(y, ag.Tensor) and y.item() == 1 and not y.requires_grad


# Determinants --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float64, np.complex128])
@pytest.mark.parametrize(("n", "rank"), [(1, 0), (2, 0), (2, 1), (3, 0), (3, 1), (3, 2), (4, 2), (4, 3), (5, 1)])
def test_a_determinant_is_a_polynomial_where_it_is_0_too(n: int, rank: int, dtype: Any) -> None:
    """Along a line it has n + 1 coefficients, which its derivatives at 0 find one by one."""
    rng = np.random.default_rng(n + rank)
    a = (rng.normal(size=(n, rank)) @ rng.normal(size=(rank, n))).astype(dtype)
    v = rng.normal(size=(n, n)).astype(dtype)
    f: Callable[[Any], Any] = lambda t: L.det(a + t * v)
    samples = np.exp(2j * np.pi * np.arange(n + 1) / (n + 1))
    coefficients = np.fft.fft([L.det(a + s * v) for s in samples]).real / (n + 1)
    for order in range(1, n + 1):
        f = (lambda g: lambda t: ag.jvp(g, (t,), (np.ones((), dtype),))[1])(f)
        expected = math.factorial(order) * coefficients[order]
        np.testing.assert_allclose(f(np.zeros((), dtype)), expected, rtol=1e-9, atol=1e-9)


def test_cofactors_of_a_singular_matrix() -> None:
    np.testing.assert_allclose(ag.grad(L.det)(np.array([[1.0, 2.0], [2.0, 4.0]])), [[4, -2], [-2, 1]], atol=1e-14)
    np.testing.assert_array_equal(ag.grad(L.det)(np.zeros((3, 3))), np.zeros((3, 3)))
    stack = np.stack([np.eye(3), np.zeros((3, 3)), np.diag([2.0, 3.0, 0.0])])
    expected = [np.eye(3), np.zeros((3, 3)), np.diag([0.0, 0.0, 6.0])]
    np.testing.assert_allclose(ag.grad(lambda a: np.sum(L.det(a)))(stack), expected, atol=1e-14)


@given(generators)
def test_the_logarithm_of_the_determinant_is_the_trace_of_the_logarithms(rng: np.random.Generator) -> None:
    a = hermitian(rng, real, (), 3, definite=True)
    found = ag.grad(lambda a: L.slogdet(a).logabsdet)(a)
    np.testing.assert_allclose(found, L.inv(a), rtol=1e-10, atol=1e-12)
    by_cholesky = ag.grad(lambda a: 2 * np.sum(np.log(np.diagonal(L.cholesky(a)))))(a)
    np.testing.assert_allclose(by_cholesky + by_cholesky.T, 2 * found, rtol=1e-9, atol=1e-10)


def test_the_sign_of_a_real_determinant_is_a_constant() -> None:
    sign, logarithm = L.slogdet(ag.Tensor(X, requires_grad=True))
    assert not sign.requires_grad and logarithm.requires_grad and type(L.slogdet(X)) is type(L.slogdet(ag.Tensor(X)))


@pytest.mark.parametrize(
    ("f", "words"),
    [
        (L.inv, "linalg.inv: Singular matrix .* Fix: .*pinv"),
        (lambda a: L.solve(a, np.ones(2)), "linalg.solve: Singular matrix .* Fix: "),
        (lambda a: L.slogdet(a).logabsdet, "slogdet: there is no derivative here, for a is singular .* Fix: "),
        (lambda a: L.qr(0 * a).R, "qr: there is no derivative here, for R is singular .* Fix: "),
        (lambda a: L.cholesky(-a), "linalg.cholesky: Matrix is not positive definite .* Fix: "),
    ],
)
def test_what_does_not_exist_of_a_singular_matrix(f: Callable[[Any], Any], words: str) -> None:
    with pytest.raises(L.LinAlgError, match=words):
        ag.grad(lambda a: np.sum(f(a)))(np.ones((2, 2)))


# Repeated values -----------------------------------------------------------------------------------------------------


def test_values_may_be_repeated() -> None:
    """What uses eigenvalues or singular values alone has a finite derivative."""
    one = np.eye(3)
    for f in (L.eigvalsh, L.eigvals, L.svdvals, lambda a: L.eigh(a)[0], lambda a: L.eig(a)[0], lambda a: L.svd(a)[1]):
        total = lambda a, f=f: np.real(np.sum(f(a)))  # NumPy 2.5 has every eigenvalue complex
        np.testing.assert_allclose(ag.grad(total)(one), one, atol=1e-15)
        assert ag.jvp(total, (one,), (X,))[1] == pytest.approx(np.trace(X))
    np.testing.assert_allclose(ag.grad(lambda a: L.norm(a, "nuc"))(one), one, atol=1e-15)


def test_what_no_turn_of_repeated_vectors_changes_has_a_derivative() -> None:
    projector = ag.grad(lambda a: np.sum(np.arange(9.0).reshape(3, 3) * (lambda v: v @ v.mT)(L.eigh(a).eigenvectors)))
    np.testing.assert_array_equal(projector(np.eye(3)), np.zeros((3, 3)))


def with_repeated_values(rng: np.random.Generator, numbers: Any) -> tuple[Any, Any, Any]:
    """A matrix V diag(2, 1, 1, −3) Vᴴ, another one, and a Hermitian direction."""
    v, c, t = L.qr(numbers(rng, (4, 4)))[0], numbers(rng, (4, 4)), numbers(rng, (4, 4))
    return (v * np.array([2.0, 1.0, 1.0, -3.0])) @ np.conjugate(v.T), c, t + np.conjugate(t.T)


def along(gradient: Any, t: Any) -> float:
    return float(np.sum(np.real(np.conjugate(gradient) * t)))


@pytest.mark.parametrize("power", [1, 2, -1])
@given(rng=generators, numbers=st.sampled_from([real, complexes]))
def test_a_function_of_the_matrix_has_its_derivative_at_repeated_values(power: int, rng: Any, numbers: Any) -> None:
    """V wⁿ Vᴴ has the gradient of aⁿ, whichever vectors of a repeated value LAPACK chose; U sⁿ Vᴴ likewise."""
    a, c, t = with_repeated_values(rng, numbers)

    def by_eigh(a: Any) -> Any:
        w, v = L.eigh(a)
        return np.real(np.sum(c * ((v * w**power) @ np.conjugate(v.mT))))

    def by_svd(a: Any) -> Any:
        u, s, vh = L.svd(a)
        return np.real(np.sum(c * ((u * s**power) @ vh)))

    expected = along(ag.grad(lambda a: np.real(np.sum(c * L.matrix_power(a, power))))(a), t)
    assert along(ag.grad(by_eigh)(a), t) == pytest.approx(expected, rel=1e-8, abs=1e-8)
    of_square = along(ag.grad(by_svd)(a), t)
    inverse = lambda a: np.conjugate(np.swapaxes(L.inv(a), -1, -2))  # U s⁻¹ Vᴴ
    direct = {1: lambda a: a, 2: lambda a: polar(a) @ np.conjugate(a.mT) @ a, -1: inverse}[power]
    expected = along(ag.grad(lambda a: np.real(np.sum(c * direct(a))))(a), t)
    assert of_square == pytest.approx(expected, rel=1e-8, abs=1e-8)


def polar(a: Any) -> Any:
    """U Vᴴ of a = U S Vᴴ, by Newton's iteration, which knows of no values."""
    for _ in range(12):
        a = 0.5 * (a + np.conjugate(np.swapaxes(L.inv(a), -1, -2)))
    return a


@given(rng=generators, numbers=st.sampled_from([real, complexes]))
def test_a_projector_on_all_vectors_of_a_repeated_value_has_its_derivative(rng: Any, numbers: Any) -> None:
    """∂P = (a − w)⁺ ȧ P + P ȧ (a − w)⁺ with the sign of w − a: first-order perturbation theory (Kato 1966, II.2.14)."""
    a, c, t = with_repeated_values(rng, numbers)
    p = lambda a: (lambda v: v @ np.conjugate(v.mT))(L.eigh(a)[1][:, 1:3])
    reduced = L.pinv(np.eye(4) - a, rcond=1e-8)
    moved = reduced @ t @ p(a) + p(a) @ t @ reduced
    found = along(ag.grad(lambda a: np.real(np.sum(c * p(a))))(a), t)
    assert found == pytest.approx(float(np.real(np.sum(c * moved))), rel=1e-8, abs=1e-8)


@given(rng=generators, numbers=st.sampled_from([real, complexes]))
def test_repeated_vectors_themselves_have_no_derivative(rng: Any, numbers: Any) -> None:
    """NaN in both modes, of eigenvectors and singular vectors; of what one of several spans, too."""
    a, c, t = with_repeated_values(rng, numbers)
    for vectors in (lambda a: L.eigh(a)[1], lambda a: L.svd(a)[0]):
        for f in (lambda v: v, lambda v: v[:, 2:3] @ np.conjugate(v[:, 2:3].mT)):
            g = lambda a, f=f, vectors=vectors: np.real(np.sum(c * f(vectors(a))))
            assert np.isnan(ag.grad(g)(a)).any() and np.isnan(ag.jvp(g, (a,), (t,))[1])


@given(generators)
def test_a_pseudo_inverse_has_its_derivative_among_matrices_of_its_rank(rng: np.random.Generator) -> None:
    f, parts = of_complex(lambda a, b: np.real(np.sum(L.pinv(a @ b))), *(complexes(rng, s) for s in ((4, 2), (2, 3))))
    ag.gradcheck(f, *parts, rtol=1e-4, atol=1e-5)


@given(generators)
def test_least_squares_of_dependent_columns(rng: np.random.Generator) -> None:
    """The shortest solution, whichever columns are multiples of others."""
    column, b = real(rng, (4, 1)), real(rng, (4,))
    twice = np.array([[1.0, 2.0]])
    ag.gradcheck(lambda c, b: L.lstsq(c @ twice, b)[0], column, b, order=2, samples=2)
    residuals = L.lstsq(ag.Tensor(column @ twice), ag.Tensor(b))[1:]
    assert residuals[0].shape == (0,) and residuals[1] == 1 and isinstance(residuals[1], np.int32)


# One triangle is read ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lower", [True, False])
@given(rng=generators, numbers=st.sampled_from([real, complexes]))
def test_the_triangle_not_read_has_no_gradient(rng: np.random.Generator, numbers: Any, lower: bool) -> None:
    """And along Hermitian directions the derivative is that of the function of Hermitian matrices."""
    a = hermitian(rng, numbers, (), 3, definite=True)
    v = numbers(rng, (3, 3))
    v = v + moved(v)
    h = 1e-6
    for f in (
        lambda a: np.sum(np.abs(L.cholesky(a, upper=not lower)) ** 2 * np.arange(9).reshape(3, 3)),
        lambda a: np.sum(L.eigvalsh(a, "L" if lower else "U") ** 2),
        lambda a: np.sum(np.abs(L.eigh(a, "L" if lower else "U").eigenvectors) ** 2 * np.arange(9).reshape(3, 3)),
    ):
        g = ag.grad(f)(a)
        other = np.triu(g, 1) if lower else np.tril(g, -1)
        np.testing.assert_array_equal(other, np.zeros((3, 3)))
        numeric = (f(a + h * v) - f(a - h * v)) / (2 * h)
        assert np.sum(np.real(np.conjugate(g) * v)) == pytest.approx(numeric, rel=1e-5, abs=1e-6)


# Phases and completed bases ------------------------------------------------------------------------------------------


@given(generators)
def test_matrix_functions_do_not_depend_on_phases(rng: np.random.Generator) -> None:
    """exp of a Hermitian matrix, made of its eigenvectors, has the derivative of the power series."""
    a, v = (hermitian(rng, complexes, (), 3, definite=False) for _ in range(2))

    def by_eigenvectors(a: Any, decompose: Any) -> Any:
        w, q = decompose(a)
        return q @ (np.expand_dims(np.exp(w), -1) * (moved(q) if decompose is L.eigh else L.inv(q)))

    def by_series(a: Any) -> Any:
        term = total = np.eye(3) + 0 * a
        for k in range(1, 40):
            term = term @ a / k
            total = total + term
        return total

    expected = ag.jvp(by_series, (a,), (v,))
    for decompose in (L.eigh, L.eig):
        for found, right in zip(
            ag.jvp(lambda a, d=decompose: by_eigenvectors(a, d), (a,), (v,)), expected, strict=True
        ):
            np.testing.assert_allclose(found, right, rtol=1e-8, atol=1e-8)
    u = complexes(rng, (3, 3))
    right = ag.vjp(by_series, a)[1](u)[0]
    np.testing.assert_allclose(ag.vjp(lambda a: by_eigenvectors(a, L.eig), a)[1](u)[0], right, rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("numbers", [real, complexes])
@pytest.mark.parametrize("shape", [(4, 2), (2, 4), (3, 1), (1, 3), (4, 1)])
@given(rng=generators)
def test_completed_bases_give_right_derivatives_of_what_no_choice_of_basis_changes(
    shape: tuple[int, int], numbers: Any, rng: np.random.Generator
) -> None:
    m, n = shape
    k = min(m, n)
    a, c = regular(rng, numbers, (), m, n), numbers(rng, (max(m, n),) * 2)

    def beside(a: Any) -> Any:
        """Projectors onto what the columns, or the rows, do not reach, by both factorisations."""
        u, s, vh = L.svd(a)
        tall = u if m > n else moved(vh)
        q = L.qr(a if m > n else moved(a), "complete").Q
        weighted = [np.sum(np.real(c * (w[:, k:] @ moved(w[:, k:])))) for w in (tall, q)]
        return np.stack([*weighted, np.sum(s)])

    if numbers is complexes:
        f, parts = of_complex(beside, a)
    else:
        f, parts = beside, [a]
    ag.gradcheck(f, *parts)
    ag.gradcheck(f, *parts, order=2, samples=2, rtol=1e-4, atol=1e-5)


# Types, names, refusals ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["svd", "eigh", "eig", "qr", "slogdet"])
def test_named_results_are_numpys(name: str) -> None:
    plain, result = getattr(L, name)(X), getattr(L, name)(ag.Tensor(X))
    assert type(result) is type(plain) is type(getattr(ag.linalg, name)(X)) and result._fields == plain._fields
    assert all(isinstance(part, ag.Tensor) for part in result)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda x: L.qr(x, "raw"), ValueError, "qr: mode='raw' .* Fix: 'reduced'"),
        (lambda x: L.norm(x, "nuc", axis=0), ValueError, "norm: ord='nuc' is not a norm of vectors. Fix: "),
        (lambda x: L.norm(x, 3), ValueError, "norm: ord=3 is not a norm of matrices. Fix: "),
        (lambda x: L.norm(x, axis=(1, -1)), ValueError, "norm: axis=.* twice. Fix: "),
        (lambda x: L.norm(x[None], 2), ValueError, "norm: ord=2 along 3 axes. Fix: "),
        (lambda x: L.matrix_power(x[:2], 2), L.LinAlgError, "matrix_power: shape .* Fix: "),
        (lambda x: L.multi_dot([x]), ValueError, "multi_dot: 1 arrays. Fix: "),
        (lambda x: L.multi_dot([x, x[None], x]), L.LinAlgError, "multi_dot: shapes .* Fix: "),
        (lambda x: L.tensorinv(x, 0), ValueError, "tensorinv: ind=0. Fix: "),
        (lambda x: L.tensorsolve(x, x), ValueError, "tensorsolve: 9 equations .* Fix: "),
        (lambda x: L.outer(x, x), ValueError, "outer: shapes .* Fix: "),
        (lambda x: L.cond(x[:0]), L.LinAlgError, "cond: shape .* Fix: "),
        (lambda x: np.cross(x[:, :2], x[:, :2]), ValueError, "cross: vectors of 2 and 2 .* Fix: "),
        (lambda x: np.dot(x, x, np.empty((3, 3))), TypeError, "dot: out= .* Fix: "),
        (lambda x: np.einsum("ij->i", x, dtype=np.float32), TypeError, "einsum: dtype= .* Fix: "),
        (lambda x: np.einsum("ijk->i", x), ValueError, "einsum: .* does not fit .* Fix: "),
        (lambda x: np.einsum("ij,jk->i", x), ValueError, "einsum: .* names 2 operands, 1 given. Fix: "),
        (lambda x: np.matmul(x, x, axes=[(0, 1)] * 3), TypeError, "matmul: axes= .* Fix: "),
        (lambda x: np.polyval(x, x), ValueError, "polyval: coefficients of shape .* Fix: "),
        (lambda x: np.polyder(x[0], -1), ValueError, "polyder: order -1 .* Fix: "),
        (lambda x: np.polyint(x[0], -1), ValueError, "polyint: order -1 .* Fix: "),
        (lambda x: np.polyint(x[0], 3, [1.0, 2.0]), ValueError, "polyint: 2 constants for 3 .* Fix: "),
        (lambda x: np.poly(x[:2]), ValueError, "poly: zeros of shape .* Fix: "),
    ],
)
def test_what_has_no_answer_is_refused(call: Callable[[Any], Any], error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        call(ag.Tensor(X))


def test_integers_pass() -> None:
    t = ag.Tensor(X, requires_grad=True)
    assert L.matrix_rank(t) == 3 and type(L.matrix_rank(t)) is type(L.matrix_rank(X))
    assert np.einsum_path("ij,jk", t, t) == np.einsum_path("ij,jk", X, X)


def test_vecdot_along_an_axis_of_its_own() -> None:
    x = X[:, :2]
    for axis in (0, 1):
        expected = np.vecdot(x, x, axis=axis, keepdims=True)
        np.testing.assert_array_equal(
            np.vecdot(ag.Tensor(x), x, axis=axis, keepdims=True).numpy(), expected, strict=True
        )


def test_empty_matrices() -> None:
    for f in (L.inv, L.det, L.pinv, L.svdvals, lambda a: L.eigh(a)[1], lambda a: L.svd(a)[0], lambda a: L.qr(a)[1]):
        for shape in ((0, 3, 3), (0, 0)):
            assert ag.grad(lambda a, f=f: np.sum(f(a)))(np.zeros(shape)).shape == shape
    assert ag.grad(lambda a, b: np.sum(a @ b))(np.zeros((2, 0)), np.zeros((0, 3))).shape == (2, 0)
    np.testing.assert_array_equal(ag.grad(lambda x: np.sum(np.einsum("ij->j", x)))(np.zeros((0, 2))), np.zeros((0, 2)))


def test_eigenvalues_alone_may_come_in_another_order() -> None:
    """LAPACK finds them in another way when it needs no vectors."""
    from autograd_core.ops.linalg.eigen import _matching

    w = np.array([[1.0, 2.0, 2.0, 3.0]])
    np.testing.assert_array_equal(_matching(w, np.array([[2.0, 3.0, 2.0, 1.0]])), [[1, 3, 2, 0]])
    assert _matching(w, w) is None


@pytest.mark.parametrize(
    "f",
    [
        lambda a: L.svd(a)[0],
        lambda a: L.eigh(a)[1],
        lambda a: L.norm(a, "nuc"),
        lambda a: L.lstsq(a, a)[0],
        lambda a: L.matrix_power(a, -2),
        lambda a: L.det(a * 0 + 1),
        lambda a: np.kron(a, a),
        lambda a: np.einsum("ii,jk->k", a, a),
    ],
)
def test_on_ducks(f: Callable[[Any], Any]) -> None:
    """Arrays that never become NumPy's have the same derivatives."""
    x = ag.Tensor(Duck(X), requires_grad=True)
    f(x).sum().backward()
    assert type(x.grad.data) is Duck
    expected = ag.grad(lambda a: np.sum(f(a)))(X)
    np.testing.assert_allclose(x.grad.data._array, expected, rtol=1e-10, atol=1e-10)


def test_formulas() -> None:
    """The printed local derivatives are those of the textbooks."""

    def formulas(f: Callable[..., Any], *x: Any) -> str:
        return str(trace(f, *x).table())

    assert "−aᵀ" not in formulas(L.inv, X) and "ᵀ @ g" in formulas(L.inv, X)
    assert "solve(" in formulas(L.solve, X, X)


def test_orthonormal_samples_are_orthonormal() -> None:
    q = orthonormal(np.random.default_rng(1), complexes, (2,), 4, 2)
    np.testing.assert_allclose(moved(q) @ q, np.broadcast_to(np.eye(2), (2, 2, 2)), atol=1e-14)
