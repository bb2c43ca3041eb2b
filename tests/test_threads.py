"""Threads and forked processes: nothing is lost between threads, and no process draws what another one draws."""

import gc
import os
import sys
import threading

import numpy as np
import pytest

import autograd_core as ag
import nn
from autograd_core.support import threads
from autograd_core.support.random import use_generator
from faults import count

# Other libraries' hooks may warn of forks in the process of the tests; that is what is tried here.
pytestmark = pytest.mark.filterwarnings(
    "ignore:os.fork", "ignore:Exception ignored in:pytest.PytestUnraisableExceptionWarning"
)


def in_threads(number, work):
    """Run ``work(k)`` in so many threads, which begin together and are switched as often as can be."""
    together, errors = threading.Barrier(number), []

    def begin(k):
        try:
            together.wait()
            work(k)
        except BaseException as error:
            errors.append(error)

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        begun = [threading.Thread(target=begin, args=(k,)) for k in range(number)]
        for thread in begun:
            thread.start()
        for thread in begun:
            thread.join()
    finally:
        sys.setswitchinterval(before)
    assert not errors, errors


def test_gradients_of_many_threads_add_up_in_shared_leaves():
    leaves = [ag.Tensor(np.zeros(shape), requires_grad=True) for shape in ((), (3,), (50, 50))]
    rounds = count(100, 2000)

    def work(k):
        for _ in range(rounds):
            sum((k + 1) * leaf.sum() for leaf in leaves).backward()

    in_threads(8, work)
    for leaf in leaves:  # small integers: sums are exact in any order
        assert (leaf.grad.numpy() == rounds * 36).all()


def test_a_finalizer_may_call_backward_while_a_sum_is_written():
    leaf, other = (ag.Tensor(np.ones(3), requires_grad=True) for _ in range(2))

    class Dropped:
        """Collected, as a part of a cycle, while the second gradient is added to the first."""

        def __del__(self):
            (2 * other).sum().backward()

    leaf.sum().backward()
    dropped = Dropped()
    dropped.itself = dropped
    del dropped
    with ag.observe(lambda op, *_: gc.collect() if op.name == "add" else None):
        leaf.sum().backward()
    assert leaf.grad.tolist() == [2, 2, 2] and other.grad.tolist() == [2, 2, 2]


def test_a_block_of_cached_values_ends_with_its_own_thread():
    layer = nn.Linear(2, 2)
    nn.utils.parametrize.register_parametrization(layer, "weight", Double())
    inside, leave = threading.Event(), threading.Event()

    def other():
        with nn.utils.parametrize.cached():
            inside.set()
            leave.wait(10)

    thread = threading.Thread(target=other)
    with nn.utils.parametrize.cached():
        thread.start()
        inside.wait(10)
        before = layer.weight.numpy().copy()
    for step in (leave.set, thread.join):  # while the other block is open, and after it
        step()
        layer.parametrizations.weight.original.data += 1
        assert not (layer.weight.numpy() == before).any()


class Double(nn.Module):
    def forward(self, x):
        return 2 * x


# Elementwise work on several cores -----------------------------------------------------------------------------------


@pytest.fixture
def three(monkeypatch):
    monkeypatch.setattr(threads, "available", lambda: 3)
    ag.set_num_threads(3)
    yield
    ag.set_num_threads(1)


LARGE = np.random.default_rng(0).uniform(0.5, 1.5, (300, 3001)).astype(np.float32)


@pytest.mark.parametrize("f", [np.exp, np.tanh, nn.functional.gelu, ag.softplus, lambda t: t**1.5, nn.functional.elu])
@pytest.mark.parametrize("x", [LARGE, LARGE.T, LARGE[:, ::2], LARGE[:2]], ids=["rows", "columns", "strided", "small"])
def test_several_threads_compute_what_one_computes(f, x, three):
    def both():
        t = ag.Tensor(x, requires_grad=True)
        y = f(t)
        (y * y).sum().backward()
        return y.numpy(), t.grad.numpy()

    shared = both()
    ag.set_num_threads(1)
    for a, b in zip(shared, both(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6)
        assert a.strides == b.strides and a.dtype == b.dtype


def test_blocks_are_worked_by_several_threads_with_the_settings_of_the_asking_one(three):
    seen = set()
    together = threading.Barrier(2, timeout=600)

    def block(k):
        seen.add(threading.get_ident())
        assert np.geterr()["divide"] == "raise" and not threads.several()
        if k < 2:
            together.wait()  # two must be there at once

    with np.errstate(divide="raise"):
        threads.each(block, 8)
    assert 2 <= len(seen) <= 3 and threads.several()
    with pytest.raises(FloatingPointError), np.errstate(over="raise"):
        np.exp(ag.Tensor(1000 * LARGE))
    assert np.isfinite(nn.functional.gelu(ag.Tensor(LARGE)).numpy()).all()  # and go on


def test_no_more_threads_than_cores(monkeypatch):
    monkeypatch.setattr(threads, "available", lambda: 2)
    for wrong in (0, 3, True, 1.0):
        with pytest.raises(ValueError, match=r"set_num_threads: num=.* must be between 1 and 2, this process's cores"):
            ag.set_num_threads(wrong)
    assert ag.get_num_threads() == 1


# Forks -------------------------------------------------------------------------------------------------------------

forks = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")


def in_child(draw):
    """What ``draw()`` gives in a forked process."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.write(writing, repr(draw()).encode())
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as answer:
        text = answer.read()
    os.waitpid(child, 0)
    return text


def number():
    return int(ag.default_generator().integers(2**62))


@forks
@pytest.mark.parametrize("seed", [None, 3])
def test_forked_processes_draw_other_numbers_than_their_parent_and_each_other(seed):
    if seed is not None:
        ag.manual_seed(seed)
    number()
    drawn = [in_child(number) for _ in range(3)]
    drawn += [in_child(lambda: in_child(number)).strip("'"), repr(number())]
    assert len(set(drawn)) == 5 and all(drawn)


@forks
def test_seeded_forks_are_reproducible_and_leave_the_parent_alone():
    def run(fork):
        ag.manual_seed(5)
        before = number()
        children = [in_child(number) for _ in range(2)] if fork else []
        return before, number(), children

    assert run(True) == run(True)
    assert run(True)[:2] == run(False)[:2]


@forks
def test_a_block_with_a_generator_of_its_own_is_forked_too():
    def children():
        with use_generator(np.random.default_rng(1)):
            return [in_child(number) for _ in range(2)] + [number()]

    first = children()
    assert first == children() and len(set(first)) == 3

    class Bare:
        """A generator that cannot spawn."""

        def spawn(self, n):
            raise TypeError("The underlying SeedSequence does not implement spawning.")

    with use_generator(Bare()):
        assert in_child(number) != in_child(number)


@forks
def test_a_fork_while_another_thread_accumulates_can_still_compute():
    from autograd_core.engine import node

    held, release = threading.Event(), threading.Event()

    def hold():
        with node.accumulating:
            held.set()
            release.wait(120)

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait(120)

    def gradient():
        import signal

        signal.alarm(60)  # a child that waits for ever would be killed and answer nothing
        x = ag.Tensor(2.0, requires_grad=True)
        (x * x).backward()
        return x.grad.item()

    try:
        assert in_child(gradient) == "4.0"
    finally:
        release.set()
        thread.join()


def test_models_train_in_threads_of_their_own_as_they_do_alone():
    x = np.random.default_rng(0).normal(size=(32, 4)).astype(np.float32)

    def train(k):
        with use_generator(np.random.default_rng(k)):
            model = nn.Linear(4, 1)
            for _ in range(20):
                (model(x) ** 2).sum().backward()
        return model.weight.grad.tolist()

    alone, together = [train(k) for k in range(4)], {}
    in_threads(4, lambda k: together.update({k: train(k)}))
    assert [together[k] for k in range(4)] == alone


@forks
def test_a_forked_process_has_threads_of_its_own(three):
    def total():
        return float(nn.functional.gelu(ag.Tensor(LARGE)).numpy().sum())

    assert in_child(total) == repr(total())
