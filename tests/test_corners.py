"""nn at the corners: infinities, NaN, zeros, subnormals, targets that do not count, rows that see nothing.

What stands here is what PyTorch does, seen by ``parity/test_at_corners.py``; where it is not, the comment says so, and
docs/conventions.md does.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_core as ag
import nn
import nn.functional as F
from strategies import generators

inf, nan = np.inf, np.nan
both_precisions = pytest.mark.parametrize("dtype", [np.float32, np.float64])
REDUCTIONS = ("mean", "sum", "none")


def slopes(f: Any, *at: Any) -> tuple[Any, list[Any]]:
    """Value and gradients of the sum."""
    leaves = [ag.Tensor(a, requires_grad=True) for a in at]
    y = f(*leaves)
    assert y.dtype == at[0].dtype
    y.backward(np.ones(y.shape, y.dtype))
    return y.numpy(), [leaf.grad.numpy() for leaf in leaves]


# Functions of one number ---------------------------------------------------------------------------------------------

TINY = {np.float32: 1e-40, np.float64: 1e-310}
AT = [-inf, -4.0, -3.0, -1.0, 0.0, 1.0, 3.0, 4.0, inf, nan]
ELEMENTWISE: dict[str, tuple[Any, list[float], list[float]]] = {  # function, values and slopes at AT
    "hardswish": (
        F.hardswish,
        [nan, 0, 0, -1 / 3, 0, 2 / 3, 3, 4, inf, nan],  # −∞·0, as in PyTorch
        [0, 0, 0, 1 / 6, 0.5, 5 / 6, 1, 1, 1, nan],
    ),
    "hardsigmoid": (F.hardsigmoid, [0, 0, 0, 1 / 3, 0.5, 2 / 3, 1, 1, 1, nan], [0, 0, 0, *[1 / 6] * 3, 0, 0, 0, 0]),
    "threshold": (lambda x: F.threshold(x, 1.0, -7.0), [-7] * 6 + [3, 4, inf, nan], [0] * 6 + [1, 1, 1, 1]),
    "relu": (F.relu, [0] * 5 + [1, 3, 4, inf, nan], [0] * 5 + [1, 1, 1, 1, 0]),  # PyTorch's slope at NaN is 1
    "softsign": (F.softsign, [nan, -0.8, -0.75, -0.5, 0, 0.5, 0.75, 0.8, nan, nan],
                 [0, 1 / 25, 1 / 16, 0.25, 1, 0.25, 1 / 16, 1 / 25, 0, nan]),  # PyTorch's slope at ±∞ is NaN
    "huber": (
        lambda x: F.huber_loss(x, np.zeros(x.shape), "none", 2.0),
        [inf, 6, 4, 0.5, 0, 0.5, 4, 6, inf, nan],
        [-2, -2, -2, -1, 0, 1, 2, 2, 2, nan],
    ),
    "smooth_l1": (
        lambda x: F.smooth_l1_loss(x, np.zeros(x.shape), "none", 2.0),
        [inf, 3, 2, 0.25, 0, 0.25, 2, 3, inf, nan],
        [-1, -1, -1, -0.5, 0, 0.5, 1, 1, 1, nan],
    ),
    "cross-entropy with a logit of a one": (
        lambda x: F.binary_cross_entropy_with_logits(x, np.ones(x.shape), reduction="none"),
        [inf, *(float(np.log1p(np.exp(-x))) for x in AT[1:8]), nan, nan],  # ∞·0, as in PyTorch
        [*(float(1 / (1 + np.exp(-x)) - 1) for x in AT[:8]), 0, nan],
    ),
    "cross-entropy with a logit of a zero": (
        lambda x: F.binary_cross_entropy_with_logits(x, np.zeros(x.shape), reduction="none"),
        [nan, *(float(np.log1p(np.exp(x))) for x in AT[1:8]), inf, nan],
        [*(float(1 / (1 + np.exp(-x))) for x in AT[:8]), 1, nan],
    ),
    "soft margin": (
        lambda x: F.soft_margin_loss(x, np.ones(x.shape), "none"),
        [inf, *(float(np.log1p(np.exp(-x))) for x in AT[1:8]), 0, nan],
        [*(float(1 / (1 + np.exp(-x)) - 1) for x in AT[:8]), 0, nan],  # PyTorch's at −∞, and beyond −88, is NaN
    ),
}  # fmt: skip


@both_precisions
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("name", ELEMENTWISE)
def test_functions_of_one_number(name: str, dtype: Any) -> None:
    f, values, expected = ELEMENTWISE[name]
    value, (slope,) = slopes(f, np.array(AT, dtype))
    np.testing.assert_allclose(value, values, rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(slope, expected, rtol=1e-6, atol=1e-7)


@both_precisions
@pytest.mark.parametrize(("x", "far"), [(20.0, -20.0), (50.0, -50.0)])
def test_cross_entropy_with_logits_cancels_nothing(dtype: Any, x: float, far: float) -> None:
    """log(1 + e⁻²⁰) on either side; x − x would be 0."""
    for options in ({}, {"pos_weight": np.ones(2)}):
        f = lambda z, o=options: F.binary_cross_entropy_with_logits(z, np.array([1.0, 0.0]), reduction="none", **o)
        np.testing.assert_allclose(f(np.array([x, far], dtype)), np.exp(-x), rtol=1e-6)


@both_precisions
def test_losses_of_huge_numbers_do_not_overflow_before_they_must(dtype: Any) -> None:
    huge = np.array([np.finfo(dtype).max / 8], dtype)
    for loss in (F.smooth_l1_loss, F.huber_loss):
        value, (slope,) = slopes(lambda x, loss=loss: loss(x, np.zeros(1), "sum", 3.0), huge)
        assert np.isfinite(value)
        assert slope[0] == (3 if loss is F.huber_loss else 1)


# Probabilities -------------------------------------------------------------------------------------------------------


@both_precisions
def test_cross_entropy_of_probabilities_that_are_nothing_or_all(dtype: Any) -> None:
    """Logarithms end at −100 and the slope (p − y)/p(1 − p) at (p − y)·1e12, as in PyTorch."""
    p = np.array([0.0, 1.0, 0.0, 1.0, TINY[dtype], TINY[dtype]], dtype)
    y = np.array([0.0, 1.0, 1.0, 0.0, 0.0, 1.0])
    value, (slope,) = slopes(lambda p: F.binary_cross_entropy(p, y, reduction="none"), p)
    np.testing.assert_allclose(value, [0, 0, 100, 100, 0, min(100, -np.log(TINY[dtype]))], rtol=1e-6, atol=1e-30)
    np.testing.assert_allclose(slope, [0, 0, -1e12, 1e12, 0, -1e12], rtol=1e-6, atol=1e-20)


@both_precisions
def test_an_impossible_alignment_costs_infinity_and_teaches_nothing(dtype: Any) -> None:
    """PyTorch's gradient is NaN there, unless zero_infinity."""
    logits = np.random.default_rng(0).normal(size=(2, 1, 3)).astype(dtype)
    f = lambda z: F.ctc_loss(F.log_softmax(z, 2), np.array([[1, 1]]), [2], [2], reduction="sum")
    value, (slope,) = slopes(f, logits)
    assert value == inf and not slope.any()


def test_without_input_only_the_empty_target_is_possible() -> None:
    log_probs = np.log(np.full((3, 2, 4), 0.25))
    losses = F.ctc_loss(log_probs, np.array([[1], [1]]), [0, 0], [0, 1], reduction="none")
    assert losses.tolist() == [0.0, inf]


# Targets that do not count -------------------------------------------------------------------------------------------


@both_precisions
@pytest.mark.parametrize("options", [{}, {"weight": np.array([1.0, 2.0, 3.0])}, {"label_smoothing": 0.1}])
@pytest.mark.parametrize("shape", [(2, 3), (2, 3, 4), (3,)])
def test_a_batch_without_targets_leaves_the_weights_as_they_are(dtype: Any, options: Any, shape: Any) -> None:
    """The mean over nothing is NaN, its gradient 0."""
    z = np.random.default_rng(0).normal(size=shape).astype(dtype)
    y = np.full(() if z.ndim == 1 else (shape[0], *shape[2:]), -100)
    for loss in (F.cross_entropy, F.nll_loss):
        if "label_smoothing" in options and loss is F.nll_loss:
            continue
        value, (slope,) = slopes(lambda z, loss=loss: loss(z, y, **options), z)
        assert np.isnan(value) and slope.shape == shape and not slope.any()
        for reduction in ("sum", "none"):
            value, (slope,) = slopes(lambda z, loss=loss, r=reduction: loss(z, y, reduction=r, **options), z)
            assert not value.any() and not slope.any()


@both_precisions
def test_classes_that_weigh_nothing_teach_nothing(dtype: Any) -> None:
    """0/0: the value is NaN as in PyTorch, whose gradient is NaN, too."""
    z = np.random.default_rng(0).normal(size=(2, 3)).astype(dtype)
    value, (slope,) = slopes(lambda z: F.cross_entropy(z, np.array([0, 0]), np.array([0.0, 1.0, 1.0])), z)
    assert np.isnan(value) and not slope.any()


@both_precisions
@pytest.mark.parametrize("bad", [inf, -inf, nan])
def test_what_stands_in_an_ignored_row_does_not_reach_the_loss(dtype: Any, bad: float) -> None:
    z = np.array([[0.0, 0.0], [bad, 0.0]], dtype)
    for options in ({}, {"label_smoothing": 0.5}, {"weight": np.array([1.0, 2.0])}):
        with np.errstate(invalid="ignore"):
            loss = F.cross_entropy(z, np.array([0, -100]), **options)
        np.testing.assert_allclose(loss, np.log(2), rtol=1e-6)


def test_a_weight_of_infinity_counts_only_where_its_class_does() -> None:
    losses = F.cross_entropy(np.zeros((2, 2)), np.array([-100, 1]), np.array([inf, 1.0]), reduction="none")
    np.testing.assert_allclose(losses, [0, np.log(2)])


@both_precisions
def test_a_label_given_twice_counts_twice(dtype: Any) -> None:
    x, labels = np.zeros((3, 3), dtype), np.array([[0, 0, -1], [0, 0, 0], [1, 0, 1]])
    value, (slope,) = slopes(lambda x: F.multilabel_margin_loss(x, labels, "none"), x)
    np.testing.assert_allclose(value, [4 / 3, 2, 1], rtol=1e-6)
    np.testing.assert_allclose(slope, np.array([[-4, 2, 2], [-6, 3, 3], [-1, -2, 3]]) / 3, rtol=1e-6)


@both_precisions
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_margins_of_infinite_scores(dtype: Any) -> None:
    """A pair that does not count adds nothing, not even ∞ − ∞."""
    won = np.array([[inf, 0.0, 0.0]], dtype)
    value, (slope,) = slopes(lambda x: F.multi_margin_loss(x, np.array([0])), won)
    assert value == 0 and not slope.any()
    lost = np.array([[-inf, 0.0, 0.0]], dtype)
    value, (slope,) = slopes(lambda x: F.multi_margin_loss(x, np.array([0])), lost)
    np.testing.assert_allclose(slope, [[-2 / 3, 1 / 3, 1 / 3]], rtol=1e-6)
    assert value == inf
    assert F.multilabel_margin_loss(won, np.array([[0, -1, -1]])) == 0


# Empty batches -------------------------------------------------------------------------------------------------------

PAIRS = (
    *("mse_loss", "l1_loss", "huber_loss", "smooth_l1_loss", "binary_cross_entropy_with_logits"),
    *("binary_cross_entropy", "kl_div", "poisson_nll_loss", "soft_margin_loss", "hinge_embedding_loss"),
    *("multilabel_soft_margin_loss", "cross_entropy"),
)


@both_precisions
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("name", [*PAIRS, "classes", "nll_loss", "multi_margin_loss", "multilabel_margin_loss"])
def test_losses_of_an_empty_batch(name: str, dtype: Any) -> None:
    """The sum is 0, the mean NaN."""
    x = np.zeros((0, 3), dtype)
    target = x if name in PAIRS else np.zeros((0, 3) if name == "multilabel_margin_loss" else 0, int)
    loss = F.cross_entropy if name == "classes" else getattr(F, name)
    for reduction, shape in (("sum", ()), ("mean", ()), ("none", (0,))):
        value, (slope,) = slopes(lambda x, r=reduction: loss(x, target, reduction=r), x)
        assert value.shape[: len(shape)] == shape and slope.shape == x.shape
        assert reduction == "none" or (value == 0 if reduction == "sum" else np.isnan(value))


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_the_divergence_of_an_empty_batch_is_nan() -> None:
    value, (slope,) = slopes(lambda x: F.kl_div(x, np.zeros((0, 3)), "batchmean"), np.zeros((0, 3)))
    assert np.isnan(value) and slope.shape == (0, 3)


@both_precisions
def test_normalisation_of_an_empty_batch_is_empty_and_learns_nothing(dtype: Any) -> None:
    layer = nn.BatchNorm1d(3, dtype=dtype)
    before = {k: v.copy() for k, v in layer.state_dict().items() if k.startswith("running")}
    x = ag.Tensor(np.zeros((0, 3), dtype), requires_grad=True)
    layer(x).sum().backward()
    assert x.grad.shape == (0, 3) and not layer.weight.grad.numpy().any()
    for name, value in before.items():
        np.testing.assert_array_equal(layer.state_dict()[name], value)
    assert F.instance_norm(np.zeros((2, 3, 0), dtype)).shape == (2, 3, 0)


# Ties ----------------------------------------------------------------------------------------------------------------


@both_precisions
def test_equal_scores_under_a_margin_of_zero_move_apart(dtype: Any) -> None:
    """The slope of max(0, x) is 1 at 0 in losses, or what is equal would stay so for ever."""
    x = np.array([1.0, 2.0], dtype)
    _, (one, other) = slopes(lambda a, b: F.margin_ranking_loss(a, b, np.array([1, -1]), reduction="sum"), x, x.copy())
    assert one.tolist() == [-1, 1] and other.tolist() == [1, -1]
    _, (slope,) = slopes(lambda a: F.hinge_embedding_loss(a, np.full(2, -1), 2.0, "sum"), x)
    assert slope.tolist() == [-1, -1]


@both_precisions
@pytest.mark.parametrize("p", [1, 1.5, 2, 3, inf])
def test_a_distance_of_zero_has_the_slope_zero(dtype: Any, p: float) -> None:
    x = np.array([[3.0, 4.0]], dtype)
    value, (slope, _) = slopes(lambda a, b: F.pairwise_distance(a, b, p, eps=0.0), x, x.copy())
    assert value == 0 and not slope.any()


# Vectors -------------------------------------------------------------------------------------------------------------


@given(
    rng=generators, shapes=st.sampled_from([((3, 1), (3, 4)), ((4,), (3, 4)), ((3, 1, 2), (1, 4, 2)), ((3, 4),) * 2])
)
def test_a_cosine_is_at_most_one(rng: Any, shapes: Any) -> None:
    """Also of complex numbers, and where the axis of the vectors is itself broadcast: as of the full vectors."""
    x, y = (rng.normal(size=shape) for shape in shapes)
    for a, b in ((x, y), (x + 1j * x[::-1], y - 1j * y)):
        found = F.cosine_similarity(a, b, dim=-1 if x.ndim == 1 else 1)
        assert np.all(np.abs(found) <= 1 + 1e-12)
        full = np.broadcast_arrays(a, b)
        np.testing.assert_array_equal(found, F.cosine_similarity(*full, dim=1))
        np.testing.assert_allclose(F.cosine_similarity(b, b, dim=1), 1, rtol=1e-12)


# Attention -----------------------------------------------------------------------------------------------------------


@both_precisions
@pytest.mark.parametrize("kind", [bool, float])
def test_a_query_that_sees_nothing_gets_zero_and_disturbs_nobody(dtype: Any, kind: Any) -> None:
    rng = np.random.default_rng(0)
    q, k, v = rng.normal(size=(3, 2, 3, 4)).astype(dtype)
    seen = np.array([[1, 0, 1], [0, 0, 0], [1, 1, 1]], bool)
    mask = seen if kind is bool else np.where(seen, 0, -inf).astype(dtype)
    value, found = slopes(lambda *x: F.scaled_dot_product_attention(*x, mask), q, k, v)
    assert not value[:, 1].any() and not found[0][:, 1].any()
    rows = np.array([0, 2])
    alone, expected = slopes(lambda q, k, v: F.scaled_dot_product_attention(q, k, v, mask[rows]), q[:, rows], k, v)
    np.testing.assert_allclose(value[:, rows], alone, rtol=1e-5)
    np.testing.assert_allclose(found[0][:, rows], expected[0], rtol=1e-5, atol=1e-6)
    for one, other in zip(found[1:], expected[1:], strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("need_weights", [True, False])
def test_a_sample_that_is_all_padding_leaves_the_gradients_of_the_others_alone(need_weights: bool) -> None:
    """PyTorch's layer gives NaN for it, and with that to every weight, unless need_weights=False."""
    layer, rng = nn.MultiheadAttention(4, 2, batch_first=True, dtype=np.float64), np.random.default_rng(0)
    x, padding = rng.normal(size=(2, 3, 4)), np.array([[False, False, True], [True, True, True]])

    def gradients(samples: Any) -> list[Any]:
        layer.zero_grad()
        t = x[samples]
        out, weights = layer(t, t, t, key_padding_mask=padding[samples], need_weights=need_weights)
        out[0].sum().backward()
        assert weights is None or not np.isnan(weights.numpy()).any()
        return [p.grad.numpy().copy() for p in layer.parameters()]

    for one, other in zip(gradients([0, 1]), gradients([0]), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-12)


# Running statistics --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [np.array, ag.Tensor])
def test_running_statistics_are_arrays_or_tensors(kind: Any) -> None:
    x = np.array([[1.0, 10.0], [3.0, 30.0]])
    mean, var = kind(np.zeros(2)), kind(np.ones(2))
    F.batch_norm(x, mean, var, training=True)
    np.testing.assert_allclose(np.stack([np.array(mean), np.array(var)]), [[0.2, 2.0], [1.1, 20.9]])
    mean, var = kind(np.zeros(2)), kind(np.ones(2))
    F.instance_norm(x.T[None], mean, var)
    np.testing.assert_allclose(np.stack([np.array(mean), np.array(var)]), [[0.2, 2.0], [1.1, 20.9]])


def test_a_label_beyond_the_classes_is_refused() -> None:
    for labels in ([[0, 3, -1]], [[3, -1, -1]]):
        with pytest.raises(ValueError, match="a label of 3, but the input has classes 0 … 2"):
            F.multilabel_margin_loss(np.zeros((1, 3)), np.array(labels))
    F.multilabel_margin_loss(np.zeros((1, 3)), np.array([[0, -1, 3]]))  # what stands behind -1 is not read


# Shapes at the edge of what is allowed -------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(0, 4, 1, 2), (2, 0, 1, 2), (2, 4, 0, 2), (2, 4, 1, 0), (0, 0, 0, 0), (4, 0, 1)])
def test_pixels_of_nothing_are_nothing(shape: Any) -> None:
    x = ag.Tensor(np.ones(shape), requires_grad=True)
    y = F.pixel_shuffle(x, 2)
    *batch, c, h, w = shape
    assert y.shape == (*batch, c // 4, 2 * h, 2 * w)
    z = F.pixel_unshuffle(y, 2)
    z.sum().backward()
    assert z.shape == x.grad.shape == shape


def test_one_class_has_no_other_to_stay_away_from() -> None:
    for x in (np.array(3.0), np.array([3.0]), np.array([[3.0]])):
        t = ag.Tensor(x, requires_grad=True)
        loss = F.multi_margin_loss(t, np.zeros(x.shape[:1], int) if x.ndim == 2 else np.array(0))
        loss.backward()
        assert loss.item() == 0.0 and not t.grad.numpy().any()


@pytest.mark.parametrize("shape", [(2, 3, 4), (2, 3, 1), (2, 1, 4), (1, 3, 4), (2, 3)])
def test_a_variance_may_be_shared_along_one_axis(shape: Any) -> None:
    """½ (log σ² + (x − y)²/σ²), and its derivative with respect to σ² summed where σ² is shared."""
    rng = np.random.default_rng(0)
    x, y, var = rng.normal(size=(2, 3, 4)), rng.normal(size=(2, 3, 4)), rng.uniform(0.5, 2, shape)
    full = np.broadcast_to(var[..., None] if len(shape) == 2 else var, x.shape)
    loss, g = ag.value_and_grad(lambda v: F.gaussian_nll_loss(x, y, v, reduction="sum"))(var)
    np.testing.assert_allclose(loss, np.sum(0.5 * (np.log(full) + (x - y) ** 2 / full)))
    slopes = 0.5 * (1 / full - (x - y) ** 2 / full**2)
    axis = tuple(i for i, n in enumerate((*shape, 1)[:3]) if n != x.shape[i])
    np.testing.assert_allclose(g, slopes.sum(axis=axis, keepdims=len(shape) == 3))


@pytest.mark.parametrize("shape", [(1, 1, 4), (2, 3, 2), (4,), ()])
def test_a_variance_that_does_not_fit_is_refused(shape: Any) -> None:
    with pytest.raises(ValueError, match=r"gaussian_nll_loss: var of shape .* for an input of shape \(2, 3, 4\)"):
        F.gaussian_nll_loss(np.zeros((2, 3, 4)), np.zeros((2, 3, 4)), np.ones(shape))


@pytest.mark.parametrize("shape", [(), (3,)])
def test_a_batch_without_channels_is_refused(shape: Any) -> None:
    with pytest.raises(ValueError, match=r"batch_norm: input of shape \(.*; expected \(N, C, …\)"):
        F.batch_norm(np.ones(shape), training=True)


def test_the_divergence_of_a_number_is_a_batch_of_one() -> None:
    loss = F.kl_div(np.array(0.25), np.array(0.5), reduction="batchmean")
    assert loss == 0.5 * (np.log(0.5) - 0.25)


@pytest.mark.parametrize("loss", [F.mse_loss, F.l1_loss, F.huber_loss, F.smooth_l1_loss, F.kl_div, F.soft_margin_loss])
def test_a_complex_target_loses_no_imaginary_part(loss: Any) -> None:
    with pytest.raises(TypeError, match="would lose its imaginary part"):
        loss(np.array([1.0]), np.array([1.0 + 1.0j]))
