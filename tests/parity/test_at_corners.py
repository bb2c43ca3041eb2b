"""Activations, losses and layers against PyTorch's at infinities, NaN, zeros, subnormals and huge numbers.

Values and gradients, float32 and float64. ``ELSEWHERE`` lists where they differ, and why; everything else is the same.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import nn.functional as F  # noqa: E402
from autograd_core import Tensor  # noqa: E402

TF = torch.nn.functional
inf, nan = np.inf, np.nan
pytestmark = pytest.mark.filterwarnings("ignore")
both_precisions = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def corners(dtype: Any) -> Any:
    kind = np.finfo(dtype)
    sizes = [0.0, kind.smallest_subnormal, kind.tiny, 1e-30, 0.5, 1, 3, 6, 20, 50, 100, 1000, 1e30, kind.max, inf, nan]
    return np.array([s * x for x in sizes for s in (1, -1)], dtype)


def grid(dtype: Any, *lists: Any) -> list[Any]:
    return [np.array(column, dtype) for column in zip(*itertools.product(*lists), strict=True)]


def results(f: Callable[..., Any], kind: Any, xs: list[Any]) -> list[Any]:
    """Value, and the gradients of the sum."""
    leaves = [kind(x) for x in xs]
    y = f(*leaves)
    y.backward(np.ones(y.shape, y.dtype) if kind is ours else torch.ones_like(y))
    arrays = [y.detach(), *(leaf.grad for leaf in leaves)]
    return [np.zeros(xs[0].shape) if a is None else a.numpy() for a in arrays]


def ours(x: Any) -> Any:
    return Tensor(x.copy(), requires_grad=True)


def theirs(x: Any) -> Any:
    return torch.tensor(x, requires_grad=True)


def assert_same(f: Any, g: Any, xs: list[Any], elsewhere: Callable[..., Any] | None = None, rtol: float = 0) -> None:
    """Equal where ``elsewhere(*xs)`` does not hold; of a NaN may come NaN where PyTorch has a number."""
    dtype = xs[0].dtype
    different = np.zeros(np.shape(xs[0]), bool) if elsewhere is None else elsewhere(*xs)
    of_nan = np.any([np.isnan(x) for x in xs if x.shape == different.shape], axis=0)
    with np.errstate(all="ignore"):
        for a, b in zip(results(f, ours, xs), results(g, theirs, xs), strict=True):
            assert a.shape == b.shape and a.dtype == dtype
            tolerance = (rtol or {4: 1e-5, 8: 1e-8}[dtype.itemsize]) * np.abs(b) + {4: 1e-7, 8: 1e-15}[dtype.itemsize]
            same = (a == b) | (np.isnan(a) & np.isnan(b)) | (np.abs(a - b) <= tolerance)
            if a.shape == different.shape:
                same |= different | (of_nan & np.isnan(a))
            wrong = np.flatnonzero(~same)[:5]
            assert not wrong.size, [
                ([float(x.flat[i]) for x in xs if x.size == a.size], a.flat[i], b.flat[i]) for i in wrong
            ]


ELSEWHERE: dict[str, Any] = {
    "relu": np.isnan,  # the slope there is 0, PyTorch's 1
    "gelu": lambda x: np.isinf(x) | (np.abs(x) >= 6),  # PyTorch's erf is 1 too early, ∞·0 is NaN in its float32
    "softsign": lambda x: np.abs(x) > 100,  # PyTorch squares 1 + |x|, which overflows, cancels, and is NaN at ±∞
    "softplus {'threshold': 1000.0}": lambda x: x > 80,  # PyTorch's e^x overflows in the slope: NaN
    "soft_margin_loss": lambda x, y: x * y < -80,  # the same
    "l1_loss": lambda x, y: np.isinf(x) & (x == y),  # ∞ − ∞ is NaN in the value; PyTorch's slope of it 0, ours NaN
    "smooth_l1_loss {'beta': 0.0}": lambda x, y: np.isinf(x) & (x == y),
    "hinge_embedding_loss": lambda x, y: np.isnan(x),
    "kl_div": lambda x, q: q == 0,  # the slope of q·log q: −∞ + ∞ in PyTorch
    "binary_cross_entropy_with_logits": lambda z, y: z == -inf,  # y of it is ∞; PyTorch's 0·∞ is NaN
}
ACTIVATIONS = [
    *("relu", "relu6", "elu", "selu", "celu", "leaky_relu", "gelu", "logsigmoid", "hardshrink", "tanhshrink", "silu"),
    *("softsign", "softplus", "softshrink", "tanh", "sigmoid", "hardsigmoid", "mish", "hardswish", "hardtanh", "rrelu"),
]
SET = [
    *(("elu", {"alpha": a}) for a in (0.0, -2.0)),
    *(("celu", {"alpha": a}) for a in (0.5, -2.0)),
    *(("leaky_relu", {"negative_slope": a}) for a in (0.0, -1.0)),
    *(("hardshrink", {"lambd": 0.0}), ("softshrink", {"lambd": 0.0}), ("gelu", {"approximate": "tanh"})),
    *(("softplus", {"beta": 2.0, "threshold": 1.0}), ("softplus", {"threshold": 1000.0})),
    *(("hardtanh", {"min_val": 0.0, "max_val": 0.5}), ("threshold", {"threshold": 0.5, "value": -1.0})),
    *(("threshold", {"threshold": 0.0, "value": nan}), ("threshold", {"threshold": -inf, "value": 2.0})),
]


def exception(name: str, options: dict[str, Any]) -> Any:
    return ELSEWHERE.get(f"{name} {options}" if options else name, ELSEWHERE.get(name))


@both_precisions
@pytest.mark.parametrize(("name", "options"), [*((name, {}) for name in ACTIVATIONS), *SET])
def test_activations(name: str, options: dict[str, Any], dtype: Any) -> None:
    f, g = (lambda x, of=of: getattr(of, name)(x, **options) for of in (F, TF))
    rtol = 2e-4 if name in ("gelu", "hardsigmoid", "softsign") else 0  # PyTorch's own rounding
    assert_same(f, g, [corners(dtype)], exception(name, options), rtol)
    assert_same(f, g, [np.zeros((0, 3), dtype)])


@both_precisions
@pytest.mark.parametrize("slope", [0.25, 0.0, -1.0, inf, nan])
def test_prelu(slope: float, dtype: Any) -> None:
    x = corners(dtype)
    of_x = lambda f, cast: lambda a: f(a, cast(np.array([slope], dtype)))
    assert_same(of_x(F.prelu, np.asarray), of_x(TF.prelu, torch.tensor), [x], lambda x: np.isnan(x))
    finite = x[np.isfinite(x) & (np.abs(x) <= 1000)]
    of_slope = lambda f, cast: lambda w: f(cast(finite), w)
    assert_same(of_slope(F.prelu, np.asarray), of_slope(TF.prelu, torch.tensor), [np.array([slope], dtype)])


ROWS = [[1, 2, 3], [-inf, 0, 1], [-inf] * 3, [inf, 0, 1], [inf, inf, 0], [nan, 0, 1], [1e30] * 3, [1e30, -1e30, 0]]


@both_precisions
@pytest.mark.parametrize("row", ROWS)
@pytest.mark.parametrize("name", ["softmax", "softmin", "log_softmax"])
def test_softmax_and_kin(name: str, row: Any, dtype: Any) -> None:
    weights = np.array([1, 2, 5], dtype)
    f = lambda x: getattr(F, name)(x, dim=1) * weights
    assert_same(f, lambda x: getattr(TF, name)(x, dim=1) * torch.tensor(weights), [np.array([row], dtype)])


TARGETS = [0.0, 1.0, -1.0, inf, -inf, nan, 0.5]
NUMBERS = [
    *((name, {}) for name in ("mse_loss", "l1_loss", "huber_loss", "smooth_l1_loss")),
    *(("huber_loss", {"delta": d}) for d in (0.3, inf)),
    *(("smooth_l1_loss", {"beta": b}) for b in (0.0, 0.3, 1e-20)),
]


@both_precisions
@pytest.mark.parametrize(("name", "options"), NUMBERS)
def test_losses_of_numbers(name: str, options: dict[str, Any], dtype: Any) -> None:
    f, g = (lambda x, y, of=of: getattr(of, name)(x, y, reduction="none", **options) for of in (F, TF))
    assert_same(f, g, grid(dtype, corners(dtype), TARGETS), exception(name, options))


@both_precisions
@pytest.mark.parametrize("name", ["binary_cross_entropy_with_logits", "poisson_nll_loss", "kl_div"])
def test_losses_of_shares(name: str, dtype: Any) -> None:
    x, y = grid(dtype, corners(dtype), [0.0, 1.0, 0.5])
    f = lambda x: getattr(F, name)(x, y, reduction="none")
    g = lambda x: getattr(TF, name)(x, torch.tensor(y), reduction="none")
    different = exception(name, {})
    assert_same(f, g, [x], different and (lambda x: different(x, y)), rtol=1e-4)


@both_precisions
@pytest.mark.parametrize("name", ["soft_margin_loss", "hinge_embedding_loss"])
def test_losses_of_signs(name: str, dtype: Any) -> None:
    x, y = grid(dtype, corners(dtype), [-1.0, 1.0])
    f = lambda x: getattr(F, name)(x, y, reduction="none")
    g = lambda x: getattr(TF, name)(x, torch.tensor(y), reduction="none")
    assert_same(f, g, [x], lambda x: ELSEWHERE[name](x, y))


@both_precisions
def test_losses_of_probabilities(dtype: Any) -> None:
    """The slope by the target too, but for subnormals: their logarithms are cut off at −100 in both."""
    p = corners(dtype)
    p = np.append(p[(p >= 0) & (p <= 1)], np.array([1 - np.finfo(dtype).epsneg, 1e-20, 1e-40], dtype))
    x, y = grid(dtype, p, [0.0, 1.0, 0.5])
    of_x = lambda f, cast: lambda x: f(x, cast(y), reduction="none")
    assert_same(of_x(F.binary_cross_entropy, np.asarray), of_x(TF.binary_cross_entropy, torch.tensor), [x])


@both_precisions
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_margins_of_pairs(sign: float, dtype: Any) -> None:
    x, y = grid(dtype, corners(dtype), corners(dtype))
    t = np.full(x.shape, sign, dtype)
    f = lambda a, b: F.margin_ranking_loss(a, b, t, margin=0.5, reduction="none")
    g = lambda a, b: TF.margin_ranking_loss(a, b, torch.tensor(t), margin=0.5, reduction="none")
    assert_same(f, g, [x, y], lambda x, y: np.isnan(x - y))  # of NaN the slope is 1 here, 0 there


VECTORS = [[0, 0], [1, 0], [-1, 0], [3, 4], [inf, 0], [nan, 0], [1e-30, 0], [1e30, 1e30], [-0.0, 0.0]]


@both_precisions
@pytest.mark.parametrize(("one", "other"), list(itertools.product(VECTORS, VECTORS)))
def test_vectors(one: Any, other: Any, dtype: Any) -> None:
    pair = [np.array([one], dtype), np.array([other], dtype)]
    assert_same(F.cosine_similarity, TF.cosine_similarity, pair)
    for y in (1, -1):
        f = lambda a, b, y=y: F.cosine_embedding_loss(a, b, np.array([y]), reduction="none")
        g = lambda a, b, y=y: TF.cosine_embedding_loss(a, b, torch.tensor([y]), reduction="none")
        assert_same(f, g, pair)
    if not np.isfinite([*one, *other]).all() or {*one, *other} & {1e-30, 1e30}:
        return  # PyTorch squares, which overflows and underflows, and takes 0 for the slope of a NaN
    for p, eps in itertools.product((1.0, 2.0, 3.0, inf), (1e-6, 0.0)):
        f, g = (lambda a, b, of=of, p=p, eps=eps: of.pairwise_distance(a, b, p, eps) for of in (F, TF))
        assert_same(f, g, pair)


CLASSES = {
    "all counted": [0, 1, 2, 0],
    "one ignored": [-100, 1, 2, 0],
    "one counted": [-100, -100, -100, 0],
    "none counted": [-100] * 4,
}
LOGITS: dict[str, Any] = {"plain": None, "∞": inf, "−∞": -inf, "huge": 1e30}


@both_precisions
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("targets", CLASSES)
@pytest.mark.parametrize("logits", LOGITS)
@pytest.mark.parametrize("weight", [None, [1.0, 2.0, 3.0], [0.5, 2.0, 0.0]])
def test_classes(logits: str, targets: str, weight: Any, reduction: str, dtype: Any) -> None:
    z = np.random.default_rng(0).normal(size=(4, 3)).astype(dtype)
    if LOGITS[logits] is not None:
        z[0, 1] = LOGITS[logits]
    y = np.array(CLASSES[targets])
    w = None if weight is None else np.array(weight, dtype)
    tensors = torch.tensor(y), None if w is None else torch.tensor(w)
    for smoothing in (0.0, 0.1, 1.0):
        options = {"reduction": reduction, "label_smoothing": smoothing}
        f, g = (
            lambda z, o=options: F.cross_entropy(z, y, w, **o),
            lambda z, o=options: TF.cross_entropy(z, *tensors, **o),
        )
        assert_same(f, g, [z])
    f, g = (
        (lambda z: F.nll_loss(z, y, w, reduction=reduction)),
        (lambda z: TF.nll_loss(z, *tensors, reduction=reduction)),
    )
    assert_same(f, g, [z])


SCORES = [[0, 0, 0], [1, 0, 0], [0, 1, 0], [inf, 0, 0], [-inf, 0, 0], [1e30, -1e30, 0], [1, 2, 3]]


@both_precisions
@pytest.mark.parametrize("row", SCORES)
def test_margins_between_classes(row: Any, dtype: Any) -> None:
    x = np.array([row], dtype)
    for y, p, w in itertools.product((0, 1, 2), (1, 2), (None, np.zeros(3, dtype), np.array([2, 1, 1], dtype))):
        weight = None if w is None else torch.tensor(w)
        f = lambda a, y=y, p=p, w=w: F.multi_margin_loss(a, np.array([y]), p=p, weight=w)
        assert_same(f, lambda a, y=y, p=p, w=weight: TF.multi_margin_loss(a, torch.tensor([y]), p=p, weight=w), [x])
    for labels in ([-1, -1, -1], [0, -1, 1], [0, 0, -1], [0, 0, 0], [1, 0, 1], [2, 2, 0], [0, 1, 2], [-1, 0, 0]):
        f = lambda a, y=labels: F.multilabel_margin_loss(a, np.array([y]))
        assert_same(f, lambda a, y=labels: TF.multilabel_margin_loss(a, torch.tensor([y])), [x])


@both_precisions
@pytest.mark.parametrize("kind", [bool, float])
@pytest.mark.parametrize("seen", [[[1, 0, 1], [0, 0, 0], [1, 1, 1]], [[0, 0, 0]] * 3])
def test_attention_of_queries_that_see_nothing(kind: Any, seen: Any, dtype: Any) -> None:
    qkv = list(np.random.default_rng(0).normal(size=(3, 2, 3, 4)).astype(dtype))
    mask = np.array(seen, bool)
    mask = mask if kind is bool else np.where(mask, 0, -inf).astype(dtype)
    f = lambda *x: F.scaled_dot_product_attention(*x, mask)
    assert_same(f, lambda *x: TF.scaled_dot_product_attention(*x, torch.tensor(mask)), qkv)


@both_precisions
@pytest.mark.parametrize("row", [[1, 1, 1], [0, 0, 0], [inf, 0, 1], [nan, 0, 1], [1e-30, -1e-30, 0]])
def test_normalisation(row: Any, dtype: Any) -> None:
    x, w = np.array([row], dtype), np.array([1, 2, 3], dtype)
    assert_same(lambda a, b: F.layer_norm(a, (3,), b), lambda a, b: TF.layer_norm(a, (3,), b), [x, w])
    assert_same(lambda a, b: F.rms_norm(a, (3,), b, 1e-5), lambda a, b: TF.rms_norm(a, (3,), b, 1e-5), [x, w])
    assert_same(lambda a: F.group_norm(a, 1) * w, lambda a: TF.group_norm(a, 1) * torch.tensor(w), [x[None]])
    batch = lambda of, cast: lambda a: of.batch_norm(a, None, None, training=True) * cast(w[:, None])
    assert_same(batch(F, np.asarray), batch(TF, torch.tensor), [x.T.copy()])


@pytest.mark.parametrize("name", ["batch_norm", "instance_norm"])
def test_running_statistics_in_arrays(name: str) -> None:
    x = np.random.default_rng(0).normal(size=(4, 3, 5))
    mean, var, tensors = np.zeros(3), np.ones(3), (torch.zeros(3).double(), torch.ones(3).double())
    options = {"training": True} if name == "batch_norm" else {}
    assert_same(
        lambda a: getattr(F, name)(a, mean, var, **options), lambda a: getattr(TF, name)(a, *tensors, **options), [x]
    )
    np.testing.assert_allclose([mean, var], [t.numpy() for t in tensors], rtol=1e-12)
