"""Augmentation: known motions of images, exact rates, convex mixtures, and one generator behind it all."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.preprocessing import MinMaxScaler

from nn.data import DataLoader, TensorDataset
from nn.data.transforms import (
    Compose,
    GaussianNoise,
    LabelNoise,
    MixUp,
    RandomAffine,
    RandomGain,
    RandomHorizontalFlip,
    Scaled,
)

IMAGES = np.random.default_rng(0).random((5, 2, 6, 6)).astype(np.float32)
LABELS = np.array([0, 2, 1, 1, 0])
ALL = [
    RandomAffine(20, 0.2, (0.8, 1.2)),
    RandomHorizontalFlip(),
    GaussianNoise(0.1),
    RandomGain((0.5, 2.0), 0.1),
    LabelNoise(0.5, 3),
    MixUp(0.4, num_classes=3),
]


def applied(transform: Any, *batch: Any, seed: int = 0) -> Any:
    return transform(batch, np.random.default_rng(seed))


@pytest.mark.parametrize("transform", ALL, ids=lambda t: type(t).__name__)
def test_the_same_generator_gives_the_same_batch_and_nothing_is_written_to(transform: Any) -> None:
    x, y = IMAGES.copy(), LABELS.copy()
    first, second, other = (applied(transform, x, y, seed=seed) for seed in (0, 0, 1))
    assert all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))
    assert any(not np.array_equal(a, b) for a, b in zip(first, other, strict=True))
    assert np.array_equal(x, IMAGES) and np.array_equal(y, LABELS)
    assert first[0].dtype == np.float32 and first[0].shape == x.shape


@pytest.mark.parametrize(
    "neutral", [RandomAffine(), RandomHorizontalFlip(0.0), GaussianNoise(0.0), RandomGain(), LabelNoise(0.0, 3)]
)
def test_a_transform_of_strength_zero_is_the_identity(neutral: Any) -> None:
    x, y = applied(neutral, IMAGES, LABELS)
    np.testing.assert_allclose(x, IMAGES, atol=1e-6)
    assert np.array_equal(y, LABELS)


@given(st.integers(-4, 4))
def test_quarter_turns_are_exact(quarters: int) -> None:
    (turned,) = applied(RandomAffine((90 * quarters, 90 * quarters)), IMAGES)
    np.testing.assert_allclose(turned, np.rot90(IMAGES, quarters, axes=(-2, -1)), atol=1e-5)


@given(st.integers(0, 2**32 - 1))
def test_a_shift_keeps_what_stays_inside(seed: int) -> None:
    """The light of a dot in the middle moves, by at most the share of the size, and stays as bright."""
    dot = np.zeros((1, 21, 21))
    dot[0, 10, 10] = 1
    (moved,) = applied(RandomAffine(translate=(0.4, 0.2)), dot, seed=seed)
    assert moved.sum() == pytest.approx(1)
    row, column = (np.arange(21) @ moved[0].sum(axis=axis) - 10 for axis in (1, 0))
    assert abs(row) <= 0.2 * 21 and abs(column) <= 0.4 * 21


def test_a_scale_multiplies_lengths() -> None:
    disc = (np.hypot(*np.meshgrid(np.arange(41) - 20, np.arange(41) - 20)) < 8).astype(float)
    (larger,) = applied(RandomAffine(scale=(1.5, 1.5)), disc[None])
    assert larger.sum() == pytest.approx(1.5**2 * disc.sum(), rel=0.03)


def test_what_comes_in_from_outside_is_filled() -> None:
    (moved,) = applied(RandomAffine(scale=(0.5, 0.5), fill=7.0), np.ones((1, 8, 8)))
    assert moved[0, 0, 0] == 7 and moved[0, 4, 4] == 1


@pytest.mark.parametrize("p", [0.1, 0.5, 1.0])
def test_label_noise_strikes_at_its_rate_and_never_keeps_the_class(p: float) -> None:
    y = np.repeat(np.arange(4), 5000)
    _, noisy = applied(LabelNoise(p, 4), np.zeros(len(y)), y)
    struck = noisy != y
    assert struck.mean() == pytest.approx(p, abs=4 * np.sqrt(p * (1 - p) / len(y)) + 1e-12)
    shares = np.bincount((noisy - y)[struck] % 4, minlength=4) / struck.sum()
    np.testing.assert_allclose(shares, [0, 1 / 3, 1 / 3, 1 / 3], atol=0.03)


def test_noise_has_its_deviation_on_features_or_targets() -> None:
    zeros = np.zeros((200, 100))
    x, _ = applied(GaussianNoise(0.3), zeros, zeros)
    _, y = applied(GaussianNoise(0.3, part=1), zeros, zeros)
    for noisy in (x, y):
        assert noisy.std() == pytest.approx(0.3, rel=0.02) and abs(noisy.mean()) < 0.01


@given(st.integers(0, 2**32 - 1))
def test_a_gain_is_a_line_through_each_example(seed: int) -> None:
    x = np.random.default_rng(1).normal(size=(4, 9))
    (y,) = applied(RandomGain((0.5, 2.0), 0.3), x, seed=seed)
    for before, after in zip(x, y, strict=True):
        slope, offset = np.polyfit(before, after, 1)
        np.testing.assert_allclose(after, slope * before + offset, atol=1e-12)
        assert 0.5 <= slope <= 2 and abs(offset) <= 0.3 + 1e-12


@given(st.floats(0.05, 5), st.integers(0, 2**32 - 1))
def test_mixup_mixes_features_and_targets_by_the_same_shares(alpha: float, seed: int) -> None:
    onehot = np.eye(3)[LABELS]
    x, y = applied(MixUp(alpha, num_classes=3), onehot, LABELS, seed=seed)
    np.testing.assert_allclose(x, y, atol=1e-12)
    np.testing.assert_allclose(y.sum(axis=1), 1)
    assert (y >= 0).all()


def test_a_composition_is_one_after_the_other() -> None:
    first, second = GaussianNoise(0.1), RandomHorizontalFlip()
    generator = np.random.default_rng(3)
    expected = second(first((IMAGES, LABELS), generator), generator)
    together = Compose(first, second)((IMAGES, LABELS), np.random.default_rng(3))
    assert np.array_equal(together[0], expected[0])


def test_a_scaler_is_applied_in_the_dtype_of_the_features() -> None:
    x = np.arange(6, dtype=np.float32).reshape(3, 2)
    (scaled,) = applied(Scaled(MinMaxScaler().fit(x)), x)
    assert scaled.dtype == np.float32 and scaled.tolist() == [[0, 0], [0.5, 0.5], [1, 1]]


def test_every_epoch_is_augmented_anew_and_a_seed_says_how() -> None:
    def epochs() -> list[Any]:
        loader = DataLoader(TensorDataset(IMAGES, LABELS), batch_size=5, seed=1, transform=GaussianNoise(0.1))
        return [next(iter(loader))[0] for _ in range(2)]

    first, second = epochs()
    assert not np.array_equal(first, second)
    assert np.array_equal(epochs(), [first, second])


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: GaussianNoise(-1.0), ValueError, "std=-1.0"),
        (lambda: RandomGain((2.0, 1.0)), ValueError, "low ≤ high"),
        (lambda: RandomGain(shift=-1.0), ValueError, "shift=-1.0"),
        (lambda: LabelNoise(1.5, 3), ValueError, "p=1.5"),
        (lambda: LabelNoise(0.5, 1), ValueError, "no other class"),
        (lambda: MixUp(0.0), ValueError, "alpha=0.0"),
        (lambda: RandomAffine(translate=2.0), ValueError, "shares of the size"),
        (lambda: RandomAffine(scale=(0.0, 1.0)), ValueError, "0 < low"),
        (lambda: RandomAffine(degrees=-5), ValueError, "degrees"),
        (lambda: Scaled(3), TypeError, "no transform"),
        (lambda: Compose(3), TypeError, "not callable"),  # type: ignore[arg-type]
        (lambda: applied(GaussianNoise(1.0), LABELS), TypeError, "int64 .* is not floating"),
        (lambda: applied(RandomAffine(), np.zeros((3, 4))), ValueError, r"shape \(3, 4\)"),
        (lambda: applied(LabelNoise(0.5, 2), IMAGES, LABELS), ValueError, "0 … 2; expected class numbers 0 … 1"),
        (lambda: applied(MixUp(1.0), IMAGES), TypeError, "expected \\(features, targets\\)"),
        (lambda: GaussianNoise(1.0)(np.zeros(3), np.random.default_rng(0)), TypeError, "ndarray"),  # type: ignore
    ],
)
def test_what_cannot_be_meant_is_refused(make: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        make()


def test_settings_may_be_numbers_of_numpy() -> None:
    numpys = RandomAffine(np.float32(10), np.float64(0.1), np.array([0.5, 2.0]))
    own = RandomAffine(10.0, 0.1, (0.5, 2.0))
    assert np.allclose(applied(numpys, IMAGES), applied(own, IMAGES), atol=1e-5)
    for bad in ({"degrees": float("nan")}, {"scale": (1.0, float("nan"))}, {"translate": float("nan")}):
        with pytest.raises(ValueError, match="nan"):
            RandomAffine(**bad)
