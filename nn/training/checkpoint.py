"""Checkpoints: everything that changes in training, in one file that is whole or is seen not to be.

A file is safetensors: the arrays under their paths, and in the header's metadata

- ``content``: JSON of the rest (numbers, strings, lists, dicts), in which ``{"$array": path}`` stands for an array,
- ``blake2b``: the BLAKE2b checksum of the whole file, computed with zeros in its own place.

Nothing is ever pickled. A file gets its name only when all of it is on the disk.
"""

from __future__ import annotations

import errno
import hashlib
import json
import math
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd_core import Tensor
from autograd_core.engine.errors import class_name
from autograd_core.support.caller import warn
from autograd_core.support.files import remove_stale, write_atomically

from ..modules.states import serialization

if TYPE_CHECKING:
    from autograd_core.support.types import Array

FORMAT = "autograd-core checkpoint 1"
_NAME = re.compile(r"step-(\d+)\.safetensors")
_WRITTEN = re.compile(r"(step-\d+|best)\.safetensors")
_DIGEST = hashlib.blake2b().digest_size * 2
_BLANK = b"0" * _DIGEST


class CorruptCheckpoint(ValueError):
    """A checkpoint that is not as it was written: torn, changed, or no checkpoint at all."""


def save_checkpoint(path: str | os.PathLike[str], state: Any) -> None:
    """Write numbers, strings, None and arrays, within dicts, lists and tuples, to one file; atomically.

    path : of the file
    state : what is written

    Raises TypeError for anything else in ``state``, OSError that names the file where the disk is full or cannot be
    written; whatever happens, a file of this name is as before or the whole new one. Needs the extra ``io``.

    >>> import tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "state.safetensors"
    >>> save_checkpoint(path, {"epoch": 3, "weights": [np.ones(2), np.zeros(1)]})
    >>> load_checkpoint(path)
    {'epoch': 3, 'weights': [array([1., 1.]), array([0.])]}
    """
    arrays: dict[str, Array] = {}
    content = json.dumps(_packed(state, "state", arrays), allow_nan=False)
    package = serialization.safetensors_for("save_checkpoint")
    metadata = {"format": FORMAT, "blake2b": _BLANK.decode(), "content": content}
    written = package.numpy.save(arrays, metadata)
    start = _place_of_digest(written)
    assert start is not None
    digest = hashlib.blake2b(written).hexdigest().encode()
    with named_if_it_fails(path):
        whole = b"".join((written[:start], digest, written[start + _DIGEST :]))
        write_atomically(path, whole, "save_checkpoint")


@contextmanager
def named_if_it_fails(path: str | os.PathLike[str]) -> Iterator[None]:
    """An OSError in the block names the file, which the system's own (a full disk) does not."""
    try:
        yield
    except OSError as error:
        raise OSError(
            error.errno,
            f"the file could not be written ({error.strerror}); what was there before is as it was. "
            "Fix: make room, or choose another folder, and go on with fit(resume=…)",
            os.fspath(path),
        ) from error


def load_checkpoint(path: str | os.PathLike[str]) -> Any:
    """What ``save_checkpoint`` was given, bit for bit. Raises CorruptCheckpoint where a single bit is another.

    path : of the file
    """
    package = serialization.safetensors_for("load_checkpoint")
    content = Path(path).read_bytes()
    start = _place_of_digest(content)
    if start is None:
        foreign = (
            serialization.foreign(content) or "is not a checkpoint, or its start is lost. Fix: nn.load reads weights."
        )
        raise CorruptCheckpoint(f"{os.fspath(path)} ({len(content)} bytes) {foreign}")
    check = hashlib.blake2b(content[:start])
    check.update(_BLANK)
    check.update(memoryview(content)[start + _DIGEST :])
    if check.hexdigest().encode() != content[start : start + _DIGEST]:
        raise CorruptCheckpoint(f"{os.fspath(path)} ({len(content)} bytes) is torn or changed: the checksum differs.")
    metadata = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])["__metadata__"]
    if metadata["format"] != FORMAT:
        raise ValueError(f"{os.fspath(path)}: format {metadata['format']!r}; this version reads {FORMAT!r}.")
    arrays = {name: serialization.array_of(name, spec) for name, spec in package.deserialize(content)}
    return _unpacked(json.loads(metadata["content"]), arrays)


def _place_of_digest(content: bytes) -> int | None:
    """Where the checksum stands in the header; None where there is none."""
    length = int.from_bytes(content[:8], "little")
    # Quotes inside a JSON string are escaped, so that only the key itself reads like this.
    match = re.search(rb'"blake2b":"(?=[0-9a-f]{%d}")' % _DIGEST, content[8 : 8 + min(length, len(content))])
    return None if match is None else 8 + match.end()


# A folder of checkpoints -------------------------------------------------------------------------------------------


def path_of_step(folder: str | os.PathLike[str], step: int) -> Path:
    """The file of the checkpoint after ``step`` steps."""
    return Path(folder) / f"step-{step:09d}.safetensors"


def checkpoints(folder: str | os.PathLike[str]) -> list[Path]:
    """The checkpoints in a folder, the newest first; none where there is no folder."""
    try:
        names = os.listdir(folder)
    except FileNotFoundError:
        return []
    found = [(int(match[1]), name) for name in names if (match := _NAME.fullmatch(name))]
    return [Path(folder) / name for _, name in sorted(found, reverse=True)]


def read_latest(place: str | os.PathLike[str]) -> tuple[Path, Any] | None:
    """The newest checkpoint of a folder that is whole, with a warning for each that is not; None for an empty folder.

    place : a folder, or one checkpoint file
    Raises CorruptCheckpoint where there are checkpoints and none is whole, FileNotFoundError for a missing file.
    """
    if Path(place).suffix == ".safetensors" and not os.path.exists(place):
        raise FileNotFoundError(errno.ENOENT, "there is no such checkpoint", os.fspath(place))
    if Path(place).is_file():
        return Path(place), load_checkpoint(place)
    while found := checkpoints(place):
        try:
            return _newest_whole(found)
        except FileNotFoundError:  # a training that is still running has written a newer one and deleted this
            if checkpoints(place) == found:
                raise
    return None


def _newest_whole(found: list[Path]) -> tuple[Path, Any]:
    for path in found:
        try:
            return path, load_checkpoint(path)
        except CorruptCheckpoint as error:
            warn(f"{error} The checkpoint before it is used.")
    raise CorruptCheckpoint(
        f"{found[0].parent}: none of the {len(found)} checkpoints is whole. "
        "Fix: begin again in another folder, or delete them."
    )


def refuse_later(folder: str | os.PathLike[str], step: int, source: str | os.PathLike[str] | None) -> None:
    """FileExistsError where the folder holds checkpoints after the step at which a training begins.

    source : the folder or file from which it goes on; None: it begins at ``step``

    They are those of another training: keeping the newest would delete this one's, and resuming would find them.
    """
    if source is not None:
        newest = [Path(source)] if os.path.isfile(source) else checkpoints(source)[:1]
        step = next((int(match[1]) for path in newest if (match := _NAME.fullmatch(path.name))), step)
    for path in checkpoints(folder)[:1]:
        if int(path.stem.removeprefix("step-")) > step:
            raise FileExistsError(
                errno.EEXIST,
                f"this checkpoint is of another training than the one that begins at step {step}; nothing was trained. "
                "Fix: fit(resume=True) to go on with that one, another folder, or delete its checkpoints",
                os.fspath(path),
            )


def prepare(folder: str | os.PathLike[str]) -> None:
    """Make the folder, make sure that files can be written there, and clear away what a killed writer left.

    Raises PermissionError (or another OSError) that names the folder.
    """
    serialization.safetensors_for("ModelCheckpoint")
    try:
        os.makedirs(folder, exist_ok=True)
        remove_stale(folder, _WRITTEN)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise OSError(
            error.errno,
            f"checkpoints cannot be written there ({error.strerror}); training has not begun. Fix: another folder",
            os.fspath(folder),
        ) from error


def forget_old(folder: str | os.PathLike[str], keep: int) -> None:
    """Delete all but the newest ``keep`` checkpoints."""
    for path in checkpoints(folder)[keep:]:
        path.unlink(missing_ok=True)


# Structures and arrays ---------------------------------------------------------------------------------------------


def _packed(value: object, path: str, arrays: dict[str, Array]) -> Any:
    """``value`` as JSON, with its arrays put into ``arrays`` under their paths."""
    if value is None or type(value) in (bool, int, str):
        return value
    if isinstance(value, float) and not isinstance(value, np.generic):
        return value if math.isfinite(value) else {"$float": repr(value)}
    if isinstance(value, Tensor | np.ndarray | np.generic):
        arrays[path] = serialization.plain(path, value, "save_checkpoint")
        return {"$scalar" if isinstance(value, np.generic) else "$array": path}
    if isinstance(value, dict):
        if all(type(key) is str and not key.startswith("$") for key in value):
            return {key: _packed(item, f"{path}.{key}", arrays) for key, item in value.items()}
        pairs = enumerate(value.items())
        return {"$dict": [[_key(k, path), _packed(item, f"{path}.{i}", arrays)] for i, (k, item) in pairs]}
    if isinstance(value, list | tuple):
        items = [_packed(item, f"{path}.{i}", arrays) for i, item in enumerate(value)]
        return items if isinstance(value, list) else {"$tuple": items}
    raise TypeError(
        f"save_checkpoint: {path} is {class_name(value)}, which a checkpoint cannot hold. "
        "Fix: keep numbers, strings and arrays, within dicts, lists and tuples."
    )


def _key(key: Any, path: str) -> Any:
    if type(key) not in (int, str):
        raise TypeError(f"save_checkpoint: a key of {path} is {class_name(key)}; keys are strings or integers.")
    return key


def _unpacked(value: object, arrays: dict[str, Array]) -> Any:
    if isinstance(value, list):
        return [_unpacked(item, arrays) for item in value]
    if not isinstance(value, dict):
        return value
    for mark, content in _marks(value):
        if mark == "$array":
            return arrays[content]
        if mark == "$scalar":
            return arrays[content][()]
        if mark == "$float":
            return float(content)
        if mark == "$tuple":
            return tuple(_unpacked(item, arrays) for item in content)
        return {key: _unpacked(item, arrays) for key, item in content}
    return {key: _unpacked(item, arrays) for key, item in value.items()}


def _marks(value: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    return ((key, item) for key, item in value.items() if key.startswith("$"))
