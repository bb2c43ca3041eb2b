"""Averages of weights and of answers."""

import copy

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_core as ag
import nn
import optim
from optim import swa_utils

RNG = np.random.default_rng(0)
WALK = RNG.normal(size=(6, 2, 3))


class Model(nn.Module):
    """A matrix, and two buffers: a floating one and a count."""

    def __init__(self):
        super().__init__()
        self.w = nn.Parameter(WALK[0].copy())
        self.register_buffer("mean", WALK[0, 0].copy())
        self.register_buffer("count", np.array(0))

    def forward(self, x):
        return x @ self.w + self.mean

    def move(self, k):
        self.w.data, self.mean.data, self.count.data = WALK[k].copy(), WALK[k, 0].copy(), np.array(k)


def averaged(**options):
    model = Model()
    average = swa_utils.AveragedModel(model, **options)
    for k in range(len(WALK)):
        model.move(k)
        average.update_parameters(model)
    return average


def ema(decay):
    mean = WALK[0]
    for w in WALK[1:]:
        mean = decay * mean + (1 - decay) * w
    return mean


def test_swa_is_the_mean_of_all():
    for options in ({}, {"avg_fn": swa_utils.get_swa_avg_fn()}, {"multi_avg_fn": swa_utils.get_swa_multi_avg_fn()}):
        assert np.allclose(averaged(**options).module.w.numpy(), WALK.mean(axis=0))


@given(st.floats(0, 1))
def test_ema_is_the_lectures_running_average(decay):
    """x_test = 0.995*x_test + 0.005*x, from the first x."""
    for options in (
        {"avg_fn": swa_utils.get_ema_avg_fn(decay)},
        {"multi_avg_fn": swa_utils.get_ema_multi_avg_fn(decay)},
    ):
        assert np.allclose(averaged(**options).module.w.numpy(), ema(decay))


def test_buffers_are_copied_or_averaged_and_counts_are_always_copied():
    copied, together = averaged(), averaged(use_buffers=True)
    assert np.allclose(copied.module.mean.numpy(), WALK[-1, 0])
    assert np.allclose(together.module.mean.numpy(), WALK[:, 0].mean(axis=0))
    assert copied.module.count.item() == together.module.count.item() == len(WALK) - 1


def test_the_average_of_a_linear_model_answers_with_the_average_of_its_answers():
    x = RNG.normal(size=(4, 2))
    answers = [x @ w + w[0] for w in WALK]
    assert np.allclose(averaged(use_buffers=True)(x).numpy(), np.mean(answers, axis=0))


def test_the_average_is_a_copy_that_the_model_does_not_move():
    model = Model()
    average = swa_utils.AveragedModel(model)
    average.update_parameters(model)
    model.w.data[...] = 100.0
    assert np.array_equal(average.module.w.numpy(), WALK[0])
    assert average.eval().training is False
    assert model.training is True


def test_a_model_that_an_optimizer_moves_is_averaged():
    model = nn.Linear(2, 1)
    optimizer = optim.Adam(model.parameters(), lr=0.1)
    average, seen = swa_utils.AveragedModel(model), []
    for _ in range(4):
        optimizer.zero_grad()
        (model(np.ones((3, 2), np.float32)) ** 2).sum().backward()
        optimizer.step()
        seen.append(model.weight.numpy().copy())
        average.update_parameters(model)
    assert np.allclose(average.module.weight.numpy(), np.mean(seen, axis=0), atol=1e-6)


def test_resuming_continues_bit_for_bit():
    options = {"multi_avg_fn": swa_utils.get_ema_multi_avg_fn(0.9)}
    whole, model = averaged(**options), Model()
    first = swa_utils.AveragedModel(model, **options)
    for k in range(3):
        model.move(k)
        first.update_parameters(model)
    second = swa_utils.AveragedModel(Model(), **options)
    second.load_state_dict(copy.deepcopy(first.state_dict()))
    assert set(first.state_dict()) == {"n_averaged", "module.w", "module.mean", "module.count"}
    for k in range(3, len(WALK)):
        model.move(k)
        second.update_parameters(model)
    assert np.array_equal(second.module.w.numpy(), whole.module.w.numpy())


@pytest.mark.parametrize("wrap", [lambda x: x, lambda x: (x, "label"), lambda x: [x]])
def test_update_bn_gives_the_statistics_of_the_whole_data(wrap):
    norm = nn.BatchNorm1d(2)
    model = nn.Sequential(norm, nn.Linear(2, 1))
    data = RNG.normal(3.0, 1.0, size=(5, 8, 2)).astype(np.float32)
    model(data[0])
    norm.eval()
    swa_utils.update_bn([wrap(x) for x in data], model)
    assert np.allclose(norm.running_mean.numpy(), data.reshape(-1, 2).mean(axis=0), atol=1e-6)
    assert np.allclose(norm.running_var.numpy(), data.var(axis=1, ddof=1).mean(axis=0), atol=1e-6)
    assert norm.momentum == 0.1
    assert model.training and not norm.training


def test_update_bn_leaves_modes_and_momenta_after_an_error():
    norm = nn.BatchNorm1d(2)
    model = nn.Sequential(norm).eval()
    with pytest.raises(ValueError):
        swa_utils.update_bn([np.ones((2, 2), np.float32), np.ones((2, 3), np.float32)], model)
    assert norm.momentum == 0.1 and not norm.training


@pytest.mark.parametrize("strategy", ["cos", "linear"])
def test_swalr_goes_from_the_present_rate_to_its_own(strategy):
    optimizer = optim.SGD([ag.Tensor([1.0], requires_grad=True)], lr=1.0)
    schedule = swa_utils.SWALR(optimizer, 0.1, anneal_epochs=8, anneal_strategy=strategy)
    done = np.clip(np.arange(12) / 8, 0, 1)
    done = (1 - np.cos(np.pi * done)) / 2 if strategy == "cos" else done
    assert np.allclose(schedule.preview(12)[:, 0], 1 + (0.1 - 1) * done)


def test_an_ensemble_answers_with_the_mean():
    x = RNG.normal(size=(4, 2))
    models = [lambda x, w=w: x @ w for w in WALK]
    assert np.allclose(swa_utils.Ensemble(models)(x), x @ WALK.mean(axis=0))
    softmax = lambda z: np.exp(z) / np.exp(z).sum(axis=-1, keepdims=True)
    probabilities = swa_utils.Ensemble(models, softmax)(x)
    assert np.allclose(probabilities.sum(axis=-1), 1)
    assert np.allclose(probabilities, np.mean([softmax(x @ w) for w in WALK], axis=0))


def test_averaging_checkpoints_is_swa():
    states, model = [], Model()
    for k in range(len(WALK)):
        model.move(k)
        states.append(model.state_dict())
    mean = swa_utils.average_checkpoints(states)
    model.load_state_dict(mean)
    assert np.allclose(model.w.numpy(), WALK.mean(axis=0))
    assert model.count.item() == len(WALK) - 1


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: swa_utils.get_ema_avg_fn(1.5), ValueError, "decay=1.5"),
        (lambda: swa_utils.get_ema_multi_avg_fn(-0.1), ValueError, "decay=-0.1"),
        (lambda: averaged(avg_fn=max, multi_avg_fn=max), ValueError, "not both"),
        (lambda: swa_utils.AveragedModel(3), TypeError, "int is not a module"),
        (lambda: averaged().update_parameters(nn.Linear(2, 2)), ValueError, r"shapes \[\(2, 2\), \(2,\)\]"),
        (lambda: averaged().load_state_dict({}), ValueError, "n_averaged"),
        (lambda: swa_utils.Ensemble([]), ValueError, "no models"),
        (lambda: swa_utils.average_checkpoints([]), ValueError, "no checkpoints"),
        (lambda: swa_utils.average_checkpoints([{"a": 1.0}, {"b": 1.0}]), ValueError, r"\['a', 'b'\]"),
        (
            lambda: swa_utils.average_checkpoints([{"a": np.ones(2)}, {"a": np.ones(3)}]),
            ValueError,
            r"a of checkpoint 1",
        ),
        (lambda: swa_utils.SWALR(optim.SGD([nn.Parameter([1.0])]), 0.1, anneal_strategy="sin"), ValueError, "'sin'"),
    ],
)
def test_bad_calls_are_refused(call, error, words):
    with pytest.raises(error, match=words):
        call()


def test_a_refused_update_changes_nothing():
    average = averaged()
    before = average.state_dict()
    with pytest.raises(ValueError):
        average.update_parameters(nn.Linear(2, 2))
    for key, value in average.state_dict().items():
        assert np.array_equal(value, before[key])
