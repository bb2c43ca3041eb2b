"""minimize: every method finds the same minimum, of any structure, with exact derivatives."""

import builtins

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd_core as ag
import optim
from optim.curvature.newton import newton_cg_direction, newton_direction

OWN = ["lbfgs", "newton", "newton-cg"]
SCIPYS = ["BFGS", "L-BFGS-B", "CG", "Newton-CG", "TNC", "SLSQP", "trust-ncg", "trust-krylov", "trust-exact", "dogleg",
          "trust-constr", "Nelder-Mead", "Powell", "COBYLA"]  # fmt: skip


def rosenbrock(p):
    return ((1 - p[:-1]) ** 2 + 100 * (p[1:] - p[:-1] ** 2) ** 2).sum()


def bowl(p):
    """Convex, with its minimum at (1, −2) whatever way the numbers are put."""
    return (p[0] - 1) ** 2 + np.exp(p[1] + 2) - p[1] + 0.5 * (p[0] - 1) * (p[1] + 2)


@pytest.mark.parametrize("method", OWN + SCIPYS)
def test_every_method_finds_the_minimum(method):
    if method not in OWN:
        pytest.importorskip("scipy")
    result = optim.minimize(bowl, np.array([2.0, 0.0]), method=method)
    assert result.success, result.message
    assert np.allclose(result.x, [1, -2], atol=2e-3)
    assert np.isclose(result.fun, 3, atol=1e-5)
    assert np.allclose(result.jac, ag.grad(bowl)(result.x))
    assert result.nfev > 0


@pytest.mark.parametrize("method", OWN)
@pytest.mark.parametrize("n", [2, 3])
def test_a_curved_valley_is_walked_to_its_end(method, n):
    result = optim.minimize(rosenbrock, np.linspace(-1.2, 1, n), method=method)
    assert result.success
    assert np.allclose(result.x, 1, atol=1e-5)
    assert np.abs(result.jac).max() < 1e-5


@settings(max_examples=20)
@given(st.integers(0, 2**32 - 1), st.integers(1, 6))
def test_newton_needs_one_step_for_a_quadratic(seed, n):
    rng = np.random.default_rng(seed)
    q = np.linalg.qr(rng.normal(size=(n, n)))[0]
    a, b = (q * rng.uniform(1, 10, n)) @ q.T, rng.normal(size=n)
    result = optim.minimize(lambda x: x @ (a @ x) / 2 - b @ x, rng.normal(size=n), method="newton")
    assert np.allclose(result.x, np.linalg.solve(a, b))
    assert result.nit <= 2  # the second mends what rounding left


@given(st.integers(0, 2**32 - 1), st.integers(1, 6))
def test_newtons_directions_solve_the_system_where_the_curvature_is_positive_and_go_down_elsewhere(seed, n):
    rng = np.random.default_rng(seed)
    q = np.linalg.qr(rng.normal(size=(n, n)))[0]
    g = rng.normal(size=n)
    g *= 1e-8 / np.linalg.norm(g)  # a small gradient asks conjugate gradients for an exact answer
    positive = (q * rng.uniform(1, 10, n)) @ q.T
    exact = -np.linalg.solve(positive, g)
    assert np.allclose(newton_direction(positive, g), exact, rtol=1e-6, atol=1e-16)
    assert np.linalg.norm(newton_cg_direction(lambda v: positive @ v, g) - exact) < 1e-3 * np.linalg.norm(exact)
    saddle = (q * rng.uniform(-5, 5, n)) @ q.T
    assert g @ newton_direction(saddle, g) < 0
    assert g @ newton_cg_direction(lambda v: saddle @ v, g) < 0


def test_newton_leaves_a_saddle():
    result = optim.minimize(lambda p: p[0] ** 2 + (p[1] ** 2 - 1) ** 2, np.array([1.0, 1e-3]), method="newton")
    assert result.success
    assert np.allclose(np.abs(result.x), [0, 1], atol=1e-6)


@pytest.mark.parametrize("method", ["lbfgs", "newton", "newton-cg", "BFGS", "Newton-CG"])
def test_the_answer_has_the_structure_of_the_parameters(method):
    if method not in OWN:
        pytest.importorskip("scipy")
    target = {"w": np.arange(6.0).reshape(2, 3), "b": [np.array(1.5), 2.0]}

    def distance(p, scale):
        return scale * (((p["w"] - target["w"]) ** 2).sum() + (p["b"][0] - 1.5) ** 2 + (p["b"][1] - 2.0) ** 4)

    start = {"w": np.zeros((2, 3)), "b": [ag.Tensor(np.array(0.0)), 0.0]}
    result = optim.minimize(distance, start, (3.0,), method, options={"maxiter": 300})
    assert list(result.x) == ["w", "b"]
    assert result.x["w"].shape == (2, 3)
    assert isinstance(result.x["b"][0], ag.Tensor)
    assert np.allclose(result.x["w"], target["w"], atol=1e-3)
    assert np.isclose(result.x["b"][0].item(), 1.5, atol=1e-3)
    assert result.jac["w"].shape == (2, 3)
    assert start["w"].max() == 0 and start["b"][0].item() == 0


@pytest.mark.parametrize("method", OWN)
def test_a_function_without_a_minimum_is_no_success(method):
    result = optim.minimize(lambda p: -p.sum(), np.ones(2), method=method)
    assert not result.success
    assert optim.minimize(lambda p: 1.0 + 0 * p.sum(), np.ones(2), method=method).success  # every point is one


def test_dtypes_are_kept_and_integers_become_floats():
    assert optim.minimize(bowl, np.array([2.0, 0.0], np.float32)).x.dtype == np.float32
    assert optim.minimize(bowl, np.array([2, 0])).x.dtype == np.float64
    assert optim.minimize(lambda p: bowl(p), [2.0, 0.0]).success


def test_gradients_of_other_tensors_are_not_touched():
    offset = ag.Tensor(np.array([1.0, 2.0]), requires_grad=True)
    result = optim.minimize(lambda p: ((p - offset) ** 2).sum(), np.zeros(2), method="newton-cg")
    assert np.allclose(result.x, [1, 2])
    assert offset.grad is None


@pytest.mark.parametrize("method", ["lbfgs", "newton", "BFGS"])
def test_the_callback_sees_every_iteration_and_may_end_the_search(method):
    if method == "BFGS":
        pytest.importorskip("scipy")
    seen = []
    result = optim.minimize(rosenbrock, np.array([-1.2, 1.0]), method=method, callback=lambda p: seen.append(p))
    assert len(seen) == result.nit
    assert np.allclose(seen[-1], result.x)

    def stop(p):
        raise StopIteration

    ended = optim.minimize(rosenbrock, np.array([-1.2, 1.0]), method=method, callback=stop)
    assert not ended.success
    assert ended.nit == 1
    assert np.isclose(ended.fun, rosenbrock(ended.x))


def test_bounds_and_constraints_hold_in_the_methods_that_know_them():
    pytest.importorskip("scipy")
    result = optim.minimize(bowl, np.array([0.5, 0.0]), method="L-BFGS-B", bounds=[(0, 0.5), (-1, 1)])
    assert np.allclose(result.x, [0.5, -1])
    on_the_circle = {"type": "eq", "fun": lambda p: p["x"] ** 2 + p["y"] ** 2 - 2}
    result = optim.minimize(lambda p: p["x"] + p["y"], {"x": 1.0, "y": 0.0}, method="SLSQP", constraints=on_the_circle)
    assert np.allclose([result.x["x"], result.x["y"]], -1, atol=1e-5)


@pytest.mark.parametrize("method", ["newton", "newton-cg", "trust-ncg", "trust-exact", "Newton-CG", "BFGS"])
def test_no_differences_are_taken_and_a_point_is_recorded_once_for_all_its_products(method):
    if method not in OWN:
        pytest.importorskip("scipy")
    points = []

    def counted(p):
        points.append(p.detach().numpy().tobytes())
        return rosenbrock(p)

    result = optim.minimize(counted, np.linspace(-1.2, 1, 3), method=method)
    assert result.success
    assert len(points) <= 2 * len(set(points))  # once for value and gradient, once for the products
    assert result.nfev == len(set(points))


def test_without_scipy_the_own_methods_run_and_the_others_say_what_is_missing(monkeypatch):
    real = builtins.__import__

    def without(name, *args, **kwargs):
        if name.split(".")[0] == "scipy":
            raise ModuleNotFoundError(f"No module named {name!r}")
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    for method in OWN:
        assert optim.minimize(bowl, np.array([2.0, 0.0]), method=method).success
    with pytest.raises(ImportError, match=r"autograd-core\[special\]"):
        optim.minimize(bowl, np.array([2.0, 0.0]), method="BFGS")


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: optim.minimize(bowl, []), ValueError, "no parameters"),
        (lambda: optim.minimize(bowl, "start"), TypeError, "params is str"),
        (lambda: optim.minimize(bowl, np.array([1j, 0])), TypeError, "complex"),
        (lambda: optim.minimize(bowl, np.zeros(2), options={"gol": 1}), ValueError, "gol"),
        (lambda: optim.minimize(bowl, np.zeros(2), bounds=[(0, 1)] * 2), ValueError, "no bounds"),
        (lambda: optim.minimize(lambda p: p * 1, np.zeros(2)), ValueError, "only a single number"),
        (lambda: optim.minimize(lambda p: (p * np.nan).sum(), np.zeros(2)), ValueError, "nan"),
        (lambda: optim.minimize(bowl, np.zeros(2), method="newtonian"), ValueError, "newtonian"),
    ],
)
def test_bad_calls_are_refused(call, error, words):
    if "newtonian" in words:
        pytest.importorskip("scipy")
    with pytest.raises(error, match=words):
        call()
