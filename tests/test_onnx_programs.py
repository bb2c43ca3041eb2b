"""Recorded programs as ONNX: a checked model that computes the same numbers in onnxruntime, training steps included."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import autograd_core as ag
import nn
import optim
from autograd_core.support.random import use_generator
from test_c import FLOATS, OF_TWO, POSITIVE, flat, recorded
from test_compile import SETTINGS
from test_onnx_models import disk  # noqa: F401

onnx = pytest.importorskip("onnx")
ort = pytest.importorskip("onnxruntime")


class Session:
    """A model in onnxruntime, whose state goes from one run into the next."""

    def __init__(self, path: Path) -> None:
        options = ort.SessionOptions()
        options.log_severity_level = 3
        options.intra_op_num_threads = 1
        self.run_it = ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        self.outputs = [x.name for x in self.run_it.get_outputs()]
        model = onnx.load(path)
        self.inputs = [x.name for x in model.graph.input]
        about = {x.key: x.value for x in model.metadata_props}
        self.state = json.loads(about["state"])
        self.draws = json.loads(about["draws"])
        self.kept: dict[str, Any] = {}

    def __call__(self, **given: Any) -> dict[str, Any]:
        found = dict(zip(self.outputs, self.run_it.run(None, {**self.kept, **given}), strict=True))
        self.kept = {name: found[after] for name, after in self.state.items()}
        return found


def network(dtype: Any, rule: Callable[[Any], Any]) -> tuple[Any, Any]:
    ag.manual_seed(0)
    model = nn.Sequential(nn.Linear(8, 16), nn.Tanh(), nn.Linear(16, 3)).to(dtype)
    return model, rule(model.parameters())


RULES: dict[str, Callable[[Any], Any]] = {
    "SGD": lambda p: optim.SGD(p, lr=0.1),
    "SGD, momentum": lambda p: optim.SGD(p, lr=0.1, momentum=0.9, nesterov=True),
    "Adam": lambda p: optim.Adam(p, lr=0.01),
    "AdamW": lambda p: optim.AdamW(p, lr=0.01),
}


@pytest.mark.parametrize("dtype, close", [(np.float32, 1e-5), (np.float64, 1e-10)])
@pytest.mark.parametrize("rule", RULES)
def test_twenty_training_steps_are_those_of_eager(tmp_path: Path, rule: str, dtype: Any, close: float) -> None:
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(32, 8)).astype(dtype), rng.normal(size=(32, 3)).astype(dtype)
    model, optimizer = network(dtype, RULES[rule])

    def step(x: Any, y: Any) -> Any:
        optimizer.zero_grad()
        loss = ((model(ag.Tensor(x)) - y) ** 2).mean()
        loss.backward()
        optimizer.step()
        return loss.data

    compiled = recorded(step, x, y)
    session = Session(compiled.to_onnx(tmp_path / "step.onnx"))
    found = [session(x=x, y=y) for _ in range(20)]
    for one in found:
        np.testing.assert_allclose(one["result"], step(x, y), rtol=close)
    for name, parameter in model.named_parameters():
        np.testing.assert_allclose(found[-1][f"model.{name}.next"], parameter.data, rtol=close, atol=close)
        np.testing.assert_allclose(found[-1][f"model.{name}.grad"], parameter.grad.data, rtol=close, atol=close)


def test_a_learning_rate_is_an_input(tmp_path: Path) -> None:
    x = np.ones((2, 8), np.float32)
    model, optimizer = network(np.float32, RULES["SGD"])

    def step(x: Any) -> Any:
        optimizer.zero_grad()
        (model(ag.Tensor(x)) ** 2).sum().backward()
        optimizer.step()

    session = Session(recorded(step, x).to_onnx(tmp_path / "step.onnx"))
    (rate,) = [name for name in session.inputs if "lr" in name]
    before = model[0].weight.data.copy()
    still = session(x=x, **{rate: np.array(0.0)})
    np.testing.assert_array_equal(still["model.0.weight.next"], before)


@pytest.mark.parametrize("dtype, close", [(np.float32, 1e-5), (np.float64, 1e-10)])
def test_functions_of_numpy(tmp_path: Path, dtype: Any, close: float) -> None:
    """Against the reference implementation of ONNX, for onnxruntime has not every function in double."""
    from onnx.reference import ReferenceEvaluator

    x = np.array([-2.5, -1.0, -0.3, 0.3, 0.5, 1.0, 2.0, 3.7, 5.0], dtype)
    y = np.array([1.0, -2.0, 0.7, 1.5, -0.5, 1.0, 2.0, -1.2, 5.0], dtype)

    def f(x: Any, y: Any) -> Any:
        with np.errstate(all="ignore"):
            return (
                [getattr(np, name)(x) for name in FLOATS],
                [getattr(np, name)(abs(x) + 1) for name in POSITIVE],
                [getattr(np, name)(x, y) for name in OF_TWO],
            )

    path = recorded(f, x, y).to_onnx(tmp_path / "f.onnx")
    with np.errstate(all="ignore"):
        found = ReferenceEvaluator(str(path)).run(None, {"x": x, "y": y})
    for name, a, b in zip([*FLOATS, *POSITIVE, *OF_TWO], found, [z for part in f(x, y) for z in part], strict=True):
        np.testing.assert_allclose(a, b, rtol=close, atol=close, err_msg=name)


def test_places_shapes_and_sums(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    x, k = rng.normal(size=(4, 6)), np.array([3, 0, -1])

    def f(x: Any, k: Any) -> Any:
        z = x * 1.0
        z[1:3, ::2] += 10
        z[0] = x[3]
        w = np.zeros_like(x)
        np.add.at(w, k, x[:3])
        return (
            [z, w, x.T @ x, x[::-1, 1::2] * 2, x[k], np.take(x, k, axis=1), np.cumsum(x, axis=1)],
            [np.concatenate([x, z], axis=1), np.stack([x, z]), x.reshape(3, 8).T + 1, np.where(x > 0, x, z)],
            [np.argmax(x, axis=1), np.argmin(x), x.max(axis=0), x.min(), x.mean(axis=1), x.std(axis=0), x.var()],
            [np.einsum("ij,kj->ik", x, z), np.pad(x, 1) + 1, np.pad(x, 1, mode="reflect") + 1, np.roll(x, 2, axis=1)],
            [np.tril(x), np.repeat(x, 2, axis=0), np.outer(x[0], x[1]), np.sort(x, axis=0), (x > 0).all(axis=1)],
            [
                np.take_along_axis(x, np.argsort(x, axis=1), axis=1),
                np.diff(x),
                x.astype(np.float32).sum(),
                x.astype(np.float32) @ x.T,
            ],
        )

    session = Session(recorded(f, x, k).to_onnx(tmp_path / "f.onnx"))
    found = session(x=x, k=k)
    assert found.pop("valid")
    np.testing.assert_allclose(flat(list(found.values())), flat(f(x, k)), rtol=1e-6)
    assert not session(x=x, k=np.array([3, 0, -5]) + 0)["valid"]


@pytest.mark.parametrize("name", SETTINGS)
def test_layers_losses_and_optimizers(tmp_path: Path, name: str) -> None:
    make, given = SETTINGS[name]
    setting = make()
    setting.start()
    optimizer, module, loss, scale = setting.optimizer, setting.module, setting.loss, setting.scale

    def step(x: Any, *rest: Any, of: Any = (optimizer, module, loss, scale)) -> Any:
        optimizer, module, loss, scale = of
        optimizer.zero_grad()
        result = loss(module, x if scale is None else ag.Tensor(x) * scale, *rest)
        result.backward()
        optimizer.step()
        return result.data

    run, batch = ag.compile(step), given[0]
    for _ in range(9):  # a count that was seen to change takes a few calls more
        run(*batch)
    path = tmp_path / "step.onnx"
    session = Session(run.to_onnx(path))
    named, draws = dict(zip(run.record.names, batch, strict=True)), []
    entries = [entry for entry in run.record.tape.entries if entry.kind == "draw"]
    for seed in range(3):
        with use_generator(np.random.default_rng(seed)):
            for entry in entries:
                entry.run(*entry.args)
            draws = [entry.writes[0].copy() for entry in entries]
        found = session(**named, **dict(zip(session.draws, draws, strict=True)))["result"]
        with use_generator(np.random.default_rng(seed)):
            np.testing.assert_allclose(found, run(*batch), rtol=3e-5, atol=1e-6)


def test_refusals_write_nothing(tmp_path: Path) -> None:
    path = tmp_path / "f.onnx"
    with pytest.raises(RuntimeError, match="nothing is recorded"):
        ag.compile(np.sin).to_onnx(path)
    f = recorded(lambda x: np.linalg.inv(x), np.eye(3))
    with pytest.raises(ValueError, match=r"inv .* at test_onnx_programs.py"):
        f.to_onnx(path)
    with pytest.raises(ValueError, match=r"ends in \.onnx"):
        recorded(lambda x: x + 1, np.ones(3)).to_onnx(tmp_path / "f.txt")
    with pytest.raises(OSError, match="cannot write"):
        recorded(lambda x: x + 1, np.ones(3)).to_onnx(tmp_path / "missing" / "f.onnx")
    assert [*tmp_path.iterdir()] == []


def test_hostile_names(tmp_path: Path) -> None:
    model = nn.Sequential()
    for name in ("a b", "ü", 'x"; y', "line\nbreak", "\ud800"):
        model.add_module(name, nn.Linear(2, 2))
    x = np.ones((3, 2), np.float32)

    def f(x: Any) -> Any:
        with ag.no_grad():
            return model(ag.Tensor(x)).data

    found = Session(recorded(f, x).to_onnx(tmp_path / "f.onnx"))(x=x)
    np.testing.assert_allclose(found["result"], f(x), rtol=1e-5)
