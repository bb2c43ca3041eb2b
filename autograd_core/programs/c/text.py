"""The files of a program in C: one header and one source, or both in one text."""

from __future__ import annotations

from typing import Any

from ..record import Record
from .arrays import Array, values_of
from .expressions import TYPES
from .names import comment, identifier
from .program import CProgram

_INCLUDES = "#include <math.h>\n#include <stddef.h>\n#include <stdint.h>"


class Files:
    """Header, source, and the values of parameters where they stand by themselves.

    stem : of the files; where there are none, the function's name stands for it
    weights : "included" in the source, or "separate"
    """

    def __init__(self, record: Record, function: Any, stem: str = "", weights: str = "included") -> None:
        self.name = identifier(stem or getattr(function, "__name__", "") or "program")
        self.stem = stem or self.name
        self.macro = self.name.upper()
        self.parts = CProgram(record, self.name)
        self.separate = weights == "separate"

    @property
    def header(self) -> str:
        """What users of the program include."""
        return "\n".join(
            [
                f"/* {self.stem}.h: the arrays and the function of {self.stem}.c. */",
                f"#ifndef {self.macro}_H",
                f"#define {self.macro}_H",
                "#include <stddef.h>",
                "#include <stdint.h>",
                "",
                "#ifdef __cplusplus",
                'extern "C" {',
                "#endif",
                "",
                *self._declarations(),
                "",
                "#ifdef __cplusplus",
                "}",
                "#endif",
                f"#endif /* {self.macro}_H */",
                "",
            ]
        )

    @property
    def source(self) -> str:
        """What is compiled, beside the header."""
        return self._source([f'#include "{self.stem}.h"'])

    @property
    def weights(self) -> str:
        """The arrays that begin with values, where they stand by themselves."""
        arrays = [a for a in self.parts.arrays.values() if self._apart(a)]
        return "\n".join([f'#include "{self.stem}.h"', "", *(self._defined(a) for a in arrays), ""])

    @property
    def whole(self) -> str:
        """One text that is compiled as it is."""
        return self._source(self._declarations())

    def _apart(self, array: Array) -> bool:
        return self.separate and array.public and array.values is not None and not array.example

    def _source(self, declarations: list[str]) -> str:
        parts = self.parts
        arrays = [self._defined(a) for a in parts.arrays.values() if not self._apart(a)]
        numbers = [definition for _, definition in parts.numbers.declared()] + [
            f"double {n};" for n in parts.given.values()
        ]
        draws = [f"void (*{self.name}_draw)(const char *, void *, size_t);"] if parts.draws else []
        cblas = [f"#ifdef {self.macro}_CBLAS", "#include <cblas.h>", "#endif"] if parts._products else []
        return "\n".join(
            [
                *self._about(),
                _INCLUDES,
                *cblas,
                *declarations,
                "",
                *numbers,
                *draws,
                *arrays,
                *parts.work(),
                "",
                *parts.helpers(self.macro),
                *(["", *"\n\n".join(parts.functions).split("\n")] if parts.functions else []),
                "",
                f"int {self.name}_run(void) {{",
                *parts.body,
                "}",
                "",
                *self._main(),
                "",
            ]
        )

    def _about(self) -> list[str]:
        sizes = self.parts.sizes()
        return [
            f"/* {self.name}: a program recorded by autograd-core, in C99; it needs the mathematical library alone.",
            " *",
            f" * Memory in bytes: {sizes['arrays']:,} of arguments, parameters, state and results,",
            f" * {sizes['constants']:,} of constants, {sizes['work']:,} of intermediates. Nothing is allocated.",
            " *",
            f" * cc -std=c99 -O2 -c {self.stem}.c",
            f" * With -D{self.macro}_MAIN there is a main that runs it on the recorded arguments and prints results;",
            f" * with -D{self.macro}_CBLAS matrices are multiplied by a CBLAS. */",
        ]

    def _declarations(self) -> list[str]:
        lines = [
            f"/* One run. 0; a positive number where the recorded run would go another way{self._without_draws()}. */",
            f"int {self.name}_run(void);",
        ]
        lines += [declaration for declaration, _ in self.parts.numbers.declared()]
        lines += [f"extern double {name}; /* a number that the run computes */" for name in self.parts.given.values()]
        if self.parts.draws:
            lines += [
                f"/* Draws random numbers: name, array, count ({', '.join(dict.fromkeys(self.parts.draws))}). */",
                f"extern void (*{self.name}_draw)(const char *, void *, size_t);",
            ]
        lines += [
            f"extern {TYPES[a.dtype.char]} {a.name}[{max(a.size, 1)}]; /* {comment(a.note)} */"
            for a in self.parts.arrays.values()
            if a.public
        ]
        lines += [
            f"#define {part.name} ({self.parts.arrays[memory].name} + {part.first}) /* {comment(part.note)} */"
            for memory, parts in self.parts.tensors.items()
            for part in parts
        ]
        return lines

    def _without_draws(self) -> str:
        return f"; -1 without {self.name}_draw" if self.parts.draws else ""

    def _defined(self, a: Array) -> str:
        kind = ("" if a.public else "static ") + ("const " if a.fixed else "") + TYPES[a.dtype.char]
        head = f"{kind} {a.name}[{max(a.size, 1)}]"
        if a.values is None or not a.size:
            return f"{head};"
        if a.example:
            return f"{head}\n#ifdef {self.macro}_MAIN\n= {values_of(a)}\n#endif\n;"
        return f"{head} = {values_of(a)};"

    def _main(self) -> list[str]:
        lines = [f"#ifdef {self.macro}_MAIN", "#include <stdio.h>", "#include <stdlib.h>", ""]
        lines += ["int main(int count, char **words) {", "    int runs = count > 1 ? atoi(words[1]) : 1;"]
        lines += ["    while (runs-- > 0) {", f"        const int ended = {self.name}_run();"]
        lines += ["        if (ended) return ended;"]
        for result in self.parts.order:
            if isinstance(result, str):
                lines.append(f'        printf("%.17g\\n", {self.parts.given[result]});')
                continue
            a = self.parts.arrays[result]
            if a.size:
                lines.append(f"        for (size_t i = 0; i < {a.size}; i++) {_printed(f'{a.name}[i]', a)}")
        return [*lines, "    }", "    return 0;", "}", "#endif"]


def _printed(value: str, a: Array) -> str:
    if a.dtype.kind == "f":
        return f'printf("%.17g\\n", (double){value});'
    return f'printf("%lld\\n", (long long){value});'
