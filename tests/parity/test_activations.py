"""Activations against PyTorch's: modules with the same arguments, functions of the same names."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import nn  # noqa: E402
from parity.sides import assert_same  # noqa: E402

X = np.random.default_rng(0).normal(0, 2, (4, 6))
CASES = [
    *((name, {}) for name in ("ELU", "SELU", "CELU", "GELU", "SiLU", "Mish", "ReLU", "ReLU6", "LeakyReLU", "Sigmoid")),
    *((name, {}) for name in ("Tanh", "Softplus", "Softsign", "Tanhshrink", "LogSigmoid", "Hardswish", "Hardsigmoid")),
    *((name, {}) for name in ("Hardtanh", "Hardshrink", "Softshrink", "GLU", "PReLU")),
    *(("ELU", {"alpha": a}) for a in (0.5, 2.0)),
    *(("CELU", {"alpha": a}) for a in (0.5, 2.0)),
    *(("LeakyReLU", {"negative_slope": a}) for a in (0.2, 1.5)),
    ("GELU", {"approximate": "tanh"}),
    *(("Softplus", {"beta": b, "threshold": t}) for b in (0.5, 3.0) for t in (1.0, 20.0)),
    *(("Hardtanh", {"min_val": a, "max_val": b}) for a in (-2.0, 0.0) for b in (0.5, 3.0)),
    *((name, {"lambd": a}) for name in ("Hardshrink", "Softshrink") for a in (0.1, 1.0)),
    *(("GLU", {"dim": d}) for d in (0, 1)),
    *((name, {"dim": d}) for name in ("Softmax", "LogSoftmax", "Softmin") for d in (0, 1, -1)),
    *(("Threshold", {"threshold": t, "value": v}) for t in (-1.0, 0.5) for v in (0.0, -3.0)),
    *(("PReLU", {"num_parameters": n, "init": 0.3}) for n in (1, 6)),
    ("ReLU", {"inplace": True}),
]


def tolerance(name: str) -> float:
    return 1e-8 if name.lower() == "hardsigmoid" else 1e-9  # PyTorch takes its 1/6 in float32, whatever the dtype


@pytest.mark.parametrize(("name", "options"), CASES)
@pytest.mark.parametrize("scale", [1.0, 30.0])
def test_modules(name: str, options: dict, scale: float) -> None:
    if "inplace" in options:
        assert_same(getattr(nn, name)(**options), getattr(torch.nn, name)(), scale * X)
        return
    ours, theirs = getattr(nn, name)(**options).to(np.float64), getattr(torch.nn, name)(**options).double()
    parameters = list(zip(ours.parameters(), theirs.parameters(), strict=True))
    assert_same(ours, theirs, scale * X, parameters=parameters, tolerance=tolerance(name))


@pytest.mark.parametrize("shape", [(2, 3, 4), (2, 3, 4, 5)])
def test_softmax2d_and_channelwise_prelu(shape: tuple[int, ...]) -> None:
    x = np.random.default_rng(1).normal(size=shape)
    assert_same(nn.Softmax2d(), torch.nn.Softmax2d(), x)
    ours, theirs = nn.PReLU(3).to(np.float64), torch.nn.PReLU(3).double()
    assert_same(ours, theirs, x, parameters=[(ours.weight, theirs.weight)])


def test_rrelu_in_eval_mode() -> None:
    assert_same(nn.RReLU(0.1, 0.4).eval(), torch.nn.RReLU(0.1, 0.4).eval(), X)


FUNCTIONS = [
    *("relu", "relu6", "elu", "selu", "celu", "leaky_relu", "gelu", "logsigmoid", "hardshrink", "tanhshrink"),
    *("softsign", "softplus", "softshrink", "tanh", "sigmoid", "hardsigmoid", "silu", "mish", "hardswish", "hardtanh"),
]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions(name: str) -> None:
    assert_same(getattr(nn.functional, name), getattr(torch.nn.functional, name), X, tolerance=tolerance(name))
