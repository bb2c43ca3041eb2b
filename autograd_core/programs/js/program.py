"""A recorded run as JavaScript: the plan is C's, functions and pieces of the run are JavaScript's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ...engine.tensor import Tensor
from ..c.names import comment
from ..c.program import CProgram
from ..passes.walks import Access
from ..record import Record
from ..tracing.tape import Entry
from .expressions import ARRAYS, HELPERS, MATHEMATICS, Expressions, quoted

if TYPE_CHECKING:
    from ...support.types import DType


KEYWORDS = (
    *(
        "arguments",
        "await",
        "class",
        "debugger",
        "delete",
        "eval",
        "export",
        "extends",
        "finally",
        "function",
        "import",
    ),
    *("in", "instanceof", "let", "new", "null", "package", "private", "protected", "public", "super", "this", "throw"),
    *("try", "typeof", "undefined", "var", "with", "yield", "catch", "false", "true", "implements", "interface", "of"),
)
OWN = ("run", "draw", "fround", "matmul", "Math", "Number", "Object", "Infinity", "NaN", *ARRAYS.values())

MATMUL = """\
// c = a b for an m by k matrix a and a k by n matrix b, each from a place on, with its steps from row to row and
// from column to column
const matmul = (m, n, k, a, a0, ar, ac, b, b0, br, bc, c, c0, cr, cc) => {
    for (let i = 0; i < m; i++) {
        for (let j = 0; j < n; j++) {
            let total = 0;
            for (let l = 0; l < k; l++) total += a[a0 + i * ar + l * ac] * b[b0 + l * br + j * bc];
            c[c0 + i * cr + j * cc] = total;
        }
    }
};"""


class JsProgram(CProgram):
    """The parts of the text; results are what the function gives, and the gradients that a run leaves.

    Raises ValueError, with the calls, their modules and lines, where a call has no JavaScript.
    """

    def __init__(self, record: Record) -> None:
        super().__init__(record, "p", Expressions)

    def taken(self) -> set[str]:
        return {*HELPERS, *MATHEMATICS, *KEYWORDS, *OWN}

    def results(self) -> Iterator[tuple[str, Any]]:
        yield from super().results()
        names: dict[int, str] = {id(t): name for name, t in self.record.owners.tensors}
        gradients = self.record.gradients
        for t, array in zip(gradients.tensors, gradients.arrays, strict=True):
            if array is not None and isinstance(t, Tensor):
                yield f"{names.get(id(t), 'leaf')}.grad", array

    def head(self, name: str, kind: str) -> str:
        return f"function {name}()"

    def product(self, dtype: DType) -> str:
        return "matmul"

    def element(self, name: str, place: str) -> str:
        return f"{name}, {place}"

    def of_number(self, value: str, dtype: DType) -> str:
        return value

    def drawn(self, entry: Entry, a: Access) -> list[str]:
        self.draws.append(entry.name)
        name, first = self._place(a.memory, a.first, a.first, a.first)
        count = entry.writes[0].size
        given = f"{quoted(entry.name)}, {name}.subarray({first}, {first + count})"
        return [
            "    if (!draw) return -1;",
            f"    draw({given}); /* {comment(entry.where)} */",
        ]
