"""Initial values: their distributions, their closed forms, and what they keep of a signal."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_core as ag
import nn
from nn import init


@pytest.fixture(autouse=True)
def seed():
    ag.manual_seed(0)


def new(*shape):
    return nn.Parameter(np.full(shape, np.nan))


# name -> (how to fill, its standard deviation, its half-width or None for a Gaussian), for 300 inputs, 200 outputs
N, M = 300, 200
SPREADS = {
    "xavier uniform": (init.xavier_uniform_, math.sqrt(2 / (N + M)), math.sqrt(6 / (N + M))),
    "xavier normal": (init.xavier_normal_, math.sqrt(2 / (N + M)), None),
    "kaiming uniform": (lambda t: init.kaiming_uniform_(t, nonlinearity="relu"), math.sqrt(2 / N), math.sqrt(6 / N)),
    "kaiming normal": (lambda t: init.kaiming_normal_(t, nonlinearity="relu"), math.sqrt(2 / N), None),
    "kaiming of outputs": (
        lambda t: init.kaiming_normal_(t, mode="fan_out", nonlinearity="relu"),
        math.sqrt(2 / M),
        None,
    ),
    "lecun uniform": (init.lecun_uniform_, math.sqrt(1 / N), math.sqrt(3 / N)),
    "lecun normal": (init.lecun_normal_, math.sqrt(1 / N), None),
    "uniform": (lambda t: init.uniform_(t, -2, 2), 2 / math.sqrt(3), 2),
    "normal": (lambda t: init.normal_(t, std=0.7), 0.7, None),
    # The lecture's table: gains 1, 4 and √2 before Glorot's spread.
    **{
        f"lecture {name} {kind}": (
            lambda t, fill=fill, name=name: fill(t, init.glorot_gain(name)),
            gain * math.sqrt(2 / (N + M)),
            width and gain * width,
        )
        for name, gain in {"tanh": 1, "sigmoid": 4, "relu": math.sqrt(2), "silu": math.sqrt(2)}.items()
        for kind, fill, width in [
            ("uniform", init.xavier_uniform_, math.sqrt(6 / (N + M))),
            ("Gaussian", init.xavier_normal_, None),
        ]
    },
}


@pytest.mark.parametrize("name", SPREADS)
def test_spreads(name):
    fill, deviation, width = SPREADS[name]
    w = fill(new(M, N)).numpy()
    assert abs(w.mean()) < 5 * deviation / math.sqrt(w.size)
    assert abs(w.std() / deviation - 1) < 0.02
    if width:
        assert 0.999 * width < np.abs(w).max() <= width
    else:  # a Gaussian's fourth moment
        assert abs((w**4).mean() / deviation**4 - 3) < 0.15


def test_fans_of_convolutions_count_the_kernel():
    w = init.kaiming_normal_(new(64, 32, 3, 3), nonlinearity="linear").numpy()
    assert abs(w.std() * math.sqrt(32 * 9) - 1) < 0.03


def test_lecun_keeps_the_variance_of_a_linear_layer_and_he_that_of_relu_layers():
    x = np.random.default_rng(1).normal(size=(200, 400))  # not the weights' own seed
    y = z = x
    for _ in range(5):
        y = y @ init.lecun_normal_(new(400, 400)).numpy().T
        z = np.maximum(z, 0) @ init.kaiming_normal_(new(400, 400), nonlinearity="relu").numpy().T
    assert 0.8 < y.var() < 1.25 and 0.7 < z.var() < 1.4


@pytest.mark.parametrize(
    ("mean", "std", "a", "b"),
    [(0, 1, -2, 2), (0, 1, -0.1, 0.1), (1, 2, 0, 2.5), (0, 1, 3, 9), (0, 0.02, -2, 2), (5, 1, -40, -30), (0, 1, 0, 50)],
)
def test_truncated_normals_follow_the_truncated_density(mean, std, a, b):
    x = init.trunc_normal_(new(40_000), mean, std, a, b).numpy()
    assert a <= x.min() and x.max() <= b
    grid = np.linspace(a, b, 400_001)
    density = np.exp(-((grid - mean) ** 2 - ((np.clip(mean, a, b) - mean) ** 2)) / (2 * std**2))
    density /= density.sum()
    centre = (density * grid).sum()
    spread = math.sqrt((density * (grid - centre) ** 2).sum())
    assert abs(x.mean() - centre) < 5 * spread / 200
    assert abs(x.std() / spread - 1) < 0.05


@given(st.integers(1, 6), st.integers(1, 6), st.floats(0.5, 3), st.lists(st.integers(1, 2), max_size=2))
def test_orthogonal_rows_or_columns(rows, columns, gain, kernel):
    w = init.orthogonal_(new(rows, columns, *kernel), gain).numpy().reshape(rows, -1)
    gram = w @ w.T if rows <= w.shape[1] else w.T @ w
    assert np.allclose(gram, gain**2 * np.eye(min(w.shape)))


def test_orthogonal_matrices_have_no_preferred_direction():
    corners = [init.orthogonal_(new(2, 2)).numpy()[0, 0] for _ in range(2000)]
    assert abs(np.mean(corners)) < 0.1 and abs(np.mean(np.square(corners)) - 0.5) < 0.05


@given(st.integers(1, 9), st.integers(1, 9), st.floats(0, 1))
def test_each_column_of_a_sparse_matrix_has_its_zeros(rows, columns, sparsity):
    w = init.sparse_(new(rows, columns), sparsity, std=2.0).numpy()
    assert ((w == 0).sum(axis=0) == math.ceil(sparsity * rows)).all()


def test_an_identity_layer_and_a_dirac_kernel_pass_their_inputs_on():
    assert np.array_equal(init.eye_(new(3, 5)).numpy(), np.eye(3, 5))
    w = init.dirac_(new(4, 2, 3), groups=2).numpy()
    assert np.array_equal(w[:, :, 1], np.tile(np.eye(2), (2, 1))) and w.sum() == 4


def test_fixed_values():
    assert (init.constant_(new(2, 2), 0.3).numpy() == 0.3).all()
    assert (init.ones_(new(3)).numpy() == 1).all() and not init.zeros_(new(3)).numpy().any()


@pytest.mark.parametrize(
    "fill",
    [
        init.uniform_,
        init.normal_,
        init.trunc_normal_,
        init.xavier_uniform_,
        init.xavier_normal_,
        init.kaiming_uniform_,
        init.kaiming_normal_,
        init.lecun_uniform_,
        init.lecun_normal_,
        init.orthogonal_,
        lambda t, **kw: init.sparse_(t, 0.5, **kw),
    ],
)
def test_a_generator_decides_everything_and_the_tensor_stays_a_leaf(fill):
    draws = [fill(new(4, 5), generator=np.random.default_rng(3)) for _ in range(2)]
    assert np.array_equal(draws[0].numpy(), draws[1].numpy()) and np.isfinite(draws[0].numpy()).all()
    assert draws[0].is_leaf and draws[0].requires_grad
    other = fill(nn.Parameter(np.zeros((4, 5), np.float32)))
    assert other.dtype == np.float32 and not np.array_equal(other.numpy(), draws[0].numpy())
    assert fill(new(0, 3)).shape == (0, 3)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: init.xavier_uniform_(new(3)), ValueError, r"xavier_uniform_.*\(3,\).*2 axes"),
        (lambda: init.kaiming_normal_(new(3, 3), mode="fan"), ValueError, "'fan'"),
        (lambda: init.kaiming_normal_(new(3, 3), nonlinearity="gelu"), ValueError, "gelu.*leaky_relu"),
        (lambda: init.calculate_gain("leaky_relu", "steep"), ValueError, "steep"),
        (lambda: init.glorot_gain("selu"), ValueError, "selu.*sigmoid"),
        (lambda: init.normal_(new(3), std=-1), ValueError, "std=-1"),
        (lambda: init.uniform_(new(3), 2, 1), ValueError, "a=2 to b=1"),
        (lambda: init.trunc_normal_(new(3), a=2, b=1), ValueError, "a=2, b=1"),
        (lambda: init.eye_(new(3)), ValueError, r"\(3,\)"),
        (lambda: init.dirac_(new(3, 3)), ValueError, "3, 4 or 5 axes"),
        (lambda: init.dirac_(new(3, 3, 3), groups=2), ValueError, "groups=2"),
        (lambda: init.orthogonal_(new(3)), ValueError, r"\(3,\)"),
        (lambda: init.sparse_(new(3), 0.1), ValueError, r"\(3,\)"),
        (lambda: init.sparse_(new(3, 3), 1.5), ValueError, r"1\.5"),
        (lambda: init.zeros_(np.ones(3)), TypeError, "ndarray"),
        (lambda: init.zeros_(new(3) * 2), RuntimeError, "computed.*detach"),
    ],
)
def test_bad_input_is_refused(call, error, words):
    with pytest.raises(error, match=words):
        call()
