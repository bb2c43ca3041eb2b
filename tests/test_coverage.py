"""Every public function of NumPy is in exactly one state on tensors, and behaves as that state says."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest

import autograd_core as ag
from autograd_core.border.protocols import PASSING, implementation_of
from autograd_core.border.refused import REFUSED
from coverage_table import CREATING, PAGE, functions, page, states, theirs
from rounding import assert_same_but_for_rounding

FUNCTIONS = functions()
HERE = [name for name in REFUSED if name in FUNCTIONS]
"""Refused, and not missing from this release of NumPy."""


def leaf() -> ag.Tensor:
    return ag.Tensor(np.array([[2.0, 1.0], [1.0, 3.0]]), requires_grad=True)


def test_every_function_is_in_exactly_one_state() -> None:
    """Differentiable, passing, creating, refused, or no function of arrays."""
    assert {name: states(name) for name in FUNCTIONS if len(states(name)) != 1} == {}


def test_a_refused_function_is_never_also_implemented() -> None:
    """Whatever NumPy calls it."""
    refused = {theirs(name) for name in HERE}
    assert not refused & PASSING and not any(map(implementation_of, refused | PASSING))


def required(f: Any) -> int:
    """How many arguments it must be given. Before NumPy 2.4 only the documentation of functions in C tells it."""
    try:
        parameters = inspect.signature(f).parameters.values()
    except ValueError:
        written = f.__doc__[f.__doc__.index("(") + 1 : f.__doc__.index(")")].split(",")
        return sum("=" not in name and name.strip(" \n[") not in ("", "*", "/") for name in written)
    return sum(p.default is p.empty and p.kind is not p.VAR_KEYWORD for p in parameters)


OTHERWISE = {np.empty_like, np.isnat, np.min_scalar_type, np.common_type, np.can_cast}
"""Random numbers, dates, dtypes of scalars."""
OF_ONE = sorted(f.__name__ for f in PASSING - OTHERWISE if not isinstance(f, np.ufunc) and required(f) == 1)


@pytest.mark.parametrize("name", [name for name in OF_ONE if hasattr(np, name)])
@pytest.mark.parametrize("t", [leaf(), ag.Tensor(np.array([1, 0, 1]))], ids=["recorded", "integers"])
def test_what_passes_is_computed_on_the_bare_array(name: str, t: ag.Tensor) -> None:
    """The same answer of the same kind, or NumPy's own complaint."""
    f = theirs(name)
    try:
        expected = f(t.numpy())
    except (TypeError, ValueError) as error:
        with pytest.raises(type(error)):
            f(t)
        return
    found = f(t)
    assert type(found) is type(expected)
    np.testing.assert_equal(found, expected)


@pytest.mark.parametrize("name", HERE)
def test_what_is_refused_raises_and_names_a_way_out(name: str) -> None:
    """Given tensors for all that it requires."""
    f = theirs(name)
    if name.startswith("save"):
        args: list[Any] = ["never written", leaf()]
    elif isinstance(f, np.ufunc):
        args = [leaf()] * f.nin
    else:
        args = [leaf()] * required(f)
    with pytest.raises(TypeError, match=r"(Fix|Fix): ") as caught:
        f(*args)
    assert "detach()" in str(caught.value) or "ag.stop_gradient" in str(caught.value)


@pytest.mark.parametrize("name", sorted(CREATING.intersection(FUNCTIONS)))
def test_what_creates_takes_no_tensor(name: str) -> None:
    """NumPy does not even ask a tensor there."""
    assert not hasattr(theirs(name), "_implementation")


def test_the_page_is_fresh() -> None:
    """docs/coverage.md is what ``python tests/coverage_table.py`` writes."""
    if f"NumPy {'.'.join(np.__version__.split('.')[:2])}," not in PAGE.read_text(encoding="utf-8"):
        pytest.skip("the page counts the functions of another release of NumPy")
    assert PAGE.read_text(encoding="utf-8") == page()


# The methods of ufuncs -----------------------------------------------------------------------------------------------

X = np.array([[0.5, 2.0, 1.5], [3.0, 0.7, 0.9]])
REDUCED = [np.add, np.multiply, np.maximum, np.minimum, np.logaddexp]
OF_TWO = [*REDUCED, np.subtract, np.divide, np.power, np.hypot, np.arctan2]


@pytest.mark.parametrize("ufunc", REDUCED, ids=lambda f: f.__name__)
@pytest.mark.parametrize("settings", [{}, {"axis": 1}, {"axis": -1, "keepdims": True}])
def test_reduce(ufunc: np.ufunc, settings: dict[str, Any]) -> None:
    """NumPy's value, and derivatives of first and second order."""
    y = ufunc.reduce(ag.Tensor(X, requires_grad=True), **settings)
    assert_same_but_for_rounding(y.numpy(), ufunc.reduce(X, **settings))
    assert y.requires_grad
    ag.gradcheck(lambda x: ufunc.reduce(x, **settings), X, order=2)


@pytest.mark.parametrize("ufunc", OF_TWO, ids=lambda f: f.__name__)
@pytest.mark.parametrize("axis", [0, 1, -1])
def test_accumulate(ufunc: np.ufunc, axis: int) -> None:
    y = ufunc.accumulate(ag.Tensor(X, requires_grad=True), axis=axis)
    assert_same_but_for_rounding(y.numpy(), ufunc.accumulate(X, axis=axis))
    assert y.requires_grad
    ag.gradcheck(lambda x: ufunc.accumulate(x, axis=axis), X, order=2)


@pytest.mark.parametrize("ufunc", OF_TWO, ids=lambda f: f.__name__)
def test_outer(ufunc: np.ufunc) -> None:
    """Of tensors, and of a tensor beside an array, a list or a number."""
    y = np.array([1.1, 0.4])
    for a, b in ((X, y), (y, X), (y, np.array(2.5))):
        for found in (ufunc.outer(ag.Tensor(a, True), ag.Tensor(b)), ufunc.outer(a, ag.Tensor(b, True))):
            assert_same_but_for_rounding(found.numpy(), ufunc.outer(a, b))
        ag.gradcheck(lambda a, b: ufunc.outer(a, b), a, b, order=2)
    assert ufunc.outer([1.0, 2.0], ag.Tensor(y, True)).shape == (2, 2)
    assert ufunc.outer(ag.Tensor(y, True), 2.0).shape == (2,)


def test_a_running_extreme_shares_its_ties() -> None:
    """Between the first and the last of them, and among no others."""
    x = ag.Tensor(np.array([1.0, 3.0, 3.0, 2.0]), requires_grad=True)
    np.maximum.accumulate(x)[3].backward()
    assert x.grad.tolist() == [0.0, 0.5, 0.5, 0.0]
    with_nan = np.array([1.0, np.nan, 3.0])
    np.testing.assert_array_equal(np.maximum.accumulate(ag.Tensor(with_nan)).numpy(), np.maximum.accumulate(with_nan))


def test_logaddexp_of_nothing_but_minus_infinity() -> None:
    x = ag.Tensor(np.array([-np.inf, -np.inf]), requires_grad=True)
    y = np.logaddexp.reduce(x)
    y.backward()
    assert y.item() == -np.inf and x.grad.tolist() == [0.5, 0.5]


def test_truth_values_are_reduced_on_bare_arrays() -> None:
    x = leaf()
    assert np.logical_and.reduce(x).tolist() == [True, True]
    assert np.greater.outer(x, 1.5).tolist() == [[True, False], [False, True]]


def test_methods_that_are_refused_name_a_way_out() -> None:
    x = leaf()
    for call in (
        lambda: np.add.reduceat(x, [0, 1]),
        lambda: np.add.at(x, [0], 1.0),
        lambda: np.add.at(np.ones((2, 2)), [0], x),
        lambda: np.subtract.reduce(x),
        lambda: np.hypot.reduce(x),
        lambda: np.add.reduce(x, out=np.zeros(2)),
        lambda: np.logaddexp.reduce(x, initial=0.0),
    ):
        with pytest.raises(TypeError, match=r"Fix|Fix|unknown"):
            call()
