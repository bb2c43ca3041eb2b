"""Files of C, all of them or none."""

from __future__ import annotations

import contextlib
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from ...support.files import write_atomically
from ..record import Record
from .text import Files

if TYPE_CHECKING:
    from ...support.types import Function


def export(record: Record, function: Function, path: str | os.PathLike[str], weights: str) -> list[Path]:
    """Write a record as a source and a header, and as a third file with the weights where they are "separate"."""
    if weights not in ("included", "separate"):
        raise ValueError(f'to_c: weights={weights!r}; there are "included" and "separate".')
    target = Path(path)
    if target.suffix != ".c" or not re.fullmatch(r"[\w.-]+", target.stem, re.ASCII):
        raise ValueError(
            f"to_c: {os.fspath(path)!r} is no name of a source in C. "
            "Fix: letters, digits, underscores, dots and dashes, and .c at the end."
        )
    files = Files(record, function, target.stem, weights)
    texts = {target: files.source, target.with_suffix(".h"): files.header}
    if weights == "separate":
        texts[target.with_name(f"{target.stem}_weights.c")] = files.weights
    before = {file: file.read_bytes() if file.is_file() else None for file in texts}
    try:
        for file, text in texts.items():
            write_atomically(file, text.encode("ascii"), "to_c: cannot write the program")
    except BaseException:
        for file, content in before.items():
            with contextlib.suppress(OSError):
                if content is None:
                    file.unlink()
                elif file.read_bytes() != content:
                    write_atomically(file, content, "to_c: cannot put back what was there")
        raise
    return list(texts)
