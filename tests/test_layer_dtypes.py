"""Layers and losses of float16, whose sums are taken in float32, and of complex numbers, whose square is |z|²."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import autograd_core as ag
import nn
import nn.functional as F
from test_corners import slopes

# float16 ---------------------------------------------------------------------------------------

WIDE = np.random.default_rng(0).normal(0, 1000, (8, 6))
NEAR = WIDE / 100
SIGNS = np.where(WIDE > 0, 1.0, -1.0)
SHARES = np.random.default_rng(1).uniform(0.05, 0.95, (300, 300))
HALF: dict[str, tuple[Any, Any]] = {
    "layer_norm": (lambda x: F.layer_norm(x, (6,)) * np.arange(6, dtype=x.dtype), WIDE),
    "rms_norm": (lambda x: F.rms_norm(x, (6,)) * np.arange(6, dtype=x.dtype), WIDE),
    "group_norm": (lambda x: F.group_norm(x, 2) * np.arange(6, dtype=x.dtype) ** 2, WIDE),
    "instance_norm": (lambda x: F.instance_norm(x) * np.arange(6, dtype=x.dtype), WIDE[None]),
    "batch_norm": (
        lambda x: F.batch_norm(x, None, None, training=True) * np.arange(8, dtype=x.dtype)[:, None] ** 2,
        WIDE,
    ),
    "batch_norm of 70,000": (
        lambda x: F.batch_norm(x, None, None, training=True),
        np.random.default_rng(2).normal(size=(70000, 1)),
    ),
    "avg_pool1d": (lambda x: F.avg_pool1d(x, 3), np.full((1, 1, 6), 60000.0)),
    "cosine_similarity": (lambda x: F.cosine_similarity(x, x[::-1]), WIDE),
    "pairwise_distance": (lambda x: F.pairwise_distance(x, x[::-1]), WIDE),
    "cross_entropy": (lambda x: F.cross_entropy(x, np.arange(8) % 6), NEAR),
    "cross_entropy of weighted classes": (lambda x: F.cross_entropy(x, np.arange(8) % 6, np.full(6, 1e4)), NEAR),
    "cross_entropy of 70,000 classes": (lambda x: F.cross_entropy(x, np.array([1, 2])), np.zeros((2, 70000))),
    "nll_loss": (lambda x: F.nll_loss(x, np.zeros(9000, int)), -SHARES.reshape(9000, 10)),
    "ctc_loss": (lambda x: F.ctc_loss(x, np.array([[1, 2]]), [5], [2]), -SHARES[:5, :4].reshape(5, 1, 4)),
    **{
        name: (lambda x, name=name: getattr(F, name)(x, SIGNS), NEAR)
        for name in ("mse_loss", "l1_loss", "huber_loss", "smooth_l1_loss", "soft_margin_loss", "hinge_embedding_loss")
    },
    **{
        f"{name} of 90,000": (lambda x, name=name: getattr(F, name)(x, SHARES.T), SHARES)
        for name in ("mse_loss", "l1_loss", "huber_loss", "binary_cross_entropy", "binary_cross_entropy_with_logits",
                     "kl_div", "poisson_nll_loss", "multilabel_soft_margin_loss")
    },
    "gaussian_nll_loss": (lambda x: F.gaussian_nll_loss(x, SIGNS, np.ones(x.shape)), NEAR),
    "cosine_embedding_loss": (lambda x: F.cosine_embedding_loss(x, x[::-1], np.ones(8)), WIDE),
    "triplet_margin_loss": (lambda x: F.triplet_margin_loss(x, x[::-1], x + 1), WIDE),
    "margin_ranking_loss": (lambda x: F.margin_ranking_loss(x, x[::-1], SIGNS), WIDE),
    "multi_margin_loss": (lambda x: F.multi_margin_loss(x, np.arange(8) % 6, p=2), NEAR),
    "multilabel_margin_loss": (lambda x: F.multilabel_margin_loss(x, np.zeros((8, 6), int)), NEAR),
}  # fmt: skip


@pytest.mark.parametrize("name", HALF)
def test_float16_is_the_rounding_of_what_float32_gives(name: str) -> None:
    """Sums beyond 65504 and counts beyond 2048 are none of its concern."""
    f, x = HALF[name]
    x = x.astype(np.float16)
    value, (slope,) = slopes(f, x)
    right, (expected,) = slopes(f, x.astype(np.float32))
    assert value.dtype == slope.dtype == np.float16 and expected.any()
    np.testing.assert_allclose(value, right, rtol=4e-3, atol=1e-6)
    np.testing.assert_allclose(slope, expected, rtol=1e-2, atol=2e-7 + 2e-3 * np.abs(expected).max())


@pytest.mark.parametrize("kind", [nn.BatchNorm1d, nn.LayerNorm, nn.RMSNorm])
def test_layers_of_float16_stay_so(kind: Any) -> None:
    layer = kind(6).to(np.float16)
    x = ag.Tensor((WIDE / 10).astype(np.float16), requires_grad=True)
    y = layer(x)
    (y * np.arange(6, dtype=np.float16)).sum().backward()
    everything = [y.data, x.grad.data, *(p.grad.data for p in layer.parameters())]
    assert {a.dtype for a in everything} == {np.dtype(np.float16)}
    assert all(np.isfinite(a).all() for a in everything)


def test_the_norm_of_gradients_in_float16_does_not_overflow() -> None:
    w = ag.Tensor(np.zeros(100, np.float16), requires_grad=True)
    w.grad = ag.Tensor(np.full(100, 1000, np.float16))
    assert nn.utils.clip_grad_norm_([w], 1.0).item() == pytest.approx(1e4)
    np.testing.assert_allclose(w.grad.numpy(), 0.1, rtol=1e-3)


# Complex numbers ------------------------------------------------------------------------------------------------------


def test_what_is_brought_to_variance_one_has_it_in_complex_numbers_too() -> None:
    z = np.random.default_rng(0).normal(size=(40, 5, 2)).view(complex)[..., 0]
    for y in (F.layer_norm(z.T, (40,), eps=0.0).T, F.batch_norm(z, None, None, training=True, eps=0.0)):
        np.testing.assert_allclose(np.var(y, axis=0), 1, rtol=1e-12)
        np.testing.assert_allclose(np.mean(y, axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(np.mean(np.abs(F.rms_norm(z, (5,), eps=0.0)) ** 2, axis=1), 1, rtol=1e-12)


def test_a_squared_error_is_real() -> None:
    z = ag.Tensor(np.array([3 + 4j, 1j]), requires_grad=True)
    loss = F.mse_loss(z, np.zeros(2, complex))
    loss.backward()
    assert loss.item() == 13.0 and loss.dtype == np.float64
    np.testing.assert_array_equal(z.grad.numpy(), z.numpy())  # ∂|z|²/∂a + i ∂|z|²/∂b = 2z, halved by the mean


def test_robust_losses_of_complex_numbers_are_of_their_distance() -> None:
    z, y = np.random.default_rng(0).normal(size=(2, 5, 2)).view(complex)[..., 0]
    for loss in (F.huber_loss, F.smooth_l1_loss, F.l1_loss):
        value = loss(z, y, reduction="none")
        np.testing.assert_array_equal(value, loss(np.abs(z - y), np.zeros(5), reduction="none"))
        ag.gradcheck(lambda a, b, loss=loss: loss(a + 1j * b, y, reduction="none"), z.real.copy(), z.imag.copy())


@pytest.mark.parametrize(
    "f",
    [
        F.softshrink,
        lambda z: F.binary_cross_entropy_with_logits(z, np.ones(2)),
        lambda z: F.binary_cross_entropy_with_logits(z, np.ones(2), pos_weight=np.ones(2)),
        lambda z: F.multilabel_soft_margin_loss(z, np.ones(2)),
    ],
)
def test_what_is_a_function_of_real_numbers_says_so(f: Any) -> None:
    for z in (np.ones(2) + 1j, ag.Tensor(np.ones(2) + 1j, requires_grad=True)):
        with pytest.raises(TypeError, match="function of real numbers"):
            f(z)
