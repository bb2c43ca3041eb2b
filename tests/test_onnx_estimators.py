"""Estimators and pipelines as ONNX: what scikit-learn's predict and predict_proba give, scaling included."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, MinMaxScaler, StandardScaler

import nn
import nn.export
from nn.estimators import MLPClassifier, MLPRegressor, NeuralNetClassifier, NeuralNetRegressor
from test_onnx_models import runtime

skl2onnx = pytest.importorskip("skl2onnx")

pytestmark = pytest.mark.filterwarnings("ignore")  # ConvergenceWarning; skl2onnx's own

RNG = np.random.default_rng(0)
X = RNG.normal(3, 2, size=(60, 4))
CLASSES = np.digitize(X[:, 1], [2, 4])


class Net(nn.Module):
    def __init__(self, in_features: int, out_features: int) -> None:
        self.layers = nn.Sequential(nn.Linear(in_features, 6), nn.GELU(), nn.BatchNorm1d(6), nn.Linear(6, out_features))

    def forward(self, x: Any) -> Any:
        return self.layers(x)


SETTINGS: dict[str, tuple[Callable[[], Any], Any]] = {
    "two classes with names": (lambda: MLPClassifier((5,)), np.array(["no", "yes"])[CLASSES % 2]),
    "three classes": (lambda: MLPClassifier((5,), "celu", batch_norm=True, dropout=0.2), CLASSES),
    "one class": (lambda: MLPClassifier((5,)), np.full(60, 7)),
    "several labels": (lambda: MLPClassifier((5,)), (X[:, :2] > 3).astype(int)),
    "margins of two classes": (lambda: MLPClassifier((5,), loss="hinge"), CLASSES % 2),
    "margins of three": (lambda: MLPClassifier((5,), loss="squared_hinge"), CLASSES),
    "margins of labels": (lambda: MLPClassifier((5,), loss="hinge"), (X[:, :2] > 3).astype(int)),
    "numbers, robustly": (lambda: MLPRegressor("huber", (5,)), X[:, 0]),
    "numbers": (lambda: MLPRegressor(hidden_layer_sizes=(5,), activation="gelu"), X[:, :2] ** 2),
    "counts": (lambda: MLPRegressor("poisson", (5,)), np.floor(abs(X[:, 0]))),
    "a network": (lambda: NeuralNetClassifier(Net), CLASSES),
    "a network for numbers": (lambda: NeuralNetRegressor(Net), X[:, 0] * X[:, 1]),
}


@pytest.mark.parametrize("dtype, close", [(np.float32, 1e-5), (np.float64, 1e-10)])
@pytest.mark.parametrize("name", SETTINGS)
def test_pipelines_at_three_lengths_of_the_batch(tmp_path: Path, name: str, dtype: Any, close: float) -> None:
    make, y = SETTINGS[name]
    x = X.astype(dtype)
    estimator = make().set_params(max_iter=3, random_state=0)
    for model in (make_pipeline(StandardScaler(), MinMaxScaler(), PCA(3), estimator), estimator):
        model.fit(x, y)
        path = nn.export.onnx(model, x[:5], tmp_path / "p.onnx")
        compute = runtime(path)
        for n in (1, 2, 30):
            found = compute([x[:n]])
            if hasattr(model, "classes_"):
                scores = model.predict_proba if hasattr(model, "predict_proba") else model.decision_function
                assert found[0].astype(y.dtype).tolist() == model.predict(x[:n]).tolist()
                wanted = scores(x[:n])
                np.testing.assert_allclose(found[1].reshape(wanted.shape), wanted, rtol=close, atol=close)
            else:
                wanted = model.predict(x[:n])
                np.testing.assert_allclose(found[0].reshape(wanted.shape), wanted, rtol=close, atol=close)


def test_skl2onnx_takes_estimators_itself() -> None:
    nn.export.register_converters()
    model = make_pipeline(StandardScaler(), MLPClassifier((5,), max_iter=3, random_state=0)).fit(X, CLASSES)
    made = skl2onnx.to_onnx(model, X[:1], target_opset=21)
    assert [value.name for value in made.graph.output] == ["output_label", "output_probability"]  # a map for each row
    with pytest.raises(Exception, match="target_opset=21"):
        skl2onnx.to_onnx(model, X[:1], target_opset=15)


def test_what_cannot_be_translated_is_refused_and_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = make_pipeline(FunctionTransformer(np.sin), MLPRegressor(max_iter=3, random_state=0)).fit(X, X[:, 0])
    with pytest.raises(ValueError, match=r"skl2onnx cannot translate this Pipeline"):
        nn.export.onnx(model, X, tmp_path / "p.onnx")
    with pytest.raises(ValueError, match=r"skl2onnx cannot translate this MLPRegressor"):
        nn.export.onnx(MLPRegressor(), X, tmp_path / "p.onnx")
    monkeypatch.setitem(sys.modules, "skl2onnx", None)
    with pytest.raises(ImportError, match=r"autograd-core\[skl2onnx\]"):
        nn.export.onnx(model, X, tmp_path / "p.onnx")
    assert [*tmp_path.iterdir()] == []
