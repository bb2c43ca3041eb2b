"""Every layer and loss: derivatives against finite differences, and the laws that each is known for."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd_core as ag
import nn
from nn import functional as F
from nn.kernels.windows import fold, unfold
from nn.layers import activation_layers
from strategies import generators

RNG = np.random.default_rng(0)


def away_from_kinks(*shape: int) -> Any:
    """Distinct numbers, none within 0.05 of a multiple of ½, where the activations have their kinks."""
    size = math.prod(shape)
    return (np.random.default_rng(1).permutation(size) * 0.5 - size // 4 + 0.23).reshape(shape)


ACTIVATIONS = {*activation_layers.__all__} - {"Threshold", "RReLU"}
LAYERS: dict[str, tuple[Any, tuple[int, ...]]] = {
    **{name: (getattr(nn, name), (2, 4)) for name in activation_layers.__all__ if name not in ("Threshold", "RReLU")},
    "Threshold": (lambda: nn.Threshold(0.1, -2.0), (2, 4)),
    "Softmax2d": (nn.Softmax2d, (2, 3, 2)),
    "Conv1d": (lambda: nn.Conv1d(2, 3, 2, stride=2, padding=1), (2, 2, 5)),
    "Conv2d": (lambda: nn.Conv2d(2, 2, (2, 3), dilation=(1, 2), groups=2, padding="same"), (1, 2, 3, 4)),
    "Conv2d, reflected": (lambda: nn.Conv2d(1, 2, 3, padding=1, padding_mode="reflect"), (1, 1, 3, 3)),
    "Conv3d": (lambda: nn.Conv3d(1, 2, 2), (1, 1, 3, 2, 2)),
    "ConvTranspose1d": (lambda: nn.ConvTranspose1d(2, 2, 3, stride=2, padding=1, output_padding=1), (1, 2, 3)),
    "ConvTranspose2d": (lambda: nn.ConvTranspose2d(2, 2, 2, groups=2, dilation=2), (1, 2, 2, 2)),
    "MaxPool1d": (lambda: nn.MaxPool1d(2, padding=1), (1, 2, 5)),
    "MaxPool2d": (lambda: nn.MaxPool2d(2, stride=1, ceil_mode=True), (1, 1, 3, 4)),
    "AvgPool1d": (lambda: nn.AvgPool1d(2, padding=1, count_include_pad=False), (1, 2, 5)),
    "AvgPool2d": (lambda: nn.AvgPool2d(2, ceil_mode=True), (1, 1, 3, 5)),
    "AdaptiveAvgPool2d": (lambda: nn.AdaptiveAvgPool2d((2, 3)), (1, 1, 3, 5)),
    "AdaptiveMaxPool1d": (lambda: nn.AdaptiveMaxPool1d(2), (1, 2, 5)),
    "BatchNorm2d": (lambda: nn.BatchNorm2d(2), (2, 2, 2, 1)),
    "InstanceNorm1d": (lambda: nn.InstanceNorm1d(2, affine=True), (2, 2, 3)),
    "LayerNorm": (lambda: nn.LayerNorm((2, 3)), (2, 2, 3)),
    "RMSNorm": (lambda: nn.RMSNorm(3), (2, 3)),
    "GroupNorm": (lambda: nn.GroupNorm(2, 4), (2, 4, 2)),
    "Upsample": (lambda: nn.Upsample(size=5, mode="linear"), (1, 2, 3)),
    "Upsample, cubic": (lambda: nn.Upsample(scale_factor=1.5, mode="bicubic"), (1, 1, 2, 4)),
    "PixelShuffle": (lambda: nn.PixelShuffle(2), (1, 4, 1, 2)),
    "RNN": (lambda: nn.RNN(2, 3, num_layers=2), (3, 2, 2)),
    "LSTM": (lambda: nn.LSTM(2, 2, bidirectional=True), (3, 1, 2)),
    "GRU": (lambda: nn.GRU(2, 3, batch_first=True), (2, 3, 2)),
    "TransformerEncoderLayer": (lambda: nn.TransformerEncoderLayer(4, 2, 3, batch_first=True), (1, 3, 4)),
}


def results(y: Any) -> list[Any]:
    return [z for part in y for z in results(part)] if isinstance(y, (tuple, list)) else [y]


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("name", LAYERS)
def test_derivatives_of_every_layer(name: str, training: bool) -> None:
    """With respect to the input and all parameters, first order at some indices and second order at two."""
    make, shape = LAYERS[name]
    ag.manual_seed(0)
    layer = make().to(np.float64).train(training)
    names = [n for n, _ in layer.named_parameters()]
    for p in layer.parameters():
        p.data[...] = np.random.default_rng(2).uniform(0.3, 0.9, p.shape)

    def f(x: Any, *parameters: Any) -> Any:
        ag.manual_seed(1)
        found = results(nn.functional_call(layer, dict(zip(names, parameters, strict=True)), x))
        return ag.concatenate([np.reshape(y, (-1,)) for y in found])

    x = away_from_kinks(*shape) / (1 if math.prod(shape) < 12 else 4)
    ag.gradcheck(f, x, *layer.parameters(), samples=6, name=name)
    ag.gradcheck(f, x, *layer.parameters(), samples=1, order=2, name=name)


PAIRS: dict[str, tuple[Any, ...]] = {
    "MSELoss": (),
    "L1Loss": (),
    "HuberLoss": (),
    "SmoothL1Loss": (),
    "SoftMarginLoss": (),
    "PoissonNLLLoss": (),
    "MultiLabelSoftMarginLoss": (),
    "BCEWithLogitsLoss": (),
}


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("name", PAIRS)
def test_derivatives_of_losses_between_arrays(name: str, reduction: str) -> None:
    loss = getattr(nn, name)(reduction=reduction)
    x, y = away_from_kinks(3, 2), np.random.default_rng(3).uniform(0.1, 0.9, (3, 2))
    ag.gradcheck(lambda x: loss(x, y), x, name=name)
    ag.gradcheck(lambda x: loss(x, y), x, name=name, order=2, samples=2)


@pytest.mark.parametrize("name", ["CrossEntropyLoss", "NLLLoss", "MultiMarginLoss"])
@pytest.mark.parametrize("weight", [None, np.array([1.0, 2.0, 0.5])])
def test_derivatives_of_losses_over_classes(name: str, weight: Any) -> None:
    loss = getattr(nn, name)(weight=weight)
    ag.gradcheck(lambda x: loss(x, np.array([2, 0, 1, 1])), np.random.default_rng(5).normal(size=(4, 3)), name=name)


def test_derivatives_of_ctc() -> None:
    loss = nn.CTCLoss()
    labels, lengths = np.array([[1, 1], [2, 0]]), np.array([2, 1])
    f = lambda x: loss(F.log_softmax(x, 2), labels, np.array([4, 3]), lengths)
    ag.gradcheck(f, RNG.normal(size=(4, 2, 3)), order=2, samples=8)


# Convolution ---------------------------------------------------------------------------------------------------------


@settings(max_examples=25)
@given(
    rng=generators,
    kernel=st.tuples(st.integers(1, 3), st.integers(1, 2)),
    stride=st.tuples(st.integers(1, 2), st.integers(1, 3)),
    dilation=st.tuples(st.integers(1, 2), st.integers(1, 2)),
    padding=st.tuples(st.integers(0, 2), st.integers(0, 1)),
)
def test_convolution_is_its_defining_sum(rng: Any, kernel: Any, stride: Any, dilation: Any, padding: Any) -> None:
    x, w = rng.normal(size=(2, 2, 5, 4)), rng.normal(size=(3, 2, *kernel))
    y = F.conv2d(x, w, None, stride, padding, dilation)
    p = np.pad(x, ((0, 0), (0, 0), (padding[0],) * 2, (padding[1],) * 2))
    for n, o, i, j in np.ndindex(*y.shape):
        a, b = i * stride[0], j * stride[1]
        patch = p[n, :, a : a + dilation[0] * kernel[0] : dilation[0], b : b + dilation[1] * kernel[1] : dilation[1]]
        assert y[n, o, i, j] == pytest.approx(np.sum(patch * w[o]))


@settings(max_examples=25)
@given(rng=generators, stride=st.integers(1, 3), padding=st.integers(0, 1), groups=st.sampled_from([1, 2]))
def test_transposed_convolution_is_the_adjoint(rng: Any, stride: int, padding: int, groups: int) -> None:
    """⟨conv x, u⟩ = ⟨x, convᵀ u⟩ where the strides leave no rest."""
    x, w = rng.normal(size=(2, 4, 7)), rng.normal(size=(6, 4 // groups, 3))
    y = F.conv1d(x, w, None, stride, padding, 1, groups)
    u = rng.normal(size=y.shape)
    rest = (7 + 2 * padding - 3) % stride
    back = F.conv_transpose1d(u, w, None, stride, padding, rest, groups)
    assert np.sum(y * u) == pytest.approx(np.sum(x * back))


def test_fold_and_unfold_are_adjoint() -> None:
    x = RNG.normal(size=(2, 3, 5, 4))
    geometry = ((2, 3), (2, 1), (1, 1), ((1, 0), (0, 2)))
    columns = unfold(x, *geometry)
    u = RNG.normal(size=columns.shape)
    assert np.sum(columns * u) == pytest.approx(np.sum(x * fold(u, (5, 4), *geometry)))


def test_convolution_moves_with_its_input() -> None:
    x, layer = RNG.normal(size=(1, 1, 8)), nn.Conv1d(1, 2, 3, padding=1, padding_mode="circular").to(np.float64)
    np.testing.assert_allclose(layer(np.roll(x, 2, -1)).numpy(), np.roll(layer(x).numpy(), 2, -1), rtol=1e-12)


# Normalisation, attention, recurrence --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", LAYERS)
def test_samples_do_not_see_each_other_in_eval_mode(name: str) -> None:
    make, shape = LAYERS[name]
    if name in ("RNN", "LSTM"):  # time comes first there
        return
    layer = make().to(np.float64).eval()
    if name in ("Softmax2d",):
        shape = (2, *shape)
    x = ag.Tensor(np.random.default_rng(4).normal(size=(3, *shape[1:])))
    whole = results(layer(x))[0].numpy()
    one = results(layer(x[1:2]))[0].numpy()
    np.testing.assert_allclose(whole[1:2], one, rtol=1e-10, atol=1e-12)


NORMALISED = [(nn.BatchNorm2d(3), (0, 2, 3)), (nn.InstanceNorm2d(3), (2, 3)), (nn.LayerNorm((3, 4, 5)), (1, 2, 3))]


@pytest.mark.parametrize(("layer", "axes"), NORMALISED)
def test_normalised_outputs_have_mean_0_and_variance_1(layer: nn.Module, axes: tuple[int, ...]) -> None:
    y = layer.to(np.float64)(ag.Tensor(RNG.normal(3, 5, (6, 3, 4, 5)))).numpy()
    np.testing.assert_allclose(y.mean(axis=axes), 0, atol=1e-12)
    np.testing.assert_allclose(y.var(axis=axes), 1, atol=1e-4)


def test_self_attention_commutes_with_permutations() -> None:
    layer = nn.MultiheadAttention(8, 2, batch_first=True).to(np.float64)
    x, order = RNG.normal(size=(2, 5, 8)), RNG.permutation(5)
    y, weights = layer(x, x, x)
    z, _ = layer(x[:, order], x[:, order], x[:, order])
    np.testing.assert_allclose(z.numpy(), y.numpy()[:, order], rtol=1e-10)
    np.testing.assert_allclose(weights.numpy().sum(axis=-1), 1, rtol=1e-12)


def test_a_causal_transformer_does_not_see_the_future() -> None:
    layer = nn.TransformerEncoderLayer(8, 2, 16, dropout=0.0, batch_first=True).to(np.float64)
    x = RNG.normal(size=(1, 5, 8))
    changed = x.copy()
    changed[:, 3:] += 1
    a, b = (layer(z, is_causal=True).numpy() for z in (x, changed))
    np.testing.assert_allclose(a[:, :3], b[:, :3], rtol=1e-12)
    assert not np.allclose(a[:, 3:], b[:, 3:])


def test_lstm_is_its_equations() -> None:
    """Hochreiter & Schmidhuber's, step by step."""
    layer, x = nn.LSTM(3, 2).to(np.float64), RNG.normal(size=(4, 1, 3))
    w, u, b, c0 = (getattr(layer, f"{n}_l0").numpy() for n in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"))
    h = c = np.zeros(2)
    sigma = lambda z: 1 / (1 + np.exp(-z))
    for t in range(4):
        i, f, g, o = np.split(w @ x[t, 0] + b + u @ h + c0, 4)
        c = sigma(f) * c + sigma(i) * np.tanh(g)
        h = sigma(o) * np.tanh(c)
    output, (hn, cn) = layer(x)
    np.testing.assert_allclose(output.numpy()[-1, 0], h, rtol=1e-12)
    np.testing.assert_allclose(np.stack([hn.numpy()[0, 0], cn.numpy()[0, 0]]), [h, c], rtol=1e-12)


def test_a_padding_row_is_not_learned() -> None:
    table = nn.Embedding(4, 2, padding_idx=1)
    assert table.weight.numpy()[1].tolist() == [0.0, 0.0]
    table(np.array([0, 1, 1, 3])).sum().backward()
    assert table.weight.grad.tolist() == [[1.0, 1.0], [0.0, 0.0], [0.0, 0.0], [1.0, 1.0]]


def test_a_long_sequence_costs_its_length() -> None:
    """The cotangent of a sequence read step by step is one array, not one for each step."""
    x = ag.Tensor(np.ones((300, 2)), requires_grad=True)
    made = []
    with ag.observe(lambda op, args, params, result: made.append(op.name)):
        total = sum(x[t].sum() * t for t in range(300))
    total.backward()
    assert x.grad.numpy()[:, 0].tolist() == list(range(300)) and made.count("getitem") == 300


# Bad input -----------------------------------------------------------------------------------------------------------

X = np.ones((1, 2, 3), np.float32)
BAD: dict[str, tuple[Any, type[Exception], str]] = {
    "channels": (lambda: nn.Conv2d(3, 4, 3)(np.ones((1, 2, 5, 5))), ValueError, "2 channels.*for 3"),
    "rank": (lambda: nn.Conv2d(3, 4, 3)(np.ones((3, 5))), ValueError, r"\(3, 5\).*\(N, C, H, W\)"),
    "kernel too large": (lambda: nn.Conv1d(1, 1, 5)(np.ones((1, 1, 3))), ValueError, "does not fit"),
    "groups": (lambda: nn.Conv1d(3, 4, 1, groups=2), ValueError, "groups=2"),
    "window too large": (lambda: nn.MaxPool1d(5)(np.ones((1, 1, 3))), ValueError, "do not fit"),
    "one value a channel": (lambda: nn.BatchNorm1d(3)(np.ones((1, 3), np.float32)), ValueError, "larger batch"),
    "classes": (lambda: nn.NLLLoss()(ag.Tensor(np.ones((2, 3))), np.array([0, 3])), ValueError, "0 … 3.*0 … 2"),
    "fractional classes": (lambda: nn.NLLLoss()(ag.Tensor(np.ones((2, 3))), np.ones(2)), TypeError, "integers"),
    "probabilities": (lambda: nn.BCELoss()(np.array([1.5]), np.array([1.0])), ValueError, r"\[0, 1\]"),
    "indices": (lambda: nn.Embedding(3, 2)(np.array([3])), ValueError, "0?.*3 … 3.*3 rows"),
    "fractional indices": (lambda: nn.Embedding(3, 2)(np.array([0.5])), TypeError, "integers"),
    "sequence": (lambda: nn.LSTM(3, 4)(np.ones((5, 2, 2))), ValueError, r"\(T, N, 3\)"),
    "heads": (lambda: nn.MultiheadAttention(5, 2), ValueError, "num_heads=2 must divide"),
    "initial state": (lambda: nn.GRU(3, 4)(np.ones((5, 2, 3)), np.ones((1, 1, 4))), ValueError, r"\(1, 2, 4\)"),
    "reduction": (lambda: nn.MSELoss(reduction="average"), ValueError, "reduction='average'"),
    "broadcast target": (lambda: nn.L1Loss()(np.ones((2, 1)), np.ones(2)), ValueError, "must have one shape"),
    "targets of a probability": (lambda: nn.BCELoss()(np.array([0.5]), np.array([1.5])), ValueError, r"\[0, 1\]"),
    "no place left": (lambda: nn.ConvTranspose1d(2, 1, 2, padding=2)(X), ValueError, "padding=.*leaves"),
    "a row of padding": (lambda: F.embedding([0], np.ones((3, 2)), padding_idx=3), ValueError, "padding_idx=3.*3 rows"),
    "size": (lambda: nn.Upsample(size=1.5)(X), TypeError, "size=1.5"),
    "running variance alone": (lambda: F.batch_norm(X, None, X[0, :, 0], training=True), ValueError, "give running"),
    "no statistics": (lambda: F.batch_norm(X), ValueError, "give running"),
    "statistics in a list": (lambda: F.instance_norm(X, [0, 0], np.ones(2)), TypeError, "running_mean is list"),
    "variance in float64": (lambda: F.batch_norm(X, np.zeros(2, X.dtype), np.ones(2)), TypeError, "float32.*float64"),
    "a number of a column": (lambda: F.group_norm(X, 1, np.ones((2, 1), X.dtype)), ValueError, r"weight.*\(2, 1\)"),
    "one scale for all": (lambda: F.layer_norm(X, (3,), np.ones(1, X.dtype)), ValueError, r"weight.*\(1,\).*\(3,\)"),
    "one shift for all": (lambda: F.conv1d(X, np.ones((2, 2, 1), X.dtype), np.ones(1, X.dtype)), ValueError, "bias of"),
    "lengths": (lambda: nn.CTCLoss()(np.zeros((3, 1, 2)), np.array([1]), [4], [1]), ValueError, "input_lengths"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_bad_input_says_what_was_expected(case: str) -> None:
    action, kind, words = BAD[case]
    with pytest.raises(kind, match=words):
        action()
