"""Memory follows from the declaration: a row keeps what a rule names, and nothing else."""

from __future__ import annotations

import gc
import inspect
import os
import platform
import subprocess
import sys
import weakref

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_core as ag
from autograd_core.engine.forms import General, Multilinear
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
