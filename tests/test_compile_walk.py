"""Compiled beside eager, to the bit: all layers, losses, optimizers and schedules paired; users' actions at random."""

from __future__ import annotations

import importlib.util
import itertools
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

import autograd_core as ag
import nn
import optim
import test_recording_duck as duck

schedules = optim.lr_scheduler
SCHEDULES: dict[str, Callable[[Any], Any]] = {
    "CosineAnnealingLR": lambda o: schedules.CosineAnnealingLR(o, 7),
    "CosineAnnealingWarmRestarts": lambda o: schedules.CosineAnnealingWarmRestarts(o, 3),
    "StepLR": lambda o: schedules.StepLR(o, 3),
    "MultiStepLR": lambda o: schedules.MultiStepLR(o, [2, 5]),
    "ExponentialLR": lambda o: schedules.ExponentialLR(o, 0.9),
    "PolynomialLR": lambda o: schedules.PolynomialLR(o, 8),
    "ConstantLR": lambda o: schedules.ConstantLR(o, 0.5, 4),
    "LinearLR": lambda o: schedules.LinearLR(o, 0.2),
    "LambdaLR": lambda o: schedules.LambdaLR(o, lambda k: 1 / (k + 1)),
    "MultiplicativeLR": lambda o: schedules.MultiplicativeLR(o, lambda k: 0.9),
    "OneCycleLR": lambda o: schedules.OneCycleLR(o, 0.1, 12, cycle_momentum=False),
    "ReduceLROnPlateau": lambda o: schedules.ReduceLROnPlateau(o, patience=0),
}
PAIRS = list(
    zip(
        range(max(len(duck.LAYERS), len(duck.LOSSES), len(duck.RULES))),
        *map(itertools.cycle, (duck.LAYERS, duck.LOSSES, duck.RULES, SCHEDULES)),
        strict=False,
    )
)


def same(a: list[Any], b: list[Any]) -> bool:
    return len(a) == len(b) and all(x.tobytes() == y.tobytes() for x, y in zip(a, b, strict=True))


@pytest.mark.parametrize(("layer", "loss", "rule", "schedule"), [pair[1:] for pair in PAIRS])
def test_each_layer_loss_optimizer_and_schedule(layer: str, loss: str, rule: str, schedule: str) -> None:
    make, inputs = duck.LAYERS[layer]
    criterion, targets = duck.LOSSES[loss]
    found = []
    for compiled in (False, True):
        ag.manual_seed(0)
        module, head = make(), nn.Linear(6, 4)
        parameters = [*module.parameters(), *head.parameters()]
        if rule != "Muon":
            optimizer = duck.RULES[rule](parameters)
        else:
            optimizer = optim.Muon([p for p in parameters if p.ndim == 2])
        plan = SCHEDULES[schedule](optimizer)

        def step(x: Any, z: Any, t: Any, of: Any = (module, head, optimizer)) -> Any:
            module, head, optimizer = of
            optimizer.zero_grad()
            value = duck.squares(module(x)) + criterion(head(z), t)
            value.backward()
            optimizer.step()
            return value

        run: Any = ag.compile(step) if compiled else step
        mine = []
        rows = duck.normal(8, 6)
        with ag.support.random.use_generator(np.random.default_rng(5)):
            for k in range(10):
                value = run(inputs[k % 3], rows[k % 3], targets[k % 3]).item()
                plan.step(value) if schedule == "ReduceLROnPlateau" else plan.step()
                mine.append(np.array(value))
        mine += [np.array(t.data) for t in [*parameters, *module.buffers()]]
        found.append(mine)
    assert same(*found), run.why()
    assert run.replays, run.why()


# Examples -------------------------------------------------------------------------------------------------------------


def example(name: str) -> ModuleType:
    pytest.importorskip("rich")
    pytest.importorskip("sklearn")
    path = Path(__file__).parent.parent / "examples" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", ["cnn", "digits", "characters"])
def test_steps_of_the_examples(name: str) -> None:
    module, found = example(name), []
    rng = np.random.default_rng(0)
    if name == "characters":
        batches = [(rng.integers(0, 9, (12, 4)), rng.integers(0, 9, 48)) for _ in range(24)]
    else:
        shape = (16, 1, 8, 8) if name == "cnn" else (16, 64)
        batches = [(rng.normal(size=shape).astype(np.float32), rng.integers(0, 10, 16)) for _ in range(24)]
    for compiled in (False, True):
        ag.manual_seed(0)
        made = {"cnn": "Net", "digits": "network", "characters": "Characters"}[name]
        model = getattr(module, made)(*((9, 16) if name == "characters" else ()))
        criterion, optimizer = nn.CrossEntropyLoss(label_smoothing=0.05), optim.AdamW(model.parameters(), lr=4e-3)

        def step(x: Any, y: Any, state: Any, of: Any = (model, criterion, optimizer)) -> Any:
            model, criterion, optimizer = of
            optimizer.zero_grad()
            output = model(x) if state is None else model(x, state)
            logits, state = output if isinstance(output, tuple) else (output, None)
            state = None if state is None else tuple(s.detach() for s in state)
            loss = criterion(logits.reshape(-1, logits.shape[-1]), y)
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            return loss, state

        run: Any = ag.compile(step) if compiled else step
        state, losses = None, []
        for k, (x, y) in enumerate(batches):
            optimizer.param_groups[0]["lr"] = 4e-3 * 0.5 * (1 + np.cos(np.pi * k / 24))
            loss, state = run(x, y, state)
            losses.append(loss.data.copy())
        found.append([*losses, *(p.data.copy() for p in model.parameters())])
    assert same(*found), run.why()
    assert run.replays > 15, run.why()


# Actions at random ----------------------------------------------------------------------------------------------------


class Twin:
    """A model, an optimizer, and the two steps of one who accumulates gradients."""

    def __init__(self) -> None:
        ag.manual_seed(1)
        self.model = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Tanh(), nn.Dropout(0.3), nn.Linear(4, 2))
        self.optimizer = optim.Adam(self.model.parameters(), lr=0.02, weight_decay=0.01)
        self.generator = np.random.default_rng(2)
        self.fail = False
        self.calls = 0
        model, optimizer, criterion = self.model, self.optimizer, nn.CrossEntropyLoss()

        def gather(x: Any, y: Any, scale: float) -> Any:
            self.calls += 1
            loss = criterion(model(x), y) * scale
            if self.fail:
                raise KeyboardInterrupt
            loss.backward()
            return loss

        def step(x: Any, y: Any, scale: float) -> Any:
            optimizer.zero_grad()
            loss = gather(x, y, scale)
            if nn.utils.clip_grad_norm_(model.parameters(), 0.5) > 0.7:
                optimizer.step()
            else:
                optimizer.step()
                loss = loss * 2
            return loss

        self.gather, self.step = gather, step

    def state(self) -> list[Any]:
        moments = self.optimizer.state_dict()["state"]
        found = [t.data for t in [*self.model.parameters(), *self.model.buffers()]]
        found += [np.asarray(v) for i in sorted(moments) for v in moments[i].values()]
        found += [np.array(0) if p.grad is None else p.grad.data for p in self.model.parameters()]
        return [np.array(a) for a in found]


class AnyActions(RuleBasedStateMachine):
    """Two equal trainings; of the second each call may be compiled or not."""

    @initialize()
    def begin(self) -> None:
        self.eager, self.other = Twin(), Twin()
        self.compiled = {"step": ag.compile(self.other.step), "gather": ag.compile(self.other.gather)}
        self.saved: list[Any] = []
        self.kept: list[Any] = []

    def both(self, act: Callable[[Twin], None]) -> None:
        for twin in (self.eager, self.other):
            with ag.support.random.use_generator(twin.generator):
                act(twin)

    @rule(
        name=st.sampled_from(["step", "step", "gather"]),
        times=st.integers(1, 6),
        rows=st.sampled_from([5, 5, 8]),
        compiled=st.sampled_from([True, True, True, False]),
        scale=st.sampled_from([1.0, 1.0, 0.5, 30.0]),
        bad=st.sampled_from([None, None, None, "label", "interrupt"]),
    )
    def call(self, name: str, times: int, rows: int, compiled: bool, scale: float, bad: Any) -> None:
        for k in range(times):
            rng = np.random.default_rng([k, rows])
            x, y = rng.normal(size=(rows, 3)).astype(np.float32), rng.integers(0, 2, rows)
            losses = []
            for twin in (self.eager, self.other):
                run = self.compiled[name] if compiled and twin is self.other else getattr(twin, name)
                with ag.support.random.use_generator(twin.generator):
                    twin.fail = bad == "interrupt" and k == times - 1
                    try:
                        losses.append(run(x, y + 5 if bad == "label" and k == times - 1 else y, scale).item())
                    except (ValueError, KeyboardInterrupt) as error:
                        losses.append(type(error))
                    twin.fail = False
            assert losses[0] == losses[1], self.compiled[name].why()

    @rule(lr=st.sampled_from([0.1, 0.003, 0.0]))
    def set_lr(self, lr: float) -> None:
        self.both(lambda twin: twin.optimizer.param_groups[0].update(lr=lr))

    @rule(i=st.integers(0, 5), replace=st.booleans())
    def write(self, i: int, replace: bool) -> None:
        def act(twin: Twin) -> None:
            p = list(twin.model.parameters())[i]
            if replace:
                p.data = p.data * np.float32(0.9)
            else:
                p.data[...] *= np.float32(0.9)

        self.both(act)

    @rule()
    def save(self) -> None:
        self.saved = [(twin.model.state_dict(), twin.optimizer.state_dict()) for twin in (self.eager, self.other)]

    @precondition(lambda self: self.saved)
    @rule()
    def load(self) -> None:
        for twin, (model, optimizer) in zip((self.eager, self.other), self.saved, strict=True):
            twin.model.load_state_dict(model)
            twin.optimizer.load_state_dict(optimizer)

    @rule(i=st.sampled_from([0, 1, 4]), on=st.booleans())
    def freeze(self, i: int, on: bool) -> None:
        self.both(lambda twin: twin.model[i].requires_grad_(on))

    @rule(on=st.booleans())
    def train(self, on: bool) -> None:
        self.both(lambda twin: twin.model.train(on))

    @rule(seed=st.integers(0, 3))
    def reseed(self, seed: int) -> None:
        self.both(lambda twin: setattr(twin, "generator", np.random.default_rng(seed)))

    @rule(none=st.booleans())
    def clear(self, none: bool) -> None:
        self.both(lambda twin: twin.optimizer.zero_grad(set_to_none=none))

    @rule()
    def update(self) -> None:
        self.both(lambda twin: twin.optimizer.step())

    @rule()
    def keep(self) -> None:
        for p, q in zip(self.eager.model.parameters(), self.other.model.parameters(), strict=True):
            if p.grad is not None and q.grad is not None:
                self.kept.append((p.grad, q.grad))

    @invariant()
    def equal(self) -> None:
        if hasattr(self, "other"):
            assert same(self.eager.state(), self.other.state()), "\n".join(c.why() for c in self.compiled.values())
            assert self.eager.generator.bit_generator.state == self.other.generator.bit_generator.state
            assert all(a.data.tobytes() == b.data.tobytes() for a, b in self.kept)


TestAnyActions = AnyActions.TestCase
TestAnyActions.settings = settings(max_examples=25, stateful_step_count=25, deadline=None, derandomize=True)
