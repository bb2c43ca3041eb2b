"""Models as ONNX: layers are operators, and runtimes compute what the model does, for batches of any length."""

from __future__ import annotations

import contextlib
import copy
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import autograd_core as ag
import nn
import nn.export
from test_recording_duck import EAGER, LAYERS, LOSSES, normal

onnx = pytest.importorskip("onnx")
ort = pytest.importorskip("onnxruntime")


class OfLoss(nn.Module):
    """A loss as a model of outputs and targets."""

    def __init__(self, loss: Any) -> None:
        self.loss = loss

    def forward(self, input: Any, target: Any) -> Any:
        return self.loss(input, target)


class Computed(nn.Module):
    """A function as a model."""

    def __init__(self, function: Callable[..., Any], *inner: Any) -> None:
        self.function, self.inner = function, nn.ModuleList(inner)

    def forward(self, *args: Any) -> Any:
        return self.function(*args, *self.inner)


CASES: dict[str, Callable[[], tuple[Any, list[Any]]]] = {
    **{
        name: (lambda make=make, x=x[0]: (make(), [x]))
        for name, (make, x) in LAYERS.items()
        if not name.startswith(("FractionalMaxPool", "Recurrence"))  # which draw; whose loop is written out
    },
    **{
        name: (lambda loss=loss, t=t[0]: (OfLoss(copy.deepcopy(loss)), [normal(8, 4)[0], t]))
        for name, (loss, t) in LOSSES.items()
    },
    "ConvTranspose3d": lambda: (nn.ConvTranspose3d(4, 6, 3, stride=2, padding=1), [normal(2, 4, 3, 2, 3)[0]]),
    "MaxUnpool": lambda: (
        Computed(
            lambda x, pool, back: back(*pool(x)), nn.MaxPool2d(3, 2, 1, return_indices=True), nn.MaxUnpool2d(3, 2, 1)
        ),
        [normal(2, 3, 7, 7)[0]],
    ),
}


def moved(model: Any, dtype: Any) -> Any:
    """A model in eval mode, whose weights and averages are not those that a layer begins with."""
    rng, model = np.random.default_rng(0), model.to(dtype).eval()
    for t in (*model.parameters(), *model.buffers()):
        if t.dtype.kind == "f":
            t._data[...] = t._data * rng.uniform(0.8, 1.2, t.shape) + rng.uniform(0.05, 0.1, t.shape)
    return model


def runtime(path: Path) -> Callable[[list[Any]], list[Any]]:
    """A file in onnxruntime; what that has not in float64, in ONNX's reference."""
    from onnx.reference import ReferenceEvaluator

    graph = onnx.load(path).graph
    names = [value.name for value in graph.input]
    double = any(value.type.tensor_type.elem_type == onnx.TensorProto.DOUBLE for value in graph.output)
    options = ort.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = 1
    sessions: list[Any] = []
    with contextlib.suppress(*[Exception] * double):
        sessions.append(ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"]))

    def run(inputs: list[Any]) -> list[Any]:
        given = dict(zip(names, inputs, strict=True))
        with contextlib.suppress(*[Exception] * double):
            return list(sessions[0].run(None, given))
        return list(ReferenceEvaluator(str(path)).run(None, given))

    return run


def run(path: Path, inputs: list[Any]) -> list[Any]:
    return runtime(path)(inputs)


@pytest.fixture(autouse=True)
def disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for the disk: hundreds of small files are written."""
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)


def arrays(result: Any) -> list[Any]:
    if isinstance(result, tuple):
        return [a for part in result for a in arrays(part)]
    return [] if result is None else [result.data if isinstance(result, ag.Tensor) else result]


def agrees(tmp_path: Path, make: Callable[[], tuple[Any, list[Any]]]) -> None:
    """In float32 and in float64, at three lengths of the batch."""
    for dtype, close in ((np.float32, 1e-5), (np.float64, 1e-10)):
        ag.manual_seed(0)
        made, given = make()
        model = moved(made, dtype)
        inputs = [x.astype(dtype) if x.dtype.kind == "f" else x for x in given]
        path = nn.export.onnx(model, tuple(inputs), tmp_path / "net.onnx")
        onnx.shape_inference.infer_shapes(onnx.load(path), check_type=True, strict_mode=True, data_prop=True)
        compute = runtime(path)
        for n in (1, 2, 5):
            batch = [np.concatenate([x] * 5)[:n] for x in inputs]
            with ag.no_grad():
                expected = arrays(model(*map(ag.Tensor, batch)))
            for a, b in zip(compute(batch), expected, strict=True):
                assert a.dtype == b.dtype and a.shape == b.shape
                np.testing.assert_allclose(a, b, rtol=close, atol=close)


@pytest.mark.parametrize("name", CASES)
def test_layers_and_losses_at_three_lengths_of_the_batch(tmp_path: Path, name: str) -> None:
    agrees(tmp_path, CASES[name])


def test_what_no_case_stands_for_is_refused_or_stands_in_another() -> None:
    others = set(EAGER) - {"LBFGS", *(f"MaxUnpool{d}d" for d in (1, 2, 3))}
    assert others | {"FractionalMaxPool"} == {name for name in REFUSED if name[0].isupper()}


def test_a_batch_of_one_length(tmp_path: Path) -> None:
    model = Computed(lambda x, h, rnn: rnn(x, h)[0] + x[1:, :, :3].sum(), nn.RNN(4, 3))
    inputs = [normal(5, 2, 4)[0], normal(1, 2, 3)[0]]
    path = nn.export.onnx(model, tuple(inputs), tmp_path / "n.onnx", dynamic_batch=False)
    np.testing.assert_allclose(run(path, inputs)[0], model(*map(ag.Tensor, inputs)).data, rtol=1e-5, atol=1e-5)


def test_the_loop_of_a_recurrence_is_written_out_for_one_number_of_steps(tmp_path: Path) -> None:
    model, x = nn.Recurrence(nn.LSTMCell(6, 5)), normal(5, 3, 6)[0]
    with pytest.raises(ValueError, match="another length of the batch"):
        nn.export.onnx(model, x, tmp_path / "n.onnx")
    path = nn.export.onnx(model, x, tmp_path / "n.onnx", dynamic_batch=False)
    for a, b in zip(run(path, [x]), arrays(model(ag.Tensor(x))), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-5)


def test_a_training_step_with_the_batch_open(tmp_path: Path) -> None:
    """Weights in, weights out: the file is trained with batches of any length."""
    net = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 3))
    names = [name for name, _ in net.named_parameters()]

    def step(x: Any, y: Any, rate: Any, *weights: Any) -> Any:
        def loss(weights: Any) -> Any:
            return nn.CrossEntropyLoss()(nn.functional_call(net, dict(zip(names, weights, strict=True)), x), y)

        value, slopes = ag.value_and_grad(loss)(weights)
        return value, *(w - rate * s for w, s in zip(weights, slopes, strict=True))

    y, rate = np.array([0, 2, 1]), np.array(0.1, np.float32)
    weights = [p.data for p in net.parameters()]
    opened = [True, True, False, *[False] * len(weights)]
    path = nn.export.onnx(Computed(step), (x34, y, rate, *weights), tmp_path / "step.onnx", opened)
    compute, ours = runtime(path), weights
    for n in (3, 1, 5):
        batch = [np.concatenate([a] * 2)[:n] for a in (x34, y)]
        loss, *weights = compute([*batch, rate, *weights])
        wanted, *ours = arrays(step(*map(ag.Tensor, [*batch, rate, *ours])))
        np.testing.assert_allclose(loss, wanted, rtol=1e-5)
    for a, b in zip(weights, ours, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


def operators(path: Path) -> list[str]:
    return [node.op_type for node in onnx.load(path).graph.node]


def test_a_network_is_what_a_person_drew(tmp_path: Path) -> None:
    model = nn.Sequential(
        *(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2, padding=1), nn.ConvTranspose2d(4, 4, 2)),
        *(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 3), nn.Softmax(1)),
    )
    held = [t.data for t in (*model.parameters(), *model.buffers())]
    path = nn.export.onnx(model, np.random.default_rng(0).normal(size=(2, 1, 8, 8)).astype("f4"), tmp_path / "n.onnx")
    first = ["Conv", "BatchNormalization", "Relu", "MaxPool", "ConvTranspose"]
    assert operators(path) == [*first, "GlobalAveragePool", "Reshape", "Gemm", "Softmax", "Identity"]
    assert {"0.weight", "1.running_mean", "7.bias"} <= {x.name for x in onnx.load(path).graph.initializer}
    about = {entry.key: json.loads(entry.value) for entry in onnx.load(path).metadata_props}
    assert about["modules"]["4"] == "ConvTranspose2d"
    assert model.training and all(m.training for m in model)
    assert all(t.data is a for t, a in zip((*model.parameters(), *model.buffers()), held, strict=True))


@pytest.mark.parametrize("kind", ["LSTM", "GRU", "RNN"])
@pytest.mark.parametrize("bias", [True, False])
def test_a_recurrent_layer_is_one_operator(tmp_path: Path, kind: str, bias: bool) -> None:
    model = getattr(nn, kind)(3, 4, batch_first=True, bias=bias)
    x = np.random.default_rng(0).normal(size=(2, 5, 3)).astype("f4")
    found = operators(nn.export.onnx(model, x, tmp_path / "n.onnx"))
    assert found.count(kind) == 1 and "Gemm" not in found and "MatMul" not in found


x34 = np.random.default_rng(3).normal(size=(3, 4)).astype("f4")
image = np.random.default_rng(4).normal(size=(2, 4, 6, 6)).astype("f4")


def in_place(x: Any) -> Any:
    y = x * 1
    y[:, 1:3] = 5.0
    y += 1
    y[:, 0] *= 2
    return y


FUNCTIONS: dict[str, tuple[Callable[..., Any], tuple[Any, ...]]] = {
    "a mask by plain NumPy": (lambda x: x * (x.data > 0).astype(np.float32), (x34,)),
    "attributes of arrays": (lambda x: x.data.T.T + x.data.real + x.data[:, None].mT.sum(axis=2), (x34,)),
    "written in place": (in_place, (x34,)),
    "numbers that follow the batch": (lambda x: x.sum(axis=0) / len(x) + (len(x) - 1) + 1 / len(x), (x34,)),
    "neighbours in the batch": (lambda x: x[1:] - x[:-1] + x[0], (x34,)),
    "variance in the batch": (lambda x: x.var(axis=(0, 1), ddof=1), (x34,)),
    "factors of a bag's members": (
        Computed(lambda k, f, bag: bag(k, per_sample_weights=f), nn.EmbeddingBag(6, 3, mode="sum")),
        (np.array([[0, 1], [2, 2]]), x34[:2, :2]),
    ),
    "argmax and a dictionary": (lambda x: {"class": x.argmax(axis=1), "shares": ag.softmax(x, 1)}, (x34,)),
    "the largest two": (lambda x: np.sort(x, axis=1)[:, -2:], (x34,)),
    "triangles and points": (lambda x: x[(slice(None), *np.triu_indices(6))] if x.ndim == 3 else x, (image[0],)),
    "a sampled image": (nn.functional.grid_sample, (image, 1.2 * image[:, :3, :3, :2])),
    "bicubic": (lambda x: nn.functional.interpolate(x, scale_factor=2, mode="bicubic"), (image,)),
    "means of windows that reach beyond": (nn.AvgPool2d(4, 3, 1, ceil_mode=True), (image,)),
    "largest of windows that reach beyond": (nn.MaxPool2d(4, 3, 1, ceil_mode=True), (image,)),
    "uneven windows": (lambda x: nn.functional.adaptive_max_pool2d(x, (4, 5)), (image,)),
    "powers of odd order": (lambda x: nn.functional.lp_pool2d(abs(x), 3, 2), (image,)),
    "padding of a bag": (nn.EmbeddingBag(6, 3, mode="max", padding_idx=0), (np.array([[0, 0], [1, 0], [2, 3]]),)),
    "rows of limited length": (nn.Embedding(6, 3, max_norm=0.5), (np.array([[0, 0], [1, 0], [2, 3]]),)),
    "einsum": (lambda x: np.einsum("ij,kj->ik", x, x), (x34,)),
    "a trace, and whole numbers": (lambda x: np.trace(np.round(x), axis1=2, axis2=3), (image,)),
    "norms": (lambda x: np.stack([np.linalg.norm(x, p, axis=1) for p in (0, 1, 2, 3.5, np.inf)]), (x34,)),
    "of whole numbers": (lambda k: nn.functional.one_hot(k, 5), (np.array([0, 4, 2]),)),
}  # fmt: skip


@pytest.mark.parametrize("name", FUNCTIONS)
def test_what_a_model_computes_beside_its_layers(tmp_path: Path, name: str) -> None:
    function, inputs = FUNCTIONS[name]
    model = function.eval() if isinstance(function, nn.Module) else Computed(function)
    path = nn.export.onnx(model, inputs, tmp_path / "n.onnx")
    for n in (1, 2, 4):
        batch = [np.concatenate([x] * 2)[:n] for x in inputs]
        wanted = model(*map(ag.Tensor, batch))
        wanted = arrays(tuple(wanted.values()) if isinstance(wanted, dict) else wanted)
        for a, b in zip(run(path, batch), wanted, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-5)


NETWORK = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 3))
IMAGES = nn.Sequential(
    *(nn.Conv2d(4, 3, 3), nn.BatchNorm2d(3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(12, 3)),
).eval()
DERIVATIVES: dict[str, tuple[Callable[..., Any], Any, tuple[Any, ...]]] = {
    "of a class by the pixels": (lambda x, net: ag.grad(lambda x: net(x)[:, 0].sum())(x), IMAGES, (image,)),
    "of a loss": (
        lambda x, y, net: ag.value_and_grad(lambda x: nn.CrossEntropyLoss()(net(x), y))(x),
        NETWORK,
        (x34, np.array([0, 2, 1])),
    ),
    "forward": (lambda x, net: ag.jvp(net, (x,), (np.ones_like(x),))[1], NETWORK, (x34,)),
    "of second order": (
        lambda x, net: ag.grad(lambda x: (ag.grad(lambda x: net(x).sum())(x) ** 2).sum())(x),
        NETWORK,
        (x34,),
    ),
    "Jacobian": (lambda x, net: ag.jacobian(lambda x: net(x).sum(axis=0))(x), NETWORK, (x34,)),
    "of each example": (lambda x, net: ag.vmap(ag.grad(lambda x: net(x)[0] ** 2))(x), NETWORK, (x34,)),
}


@pytest.mark.parametrize("name", DERIVATIVES)
def test_derivatives_that_a_model_takes(tmp_path: Path, name: str) -> None:
    function, net, inputs = DERIVATIVES[name]
    model = Computed(function, net)
    compute = runtime(nn.export.onnx(model, inputs, tmp_path / "n.onnx"))
    for n in (1, 2, 4):
        batch = [np.concatenate([x] * 2)[:n] for x in inputs]
        for a, b in zip(compute(batch), arrays(model(*map(ag.Tensor, batch))), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)


REFUSED: dict[str, tuple[Callable[..., Any], str]] = {
    "a branch": (lambda x: x * 2 if x.sum() > 0 else x, r"test_onnx_models\.py:\d+ the program decides by it"),
    "a number": (lambda x: x * x.max().item(), r"test_onnx_models\.py:\d+ it becomes a Python number"),
    "a conversion": (lambda x: x * np.asarray(x.data), "converted to a plain NumPy array"),
    "a shape that depends on numbers": (lambda x: x[x > 0], "getitem: a mask"),
    "no operator": (lambda x: np.linalg.inv(x[:, :, None] + np.eye(4)), r"linalg\.inv of \(4, 4, 4\) has no operator"),
    "complex numbers": (lambda x: np.real(np.fft.fft(x)), "complex numbers"),
    "a draw": (lambda x: nn.functional.dropout(x, 0.5, True), "or it is drawn"),
    "a part that depends on the batch": (lambda x: x[: len(x) - 1], "a part of the batch that depends on its length"),
    "from one example to another": (lambda x: np.roll(x, 1, axis=0), "from one example of the batch to another"),
    "another result": (lambda x: (x, 3), "a int, not a tensor"),
    "FractionalMaxPool": (lambda x: nn.FractionalMaxPool2d(2, 2)(x[:, None, None] * np.ones((4, 1))), "it is drawn"),
    "AdaptiveLogSoftmaxWithLoss": (
        lambda x: nn.AdaptiveLogSoftmaxWithLoss(4, 6, [2])(x, x.argmax(axis=1)).loss,
        "searchsorted",
    ),
    "CTCLoss": (
        lambda x: nn.CTCLoss()(ag.log_softmax(x, 1), np.array([1]), np.array([len(x)]), np.array([1])),
        "another way for other numbers or another length of the batch",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refusals_name_the_layer_and_the_reason_and_write_nothing(tmp_path: Path, name: str) -> None:
    function, why = REFUSED[name]
    model = nn.Sequential(nn.Identity(), Computed(function)).eval()
    with pytest.raises(ValueError, match=rf"export\.onnx: (?s:.)*{why}") as raised:
        nn.export.onnx(model, x34, tmp_path / "n.onnx")
    assert " 1: " in str(raised.value) or "result" in str(raised.value)
    assert [*tmp_path.iterdir()] == []
    assert model(x34[:1]) is not None and type(model[0](ag.Tensor(x34)).data) is np.ndarray


def test_bad_arguments_write_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = nn.Linear(4, 2)
    for path, error in ((tmp_path / "n.txt", ValueError), (tmp_path / "missing" / "n.onnx", OSError)):
        with pytest.raises(error):
            nn.export.onnx(model, x34, path)
    with pytest.raises(TypeError, match="no module"):
        nn.export.onnx(np.sin, x34, tmp_path / "n.onnx")
    with pytest.raises(ValueError, match="no batch axis"):
        nn.export.onnx(model, np.float32(1), tmp_path / "n.onnx")
    states = Computed(lambda x, h, rnn: rnn(x, h)[0], nn.RNN(4, 3)), (x34[None], np.zeros((1, 3, 3), np.float32))
    with pytest.raises(ValueError, match=r"dynamic_batch=False"):
        nn.export.onnx(*states, tmp_path / "n.onnx")
    with monkeypatch.context() as small, pytest.raises(ValueError, match=r"one file holds less than 2 GiB"):
        small.setattr("autograd_core.programs.onnx.building.LIMIT", 10)
        nn.export.onnx(model, x34, tmp_path / "n.onnx")
    monkeypatch.setitem(sys.modules, "onnx", None)
    monkeypatch.setitem(sys.modules, "onnx.checker", None)
    with pytest.raises(ImportError, match=r"autograd-core\[onnx\]"):
        nn.export.onnx(model, x34, tmp_path / "n.onnx")
    assert [*tmp_path.iterdir()] == [] and type(model.weight.data) is np.ndarray


def test_hostile_names_of_modules(tmp_path: Path) -> None:
    model = nn.Sequential()
    for name in ("a b", "ü", 'x"; y', "line\nbreak", "\ud800", "output", "input"):
        model.add_module(name, nn.Linear(4, 4))
    path = nn.export.onnx(model, x34, tmp_path / "n.onnx")
    np.testing.assert_allclose(run(path, [x34])[0], model(x34).data, rtol=1e-5, atol=1e-5)
    model.add_module("\ud801\n", Computed(np.linalg.inv))
    with pytest.raises(ValueError, match=r"inv") as raised:
        nn.export.onnx(model, np.ones((4, 4), np.float32), tmp_path / "m.onnx")
    str(raised.value).encode()
    assert "\n" not in str(raised.value)
