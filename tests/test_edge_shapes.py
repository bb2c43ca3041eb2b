"""Arrays without axes, and axes of length 0: what NumPy answers is answered, in value and in derivatives."""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from typing import Any

import numpy as np
import pytest

import autograd_core as ag
from functions.trees import flat, is_variable, mapped

REDUCTIONS = [
    "sum",
    "prod",
    "max",
    "min",
    "amax",
    "amin",
    "ptp",
    "nansum",
    "nanmean",
    "nanprod",
    "nanmax",
    "nanmin",
    "nanvar",
    "nanstd",
    "mean",
    "var",
    "std",
    "median",
    "nanmedian",
]
SCANS = ["cumsum", "cumprod", "nancumsum", "nancumprod", "sort", "flip", "squeeze"]
X, V, M = np.array(1.5), np.array([1.0, 2.0, 3.0]), np.array([[1.0, 2.0], [3.0, 5.0]])
LEGAL: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = [
    *[
        (name, (X,), {"axis": k, "keepdims": kept})
        for name in REDUCTIONS
        for k in (0, -1, None)
        for kept in (False, True)
    ],
    *[(name, (X,), {"axis": axis}) for name in SCANS for axis in (0, -1)],
    ("cumulative_sum", (X,), {}),
    ("cumulative_prod", (X,), {}),
    ("repeat", (X, 2), {"axis": 0}),
    ("take", (X, [0, 0]), {"axis": -1}),
    ("transpose", (X, ()), {}),
    ("transpose", (V, 0), {}),
    ("transpose", (V, -1), {}),
    ("convolve", (V, 2.0), {}),
    ("convolve", (2.0, V), {"mode": "same"}),
    ("convolve", (X, V), {}),
    ("convolve", (X, X), {"mode": "valid"}),
    ("polyval", (V, 2.0), {}),
    ("polyval", (V, 1j), {}),
    ("polyval", (V, [1.0, 2.0]), {}),
    ("tensordot", (V, 2.0), {"axes": 0}),
    ("tensordot", (2.0, M), {"axes": 0}),
    ("tensordot", (X, X), {"axes": 0}),
    ("einsum", ("i,->i", V, 2.0), {}),
    ("interp", (X, [0.0, 2.0], [1.0, 5.0]), {}),
    ("kron", (V, 2.0), {}),
    ("tile", (X, ()), {}),
    ("pad", (X, 0), {}),
    ("vdot", (X, 2.0), {}),
    ("linalg.norm", (X,), {}),
]
LEGAL = [call for call in LEGAL if hasattr(np, call[0].partition(".")[0])]


def answered(f: Callable[..., Any], args: Any, params: Any, expected: Any, order: int = 2) -> None:
    """The value, both modes, and the second order of every result that is recorded."""
    given: list[Any] = []
    mapped((args, params), lambda x: given.append(x))

    def g(*values: Any) -> Any:
        rest = iter(values)
        a, p = mapped((args, params), lambda x: next(rest))
        results = [y for y in flat(f(*a, **p)) if isinstance(y, ag.Tensor) and y.dtype.kind in "fc"]
        parts = [p for y in results for p in ((np.real(y), np.imag(y)) if np.iscomplexobj(y) else (y,))]
        return ag.concatenate([np.reshape(p, (-1,)) for p in parts])

    a, p = mapped((args, params), lambda x: ag.Tensor(x, requires_grad=True))
    for found, right in zip(flat(f(*a, **p)), flat(expected), strict=True):
        found = found.numpy() if isinstance(found, ag.Tensor) else found
        np.testing.assert_allclose(np.asarray(found), np.asarray(right), strict=True, rtol=1e-12)
    if all(x.dtype.kind == "f" for x in given) and all(x.size for x in given):
        ag.gradcheck(g, *given, order=order)
        return
    value, pullback = ag.vjp(g, *given)
    u = np.ones_like(value)
    for x, c in zip(given, pullback(u), strict=True):
        assert (c.shape, c.dtype) == (x.shape, x.dtype)
    assert ag.jvp(g, given, given)[1].shape == value.shape
    twice = ag.jvp(lambda *at: ag.vjp(g, *at)[1](u), given, given)[1]
    assert [c.shape for c in twice] == [x.shape for x in given]


def numpys(name: str, args: Any, params: Any) -> Any:
    """NumPy's answer, None where it has none."""
    with np.errstate(all="ignore"):
        try:
            return attrgetter(name)(np)(*args, **params)
        except (ValueError, TypeError, np.linalg.LinAlgError):
            return None


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize(("name", "args", "params"), LEGAL, ids=lambda v: v if isinstance(v, str) else "")
def test_what_numpy_answers_has_derivatives(name: str, args: Any, params: Any) -> None:
    """0-d arrays with an axis of 0 or −1, Python numbers in place of arrays, one axis in place of a tuple."""
    expected = numpys(name, args, params)
    if expected is not None:
        answered(attrgetter(name)(ag), args, params, expected)


EMPTY = [(0,), (0, 3), (3, 0), (0, 0), (2, 0, 3)]


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("shape", EMPTY, ids=str)
@pytest.mark.parametrize("dtype", [float, complex])
@pytest.mark.parametrize("name", [*REDUCTIONS, *SCANS])
def test_axes_of_length_0(name: str, shape: tuple[int, ...], dtype: Any) -> None:
    x = np.ones(shape, dtype)
    for axis in (None, *range(-1, len(shape))):
        expected = numpys(name, (x,), {"axis": axis})
        if expected is not None:
            answered(attrgetter(name)(ag), (x,), {"axis": axis}, expected)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("shape", EMPTY, ids=str)
@pytest.mark.parametrize("dtype", [float, complex])
def test_softmax_and_its_kin_over_nothing(shape: tuple[int, ...], dtype: Any) -> None:
    """eˣ/Σeˣ of no numbers are no numbers, and the logarithm of an empty sum is −∞."""
    x = np.ones(shape, dtype)
    for axis in (None, *range(len(shape))):
        nothing = np.log(np.sum(np.exp(x), axis=axis))
        for f in (ag.softmax, ag.log_softmax, ag.special.softmax, ag.special.log_softmax):
            answered(f, (x,), {"axis": axis}, x)
        for f in (ag.logsumexp, ag.special.logsumexp):
            answered(f, (x,), {"axis": axis}, np.asarray(nothing))


DECOMPOSITIONS = [
    "det",
    "slogdet",
    "inv",
    "pinv",
    "eigh",
    "eigvalsh",
    "svd",
    "svdvals",
    "qr",
    "cholesky",
    "trace",
    "diagonal",
    "eig",
    "eigvals",
    "matrix_transpose",
    "norm",
    "matrix_norm",
]


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("shape", [(0, 0), (2, 0, 0), (0, 3), (3, 0), (2, 0, 3), (0, 2, 2)], ids=str)
@pytest.mark.parametrize("dtype", [float, complex])
@pytest.mark.parametrize("name", DECOMPOSITIONS)
def test_empty_matrices(name: str, shape: tuple[int, ...], dtype: Any) -> None:
    x = np.ones(shape, dtype)
    expected = numpys(f"linalg.{name}", (x,), {})
    if expected is not None:
        f = getattr(ag.linalg, name)
        if any(is_variable(np.asarray(y)) for y in flat(expected)):
            answered(f, (x,), {}, expected)


def test_a_complex_logsumexp_is_on_the_principal_branch() -> None:
    """Its imaginary part is the angle of the sum, between −π and π, and no term overflows."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(3, 4)) + 20j * rng.normal(size=(3, 4))
    weights = rng.normal(size=(3, 4)) + 1j * rng.normal(size=(3, 4))
    for axis in (None, 0, 1):
        expected = np.log(np.sum(np.exp(x), axis=axis))
        for f in (ag.logsumexp, ag.special.logsumexp):
            np.testing.assert_allclose(f(ag.Tensor(x), axis=axis).numpy(), expected, rtol=1e-12)
            np.testing.assert_allclose(f(ag.Tensor(x + 1000), axis=axis).numpy(), expected + 1000, rtol=1e-12)
        weighted = ag.special.logsumexp(ag.Tensor(x), axis, weights)
        np.testing.assert_allclose(weighted.numpy(), np.log(np.sum(weights * np.exp(x), axis=axis)), rtol=1e-12)
        size, sign = ag.special.logsumexp(ag.Tensor(x), axis, weights, return_sign=True)
        np.testing.assert_allclose(sign.numpy() * np.exp(size.numpy()), np.sum(weights * np.exp(x), axis), rtol=1e-12)

    def parts(a: Any, b: Any) -> Any:
        y = ag.special.logsumexp(a + 1j * b, 1, weights)
        return np.stack([np.real(y), np.imag(y)])

    ag.gradcheck(parts, x.real, x.imag, order=2, samples=4)
