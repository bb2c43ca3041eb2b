"""``torch.save`` and ``torch.load``: nested dicts, lists and tensors in safetensors files; nothing is pickled."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any

import numpy as np

import autograd_core as ag
from autograd_core.engine.tensor import bare
from autograd_core.support.files import write_atomically
from nn.modules.module import Module
from nn.modules.states import serialization as _library

from ..engine.errors import class_name
from .tensor import make

KEY = "autograd_core.torch"


def save(obj: object, f: Any) -> None:
    """Write a state_dict, or nested dicts, lists, numbers, strings and tensors, to a safetensors file.

    obj : what is written
    f : a path, or a file open for writing bytes

    Raises TypeError for anything else: a module as a whole is its code, too. Needs the extra ``io``.
    """
    arrays: dict[str, Any] = {}
    structure = json.dumps(_described(obj, arrays))
    package = _library.safetensors_for("torch.save")
    content = package.numpy.save({k: np.asarray(v, order="C") for k, v in arrays.items()}, {KEY: structure})
    if hasattr(f, "write"):
        f.write(content)
    else:
        write_atomically(f, content, "torch.save: cannot write the file")


def _described(value: object, arrays: dict[str, Any], path: str = "") -> Any:
    """What is to be written as JSON, with the tensors by name in ``arrays``."""
    if isinstance(value, Module):
        raise TypeError(
            f"torch.save: a module ({class_name(value)}) is its code, too, and nothing is pickled here. "
            "Fix: torch.save(model.state_dict(), path), and model.load_state_dict(torch.load(path))."
        )
    if isinstance(value, (ag.Tensor, np.ndarray, np.generic)):
        name = path or "tensor"
        while name in arrays:
            name += "'"
        arrays[name] = np.asarray(bare(value))
        return {"tensor": name}
    if isinstance(value, Mapping):
        keys = [key if isinstance(key, (str, int, float, bool)) or key is None else _no_key(key) for key in value]
        return {
            "dict": [
                [k, _described(v, arrays, f"{path}.{k}" if path else str(k))]
                for k, v in zip(keys, value.values(), strict=True)
            ]
        }
    if isinstance(value, (list, tuple)):
        kind = "list" if isinstance(value, list) else "tuple"
        return {kind: [_described(v, arrays, f"{path}.{i}" if path else str(i)) for i, v in enumerate(value)]}
    if value is None or isinstance(value, (str, int, float, bool)):
        return value
    if isinstance(value, np.dtype):
        return {"dtype": value.str}
    raise TypeError(f"torch.save: {class_name(value)} at {path or 'the top'} cannot be written; nothing is pickled.")


def _no_key(key: Any) -> Any:
    raise TypeError(f"torch.save: a key of {class_name(key)}; give strings or numbers.")


def load(f: Any, map_location: str | None = None, weights_only: bool | None = None, **ignored: object) -> Any:
    """What ``save`` wrote; of another safetensors file its tensors by name.

    f : a path, or a file open for reading bytes
    map_location, weights_only : accepted; tensors lie in the CPU's memory, and nothing is ever unpickled
    """
    if hasattr(f, "read"):
        content = f.read()
    else:
        with open(f, "rb") as file:
            content = file.read()
    package = _library.safetensors_for("torch.load")
    try:
        arrays = {name: _library.array_of(name, spec) for name, spec in package.deserialize(content)}
    except package.SafetensorError as error:
        where = os.fspath(f) if isinstance(f, (str, os.PathLike)) else "the file"
        fault = _library.foreign(content) or f"is not a whole safetensors file: {error}."
        raise ValueError(f"torch.load: {where} ({len(content)} bytes) {fault}") from error
    header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
    structure = header.get("__metadata__", {}).get(KEY)
    tensors = {name: make(array) for name, array in arrays.items()}
    return tensors if structure is None else _rebuilt(json.loads(structure), tensors)


def _rebuilt(value: object, tensors: dict[str, Any]) -> Any:
    if not isinstance(value, dict):
        return value
    ((kind, content),) = value.items()
    if kind == "tensor":
        return tensors[content]
    if kind == "dict":
        return {key: _rebuilt(part, tensors) for key, part in content}
    if kind == "dtype":
        return np.dtype(content)
    parts = [_rebuilt(part, tensors) for part in content]
    return parts if kind == "list" else tuple(parts)
