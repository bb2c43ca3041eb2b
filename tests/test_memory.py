"""Memory follows from the declaration: a row keeps what a rule names, and nothing else."""

from __future__ import annotations

import gc
import inspect
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
