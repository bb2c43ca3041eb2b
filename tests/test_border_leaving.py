"""What leaves the graph: never in silence, and by an explicit word wherever it is meant."""

from __future__ import annotations

import array
import cmath
import copy
import math
import pickle
import statistics
import struct
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import integrate, optimize

import autograd_core as ag
import optim

X = np.array([1.0, 2.0, 3.0])

# A running transform -------------------------------------------------------------------------------------------------


def _filled(x: Any, place: Any = slice(None), shape: Any = (3,)) -> Any:
    out = np.zeros(shape)
    for i in range(3):
        out[(i, 0) if len(shape) == 2 else i] = x[i] ** 2
    return out.sum()


def _by_flat(x: Any) -> Any:
    out = np.zeros(3)
    out.flat[0] = x[0] * x[0]
    return out.sum()


def _by_fill(x: Any) -> Any:
    out = np.zeros(3)
    out.fill(x[0] * 2)
    return out.sum()


NUMBERS: dict[str, Callable[[Any], Any]] = {
    "float": lambda x: float(x[0]),
    "complex": lambda x: complex(x[0]).real,
    "tolist": lambda x: sum(x.tolist()),
    "math.exp": lambda x: math.exp(x[0]),
    "math.fsum": lambda x: math.fsum(x),
    "math.sqrt of a sum": lambda x: math.sqrt((x * x).sum()),
    "cmath.exp": lambda x: cmath.exp(x[0]).real,
    "statistics.fmean": lambda x: statistics.fmean(x),
    "out[i] =": _filled,
    "out[i, j] =": lambda x: _filled(x, shape=(3, 3)),
    "out.flat[i] =": _by_flat,
    "out.fill": _by_fill,
    "np.fromiter": lambda x: np.fromiter((v * v for v in x), float).sum(),
    "array.array": lambda x: sum(array.array("d", list(x))),
    "struct.pack": lambda x: struct.unpack("d", struct.pack("d", x[0]))[0],
    "% formatting": lambda x: float("%f" % x[0]),  # noqa: UP031
    "quad": lambda x: integrate.quad(lambda s: s * x[0], 0.0, 1.0)[0],
    "brentq": lambda x: optimize.brentq(lambda s: s - x[0], 0.0, 5.0),
}
TRANSFORMS: dict[str, Callable[[Any], Any]] = {
    "grad": lambda f: ag.grad(f)(X),
    "grad of a tensor": lambda f: ag.grad(f)(ag.Tensor(X)),
    "grad of a leaf": lambda f: ag.grad(f)(ag.Tensor(X, requires_grad=True)),
    "value_and_grad": lambda f: ag.value_and_grad(f)(X),
    "vjp": lambda f: ag.vjp(f, X),
    "jvp": lambda f: ag.jvp(f, (X,), (X,)),
    "jacobian": lambda f: ag.jacobian(f)(X),
    "forward jacobian": lambda f: ag.jacobian(f, mode="forward")(X),
    "hessian": lambda f: ag.hessian(f)(X),
    "hvp": lambda f: ag.hvp(f, X, X),
    "grad of grad": lambda f: ag.grad(lambda x: ag.grad(f)(x).sum())(X),
    "gradcheck": lambda f: ag.gradcheck(f, X),
    "minimize": lambda f: optim.minimize(f, X),
    "SciPy's minimize": lambda f: optim.minimize(f, X, method="BFGS"),
    "trace": lambda f: ag.trace(f, X),
    "checkpoint inside grad": lambda f: ag.grad(ag.checkpoint(f))(X),
}


@pytest.mark.parametrize("way", NUMBERS)
def test_a_variable_of_a_transform_does_not_become_a_number(way: str) -> None:
    """The message names three ways that keep the gradient, or say that none is wanted."""
    with pytest.raises(TypeError, match=r"(?s)np\.stack.*\.at\[i\]\.set.*stop_gradient\(x\)\.item"):
        ag.grad(NUMBERS[way])(X)


@pytest.mark.parametrize("transform", TRANSFORMS)
def test_every_transform_refuses(transform: str) -> None:
    for f in (lambda x: math.exp((x * x).sum()), _filled):
        with pytest.raises(TypeError, match=r"np\.stack"):
            TRANSFORMS[transform](f)


@pytest.mark.parametrize("transform", TRANSFORMS)
def test_after_a_function_that_raised_nothing_is_bound(transform: str) -> None:
    kept: list[Any] = []

    def f(x: Any) -> Any:
        kept.append((x * 2).sum())
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        TRANSFORMS[transform](f)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ag.GraphLostWarning)
        assert float(kept[0]) == 12.0


def test_the_traceback_ends_at_the_line_that_wrote() -> None:
    with pytest.raises(TypeError) as caught:
        ag.grad(_filled)(X)
    assert str(caught.traceback[-1].statement).strip().startswith("out[(i, 0)")


def test_an_error_of_ones_own_stays_what_it_is() -> None:
    def f(x: Any) -> Any:
        try:
            float(x[0])
        except TypeError:
            raise ValueError("mine") from None

    with pytest.raises(ValueError, match="mine"):
        ag.grad(f)(X)


def test_numbers_without_derivative_are_free() -> None:
    """Control flow and counts; rounding has the derivative zero."""

    def f(x: Any) -> Any:
        count = int(x[2]) + math.floor(x[0]) + math.ceil(x[0]) + math.trunc(x[0]) + round(x[0])
        assert count == 7 and bool(x[0]) and x[0] < x[1] and x[0] != x[1] and f"{x[0]:.1f}" == "1.0"
        return count * x[0] * len(range(int(x[1])))

    assert ag.grad(f)(X).tolist() == [14.0, 0.0, 0.0]
    assert ag.grad(lambda x: x * round(x, 1))(2.55) == pytest.approx(2.6, abs=0.06)


def test_explicit_words_are_free() -> None:
    def f(x: Any) -> Any:
        with ag.no_grad():
            weight = float(x[1])
        return x[0] * (ag.stop_gradient(x[1]).item() + x[1].item() + float(x[1].detach()) + weight)

    assert ag.grad(f)(X).tolist() == [8.0, 0.0, 0.0]


def test_a_variable_outside_is_a_variable_inside() -> None:
    with pytest.raises(TypeError, match="being differentiated"):
        ag.grad(lambda x: ag.grad(lambda y: y * float(x))(3.0))(2.0)


def test_what_only_backward_differentiates_is_a_constant_of_a_transform() -> None:
    """It warns there, too, and the transform is right."""
    w = ag.Tensor(3.0, requires_grad=True)
    with pytest.warns(ag.GraphLostWarning):
        assert ag.grad(lambda x: x * float(w * w))(2.0) == 9.0


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
def test_a_variable_is_not_copied_without_its_graph(copied: Any) -> None:
    with pytest.raises(RuntimeError, match=r"t\.copy\(\)"):
        ag.grad(lambda x: (copied(x) ** 2).sum())(X)
    assert ag.grad(lambda x: (x.copy() ** 2).sum())(X).tolist() == [2.0, 4.0, 6.0]


def test_a_pullback_may_be_read_by_anybody() -> None:
    value, pullback = ag.vjp(lambda x: (x * x).sum(), X)
    assert float(value) == 14.0 and math.fsum(pullback(1.0)[0]) == 12.0


# Recorded imperatively -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("convert", [float, complex, math.exp, np.float64, lambda t: np.zeros(3).fill(t)])
def test_a_recorded_number_answers_with_a_warning(convert: Callable[[Any], Any]) -> None:
    for t in (w := ag.Tensor(2.0, requires_grad=True), w * 3):
        with pytest.warns(ag.GraphLostWarning, match=r"item\(\)") as caught:
            convert(t)
        assert [c.filename for c in caught] == [__file__]


def test_once_a_line() -> None:
    loss = ag.Tensor(2.0, requires_grad=True) * 3
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        for _ in range(3):
            numbers = [float(loss)]
            numbers += [float(loss)]
    assert len(caught) == 2


def test_quiet_ways() -> None:
    x = ag.Tensor(np.array(2.5), requires_grad=True)
    assert (int(x), x.item(), math.floor(x), f"{x:.2f}", x.tolist()) == (2, 2.5, 2, "2.50", 2.5)
    assert float(x.detach()) == float(x.detach().numpy()) == float(ag.stop_gradient(x)) == 2.5
    with ag.no_grad():
        assert float(x) == float(x * 1) == 2.5
    assert float(ag.Tensor(2.5)) == 2.5


# A result that does not depend on the input --------------------------------------------------------------------------

INDEPENDENT: dict[str, Callable[[Any], Any]] = {
    "a number": lambda x: 3.0,
    "an array": lambda x: np.array(3.0),
    "detached": lambda x: (x.detach() ** 2).sum(),
    "by item()": lambda x: x[0].item() ** 2,
    "inside no_grad": lambda x: ag.no_grad()(lambda: (x * x).sum())(),
    "by int()": lambda x: 0.5 * int(x[0]),
}


@pytest.mark.parametrize("name", INDEPENDENT)
def test_a_derivative_that_is_zero_by_independence_warns(name: str) -> None:
    f = INDEPENDENT[name]
    for derivative in (
        ag.grad(f),
        lambda x: ag.value_and_grad(f)(x)[1],
        lambda x: ag.vjp(f, x)[1](1.0)[0],
        ag.jacobian(f),
    ):
        with pytest.warns(ag.NoDependenceWarning) as caught:
            assert np.array_equal(derivative(X), np.zeros(3))
        assert [c.filename for c in caught] == [__file__]
    with pytest.warns(ag.NoDependenceWarning):
        assert ag.jvp(f, (X,), (X,))[1] == 0.0
    with pytest.warns(ag.NoDependenceWarning):
        optim.minimize(f, X)
    assert issubclass(ag.NoDependenceWarning, ag.GraphLostWarning)


def test_one_argument_of_several_is_enough() -> None:
    assert ag.grad(lambda x, y: y * y, (0, 1))(1.0, 2.0) == (0.0, 4.0)
    assert ag.grad(lambda p: p["a"] * 2)({"a": 1.0, "b": 2.0}) == {"a": 2.0, "b": 0.0}
    assert ag.vjp(lambda x, y: (x, 3.0), 1.0, 2.0)[1]((1.0, 1.0)) == (1.0, 0.0)
    assert ag.grad(lambda p, x: 2.0 * x)({}, 1.0) == {}


def test_a_linear_function_has_second_derivative_zero_without_a_warning() -> None:
    """Its gradient is a constant, and still a function of the point."""
    linear = lambda x: (3 * x).sum()
    assert np.array_equal(ag.hessian(linear)(X), np.zeros((3, 3)))
    assert np.array_equal(ag.hvp(linear, X, X), np.zeros(3))
    assert ag.grad(ag.grad(lambda x: 3 * x))(2.0) == 0.0
    assert ag.grad(ag.grad(ag.grad(lambda x: x * x)))(2.0) == 0.0
    assert ag.jvp(lambda x: ag.jvp(lambda y: 2 * y, (x,), (1.0,))[1], (3.0,), (1.0,))[1] == 0.0
    assert ag.gradcheck(linear, X, order=3) < 1e-7
    mixed = lambda w: ag.grad(lambda x: 3 * x + w)(1.0)
    assert ag.grad(mixed)(2.0) == 0.0
    w = ag.Tensor(2.0, requires_grad=True)
    g = ag.grad(lambda x: 3 * x)(w)
    (g * w).backward()
    assert g.item() == w.grad.item() == 3.0


INTEGERS: dict[str, Callable[[Any], Any]] = {
    "argmax": np.argmax,
    "allclose": lambda x: np.allclose(x, 1.0),
    "comparison": lambda x: x[0] > 1,
    "an int": lambda x: 3,
    "a bool": lambda x: True,
    "int()": lambda x: int(x[0]),
    "astype": lambda x: x[0].astype(int),
    "counted": lambda x: np.sum(x > 1),
}


@pytest.mark.parametrize("name", INTEGERS)
def test_integers_and_truth_values_have_no_derivative(name: str) -> None:
    f = INTEGERS[name]
    for derivative in (ag.grad(f), ag.jacobian(f), lambda x: ag.vjp(f, x), lambda x: ag.jvp(f, (x,), (x,))):
        with pytest.raises(TypeError, match=r"returned (int|bool).*Fix"):
            derivative(X)


def test_an_integer_beside_a_floating_result_is_an_extra() -> None:
    (_, place), pullback = ag.vjp(lambda x: (x * x, np.argmax(x)), X)
    assert place == 2 and pullback((np.ones(3), 0))[0].tolist() == [2.0, 4.0, 6.0]


# In-place operators --------------------------------------------------------------------------------------------------


def _augmented(symbol: str) -> Callable[[Any, Any], Any]:
    names: dict[str, Any] = {}
    exec(f"def change(t, other):\n    t {symbol}= other\n    return t", names)
    return names["change"]


ARITHMETIC = ["+", "-", "*", "/", "//", "%", "**"]
A, B = np.array([1.5, 2.5]), np.array([0.7, 1.2])


@pytest.mark.parametrize("symbol", ARITHMETIC)
def test_a_computed_tensor_goes_on_as_the_result(symbol: str) -> None:
    """h += b is h = h + b: value, derivatives by both, and the old value keeps its own."""
    change, spelled = _augmented(symbol), eval(f"lambda h, b: h {symbol} b")

    def by(f: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
        return lambda a, b: (f(a * 1.0, b) * np.array([1.0, 3.0])).sum()

    for g, expected in zip(ag.grad(by(change), (0, 1))(A, B), ag.grad(by(spelled), (0, 1))(A, B), strict=True):
        assert np.array_equal(g, expected)
    old = ag.Tensor(A, requires_grad=True) * 1.0
    new = change(old, B)
    assert new is not old and np.array_equal(old.numpy(), A) and np.array_equal(new.numpy(), spelled(A, B))


def test_matmul_in_place() -> None:
    change = _augmented("@")
    w, m = np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[0.5, 1.0], [2.0, 0.1]])
    assert np.array_equal(ag.grad(lambda w: change(w * 1, m).sum())(w), ag.grad(lambda w: (w @ m).sum())(w))
    plain = ag.Tensor(w)
    assert change(plain, m) is plain and np.array_equal(plain.numpy(), w @ m)


def test_the_variable_of_a_transform_is_computed() -> None:
    def f(x: Any) -> Any:
        x *= 3.0
        x += 1.0
        return (x * x).sum()

    assert ag.grad(f)(A).tolist() == (6 * (3 * A + 1)).tolist()
    assert np.array_equal(ag.hessian(f)(A), 18 * np.eye(2)) and A.tolist() == [1.5, 2.5]


def test_a_sum_may_begin_as_a_number_or_as_a_tensor() -> None:
    for start in (lambda: 0.0, lambda: ag.Tensor(0.0), lambda: np.float64(0.0)):

        def f(x: Any, start: Any = start) -> Any:
            s = start()
            for i in range(len(x)):
                s += x[i] ** 2
            s /= 2
            return s

        assert ag.grad(f)(X).tolist() == [1.0, 2.0, 3.0]


@pytest.mark.parametrize("symbol", ARITHMETIC)
def test_leaves_are_protected_outside_no_grad_and_stay_leaves_inside(symbol: str) -> None:
    change, w = _augmented(symbol), ag.Tensor(A, requires_grad=True)
    with pytest.raises(RuntimeError, match=r"in-place.*no_grad"):
        change(w, 2.0)
    assert np.array_equal(w.numpy(), A)
    with ag.no_grad():
        assert change(w, 2.0) is w
    assert w.requires_grad and np.array_equal(w.numpy(), eval(f"A {symbol} 2.0")) and A.tolist() == [1.5, 2.5]


@pytest.mark.parametrize("symbol", ["&", "|", "^", "<<", ">>"])
def test_operators_on_bits(symbol: str) -> None:
    a, b = np.array([6, 3]), np.array([2, 1])
    operator = eval(f"lambda a, b: a {symbol} b")
    for x, y in ((ag.Tensor(a, dtype=int), b), (a, ag.Tensor(b, dtype=int)), (ag.Tensor(a), ag.Tensor(b))):
        assert np.array_equal(operator(x, y), operator(a, b))
    t = ag.Tensor(a)
    assert _augmented(symbol)(t, b) is t and np.array_equal(t.numpy(), operator(a, b)) and a.tolist() == [6, 3]
    assert (~ag.Tensor(np.array([True, False]))).tolist() == [False, True]


# Into a plain array --------------------------------------------------------------------------------------------------

WRITING: dict[str, Callable[[Any, Any], Any]] = {
    "a += t": lambda a, t: a.__iadd__(t),
    "a -= 0.1 * t": lambda a, t: a.__isub__(0.1 * t),
    "np.multiply": lambda a, t: np.multiply(a, t, out=a),
    "np.exp": lambda a, t: np.exp(t, out=a),
    "np.divide where": lambda a, t: np.divide(1.0, t, out=a, where=np.array([True, False, True])),
    "np.add.accumulate": lambda a, t: np.add.accumulate(t, out=a),
    "np.add.at": lambda a, t: np.add.at(a, [0, 1, 0], t),
    "np.clip": lambda a, t: np.clip(t, 0.0, 1.5, out=a),
    "np.cumsum": lambda a, t: np.cumsum(t, out=a),
    "np.concatenate": lambda a, t: np.concatenate([t[:1], t[1:]], out=a),
    "np.copyto": lambda a, t: np.copyto(a, t),
    "np.put": lambda a, t: np.put(a, [0, 1, 2], t),
    "np.putmask": lambda a, t: np.putmask(a, a > 0.5, t),
    "a[:] = t": lambda a, t: a.__setitem__(slice(None), t),
}


@pytest.mark.parametrize("way", WRITING)
def test_a_plain_array_takes_what_has_no_graph(way: str) -> None:
    """As NumPy writes an array; what is recorded is refused and changes nothing."""
    write = WRITING[way]
    ours, theirs, kept = (np.array([0.2, 0.6, 1.0]) for _ in range(3))
    write(theirs, X)
    result = write(ours, ag.Tensor(X))
    assert np.array_equal(ours, theirs) and (result is None or result is ours)
    for recorded in (ag.Tensor(X, requires_grad=True), ag.Tensor(X, requires_grad=True) * 2):
        with pytest.raises(TypeError, match=r"Fix|Fix"):
            write(kept, recorded)
    assert kept.tolist() == [0.2, 0.6, 1.0]


def test_a_tensor_without_history_as_out() -> None:
    array = np.zeros(3)
    buffer, x = ag.Tensor(array), ag.Tensor(X)
    assert np.exp(x, out=buffer) is buffer and np.array_equal(buffer.numpy(), np.exp(X))
    whole, rest = ag.Tensor(np.zeros(3)), ag.Tensor(np.zeros(3))
    np.modf(x * 1.5, out=(rest, whole))
    assert whole.tolist() == [1.0, 3.0, 4.0] and rest.tolist() == [0.5, 0.0, 0.5]
    w = ag.Tensor(X, requires_grad=True)
    with pytest.raises(TypeError, match="out="):
        np.exp(x, out=w)
    with ag.no_grad():
        assert np.add(w, 1.0, out=w) is w
    assert w.is_leaf and w.requires_grad and w.tolist() == [2.0, 3.0, 4.0] and array.tolist() == [0.0] * 3


def test_a_step_of_gradient_descent_by_hand() -> None:
    p = ag.Tensor(X.copy(), requires_grad=True)
    (p * p).sum().backward()
    p.data -= 0.5 * p.grad
    assert p.tolist() == [0.0, 0.0, 0.0] and p.is_leaf
