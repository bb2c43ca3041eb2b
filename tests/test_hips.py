"""The face of HIPS autograd: its names, its conventions, primitives of one's own, and its packages."""

from __future__ import annotations

import importlib
import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import autograd_core as ag
import autograd_core.hips as autograd
from autograd_core.hips import numpy as anp
from autograd_core.hips.extend import defjvp, defvjp, primitive
from autograd_core.hips.misc import fixed_points, flatten, optimizers
from autograd_core.hips.scipy import integrate, signal, special, stats
from autograd_core.hips.test_util import check_grads

X = np.array([0.3, 0.9, 1.7])
Z = X + 1j * X[::-1]


def in_a_process(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *command], capture_output=True, text=True, check=False)


def test_its_namespace_is_here() -> None:
    theirs = pytest.importorskip("autograd")
    for module, ours in (("", autograd), (".differential_operators", autograd.differential_operators)):
        found = importlib.import_module(f"autograd{module}")
        lacking = [n for n in getattr(found, "__all__", dir(found)) if not n.startswith("_") and not hasattr(ours, n)]
        assert set(lacking) <= {"OrderedDict", "atuple", "core", "util", "misc", "scipy", "extend"}
    for module in ("norm", "t", "gamma", "beta", "chi2", "poisson", "dirichlet", "multivariate_normal"):
        found = importlib.import_module(f"autograd.scipy.stats.{module}")
        methods = {n for n in dir(found) if n in {"pdf", "cdf", "sf", "logpdf", "logcdf", "logsf", "pmf", "logpmf"}}
        assert all(hasattr(getattr(stats, module), n) for n in methods)
    assert theirs is not autograd


def test_what_is_not_here_is_answered_with_what_to_use() -> None:
    with pytest.raises(AttributeError, match="Fix: use defjvp"):
        autograd.extend.def_linear  # noqa: B018


def test_complex_gradients_are_conjugates_of_ours() -> None:
    """∂f/∂Re − i ∂f/∂Im: of |z|² it is 2 z̄; and a pullback multiplies by f′ without a conjugate."""
    assert np.allclose(autograd.grad(lambda z: anp.sum(anp.abs(z) ** 2))(Z), 2 * Z.conj())
    assert np.allclose(autograd.holomorphic_grad(lambda z: anp.sum(z**3))(Z), 3 * Z**2)
    assert np.allclose(autograd.make_vjp(lambda z: z**2)(Z)[0](Z), 2 * Z * Z)
    assert np.allclose(autograd.make_jvp(lambda z: z**2)(Z)(Z)[1], 2 * Z * Z)


def test_operators_agree_on_a_cubic() -> None:
    def f(x: Any) -> Any:
        return anp.sum(x**3)

    H = np.diag(6 * X)
    assert np.allclose(autograd.hessian(f)(X), H)
    assert np.allclose(autograd.hessian_vector_product(f)(X, X), H @ X)
    assert np.allclose(autograd.make_hvp(f)(X)[0](X), H @ X)
    assert np.allclose(autograd.jacobian(lambda x: x**3)(X), np.diag(3 * X**2))
    assert np.allclose(autograd.elementwise_grad(lambda x: x**3)(X), 3 * X**2)
    assert np.allclose(autograd.deriv(lambda x: x**3)(X), 3 * X**2)
    assert np.allclose(autograd.make_ggnvp(lambda x: x**3)(X)(X), 9 * X**4 * X)
    assert np.allclose(autograd.hessian(autograd.checkpoint(f))(X), H)
    assert autograd.grad(lambda x: x**2)(3) == 6.0
    found = autograd.multigrad_dict(lambda a, b=2.0: a * b**2)(3.0)
    assert found == {"a": 4.0, "b": 12.0}
    assert autograd.grad_named(lambda a, b: a * b**2, "b")(3.0, 2.0) == 12.0
    with pytest.raises(TypeError, match="scalar-output"):
        autograd.grad(lambda x: x * 2)(X)


def test_a_primitive_of_ones_own_has_every_order_and_both_modes() -> None:
    @primitive
    def weighted(a: Any, x: Any, power: int = 2) -> Any:
        assert type(x) is not autograd.numpy.numpy_boxes.ArrayBox
        return a * x**power

    defvjp(
        weighted,
        lambda ans, a, x, power=2: lambda g: anp.sum(g * x**power),
        lambda ans, a, x, power=2: lambda g: g * a * power * x ** (power - 1),
    )
    assert np.allclose(autograd.grad(lambda a, x: anp.sum(weighted(a, x, power=3)), (0, 1))(2.0, X)[1], 6 * X**2)
    assert np.allclose(autograd.hessian(lambda x: anp.sum(weighted(2.0, x, power=3)))(X), np.diag(12 * X))
    check_grads(weighted, (0, 1))(2.0, X)
    defjvp(weighted, None, lambda t, ans, a, x, power=2: t * a * power * x ** (power - 1))
    assert np.allclose(autograd.make_jvp(weighted, 1)(2.0, X)(X)[1], 4 * X**2)
    with pytest.raises(NotImplementedError, match="nothing"):
        autograd.grad(named_nothing())(1.0)


def named_nothing() -> Any:
    def nothing(x: Any) -> Any:
        return x * 1.0

    return primitive(nothing)


def test_flatten_goes_there_and_back_and_is_differentiated() -> None:
    tree = {"b": (2.0, np.array([[1.0, 3.0]])), "a": [np.zeros(2)]}
    vector, unflatten = flatten(tree)
    assert vector.tolist() == [0.0, 0.0, 2.0, 1.0, 3.0]
    again = unflatten(vector)
    assert again["b"][0] == 2.0
    assert np.array_equal(again["b"][1], tree["b"][1])
    assert autograd.grad(lambda v: anp.sum(unflatten(v)["b"][1] ** 2))(vector).tolist() == [0, 0, 0, 2, 6]
    assert np.allclose(
        optimizers.adam(lambda p, i: {"x": 2 * p["x"]}, {"x": X}, num_iters=800, step_size=0.01)["x"], 0, atol=1e-5
    )


def test_lists_of_boxes_become_arrays() -> None:
    assert autograd.grad(lambda x: anp.sum(anp.array([x[0], 2 * x[1], 3.0]) ** 2))(X).tolist() == [0.6, 8 * 0.9, 0.0]
    assert autograd.grad(lambda x: anp.sum([x[0], x[1]]))(X).tolist() == [1.0, 1.0, 0.0]
    assert anp.array([1.0, 2.0]).dtype == np.float64


@pytest.mark.parametrize("density", ["norm.logpdf", "norm.cdf", "norm.logsf", "t.logpdf", "gamma.logpdf", "beta.pdf"])
def test_densities_have_the_derivative_of_scipys(density: str) -> None:
    module, name = density.split(".")
    shape = {"t": (3.3,), "gamma": (2.5,), "beta": (1.4, 2.5)}.get(module, ())
    f = getattr(getattr(stats, module), name)
    slope = autograd.elementwise_grad(lambda x: f(x, *shape))(X / 2)
    e = 1e-6
    assert np.allclose(slope, (f(X / 2 + e, *shape) - f(X / 2 - e, *shape)) / (2 * e), rtol=1e-6)
    assert np.allclose(autograd.make_vjp(lambda x: f(x, *shape))(X / 2)[1], f(X / 2, *shape), rtol=1e-12)


def test_convolution_integration_and_fixed_points() -> None:
    A, B = np.arange(12.0).reshape(3, 4), np.arange(4.0).reshape(2, 2)
    scipy_signal = pytest.importorskip("scipy.signal")
    for mode in ("full", "valid", "same"):
        assert np.allclose(signal.convolve(A, B, mode=mode), scipy_signal.convolve2d(A, B, mode))
    times = np.linspace(0, 1, 3)

    def end(k: Any) -> Any:
        return integrate.odeint(lambda y, t, k: -k * y, np.array([1.0]), times, (k,))[-1, 0]

    assert np.isclose(autograd.grad(end)(2.0), -np.exp(-2.0), atol=1e-6)
    root = autograd.grad(
        lambda a: fixed_points.fixed_point(lambda a: lambda x: (x + a / x) / 2, a, 1.0, lambda x, y: abs(x - y), 1e-12)
    )
    assert np.isclose(root(2.0), 0.5 / np.sqrt(2))
    assert np.allclose(autograd.elementwise_grad(special.gammaln)(X), special.digamma(X))


def test_installed_it_stands_in_the_place_of_autograd(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import sys, autograd, autograd.numpy as np, autograd.scipy.stats.norm as norm\n"
        "from autograd.misc.flatten import flatten\n"
        "from autograd.numpy.numpy_boxes import ArrayBox\n"
        "assert autograd.__name__ == 'autograd_core.hips' and sys.argv[1:] == ['3']\n"
        "print(autograd.grad(lambda x: np.sum(x**2))(np.ones(2)), autograd.grad(norm.logpdf)(1.0))\n"
    )
    done = in_a_process("-m", "autograd_core.hips", str(script), "3")
    assert done.stdout.strip() == "[2. 2.] -1.0", done.stderr


def test_it_refuses_to_replace_what_is_imported_already() -> None:
    if not importlib.util.find_spec("autograd"):
        pytest.skip("HIPS autograd is not installed")
    done = in_a_process("-c", "import autograd, autograd_core.hips as h; h.install()")
    assert "imported already" in done.stderr


@pytest.mark.parametrize("name", sorted(set(dir(np)) & set(dir(ag)) - {"test", "fill_diagonal"}))
def test_a_name_of_numpys_means_what_it_means_in_numpy(name: str) -> None:
    """Also of a box, and where the library has the name for something else (trace, argmin)."""
    function, x = getattr(np, name), np.array([[0.25, 0.5], [0.75, 0.125]])
    if name.startswith("_") or not callable(function) or isinstance(function, type):
        return
    for args in ((x,), (x, x), ([x, x],)):
        try:
            with np.errstate(all="ignore"):
                expected = function(*args)
        except Exception:
            continue
        found: list[Any] = []
        boxed = lambda box, args=args, found=found: (
            found.append(getattr(anp, name)(*[[box, box] if type(a) is list else box for a in args])),
            anp.sum(box),
        )[1]
        try:
            with np.errstate(all="ignore"):
                autograd.grad(boxed)(x)
        except (TypeError, ValueError):  # refused by name
            continue
        for a, b in zip(*(y if isinstance(y, (tuple, list)) else [y] for y in (found[0], expected)), strict=True):
            assert np.allclose(getattr(a, "_value", a), b, equal_nan=True)
        return


def test_importing_the_library_does_not_load_it() -> None:
    done = in_a_process("-c", "import sys, autograd_core; print('autograd_core.hips' in sys.modules)")
    assert done.stdout.strip() == "False"


def test_lifelines_and_pymanopt_give_the_same_numbers() -> None:
    for client in ("autograd", "lifelines", "pymanopt"):
        if not importlib.util.find_spec(client):
            pytest.skip(f"{client} is not installed")
    script = str(Path(__file__).with_name("clients_hips.py"))
    fits = ("Piecewise", "Custom", "stiefel TrustRegions", "definite ConjugateGradient", "circle TrustRegions")
    found = [in_a_process(script, which, *fits) for which in ("ours", "theirs")]
    ours, theirs = (json.loads(done.stdout)["numbers"] for done in found)
    assert ours.keys() == theirs.keys() == {*fits}
    for name, numbers in theirs.items():
        assert numbers, name
        assert np.allclose(ours[name], numbers, rtol=1e-8, atol=1e-8), name
