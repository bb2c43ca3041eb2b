"""Files of ONNX."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from ...engine.errors import class_name
from ..record import Record
from .building import checked_path, write
from .program import OnnxProgram

if TYPE_CHECKING:
    from ...support.types import Function


def export(record: Record, function: Function, path: str | os.PathLike[str]) -> Path:
    """Write a record as one model."""
    target = checked_path(path, "to_onnx")
    program = OnnxProgram(record)
    write(program.b.model(getattr(function, "__name__", class_name(function))), target, "to_onnx")
    return Path(target)
