"""A setting of the wrong kind or out of range is refused when the layer is made, by its name."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest

import autograd_core as ag
import nn
from nn.modules.checking import COUNT, KINDS, NONZERO, NOT_NEGATIVE, POSITIVE, PROBABILITY

WRONG: dict[str, list[Any]] = {
    "bool": ["False", 1, 0.0, None, [], np.array([True])],
    "int": ["2", 2.0, True, None, 1j, (1, 2, 3, 4, 5), float("nan")],
    "float": ["2", 1j, None, [0.1], np.ones(2), np.array(1j), b"1", True],
    "str": [0, None, [], {}, b"mean"],
}
NAN = float("nan")
OUTSIDE = {
    COUNT: [0, -1],
    NONZERO: [0],
    NOT_NEGATIVE: [-1, -1e-9, NAN],
    POSITIVE: [0, -1, NAN],
    PROBABILITY: [-0.5, 1.5, 2, NAN],
}
CLASSES = {
    name: getattr(nn, name)
    for name in dir(nn)
    if inspect.isclass(getattr(nn, name)) and issubclass(getattr(nn, name), nn.Module)
}


def checks(kind: Any) -> dict[str, Any]:
    """Those of the constructor, which may stand in a base class."""
    constructors = (getattr(base.__dict__.get("__init__"), "checks", None) for base in kind.__mro__)
    return next(filter(None, constructors), getattr(kind, "checks", {}))


CHECKS = {(name, argument): check for name, kind in CLASSES.items() for argument, check in checks(kind).items()}


@pytest.mark.parametrize(("name", "argument"), CHECKS)
def test_a_setting_of_another_kind_or_out_of_range_is_refused_by_name(name: str, argument: str) -> None:
    check = CHECKS[name, argument]
    word = next((word for word, kind in KINDS.items() if kind is check.kind), "")
    for value in WRONG.get(word, []):
        if value is not None or not check.optional:
            with pytest.raises(TypeError, match=rf"{name}: {argument}=.* must be"):
                CLASSES[name](**{argument: value})
    for value in OUTSIDE[check.range] if check.range else ():
        if check.kind is None or check.kind.holds(value):
            with pytest.raises(ValueError, match=rf"{name}: {argument}=.* must"):
                CLASSES[name](**{argument: value})


def test_the_walk_sees_layers_and_losses() -> None:
    assert {("RNN", "batch_first"), ("GRU", "input_size"), ("BatchNorm2d", "eps"), ("HuberLoss", "delta"),
            ("KLDivLoss", "log_target"), ("ReLU", "inplace"), ("MaxPool2d", "ceil_mode"), ("Threshold", "value"),
            ("TransformerEncoderLayer", "dropout"), ("CTCLoss", "blank")} <= CHECKS.keys()  # fmt: skip


@pytest.mark.parametrize("number", [np.float32(0.5), np.array(0.5), 1, np.int64(1), ag.Tensor(0.5)])
def test_numbers_of_any_library_are_numbers(number: Any) -> None:
    assert nn.ELU(number)(np.array([1.0])) == 1
    assert nn.HuberLoss(delta=number)(np.zeros(2), np.zeros(2)) == 0
    assert nn.Linear(np.int64(2), 3, bias=np.bool_(False)).bias is None


@pytest.mark.parametrize("value", ["2", b"2", 1.5, None, True, [1, 2.0], 0, (1, 2, 3, 4)])
@pytest.mark.parametrize("name", ["Conv2d", "ConvTranspose2d", "MaxPool2d", "AvgPool2d"])
def test_sizes_are_whole_numbers(name: str, value: Any) -> None:
    sizes = (1, 1) if name.startswith("Conv") else ()
    with pytest.raises((TypeError, ValueError), match="kernel_size"):
        getattr(nn, name)(*sizes, value)(ag.Tensor(np.ones((1, 1, 4, 4), np.float32)))


@pytest.mark.parametrize("function", ["huber_loss", "smooth_l1_loss", "kl_div", "poisson_nll_loss"])
def test_functions_check_as_their_layers_do(function: str) -> None:
    x = np.ones(3)
    for argument, check in getattr(nn.functional, function).checks.items():
        wrong = {"bool": "False", "float": 1j, "str": 0}
        word = next(word for word, kind in KINDS.items() if kind is check.kind)
        with pytest.raises(TypeError, match=rf"{function}: {argument}="):
            getattr(nn.functional, function)(x, x, **{argument: wrong[word]})


def test_class_weights_are_real_numbers() -> None:
    for weight in (1j, np.ones(3, complex), np.ones(3, bool), "no"):
        with pytest.raises(TypeError, match="BCELoss: weight"):
            nn.BCELoss(weight=weight)


@pytest.mark.parametrize("requires_grad", [4, 1, 0, None, "False", np.float32, np.ones(1)])
def test_requires_grad_is_true_or_false(requires_grad: Any) -> None:
    """PyTorch's legacy ``Tensor(3, 4)`` makes an array of that shape; here it would be a number that is recorded."""
    with pytest.raises(TypeError, match="requires_grad"):
        ag.Tensor(3, requires_grad)
    with pytest.raises(TypeError, match="requires_grad"):
        nn.Parameter(np.ones(2), requires_grad)
    w = ag.Tensor(3.0)
    with pytest.raises(TypeError, match="requires_grad"):
        w.requires_grad = requires_grad
    assert not w.requires_grad and ag.Tensor(3.0, np.True_).requires_grad
