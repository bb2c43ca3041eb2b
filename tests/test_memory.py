"""Memory follows from the declaration: a row keeps what a rule names, and nothing else."""

from __future__ import annotations

import gc
import inspect
import os
import platform
import subprocess
import sys
import tracemalloc
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_core as ag
import nn
from autograd_core.engine import forms, reverse
from autograd_core.engine.forms import General, Multilinear
from autograd_core.watching.observer import observe
from samples import LIBRARY, REAL, SAMPLES, Call, differentiable


def named_by_rules(name: str, call: Call) -> set[str]:
    """The values that the rules in use name; a linear rule may name an argument for its shape only."""
    op = LIBRARY[name]
    if op.variadic:
        return set()
    own = {op.arguments[i]: op.rules[i] for i in differentiable(op, call)}
    names = {(a, n) for a, rule in own.items() if callable(rule) for n in inspect.signature(rule).parameters}
    constant = {a for a, rule in zip(op.arguments, op.rules, strict=True) if rule is None}
    if isinstance(op, General):
        return {n for _, n in names} | {n for a in own for n in inspect.signature((op.jvp_rules or own)[a]).parameters}
    if "g" not in op.leading:
        return {n for _, n in names}
    if isinstance(op, Multilinear):
        return constant | set(op.arguments)
    return constant


@pytest.mark.parametrize("name", REAL)
@given(data=st.data())
def test_what_no_rule_names_is_not_kept(name: str, data: st.DataObject) -> None:
    """Memory follows from the declaration."""
    op, call = LIBRARY[name], data.draw(SAMPLES[name])
    args = [ag.Tensor(a, i in differentiable(op, call)) for i, a in enumerate(call.args)]
    node = op.function(*args, **call.params)._node
    slots = (*op.argument_names(len(args)), "ans")
    kept = {slot for slot, saved in zip(slots, node.saved, strict=True) if isinstance(saved, (np.ndarray, np.generic))}
    assert kept <= named_by_rules(name, call)


def test_memory_of_a_few_primitives_by_hand() -> None:
    """exp keeps its result, log its argument, a product the other factor, a sum nothing."""
    x, y = (ag.Tensor(np.ones((2, 2)), requires_grad=True) for _ in range(2))
    constant = np.ones((2, 2))

    def kept(result: ag.Tensor) -> list[bool]:
        return [isinstance(s, (np.ndarray, np.generic)) for s in result._node.saved]

    assert kept(np.exp(x)) == [False, True]
    assert kept(np.log(x)) == [True, False]
    assert kept(x + y) == [False, False, False]
    assert kept(x * constant) == [False, True, False]
    assert kept(x * y) == [True, True, False]
    assert kept(x @ constant) == [False, True, False]
    assert kept(x.sum()) == [False, False]
    assert kept(np.concatenate([x, y])) == [False, False, False]
    assert kept(x.max(axis=0)) == [True, True]


def test_an_array_lives_as_long_as_a_rule_needs_it() -> None:
    """The argument of exp is freed at once; its result, kept for the rule, as soon as the backward pass is over."""
    w = ag.Tensor(np.zeros(3), requires_grad=True)
    h = w * 2.0
    y = np.exp(h)
    argument, result = weakref.ref(h.data), weakref.ref(y.data)
    loss = y.sum()
    del h, y
    gc.collect()
    assert argument() is None and result() is not None
    loss.backward()
    assert result() is None


def test_nothing_is_kept_without_recording() -> None:
    w = ag.Tensor(np.zeros(3), requires_grad=True)
    with ag.no_grad():
        y = np.exp(w)
    assert y._node is None
    assert np.exp(w.detach())._node is None


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries have their own ways")
def test_a_training_step_reuses_the_memory_of_the_one_before() -> None:
    """It fetches no page from the system, for each would cost as much as a thousand multiplications."""
    script = """
import resource, numpy as np, nn, optim
model = nn.Sequential(nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.Flatten(), nn.Linear(16 * 28 * 28, 10))
optimizer, x, y = optim.Adam(model.parameters()), np.ones((64, 1, 28, 28), np.float32), np.zeros(64, int)
def step():
    optimizer.zero_grad()
    nn.CrossEntropyLoss()(model(x), y).backward()
    optimizer.step()
for _ in range(10):
    step()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(10):
    step()
print((resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before) / 10)
"""
    environ = {k: v for k, v in os.environ.items() if not k.startswith(("MALLOC_", "GLIBC_TUNABLES"))}
    found = subprocess.run([sys.executable, "-c", script], env=environ, capture_output=True, text=True, check=True)
    assert float(found.stdout) < 100


# A dead cotangent is written over ------------------------------------------------------------------------------------

MANY = 1 << 19
"""Elements of an array that is large enough to be written over."""


def large(value: float = 1.0) -> ag.Tensor:
    return ag.Tensor(np.full(MANY, value), requires_grad=True)


def bytes_at_most(call: Callable[[], object]) -> int:
    """How many bytes more there were at one time while ``call`` ran than before it."""
    gc.collect()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        call()
        return tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "step",
    [
        lambda y, c: y * c,
        lambda y, c: c * y,
        lambda y, c: np.exp(y),
        lambda y, c: ag.sigmoid(y),
        lambda y, c: y * c + y,
    ],
)
def test_a_chain_of_products_goes_back_in_one_array(step: Callable[[ag.Tensor, Any], ag.Tensor]) -> None:
    """The gradient itself, and of a sum the second cotangent; without writing over there would be one more."""
    x, constant = large(0.5), np.full(MANY, 0.5)
    y = x
    for _ in range(4):
        y = step(y, constant)
    loss, arrays = y.sum(), 2 if step(1, 1) == 2 else 1
    peak = bytes_at_most(lambda: loss.backward(retain_graph=True))
    assert x.data.nbytes * arrays <= peak < x.data.nbytes * (arrays + 0.5)


def held(kind: str, f: Callable[[ag.Tensor], ag.Tensor]) -> tuple[list[Any], list[Any]]:
    """Cotangents of large products that somebody else holds, and copies from before they could be written over."""
    kept: list[Any] = []
    copies: list[Any] = []

    def keep(g: Any) -> None:
        kept.append(g)
        copies.append(g.copy())

    x = large(2.0)
    if kind == "observer":
        with observe(backward=lambda pulled: keep(pulled.cotangent)):
            f(x).sum().backward()
    elif kind == "seed":
        seed = np.full(MANY, 3.0)
        keep(seed)
        f(x).backward(seed)
    elif kind == "view":
        noting = ag.primitive(lambda x: x + 0, name="noting", x=lambda g: keep(g[::2]) or g)
        f(noting(f(x) * 1.5)).sum().backward()
    elif kind == "hook":
        module = nn.Identity()
        module.register_full_backward_hook(lambda module, given, of_result: keep(of_result[0].data))
        (f(module(f(x)) * 1.5) * 1.5).sum().backward()
    elif kind == "leaf":
        f(x).sum().backward()
        keep(x.grad.data)
        f(x).sum().backward()
    return kept, copies


@pytest.mark.parametrize("kind", ["observer", "seed", "view", "hook", "leaf"])
@pytest.mark.parametrize("f", [lambda x: np.exp(x * 2.0), lambda x: x * x, lambda x: np.tanh(x) * x + x])
def test_a_cotangent_that_somebody_holds_is_not_written_over(kind: str, f: Any) -> None:
    kept, copies = held(kind, f)
    assert kept
    for array, copy in zip(kept, copies, strict=True):
        np.testing.assert_array_equal(array, copy)


@pytest.mark.parametrize(
    "f",
    [
        lambda x: x * x,
        lambda x: x * np.exp(x) + np.exp(x) * x,
        lambda x: (x + 1.0) * (x - 1.0) + x,
        lambda x: np.exp(-x) * x - x * 3.0,
        lambda x: np.reshape(np.exp(np.reshape(x, (2, -1))) * 2.0, -1) * x,
        lambda x: x[::2] * x[1::2],
        lambda x: np.exp(x) * np.broadcast_to(x[:1], x.shape),
        lambda x: np.tanh(x) * ag.sigmoid(x) + np.tanh(x),
    ],
)
def test_writing_over_changes_no_gradient(f: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor does it of a graph that is kept: twice along it, and once where no array counts as large, the same bits."""
    x = ag.Tensor(np.linspace(0.1, 1.0, MANY), requires_grad=True)
    loss, found = f(x).sum(), []
    for least in (forms.LARGE, forms.LARGE, sys.maxsize):
        for module in (forms, reverse):
            monkeypatch.setattr(module, "LARGE", least)
        loss.backward(retain_graph=True)
        found.append(x.grad.data)
        x.grad = None
    np.testing.assert_array_equal(found[0], found[2])
    np.testing.assert_array_equal(found[1], found[2])
