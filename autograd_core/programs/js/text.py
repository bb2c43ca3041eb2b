"""The text of a program in JavaScript: one function that makes the program with memory of its own."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ...support.files import write_atomically
from ..c.arrays import Array
from ..c.names import comment, identifier
from ..record import Record
from .expressions import ARRAYS, HELPERS, MATHEMATICS, quoted
from .program import KEYWORDS, MATMUL, JsProgram

if TYPE_CHECKING:
    from ...support.types import Function


class Text:
    """A record as a function of JavaScript.

    values : whether parameters and state begin with what they are now, else with zeros
    """

    def __init__(self, record: Record, function: Function, name: str = "", values: bool = True) -> None:
        found = identifier(name or getattr(function, "__name__", "") or "program")
        self.name = f"{found}_" if found in (*KEYWORDS, *ARRAYS.values(), *HELPERS, *MATHEMATICS) else found
        self.parts, self.values = JsProgram(record), values

    @property
    def module(self) -> str:
        """A module that exports the function."""
        sizes = self.parts.sizes()
        name = self.name
        return "\n".join(
            [
                f"// {name}: a program recorded by autograd-core; it needs no library.",
                f"// Bytes: {sizes['arrays']:,} of arguments, parameters, state and results, {sizes['constants']:,} of",
                f"// constants, {sizes['work']:,} of intermediates.",
                f'// const {name} = {name[:40]}(); {name}.arrays["..."].set(numbers); {name}.run();',
                f"export {self.function}",
                "",
            ]
        )

    @property
    def function(self) -> str:
        """``function name() {...}``, which gives an object: run(), arrays, shapes, numbers, draw."""
        parts = self.parts
        numbers = [f"let {name} = {value}; /* {comment(place)} */" for place, name, value in self._numbers()]
        numbers += [f"let {name} = 0;" for name in parts.given.values()]
        body = [
            *self._prelude(),
            *numbers,
            "let draw = null;",
            *(self._defined(a) for a in parts.arrays.values()),
            *(f"const {name} = new {ARRAYS[d.char]}({max(n, 1)});" for name, (d, n) in parts._sizes.items()),
            *(
                f"const {part.name} = {parts.arrays[memory].name}.subarray({part.first}, {part.first + part.size});"
                for memory, tensors in parts.tensors.items()
                for part in tensors
            ),
            *"\n\n".join(parts.functions).split("\n"),
            "/* One run. 0; a positive number where the recorded run would go another way, -1 without draw. */",
            "function run() {",
            *parts.body,
            "}",
            "return {",
            "    run,",
            *self._given(),
            "};",
        ]
        return "\n".join([f"function {self.name}() {{", *(f"    {line}".rstrip() for line in body), "}"])

    def _prelude(self) -> list[str]:
        """What the functions call, and no more."""
        code = "\n".join([*self.parts.functions, *self.parts.body])
        wanted: dict[str, None] = {}

        def need(text: str) -> None:
            for name in HELPERS:
                if name not in wanted and re.search(rf"\b{name}\b", text):
                    wanted[name] = None
                    need(HELPERS[name])

        need(code)
        mathematics = [name for name in ("fround", *MATHEMATICS) if re.search(rf"(?<![.\w]){name}\(", code)]
        lines = [f"const {{ {', '.join(mathematics)} }} = Math;"] if mathematics else []
        lines += [line for name in wanted for line in HELPERS[name].split("\n")]
        return [*lines, *(MATMUL.split("\n") if re.search(r"\bmatmul\(", code) else [])]

    def numbers(self) -> dict[str, float]:
        """The numbers that change, by their names, as they are now."""
        places = self.parts.numbers.places
        return {self.parts._called.get(place, place): value for place, (_, value) in places.items()}

    def _numbers(self) -> list[tuple[str, str, str]]:
        number = self.parts.expressions.number
        return [
            (self.parts._called.get(place, place), name, number(value, np.dtype(np.float64)))
            for place, (name, value) in self.parts.numbers.places.items()
        ]

    def _defined(self, a: Array) -> str:
        kind = ARRAYS[a.dtype.char]
        if a.values is None or not a.size or (a.public and not self.values):
            return f"const {a.name} = new {kind}({max(a.size, 1)});"
        flat = np.lib.stride_tricks.as_strided(a.values, (a.size,), (a.values.itemsize,))
        if not flat.any() and not np.signbit(flat).any():
            return f"const {a.name} = new {kind}({a.size});"
        return f"const {a.name} = {kind}.of({', '.join(self.parts.expressions.number(x, a.dtype) for x in flat)});"

    def tensors(self) -> list[tuple[str, str, tuple[int, ...]]]:
        """Name, identifier and shape of each array that users of the program know."""
        found: dict[str, tuple[str, tuple[int, ...]]] = {}
        for memory, array in self.parts.arrays.items():
            parts = self.parts.tensors.get(memory, [])
            for name, note in [
                *((p.name, p.note) for p in parts),
                *([(array.name, array.note)] if array.public else []),
            ]:
                shown, shape = note.rpartition(", shape ")[::2]
                numbers = tuple(map(int, re.findall(r"\d+", shape.partition(")")[0])))
                found.setdefault(shown, (name, numbers))
        return [(shown, name, shape) for shown, (name, shape) in found.items()]

    def _given(self) -> list[str]:
        tensors = self.tensors()
        given = [
            *((place, name) for place, name, _ in self._numbers()),
            *((shown, name) for shown, name in self.parts.given.items()),
        ]
        draw = ["get draw() { return draw; },", "set draw(f) { draw = f; },"] if self.parts.draws else []
        return [
            f"    {line}"
            for line in [
                "arrays: {",
                *(f"    {_key(shown)}: {name}," for shown, name, _ in tensors),
                "},",
                "shapes: {",
                *(f"    {_key(shown)}: {list(shape)}," for shown, _, shape in tensors),
                "},",
                "numbers: {",
                *(
                    f"    get {_key(x)}() {{ return {name}; }}, set {_key(x)}(x) {{ {name} = x; }},"
                    for x, name in given
                ),
                "},",
                *draw,
            ]
        ]


def _key(text: str) -> str:
    return f"[{quoted(text)}]"  # in brackets, for "__proto__" is a name like any other


def export(record: Record, function: Function, path: str | os.PathLike[str]) -> Path:
    """Write a record as a module of JavaScript."""
    target = Path(path)
    if target.suffix not in (".js", ".mjs"):
        raise ValueError(f"to_js: {os.fspath(path)!r} is no name of a module. Fix: .js or .mjs at the end.")
    write_atomically(
        target, Text(record, function, target.stem).module.encode("ascii"), "to_js: cannot write the program"
    )
    return target
