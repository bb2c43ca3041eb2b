"""What is worked off in blocks is what the formula gives whole, of any layout and size; Φ to its last digits."""

from __future__ import annotations

import warnings
from typing import Any

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd_core as ag
import nn.functional as F
from autograd_core.ops import blockwise
from autograd_core.ops.blockwise import in_blocks, select
from nn.kernels.normal import normal_share
from strategies import generators


def layouts(x: Any) -> dict[str, Any]:
    """The numbers of a matrix, as they may lie in memory."""
    return {
        "rows": x,
        "columns": np.asfortranarray(x),
        "a view of some": np.repeat(x, 2, axis=1)[:, ::2],
        "backwards": x[::-1],
        "axes moved": np.moveaxis(np.ascontiguousarray(np.moveaxis(x.reshape(*x.shape, 1), 2, 0)), 0, 2)[..., 0],
        "one number": np.broadcast_to(x[0, 0], x.shape),
    }


@pytest.fixture(params=[1 << 7, 1 << 10])
def small_blocks(request: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(blockwise, "BLOCK", request.param)


LAYOUTS = list(layouts(np.zeros((2, 3))))


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("first", LAYOUTS)
@pytest.mark.parametrize("second", LAYOUTS)
def test_blocks_are_the_formula(first: str, second: str, dtype: Any) -> None:
    rng = np.random.default_rng(0)
    a, b = (layouts(rng.normal(size=(37, 29)).astype(dtype))[name] for name in (first, second))
    f = lambda x, y, scale, out=None: np.multiply(x * y + scale, x, out=out)
    found = in_blocks(f, a, b, 2.0)
    np.testing.assert_array_equal(found, f(a, b, 2.0))
    assert found.dtype == dtype and found.flags.owndata


@pytest.mark.usefixtures("small_blocks")
def test_what_is_to_be_broadcast_is_taken_whole() -> None:
    x, y = np.ones((40, 30)), np.arange(30.0)
    np.testing.assert_array_equal(in_blocks(lambda x, y: x + y, x, y), x + y)


NAMES = [
    "relu",
    "leaky_relu",
    "hardtanh",
    "relu6",
    "hardsigmoid",
    "hardswish",
    "hardshrink",
    "softshrink",
    "elu",
    "celu",
]
NAMES += ["selu", "softplus", "logsigmoid", "silu", "mish", "gelu", "softsign", "tanhshrink", "sigmoid", "tanh"]


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("name", NAMES)
def test_a_large_activation_is_that_of_its_parts(name: str, dtype: Any) -> None:
    """Value, cotangent and tangent, of an array that takes blocks and of its rows, which do not."""
    f, rng = getattr(F, name), np.random.default_rng(0)
    x, g = (rng.normal(0, 3, size=(60, 30)).astype(dtype) for _ in range(2))
    x[0, :4] = 0, 40, -40, 1e-3
    value, pull = ag.vjp(f, x)
    rows = [ag.vjp(f, row) for row in x]
    np.testing.assert_array_equal(value, [v for v, _ in rows])
    (found,) = pull(g)
    few = np.finfo(dtype).eps * 4  # g·d in one order or the other
    np.testing.assert_allclose(
        found, np.array([p(r)[0] for (_, p), r in zip(rows, g, strict=True)]), rtol=few, atol=few
    )
    np.testing.assert_allclose(ag.jvp(f, (x,), (g,))[1], found, rtol=few * 4, atol=few * 4)


COMPOSITES: dict[str, Any] = {
    "hardsigmoid": lambda x: np.clip(x + 3, 0, 6) / 6,
    "selu": lambda x: 1.0507009873554804934 * F.elu(x, 1.6732632423543772848),
    "logsigmoid": lambda x: -ag.softplus(-x),
    "silu": lambda x: x * ag.sigmoid(x),
    "mish": lambda x: x * np.tanh(ag.softplus(x)),
    "softsign": lambda x: x / (1 + np.absolute(x)),
    "tanhshrink": lambda x: x - np.tanh(x),
    "gelu": lambda x: x * ag.special.ndtr(x),
    "gelu tanh": lambda x: 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x * x * x))),
    "softplus 2": lambda x: np.where(x > 0.5, x, ag.softplus(2 * x) / 2),
}
PRIMITIVES = {
    "gelu tanh": lambda x: F.gelu(x, approximate="tanh"),
    "softplus 2": lambda x: F.softplus(x, 2.0, 1.0),
}


@settings(max_examples=20, deadline=None)
@pytest.mark.parametrize("name", COMPOSITES)
@given(rng=generators)
def test_an_activation_is_its_composite(name: str, rng: Any) -> None:
    """Value and the first three derivatives."""
    f, whole = PRIMITIVES.get(name) or getattr(F, name), COMPOSITES[name]
    x = rng.normal(0, 2, size=5) + 0.01
    for _ in range(4):
        np.testing.assert_allclose(f(x), whole(x), rtol=1e-9, atol=1e-9)
        f, whole = (ag.grad(lambda x, f=f: f(x).sum()) for f in (f, whole))


@pytest.mark.filterwarnings("ignore:invalid value")  # ∞·0, in rows and in the whole
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("of", ["small", "large", "none"])
@pytest.mark.parametrize("name", ["gelu", "gelu tanh"])
def test_the_slope_of_many_numbers_is_that_of_few(name: str, of: str, dtype: Any) -> None:
    """Many are told their share by what the forward pass had, x·share / x: also where x is 0, tiny or infinite."""
    f, tiny = PRIMITIVES.get(name) or getattr(F, name), np.finfo(dtype).tiny
    rng = np.random.default_rng(0)
    x, g = (rng.normal(0, 3, size=(80, 1000)).astype(dtype) for _ in range(2))
    x[:2, :4] = {"small": (0.0, -0.0, tiny / 4, -tiny), "large": (30, -30, np.inf, -np.inf), "none": (1, np.nan, 2, 3)}[
        of
    ]
    (found,) = ag.vjp(f, x)[1](g)
    few = np.finfo(dtype).eps * 64  # 1 − share, off by an ulp of 1, is multiplied by up to 20
    rows = [ag.vjp(f, row)[1](r)[0] for row, r in zip(x, g, strict=True)]
    np.testing.assert_allclose(found, rows, rtol=few, atol=few)


def test_nothing_far_out_warns_or_is_nan() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for dtype in (np.float16, np.float32, np.float64):
            x = np.array([-1, 1], dtype) * np.finfo(dtype).max / 8
            for f in (F.sigmoid, F.silu, F.mish, F.gelu, PRIMITIVES["gelu tanh"], F.softplus, F.elu, F.selu):
                value, pull = ag.vjp(f, x)
                assert np.isfinite(value).all() and np.isfinite(pull(np.ones_like(x))[0]).all(), f


# The normal distribution ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("dtype", "far"), [(np.float32, 12.0), (np.float64, 36.0)])
def test_the_normal_share_has_a_stated_error(dtype: Any, far: float) -> None:
    """6 ulp and x²/2 more in the left tail, where SciPy's formula 1 + erf would have no digit left."""
    x = np.linspace(-far, 6, 301).astype(dtype)
    with mpmath.workdps(40):
        exact = [mpmath.ncdf(mpmath.mpf(float(v))) for v in x]
        off = [abs(float((mpmath.mpf(float(a)) - b) / b)) for a, b in zip(normal_share(x), exact, strict=True)]
        gelu = [mpmath.mpf(float(v)) * b for v, b in zip(x, exact, strict=True)]
        of_gelu = [abs(float((mpmath.mpf(float(a)) - b) / b)) if b else 0 for a, b in zip(F.gelu(x), gelu, strict=True)]
    allowed = np.finfo(dtype).eps / 2 * (6 + np.where(x < 0, x**2 / 2, 0))
    assert (np.array(off) <= allowed).all()
    assert (np.array(of_gelu) <= allowed + np.finfo(dtype).eps).all()


def test_infinities_and_nan_of_the_exact_gelu() -> None:
    np.testing.assert_array_equal(F.gelu(np.array([-np.inf, 0.0, np.inf, np.nan])), [0, 0, np.inf, np.nan])


# Choices -------------------------------------------------------------------------------------------------------------

VALUES = st.sampled_from([0.0, -0.0, 1.5, np.inf, -np.inf, np.nan])


@given(rng=generators, x=VALUES, y=VALUES, dtype=st.sampled_from([np.float16, np.float32, np.float64]))
def test_a_choice_by_bits_is_where(rng: Any, x: float, y: float, dtype: Any) -> None:
    """Any bits: −0, ∞ and NaN; beside numbers, and broadcast."""
    a, b = (rng.normal(size=2000).astype(dtype) for _ in range(2))
    a[::3], b[::5] = x, y
    condition = rng.random(2000) < 0.5
    for one, other in ((a, b), (a, y), (x, b), (a, b[:1]), (a[:1], b)):
        found, expected = select(condition, one, other), np.where(condition, one, other)
        assert found.dtype == expected.dtype
        np.testing.assert_array_equal(found, expected)
        np.testing.assert_array_equal(np.signbit(found), np.signbit(expected))


def test_a_choice_between_dtypes_is_numpys() -> None:
    condition = np.arange(2000) % 2 == 0
    found = select(condition, np.ones(2000, np.float32), np.ones(2000))
    assert found.dtype == np.float64 and select(condition, np.ones(2000, int), 2).dtype == int
