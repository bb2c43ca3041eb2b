"""What enters is converted exactly or refused by name: foreign containers, settings, lists of tensors."""

from __future__ import annotations

import array as buffers
import fractions
import operator
import warnings
from collections.abc import Callable, Iterator
from operator import attrgetter
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd_core as ag
import nn
import nn.functional as F
from autograd_core.ops.products import contractions
from functions import FUNCTIONS
from functions.trees import Constant, flat, mapped
from samples import LIBRARY, SAMPLED, SAMPLES
from samples.call import Call

pandas = pytest.importorskip("pandas")
sparse = pytest.importorskip("scipy.sparse")

NUMBERS = np.array([0.5, 2.0, 3.0])
few = settings(max_examples=4)


def leaf() -> ag.Tensor:
    return ag.Tensor(np.array([1.0, 4.0, 9.0]), requires_grad=True)


# Containers of other libraries ---------------------------------------------------------------------------------------


class Interface:
    """What only says where its numbers lie."""

    def __init__(self, array: Any) -> None:
        self.__array_interface__ = array.__array_interface__
        self.kept = array


class Labelled:
    """A stranger that answers NumPy's ufuncs in its own way, and so is no array type of its own standing."""

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        return np.array(NUMBERS, dtype)

    def __array_ufunc__(self, *args: Any, **kwargs: Any) -> Any:
        return NotImplemented


CONTAINERS: dict[str, Callable[[], Any]] = {
    "Series": lambda: pandas.Series(NUMBERS, index=[2, 0, 1]),
    "integer Series": lambda: pandas.Series([1, 2, 3], dtype="Int64"),
    "Index": lambda: pandas.Index(NUMBERS),
    "DataFrame": lambda: pandas.DataFrame([NUMBERS, NUMBERS], columns=["b", "a", "c"]),
    "extension array": lambda: pandas.array(NUMBERS),
    "masked array": lambda: np.ma.array(NUMBERS, mask=False),
    "memmap": lambda: NUMBERS.view(np.memmap),
    "recarray": lambda: NUMBERS.view(np.recarray),
    "memoryview": lambda: memoryview(NUMBERS),
    "array.array": lambda: buffers.array("d", NUMBERS.tolist()),
    "__array_interface__": lambda: Interface(NUMBERS),
    "half a duck": Labelled,
}
NO_REFLECTED = {"memmap", "recarray", "masked array"}
"""Arrays themselves: NumPy's own operators meet the tensor's as ufuncs, or are refused."""


def numbers_of(container: Any) -> Any:
    return np.asarray(container.kept if isinstance(container, Interface) else container, float)


OPERATORS = [operator.add, operator.sub, operator.mul, operator.truediv, operator.pow]


@pytest.mark.parametrize("sign", OPERATORS)
@pytest.mark.parametrize("name", CONTAINERS)
def test_a_container_on_either_side_stands_for_its_values(name: str, sign: Callable[..., Any]) -> None:
    """Labels are not aligned, units not kept: value and gradient are those of the plain array."""
    for swap in (False, True):
        if swap and name == "masked array":
            continue  # numpy.ma answers before the tensor is asked: see below

        def f(x: Any, other: Any, swap: bool = swap) -> Any:
            return sign(other, x) if swap else sign(x, other)

        container, x, same = CONTAINERS[name](), leaf(), leaf()
        y, expected = f(x, container), f(same, numbers_of(container))
        assert type(y) is ag.Tensor
        np.testing.assert_array_equal(y.numpy(), expected.numpy())
        y.sum().backward()
        expected.sum().backward()
        np.testing.assert_array_equal(x.grad.numpy(), same.grad.numpy())


@pytest.mark.parametrize("name", CONTAINERS)
def test_a_container_is_the_data_of_a_tensor_in_its_own_dtype(name: str) -> None:
    container = CONTAINERS[name]()
    t = ag.Tensor(container)
    assert type(t.data) is np.ndarray and t.dtype.kind in "fi" and t.dtype.itemsize == 8
    np.testing.assert_array_equal(t.numpy(), numbers_of(container))


@pytest.mark.parametrize("name", CONTAINERS)
def test_a_container_is_an_argument_of_functions_transforms_and_layers(name: str) -> None:
    container = CONTAINERS[name]()
    values, t = numbers_of(container), leaf()
    for f in (
        lambda c: np.hypot(t, c),
        lambda c: np.where(t > 2, t, c),
        lambda c: np.append(t, c),
        lambda c: np.outer(t, c),
        lambda c: np.interp(t, [0.0, 10.0, 20.0], c) if values.ndim == 1 else t,
        lambda c: t.at[:].add(c) if values.ndim == 1 else t,
        lambda c: np.array(t < c),
        lambda c: F.mse_loss(c, np.broadcast_to(t, values.shape)),
        lambda c: nn.Linear(3, 1, dtype=np.float64)(ag.Tensor(c).astype(float)).shape,
        lambda c: F.leaky_relu(c) if values.dtype == float else 0,
        lambda c: ag.grad(lambda x: (x * x).sum())(ag.Tensor(c).astype(float).numpy()),
        lambda c: ag.vjp(lambda x: x * t.detach(), values)[1](c)[0],
    ):
        np.testing.assert_array_equal(np.shape(f(container)), np.shape(f(values)))
        found, expected = (y.numpy() if isinstance(y, ag.Tensor) else y for y in (f(container), f(values)))
        np.testing.assert_array_equal(found, expected)


def test_the_argument_of_a_transform_may_be_a_container() -> None:
    series = pandas.Series(NUMBERS, index=[2, 0, 1])
    np.testing.assert_array_equal(ag.grad(lambda x: (x**2).sum())(series), 2 * NUMBERS)
    np.testing.assert_array_equal(ag.jvp(lambda x: x**2, (series,), (series,))[1], 2 * NUMBERS**2)
    found = ag.grad(lambda p: (p["w"] * NUMBERS).sum())({"w": series})
    np.testing.assert_array_equal(found["w"], NUMBERS)


def test_pandas_does_not_align_a_tensor_by_label() -> None:
    a = pandas.Series([1.0, 2.0, 3.0], index=[0, 1, 2])
    b = pandas.Series([1.0, 2.0, 3.0], index=[2, 1, 0])
    t = ag.Tensor(np.array([2.0, 4.0, 6.0]), requires_grad=True)
    assert ((t - a) * (t - b)).tolist() == [1.0, 4.0, 9.0]
    assert ((a - t) * (b - t)).tolist() == [1.0, 4.0, 9.0]


def matrix() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return np.matrix(NUMBERS)


MASKED = np.ma.array(NUMBERS, mask=[False, True, False])
REFUSED: dict[str, Callable[[], Any]] = {
    "MaskedArray": lambda: MASKED,
    "masked scalar in a list": lambda: [np.ma.array(1.0, mask=True), 1.0, 2.0],
    "matrix": matrix,
    "object": lambda: np.array([1.0, fractions.Fraction(1, 2), 3.0], object),
    "datetime64": lambda: np.array(["2020-01-01"] * 3, "M8[D]"),
    "timedelta64": lambda: np.array([1, 2, 3], "m8[s]"),
    "structured": lambda: np.zeros(3, [("a", float)]),
    "text": lambda: np.array(["a", "b", "c"]),
    "Series of text": lambda: pandas.Series(["a", "b", "c"]),
    "DataFrame of text": lambda: pandas.DataFrame({"a": ["x", "y", "z"]}),
    "Fraction": lambda: fractions.Fraction(1, 2),
    "None": lambda: None,
    "set": lambda: {1.0, 2.0, 3.0},
    "dict": lambda: {"a": 1.0},
    "bytes": lambda: b"abc",
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_converted_exactly_is_refused_by_name(name: str) -> None:
    """On either side of every operator, as data, in functions and layers; what the tensor held stays."""
    t = leaf()
    actions = [lambda c, s=sign: s(t, c) for sign in OPERATORS]
    actions += [lambda c: np.hypot(t, c), lambda c: ag.maximum(c, t), lambda c: t.at[:].set(c)]
    if name != "matrix":  # exact as data: two axes
        actions += [ag.Tensor, lambda c: setattr(ag.Tensor(NUMBERS), "data", c)]
    for action in actions:
        with pytest.raises(TypeError, match=r"\w: "):
            action(REFUSED[name]())
    if name not in ("Fraction", "None", "dict", "set", "bytes"):
        with pytest.raises(TypeError, match="Fix: "):
            t * REFUSED[name]()
    assert t.tolist() == [1.0, 4.0, 9.0] and t.grad is None


@pytest.mark.parametrize("sign", [*OPERATORS, operator.lt, operator.eq])
@pytest.mark.parametrize("mask", [MASKED, np.ma.array(NUMBERS)])
def test_a_masked_array_in_front_does_not_swallow_the_graph(sign: Callable[..., Any], mask: Any) -> None:
    """numpy.ma reads the values of whatever it is given, and asks nobody."""
    with pytest.raises(TypeError, match=r"numpy\.ma.*lost in silence.*Fix: np\.where\(m\.mask"):
        sign(mask, leaf())
    for function in (np.ma.multiply, np.ma.hypot, np.ma.dot, lambda m, t: np.ma.exp(t), lambda m, t: np.ma.array(t)):
        with pytest.raises(TypeError, match="lost in silence"):
            function(mask, leaf())
    filled = ag.Tensor(NUMBERS, True)
    np.where(MASKED.mask, 0, filled * MASKED.filled(0)).sum().backward()
    assert filled.grad.tolist() == [0.5, 0.0, 3.0]


def test_tensors_of_pytorch() -> None:
    torch = pytest.importorskip("torch")
    other = torch.tensor(NUMBERS)
    for y in (leaf() * other, other * leaf(), np.multiply(other, leaf())):
        np.testing.assert_array_equal(y.numpy(), NUMBERS * [1.0, 4.0, 9.0])
    assert ag.Tensor(other).dtype == np.float64 and nn.ReLU()(other).tolist() == NUMBERS.tolist()
    assert type(leaf() < other) is np.ndarray
    for wrong, words in ((other.clone().requires_grad_(), "PyTorch's graph"), (other.bfloat16(), "BFloat16")):
        for action in (
            ag.Tensor,
            lambda c: leaf() * c,
            lambda c: c * leaf(),
            nn.ReLU(),
            lambda c: np.hypot(leaf(), c),
        ):
            with pytest.raises(TypeError, match=f"torch's Tensor: .*{words}.*Fix: "):
                action(wrong)


def test_arrays_of_jax() -> None:
    jax = pytest.importorskip("jax")
    other = jax.numpy.asarray(NUMBERS, "float32")
    for y in (leaf() * other, other * leaf(), np.multiply(other, leaf())):
        np.testing.assert_array_equal(y.numpy(), NUMBERS * [1.0, 4.0, 9.0])
    assert ag.Tensor(other).dtype == np.float32
    with pytest.raises(TypeError, match=r"JAX traces it.*Fix: "):
        jax.jit(lambda x: leaf() * x)(other)
    with pytest.raises(TypeError, match=r"bfloat16.*Fix: x.astype\(np.float32\)"):
        leaf() * other.astype("bfloat16")


def test_indices_in_containers() -> None:
    x = leaf()
    chosen = pandas.Series([True, False, True], index=[2, 0, 1])
    assert x[chosen].tolist() == x[[0, 2]].tolist() == x[memoryview(np.array([0, 2]))].tolist() == [1.0, 9.0]
    three = ag.Tensor(np.array(2))
    assert x[:three].tolist() == [1.0, 4.0] and x[[three, 0]].tolist() == [9.0, 1.0]
    assert not any(isinstance(part, ag.Tensor) for part in (x[:three]._node.params["index"].stop,))
    with pytest.raises(TypeError, match="masked"):
        x[np.ma.array([0, 1], mask=[True, False])]


# Sparse constants ----------------------------------------------------------------------------------------------------

FORMATS = ["csr", "csc", "coo", "bsr", "dia", "lil", "dok"]
rng = np.random.default_rng(0)
DENSE = np.where(rng.random((4, 3)) < 0.6, rng.normal(size=(4, 3)), 0)


@pytest.mark.parametrize("matrix", [sparse.csr_array, sparse.csr_matrix])
@pytest.mark.parametrize("constant", [DENSE, DENSE * (1 - 2j)])
@pytest.mark.parametrize("shape", [(3,), (3, 2), (2, 3, 2)])
def test_a_sparse_matrix_times_a_tensor_is_the_product_with_the_dense_one(
    matrix: Any, constant: Any, shape: Any
) -> None:
    """Both sides; value, both modes, second order."""
    a, x = matrix(constant), rng.normal(size=shape)
    back = np.swapaxes(rng.normal(size=(*shape[:-2], 4, *shape[-1:])), -1, -2) if len(shape) > 1 else rng.normal(size=4)
    for f, dense, at in (
        (lambda t: a @ t, lambda t: constant @ t, x),
        (lambda t: t @ a, lambda t: t @ constant, back),
        (lambda t: np.matmul(a, t), lambda t: constant @ t, x),
    ):
        recorded = f(ag.Tensor(at, requires_grad=True))
        assert type(recorded) is ag.Tensor and recorded.requires_grad and type(f(ag.Tensor(at))) is ag.Tensor
        np.testing.assert_allclose(recorded.numpy(), dense(at), rtol=1e-13)

        def energy(t: Any, product: Any = f) -> Any:
            return np.sum(np.abs(product(t)) ** 2 + np.sin(np.real(product(t))))

        ag.gradcheck(energy, at)
        ag.gradcheck(energy, at, order=2, samples=3)
        expected = ag.grad(lambda t, g=dense: energy(t, g))(at)
        np.testing.assert_allclose(ag.grad(energy)(at), expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_of_scipys_is_a_constant(form: str) -> None:
    for make in (sparse.csr_array, sparse.csr_matrix):
        a, x = make(DENSE).asformat(form), rng.normal(size=3)
        np.testing.assert_allclose((a @ ag.Tensor(x, True)).numpy(), DENSE @ x, rtol=1e-13)
        np.testing.assert_allclose(ag.grad(lambda t, a=a: (a @ t).sum())(x), DENSE.sum(0), rtol=1e-13)


def test_a_layer_takes_sparse_rows() -> None:
    layer = nn.Linear(3, 2, dtype=np.float64)
    losses = [(layer(rows) ** 2).sum() for rows in (sparse.csr_array(DENSE), DENSE)]
    gradients = []
    for loss in losses:
        layer.zero_grad()
        loss.backward()
        gradients.append(layer.weight.grad.numpy().copy())
    np.testing.assert_allclose(*gradients, rtol=1e-12)


def test_what_a_sparse_matrix_has_no_part_in_is_refused_by_name() -> None:
    a, t = sparse.csr_array(np.eye(3)), leaf()
    for action in (
        *[lambda s=sign: s(t, a) for sign in OPERATORS],
        *(lambda: a + t, lambda: np.hypot(a, t), lambda: np.stack([np.eye(3), t * np.eye(3), a])),
        *(lambda: ag.Tensor(a), lambda: ag.grad(lambda x: x.sum())(a)),
    ):
        with pytest.raises(TypeError, match=r"(csr_array|dense).*Fix: .*A @ t"):
            action()
    with pytest.raises(TypeError):
        a * t
    with pytest.raises(ValueError, match=r"matmul: .*\(3, 3\).*\(2,\)"):
        a @ ag.Tensor(np.ones(2), requires_grad=True)


# Settings ------------------------------------------------------------------------------------------------------------


def is_number(x: Any) -> bool:
    return isinstance(x, (int, float, np.integer, np.floating)) and not isinstance(x, (bool, np.bool_))


def settings_of(call: Call) -> Iterator[tuple[int | str, Any]]:
    """The numbers and constant arrays of a call: where they stand, and what they are."""
    for key, value in (*enumerate(call.args), *call.params.items()):
        if is_number(value) or (isinstance(value, Constant) and value.array.dtype.kind in "iuf"):
            yield key, value.array if isinstance(value, Constant) else value


def called(f: Callable[..., Any], call: Call, key: int | str, value: Any, lift: bool) -> list[Any]:
    args, params = mapped((list(call.args), dict(call.params)), ag.Tensor if lift else np.copy)
    (args if isinstance(key, int) else params)[key] = value
    return flat(f(*args, **params))


def wave(results: list[Any]) -> Any:
    return sum((np.sum(np.sin(np.real(y))) for y in results if np.result_type(y).kind in "fc"), start=0.0)


def holds_no_tensor(value: Any) -> bool:
    if isinstance(value, (list, tuple)):
        return all(map(holds_no_tensor, value))
    return all(map(holds_no_tensor, value.values())) if isinstance(value, dict) else not isinstance(value, ag.Tensor)


def check_settings(f: Callable[..., Any], call: Call) -> None:
    """A recorded tensor as a setting is differentiated, or refused; one of integers is its number."""
    for key, value in settings_of(call):
        t = ag.Tensor(np.asarray(value, float), requires_grad=True)
        try:
            results = called(f, call, key, t, lift=True)
        except (TypeError, IndexError):
            results = []
        for y in results:
            if isinstance(y, ag.Tensor):
                assert not isinstance(y.data, ag.Tensor)
                assert y._node is None or holds_no_tensor(y._node.params)
        total = wave(results)
        if isinstance(total, ag.Tensor) and total.requires_grad and np.ndim(value) == 0:
            total.backward()
            slope = 0.0 if t.grad is None else t.grad.item()
            ends = [wave(called(f, call, key, float(value) + h, lift=False)) for h in (1e-6, -1e-6)]
            assert slope == pytest.approx((ends[0] - ends[1]) / 2e-6, rel=1e-4, abs=1e-4)
        if np.asarray(value).dtype.kind in "iu":
            try:
                found = called(f, call, key, ag.Tensor(np.asarray(value)), lift=True)
            except TypeError:
                continue  # NumPy's own function may want a plain int
            for y, right in zip(found, called(f, call, key, value, lift=False), strict=True):
                np.testing.assert_array_equal(y.numpy() if isinstance(y, ag.Tensor) else y, right)


@pytest.mark.parametrize("name", FUNCTIONS)
@few
@given(data=st.data())
def test_no_setting_of_a_function_loses_a_gradient(name: str, data: st.DataObject) -> None:
    f = contractions.trace if name == "trace" else attrgetter(name)(ag)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        check_settings(f, data.draw(FUNCTIONS[name]))


@pytest.mark.parametrize("name", SAMPLED)
@few
@given(data=st.data())
def test_no_setting_of_a_primitive_loses_a_gradient(name: str, data: st.DataObject) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        check_settings(LIBRARY[name].function, data.draw(SAMPLES[name]))


X = np.array([[-1.5, 0.3, 2.0], [0.7, -0.2, 1.1]])
IMAGE = np.arange(1.0, 37.0).reshape(1, 1, 6, 6)
LEARNED: dict[str, tuple[Callable[..., Any], tuple[Any, ...], dict[str, float]]] = {
    "leaky_relu": (F.leaky_relu, (X,), {"negative_slope": 0.2}),
    "elu": (F.elu, (X,), {"alpha": 1.5}),
    "celu": (F.celu, (X,), {"alpha": 1.5}),
    "hardtanh": (F.hardtanh, (X,), {"min_val": -0.5, "max_val": 0.5}),
    "hardshrink": (F.hardshrink, (X,), {"lambd": 0.25}),
    "softshrink": (F.softshrink, (X,), {"lambd": 0.25}),
    "threshold": (F.threshold, (X,), {"threshold": 0.1, "value": 0.4}),
    "softplus": (F.softplus, (X,), {"beta": 1.5}),
    "rrelu": (F.rrelu, (X,), {"lower": 0.1, "upper": 0.3}),
    "dropout": (F.dropout, (X,), {"p": 0.5}),
    "gaussian_noise": (F.gaussian_noise, (X,), {"std": 0.5}),
    "layer_norm": (F.layer_norm, (X, (3,)), {"eps": 0.1}),
    "rms_norm": (F.rms_norm, (X, (3,)), {"eps": 0.1}),
    "batch_norm": (F.batch_norm, (X, X[0] * 0, X[0] ** 2 + 1), {"eps": 0.1}),
    "avg_pool2d": (F.avg_pool2d, (IMAGE,), {"kernel_size": 2, "stride": 2, "padding": 0}),
    "max_pool2d": (F.max_pool2d, (IMAGE,), {"kernel_size": 2, "stride": 2, "padding": 0, "dilation": 1}),
    "conv2d": (F.conv2d, (IMAGE, IMAGE[..., :2, :2]), {"stride": 1, "padding": 0, "dilation": 1, "groups": 1}),
    "interpolate": (F.interpolate, (IMAGE,), {"scale_factor": 2}),
    "huber_loss": (F.huber_loss, (X, 0 * X), {"delta": 0.4}),
    "smooth_l1_loss": (F.smooth_l1_loss, (X, 0 * X), {"beta": 0.4}),
    "gaussian_nll_loss": (F.gaussian_nll_loss, (X, 0 * X, X**2), {"eps": 1e-3}),
    "margin_ranking_loss": (F.margin_ranking_loss, (X, X[::-1], np.sign(X)), {"margin": 0.3}),
    "hinge_embedding_loss": (F.hinge_embedding_loss, (X, np.sign(X)), {"margin": 0.3}),
    "triplet_margin_loss": (F.triplet_margin_loss, (X, X[::-1], X + 1), {"margin": 0.3, "p": 2.0}),
    "poisson_nll_loss": (F.poisson_nll_loss, (X, X**2), {"eps": 1e-3}),
    "pairwise_distance": (F.pairwise_distance, (X, X[::-1]), {"p": 2.5, "eps": 1e-3}),
    "cosine_similarity": (F.cosine_similarity, (X, X[::-1]), {"eps": 1e-8}),
    "cross_entropy": (F.cross_entropy, (X, np.array([0, 2])), {"label_smoothing": 0.1}),
    "attention": (F.scaled_dot_product_attention, (X, X, X), {"scale": 0.7}),
}


@pytest.mark.parametrize("name", LEARNED)
def test_no_setting_of_a_layer_loses_a_gradient(name: str) -> None:
    """Whether the input is recorded or not."""
    f, args, numbers = LEARNED[name]

    def value(key: str, x: Any, first: Any) -> Any:
        ag.manual_seed(0)
        return np.sum(np.sin(f(first, *args[1:], **{**numbers, key: x})))

    for key, number in numbers.items():
        for first in (args[0], ag.Tensor(args[0], requires_grad=True)):
            t = ag.Tensor(np.asarray(float(number)), requires_grad=True)
            try:
                y = value(key, t, first)
            except TypeError as refusal:
                assert key in str(refusal) or "gradient" in str(refusal) or "graph" in str(refusal)
                continue
            slope = 0.0
            if isinstance(y, ag.Tensor) and y.requires_grad:
                assert not isinstance(y.data, ag.Tensor)
                y.backward()
                slope = 0.0 if t.grad is None else t.grad.item()
            if number > 1e-6:
                ends = [value(key, number + h, args[0]) for h in (1e-7, -1e-7)]
                assert slope == pytest.approx((ends[0] - ends[1]) / 2e-7, rel=1e-4, abs=1e-5)


def test_a_refused_setting_names_itself_and_what_keeps_the_gradient() -> None:
    t, s = leaf(), ag.Tensor(0.1, requires_grad=True)
    for action, name in (
        (lambda: F.leaky_relu(t, s), "leaky_relu: negative_slope="),
        (lambda: np.unwrap(t, period=s), "unwrap: period="),
        (lambda: np.quantile(t, s), "quantile: q="),
        (lambda: np.linalg.norm(t, s), "norm: ord="),
        (lambda: np.linalg.norm(t, ag.Tensor(2.0, requires_grad=True)), "norm: ord="),
        (lambda: np.sum(t, initial=s), "sum: initial="),
    ):
        with pytest.raises(TypeError, match=f"{name} is a recorded tensor.*no derivative.*Fix: .*stop_gradient"):
            action()
    with ag.no_grad():
        assert F.leaky_relu(t, s).shape == (3,)
    assert F.leaky_relu(t, s.detach()).requires_grad and F.leaky_relu(t, ag.stop_gradient(s)).requires_grad


def test_a_forward_does_not_compute_with_tensors_that_are_not_its_arguments() -> None:
    """The row would know nothing of them; a tensor is never the data of another."""
    w, t = leaf(), leaf()
    for declared, args in (
        (ag.elementwise(lambda x: x * w, name="captures_1", x=lambda: w), (t,)),
        (ag.elementwise(lambda x, y: x * y * w, name="captures_2", x=1, y=1), (t, t)),
        (ag.linear(lambda x, n=1: x * w, name="captures_3", x=lambda g: g), (t, 2)),
        (ag.linear(lambda *xs: xs[0] * w, name="captures_4", xs=lambda g, index: g), (t, t, t)),
    ):
        with pytest.raises(TypeError, match=r"captures_\d: its forward computed with a tensor.*Fix: make it"):
            declared(*args)


# Lists of tensors ----------------------------------------------------------------------------------------------------


@st.composite
def nested(draw: st.DrawFn, depth: int = 2) -> tuple[Any, Any]:
    """Nested lists of tensors, arrays and numbers, and the same without tensors."""
    numbers = st.floats(-2, 2).map(lambda x: round(x, 3))
    dtypes = st.sampled_from([np.float32, np.float64, np.int64, np.complex128])
    tail = draw(st.sampled_from([(), (2,)]))

    def leaf() -> tuple[Any, Any]:
        value = np.array(draw(st.lists(numbers, min_size=2, max_size=2)) if tail else draw(numbers)).astype(
            draw(dtypes)
        )
        kinds = [lambda: (ag.Tensor(value, value.dtype.kind in "fc"), value), lambda: (value, value)]
        kinds.append(lambda: (value.tolist(), value.tolist()))
        return draw(st.sampled_from(kinds))()

    def rows(sides: tuple[int, ...]) -> tuple[Any, Any]:
        if not sides:
            return leaf()
        pairs = [rows(sides[1:]) for _ in range(sides[0])]
        make = draw(st.sampled_from([list, tuple]))
        return make(a for a, _ in pairs), make(b for _, b in pairs)

    return rows(tuple(draw(st.lists(st.integers(1, 3), min_size=1, max_size=depth))))


@given(pair=nested(), ndmin=st.integers(0, 4))
def test_array_has_numpys_shape_dtype_and_values(pair: tuple[Any, Any], ndmin: int) -> None:
    recorded, plain = pair
    found = ag.array(recorded, ndmin=ndmin)
    expected = np.array(plain, ndmin=ndmin)
    np.testing.assert_array_equal(found.numpy() if isinstance(found, ag.Tensor) else found, expected, strict=True)


@given(points=st.lists(st.floats(0.3, 2.0), min_size=3, max_size=3).map(np.array))
def test_array_is_differentiable(points: Any) -> None:
    """Every number arrives once, in both modes and second order."""

    def spiral(x: Any) -> Any:
        a, b, c = x
        return ag.array([[np.cos(a), -np.sin(b)], (1.0, c * a), [b * x[0], np.array(3.0)]])

    assert spiral(points).shape == (3, 2)
    ag.gradcheck(lambda x: np.sin(spiral(x)), points)
    ag.gradcheck(lambda x: np.sin(spiral(x)), points, order=2)
    ag.gradcheck(lambda x: np.exp(ag.array([x, [1.0, 2.0, 3.0], x * x])), points)


def test_array_refuses_ragged_rows_and_takes_a_dtype() -> None:
    t = leaf()
    with pytest.raises(ValueError, match=r"array: rows of shapes \(2,\), \(3,\).*Fix"):
        ag.array([t, t[:2]])
    with pytest.raises(TypeError, match="array"):
        ag.array([t[0], "x"])
    assert ag.array([t[0], 1], dtype=np.float32).dtype == np.float32
    assert type(ag.array([[1, 2]])) is np.ndarray
    assert ag.array(t).requires_grad and ag.array([ag.Tensor(np.array(1))]).dtype == np.int64


def test_lists_of_tensors_are_arrays_wherever_numpy_asks_us() -> None:
    t, v = leaf(), ag.Tensor(NUMBERS, requires_grad=True)
    u, w = t[0], t[1]
    plain = t.numpy()
    cases: list[tuple[Callable[[], Any], Any]] = [
        (lambda: np.dot([u, w, 1.0], v), np.dot([1.0, 4.0, 1.0], NUMBERS)),
        (lambda: ag.dot([u, w, 1.0], NUMBERS), np.dot([1.0, 4.0, 1.0], NUMBERS)),
        (lambda: t * [u, 1.0, w], plain * [1.0, 1.0, 4.0]),
        (lambda: [u, 1.0, w] * t, plain * [1.0, 1.0, 4.0]),
        (lambda: [u, 1.0, w] @ v, np.array([1.0, 1.0, 4.0]) @ NUMBERS),
        (lambda: np.append([u, w], v), np.append([1.0, 4.0], NUMBERS)),
        (lambda: np.stack([t, [u, 1, w]]), np.stack([plain, [1.0, 1, 4.0]])),
        (lambda: np.vstack([t, [u, 1, w]]), np.vstack([plain, [1.0, 1, 4.0]])),
        (lambda: np.concatenate([t, [u, 1]]), np.concatenate([plain, [1.0, 1]])),
        (lambda: np.where([True, False, True], t, [u, w, u]), np.array([1.0, 4.0, 9.0])),
        (lambda: np.select([t < 2, t < 5], [[u, u, u], v], default=w), np.array([1.0, 2.0, 4.0])),
        (lambda: np.choose([1, 0, 1], [[u, u, u], v]), np.array([0.5, 1.0, 3.0])),
        (lambda: ag.select([plain < 2], [NUMBERS], default=u), np.array([0.5, 1.0, 1.0])),
        (lambda: np.interp([u, w], [0.0, 10.0], v[:2]), np.interp([1.0, 4.0], [0.0, 10.0], NUMBERS[:2])),
        (lambda: ag.diag([u, w]), np.diag([1.0, 4.0])),
        (lambda: ag.sum([u, w, 2.0]), 7.0),
        (lambda: ag.exp([u, w]), np.exp([1.0, 4.0])),
        (lambda: ag.reshape([u, w], (2, 1)), np.array([[1.0], [4.0]])),
        (lambda: t.at[:2].set([w, u]), np.array([4.0, 1.0, 9.0])),
        (lambda: F.mse_loss([u, w], [0.0, 0.0]), 8.5),
        (lambda: nn.ReLU()([u, -w]), np.array([1.0, 0.0])),
    ]
    for f, expected in cases:
        y = f()
        np.testing.assert_allclose(y.numpy(), expected, rtol=1e-14)
        assert y.requires_grad
        y.sum().backward(retain_graph=True)
    assert np.all(np.isfinite(t.grad.numpy())) and np.all(t.grad.numpy()[:2] != 0)


JOINED: dict[str, Callable[[Any, Any, Any], Any]] = {
    "vectors": lambda j, x, y: j[x, 0.0, y, 5],
    "ranges": lambda j, x, y: j[1:4, x, 0:1:3j],
    "lists": lambda j, x, y: j[[1, 2, 3], x],
    "matrices": lambda j, x, y: j[x[None], y[None]],
    "a directive": lambda j, x, y: j["0,2", x, y],
    "an axis": lambda j, x, y: j["-1", x[None], y[None]],
    "transposed": lambda j, x, y: j["0,2,0", x, y],
    "numbers": lambda j, x, y: j[x[0], y[1], 2],
}


@pytest.mark.parametrize("name", JOINED)
@pytest.mark.parametrize("brackets", ["r_", "c_"])
def test_r_and_c_join_as_numpys(brackets: str, name: str) -> None:
    ours, theirs, f = getattr(ag, brackets), getattr(np, brackets), JOINED[name]
    x = np.array([1.0, 4.0, 9.0])
    try:
        expected = f(theirs, x, NUMBERS)
    except ValueError:
        with pytest.raises(ValueError):
            f(ours, leaf(), NUMBERS)
        return
    found = f(ours, leaf(), ag.Tensor(NUMBERS))
    np.testing.assert_array_equal(found.numpy(), expected, strict=True)
    np.testing.assert_array_equal(f(ours, x, NUMBERS), expected, strict=True)
    ag.gradcheck(lambda a, b: np.sin(f(ours, a, b)), x, NUMBERS)
    single = f(ours, ag.Tensor(x.astype(np.float32)), NUMBERS.astype(np.float32))
    assert single.dtype == f(theirs, x.astype(np.float32), NUMBERS.astype(np.float32)).dtype


def test_where_numpy_cannot_be_intercepted_the_message_names_what_keeps_the_gradient() -> None:
    """It never offers detach()."""
    scipy_linalg, scipy_special = pytest.importorskip("scipy.linalg"), pytest.importorskip("scipy.special")
    t, m = leaf(), ag.Tensor(np.eye(2), requires_grad=True)
    c, s = t[0], t[1]
    frame = pandas.DataFrame(np.eye(3))

    def assigned() -> None:
        block = np.zeros((4, 4))
        block[:2, :2] = m

    for action, way in (
        (lambda: np.array([[c, -s], [s, c]]), "ag.array"),
        (lambda: np.asarray([t, t]), "np.stack"),
        (lambda: ag.Tensor([c, s]), "ag.array"),
        (lambda: np.diag([c, s]), "ag.diag"),
        (lambda: np.r_[t, 0.0], "ag.r_"),
        (assigned, r"x\.at\[index\]\.set\(t\)"),
        (lambda: np.ones(3).dot(t), r"ag\.dot\(x, t\)"),
        (lambda: frame @ t, r"ag\.matmul\(df, t\)"),
        (lambda: np.select([np.array([True])], [1.0], default=c), "ag.select"),
        (lambda: scipy_special.logsumexp(t), r"ag\.special\.f"),
        (lambda: scipy_linalg.expm(m), r"ag\.linalg\.f"),
    ):
        with pytest.raises(TypeError, match=rf"lost in silence.*Fix: .*{way}") as caught:
            action()
        assert "detach()" not in str(caught.value)
    np.testing.assert_array_equal(ag.matmul(frame, t).numpy(), t.numpy())
