"""A model's forward pass as an ONNX model: what a person drew, with the batch axis open."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import autograd_core as ag
from autograd_core.engine.errors import class_name, printable
from autograd_core.engine.tensor import bare

from ..modules.module import Module
from .tracing import trace

if TYPE_CHECKING:
    from sklearn.base import BaseEstimator


def onnx(
    model: Module | BaseEstimator,
    example: Any,
    path: str | os.PathLike[str],
    dynamic_batch: bool | Sequence[bool] = True,
) -> Path:
    """Write a model for inference as one file of ONNX's standard operators (opset 21); gives its path.

    model : a module; it is run in eval mode without gradients, and is left as it was. Or a fitted estimator of
        ``nn.estimators``, alone or at the end of a scikit-learn pipeline, whose other steps the package skl2onnx
        translates: results "label" and "probabilities", or "variable"
    example : an input as the model takes it, or a tuple of them: arrays or tensors, with the batch on the first axis
    path : of the file, "net.onnx" say
    dynamic_batch : whether the first axis of every input may have any length, "batch", or a truth for each input, False
        for states and weights; else the length of ``example``

    Linear becomes Gemm, Conv2d Conv, LSTM LSTM and so on; what has no operator of its own is what it computes by NumPy.
    Nodes are named by their modules, weights as in ``state_dict``, inputs as forward's arguments, the results "output",
    or "output_0" and so on; the metadata "modules" maps the paths of modules to their classes. Before the model is
    written, it is checked with inference of all shapes, and its results on ``example`` and on other numbers in a batch
    of another length are compared with the model's own.

    Raises ValueError where an operation has no operator, depends on the numbers of the example, or cannot have an open
    batch (with the layer's path and the reason) and for a path that ends otherwise, TypeError for what is no module,
    ImportError without the package onnx, OSError where the file cannot be written. Then nothing is written.

    >>> import tempfile
    >>> import nn
    >>> model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))
    >>> onnx(model, np.zeros((1, 4), np.float32), tempfile.mkdtemp() + "/net.onnx").name
    'net.onnx'
    """
    from autograd_core.programs.onnx.building import checked_path, write

    from .writing import Writer

    target = checked_path(path, "export.onnx")
    if hasattr(model, "get_params") and hasattr(model, "predict"):
        from .pipelines import pipeline_model

        write(pipeline_model(model, example), target, "export.onnx")
        return Path(target)
    if not isinstance(model, Module):
        raise TypeError(
            f"export.onnx: {class_name(model)} is no module. Fix: a model of nn, an estimator of scikit-learn, or "
            "compiled.to_onnx(path)."
        )
    given = [np.asarray(bare(x)) for x in (example if isinstance(example, tuple) else (example,))]
    for x in given:
        if x.dtype.kind not in "fiub":
            raise TypeError(
                f"export.onnx: an example of dtype {x.dtype}; ONNX's operators take arrays of real numbers."
            )
    opened = [dynamic_batch] * len(given) if isinstance(dynamic_batch, bool) else list(dynamic_batch)
    if len(opened) != len(given):
        raise ValueError(f"export.onnx: dynamic_batch has {len(opened)} truths for {len(given)} inputs.")
    if any(o and (x.ndim == 0 or len(x) == 0) for o, x in zip(opened, given, strict=True)):
        raise ValueError("export.onnx: an example has no batch axis. Fix: a batch of one, or dynamic_batch=False.")
    first, second = ([other_numbers(x, more * o) for o, x in zip(opened, given, strict=True)] for more in (1, 2))
    with as_it_was(model), ag.no_grad():
        try:
            traces = trace(model, first), trace(model, second)
        except Exception as error:
            if str(error).startswith("export.onnx"):
                raise
            model(*map(ag.Tensor, given))
            raise ValueError(
                f"export.onnx: the model takes the example, but not more of it on the first axis of every input "
                f"({printable(str(error))}). Fix: the batch on the first axis, or dynamic_batch=False for that input."
            ) from error
        writer = Writer(model, *traces)
        writer.check(model, [given, second])
    writer.b.note("modules", {name: class_name(module) for name, module in model.named_modules()})
    write(writer.b.model(class_name(model)), target, "export.onnx")
    return Path(target)


def other_numbers(x: Any, more: int) -> Any:
    """Other numbers, of so many more examples."""
    turned = x[::-1] if x.ndim else x
    turned = (0.9 * turned + 0.05).astype(x.dtype) if x.dtype.kind == "f" else turned
    return np.concatenate([turned, *[turned[:1]] * more]) if more else turned


@contextmanager
def as_it_was(model: Module) -> Iterator[None]:
    """All modules in eval mode with copies of their weights; afterwards in the mode, and with the arrays, of before."""
    with ExitStack() as stack:
        for module in model.modules():
            if module.training:
                stack.callback(setattr, module, "training", True)
        for t in (*model.parameters(), *model.buffers()):
            stack.callback(setattr, t, "_data", t._data)
            t._data = t._data.copy()
        model.eval()
        yield
