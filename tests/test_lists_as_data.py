"""A list of numbers is data wherever an array is: for layers, losses and their functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd_core as ag
import nn
import nn.functional as F

ROWS = [[1.0, 2.0, 3.0, 4.0], [0.5, 1.5, 2.5, 3.5]]
IMAGE = [[ROWS]]

LAYERS: dict[str, tuple[Callable[[], Any], tuple[Any, ...]]] = {
    "Linear": (lambda: nn.Linear(4, 2), (ROWS,)),
    "Bilinear": (lambda: nn.Bilinear(4, 4, 2), (ROWS, ROWS)),
    "Sequential": (lambda: nn.Sequential(nn.Linear(4, 3), nn.Tanh(), nn.Linear(3, 1)), (ROWS,)),
    **{name: (getattr(nn, name), (ROWS,)) for name in ("ReLU", "GELU", "LeakyReLU", "Softplus", "PReLU", "Softmax")},
    "Identity": (nn.Identity, (ROWS,)),
    "Flatten": (nn.Flatten, (IMAGE,)),
    "BatchNorm1d": (lambda: nn.BatchNorm1d(4), (ROWS,)),
    "LayerNorm": (lambda: nn.LayerNorm(4), (ROWS,)),
    "GroupNorm": (lambda: nn.GroupNorm(2, 4), (ROWS,)),
    "Dropout": (lambda: nn.Dropout(0.0), (ROWS,)),
    "Conv1d": (lambda: nn.Conv1d(2, 3, 2), ([ROWS],)),
    "Conv2d": (lambda: nn.Conv2d(1, 2, 2), (IMAGE,)),
    "ConvTranspose1d": (lambda: nn.ConvTranspose1d(2, 3, 2), ([ROWS],)),
    "MaxPool2d": (lambda: nn.MaxPool2d(2), (IMAGE,)),
    "AdaptiveAvgPool1d": (lambda: nn.AdaptiveAvgPool1d(2), ([ROWS],)),
    "Upsample": (lambda: nn.Upsample(scale_factor=2), ([ROWS],)),
    "RNN": (lambda: nn.RNN(4, 3), ([ROWS],)),
    "LSTMCell": (lambda: nn.LSTMCell(4, 3), (ROWS,)),
    "GRU": (lambda: nn.GRU(4, 3), ([ROWS],)),
    "MultiheadAttention": (lambda: nn.MultiheadAttention(4, 2), ([ROWS],) * 3),
    "TransformerEncoderLayer": (lambda: nn.TransformerEncoderLayer(4, 2, 8, dropout=0.0), ([ROWS],)),
    "CosineSimilarity": (nn.CosineSimilarity, (ROWS, ROWS[::-1])),
    "PairwiseDistance": (nn.PairwiseDistance, (ROWS, ROWS[::-1])),
    "MSELoss": (nn.MSELoss, (ROWS, ROWS[::-1])),
    "BCELoss": (nn.BCELoss, ([0.3, 0.4], [0.0, 1.0])),
    "GaussianNLLLoss": (nn.GaussianNLLLoss, (ROWS, ROWS[::-1], ROWS)),
    "TripletMarginLoss": (nn.TripletMarginLoss, (ROWS, ROWS, ROWS[::-1])),
}


def first(result: Any) -> Any:
    while isinstance(result, tuple):
        result = result[0]
    return np.asarray(result.data if isinstance(result, ag.Tensor) else result)


@pytest.mark.parametrize("name", LAYERS)
def test_a_layer_takes_lists_as_arrays_of_its_dtype(name: str) -> None:
    make, lists = LAYERS[name]
    for dtype in (np.float32, np.float64):
        layer = make().to(dtype)
        dtype = next((p.dtype for p in layer.parameters()), np.dtype(np.float32))
        of_lists, of_arrays = first(layer(*lists)), first(layer(*(np.array(a, dtype) for a in lists)))
        assert of_lists.dtype == dtype
        np.testing.assert_array_equal(of_lists, of_arrays)


def test_integers_are_inputs_and_classes_stay_classes() -> None:
    linear = nn.Linear(2, 1)
    np.testing.assert_array_equal(linear([[1, 2]]).data, linear(np.array([[1, 2]], np.float32)).data)
    logits = np.array(ROWS, np.float32)
    expected = nn.CrossEntropyLoss()(logits, np.array([1, 2]))
    assert nn.CrossEntropyLoss()(ROWS, [1, 2]) == nn.CrossEntropyLoss()(logits, [1, 2]) == expected
    assert nn.Embedding(5, 3)([1, 2]).shape == (2, 3)


def test_a_list_beside_a_tensor_takes_its_dtype() -> None:
    x = ag.Tensor(np.array(ROWS), requires_grad=True)
    loss = nn.MSELoss()(x, [[0.1] * 4] * 2)
    assert loss.dtype == np.float64 and loss.item() == np.mean((np.array(ROWS) - 0.1) ** 2)


def test_functions_take_them_too_and_settings_stay_lists() -> None:
    x = np.array(ROWS, np.float32)
    np.testing.assert_array_equal(F.layer_norm(ROWS, [4]), F.layer_norm(x, (4,)))
    np.testing.assert_array_equal(F.max_pool2d(IMAGE, [2, 2]), F.max_pool2d(np.array(IMAGE, np.float32), 2))
    np.testing.assert_array_equal(F.conv1d([ROWS], [[[1.0], [2.0]]]), F.conv1d(x[None], np.float32([[[1.0], [2.0]]])))
    np.testing.assert_array_equal(F.interpolate([ROWS], size=[8]), F.interpolate(x[None], size=(8,)))
    assert F.cross_entropy(ROWS, [1, 2]) == F.cross_entropy(x, np.array([1, 2]))


def test_a_module_of_ones_own_gets_the_list_that_it_was_given() -> None:
    class Longest(nn.Module):
        def forward(self, words: list[int]) -> int:
            assert isinstance(words, list)
            return max(words)

    assert Longest()([1, 3, 2]) == 3


def test_a_shape_that_is_wrong_is_named() -> None:
    with pytest.raises(ValueError, match=r"input of shape \(1, 3\); the last axis must be 4"):
        nn.Linear(4, 2)([[1.0, 2.0, 3.0]])
