"""Reference counting alone frees every computation: nothing waits for the garbage collector."""

from __future__ import annotations

import copy
import gc
import io
import tracemalloc
import warnings
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout, suppress
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

import autograd_core as ag
import autograd_core.graph as see
import nn
import optim
from nn import data
from nn.utils import parametrizations, parametrize
from optim import swa_utils
from optim.minimizing import OWN
from samples import LIBRARY, REAL, SAMPLES, differentiable
from test_layer_inputs import EVERY
from test_layers import results

X = np.linspace(0.1, 1.0, 6)
INPUTS = np.random.default_rng(0).normal(size=(8, 3)).astype(np.float32)
LABELS = (INPUTS.sum(axis=1) > 0).astype(int)


@contextmanager
def without_collector() -> Iterator[None]:
    """Only what the block makes is looked at by a collection inside it."""
    gc.collect()
    gc.disable()
    gc.freeze()
    try:
        yield
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.unfreeze()
        gc.enable()


def assert_leaves_nothing(once: Callable[[], Any], rounds: int = 3) -> None:
    """After the first rounds, for what is made once for all, no round leaves a cycle, nor an object still alive."""
    cycles, grown = left(once, rounds)
    assert not cycles and grown < rounds


def left(once: Callable[[], Any], rounds: int = 3) -> tuple[set[str], int]:
    """The types of what cycles keep alive, and how many more objects there are after the rounds."""
    with warnings.catch_warnings(), redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        once()
        with without_collector():
            once()  # what the library replaces now and then, such as its generator, is unfrozen from here on
            before = len(gc.get_objects())
            for _ in range(rounds):
                once()
            grown = len(gc.get_objects()) - before
            gc.set_debug(gc.DEBUG_SAVEALL)
            gc.collect()
            cycles = {f"{type(o).__module__}.{type(o).__name__}" for o in gc.garbage}
    return cycles, grown


def f(x: Any) -> Any:
    return (np.sin(x) * np.exp(x)).sum()


def leaf(x: Any = X) -> ag.Tensor:
    return ag.Tensor(x, requires_grad=True)


def net(*more: nn.Module) -> nn.Module:
    return nn.Sequential(nn.Linear(3, 4), nn.ReLU(), *more, nn.Linear(4, 2))


def graph() -> see.Graph:
    model = net()
    return see.trace(lambda x: model(x).sum(), INPUTS)


# Derivatives ---------------------------------------------------------------------------------------------------------


def second_backward() -> None:
    x = leaf()
    f(x).backward(create_graph=True)
    (x.grad * x.grad).sum().backward()


def create_graph_forgotten() -> None:
    x = leaf()
    f(x).backward(create_graph=True)
    x.grad = None


def pulled_twice() -> None:
    _, pullback = ag.vjp(f, X)
    pullback(1.0)
    pullback(2.0)


def after_an_error() -> None:
    x = leaf()
    y = f(x)
    y.backward()
    for wrong in (y.backward, lambda: x + np.ones(4), lambda: ag.Tensor(X).sum().backward(), lambda: f(x) + "no"):
        with suppress(Exception):
            wrong()


def explained() -> None:
    with ag.no_grad():
        y = f(leaf())
    str(ag.why_no_grad(y))


DERIVATIVES: dict[str, Callable[[], Any]] = {
    "backward": lambda: f(leaf()).backward(),
    "a graph that nobody differentiates": lambda: f(leaf()),
    "backward, retained": lambda: f(leaf()).backward(retain_graph=True),
    "backward, create_graph": second_backward,
    "backward, create_graph, grad = None": create_graph_forgotten,
    "grad": lambda: ag.grad(f)(X),
    "grad of a tensor": lambda: ag.grad(f)(leaf()),
    "grad of grad": lambda: ag.grad(lambda x: (ag.grad(f)(x) ** 2).sum())(X),
    "value_and_grad": lambda: ag.value_and_grad(f)(X),
    "vjp": pulled_twice,
    "jvp": lambda: ag.jvp(f, (X,), (X,)),
    "jvp of grad": lambda: ag.jvp(ag.grad(f), (X,), (X,)),
    "jacobian, reverse": lambda: ag.jacobian(np.sin, mode="reverse")(X),
    "jacobian, forward": lambda: ag.jacobian(np.sin, mode="forward")(X),
    "hessian": lambda: ag.hessian(f)(X),
    "hvp": lambda: ag.hvp(f, X, X),
    "gradcheck": lambda: ag.gradcheck(f, X, order=2),
    "stop_gradient": lambda: ag.grad(lambda x: f(x) * ag.stop_gradient(x).sum())(X),
    "errors": after_an_error,
    "why_no_grad": explained,
    "multi_dot": lambda: ag.grad(lambda x: np.linalg.multi_dot([x, x, x]).sum())(np.eye(3)),
}


# checkpoint ----------------------------------------------------------------------------------------------------------


def in_a_loop() -> None:
    y, block = leaf(), ag.checkpoint(np.sin)
    for _ in range(5):
        y = block(y)
    y.sum().backward()


def over_a_closure() -> None:
    x, w = leaf(), leaf()
    ag.checkpoint(lambda x: (x * np.exp(w)).sum())(x).backward()


def of_a_closed_over_constant() -> None:
    w = leaf()
    ag.grad(lambda y: ag.grad(lambda x: ag.checkpoint(lambda x: (x * w * x).sum())(x))(y).sum())(X)


def stopped_at(call: int) -> Callable[[], None]:
    def once() -> None:
        calls = []

        def fails(x: Any) -> Any:
            calls.append(None)
            y = np.exp(x)
            if len(calls) == call:
                raise ArithmeticError("stop")
            return y.sum()

        with suppress(ArithmeticError):
            ag.checkpoint(fails)(leaf()).backward()

    return once


def of_a_tree() -> None:
    tree = ag.checkpoint(lambda x: {"sin": np.sin(x), "rest": [np.cos(x), 7]})(leaf())
    (tree["sin"] * tree["rest"][0]).sum().backward()


CHECKPOINTS: dict[str, Callable[[], Any]] = {
    "backward": lambda: ag.checkpoint(f)(leaf()).backward(),
    "retained": lambda: ag.checkpoint(f)(leaf()).backward(retain_graph=True),
    "a graph that nobody differentiates": lambda: ag.checkpoint(f)(leaf()),
    "grad": lambda: ag.grad(ag.checkpoint(f))(X),
    "hessian": lambda: ag.hessian(ag.checkpoint(f))(X),
    "jvp": lambda: ag.jvp(ag.checkpoint(f), (X,), (X,)),
    "nested": lambda: ag.grad(ag.checkpoint(lambda x: ag.checkpoint(f)(np.sin(x)) * 2))(X),
    "in a loop": in_a_loop,
    "over a closure": over_a_closure,
    "over what is not wanted": of_a_closed_over_constant,
    "behind a choice": lambda: ag.grad(lambda x: np.where(x > 0.5, ag.checkpoint(np.log)(x), 0).sum())(X),
    "raises": stopped_at(1),
    "raises when it is run again": stopped_at(2),
    "a tree": of_a_tree,
    "a module": lambda: ag.checkpoint(net(nn.Dropout()))(INPUTS).sum().backward(),
    "traced": lambda: str(see.trace(ag.checkpoint(f), X).table()),
}


# What looks at a computation -----------------------------------------------------------------------------------------


def every_format() -> None:
    table = graph().table()
    for write in (str, repr):
        write(table)
    table.to_markdown(), table.to_latex(), table.to_html(), table.records(), table.show(), table._repr_html_()


def priced() -> None:
    cost = graph().cost(repeat=1)
    str(cost), cost._repr_html_()


def profiled() -> None:
    with ag.profile() as profile:
        net()(INPUTS).sum().backward()
    str(profile), profile._repr_html_()


def caught(function: Callable[[Any], Any], at: float) -> Callable[[], None]:
    def once() -> None:
        with suppress(ag.AnomalyError), ag.detect_anomaly():
            function(leaf(np.array([at]))).backward()

    return once


def observed() -> None:
    seen: list[Any] = []
    with ag.observe(lambda *call: seen.append(call), seen.append):
        f(leaf()).backward()


def monitored() -> None:
    model = net()
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    with nn.monitor(model) as monitor:
        model(INPUTS).sum().backward()
        optimizer.step()
    str(monitor)


VIEWS: dict[str, Callable[[], Any]] = {
    "trace": lambda: repr(graph()),
    "table": every_format,
    "table, forward": lambda: str(see.trace(f, X).table("forward")),
    "dot": lambda: graph().dot(depth=1, colour="gradient"),
    "cost": priced,
    "profile": profiled,
    "detect_anomaly": caught(np.exp, 1.0),
    "detect_anomaly, forward": caught(np.log, -1.0),
    "detect_anomaly, backward": caught(np.sqrt, 0.0),
    "find_anomaly": lambda: ag.find_anomaly(lambda: np.log(leaf(0 * X)).sum()),
    "observe": observed,
    "monitor": monitored,
    "summary": lambda: str(nn.summary(net(), (8, 3))),
}


# Models and optimizers -----------------------------------------------------------------------------------------------


def hooked() -> None:
    model = net()
    for register in (
        model.register_forward_pre_hook, model.register_forward_hook,
        model.register_full_backward_pre_hook, model.register_full_backward_hook,
    ):  # fmt: skip
        register(lambda *given: None)
    model[0].register_full_backward_hook(lambda module, into, out: None).remove()
    model[2].register_full_backward_hook(lambda module, into, out: into)
    model(leaf(INPUTS)).sum().backward()


def parametrized(name: str) -> Callable[[], None]:
    def once() -> None:
        layer = getattr(parametrizations, name)(nn.Linear(3, 3))
        with parametrize.cached():
            layer(INPUTS), layer(INPUTS).sum().backward()
        parametrize.remove_parametrizations(layer, "weight")

    return once


def averaged() -> None:
    model = net(nn.BatchNorm1d(4))
    average = swa_utils.AveragedModel(model)
    average.update_parameters(model)
    swa_utils.update_bn([INPUTS], average)


def hooked_optimizer() -> None:
    model = net()
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    optimizer.register_step_pre_hook(lambda *given: None)
    optim.hooks.WeightDecay(0.1)
    model(INPUTS).sum().backward()
    optimizer.step()


def scheduled() -> None:
    optimizer, lr = optim.SGD(net().parameters(), lr=0.1), optim.lr_scheduler
    lr.SequentialLR(optimizer, [lr.ConstantLR(optimizer), lr.LambdaLR(optimizer, lambda epoch: 0.9)], [2])
    lr.ReduceLROnPlateau(optimizer).step(1.0)


def loaded(**options: Any) -> Callable[[], None]:
    def once() -> None:
        for x, _ in data.DataLoader(data.TensorDataset(INPUTS, LABELS), batch_size=2, **options):
            net()(x).sum().backward()

    return once


def trained(batch_size: int = 32, **options: Any) -> Callable[[], None]:
    def once() -> None:
        model = net()
        optimizer = optim.Adam(model.parameters())
        trainer = nn.Trainer(model, nn.CrossEntropyLoss(), optimizer, seed=0, **options)
        trainer.fit((INPUTS, LABELS), epochs=2, batch_size=batch_size, validation=(INPUTS, LABELS))
        trainer.evaluate((INPUTS, LABELS)), trainer.predict(INPUTS)

    return once


def stepped(name: str) -> None:
    model = nn.Linear(3, 2, bias=name != "Muon")
    optimizer = getattr(optim, name)(model.parameters(), lr=0.01)

    def closure() -> Any:
        optimizer.zero_grad()
        loss = nn.CrossEntropyLoss()(model(INPUTS), LABELS)
        loss.backward()
        return loss

    optimizer.step(closure)
    optimizer.step(closure)
    optimizer.load_state_dict(optimizer.state_dict())


def minimized(method: str, **options: Any) -> None:
    optim.minimize(lambda x: ((x - 1) ** 2).sum(), X, method=method, **options)


def minimized_in_vain() -> None:
    def stop(x: Any) -> None:
        raise StopIteration

    minimized("lbfgs", callback=stop)
    with suppress(AttributeError):
        optim.minimize(lambda x: (x - 1).nothing, X)


MODELS: dict[str, Callable[[], Any]] = {
    "hooks": hooked,
    **{name: parametrized(name) for name in ("weight_norm", "spectral_norm", "orthogonal")},
    "AveragedModel": averaged,
    "optimizer hooks": hooked_optimizer,
    "schedulers": scheduled,
    "DataLoader": loaded(shuffle=True),
    "Trainer": trained(),
    "Trainer, compiled": trained(batch_size=2, compile=True),
    "Trainer, compiled on its way": trained(batch_size=1),
    "Trainer, clipped": trained(clip_norm=1.0, metrics={"zero": lambda output, target: 0.0}),
    "functional_call": lambda: (lambda m: ag.grad(lambda p: nn.functional_call(m, p, INPUTS).sum())(m.state_dict()))(
        net()
    ),
    "deepcopy": lambda: copy.deepcopy(net()),
    "penalties": lambda: nn.l2_penalty(net()).backward(),
    "mc_dropout": lambda: nn.mc_dropout(net(nn.Dropout()), INPUTS, 3),
    "minimize, stopped": minimized_in_vain,
    "trajectory": lambda: optim.trajectory(lambda p: (p * p).sum(), X, lambda p: optim.SGD(p, lr=0.1), steps=3),
}
OPTIMIZERS = [name for name in optim.__all__ if isinstance(getattr(optim, name), type)
              and issubclass(getattr(optim, name), optim.Optimizer) and name != "Optimizer"]  # fmt: skip
METHODS = ["lbfgs", "newton", "newton-cg", "BFGS", "L-BFGS-B", "CG", "Newton-CG", "TNC", "SLSQP", "trust-ncg",
           "trust-krylov", "trust-exact", "dogleg", "trust-constr", "Nelder-Mead", "Powell", "COBYLA"]  # fmt: skip


def passed(name: str) -> None:
    make, shape = EVERY[name]
    layer = make()
    y = results(layer(leaf(np.full(shape, 0.5, np.float32))))
    sum(part.sum() for part in y).backward()


class Affine(nn.Linear):
    def __init__(self, in_features: int = 3, out_features: int = 2) -> None:
        super().__init__(in_features, out_features)


def fitted(name: str) -> None:
    estimators = pytest.importorskip("nn.estimators")
    made = getattr(estimators, name)
    options = {"max_iter": 3} if name.startswith("MLP") else {"module": Affine, "max_iter": 3}
    made(random_state=0, **options).fit(INPUTS, LABELS).predict(INPUTS)


ENTRIES: dict[str, Callable[[], Any]] = {
    **DERIVATIVES,
    **{f"checkpoint: {name}": once for name, once in CHECKPOINTS.items()},
    **VIEWS,
    **MODELS,
    **{f"optim.{name}": lambda name=name: stepped(name) for name in OPTIMIZERS},
    **{f"nn.{name}": lambda name=name: passed(name) for name in EVERY},
}


@pytest.mark.parametrize("entry", ENTRIES)
def test_no_public_entry_leaves_a_cycle_or_a_live_object(entry: str) -> None:
    assert_leaves_nothing(ENTRIES[entry])


@pytest.mark.parametrize("method", METHODS)
def test_a_minimum_leaves_no_more_than_scipy_itself(method: str) -> None:
    """Before 1.15 SciPy leaves a cycle, which keeps the functions that it was given; none of our graphs is in it."""
    own: set[str] = set()
    if method not in OWN:
        derivatives = {"jac": lambda x: 2 * (x - 1), "hess": lambda x: 2 * np.eye(x.size)}
        own, _ = left(lambda: minimize(lambda x: ((x - 1) ** 2).sum(), X, method=method, **derivatives))
    cycles, grown = left(lambda: minimized(method))
    if own:
        assert {name for name in cycles if name.startswith(("autograd_core", "optim"))} <= {"optim.minimizing._Problem"}
    else:
        assert not cycles and grown < 3


def test_constraints_leave_no_more_than_scipy_itself() -> None:
    on_sum = {"type": "eq", "fun": lambda x: x.sum() - 1}
    assert left(lambda: minimized("SLSQP", constraints=on_sum))[0] <= left(lambda: minimized("SLSQP"))[0]


@pytest.mark.parametrize("name", ["MLPClassifier", "MLPRegressor", "NeuralNetClassifier", "NeuralNetRegressor"])
def test_no_estimator_leaves_a_cycle_or_a_live_object(name: str) -> None:
    assert_leaves_nothing(lambda: fitted(name))


@pytest.mark.parametrize("name", REAL)
@settings(max_examples=1)
@given(data=st.data())
def test_no_primitive_keeps_its_arrays_beyond_its_graph(name: str, data: st.DataObject) -> None:
    op, call = LIBRARY[name], data.draw(SAMPLES[name])
    args = [np.array(a) for a in call.args]
    alive = [weakref.ref(a) for a in args]
    gc.disable()
    try:
        y = op.function(*[ag.Tensor(a, i in differentiable(op, call)) for i, a in enumerate(args)], **call.params)
        y.backward(np.ones_like(y.data), retain_graph=True)
        del args, y
        assert not any(a() is not None for a in alive)
    finally:
        gc.enable()


def test_a_hundred_rounds_need_no_more_memory_than_one() -> None:
    """Of a loop of checkpointed blocks, without the collector; its peak is below that of the plain loop."""

    def block(x: Any) -> Any:
        for _ in range(10):
            x = np.tanh(np.exp(-x) * x)
        return x

    wide = np.linspace(0, 1, 1000)

    def peak(wrap: Callable[[Any], Any], rounds: int) -> int:
        again = wrap(block)
        tracemalloc.start()
        try:
            for _ in range(rounds):
                y = leaf(wide)
                for _ in range(10):
                    y = again(y)
                y.sum().backward()
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak(ag.checkpoint, 1)
    with without_collector():
        plain, one, many = peak(lambda f: f, 1), peak(ag.checkpoint, 1), peak(ag.checkpoint, 100)
    assert many < 1.2 * one
    assert one < 0.3 * plain
