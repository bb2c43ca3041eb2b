"""A state is loaded as a whole or not at all, however it was damaged; and what is accepted can be worked with."""

import copy
import random

import numpy as np
import pytest

import autograd_core as ag
import nn
import optim
from faults import count
from optim import lr_scheduler as s
from optim.swa_utils import SWALR, AveragedModel, get_ema_multi_avg_fn
from trainings import X, Y

# What is loaded ----------------------------------------------------------------------------------------------------


def parameters():
    return [
        ag.Tensor(np.linspace(-1, 1, 6).reshape(3, 2), requires_grad=True),
        ag.Tensor(np.ones(3, np.float32), requires_grad=True),
    ]


RULES = {
    "Adadelta": lambda p: optim.Adadelta(p),
    "Adafactor": lambda p: optim.Adafactor(p),
    "Adagrad": lambda p: optim.Adagrad(p),
    "Adam": lambda p: optim.Adam([{"params": p[:1], "lr": 0.1}, {"params": p[1:], "amsgrad": True}]),
    "Adamax": lambda p: optim.Adamax(p),
    "AdamW": lambda p: optim.AdamW([("a", p[0]), ("b", p[1])]),
    "ASGD": lambda p: optim.ASGD(p),
    "LBFGS": lambda p: optim.LBFGS(p[:1], max_iter=3),
    "Lion": lambda p: optim.Lion(p),
    "Muon": lambda p: optim.Muon(p[:1]),
    "NAdam": lambda p: optim.NAdam(p),
    "RAdam": lambda p: optim.RAdam(p),
    "RMSprop": lambda p: optim.RMSprop(p, momentum=0.9, centered=True),
    "Rprop": lambda p: optim.Rprop(p),
    "SGD": lambda p: optim.SGD(p, momentum=0.9, nesterov=True),
}


class Optimizing:
    """An optimizer with its parameters after some steps."""

    def __init__(self, make, steps):
        self.parameters = parameters()
        self.part = make(self.parameters)
        for _ in range(steps):
            self.go_on()

    def go_on(self):
        def closure():
            self.part.zero_grad()
            loss = sum((p * p * p * p).sum() for p in self.parameters)
            loss.backward()
            return loss

        self.part.step(closure)

    def all(self):
        return self.part.state_dict(), [p.numpy() for p in self.parameters]


SCHEDULES = {
    "chained": lambda o: s.ChainedScheduler([s.WarmupLR(o, 4), s.ExponentialLR(o, 0.9), s.LambdaLR(o, Falling(0.9))]),
    "constant": lambda o: s.ConstantLR(o),
    "cosine": lambda o: s.CosineAnnealingLR(o, 5),
    "cyclic": lambda o: s.CyclicLR(o, 0.1, 1.0, 3, scale_fn=Falling(0.5)),
    "exponential": lambda o: s.ExponentialLR(o, 0.5),
    "inverse": lambda o: s.InverseTimeLR(o, 0.5),
    "lambda": lambda o: s.LambdaLR(o, [Falling(0.9), lambda t: 1.0]),
    "multiplicative": lambda o: s.MultiplicativeLR(o, Falling(0.9)),
    "one cycle": lambda o: s.OneCycleLR(o, 1.0, 50),
    "plateau": lambda o: s.ReduceLROnPlateau(o, patience=1),
    "polynomial": lambda o: s.PolynomialLR(o, 9),
    "restarts": lambda o: s.CosineAnnealingWarmRestarts(o, 3, 2),
    "sequence": lambda o: s.SequentialLR(
        o, [s.WarmupLR(o, 2), s.SequentialLR(o, [s.StepLR(o, 2), s.LinearLR(o)], [2])], [2]
    ),
    "step": lambda o: s.StepLR(o, 2),
    "milestones": lambda o: s.MultiStepLR(o, [2, 3, 3]),
    "swa": lambda o: SWALR(o, 0.01),
    "warm-up": lambda o: s.WarmupLR(o, 4),
}


class Falling:
    """A rule that is an object, whose attributes are saved."""

    def __init__(self, factor):
        self.factor = factor

    def __call__(self, t):
        return self.factor ** float(t)


class Scheduling:
    def __init__(self, make, steps):
        a, b = parameters()
        self.optimizer = optim.SGD([{"params": [a]}, {"params": [b], "lr": 0.5}], lr=0.1, momentum=0.9)
        self.part = make(self.optimizer)
        for _ in range(steps):
            self.go_on()

    def go_on(self):
        self.part.step(*[1.0] * isinstance(self.part, s.ReduceLROnPlateau))

    def all(self):
        groups = [{k: v for k, v in group.items() if k != "params"} for group in self.optimizer.param_groups]
        return self.part.state_dict(), groups


class Modelling:
    """A model, one of whose buffers cannot be written to."""

    def __init__(self, steps):
        self.part = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3), nn.Linear(3, 1))
        self.part[1].running_mean.data = np.broadcast_to(np.float32(0), 3)
        for _ in range(steps - 1):
            self.go_on()

    def go_on(self):
        self.part.eval()(np.random.default_rng(0).normal(size=(5, 2)).astype(np.float32)).sum().backward()

    def all(self):
        return self.part.state_dict()


class Averaging:
    def __init__(self, steps):
        self.model = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))
        self.part = AveragedModel(self.model, multi_avg_fn=get_ema_multi_avg_fn(0.5))
        for _ in range(steps):
            self.go_on()

    def go_on(self):
        self.model[0].weight.data = self.model[0].weight.data + 1
        self.part.update_parameters(self.model)

    def all(self):
        return self.part.state_dict()


class Loading:
    def __init__(self, steps, **options):
        self.part = nn.data.DataLoader(nn.data.TensorDataset(np.arange(10)), 3, **options)
        self.batches = iter(self.part)
        for _ in range(steps):
            next(self.batches)

    def go_on(self):
        list(self.part)

    def all(self):
        return self.part.state_dict(), self.part._resuming, ag.default_generator().bit_generator.state


class Training:
    """All that a trainer may hold, after some epochs."""

    def __init__(self, epochs):
        model = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Dropout(0.1), nn.Linear(4, 2))
        optimizer = optim.Adam(model.parameters(), lr=0.01)
        optim.hooks.GradientNoise(0.01, generator=np.random.default_rng(6)).add_to(optimizer)
        callbacks = [nn.callbacks.EMA(0.9), nn.callbacks.EarlyStopping("loss", patience=99)]
        schedule = s.SequentialLR(optimizer, [s.WarmupLR(optimizer, 2), s.ExponentialLR(optimizer, 0.9)], [2])
        self.part = nn.Trainer(
            model, nn.CrossEntropyLoss(), optimizer, callbacks, schedule, metrics=[nn.metrics.accuracy]
        )
        self.loader = nn.data.DataLoader(nn.data.TensorDataset(X, Y), 35, shuffle=True, seed=1)
        self.part.fit(self.loader, epochs=epochs)

    def go_on(self):
        self.part.fit(self.loader, epochs=1)

    def all(self):
        return self.part.state_dict()


MAKERS = {
    **{name: lambda steps, make=make: Optimizing(make, steps) for name, make in RULES.items()},
    **{name: lambda steps, make=make: Scheduling(make, steps) for name, make in SCHEDULES.items()},
    "model": Modelling,
    "AveragedModel": Averaging,
    "loader": lambda steps: Loading(steps, shuffle=True, seed=2),
    "loader of an order of its own": lambda steps: Loading(steps, sampler=list(range(10))),
    "trainer": Training,
}

# How it is damaged -------------------------------------------------------------------------------------------------

BAD = [
    None, True, -1, 0, 2.5, 10**400, float("nan"), float("inf"), 1j, "x", "0.1", b"x", [], {}, [1, "x"], {"x": 1},
    object(),
    np.array(1.0), np.array(-1.0), np.array(np.nan), np.zeros((2, 2)), np.zeros((3, 2), complex), np.array(["x"] * 3),
    np.ones(3, np.int8), np.array([object()] * 3), [[1], [2, 3]], np.zeros(0), lambda: None,
]  # fmt: skip


def places(state, path=()):
    """(container, key) of everything inside."""
    items = state.items() if isinstance(state, dict) else enumerate(state) if isinstance(state, list) else ()
    for key, value in list(items):
        yield state, key
        yield from places(value, (*path, key))


def lists(state):
    """The same with lists for tuples and deques, so that everything inside can be changed."""
    if isinstance(state, dict):
        return {key: lists(value) for key, value in state.items()}
    return [lists(value) for value in state] if isinstance(state, list | tuple) else state


def damaged(state, draw):
    """A copy of a state in which one thing is gone, moved, doubled or something else; and what was done."""
    state = lists(copy.deepcopy(state))
    container, key = draw.choice(list(places(state)))
    kind = draw.choice(["replaced", "replaced", "replaced", "deleted", "renamed", "doubled", "bent"])
    value = container[key]
    if kind == "deleted":
        del container[key]
    elif kind == "renamed" and isinstance(container, dict):
        container[draw.choice(["x", 99, None, str(key)])] = container.pop(key)
    elif kind == "doubled" and isinstance(container, list):
        container.insert(key, value)
    elif kind == "bent" and isinstance(value, np.ndarray):
        container[key] = draw.choice(
            [value.astype(complex), value[..., None], value.astype(str), -value, value[:0] if value.ndim else value]
        )
    elif kind == "bent" and isinstance(value, int | float):
        container[key] = draw.choice([-value - 1, float("nan"), str(value), [value], complex(value)])
    else:
        container[key] = draw.choice(BAD)
    now = container.get(key, "nothing") if isinstance(container, dict) else container
    return state, f"{kind} {key!r}: {value!r:.60} -> {now!r:.60}"


def frozen(value):
    """All of a structure, so that two can be compared to the bit."""
    if isinstance(value, dict):
        return {key: frozen(item) for key, item in value.items()}
    if isinstance(value, np.ndarray | np.generic):
        return value.dtype.str, value.shape, value.tobytes()
    if isinstance(value, list | tuple) or type(value).__name__ == "deque":
        return [frozen(item) for item in value]
    return repr(value)


def load_damaged(name, seed):
    """Load a damaged state: what was wrong with that, or None; and whether it was accepted."""
    draw = random.Random(f"{name} {seed}")
    ag.manual_seed(seed)
    victim, source = MAKERS[name](1), MAKERS[name](3)
    state, what = damaged(source.part.state_dict(), draw)
    before = frozen(victim.all())
    try:
        victim.part.load_state_dict(state)
    except (ValueError, TypeError, RuntimeError) as error:
        same = frozen(victim.all()) == before
        if not same or len(str(error)) < 10:
            return f"{name}: {what}: half-applied after {error!r}", False
        victim.go_on()
        return None, False
    except Exception as error:
        return f"{name}: {what}: {error!r}", False
    try:
        victim.go_on()
    except Exception as error:
        return f"{name}: {what}: accepted, and then {error!r}", True
    return None, True


@pytest.mark.parametrize("name", MAKERS)
@pytest.mark.filterwarnings("ignore")
def test_a_damaged_state_changes_nothing(name):
    rounds = count(10, 60)
    faults = [fault for fault, _ in (load_damaged(name, seed) for seed in range(rounds)) if fault]
    assert not faults, f"{len(faults)} of {rounds}:\n" + "\n".join(faults)


@pytest.mark.parametrize("name", MAKERS)
def test_a_state_is_taken_over_to_the_bit_and_a_copy_of_ones_own_changes_nothing(name):
    ag.manual_seed(0)
    victim, source = MAKERS[name](1), MAKERS[name](3)
    before = frozen(victim.all())
    victim.part.load_state_dict(copy.deepcopy(victim.part.state_dict()))
    after = frozen(victim.all())
    assert after == before or "loader" in name
    victim.part.load_state_dict(copy.deepcopy(source.part.state_dict()))
    assert frozen(victim.part.state_dict()) == frozen(source.part.state_dict())


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("step", -1), ("step", np.nan), ("step", np.inf), ("step", 2.5), ("step", "3"), ("step", np.ones(2)),
        ("exp_avg", np.zeros((3, 2), complex)), ("exp_avg", np.zeros((2, 3))), ("exp_avg", [["x", "y"]] * 3),
        ("exp_avg_sq", [[1.0], [2.0, 3.0]]), ("exp_avg_sq", {}),
    ],
)  # fmt: skip
def test_a_count_that_is_none_and_moments_that_are_no_real_numbers_are_refused_by_name(name, value):
    victim = Optimizing(RULES["Adam"], 2)
    state = victim.part.state_dict()
    state["state"][0][name] = value
    with pytest.raises(ValueError, match=rf"Adam\.load_state_dict: {name} of parameter 0: "):
        victim.part.load_state_dict(state)


def test_a_state_whose_numbers_became_text_is_refused_instead_of_forgotten():
    victim = Optimizing(RULES["SGD"], 2)
    state = victim.part.state_dict()
    state["state"] = {str(number): entry for number, entry in state["state"].items()}  # as JSON does
    with pytest.raises(ValueError, match=r"the state of parameters \['0', '1'\], but parameters are numbered \[0, 1\]"):
        victim.part.load_state_dict(state)
