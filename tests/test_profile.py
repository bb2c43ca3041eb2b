"""A profile sees every operation once, charges time to what took it, and its trace is well formed."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import autograd_core as ag
import nn
import optim
from autograd_core.engine import recording
from autograd_core.watching.chrome_trace import trace_events
from autograd_core.watching.profiling import Event

NAP = 1 / 16  # exact in nanoseconds and in seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Time passes only while somebody sleeps, however slow the machine is."""
    now = 0

    def sleep(seconds: float) -> None:
        nonlocal now
        now += round(1e9 * seconds)

    stopped: dict[str, Callable[..., Any]] = {
        "sleep": sleep,
        "perf_counter": lambda: now / 1e9,
        "perf_counter_ns": lambda: now,
    }
    for name, replacement in stopped.items():
        monkeypatch.setattr(time, name, replacement)


def network() -> nn.Sequential:
    ag.manual_seed(0)
    return nn.Sequential(nn.Linear(6, 16), nn.ReLU(), nn.Sequential(nn.Linear(16, 8), nn.Tanh()), nn.Linear(8, 3))


X, Y = np.random.default_rng(0).normal(size=(32, 6)).astype(np.float32), np.arange(32) % 3


def train(model: nn.Module, steps: int = 3) -> None:
    optimizer, loss_of = optim.Adam(model.parameters()), nn.CrossEntropyLoss()
    for _ in range(steps):
        optimizer.zero_grad()
        loss_of(model(X), Y).backward()
        optimizer.step()


def profiled(steps: int = 3) -> ag.profile:
    with ag.profile() as profile:
        train(network(), steps)
    return profile


def sleepy(seconds: float = NAP) -> Any:
    """The identity, which takes its time forward, and twice that backward."""

    def forward(x: Any) -> Any:
        time.sleep(seconds)
        return x + 0

    def rule(g: Any) -> Any:
        time.sleep(2 * seconds)
        return g

    return ag.linear(forward, name="sleepy", x=rule)


# Counts --------------------------------------------------------------------------------------------------------------


def test_a_training_step_costs_what_its_graph_costs() -> None:
    model, loss_of = network(), nn.CrossEntropyLoss()
    cost = ag.trace(lambda: loss_of(model(X), Y)).cost(repeat=0)
    profile = profiled(steps=4)
    total = profile.total()
    assert total.flops.value == 4 * cost.total.flops.value
    assert total.backward_flops.value == 4 * cost.total.backward_flops.value
    assert {t.name: t.calls for t in profile.by_op() if t.calls} == {t.name: 4 * t.calls for t in cost.by_op()}


def test_operations_modules_and_phases_add_up() -> None:
    profile = profiled()
    assert sum(profile.phases.values()) == pytest.approx(profile.wall)
    assert profile.total().time == pytest.approx(profile.phases["forward"] + profile.phases["backward"])
    for by in ("op", "module"):
        records = profile.records(by)
        assert sum(r["share"] for r in records) == pytest.approx(1)
        assert sum(r["seconds"] for r in records) == pytest.approx(profile.phases["forward"])
        assert sum(r["backward_seconds"] for r in records) == pytest.approx(profile.phases["backward"])
        times = [r["seconds"] + r["backward_seconds"] for r in records]
        assert times == sorted(times, reverse=True)


def test_modules_are_named_by_their_path_forward_and_backward() -> None:
    by_module = {t.name: t for t in profiled().by_module()}
    layers = {f"Sequential.{path}" for path in ("0", "1", "2.0", "2.1", "3")}
    assert by_module.keys() == layers | {"Sequential", "Sequential.2", "CrossEntropyLoss"}
    assert all(by_module[name].backward_seconds.value > 0 for name in layers)


def test_what_is_kept_is_counted_while_it_lives() -> None:
    x, w = np.ones((50, 40)), ag.Tensor(np.ones((40, 30)), requires_grad=True)

    def step() -> None:
        np.tanh(x @ w).sum().backward()

    with ag.profile() as one:
        step()
    with ag.profile() as three:
        for _ in range(3):
            step()
    assert one.peak == x.nbytes + 50 * 30 * 8  # x for the product, the result of tanh for its slope
    assert three.peak == one.peak
    assert one.kept[-1][1] < one.peak


@pytest.mark.usefixtures("clock")
def test_recomputed_rows_are_not_counted_twice() -> None:
    """Inside the row of a checkpoint its operations run again: what they take is theirs and not also the row's."""
    nap = sleepy()
    w = ag.Tensor(np.ones(3), requires_grad=True)
    with ag.profile() as profile:
        ag.checkpoint(lambda x: nap(x * 2))(w).sum().backward()
    by_op = {t.name: t for t in profile.by_op()}
    assert by_op["sleepy"].calls == 2
    assert by_op["sleepy"].seconds.value == by_op["sleepy"].backward_seconds.value == 2 * NAP
    assert by_op["checkpoint"].backward_seconds.value == 0
    assert profile.total().time <= profile.wall
    nested(trace_events(profile))


# Time ----------------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("clock")
def test_time_goes_to_the_operation_that_took_it() -> None:
    nap, w = sleepy(), ag.Tensor(np.ones(3), requires_grad=True)
    with ag.profile() as profile:
        (nap(w * 2) + 1).sum().backward()
    first = profile.by_op()[0]
    assert first.name == "sleepy" and first.seconds.value == NAP and first.backward_seconds.value == 2 * NAP
    assert first.record(profile.total().time)["share"] == 1


@pytest.mark.usefixtures("clock")
def test_what_is_no_operation_is_other() -> None:
    """The optimizer and the data are not charged to the operation that follows, in a module or not."""
    w = ag.Tensor(np.ones(3), requires_grad=True)
    with ag.profile() as profile:
        for _ in range(2):
            time.sleep(NAP)
            (w * 2).sum().backward()
        time.sleep(NAP)
        nn.ReLU()(w)
        time.sleep(NAP)
    assert profile.phases["other"] == 4 * NAP
    assert all(t.time == 0 for t in profile.by_op())


@pytest.mark.usefixtures("clock")
def test_python_in_a_module_is_charged_to_it() -> None:
    class Slow(nn.Module):
        def __init__(self) -> None:
            self.inner = nn.ReLU()

        def forward(self, x: Any) -> Any:
            time.sleep(NAP)
            return self.inner(x)

    with ag.profile() as profile:
        Slow()(X)
        nn.Sequential(Slow())(X)
    by_module = {t.name: t.seconds.value for t in profile.by_module()}
    assert by_module["Slow"] == by_module["Sequential.0"] == NAP
    assert by_module["Sequential"] == by_module["Slow.inner"] == 0


# The block -----------------------------------------------------------------------------------------------------------


def test_nothing_is_observed_outside_of_the_block() -> None:
    profile = ag.profile()
    np.exp(ag.Tensor(1.0))
    with profile:
        np.exp(ag.Tensor(1.0))
        with pytest.raises(RuntimeError, match="running already"), profile:
            pass
    np.exp(ag.Tensor(1.0))
    assert len(profile.events) == 1
    with profile:
        np.exp(ag.Tensor(1.0))
    assert len(profile.events) == 2


def test_an_error_in_the_block_passes_and_leaves_a_profile() -> None:
    profile = ag.profile()
    with pytest.raises(ValueError, match="matmul"), profile:
        model = network()
        model(X)
        ag.Tensor(np.ones((2, 3))) @ np.ones((2, 3))
    assert profile.total().calls == 5
    assert not recording.observed()


def test_gradients_are_the_same_under_a_profile() -> None:
    model, other = network(), network()
    train(model)
    with ag.profile():
        train(other)
    for p, q in zip(model.parameters(), other.parameters(), strict=True):
        np.testing.assert_array_equal(p.data, q.data)


def test_rows_that_were_made_before_the_block_are_counted_backward() -> None:
    w = ag.Tensor(np.ones((4, 3)), requires_grad=True)
    loss = np.tanh(np.ones((2, 4)) @ w).sum()
    with ag.profile() as profile:
        loss.backward()
    records = {r["name"]: (r["calls"], r["backward_flops"]) for r in profile.records()}
    assert records == {"sum": (0, 0), "tanh": (0, 18), "matmul": (0, 48)}


def test_without_recording_there_is_a_forward_pass_and_nothing_kept() -> None:
    model = network()
    with ag.profile() as profile, ag.no_grad():
        model(X)
    total = profile.total()
    assert total.flops.value > 0 and total.backward_flops.value == 0 and total.backward_seconds.value == 0
    assert profile.peak == 0


def test_a_profile_of_nothing_says_so() -> None:
    with ag.profile() as profile:
        pass
    assert "no operation" in str(profile) and profile.records() == []
    with pytest.raises(ValueError, match="'op' or 'module'"):
        profile.records("layer")


def test_text_and_html_name_every_operation() -> None:
    profile = profiled()
    for text in (str(profile), profile._repr_html_()):
        for part in (*profile.by_op(), *profile.by_module()):
            assert part.name in text


# The trace -----------------------------------------------------------------------------------------------------------


def nested(events: list[dict[str, Any]]) -> dict[int, list[Any]]:
    """Of each slice the slices around it; AssertionError where two slices of a track overlap halfway."""
    around: dict[int, list[Any]] = {}
    open_: dict[int, list[Any]] = {}
    for e in events:
        if e["ph"] == "X":
            stack = open_.setdefault(e["tid"], [])
            while stack and e["ts"] >= stack[-1]["ts"] + stack[-1]["dur"] - 1e-6:
                stack.pop()
            assert all(e["ts"] + e["dur"] <= outer["ts"] + outer["dur"] + 1e-6 for outer in stack)
            around[id(e)] = list(stack)
            stack.append(e)
    return around


def test_the_trace_is_what_chrome_reads(tmp_path: Path) -> None:
    profile = profiled()
    path = profile.export_chrome_trace(tmp_path / "step.json")
    content = json.loads(path.read_text())
    events = content["traceEvents"]
    assert {"M", "X", "s", "f", "C"} == {e["ph"] for e in events}
    for e in events:
        assert {"name", "ph", "pid"} <= e.keys()
        assert e["ph"] == "M" or e["ts"] >= 0
        assert e["ph"] != "X" or (e["dur"] >= 0 and {"tid", "cat", "args"} <= e.keys())
    times = [e["ts"] for e in events if e["ph"] != "M"]
    assert times == sorted(times)
    assert {e["args"]["name"] for e in events if e["name"] == "thread_name"} == {"forward", "backward"}
    whole = sum(e["dur"] for e in events if e.get("cat") in ("forward", "backward"))
    ops = sum(e.own for e in profile.events if e.kind != "module") / 1000
    assert whole == pytest.approx(ops)  # nothing is nested here
    assert whole <= 1e6 * profile.wall


def test_operations_stand_inside_their_modules() -> None:
    events = trace_events(profiled())
    around = nested(events)
    for e in events:
        if e["ph"] == "X" and e["cat"] == "forward":
            modules = [outer["args"]["module"] for outer in around[id(e)] if outer["cat"] == "module"]
            assert modules[-1] == e["args"]["module"]
            assert all(inner.startswith(outer) for outer, inner in itertools.pairwise(modules))
    names = {e["name"] for e in events if e.get("cat") == "module"}
    assert names == {"Sequential", "0: Linear", "1: ReLU", "2: Sequential", "1: Tanh", "3: Linear", "CrossEntropyLoss"}


def test_of_two_that_begin_together_the_longer_stands_around_the_other() -> None:
    profile = ag.profile()
    profile.events = [Event("exp", "forward", 0, 1000, 1000, "Net"), Event("Net", "module", 0, 2000, 1000, "Net")]
    events = trace_events(profile)
    assert [e["name"] for e in events if e["ph"] == "X"] == ["Net", "exp"]
    nested(events)


def test_an_arrow_leads_from_every_operation_to_its_row() -> None:
    events = trace_events(profiled())
    slices = {(e["tid"], e["ts"]): e for e in events if e["ph"] == "X" and e["cat"] != "module"}
    starts = {e["id"]: e for e in events if e["ph"] == "s"}
    ends = {e["id"]: e for e in events if e["ph"] == "f"}
    assert starts.keys() == ends.keys() and len(starts) == 3 * 6
    for i, start in starts.items():
        made, pulled = slices[start["tid"], start["ts"]], slices[ends[i]["tid"], ends[i]["ts"]]
        assert made["name"] == pulled["name"] and made["args"]["module"] == pulled["args"]["module"]
        assert made["ts"] + made["dur"] <= pulled["ts"]


def test_the_trace_names_the_line_of_the_program() -> None:
    sources = {e["args"]["source"].rpartition(":")[0] for e in trace_events(profiled()) if e.get("cat") == "forward"}
    assert sources == {__file__}


def test_a_path_that_cannot_be_written_is_refused_and_nothing_is_left(tmp_path: Path) -> None:
    profile = profiled(steps=1)
    (tmp_path / "taken").mkdir()
    for path in (tmp_path / "missing" / "t.json", tmp_path / "taken"):
        with pytest.raises(OSError, match="export_chrome_trace: cannot write"):
            profile.export_chrome_trace(path)
    assert [p.name for p in tmp_path.iterdir()] == ["taken"]
