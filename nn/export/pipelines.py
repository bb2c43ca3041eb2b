"""scikit-learn's estimators and pipelines as ONNX models: skl2onnx translates the steps, here is what it lacks."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

import autograd_core as ag
from autograd_core.engine.errors import class_name
from autograd_core.programs.onnx.building import OPSET, Builder

from ..modules.module import Module
from .models import as_it_was, other_numbers
from .running import computed
from .tracing import trace
from .writing import DIFFERS, Writer


def register_converters() -> None:
    """Tell skl2onnx about the estimators of ``nn.estimators``: its ``to_onnx`` then takes pipelines that end in them.

    A classifier gives "label" and "probabilities" (of a hinge loss margins), a regressor "variable". Raises ImportError
    without skl2onnx.

    >>> import nn.export
    >>> nn.export.register_converters()
    """
    from ..estimators import MLPClassifier, MLPRegressor, NeuralNetClassifier, NeuralNetRegressor

    skl2onnx = _package()
    options = {"zipmap": [True, False, "columns"], "output_class_labels": [False, True], "nocl": [True, False]}
    for kind in (MLPClassifier, MLPRegressor, NeuralNetClassifier, NeuralNetRegressor):
        settings: dict[str, Any] = {"options": options} if hasattr(kind, "predict_proba") else {}
        alias = f"AutogradCore{kind.__name__}"
        skl2onnx.update_registered_converter(kind, alias, _types, _converted, overwrite=True, **settings)


def pipeline_model(estimator: Any, example: Any) -> Any:
    """The model of an estimator or a pipeline, compared with its predictions of the example.

    Raises ValueError where a step cannot be translated or another result comes out.
    """
    from sklearn.base import is_classifier

    skl2onnx = _package()
    register_converters()
    options = {"zipmap": False} if is_classifier(estimator) else None
    opsets = {"": OPSET, "ai.onnx.ml": 3}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of converters that are older than scikit-learn
            model = skl2onnx.to_onnx(estimator, example[:1], target_opset=opsets, options=options)
    except Exception as error:  # each converter raises what it likes
        if str(error).startswith("export.onnx"):
            raise
        text = str(error).strip().partition("\n")[0][:300]
        raise ValueError(f"export.onnx: skl2onnx cannot translate this {class_name(estimator)}: {text}") from error
    _compare(model, estimator, example)
    return model


def _package() -> Any:
    try:
        import skl2onnx
    except ImportError as error:
        raise ImportError(
            "Estimators as ONNX models need the package skl2onnx. Fix: pip install 'autograd-core[skl2onnx]'."
        ) from error
    return skl2onnx


def _compare(model: Any, estimator: Any, example: Any) -> None:
    names = [value.name for value in model.graph.input]
    if len(names) == 1 and not hasattr(example, "columns"):
        given = {names[0]: np.asarray(example)}
    else:  # a data frame: an input for each column
        given = {name: np.asarray(example[name])[:, None] for name in names}
    found = computed(model, given, False)
    if hasattr(estimator, "predict_proba"):
        wanted, got = np.asarray(estimator.predict_proba(example)), found[1]
    else:
        wanted, got = np.asarray(estimator.predict(example)), found[0]
    if wanted.dtype.kind != "f":  # labels
        same = np.array_equal(got.astype(str), wanted.astype(str))
    else:
        close = 1e-3 if got.dtype.itemsize <= 4 else 1e-7
        same = np.allclose(got.reshape(wanted.shape), wanted, close, close)
    if not same:
        raise ValueError(DIFFERS)


# What skl2onnx asks for ----------------------------------------------------------------------------------------------


def _types(operator: Any) -> None:
    """Dtypes and shapes of the results."""
    from skl2onnx.common.data_types import DoubleTensorType, FloatTensorType, Int64TensorType, StringTensorType

    estimator, rows = operator.raw_operator, operator.inputs[0].get_first_dimension()
    numbers = DoubleTensorType if estimator._dtype == np.float64 else FloatTensorType
    if not hasattr(estimator, "classes_"):
        operator.outputs[0].type = numbers([rows, estimator.n_outputs_])
        return
    several = estimator._kind == "multilabel-indicator"
    labels = Int64TensorType if estimator.classes_.dtype.kind in "iub" else StringTensorType
    operator.outputs[0].type = labels([rows, len(estimator.classes_)] if several else [rows])
    known = len(estimator.classes_) if hasattr(estimator, "predict_proba") else estimator.n_outputs_
    operator.outputs[1].type = numbers([rows, known])


def _converted(scope: Any, operator: Any, container: Any) -> None:
    """The operators of an estimator's predictions in skl2onnx's container."""
    if container.target_opset < OPSET:
        given = container.target_opset
        raise ValueError(f"export.onnx: estimators need opset {OPSET}, not {given}. Fix: target_opset={OPSET}.")
    estimator = operator.raw_operator
    shape = [n if isinstance(n, int) else 1 for n in operator.inputs[0].type.shape[1:]]
    b = _graph(Predictions(estimator), np.zeros((1, *shape), estimator._dtype))
    given = {b.inputs[0].name: scope.get_unique_variable_name("X")}
    given |= {value.name: out.full_name for value, out in zip(b.outputs, operator.outputs, strict=True)}
    if hasattr(estimator, "classes_") and estimator._kind != "multilabel-indicator":
        place, classes = (scope.get_unique_variable_name(name) for name in ("place", "classes"))
        given[b.outputs[0].name] = place
        of_numbers = estimator.classes_.dtype.kind in "iub"
        kind = b.onnx.TensorProto.INT64 if of_numbers else b.onnx.TensorProto.STRING
        values = [int(c) for c in estimator.classes_] if of_numbers else [str(c).encode() for c in estimator.classes_]
        container.add_initializer(classes, kind, [len(values)], values)
        label = operator.outputs[0].full_name
        container.add_node("Gather", [classes, place], label, op_version=OPSET, axis=0, name=label)

    def name(inner: str) -> str:
        if inner and inner not in given:
            given[inner] = scope.get_unique_variable_name(inner)
        return given.get(inner, "")

    dtype = b.inputs[0].type.tensor_type.elem_type
    container.add_node("Cast", [operator.inputs[0].full_name], name(b.inputs[0].name), op_version=OPSET, to=dtype)
    for inner, tensor in b.initializers.items():
        container.add_initializer(name(inner), None, None, tensor)
    for node in b.nodes:
        settings = {a.name: b.helper.get_attribute_value(a) for a in node.attribute}
        inputs, outputs = [name(x) for x in node.input], [name(x) for x in node.output]
        container.add_node(node.op_type, inputs, outputs, op_version=OPSET, name=outputs[0], **settings)


class Predictions(Module):
    """What an estimator predicts of rows: for a classifier the places of the labels, and the probabilities."""

    def __init__(self, estimator: Any) -> None:
        self.estimator, self.module = estimator, estimator.module_

    def forward(self, X: Any) -> Any:
        from ..estimators.objectives import LINKS

        estimator = self.estimator
        mean = LINKS[estimator.out_activation_](estimator._columns(self.module(X)))
        if not hasattr(estimator, "classes_"):
            return mean
        if not hasattr(estimator, "predict_proba"):  # margins
            several = estimator._kind == "multiclass"
            positive = np.greater(mean, 0).astype(np.int64)
            one = positive if estimator._kind == "multilabel-indicator" else positive[:, 0]
            return np.argmax(mean, axis=1) if several else one, mean
        if estimator._kind == "multilabel-indicator":
            limits = np.finfo(mean.dtype)
            return np.greater(mean, 0.5).astype(np.int64), np.clip(mean, limits.tiny, 1 - limits.epsneg)
        if len(estimator.classes_) == 1:
            mean = mean[:, :1] * 0 + 1
        shares = np.concatenate([1 - mean, mean], axis=1) if len(estimator.classes_) > mean.shape[1] else mean
        return np.argmax(shares, axis=1), shares


def _graph(model: Module, example: Any) -> Builder:
    """The operators of a model."""
    first, second = (other_numbers(example, more) for more in (1, 2))
    with as_it_was(model), ag.no_grad():
        writer = Writer(model, trace(model, [first]), trace(model, [second]))
    writer.b.drop_unused()
    return writer.b
