"""Convolution, pooling and normalisation against PyTorch's, with its weights loaded by the same keys."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import nn  # noqa: E402
from parity.sides import assert_same  # noqa: E402

RNG = np.random.default_rng(0)


def product(**choices: Any) -> list[dict[str, Any]]:
    return [dict(zip(choices, chosen, strict=True)) for chosen in itertools.product(*choices.values())]


def check(
    name: str, args: tuple[Any, ...], options: dict[str, Any], *shapes: tuple[int, ...], train: bool = True
) -> None:
    theirs = getattr(torch.nn, name)(*args, **options).double()
    ours = getattr(nn, name)(*args, **options).to(np.float64)
    for value in theirs.state_dict().values():
        if value.is_floating_point():
            value.copy_(torch.tensor(RNG.uniform(0.2, 1.5, value.shape)))
    ours.load_state_dict({k: v.numpy() for k, v in theirs.state_dict().items()})
    ours.train(train)
    theirs.train(train)
    pairs = list(zip(ours.parameters(), theirs.parameters(), strict=True))
    for shape in shapes:
        ours.zero_grad()
        theirs.zero_grad()
        assert_same(ours, theirs, RNG.normal(size=shape), parameters=pairs)
    for key, value in theirs.state_dict().items():
        np.testing.assert_allclose(ours.state_dict()[key], value.numpy(), rtol=1e-9, atol=1e-12)


PLACES = {1: (9,), 2: (7, 8), 3: (4, 5, 6)}
CONV = [
    *product(kernel_size=[3], stride=[1, 2], padding=[0, 1], dilation=[1, 2], groups=[1, 2], bias=[True]),
    *product(kernel_size=[1, 2], stride=[1, 3], padding=["valid"], bias=[False]),
    *product(kernel_size=[2, 3], padding=["same"], dilation=[1, 2]),
    *product(kernel_size=[3], padding=[1, 2], padding_mode=["reflect", "replicate", "circular"], stride=[1, 2]),
    {"kernel_size": 3, "padding": "same", "padding_mode": "circular"},
]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("dims", [1, 2, 3])
@pytest.mark.parametrize("options", CONV)
def test_conv(dims: int, options: dict[str, Any]) -> None:
    if dims == 3 and options.get("dilation", 1) == 2 and options["kernel_size"] == 3 and options.get("padding") == 0:
        options = {**options, "padding": 1}
    if dims == 3 and options.get("padding_mode") == "circular" and options.get("padding") == "same":
        pytest.skip("as in fewer dimensions")
    check(f"Conv{dims}d", (4, 6), options, (2, 4, *PLACES[dims]), (4, *PLACES[dims]))


def test_conv2d_with_sizes_of_each_axis() -> None:
    options = {"kernel_size": (3, 2), "stride": (2, 1), "padding": (1, 0), "dilation": (1, 2)}
    check("Conv2d", (3, 4), options, (2, 3, 7, 6))


TRANSPOSED = [
    *product(kernel_size=[2, 3], stride=[1, 2], padding=[0, 1], dilation=[1, 2], groups=[1, 2]),
    *product(kernel_size=[3], stride=[2, 3], output_padding=[1], padding=[0, 1], bias=[True, False]),
]


@pytest.mark.parametrize("dims", [1, 2, 3])
@pytest.mark.parametrize("options", TRANSPOSED)
def test_conv_transpose(dims: int, options: dict[str, Any]) -> None:
    places = {1: (5,), 2: (4, 3), 3: (3, 2, 3)}[dims]
    check(f"ConvTranspose{dims}d", (4, 6), options, (2, 4, *places), (4, *places))


MAX = product(kernel_size=[2, 3], stride=[None, 1, 2], padding=[0, 1], dilation=[1, 2], ceil_mode=[False, True])
AVG = product(
    kernel_size=[2, 3], stride=[None, 1, 2], padding=[0, 1], ceil_mode=[False, True], count_include_pad=[True, False]
)


@pytest.mark.parametrize("dims", [1, 2, 3])
@pytest.mark.parametrize("options", MAX)
def test_max_pool(dims: int, options: dict[str, Any]) -> None:
    if dims == 3 and options["kernel_size"] == 3 and options["dilation"] == 2:
        pytest.skip("the window is larger than the input")
    check(f"MaxPool{dims}d", (), options, (2, 3, *PLACES[dims]), (3, *PLACES[dims]))


@pytest.mark.parametrize("dims", [1, 2, 3])
@pytest.mark.parametrize("options", AVG)
def test_avg_pool(dims: int, options: dict[str, Any]) -> None:
    check(f"AvgPool{dims}d", (), options, (2, 3, *PLACES[dims]), (3, *PLACES[dims]))


def test_avg_pool_with_a_divisor() -> None:
    check("AvgPool2d", (2,), {"divisor_override": 3, "ceil_mode": True}, (2, 3, 7, 8))


@pytest.mark.parametrize("kind", ["Avg", "Max"])
@pytest.mark.parametrize("size", [1, 3, 5, (7, 2), (None, 4), (2, None)])
def test_adaptive_pooling(kind: str, size: Any) -> None:
    check(f"Adaptive{kind}Pool2d", (size,), {}, (2, 3, 7, 8), (3, 7, 8))
    if isinstance(size, int):
        check(f"Adaptive{kind}Pool1d", (size,), {}, (2, 3, 9), (3, 9))


NORMS = product(eps=[1e-5, 0.1], momentum=[0.1, 0.7, None], affine=[True, False], track_running_stats=[True, False])


@pytest.mark.parametrize("dims", [1, 2, 3])
@pytest.mark.parametrize("train", [True, False])
@pytest.mark.parametrize("options", NORMS)
def test_batch_norm(dims: int, train: bool, options: dict[str, Any]) -> None:
    places = {1: (5,), 2: (3, 4), 3: (2, 3, 2)}[dims]
    shapes = [(4, 3, *places), (3, 3, *places), *([(5, 3)] if dims == 1 else [])]
    check(f"BatchNorm{dims}d", (3,), options, *shapes, train=train)


@pytest.mark.parametrize("dims", [1, 2, 3])
@pytest.mark.parametrize("train", [True, False])
@pytest.mark.parametrize("options", [o for o in NORMS if o["momentum"] is not None])
def test_instance_norm(dims: int, train: bool, options: dict[str, Any]) -> None:
    places = {1: (5,), 2: (3, 4), 3: (2, 3, 2)}[dims]
    check(f"InstanceNorm{dims}d", (3,), options, (4, 3, *places), (3, *places), train=train)


@pytest.mark.parametrize("options", product(eps=[1e-5, 0.1], elementwise_affine=[True, False], bias=[True, False]))
@pytest.mark.parametrize("shape", [4, (3, 4)])
def test_layer_norm(options: dict[str, Any], shape: Any) -> None:
    check("LayerNorm", (shape,), options, (2, 3, 4), (5, 3, 4))


@pytest.mark.parametrize("options", product(eps=[None, 0.1], elementwise_affine=[True, False]))
def test_rms_norm(options: dict[str, Any]) -> None:
    check("RMSNorm", (4,), options, (2, 3, 4))


@pytest.mark.parametrize("options", product(eps=[1e-5, 0.1], affine=[True, False]))
@pytest.mark.parametrize("groups", [1, 2, 6])
def test_group_norm(options: dict[str, Any], groups: int) -> None:
    check("GroupNorm", (groups, 6), options, (2, 6), (2, 6, 5), (2, 6, 3, 4))
