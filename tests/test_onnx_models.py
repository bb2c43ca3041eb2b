"""Models as ONNX: layers are operators, and onnxruntime computes what the model does, for batches of any length."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import autograd_core as ag
import nn
import nn.export
from test_recording_duck import LAYERS

onnx = pytest.importorskip("onnx")
ort = pytest.importorskip("onnxruntime")

REFUSED = {
    *("ConvTranspose1d", "ConvTranspose2d", "ConvTranspose3d", "Unfold", "Fold"),
    *("LPPool1d", "LPPool2d", "LPPool3d", "AdaptiveMaxPool1d", "AdaptiveMaxPool2d", "AdaptiveMaxPool3d"),
    *("EmbeddingBag", "Embedding, a row that is not learned", "CosineSimilarity"),
    "PairwiseDistance",
}


def first(result: Any) -> Any:
    while isinstance(result, tuple):
        result = result[0]
    return result.data


def session(path: Path) -> Any:
    options = ort.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = 1
    return ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


@pytest.mark.parametrize("name", LAYERS)
def test_layers_at_three_lengths_of_the_batch(tmp_path: Path, name: str) -> None:
    ag.manual_seed(0)
    make, (x, *_) = LAYERS[name]
    model, path = make().eval(), tmp_path / "net.onnx"
    if name in REFUSED:
        with pytest.raises(ValueError, match=r"export\.onnx: .*: "):
            nn.export.onnx(model, x, path)
        assert not path.exists()
        return
    run = session(nn.export.onnx(model, x, path))
    for n in (1, 2, 5):
        batch = np.concatenate([x] * 3)[:n]
        with ag.no_grad():
            expected = first(model(batch))
        found = run.run(None, {run.get_inputs()[0].name: batch})[0]
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


def operators(path: Path) -> list[str]:
    return [node.op_type for node in onnx.load(path).graph.node]


def test_a_network_is_what_a_person_drew(tmp_path: Path) -> None:
    model = nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(36, 3), nn.Softmax(1)
    )
    path = nn.export.onnx(model, np.random.default_rng(0).normal(size=(2, 1, 8, 8)).astype("f4"), tmp_path / "n.onnx")
    drawn = ["Conv", "BatchNormalization", "Relu", "MaxPool", "Reshape", "Gemm", "Softmax", "Identity"]
    assert operators(path) == drawn
    assert {"0.weight", "1.running_mean", "5.bias"} <= {x.name for x in onnx.load(path).graph.initializer}
    assert model.training


@pytest.mark.parametrize("kind", ["LSTM", "GRU", "RNN"])
def test_a_recurrent_layer_is_one_operator(tmp_path: Path, kind: str) -> None:
    model = getattr(nn, kind)(3, 4, batch_first=True)
    x = np.random.default_rng(0).normal(size=(2, 5, 3)).astype("f4")
    found = operators(nn.export.onnx(model, x, tmp_path / "n.onnx"))
    assert found.count(kind) == 1 and "Gemm" not in found


def test_float64_in_the_reference(tmp_path: Path) -> None:
    from onnx.reference import ReferenceEvaluator

    model = nn.Sequential(nn.Linear(4, 8), nn.GELU(approximate="tanh"), nn.LayerNorm(8), nn.Linear(8, 2)).double()
    x = np.random.default_rng(0).normal(size=(3, 4))
    path = nn.export.onnx(model, x, tmp_path / "n.onnx")
    (found,) = ReferenceEvaluator(str(path)).run(None, {"input": x})
    np.testing.assert_allclose(found, model(x).data, rtol=1e-6)


def test_what_depends_on_numbers_by_plain_numpy_is_refused(tmp_path: Path) -> None:
    class Masked(nn.Module):
        def forward(self, x: Any) -> Any:
            return x * (x.data > 0).astype(np.float32)

    with pytest.raises(ValueError, match="plain NumPy"):
        nn.export.onnx(Masked(), np.array([[1.0, -1.0], [2.0, 3.0]], np.float32), tmp_path / "n.onnx")
    with pytest.raises(TypeError, match="no module"):
        nn.export.onnx(np.sin, np.ones(3), tmp_path / "n.onnx")
    assert [*tmp_path.iterdir()] == []
