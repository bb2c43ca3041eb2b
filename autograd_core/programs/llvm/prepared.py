"""Machine code that lies on the disk ready for a program: what it depends on as a key, and what is kept beside it."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import llvmlite
import llvmlite.binding as llvm
import numpy as np

from ..form import Index, Ref, Row
from ..passes.fusion import Kernel, Step
from . import blas, cache


@functools.cache
def _about_here() -> str:
    """The processor, LLVM, and what prints its code: a change of any of them makes other code."""
    home = Path(__file__).parent
    printers = [*sorted(home.rglob("*.py")), *sorted((home.parent / "passes").glob("*.py")), home.parent / "form.py"]
    sources = cache.key_of(*(file.read_bytes() for file in printers))
    library = blas.blas()
    return repr(
        (
            *(llvm.get_default_triple(), llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten()),
            *(llvmlite.__version__, llvm.llvm_version_info, sources, library is not None and library.c),
        )
    )


def key_of(segments: Iterable[list[Step]], placed: Iterable[tuple[int, Any]], loop: bool) -> str:
    """The key of a program's code.

    segments : its steps, those of NumPy by themselves
    placed : memories, with where they lie in the arena
    loop : whether they are a loop's body
    """
    return cache.key_of(
        _about_here(), repr([list(map(_step, steps)) for steps in segments]), repr((list(placed), loop))
    )


def _step(step: Step) -> Any:
    if isinstance(step, Kernel):
        return step.space, step.stored, list(map(_row, step.rows))
    return "host" if step.kind == "host" else _row(step)


def _row(row: Row) -> Any:
    inputs, types = list(map(_value, row.inputs)), [t.str for t in row.types]
    indices = [[_value(i) for i in part] for part in (row.gather, row.scatter)]
    return row.kind, row.op, inputs, _value(row.output), types, indices, row.expected


def _value(x: object) -> Any:
    if isinstance(x, Ref):
        return (*x[:4], x.dtype.str)
    if isinstance(x, Index):
        return _value(x.ref), x.stride, x.length
    return None if x is None else (np.asarray(x).dtype.str, np.asarray(x).tobytes())


def load(key: str) -> tuple[list[Any], bytes] | None:
    """The slots of the table of addresses in their order, and the code; None where there is none."""
    content = cache.load(key)
    if content is None:
        return None
    size = int.from_bytes(content[:4], "little")
    return json.loads(content[4 : 4 + size]), content[4 + size :]


def store(key: str, slots: list[Any], code: bytes) -> None:
    """Keep code and the slots it was made for: numbers of memories, and names of BLAS's functions."""
    head = json.dumps(slots).encode()
    cache.store(key, len(head).to_bytes(4, "little") + head + code)
