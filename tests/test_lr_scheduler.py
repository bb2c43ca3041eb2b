"""Schedules: each against its formula, how they combine, resume and are drawn, and what they refuse."""

import copy
import inspect
import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_core as ag
import optim
from optim import lr_scheduler as s


def parameter():
    return ag.Tensor(np.ones(2), requires_grad=True)


def sgd(lr=0.1, **options):
    return optim.SGD([{"params": [parameter()]}, {"params": [parameter()], "lr": 0.5}], lr=lr, momentum=0.9, **options)


def run(schedule, steps=40):
    """The first group's rates, epoch by epoch."""
    rates = []
    for _ in range(steps):
        rates.append(schedule.optimizer.param_groups[0]["lr"])
        assert schedule.get_last_lr() == [group["lr"] for group in schedule.optimizer.param_groups]
        schedule.step()
    return np.array(rates)


t = np.arange(40)

FORMULAS = {
    "step": (lambda o: s.StepLR(o, 7, 0.5), 0.5 ** (t // 7)),
    "milestones": (lambda o: s.MultiStepLR(o, [20, 5, 5], 0.5), 0.5 ** (2 * (t >= 5) + (t >= 20))),
    "exponential": (lambda o: s.ExponentialLR(o, math.exp(-0.1)), np.exp(-0.1 * t)),
    "1/t": (lambda o: s.InverseTimeLR(o, 0.3), 1 / (1 + 0.3 * t)),
    "polynomial": (lambda o: s.PolynomialLR(o, 30, 2.0), np.clip(1 - t / 30, 0, 1) ** 2),
    "constant": (lambda o: s.ConstantLR(o, 0.25, 6), np.where(t < 6, 0.25, 1)),
    "constant, from zero": (lambda o: s.ConstantLR(o, 0.0, 6), np.where(t < 6, 0.0, 1)),
    "linear": (lambda o: s.LinearLR(o, 0.2, 0.8, 10), 0.2 + 0.6 * np.clip(t / 10, 0, 1)),
    "warm-up": (lambda o: s.WarmupLR(o, 8), np.minimum(1, (t + 1) / 8)),
    "warm-up of one step": (lambda o: s.WarmupLR(o, 1), np.ones(40)),
    "cosine": (lambda o: s.CosineAnnealingLR(o, 12, 0.01), 0.1 + 0.45 * (1 + np.cos(np.pi * t / 12))),
    "lambda": (lambda o: s.LambdaLR(o, lambda t: 1 / (1 + t) ** 0.5), (1 + t) ** -0.5),
    "multiplicative": (lambda o: s.MultiplicativeLR(o, lambda t: t / (t + 1)), 1 / (1 + t)),
    "warm restarts": (
        lambda o: s.CosineAnnealingWarmRestarts(o, 10),
        (1 + np.cos(np.pi * (t % 10) / 10)) / 2,
    ),
    "triangles": (
        lambda o: s.CyclicLR(o, 0.1, 1.0, 5),
        1 + 9 * np.abs((t + 5) % 10 - 5) / 5,
    ),
}


@pytest.mark.parametrize("name", FORMULAS)
def test_a_schedule_is_its_formula(name):
    make, factor = FORMULAS[name]
    assert np.allclose(run(make(sgd())), 0.1 * factor, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("name", [n for n in FORMULAS if n not in ("multiplicative", "warm restarts", "triangles")])
@given(epoch=st.integers(0, 39))
def test_jumping_to_an_epoch_gives_its_rate(name, epoch):
    make, factor = FORMULAS[name]
    schedule = make(sgd())
    schedule.step(epoch)
    assert np.isclose(schedule.get_last_lr()[0], 0.1 * factor[epoch], rtol=1e-12, atol=1e-15)


def test_warm_restarts_may_grow_and_may_be_stepped_within_an_epoch():
    whole = s.CosineAnnealingWarmRestarts(sgd(), 2, 3, 0.01)
    tops = [k for k, lr in enumerate(run(whole, 30)) if lr == 0.1]
    assert tops == [0, 2, 8, 26]
    parts = s.CosineAnnealingWarmRestarts(sgd(), 2, 3, 0.01)
    for epoch in np.arange(0, 20, 0.25):
        parts.step(epoch)
        if epoch % 1 == 0:
            assert np.isclose(
                parts.get_last_lr()[0], s.CosineAnnealingWarmRestarts(sgd(), 2, 3, 0.01).preview(21)[int(epoch), 0]
            )


def test_one_cycle_rises_to_the_top_and_falls_to_the_bottom_and_momentum_mirrors_it():
    for anneal in ("cos", "linear"):
        optimizer = sgd()
        schedule = s.OneCycleLR(optimizer, [1.0, 2.0], total_steps=41, pct_start=11 / 41, anneal_strategy=anneal)
        rates, momenta = [], []
        for _ in range(41):
            rates.append(optimizer.param_groups[0]["lr"])
            momenta.append(optimizer.param_groups[0]["momentum"])
            schedule.step()
        assert np.allclose([rates[0], rates[10], rates[40]], [1 / 25, 1.0, 1 / 25 / 1e4])
        assert np.allclose([momenta[0], momenta[10], momenta[40]], [0.95, 0.85, 0.95])
        assert np.all(np.diff(rates[:11]) > 0) and np.all(np.diff(rates[10:]) < 0)
        assert np.all(np.diff(momenta[:11]) < 0) and np.all(np.diff(momenta[10:]) > 0)


def test_the_first_beta_is_the_momentum_of_adam():
    optimizer = optim.Adam([parameter()], betas=(0.5, 0.9))
    s.CyclicLR(optimizer, 0.1, 1.0, 5)
    assert optimizer.param_groups[0]["betas"] == (0.9, 0.9)
    assert "momentum" not in optimizer.param_groups[0]


CHAINABLE = [
    "step",
    "milestones",
    "exponential",
    "1/t",
    "polynomial",
    "constant",
    "linear",
    "warm-up",
    "multiplicative",
]


@given(st.lists(st.sampled_from(CHAINABLE), min_size=1, max_size=4))
def test_chained_schedules_multiply_in_any_order(names):
    for order in (names, names[::-1]):
        optimizer = sgd()
        parts = [FORMULAS[name][0](optimizer) for name in order]
        product = np.prod([FORMULAS[name][1] for name in names], axis=0)
        assert np.allclose(run(s.ChainedScheduler(parts)), 0.1 * product, rtol=1e-10, atol=1e-15)


@given(st.lists(st.sampled_from([n for n in CHAINABLE if n != "multiplicative"]), min_size=2, max_size=3), st.data())
def test_a_sequence_is_its_parts_one_after_another(names, data):
    lengths = [data.draw(st.integers(1, 12)) for _ in names[1:]]
    milestones = np.cumsum(lengths).tolist()
    optimizer = sgd()
    found = run(s.SequentialLR(optimizer, [FORMULAS[n][0](optimizer) for n in names], milestones), milestones[-1] + 15)
    expected = np.concatenate([FORMULAS[n][1][:k] for n, k in zip(names, [*lengths, 15], strict=True)])
    assert np.allclose(found, 0.1 * expected, rtol=1e-10, atol=1e-15)


def test_a_chain_and_a_sequence_may_be_parts_of_a_sequence():
    optimizer = sgd()
    chain = s.ChainedScheduler([s.WarmupLR(optimizer, 4), s.ExponentialLR(optimizer, 0.9)])
    inner = s.SequentialLR(optimizer, [s.ConstantLR(optimizer, 0.5), s.StepLR(optimizer, 2, 0.1)], [3])
    found = run(s.SequentialLR(optimizer, [chain, inner], [6]), 13)
    first = np.minimum(1, (t[:6] + 1) / 4) * 0.9 ** t[:6]
    assert np.allclose(found, 0.1 * np.concatenate([first, [0.5, 0.5, 0.5, 1, 1, 0.1, 0.1]]))


def everything():
    """Each schedule once, as a function of an optimizer."""
    made = {name: make for name, (make, _) in FORMULAS.items()}
    made["one cycle"] = lambda o: s.OneCycleLR(o, 1.0, 60)
    made["chain"] = lambda o: s.ChainedScheduler([s.WarmupLR(o, 4), s.ExponentialLR(o, 0.9)])
    made["sequence"] = lambda o: s.SequentialLR(o, [s.WarmupLR(o, 12), s.CosineAnnealingLR(o, 9)], [12])
    made["averaging"] = lambda o: optim.swa_utils.SWALR(o, 0.05)
    return made


@pytest.mark.parametrize("name", everything())
def test_resuming_continues_bit_for_bit(name):
    make = everything()[name]
    whole = run(make(sgd()), 30)
    optimizer = sgd()
    schedule = make(optimizer)
    run(schedule, 10)
    saved = copy.deepcopy((optimizer.state_dict(), schedule.state_dict()))
    other = sgd()
    continued = make(other)
    other.load_state_dict(saved[0])
    continued.load_state_dict(saved[1])
    assert np.array_equal(run(continued, 20), whole[10:])


@pytest.mark.parametrize("name", [n for n in everything() if n not in ("chain", "sequence")])
def test_going_on_with_last_epoch(name):
    """A schedule made anew over a loaded optimizer goes on where the last one stopped."""
    make = everything()[name]
    whole = run(make(sgd()), 30)
    first = sgd()
    run(make(first), 10)
    other = sgd()
    other.load_state_dict(first.state_dict())
    kind = type(make(sgd()))
    given = inspect.signature(kind).parameters
    kwargs = {k: v for k, v in CONSTRUCTED[name].items() if k in given}
    assert np.allclose(run(kind(other, **kwargs, last_epoch=9), 20), whole[10:], rtol=1e-12)


CONSTRUCTED = {
    "step": {"step_size": 7, "gamma": 0.5},
    "milestones": {"milestones": [20, 5, 5], "gamma": 0.5},
    "exponential": {"gamma": math.exp(-0.1)},
    "1/t": {"k": 0.3},
    "polynomial": {"total_iters": 30, "power": 2.0},
    "constant": {"factor": 0.25, "total_iters": 6},
    "constant, from zero": {"factor": 0.0, "total_iters": 6},
    "linear": {"start_factor": 0.2, "end_factor": 0.8, "total_iters": 10},
    "warm-up": {"warmup_steps": 8},
    "warm-up of one step": {"warmup_steps": 1},
    "cosine": {"T_max": 12, "eta_min": 0.01},
    "lambda": {"lr_lambda": lambda t: 1 / (1 + t) ** 0.5},
    "multiplicative": {"lr_lambda": lambda t: t / (t + 1)},
    "warm restarts": {"T_0": 10},
    "triangles": {"base_lr": 0.1, "max_lr": 1.0, "step_size_up": 5},
    "one cycle": {"max_lr": 1.0, "total_steps": 60},
    "averaging": {"swa_lr": 0.05},
}


def test_states_survive_json():
    schedule = s.MultiStepLR(sgd(), [3, 5], 0.5)
    run(schedule, 4)
    other = s.MultiStepLR(schedule.optimizer, [9])
    other.load_state_dict(json.loads(json.dumps(schedule.state_dict())))
    assert np.array_equal(other.preview(5), schedule.preview(5))


@pytest.mark.parametrize("name", everything())
def test_looking_ahead_changes_nothing_and_is_what_happens(name):
    schedule = everything()[name](sgd())
    run(schedule, 5)
    groups = copy.deepcopy([{k: v for k, v in g.items() if k != "params"} for g in schedule.optimizer.param_groups])
    state = copy.deepcopy(schedule.state_dict())
    ahead = schedule.preview(20)
    assert groups == [{k: v for k, v in g.items() if k != "params"} for g in schedule.optimizer.param_groups]
    assert str(schedule.state_dict()) == str(state)
    assert np.array_equal(run(schedule, 20), ahead[:, 0])


def test_a_plot_shows_the_rates_to_come():
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    schedule = s.StepLR(sgd(), 3)
    run(schedule, 2)
    ax = schedule.plot(10)
    assert np.array_equal([line.get_ydata() for line in ax.lines], schedule.preview(10).T)
    assert np.array_equal(ax.lines[0].get_xdata(), np.arange(2, 12))
    matplotlib.pyplot.close("all")
    plateau = s.ReduceLROnPlateau(sgd(), patience=0)
    assert len(plateau.plot([1.0, 1.0, 1.0]).lines[0].get_ydata()) == 4
    assert plateau.last_epoch == 0 and plateau.get_last_lr() == [0.1, 0.5]
    matplotlib.pyplot.close("all")


class TestPlateau:
    def rates(self, measures, **options):
        return s.ReduceLROnPlateau(sgd(), factor=0.5, **options).preview(measures)[1:, 0]

    def test_the_rate_falls_after_more_than_patience_bad_epochs(self):
        assert np.allclose(self.rates([1.0] * 7, patience=2), [0.1, 0.1, 0.1, 0.05, 0.05, 0.05, 0.025])

    def test_improvement_starts_the_count_again(self):
        assert np.allclose(self.rates([1.0, 1.0, 0.5, 0.5, 0.4, 0.4, 0.4], patience=1), [0.1] * 6 + [0.05])

    @given(st.lists(st.floats(-10, 10), min_size=1, max_size=30), st.integers(0, 4), st.integers(0, 3))
    def test_maximizing_a_measure_is_minimizing_its_negative(self, measures, patience, cooldown):
        options = {"patience": patience, "cooldown": cooldown, "threshold_mode": "abs"}
        negative = [-m for m in measures]
        assert np.array_equal(self.rates(measures, mode="max", **options), self.rates(negative, mode="min", **options))

    @given(st.floats(1e-3, 1e3), st.lists(st.floats(0.01, 10), min_size=1, max_size=30))
    def test_a_relative_threshold_does_not_see_the_scale(self, scale, measures):
        powers = [2.0 ** round(math.log2(m)) for m in measures]  # products with these are exact
        scale = 2.0 ** round(math.log2(scale))
        assert np.array_equal(self.rates(powers, patience=1), self.rates([scale * m for m in powers], patience=1))

    def test_nothing_is_counted_while_cooling_down(self):
        assert np.allclose(self.rates([1.0] * 8, patience=0, cooldown=3), [0.1, *[0.05] * 4, *[0.025] * 3])

    def test_nan_is_no_improvement(self):
        assert np.allclose(self.rates([float("nan")] * 3, patience=1), [0.1, 0.05, 0.05])

    def test_the_rate_stays_above_its_bound(self):
        bounded = s.ReduceLROnPlateau(sgd(), patience=0, min_lr=[0.03, 0.2])
        assert np.allclose(bounded.preview([1.0] * 9)[-1], [0.03, 0.2])


def test_groups_keep_their_own_rates():
    optimizer = sgd()
    schedule = s.LambdaLR(optimizer, [lambda t: 0.5**t, lambda t: 1.0])
    schedule.step()
    assert np.allclose([g["lr"] for g in optimizer.param_groups], [0.05, 0.5])


def test_a_schedule_of_ones_own_is_a_function_of_the_epoch():
    class Noam(s.FactorLR):
        def multiplier(self, t):
            return min((t + 1) / 5, (5 / (t + 1)) ** 0.5)

    assert np.allclose(run(Noam(sgd()), 20), 0.1 * np.minimum((t + 1) / 5, (5 / (t + 1)) ** 0.5)[:20])


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda o: s.StepLR(None, 3), TypeError, "NoneType is no Optimizer"),
        (lambda o: s.StepLR(o, 0), ValueError, "step_size=0"),
        (lambda o: s.ExponentialLR(o, 0.9, last_epoch=4), ValueError, "initial_lr"),
        (lambda o: s.ConstantLR(o, 2.0), ValueError, "factor=2.0"),
        (lambda o: s.LinearLR(o, 0.0), ValueError, "start_factor=0.0"),
        (lambda o: s.LinearLR(o, 0.5, -1), ValueError, "end_factor=-1"),
        (lambda o: s.WarmupLR(o, 0), ValueError, "warmup_steps=0"),
        (lambda o: s.PolynomialLR(o, 0), ValueError, "total_iters=0"),
        (lambda o: s.InverseTimeLR(o, -1), ValueError, "k=-1"),
        (lambda o: s.CosineAnnealingLR(o, 0), ValueError, "T_max=0"),
        (lambda o: s.CosineAnnealingWarmRestarts(o, 1.5), ValueError, "T_0=1.5"),
        (lambda o: s.CosineAnnealingWarmRestarts(o, 3).step(-1), ValueError, "epoch=-1"),
        (lambda o: s.LambdaLR(o, [len]), ValueError, "1 values of lr_lambda for 2 parameter groups"),
        (lambda o: s.LambdaLR(o, 0.9), TypeError, "not a function of the epoch"),
        (lambda o: s.OneCycleLR(o, 1.0), ValueError, "total_steps, or epochs"),
        (lambda o: s.OneCycleLR(o, 1.0, 10, pct_start=2), ValueError, "pct_start=2"),
        (lambda o: s.OneCycleLR(o, 1.0, 10, anneal_strategy="sin"), ValueError, "anneal_strategy='sin'"),
        (lambda o: run(s.OneCycleLR(o, 1.0, 10), 15), ValueError, "total_steps=10"),
        (lambda o: s.CyclicLR(o, 0.1, 1.0, mode="square"), ValueError, "mode='square'"),
        (lambda o: s.CyclicLR(o, [0.1], 1.0), ValueError, "1 values of base_lr"),
        (lambda o: s.CyclicLR(optim.Adagrad([parameter()]), 0.1, 1.0), ValueError, "cycle_momentum=False"),
        (lambda o: s.ReduceLROnPlateau(o, "lowest"), ValueError, "mode='lowest'"),
        (lambda o: s.ReduceLROnPlateau(o, factor=1.0), ValueError, "factor=1.0"),
        (lambda o: s.ReduceLROnPlateau(o).step(), TypeError, "validation_loss"),
        (lambda o: s.ChainedScheduler([]), ValueError, "no schedulers"),
        (lambda o: s.ChainedScheduler([s.ReduceLROnPlateau(o)]), ValueError, "ReduceLROnPlateau"),
        (lambda o: s.SequentialLR(o, [s.StepLR(o, 3)], [3]), ValueError, "one milestone fewer"),
        (lambda o: s.SequentialLR(o, [s.StepLR(o, 3)] * 3, [5, 3]), ValueError, "must ascend"),
        (lambda o: s.SequentialLR(o, [s.StepLR(sgd(), 3)], []), ValueError, "another optimizer"),
        (lambda o: s.StepLR(o, 3, last_epoch="-1"), ValueError, "StepLR: last_epoch"),
        (lambda o: s.StepLR(o, 3, last_epoch=-0.5), ValueError, "StepLR: last_epoch"),
        (lambda o: s.MultiStepLR(o, 3), TypeError, "MultiStepLR: milestones=3"),
        (lambda o: s.CyclicLR(o, "0.1", 1.0, cycle_momentum=False), ValueError, "CyclicLR: base_lr"),
        (lambda o: s.CyclicLR(o, 0.1, 1.0, scale_fn=2, cycle_momentum=False), TypeError, "CyclicLR: scale_fn=2"),
        (lambda o: s.OneCycleLR(o, 1j, 10, cycle_momentum=False), ValueError, "OneCycleLR: max_lr"),
        (
            lambda o: s.OneCycleLR(o, 0.1, 10, div_factor=0, cycle_momentum=False),
            ValueError,
            "OneCycleLR: div_factor=0",
        ),
    ],
)
def test_bad_options_are_refused_and_the_optimizer_is_as_it_was(call, error, words):
    optimizer = sgd()
    with pytest.raises(error, match=words):
        call(optimizer)
    if "total_steps=10" not in words:
        assert [g["lr"] for g in optimizer.param_groups] == [0.1, 0.5]


def test_the_state_of_another_schedule_is_refused_and_changes_nothing():
    schedule = s.StepLR(sgd(), 3)
    before = str(schedule.state_dict())
    with pytest.raises(ValueError, match="step_size"):
        schedule.load_state_dict(s.ExponentialLR(sgd(), 0.9).state_dict())
    with pytest.raises(ValueError, match="1 base_lrs for 2 groups"):
        schedule.load_state_dict(schedule.state_dict() | {"base_lrs": [0.1]})
    assert str(schedule.state_dict()) == before
    chain = s.ChainedScheduler([s.StepLR(sgd(), 3)])
    with pytest.raises(ValueError, match="2 schedulers for 1"):
        chain.load_state_dict({"_schedulers": [{}, {}]})
