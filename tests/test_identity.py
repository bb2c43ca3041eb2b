"""A primitive, or a class, is known by what it is, not by its name."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import autograd_core as ag
import nn
import optim
from autograd_core.engine.registry import primitives
from autograd_core.expressions.latex import latex
from autograd_core.expressions.symbol import Symbol
from autograd_core.watching import flops


def named(name: str) -> Any:
    return ag.elementwise(lambda x, y: x * y + y, name=name, x=lambda y: y, y=lambda x: x + 1)


def test_two_packages_may_have_a_primitive_of_one_name() -> None:
    """Neither takes the other's place, nor NumPy's function from who implements it."""
    for package in ("one", "two"):
        exec("f = ag.linear(lambda a, v: a, name='correlate', a=lambda g: g)", {"__name__": package, "ag": ag})
    assert primitives["one.correlate"] is not primitives["two.correlate"]
    assert ag.grad(lambda v: np.correlate(v, v).sum())(np.ones(2)).tolist() == [2, 2]


def test_another_primitive_of_a_qualified_name_is_refused() -> None:
    first = ag.linear(lambda x: x, name="declared_twice", x=lambda g: g)
    with pytest.raises(TypeError, match=rf"{__name__}\.declared_twice was declared before, in .*:\d+\. Fix"):
        ag.linear(lambda x: 2 * x, name="declared_twice", x=lambda g: 2 * g)
    assert primitives[f"{__name__}.declared_twice"] is first.primitive
    with pytest.raises(TypeError, match=r"numpy\.exp was declared before.*function of your own as the forward"):
        ag.elementwise(np.exp, name="mine", x=lambda ans: ans)
    assert ag.grad(np.exp)(0.0) == 1.0


def test_a_declaration_that_is_run_again_takes_the_place_of_the_first(tmp_path: Path, monkeypatch: Any) -> None:
    """By the same line, in a notebook, and when a module is reloaded after it was edited."""
    ops = [named("run_again").primitive for _ in range(2)]
    assert primitives[f"{ops[0].declared.module}.run_again"] is ops[1]
    for cell in ("1", "2"):
        names: dict[str, Any] = {"__name__": "__main__", "ag": ag}
        exec(compile(f"f = ag.linear(lambda x: {cell} * x, name='cell', x=lambda g: {cell} * g)", cell, "exec"), names)
    assert primitives["__main__.cell"] is names["f"].primitive
    module = tmp_path / "declares.py"
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    text = "import autograd_core as ag\n{}f = ag.linear(lambda x: x, name='f', x=lambda g: g)\n"
    module.write_text(text.format(""))
    declares = importlib.import_module("declares")
    module.write_text(text.format("# a line above\n"))
    importlib.reload(declares)
    assert primitives["declares.f"] is declares.f.primitive
    module.write_text(text.format("f = ag.linear(lambda x: x, name='f', x=lambda g: g)\n"))
    with pytest.raises(TypeError, match=r"declares\.f was declared before"):
        importlib.reload(declares)
    del primitives["declares.f"], sys.modules["declares"]


@pytest.mark.parametrize("name", ["add", "divide", "power", "negative", "max", "getitem", "transpose", "where", "log"])
def test_a_primitive_of_a_known_name_prints_as_what_it_is(name: str) -> None:
    f = named(name)
    (row,) = ag.trace(lambda x, y: f(x, y), 2.0, 3.0).rows
    assert str(row.expression) == f"{name}(x, y)"
    assert latex(row.expression) == rf"\operatorname{{{name}}}\left(x, y\right)"


def test_nothing_else_is_taken_for_what_a_known_name_says() -> None:
    """Simplification, operations, findings, the monitor."""
    assert str(named("multiply")(Symbol("x"), 0)) == "multiply(x, 0)"
    matmul = ag.linear(lambda x: 2 * x, name="matmul", x=lambda g: 2 * g)
    call = flops.Call(((2, 2),), (2, 2), {}, (True,))
    assert flops.forward(matmul.primitive, call) is None
    moving = ag.elementwise(lambda x: 2 * x, name="reshape", x=lambda x: 0 * x + 2)
    assert flops.forward(moving.primitive, call) == 4
    root = ag.elementwise(lambda x: x / 0.0, name="sqrt", x=lambda x: x)
    with pytest.raises(ag.AnomalyError) as caught, ag.detect_anomaly(), np.errstate(all="ignore"):
        root(ag.Tensor(np.ones(2), requires_grad=True)).sum().backward()
    assert "argument positive" not in str(caught.value)


def test_the_monitor_knows_relu_and_not_its_name() -> None:
    mine = ag.elementwise(lambda x: 2 * x, name="relu", x=lambda x: 0 * x + 2)

    class Net(nn.Module):
        def __init__(self, f: Any) -> None:
            super().__init__()
            self.fc, self.f = nn.Linear(3, 2), f

        def forward(self, x: Any) -> Any:
            return self.f(self.fc(x)).sum()

    for f, noted in ((ag.relu, True), (mine, False)):
        net = Net(f)
        with nn.monitor(net) as watch:
            net(np.ones((4, 3), np.float32)).backward()
        assert ("fc.relu" in watch.latest.layers) is noted


def test_a_class_derived_under_another_name_is_what_its_base_is() -> None:
    """And one that only bears the name is not."""

    class Divergence(nn.KLDivLoss):
        pass

    class Up(nn.ConvTranspose1d):
        pass

    class ConvTransposeOfMine(nn.Linear):
        pass

    assert Divergence(reduction="batchmean").reduction == "batchmean"
    with pytest.raises(ValueError, match="one of mean, sum, none"):
        nn.MSELoss(reduction="batchmean")
    up = nn.utils.parametrizations.spectral_norm(Up(2, 3, 4))
    assert vars(up.parametrizations["weight"][0])["_u"].shape == (3,)
    mine = nn.utils.parametrizations.spectral_norm(ConvTransposeOfMine(2, 3))
    assert vars(mine.parametrizations["weight"][0])["_u"].shape == (3,)

    class Centred(nn.BatchNorm1d):
        pass

    class BatchNormOfMine(nn.InstanceNorm1d):
        pass

    data = np.ones((4, 2, 3), np.float32)
    for norm, mean in ((Centred(2, momentum=0.5), 1.0), (BatchNormOfMine(2, track_running_stats=True), 5.0)):
        norm.running_mean.data[:] = 5
        optim.swa_utils.update_bn([data], nn.Sequential(norm))
        assert norm.running_mean.tolist() == [mean, mean]


def test_a_monitor_knows_channels_from_the_class() -> None:
    """The relu of a layer that puts out (N, C, L) has C units, whatever the layer is called."""

    class Filters(nn.Conv1d):
        pass

    class ConvOfMine(nn.Linear):
        pass

    for layer, units in ((Filters(2, 3, 1), 3), (ConvOfMine(5, 7), 7)):
        layer.weight.data[0], layer.bias.data[:] = 0, 1
        layer.bias.data[0] = -1  # of the units, one never fires
        layer.weight.data[1:] = 1
        with nn.monitor(nn.Sequential(layer, nn.ReLU())) as watch:
            watch.model(np.ones((4, 2, 5), np.float32)).sum().backward()
        assert watch.latest.layers["1"].dead == 1 / units
