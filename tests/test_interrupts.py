"""Ctrl-C at any instant: what was changed for a while is as it was, and what is changed for good is changed whole."""

import os
import random
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import autograd_core as ag
import nn
import optim
from autograd_core.engine import node, recording
from autograd_core.programs import running
from faults import alarmed, count, instants, interrupted
from nn.data import DataLoader, TensorDataset
from optim.swa_utils import update_bn
from test_states import MAKERS, RULES, Optimizing, frozen
from trainings import X, Y

# What an interrupt in a finalizer, or between the opening of a file and its ``with``, leaves to Python to clear away.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


def surroundings(errors=True):
    """What every function leaves as it found it: modes of the engine and of NumPy, and threads."""
    return (
        ag.is_grad_enabled(), dict(recording.special), len(recording.thread.recording), recording.observed(),
        np.geterr() if errors else None, [t.name for t in threading.enumerate() if t.name == "DataLoader"],
        is_free(node.accumulating), is_free(running.TRACING),
    )  # fmt: skip


def is_free(lock):
    """Whether another thread may have the lock."""
    with ThreadPoolExecutor(1) as another:
        free = another.submit(lock.acquire, blocking=False).result()
        if free:
            another.submit(lock.release).result()
    return free


def try_all(make, few, many, errors=True):
    """Break a call off at many instants. ``make()`` gives the call and what is to be asserted afterwards, which is
    called with whether the call was broken off. Gives how often it was. errors : look at NumPy's modes, too"""
    call, check = make()
    total, _ = interrupted(call, None)
    check(False)
    broken_off = 0
    for at in instants(total, few, many):
        call, check = make()
        before = surroundings(errors)
        _, broke = interrupted(call, at)
        broken_off += broke
        assert surroundings(errors) == before, f"instant {at} of {total}"
        try:
            check(broke)
        except Exception as error:
            error.add_note(f"instant {at} of {total}")
            raise
    assert broken_off
    return broken_off


# Backward and step -------------------------------------------------------------------------------------------------


def test_gradients_reach_all_leaves_or_none():
    def make():
        leaves = [ag.Tensor(np.ones((2, 2)), requires_grad=True) for _ in range(5)]
        for leaf in leaves[:4]:
            leaf.grad = np.ones((2, 2))
        loss = sum((k + 1) * (leaf * leaf).sum() for k, leaf in enumerate(leaves))

        def check(_):
            found = [None if leaf.grad is None else leaf.grad.numpy()[0, 0] for leaf in leaves]
            assert found in ([1, 1, 1, 1, None], [3, 5, 7, 9, 10])
            sum((leaf * leaf).sum() for leaf in leaves).backward()

        return loss.backward, check

    try_all(make, 60, 500)


@pytest.mark.parametrize("name", RULES)
def test_an_optimizer_can_be_used_further(name):
    def make():
        optimizing = Optimizing(RULES[name], 2)
        before = frozen(optimizing.all())

        def check(broken_off):
            if name == "LBFGS" and broken_off:
                assert frozen(optimizing.all()) in (before, after)
            for p, start in zip(optimizing.parameters, (np.float64, np.float32), strict=True):
                assert p.dtype == start and np.isfinite(p.numpy()).all()
            optimizing.part.load_state_dict(optimizing.part.state_dict())
            optimizing.go_on()
            assert all(np.isfinite(p.numpy()).all() for p in optimizing.parameters)

        return optimizing.go_on, check

    after = frozen(Optimizing(RULES[name], 3).all())
    try_all(make, 15, 500)


def test_a_step_that_is_broken_off_before_it_begins_has_changed_nothing():
    optimizing = Optimizing(RULES["Adam"], 2)
    before = frozen(optimizing.all())
    for hook in ("register_step_pre_hook", "register_gradient_hook"):

        def interrupt(*_):
            raise KeyboardInterrupt

        handle = getattr(optimizing.part, hook)(interrupt)
        with pytest.raises(KeyboardInterrupt):
            optimizing.part.step()
        handle.remove()
    assert frozen(optimizing.all()) == before


# Modes -------------------------------------------------------------------------------------------------------------


def model_in_mixed_modes():
    ag.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Dropout(0.5), nn.Sequential(nn.Linear(4, 2)))
    model[1].eval()
    return model


def loader(**options):
    return DataLoader(TensorDataset(X[:16], Y[:16]), 4, seed=1, prefetch=2, **options)


def trainer_of(model, *callbacks, **options):
    return nn.Trainer(model, nn.CrossEntropyLoss(), optim.Adam(model.parameters()), callbacks, **options)


FOR_A_WHILE = {
    "evaluate": lambda m, batches: trainer_of(m, metrics=[nn.metrics.accuracy]).evaluate(batches),
    "predict": lambda m, batches: trainer_of(m).predict(batches),
    "summary": lambda m, _: nn.summary(m, (2, 3)),
    "mc_dropout": lambda m, _: nn.mc_dropout(m, X[:2], 3),
    "functional_call": lambda m, _: nn.functional_call(m, {"0.weight": np.zeros((4, 3), np.float32)}, X[:4]),
    "update_bn": lambda m, batches: update_bn(batches, m),
    "fit": lambda m, batches: trainer_of(m, nn.callbacks.EMA()).fit(batches, (X[:4], Y[:4])),
}


@pytest.mark.parametrize("name", FOR_A_WHILE)
def test_modes_and_modules_are_as_before(name):
    def make():
        model, batches = model_in_mixed_modes(), loader()

        def look():
            modules = [*model.modules()]
            hooks = sum(len(module._hooks.forward) for module in modules if module._hooks is not None)
            parameters = {path: id(p) for path, p in model.named_parameters()}
            return [module.training for module in modules], parameters, hooks, model[1].momentum

        before = look()
        return lambda: FOR_A_WHILE[name](model, batches), lambda _: assert_equal(look(), before)

    try_all(make, 60, 500)


def assert_equal(found, expected):
    assert found == expected


@pytest.mark.filterwarnings("ignore")  # it has not converged; it was interrupted
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_an_estimator_leaves_modes_and_the_default_generator(solver):
    pytest.importorskip("sklearn")
    from nn.estimators import MLPClassifier

    MLPClassifier(3, solver=solver, max_iter=2, random_state=0).fit(X, Y)  # and what is imported first is imported

    def make():
        estimator = MLPClassifier(3, solver=solver, max_iter=2, random_state=0)
        own = ag.default_generator()
        return lambda: estimator.fit(X, Y).predict(X), lambda _: assert_equal(ag.default_generator() is own, True)

    try_all(make, 25, 500, errors=False)  # scikit-learn's checks of X may leave NumPy's modes changed


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no timers that send signals")
@pytest.mark.parametrize("name", FOR_A_WHILE)
def test_real_signals_at_random_moments_leave_modes_and_threads_as_before(name):
    at_random, broken_off = random.Random(0), 0
    model, batches = model_in_mixed_modes(), loader()
    modes = [module.training for module in model.modules()]
    FOR_A_WHILE[name](model, batches)
    began = time.perf_counter()
    FOR_A_WHILE[name](model, batches)
    longest = time.perf_counter() - began
    for _ in range(count(20, 1000)):
        before = surroundings()
        broken_off += alarmed(lambda: FOR_A_WHILE[name](model, batches), at_random.uniform(0, longest))
        assert surroundings() == before
        assert [module.training for module in model.modules()] == modes


def test_an_evaluation_leaves_the_loader_and_the_random_numbers_where_they_were():
    model, batches = model_in_mixed_modes(), loader(shuffle=True)
    trainer = trainer_of(model)

    def make():
        before = frozen((batches.state_dict(), ag.default_generator().bit_generator.state))

        def check(_):
            assert frozen((batches.state_dict(), ag.default_generator().bit_generator.state)) == before

        return lambda: trainer.evaluate(batches), check

    try_all(make, 40, 500)


def test_parametrized_tensors_are_computed_anew_after_a_block_that_kept_them():
    class Double(nn.Module):
        def forward(self, x):
            return 2 * x

    layer = nn.Linear(2, 2)
    nn.utils.parametrize.register_parametrization(layer, "weight", Double())

    def make():
        def call():
            with nn.utils.parametrize.cached():
                layer(np.ones((1, 2), np.float32))

        def check(_):
            before = layer.weight.numpy().copy()
            layer.parametrizations.weight.original.data += 1
            assert not (layer.weight.numpy() == before).any()

        return call, check

    try_all(make, 200, 500)


def test_a_block_that_could_not_end_ends_with_the_one_around_it():
    with ag.no_grad():
        left_open = ag.enable_grad()
        left_open.__enter__()  # as where its end was broken off
        ag.no_grad().__enter__()
    assert ag.is_grad_enabled() and not recording.special
    left_open.__exit__(None, None, None)
    assert ag.is_grad_enabled() and not recording.special


# Training ----------------------------------------------------------------------------------------------------------


def fit(folder, epochs=3, close=None):
    ag.manual_seed(0)
    model = model_in_mixed_modes()

    class Closing(nn.callbacks.Callback):
        def close(self, trainer):
            close.append(1)

    callbacks = [nn.callbacks.ModelCheckpoint(folder, every=2, unit="step"), nn.callbacks.EMA(0.9)]
    trainer = trainer_of(model, *callbacks, *([] if close is None else [Closing()]), seed=3)
    return trainer, lambda: trainer.fit(loader(shuffle=True), epochs=epochs, resume=folder)


def test_a_training_goes_on_to_the_weights_that_it_would_have_had(tmp_path):
    whole, call = fit(tmp_path / "whole")
    call()
    folders = iter(tmp_path / str(k) for k in range(10**6))

    def make():
        folder, closed = next(folders), []
        trainer, call = fit(folder, close=closed)

        def check(broken_off):
            assert closed or (broken_off and not trainer.step)
            assert len(trainer.history) == trainer.epoch
            assert not [name for name in os.listdir(folder) if name.endswith(".tmp")] if folder.exists() else True
            again = call if at_random.random() < 0.5 else fit(folder)[1]  # the same trainer, or a new process
            again()
            files = nn.training.load_checkpoint(max(folder.glob("step-*")))
            assert frozen(files["modules"]) == frozen(whole.state_dict()["modules"])
            assert frozen(files["optimizer"]) == frozen(whole.state_dict()["optimizer"])

        return call, check

    at_random = np.random.default_rng(0)
    try_all(make, 12, 500)


# Loading and saving ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", MAKERS)
def test_a_state_is_loaded_as_a_whole_or_not_at_all(name):
    ag.manual_seed(0)
    state = MAKERS[name](3).part.state_dict()

    def make():
        ag.manual_seed(1)
        victim = MAKERS[name](1)
        before = frozen(victim.all())

        def check(broken_off):
            nonlocal after
            found = frozen(victim.all())
            after = found if not broken_off else after
            assert found in (before, after)
            victim.part.load_state_dict(state)
            assert frozen(victim.part.state_dict()) == frozen(state)

        return lambda: victim.part.load_state_dict(state), check

    after = None
    try_all(make, 25, 200, errors=False)  # NumPy's generators have an errstate of their own, which may be broken off


def test_a_file_is_the_old_one_or_the_new_one(tmp_path):
    old, new = {"w": np.zeros(3)}, {"w": np.ones(3)}

    def make():
        nn.save(old, tmp_path / "model")

        def check(_):
            assert os.listdir(tmp_path) == ["model"]
            assert nn.load(tmp_path / "model")["w"].tolist() in ([0, 0, 0], [1, 1, 1])

        return lambda: nn.save(new, tmp_path / "model"), check

    try_all(make, 100, 500)
