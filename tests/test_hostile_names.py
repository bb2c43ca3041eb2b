"""Names are shown, never obeyed: what a terminal or an editor would act on is written as Python escapes it."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import autograd_core as ag
import autograd_core.graph as see
import nn
import optim
from test_layer_inputs import EVERY
from test_rooms import HOUSE, sources

# An escape sequence that colours, one that sets the title, a bell, a line that overwrites itself, text that runs from
# right to left, an isolate, a mark without width, a separator of lines, half of a pair.
HOSTILE = "a\x1b[31m\x1b]0;t\x07b\rc\nd\u202ee\u2066f\u200bg\u2028h\x9bi\x00j\udc80k"
OBEYED = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]")
CLASS = HOSTILE.replace("\x00", "").replace("\udc80", "")  # which Python itself takes as the name of a class
X = np.ones((2, 3), np.float32)


def hostile_function(x: Any) -> Any:
    return np.exp(x)


hostile_function.__name__ = HOSTILE
OPERATION = ag.elementwise(hostile_function, x=lambda ans: ans)


class Layer(nn.Module):
    def __init__(self) -> None:
        self.add_module(HOSTILE.replace(".", ""), nn.Linear(3, 3))
        self.register_parameter(f"{HOSTILE}w", nn.Parameter(np.ones(3, np.float32)))

    def forward(self, x: Any) -> Any:
        (inner,) = self.children()
        return OPERATION(inner(x) * vars(self)[f"{HOSTILE}w"])


def model() -> nn.Module:
    """Hostile are its class, the names of its module and parameter, and the operation that it calls."""
    return type(CLASS, (Layer,), {})()


def graph() -> see.Graph:
    net = model()
    return see.trace(lambda x, y: net(x).sum() * y, X, 2.0, names={HOSTILE: net})


def of_a_graph() -> Iterator[tuple[str, str]]:
    found = graph()
    table, cost = found.table(), found.cost(repeat=1)
    yield "graph", repr(found)
    yield "rows", repr([*found.rows, *found.sources])
    yield "formulas", repr([row.expression for row in found.rows])
    for write in (str, type(table).to_markdown, type(table).to_latex, type(table).to_html, type(table)._repr_html_):
        yield f"table: {write.__name__}", write(table)
    yield "table, forward", str(found.table("forward"))
    yield "page", found.to_html()
    for options in ({}, {"depth": 1, "colour": "gradient"}):
        yield f"picture: {options}", found.dot(**options).source.replace("\t", "")  # with which Graphviz indents
    yield "cost", str(cost)
    yield "cost in HTML", cost._repr_html_()


def of_what_watches(folder: Path) -> Iterator[tuple[str, str]]:
    net, w = model(), ag.Tensor(X, requires_grad=True)
    with ag.profile() as profile:
        net(w).sum().backward()
    yield "profile", str(profile)
    yield "profile in HTML", profile._repr_html_()
    events = json.loads(profile.export_chrome_trace(folder / "trace.json").read_text())["traceEvents"]
    yield "chrome trace", " ".join(strings(events))
    yield "model", repr(net)
    yield "summary", str(nn.summary(net, (2, 3)))
    optimizer = optim.SGD(net.parameters(), lr=0.0)
    with nn.monitor(net, optimizer) as monitor:
        (0 * net(X)).sum().backward()
        optimizer.step()
    yield "monitor", monitor.summary()
    yield "tensor", repr(OPERATION(w))
    yield "why_no_grad", str(ag.why_no_grad(w, lambda: net(w.detach()).sum()))


def messages() -> Iterator[tuple[str, str]]:
    net, big = model(), ag.Tensor(np.full((2, 3), 1e30, np.float32), requires_grad=True)
    state = net.state_dict()
    unlike = {key: np.ones((7, 7), np.float32) for key in state}
    named = {f"{HOSTILE}w": ag.Tensor(np.ones(2))}
    released = OPERATION(ag.Tensor(1.0, requires_grad=True))
    released.backward()
    for name, action in {
        "an operation": lambda: OPERATION(np.array("no"), ag.Tensor(X)),
        "its arguments": lambda: OPERATION(1, 2, 3),
        "shapes within a module": lambda: net(np.ones((2, 5), np.float32)),
        "a released graph": released.backward,
        "state of other shapes": lambda: net.load_state_dict(unlike),
        "state with other keys": lambda: net.load_state_dict({HOSTILE: X}),
        "functional_call": lambda: nn.functional_call(net, named, X),
        "get_submodule": lambda: net.get_submodule(HOSTILE + "x"),
        "get_parameter": lambda: net.get_parameter(HOSTILE),
        "an attribute": lambda: net.nothing,
        "detect_anomaly": lambda: anomalous(net, big),
        "gradcheck": lambda: ag.gradcheck(wrong(), np.ones(2)),
        "wrt": lambda: graph().table(wrt="q"),
    }.items():
        with pytest.raises(Exception) as error:
            action()
        yield name, "\n".join([str(error.value), *getattr(error.value, "__notes__", ())])


def anomalous(net: nn.Module, x: Any) -> None:
    with ag.detect_anomaly():
        net(x).sum().backward()


def wrong() -> Any:
    slope = ag.elementwise(lambda x: x * x, name=f"{HOSTILE}2", x=lambda x: 3 * x)
    slope.__name__ = HOSTILE
    return slope


def strings(tree: Any) -> Iterator[str]:
    if isinstance(tree, dict):
        tree = [*tree.keys(), *tree.values()]
    if isinstance(tree, list):
        for item in tree:
            yield from strings(item)
    elif isinstance(tree, str):
        yield tree


def assert_nothing_is_obeyed(shown: Iterator[tuple[str, str]]) -> None:
    for name, text in shown:
        assert "x1b" in text, f"{name}: {text}"
        assert not OBEYED.search(text), f"{name}: {OBEYED.search(text)} in {text!r}"


def test_views_of_a_graph() -> None:
    assert_nothing_is_obeyed(of_a_graph())


def test_what_watches(tmp_path: Path) -> None:
    assert_nothing_is_obeyed(of_what_watches(tmp_path))


def test_messages() -> None:
    assert_nothing_is_obeyed(messages())


@pytest.mark.parametrize("name", EVERY)
def test_messages_of_a_layer_by_another_name(name: str) -> None:
    make, shape = EVERY[name]
    layer = make()
    layer.__class__ = type(CLASS, (type(layer),), {})
    for wrong in (np.array(["text"]), np.ones((*shape, 1, 1, 1)), np.ones(shape, int), np.ones(shape)):
        try:
            layer(wrong)
        except Exception as error:
            said = "\n".join([str(error), *getattr(error, "__notes__", ())])
            assert not OBEYED.search(said), f"{OBEYED.search(said)} in {said!r}"


def of_classes() -> Iterator[tuple[str, str]]:
    def named(cls: type, **more: Any) -> Any:
        return type(CLASS, (cls,), more)

    weights, nothing = [ag.Tensor(np.ones(3), requires_grad=True)], type(CLASS, (), {})()
    optimizer = optim.SGD(weights, lr=0.1)
    trained = nn.Linear(3, 1)
    yield "optimizer", repr(named(optim.Adam)(weights))
    for name, action in {
        "no weights": lambda: named(optim.Adam)([]),
        "options": lambda: named(optim.Adam)(weights, lr=-1),
        "a state": lambda: named(optim.SGD)(weights, lr=1.0).load_state_dict({}),
        "no optimizer": lambda: optim.lr_scheduler.StepLR(nothing, 1),
        "a schedule": lambda: named(optim.lr_scheduler.StepLR)(optimizer, -1),
        "a parameter": lambda: optim.SGD([nothing]),
        "a tensor": lambda: ag.Tensor(nothing),
        "an operand": lambda: weights[0] + nothing,
        "a derivative": lambda: ag.grad(lambda x: 1.0)(nothing),
        "a dataset": lambda: named(nn.data.Dataset)()[0],
        "an item": lambda: nn.data.default_collate([nothing]),
        "a model": lambda: nn.Trainer(nothing, None, optimizer),
        "a callback": lambda: nn.Trainer(trained, nn.MSELoss(), optim.SGD(trained.parameters()), callbacks=[nothing]),
        "its class": lambda: nn.Trainer(
            trained, nn.MSELoss(), optim.SGD(trained.parameters()), callbacks=[named(nn.Callback)]
        ),
        "a loss": lambda: nn.Trainer(trained, named(nn.MSELoss), optim.SGD(trained.parameters())),
        "a module": lambda: nn.Sequential(nothing),
        "an estimator": lambda: named(nn.estimators.MLPClassifier)().coefs_,
    }.items():
        with pytest.raises(Exception) as error:
            action()
        yield name, str(error.value)


def test_messages_that_name_a_class() -> None:
    assert_nothing_is_obeyed(of_classes())


def test_no_text_shows_the_name_of_a_class_as_it_stands() -> None:
    """It is for ``class_name`` to read it."""
    raw = re.compile(r"\btype\([^()]+\)\.__name__")
    shown = [
        f"{path.relative_to(HOUSE)}: {ast.unparse(node)}"
        for path in sources()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.JoinedStr) and raw.search(ast.unparse(node))
    ]
    assert not shown, "\n".join(shown)


def test_numbers_of_a_training() -> None:
    net = nn.Linear(3, 1)
    trainer = nn.Trainer(net, nn.MSELoss(), optim.SGD(net.parameters(), lr=0.1), metrics={HOSTILE: lambda y, t: 0.0})
    history = trainer.fit((X, X[:, :1]))
    texts = [repr(history)]
    with pytest.raises(KeyError) as error:
        history["nothing"]
    assert_nothing_is_obeyed(iter([("history", texts[0]), ("key", error.value.args[0])]))


def test_names_that_print_stand_as_they_are() -> None:
    for name in ("loss", "Größe", "ξ′", "重み", "x̄", "a b"):
        square = ag.elementwise(lambda x: x * x, name=name, x=lambda x: 2 * x)
        assert square.primitive.name == name and name in str(see.trace(square, 2.0).table())
