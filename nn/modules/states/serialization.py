"""Weights in files: safetensors, which other libraries read and write, and which run no code when they are read."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd_core.engine.errors import class_name
from autograd_core.engine.tensor import bare
from autograd_core.support.arrays import hosted
from autograd_core.support.files import write_atomically

from ..module import Module

if TYPE_CHECKING:
    from types import ModuleType

    from autograd_core.support.types import Array, State

_DTYPES: dict[str, Any] = {
    "F64": np.float64,
    "F32": np.float32,
    "F16": np.float16,
    "C64": np.complex64,
    "BOOL": np.bool_,
    **{f"{kind}{bits}": np.dtype(f"{kind.lower()}{bits // 8}").type for kind in "IU" for bits in (8, 16, 32, 64)},
}


def save(obj: Module | State, f: str | os.PathLike[str]) -> None:
    """Write a model's state, or any mapping of names to arrays or tensors, to a safetensors file.

    obj : a model, or a mapping
    f : the path of the file

    Atomic: the file is either the whole new one or, whatever happens, the old one. PyTorch's ``safetensors`` reads it,
    under the same keys. Needs the extra ``io``. Raises TypeError for what is not a mapping of arrays of numbers.

    >>> import nn, tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "model.safetensors"
    >>> model, other = nn.Linear(3, 2), nn.Linear(3, 2)
    >>> nn.save(model, path)
    >>> _ = nn.load(path, other)
    >>> bool((model.weight.numpy() == other.weight.numpy()).all())
    True
    """
    state = obj.state_dict() if isinstance(obj, Module) else obj
    if not isinstance(state, Mapping):
        raise TypeError(f"nn.save: {class_name(obj)} given; expected a Module or a mapping of names to arrays.")
    arrays = {key: plain(key, value) for key, value in state.items()}
    write_atomically(f, safetensors_for("nn.save").numpy.save(arrays), "nn.save: cannot write the file")


def load(f: str | os.PathLike[str], model: Module | None = None, strict: bool = True) -> dict[str, Array]:
    """The arrays of a safetensors file by name, as ``load_state_dict`` takes them; bfloat16 becomes float32.

    f : the path of the file
    model  : where given, the arrays are also loaded into it
    strict : refuse missing and unexpected keys there

    Raises ValueError for a file that is damaged (truncated, with bytes too many) or of another kind (those of
    ``torch.save``, NumPy, Keras: the message says how to convert it) and RuntimeError for keys or shapes that are not
    the model's; nothing is loaded then. Needs the extra ``io``.
    """
    if isinstance(f, Module):
        raise TypeError(f"nn.load: {class_name(f)} given as the file. Fix: nn.load(path, model).")
    package = safetensors_for("nn.load")
    with open(f, "rb") as file:
        content = file.read()
    try:
        arrays = {name: array_of(name, spec) for name, spec in package.deserialize(content)}
    except package.SafetensorError as error:
        fault = foreign(content) or (
            f"is not a whole safetensors file: {error}. Fix: write it anew with nn.save, or fetch it again."
        )
        raise ValueError(f"nn.load: {os.fspath(f)} ({len(content)} bytes) {fault}") from error
    if model is not None:
        try:
            model.load_state_dict(arrays, strict)
        except RuntimeError as error:
            raise RuntimeError(f"nn.load: {os.fspath(f)}: {error}") from error
    return arrays


def foreign(content: bytes) -> str | None:
    """What a file of another library is, and how it is converted; None for what is not known."""
    if content.startswith(b"\x93NUMPY"):
        return 'is one array of np.save. Fix: give it a name, nn.save({"weight": np.load(path)}, new_path).'
    if content.startswith(b"\x89HDF\r\n\x1a\n"):
        return "is an HDF5 file, as Keras writes them. Fix: read it with h5py and give a dict of arrays to nn.save."
    if content.startswith(b"PK\3\4"):
        if b"data.pkl" in content:
            return _OF_TORCH
        if b".npy" in content:
            return "is an archive of np.savez. Fix: nn.save(dict(np.load(path)), new_path)."
        return None
    if content.startswith(b"\x80") and b"." in content[-64:]:  # torch.save before 1.6, and every other pickle
        return _OF_TORCH
    return None


_OF_TORCH = (
    "was written by torch.save (a pickle, which could run any code when it is read and is never read here). "
    "Fix: where PyTorch is installed, safetensors.torch.save_file(torch.load(path, weights_only=True), "
    '"model.safetensors"), for a file that holds a state_dict; then nn.load("model.safetensors", model).'
)


def safetensors_for(operation: str) -> ModuleType:
    """The package; ImportError that names the operation and the extra where it is missing."""
    try:
        import safetensors.numpy
    except ImportError as error:
        raise ImportError(f"{operation} needs the safetensors package: pip install autograd-core[io]") from error
    return safetensors


def plain(key: object, value: object, operation: str = "nn.save") -> Array:
    """A contiguous array of a dtype that the format has."""
    array = hosted(bare(value))
    if not isinstance(key, str) or key == "__metadata__":
        raise TypeError(f"{operation}: {key!r} cannot be a name in a safetensors file; names are strings.")
    if array.dtype.newbyteorder("=") not in _DTYPES.values():
        given = f"{array.dtype} {array.shape} ({class_name(value)})"
        raise TypeError(
            f"{operation}: {key!r} is {given}, which the format cannot hold. "
            "Fix: give an array of numbers, e.g. value.astype(np.float32)."
        )
    return np.array(array, dtype=array.dtype.newbyteorder("="), order="C", copy=True)


def array_of(name: str, spec: Mapping[str, Any]) -> Array:
    """The array that a description in the file's header stands for."""
    kind, data, shape = spec["dtype"], spec["data"], spec["shape"]
    if kind == "BF16":  # the upper half of a float32
        return (np.frombuffer(data, "<u2").astype(np.uint32) << 16).view(np.float32).reshape(shape)
    if kind not in _DTYPES:
        raise ValueError(f"nn.load: {name!r} is {kind}, which has no NumPy dtype; known are {[*_DTYPES, 'BF16']}.")
    return np.frombuffer(data, np.dtype(_DTYPES[kind]).newbyteorder("<")).astype(_DTYPES[kind]).reshape(shape)
