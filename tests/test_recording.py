"""no_grad, enable_grad and observe: nesting, exceptions, decorators, threads."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_core as ag
from autograd_core.engine import recording
from autograd_core.watching import observer

W = ag.Tensor(np.ones(2), requires_grad=True)


def recorded() -> bool:
    """Whether an operation on a leaf is recorded now; the question is also answered by is_grad_enabled."""
    answer = (W * 2.0).requires_grad
    assert answer == ag.is_grad_enabled() == np.exp(W).requires_grad == W.sum().requires_grad
    return answer


@given(st.lists(st.sampled_from([ag.no_grad, ag.enable_grad]), max_size=5))
def test_the_innermost_block_decides_and_leaving_restores(blocks: list[Any]) -> None:
    def descend(depth: int, before: bool) -> None:
        assert recorded() is before
        if depth < len(blocks):
            with blocks[depth]():
                descend(depth + 1, blocks[depth] is ag.enable_grad)
            assert recorded() is before

    descend(0, True)


def test_an_exception_restores_recording() -> None:
    with pytest.raises(ZeroDivisionError), ag.no_grad():
        _ = 1 / 0
    assert recorded()


def test_one_block_object_may_be_entered_again_inside_itself() -> None:
    block = ag.no_grad()
    with block:
        with block:
            assert not recorded()
        assert not recorded()
    assert recorded()


def test_as_decorators() -> None:
    @ag.no_grad()
    def unrecorded() -> bool:
        return recorded()

    @ag.enable_grad()
    def again() -> bool:
        return recorded()

    assert not unrecorded() and recorded()
    with ag.no_grad():
        assert again() and not recorded()


def test_each_thread_decides_for_itself() -> None:
    """A thread records while another does not, and the other way round, at the same moment."""
    inside, done, answers = threading.Barrier(2, timeout=600), threading.Barrier(2, timeout=600), {}

    def run(name: str, block: Any) -> None:
        with block:
            inside.wait()
            answers[name] = recorded()
            done.wait()

    threads = [threading.Thread(target=run, args=a) for a in (("off", ag.no_grad()), ("on", ag.enable_grad()))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == {"off": False, "on": True}


def test_a_new_thread_records_whatever_its_parent_does() -> None:
    child: list[bool] = []
    with ag.no_grad():
        thread = threading.Thread(target=lambda: child.append(recorded()))
        thread.start()
        thread.join()
    assert child == [True]


def test_threads_do_not_disturb_each_others_gradients() -> None:
    """Each of many threads differentiates its own function, some inside no_grad blocks that come and go."""
    found: dict[int, float] = {}

    def work(k: int) -> None:
        x = ag.Tensor(np.array(2.0), requires_grad=True)
        for _ in range(50):
            with ag.no_grad():
                assert not (x * k).requires_grad
            (x * x * k).backward()
        found[k] = x.grad.item()

    threads = [threading.Thread(target=work, args=(k,)) for k in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {k: 50 * 4.0 * k for k in range(8)}


def test_what_is_computed_without_recording_is_a_constant() -> None:
    """d/dx x·c(x) = c, where c is computed inside no_grad."""
    x = ag.Tensor(3.0, requires_grad=True)
    with ag.no_grad():
        c = x * x
    (x * c).backward()
    assert x.grad.item() == 9.0


def test_backward_works_inside_no_grad_on_what_was_recorded_outside() -> None:
    x = ag.Tensor(3.0, requires_grad=True)
    y = x * x
    with ag.no_grad():
        y.backward()
    assert x.grad.item() == 6.0


def test_transforms_record_what_they_need_inside_no_grad_and_leave_nothing_recorded() -> None:
    w = ag.Tensor(3.0, requires_grad=True)
    with ag.no_grad():
        slope = ag.grad(lambda x: x * x * w)(ag.Tensor(2.0))
        second = ag.grad(ag.grad(lambda x: x * x * x))(np.array(2.0))
    assert slope.item() == 12.0 and not slope.requires_grad and second == 12.0 and w.grad is None


def test_inside_a_transform_operations_are_recorded_the_short_way_unless_somebody_turned_recording_off() -> None:
    seen = []

    def counts() -> tuple[int, int]:
        return sum(recording.special.values()), sum(recording.blocks.values())

    def f(x: Any) -> Any:
        seen.append(counts())
        with ag.no_grad():
            seen.append(counts())
            with ag.enable_grad():
                seen.append(counts())
        with pytest.raises(ag.GraphLostError):
            float(x)
        return x * x

    before = counts()
    assert ag.grad(f)(np.array(3.0)) == 6
    assert seen == [(0, 1), (1, 2), (0, 3)] and counts() == before == (0, 0)


def test_observers_see_what_their_thread_executes_and_nothing_later() -> None:
    seen: list[str] = []
    with ag.observe(lambda op, args, params, result: seen.append(op.name)):
        np.exp(W * 2.0).sum()
        thread = threading.Thread(target=lambda: np.sin(W))
        thread.start()
        thread.join()
    np.log(W)
    assert seen == ["multiply", "exp", "sum"]


def test_in_a_notebook_an_operation_was_called_in_a_cell() -> None:
    shells = pytest.importorskip("IPython.core.interactiveshell")
    shell = shells.InteractiveShell.instance()
    try:
        shell.run_cell(
            "from autograd_core.watching import observer\nplace = lambda: observer.origin().place\nhere = place()"
        )
        assert shell.user_ns["here"].endswith(", line 2") and shell.user_ns["here"].startswith("Cell In[")
        assert observer.origin().place.startswith(f"{__file__}:")
    finally:
        shells.InteractiveShell.clear_instance()
