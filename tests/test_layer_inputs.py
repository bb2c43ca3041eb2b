"""What layers and losses make of their inputs: one dtype throughout, no batch, an empty one, nothing overwritten."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import autograd_core as ag
import nn
from test_layers import LAYERS, results

EVERY = {
    **LAYERS,
    "Linear": (lambda: nn.Linear(4, 3), (2, 4)),
    "Dropout": (lambda: nn.Dropout(0.5), (2, 4)),
    "RReLU": (nn.RReLU, (2, 4)),
    "MaxPool3d": (lambda: nn.MaxPool3d(2), (1, 1, 2, 2, 4)),
    "AvgPool3d": (lambda: nn.AvgPool3d(2), (1, 1, 2, 2, 4)),
    "RNNCell": (lambda: nn.RNNCell(2, 3), (2, 2)),
    "LSTMCell": (lambda: nn.LSTMCell(2, 3), (2, 2)),
    "GRUCell": (lambda: nn.GRUCell(2, 3), (2, 2)),
}


@pytest.mark.parametrize("dtype", [np.float32, np.float16])
@pytest.mark.parametrize("name", EVERY)
def test_a_layer_keeps_its_dtype(name: str, dtype: Any) -> None:
    make, shape = EVERY[name]
    layer = make().to(dtype)
    x = ag.Tensor(np.random.default_rng(0).uniform(0.1, 0.9, shape).astype(dtype), requires_grad=True)
    found = results(layer(x))
    assert {y.dtype for y in found} == {np.dtype(dtype)}
    sum(y.sum() for y in found).backward()
    assert {p.grad.dtype for p in (x, *layer.parameters())} == {np.dtype(dtype)}
    assert {b.dtype for b in layer.buffers() if b.dtype.kind == "f"} <= {np.dtype(dtype)}


@pytest.mark.parametrize("name", [n for n, (make, _) in EVERY.items() if list(make().parameters())])
def test_data_in_another_dtype_than_the_weights_is_refused(name: str) -> None:
    make, shape = EVERY[name]
    model = nn.ModuleDict({"inner": make()})
    model.forward = lambda x: model["inner"](x)
    before = model.state_dict()
    with pytest.raises(TypeError, match=r"inner.*float64.*float32.*Fix: x\.astype\(np\.float32\)"):
        model(np.ones(shape))
    assert all(np.array_equal(before[k], v) for k, v in model.state_dict().items())


def test_an_initial_state_in_another_dtype_is_refused() -> None:
    x = np.ones((3, 1, 2), np.float32)
    with pytest.raises(TypeError, match=r"GRU.*state is float64.*float32"):
        nn.GRU(2, 3)(x, np.ones((1, 1, 3)))


p = np.array([[0.2, 0.3, 0.5], [0.6, 0.3, 0.1]])
y, classes, signs = np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 1.0]]), np.array([2, 0]), np.array([1.0, -1.0])
LOSSES: dict[str, tuple[Any, ...]] = {
    **dict.fromkeys(("MSELoss", "L1Loss", "SmoothL1Loss", "HuberLoss", "BCELoss", "BCEWithLogitsLoss"), (y,)),
    **dict.fromkeys(("KLDivLoss", "PoissonNLLLoss", "MultiLabelSoftMarginLoss", "SoftMarginLoss"), (y,)),
    **dict.fromkeys(("CrossEntropyLoss", "NLLLoss", "MultiMarginLoss"), (classes,)),
    "HingeEmbeddingLoss": (2 * y - 1,),
    "MultiLabelMarginLoss": (np.array([[0, 2, -1], [1, -1, 0]]),),
    "GaussianNLLLoss": (y, p),
    "MarginRankingLoss": (p[::-1], 2 * y - 1),
    "CosineEmbeddingLoss": (p[::-1], signs),
    "TripletMarginLoss": (p[::-1], p + 1),
    "TripletMarginWithDistanceLoss": (p[::-1], p + 1),
}
OPTIONS: dict[str, list[dict[str, Any]]] = {
    "CrossEntropyLoss": [{"weight": np.array([1.0, 2.0, 3.0])}, {"label_smoothing": 0.1}],
    "NLLLoss": [{"weight": np.array([1.0, 2.0, 3.0])}],
    "MultiMarginLoss": [{"weight": np.array([1.0, 2.0, 3.0]), "p": 2}],
    "MultiLabelSoftMarginLoss": [{"weight": np.array([1.0, 2.0, 3.0])}],
    "BCELoss": [{"weight": np.array([1.0, 2.0, 3.0])}],
    "BCEWithLogitsLoss": [{"weight": np.array([1.0, 2.0, 3.0]), "pos_weight": np.array([1.0, 2.0, 3.0])}],
    "KLDivLoss": [{"log_target": True}, {"reduction": "batchmean"}],
    "PoissonNLLLoss": [{"full": True}, {"log_input": False}],
    "GaussianNLLLoss": [{"full": True}],
    "SmoothL1Loss": [{"beta": 0.0}],
    "TripletMarginLoss": [{"swap": True}, {"p": 1.0}],
}
CASES = [(name, options) for name in LOSSES for options in ({}, {"reduction": "none"}, *OPTIONS.get(name, []))]


@pytest.mark.parametrize(("name", "options"), CASES, ids=str)
def test_a_loss_keeps_the_dtype_of_its_input(name: str, options: dict[str, Any]) -> None:
    """Targets and weights in float64, as NumPy makes them, do not widen a float32 model."""
    x = ag.Tensor(p.astype(np.float32), requires_grad=True)
    paired = name in ("MarginRankingLoss", "CosineEmbeddingLoss") or name.startswith("Triplet")
    others = [a.astype(np.float32) if paired and i < 2 and a.ndim == 2 else a for i, a in enumerate(LOSSES[name])]
    loss = getattr(nn, name)(**options)(x, *others)
    loss.sum().backward()
    assert (loss.dtype, x.grad.dtype) == (np.float32, np.float32)


def test_ctc_keeps_the_dtype_of_its_input() -> None:
    x = ag.Tensor(np.zeros((4, 2, 3), np.float32), requires_grad=True)
    loss = nn.CTCLoss()(nn.functional.log_softmax(x, 2), np.array([[1], [2]]), np.array([4, 3]), np.array([1, 1]))
    loss.backward()
    assert (loss.dtype, x.grad.dtype) == (np.float32, np.float32)


# Batches -------------------------------------------------------------------------------------------------------------


def along_batch(name: str) -> int:
    return 1 if name in ("RNN", "LSTM") else 0


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("name", sorted(EVERY.keys() - {"Softmax2d"}))  # three axes are (C, H, W) there
def test_an_empty_batch_gives_an_empty_result(name: str, training: bool) -> None:
    make, shape = EVERY[name]
    if name == "BatchNorm2d" and training:
        return
    layer, axis = make().train(training), along_batch(name)
    empty = tuple(0 if i == axis else n for i, n in enumerate(shape))
    x = ag.Tensor(np.zeros(empty, np.float32), requires_grad=True)
    found = results(layer(x))
    assert all(y.size == 0 for y in found)
    sum(y.sum() for y in found).backward()
    assert x.grad.shape == empty
    assert all(p.grad is not None and not p.grad.numpy().any() for p in layer.parameters())


UNBATCHED = (
    "Conv",
    "MaxPool",
    "AvgPool",
    "Adaptive",
    "InstanceNorm",
    "Transformer",
    "PixelShuffle",
    "RNN",
    "LSTM",
    "GRU",
)


@pytest.mark.parametrize("name", [n for n in EVERY if n.startswith(UNBATCHED)])
def test_a_sample_by_itself_is_a_batch_of_one(name: str) -> None:
    make, shape = EVERY[name]
    layer, axis = make().eval(), along_batch(name)
    x = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    whole, single = (results(layer(ag.Tensor(x.take(i, axis)))) for i in ([0], 0))
    for y, z in zip(whole, single, strict=True):
        assert z.ndim == y.ndim - 1
        np.testing.assert_allclose(z.numpy().ravel(), y.numpy().ravel(), rtol=1e-6)


@pytest.mark.parametrize("name", EVERY)
def test_inputs_are_not_overwritten(name: str) -> None:
    make, shape = EVERY[name]
    layer = make()
    values = np.random.default_rng(0).uniform(-0.9, 0.9, shape).astype(np.float32)
    x = ag.Tensor(values.copy(), requires_grad=True)
    y = results(layer(x))
    kept = [part.numpy().copy() for part in y]
    sum((part * part).sum() for part in y).backward()
    assert np.array_equal(x.numpy(), values)
    assert all(np.array_equal(part.numpy(), old) for part, old in zip(y, kept, strict=True))
