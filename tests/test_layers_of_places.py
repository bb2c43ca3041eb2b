"""Padding, patches, pooling with places, sampling, bags of embeddings, packed sequences: laws that they obey."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_core as ag
import nn
import nn.functional as F
from nn.utils.rnn import (
    pack_padded_sequence,
    pack_sequence,
    pad_packed_sequence,
    pad_sequence,
    unpack_sequence,
    unpad_sequence,
)


def numbers(*shape: int, seed: int = 0) -> Any:
    """Different numbers."""
    return np.random.default_rng(seed).permutation(int(np.prod(shape))).reshape(shape).astype(float)


# Windows at random places --------------------------------------------------------------------------------------------


@given(kernel=st.integers(1, 3), out=st.integers(1, 4), extra=st.integers(0, 4), u=st.floats(0, 0.999))
def test_fractional_windows_begin_at_both_ends_and_step_by_alpha_or_one_more(
    kernel: int, out: int, extra: int, u: float
) -> None:
    length = kernel + out - 1 + extra
    x, drawn = np.arange(float(length**2)).reshape(1, 1, length, length), np.full((1, 1, 2), u)
    y, where = F.fractional_max_pool2d(x, kernel, out, return_indices=True, _random_samples=drawn)
    last = np.asarray(y)[0, 0, 0] % length  # the largest number of a window is its last
    assert last[-1] == length - 1
    assert out == 1 or last[0] == kernel - 1
    steps, alpha = np.diff(last), (length - kernel) / max(out - 1, 1)
    assert np.all((np.floor(alpha) <= steps) & (steps <= np.floor(alpha) + 1))
    assert np.array_equal(x.reshape(-1)[where], y)
    assert ag.gradcheck(lambda x: F.fractional_max_pool2d(x, kernel, out, _random_samples=drawn), x) < 1e-6


def test_fractional_pooling_says_what_does_not_fit() -> None:
    x = numbers(1, 2, 5, 5)
    with pytest.raises(ValueError, match="one of them"):
        F.fractional_max_pool2d(x, 2)
    with pytest.raises(ValueError, match="at least kernel_size"):
        F.fractional_max_pool2d(x, 3, 4)
    with pytest.raises(ValueError, match="between 0 and 1"):
        nn.FractionalMaxPool3d(2, output_ratio=1.5)


# Padding -------------------------------------------------------------------------------------------------------------

MODES = {"constant": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}


@given(mode=st.sampled_from(sorted(MODES)), a=st.integers(0, 2), b=st.integers(0, 2), c=st.integers(0, 2))
def test_padding_is_numpys_with_the_last_axis_first(mode: str, a: int, b: int, c: int) -> None:
    x = numbers(2, 3, 4)
    expected = np.pad(x, [(0, 0), (c, 0), (a, b)], MODES[mode])  # type: ignore[call-overload]
    assert np.array_equal(F.pad(x, (a, b, c, 0), mode), expected)
    assert ag.gradcheck(lambda x: F.pad(x, (a, b, c, 0), mode), x) < 1e-6


def test_negative_padding_cuts() -> None:
    x = numbers(3, 4)
    assert np.array_equal(F.pad(x, (-1, 2), value=9.0), np.pad(x[:, 1:], [(0, 0), (0, 2)], constant_values=9))
    with pytest.raises(ValueError, match="pad: mode='mirror'"):
        F.pad(x, (1, 1), "mirror")
    with pytest.raises(ValueError, match="give pairs"):
        F.pad(x, (1, 1, 1))
    with pytest.raises(ValueError, match="places at the ends of an axis of 4"):
        F.pad(x, (4, 0), "reflect")


@pytest.mark.parametrize("kind", ["Constant", "Zero", "Reflection", "Replication", "Circular"])
@pytest.mark.parametrize("dims", [1, 2, 3])
def test_padding_layers_pad_the_last_axes(kind: str, dims: int) -> None:
    layer = getattr(nn, f"{kind}Pad{dims}d")(1, *([5.0] if kind == "Constant" else []))
    assert layer(numbers(1, 2, *[3] * dims)).shape == (1, 2, *[5] * dims)
    with pytest.raises(ValueError, match="padding"):
        getattr(nn, f"{kind}Pad{dims}d")((1, 1, 1), *([5.0] if kind == "Constant" else []))


# Patches -------------------------------------------------------------------------------------------------------------


def test_fold_is_the_adjoint_of_unfold() -> None:
    options = {"kernel_size": (2, 3), "dilation": (2, 1), "padding": (1, 0), "stride": (1, 2)}
    x = numbers(2, 3, 5, 6)
    columns = F.unfold(x, **options)
    y = numbers(*columns.shape, seed=1)
    assert np.isclose(np.sum(columns * y), np.sum(x * F.fold(y, (5, 6), **options)))
    assert np.array_equal(nn.Fold((5, 6), **options)(nn.Unfold(**options)(x)), F.fold(columns, (5, 6), **options))
    with pytest.raises(ValueError, match=r"expected .* columns"):
        F.fold(y[..., 1:], (5, 6), **options)


# Places of the largest -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dims", [1, 2, 3])
def test_unpooling_puts_the_largest_back(dims: int) -> None:
    x = numbers(2, 3, *[6] * dims)
    pool, unpool = getattr(F, f"max_pool{dims}d"), getattr(F, f"max_unpool{dims}d")
    y, places = pool(x, 2, return_indices=True)
    assert np.array_equal(y, pool(x, 2))
    assert np.array_equal(np.take_along_axis(x.reshape(2, 3, -1), places.reshape(2, 3, -1), -1).reshape(y.shape), y)
    back = unpool(y, places, 2)
    assert np.array_equal(pool(back, 2), y) and np.count_nonzero(back) >= y.size - 1
    assert ag.gradcheck(lambda y: unpool(y, places, 2), y) < 1e-6
    with pytest.raises(ValueError, match=r"indices .* for"):
        unpool(y, places + 10**6, 2)


@pytest.mark.parametrize("dims", [1, 2, 3])
def test_adaptive_pooling_tells_places_too(dims: int) -> None:
    x = numbers(2, 3, *[5] * dims)
    y, places = getattr(F, f"adaptive_max_pool{dims}d")(x, 2, return_indices=True)
    assert np.array_equal(np.take_along_axis(x.reshape(2, 3, -1), places.reshape(2, 3, -1), -1).reshape(y.shape), y)
    mean = getattr(F, f"adaptive_avg_pool{dims}d")(x, 1)
    np.testing.assert_allclose(mean.reshape(2, 3), x.reshape(2, 3, -1).mean(-1))


def test_the_largest_power_is_the_largest_number() -> None:
    x = (numbers(1, 2, 8) + 1) / 16
    np.testing.assert_allclose(F.lp_pool1d(x, 400.0, 4), F.max_pool1d(x, 4), rtol=1e-2)
    np.testing.assert_allclose(F.lp_pool1d(x, 1.0, 4), 4 * F.avg_pool1d(x, 4))


def test_response_norm_of_one_channel_is_its_formula() -> None:
    x = numbers(2, 3, 4)
    np.testing.assert_allclose(F.local_response_norm(x, 1, 0.5, 2.0, 3.0), x / (3 + 0.5 * x**2) ** 2)


# Sampling ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["bilinear", "nearest", "bicubic"])
@pytest.mark.parametrize("padding", ["zeros", "border", "reflection"])
@pytest.mark.parametrize("corners", [True, False])
def test_the_grid_of_the_identity_gives_the_image(mode: str, padding: str, corners: bool) -> None:
    x = numbers(2, 3, 4, 5)
    theta = np.tile(np.eye(2, 3), (2, 1, 1))
    grid = F.affine_grid(theta, x.shape, corners)
    np.testing.assert_allclose(F.grid_sample(x, grid, mode, padding, corners), x, atol=1e-9)


def test_sampling_has_derivatives_in_image_and_grid() -> None:
    x, grid = numbers(1, 2, 4, 5), np.random.default_rng(0).uniform(-1.3, 1.3, (1, 3, 2, 2))
    for padding in ("zeros", "border", "reflection"):
        assert ag.gradcheck(lambda x, g, p=padding: F.grid_sample(x, g, padding_mode=p), x, grid) < 1e-5


# Embeddings ----------------------------------------------------------------------------------------------------------


def test_bags_are_sums_of_rows() -> None:
    table, members = numbers(5, 3), np.array([1, 2, 2, 0])
    rows = table[members]
    offsets = np.array([0, 1, 1])
    for mode, expected in (("sum", rows[1:].sum(0)), ("mean", rows[1:].mean(0)), ("max", rows[1:].max(0))):
        bags = F.embedding_bag(members, table, offsets, mode=mode)
        assert bags[0].tolist() == rows[0].tolist() and bags[1].tolist() == [0, 0, 0]
        np.testing.assert_allclose(bags[2], expected)
    with pytest.raises(ValueError, match="sparse=True: gradients are dense"):
        F.embedding_bag(members, table, offsets, sparse=True)


def test_rows_are_shortened_and_gradients_shared() -> None:
    layer = nn.Embedding(4, 3, max_norm=1.0, scale_grad_by_freq=True)
    layer.weight.data = np.full((4, 3), 5.0)
    layer(np.array([1, 1, 2])).sum().backward()
    np.testing.assert_allclose(np.linalg.norm(layer.weight.numpy(), axis=1), [75**0.5, 1, 1, 75**0.5], rtol=1e-6)
    assert layer.weight.grad is not None
    assert layer.weight.grad.tolist() == [[0] * 3, [1] * 3, [1] * 3, [0] * 3]


def test_one_hot_and_its_argmax() -> None:
    labels = np.array([[2, 0], [1, 3]])
    assert np.array_equal(F.one_hot(labels, 5).argmax(-1), labels) and F.one_hot(labels).shape == (2, 2, 4)
    with pytest.raises(ValueError, match="integers 0 … 3 for num_classes=2"):
        F.one_hot(labels, 2)
    with pytest.raises(TypeError, match="float64"):
        F.one_hot(labels * 1.0)


def test_choices_add_up_to_one_and_have_the_softmaxs_derivative() -> None:
    x = numbers(3, 4) / 5
    soft = lambda x, hard: F.gumbel_softmax(x, 0.7, hard, generator=np.random.default_rng(5))
    np.testing.assert_allclose(soft(x, False).sum(-1), 1)
    assert np.array_equal(np.sort(soft(x, True), -1), [[0, 0, 0, 1]] * 3)
    u = numbers(3, 4, seed=2)
    pulled = [ag.vjp(lambda x, h=hard: soft(x, h), x)[1](u)[0] for hard in (False, True)]
    np.testing.assert_allclose(*pulled)


def test_distances_of_pairs() -> None:
    x = numbers(4, 3)
    expected = [np.linalg.norm(x[i] - x[j], 3) for i in range(4) for j in range(i + 1, 4)]
    np.testing.assert_allclose(F.pdist(x, 3.0), expected)
    np.testing.assert_allclose(np.linalg.norm(F.normalize(x + 1, dim=0), axis=0), 1)


# Sequences of different lengths --------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["RNN", "GRU", "LSTM"])
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("options", [{}, {"num_layers": 2}, {"proj_size": 3}])
def test_a_packed_sequence_goes_through_as_it_would_alone(kind: str, bidirectional: bool, options: Any) -> None:
    if kind != "LSTM" and "proj_size" in options:
        with pytest.raises(ValueError, match="proj_size=3: of an LSTM"):
            getattr(nn, kind)(2, 4, **options)
        return
    layer = getattr(nn, kind)(2, 4, bidirectional=bidirectional, dtype=np.float64, **options)
    lengths, rng = [2, 5, 1, 5], np.random.default_rng(0)
    sequences = [rng.normal(size=(n, 2)) for n in lengths]
    output, state = layer(pack_sequence(sequences, enforce_sorted=False))
    for i, (x, y) in enumerate(zip(sequences, unpack_sequence(output), strict=True)):
        alone, last = layer(x)
        np.testing.assert_allclose(y.numpy(), alone.numpy(), atol=1e-12)
        for h, g in zip(*[(s if kind == "LSTM" else (s,)) for s in (state, last)], strict=True):
            np.testing.assert_allclose(h.numpy()[:, i], g.numpy(), atol=1e-12)


def test_packing_and_padding_are_inverse() -> None:
    sequences = [numbers(n, 2, seed=n) for n in (1, 4, 2)]
    padded = pad_sequence(sequences, batch_first=True, padding_value=-1.0)
    packed = pack_padded_sequence(padded, [1, 4, 2], batch_first=True, enforce_sorted=False)
    assert packed.batch_sizes.tolist() == [3, 2, 1, 1] and packed.data.shape == (7, 2)
    back, lengths = pad_packed_sequence(packed, batch_first=True, padding_value=-1.0)
    assert np.array_equal(back, padded) and lengths.tolist() == [1, 4, 2]
    assert all(map(np.array_equal, unpad_sequence(padded, lengths, batch_first=True), sequences))
    assert ag.gradcheck(lambda x: pack_padded_sequence(x, [1, 4, 2], True, False).data, padded) < 1e-6
    with pytest.raises(ValueError, match=r"not in order.*enforce_sorted=False"):
        pack_padded_sequence(padded, [1, 4, 2], batch_first=True)
    with pytest.raises(ValueError, match=r"lengths \[1, 5, 2\]"):
        pack_padded_sequence(padded, [1, 5, 2], batch_first=True, enforce_sorted=False)


# The whole model -----------------------------------------------------------------------------------------------------


def test_a_transformer_is_its_encoder_and_its_decoder() -> None:
    model = nn.Transformer(8, 2, 1, 2, 16, dropout=0.0, batch_first=True, dtype=np.float64).eval()
    src, tgt = numbers(2, 5, 8), numbers(2, 4, 8, seed=1)
    mask = nn.Transformer.generate_square_subsequent_mask(4)
    out = model(src, tgt, tgt_mask=mask).numpy()
    np.testing.assert_allclose(out, model.decoder(tgt, model.encoder(src), mask).numpy())
    changed = tgt.copy()
    changed[:, -1] += 1  # no earlier place sees the last
    np.testing.assert_allclose(model(src, changed, tgt_mask=mask).numpy()[:, :-1], out[:, :-1])


def test_more_keys_take_their_part_of_the_attention() -> None:
    layer = nn.MultiheadAttention(4, 2, add_bias_kv=True, add_zero_attn=True, batch_first=True, dtype=np.float64)
    x = numbers(1, 3, 4) / 10
    y, weights = layer(x, x, x, key_padding_mask=np.array([[False, False, True]]))
    assert weights.shape == (1, 3, 5) and np.all(weights.numpy()[..., 2] == 0) and y.shape == (1, 3, 4)
    np.testing.assert_allclose(weights.numpy().sum(-1), 1)
