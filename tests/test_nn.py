"""Layers: their equations, their gradients, what they keep, and what they refuse."""

import numpy as np
import pytest

import autograd_core as ag
import nn

RNG = np.random.default_rng(0)
X = RNG.normal(size=(6, 4))
LABELS = np.array([0, 2, 1, 1, 0, 2])

LAYERS = {
    "linear": lambda: nn.Linear(4, 3, dtype=np.float64),
    "linear without bias": lambda: nn.Linear(4, 3, bias=False, dtype=np.float64),
    "relu": nn.ReLU,
    "sigmoid": nn.Sigmoid,
    "tanh": nn.Tanh,
    "silu": nn.SiLU,
    "dropout": lambda: nn.Dropout(0.4),
    "batch norm": lambda: nn.BatchNorm1d(4, dtype=np.float64),
    "batch norm, not affine": lambda: nn.BatchNorm1d(4, affine=False, dtype=np.float64),
    "network": lambda: nn.Sequential(
        nn.Linear(4, 5, dtype=np.float64), nn.BatchNorm1d(5, dtype=np.float64), nn.Tanh(), nn.Dropout(0.3)
    ),
}


def as_function(layer):
    """The layer as a function of its input and its parameters, with the same random numbers at every call."""
    names = [name for name, _ in layer.named_parameters()]

    def f(x, *parameters):
        ag.manual_seed(0)
        return nn.functional_call(layer, dict(zip(names, parameters, strict=True)), x)

    return f


@pytest.mark.parametrize("training", [True, False], ids=["train", "eval"])
@pytest.mark.parametrize("name", LAYERS)
def test_derivatives_of_every_layer_in_input_and_parameters(name, training):
    layer = LAYERS[name]().train(training)
    parameters = [p.numpy() + 0.1 * RNG.normal(size=p.shape) for p in layer.parameters()]
    ag.gradcheck(as_function(layer), X, *parameters, order=2, name=name, rtol=1e-4)


LOSSES = {
    "cross entropy of classes": (nn.CrossEntropyLoss, RNG.normal(size=(6, 3)), LABELS),
    "cross entropy of probabilities": (nn.CrossEntropyLoss, RNG.normal(size=(6, 3)), RNG.dirichlet(np.ones(3), 6)),
    "binary cross entropy": (nn.BCEWithLogitsLoss, RNG.normal(size=(5, 2)), RNG.uniform(size=(5, 2))),
    "mean square": (nn.MSELoss, RNG.normal(size=(5, 2)), RNG.normal(size=(5, 2))),
}


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("name", LOSSES)
def test_derivatives_of_every_loss(name, reduction):
    loss, x, target = LOSSES[name]
    ag.gradcheck(lambda z: loss(reduction=reduction)(z, target), x, order=2, name=name)


@pytest.mark.parametrize("name", LOSSES)
def test_reductions_are_the_mean_and_sum_of_none(name):
    loss, x, target = LOSSES[name]
    each = loss(reduction="none")(ag.Tensor(x), target).numpy()
    assert np.isclose(loss(reduction="mean")(ag.Tensor(x), target).item(), each.mean())
    assert np.isclose(loss(reduction="sum")(ag.Tensor(x), target).item(), each.sum())


def test_cross_entropy_is_minus_log_of_the_softmax_at_the_class():
    z = RNG.normal(size=(6, 3))
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    assert np.allclose(
        nn.CrossEntropyLoss(reduction="none")(ag.Tensor(z), LABELS).numpy(), -np.log(p[np.arange(6), LABELS])
    )


def test_cross_entropy_of_one_hot_probabilities_is_that_of_the_classes():
    z = ag.Tensor(RNG.normal(size=(6, 3)))
    assert np.isclose(nn.CrossEntropyLoss()(z, np.eye(3)[LABELS]).item(), nn.CrossEntropyLoss()(z, LABELS).item())


def test_adaptive_softmax_is_a_distribution_of_which_it_gives_the_targets_part():
    model = nn.AdaptiveLogSoftmaxWithLoss(8, 12, [3, 7], div_value=2.0, dtype=np.float64)
    x, y = RNG.normal(size=(12, 8)), np.arange(12)
    logs = model.log_prob(ag.Tensor(x))
    assert np.allclose(np.exp(logs).sum(axis=1), 1)
    found = model(ag.Tensor(x), y)
    assert np.allclose(found.output, logs[y, y])
    assert np.allclose(found.loss, -np.mean(logs[y, y]))
    assert np.array_equal(model.predict(x), np.argmax(logs.numpy(), axis=1))
    assert ag.gradcheck(lambda x: model(x, y).loss, x) < 1e-6
    assert np.allclose(model(ag.Tensor(x[4]), 4).output, logs[4, 4])
    for cutoffs in ([], [0, 3], [3, 3], [3, 12], [2.5]):
        with pytest.raises(ValueError, match="cutoffs="):
            nn.AdaptiveLogSoftmaxWithLoss(8, 12, cutoffs)
    with pytest.raises(ValueError, match="class numbers from 0 to 11"):
        model(ag.Tensor(x), y + 1)


def test_linear_cross_entropy_is_the_cross_entropy_of_the_linear_layer():
    x, w, b, y = (
        RNG.normal(size=(5, 4)),
        RNG.normal(size=(3, 2, 4)),
        RNG.normal(size=(3, 2)),
        RNG.integers(0, 3, (5, 2)),
    )
    logits = np.einsum("ne,cde->ncd", x, w) + b
    expected = nn.functional.cross_entropy(logits, y, label_smoothing=0.1)
    assert np.allclose(nn.functional.linear_cross_entropy(x, w, y, linear_bias=b, label_smoothing=0.1), expected)
    module = nn.LinearCrossEntropyLoss(4, 3, out_features=(2,), bias=True, dtype=np.float64)
    module.load_state_dict({"linear.weight": w.reshape(6, 4), "linear.bias": b.reshape(6)})
    assert np.allclose(module(ag.Tensor(x), y), nn.functional.cross_entropy(logits, y))
    with pytest.raises(ValueError, match="linear_bias of shape"):
        nn.functional.linear_cross_entropy(x, w, y, linear_bias=b[0])


def test_gradient_of_cross_entropy_is_softmax_minus_one_hot():
    z = RNG.normal(size=(6, 3))
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    assert np.allclose(ag.grad(lambda z: nn.CrossEntropyLoss(reduction="sum")(z, LABELS))(z), p - np.eye(3)[LABELS])


def test_losses_are_finite_and_exact_at_extreme_logits():
    z = ag.Tensor(np.array([1000.0, -1000.0]))
    assert np.array_equal(nn.BCEWithLogitsLoss(reduction="none")(z, np.array([1.0, 1.0])).numpy(), [0.0, 1000.0])
    z = ag.Tensor(np.array([[1000.0, -1000.0]]))
    assert nn.CrossEntropyLoss()(z, [1]).item() == 2000.0


def test_linear_is_its_equation():
    layer = nn.Linear(4, 3, dtype=np.float64)
    assert np.allclose(layer(X).numpy(), X @ layer.weight.numpy().T + layer.bias.numpy())


def test_batch_norm_gives_each_feature_mean_bias_and_deviation_weight():
    layer = nn.BatchNorm1d(4, eps=0, dtype=np.float64)
    layer.weight.data[...] = [1.0, 2.0, 3.0, 4.0]
    layer.bias.data[...] = [-1.0, 0.0, 1.0, 2.0]
    y = layer(X).numpy()
    assert np.allclose(y.mean(axis=0), layer.bias.numpy())
    assert np.allclose(y.std(axis=0), layer.weight.numpy())


def test_batch_norm_of_sequences_normalises_over_batch_and_length():
    y = nn.BatchNorm1d(4, eps=0, dtype=np.float64)(RNG.normal(3, 2, size=(5, 4, 7))).numpy()
    assert np.allclose(y.mean(axis=(0, 2)), 0) and np.allclose(y.var(axis=(0, 2)), 1)


def test_batch_norm_remembers_mean_and_unbiased_variance():
    layer = nn.BatchNorm1d(4, momentum=0.1, dtype=np.float64)
    layer(X)
    assert np.allclose(layer.running_mean.numpy(), 0.1 * X.mean(axis=0))
    assert np.allclose(layer.running_var.numpy(), 0.9 + 0.1 * X.var(axis=0, ddof=1))
    assert layer.num_batches_tracked.item() == 1
    before = layer.state_dict()
    y = layer.eval()(X).numpy()
    assert np.allclose(y, (X - before["running_mean"]) / np.sqrt(before["running_var"] + layer.eps))
    assert all(np.array_equal(before[k], v) for k, v in layer.state_dict().items())


def test_a_seed_makes_everything_random_reproducible():
    def draw():
        ag.manual_seed(7)
        return nn.Sequential(nn.Linear(4, 50), nn.Dropout())(ag.Tensor(X.astype(np.float32))).numpy()

    assert np.array_equal(draw(), draw())


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: nn.Linear(4, 3)(np.ones((2, 5))), ValueError, r"Linear.*\(2, 5\).*must be 4"),
        (lambda: nn.Linear(4, 3)(1.0), ValueError, r"Linear.*\(\)"),
        (lambda: nn.Linear(4, 3)(X), TypeError, r"Linear.*float64.*float32.*Fix"),
        (lambda: nn.Linear(0, 3), ValueError, "in_features=0"),
        (lambda: nn.BatchNorm1d(4)(np.ones((2, 5))), ValueError, r"BatchNorm1d.*\(2, 5\).*\(N, 4\)"),
        (lambda: nn.BatchNorm1d(4)(np.ones((1, 4))), ValueError, r"one value a .*larger batch"),
        (
            lambda: nn.CrossEntropyLoss()(ag.Tensor(X), np.zeros(5, int)),
            ValueError,
            r"\(5,\).*\(6, 4\).*expected \(6,\)",
        ),
        (lambda: nn.CrossEntropyLoss()(ag.Tensor(X), np.full(6, 4)), ValueError, r"4 … 4.*0 … 3"),
        (lambda: nn.CrossEntropyLoss()(ag.Tensor(X), np.zeros(6)), TypeError, "float64.*integers"),
        (lambda: nn.MSELoss()(ag.Tensor(X), X[:, 0]), ValueError, r"\(6, 4\).*\(6,\).*reshape"),
        (lambda: nn.BCEWithLogitsLoss()(ag.Tensor(X), X[:1]), ValueError, r"\(6, 4\).*\(1, 4\)"),
        (lambda: nn.MSELoss("median"), ValueError, "median"),
    ],
)
def test_bad_input_is_refused_with_the_shapes_and_the_mend(call, error, words):
    with pytest.raises(error, match=words):
        call()


def test_a_refused_batch_leaves_the_running_statistics_alone():
    layer = nn.BatchNorm1d(4)
    before = layer.state_dict()
    with pytest.raises(ValueError, match="one value a"):
        layer(np.ones((1, 4)))
    assert all(np.array_equal(before[k], v) for k, v in layer.state_dict().items())


@pytest.mark.parametrize("shape", [(4,), (6, 4), (2, 3, 4)])
def test_the_fused_linear_layer_is_product_plus_bias_in_value_and_derivatives(shape):
    x, w, b = RNG.normal(size=shape), RNG.normal(size=(3, 4)), RNG.normal(size=3)
    plain = lambda x, w, b: x @ np.swapaxes(w, 0, 1) + b
    fused = lambda x, w, b: nn.functional.linear(x, w, b)
    u, tangents = RNG.normal(size=(*shape[:-1], 3)), (x + 1, w + 1, b + 1)
    for transform in (lambda f: ag.vjp(f, x, w, b)[1](u), lambda f: ag.jvp(f, (x, w, b), tangents)):
        for one, other in zip(transform(plain), transform(fused), strict=True):
            assert np.allclose(one, other)


def test_the_fused_cross_entropy_is_the_picked_log_softmax():
    z = RNG.normal(size=(6, 3))
    plain = lambda z: -ag.log_softmax(z, axis=1)[np.arange(6), LABELS].mean()
    fused = lambda z: nn.functional.cross_entropy(z, LABELS)
    for transform in (lambda f: ag.value_and_grad(f)(z), lambda f: ag.jvp(f, (z,), (z + 1,))):
        assert np.allclose(transform(plain)[0], transform(fused)[0])
        assert np.allclose(transform(plain)[1], transform(fused)[1])


@pytest.mark.parametrize("p", [0.5, 0.1, 0.999, 1 / 3])
def test_dropout_masks_are_independent_with_probability_p(p):
    size = 200_000
    keep = nn.functional.keep_mask((size,), p, np.float64, np.random.default_rng(3))
    spread = 5 * np.sqrt(p * (1 - p) / size)
    assert abs(keep.mean() - (1 - p)) < spread
    for lag in (1, 8, 64):
        both = (keep[lag:] * keep[:-lag]).mean()
        assert abs(both - (1 - p) ** 2) < 3 * spread


def test_the_boundary_of_the_mask_is_decided_by_further_bits():
    """With p below one 256th all eight bits of a dropped element are zero, and most such elements are kept."""
    size, p = 1_000_000, 1 / 2560
    dropped = size - nn.functional.keep_mask((size,), p, np.float32, np.random.default_rng(0)).sum(dtype=float)
    assert abs(dropped / size - p) < 5 * np.sqrt(p / size)
