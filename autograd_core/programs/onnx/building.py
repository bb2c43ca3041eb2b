"""An ONNX model in the making: nodes, constants and names that are given once."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ...support.files import write_atomically

if TYPE_CHECKING:
    from ...support.types import DType


OPSET, IR_VERSION = 21, 10
LIMIT = 2**31 - 2**20
"""Bytes that the constants of one file may take: a message of protocol buffers ends at 2 GiB."""


class Builder:
    """The nodes of a graph in their order. Every operator's result has a name of its own."""

    def __init__(self) -> None:
        self.helper, self.onnx = _package()
        self.nodes: list[Any] = []
        self.initializers: dict[str, Any] = {}
        self.inputs: list[Any] = []
        self.outputs: list[Any] = []
        self.metadata: dict[str, str] = {}
        self.place = ""
        self._given: set[str] = set()
        self._constants: dict[Any, str] = {}

    def name(self, wanted: str) -> str:
        """A name that nothing else has: printable text; a number tells apart what would be the same."""
        wanted = re.sub(r"[^ -~\u00a1-\ud7ff]", "_", wanted) or "_"
        found, k = wanted, 2
        while found in self._given:
            found, k = f"{wanted}_{k}", k + 1
        self._given.add(found)
        return found

    def tensor_type(self, dtype: DType) -> int:
        """ONNX's number of a dtype. ValueError where it has none."""
        try:
            return int(self.helper.np_dtype_to_tensor_dtype(np.dtype(dtype)))
        except (KeyError, ValueError):
            raise ValueError(f"ONNX has no arrays of {dtype}.") from None

    def constant(self, value: Any, name: str | None = None) -> str:
        """An array, or a list of whole numbers, that belongs to the model; of equal ones without names there is one."""
        array = np.asarray(value, np.int64 if isinstance(value, (list, tuple, int)) else None)
        key = array.dtype.str, array.shape, array.tobytes()
        if name is None and key in self._constants:
            return self._constants[key]
        given = self.name(name or "constant")
        self.tensor_type(array.dtype)
        stored = np.ascontiguousarray(array).reshape(array.shape)
        self.initializers[given] = self.onnx.numpy_helper.from_array(stored, given)
        if name is None:
            self._constants[key] = given
        return given

    def node(self, op: str, *inputs: str, outputs: int = 1, name: str = "", **attributes: Any) -> Any:
        """One operator: the name of its result, or a list of several."""
        base = name or f"{self.place}/{op}".lstrip("/")
        found = [self.name(base if k == 0 else f"{base}.{k}") for k in range(outputs)]
        self.nodes.append(self.helper.make_node(op, list(inputs), found, name=found[0], **attributes))
        return found[0] if outputs == 1 else found

    def cast(self, value: str, dtype: DType) -> str:
        """A value in another dtype."""
        return str(self.node("Cast", value, to=self.tensor_type(dtype)))

    def reshape(self, value: str, shape: Sequence[int]) -> str:
        """A value in another shape; 0 is a length."""
        return str(self.node("Reshape", value, self.constant(list(shape)), allowzero=1))

    def input(self, name: str, dtype: np.dtype[Any], shape: Sequence[Any]) -> str:
        """What is given at every run."""
        given = self.name(name)
        self.inputs.append(self.helper.make_tensor_value_info(given, self.tensor_type(dtype), list(shape)))
        return given

    def output(self, name: str, value: str, dtype: DType, shape: Sequence[Any]) -> str:
        """What a run gives."""
        given = self.name(name)
        self.nodes.append(self.helper.make_node("Identity", [value], [given], name=given))
        self.outputs.append(self.helper.make_tensor_value_info(given, self.tensor_type(dtype), list(shape)))
        return given

    def model(self, name: str) -> Any:
        """The model without what nothing uses, checked with full inference of shapes.

        Raises ValueError where it is too large for one file.
        """
        self.drop_unused()
        size = sum(tensor.ByteSize() for tensor in self.initializers.values())
        if size > LIMIT:
            raise ValueError(f"ONNX: weights and constants of {size / 2**30:.1f} GiB; one file holds less than 2 GiB.")
        graph = self.helper.make_graph(
            self.nodes, name, self.inputs, self.outputs, initializer=list(self.initializers.values())
        )
        model = self.helper.make_model(
            graph,
            opset_imports=[self.helper.make_opsetid("", OPSET)],
            ir_version=IR_VERSION,
            producer_name="autograd_core",
        )
        self.helper.set_model_props(model, self.metadata)
        self.onnx.checker.check_model(model, full_check=True)
        return model

    def drop_unused(self) -> None:
        """Forget nodes and constants that no output is computed from."""
        used = {value.name for value in self.outputs}
        kept = []
        for node in reversed(self.nodes):
            if used & set(node.output):
                used |= set(node.input)
                kept.append(node)
        self.nodes = kept[::-1]
        defaults = {value.name for value in self.inputs}
        self.initializers = {k: v for k, v in self.initializers.items() if k in used or k in defaults}

    def note(self, name: str, values: Mapping[str, Any]) -> None:
        """Metadata as JSON."""
        self.metadata[name] = json.dumps(values)


def write(model: Any, path: str | os.PathLike[str], what: str) -> None:
    """Write a model whole or not at all."""
    write_atomically(path, model.SerializeToString(), f"{what}: cannot write the model")


def checked_path(path: str | os.PathLike[str], what: str) -> str:
    """A path that ends as models do."""
    text = os.fspath(path)
    if not isinstance(text, str) or not text.endswith(".onnx"):
        raise ValueError(f"{what}: {text!r} is no name of a model. Fix: a path that ends in .onnx.")
    return text


def _package() -> tuple[Any, Any]:
    try:
        import onnx.checker
        import onnx.helper
        import onnx.numpy_helper
    except ImportError as error:
        raise ImportError("ONNX models need the package onnx. Fix: pip install 'autograd-core[onnx]'.") from error
    return onnx.helper, onnx
