"""Expressions of printed code: their parts, and how tightly Python's signs bind."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ...support.types import Function, Tree


INFIX = {
    "add": ("+", 4), "subtract": ("-", 4), "multiply": ("*", 5), "divide": ("/", 5), "matmul": ("@", 5),
    "floor_divide": ("//", 5), "remainder": ("%", 5), "power": ("**", 7), "greater": (">", 2), "less": ("<", 2),
    "greater_equal": (">=", 2), "less_equal": ("<=", 2), "equal": ("==", 2), "not_equal": ("!=", 2),
}  # fmt: skip
OF_REDUCE = {"add": "sum", "multiply": "prod", "maximum": "max", "minimum": "min"}
OF_NUMBERS = {"add": "+", "sub": "-", "mul": "*", "truediv": "/", "floordiv": "//", "mod": "%", "pow": "**"}


class Code(str):
    """The text of a function, which can be called.

    constants : the arrays that the text mentions by name
    """

    constants: dict[str, Any]
    _function: Function

    def __call__(self, *args: object, **kwargs: object) -> Tree:
        return self._function(*args, **kwargs)


class Value:
    """A value of the program: text of its parts, how tightly it binds, and how often it is used."""

    def __init__(self, make: Callable[[], tuple[str, int]], parts: list[Value], name: str = "") -> None:
        self.make, self.parts, self.name = make, parts, name
        self.uses = 0
        self.text: tuple[str, int] | None = None
        self.steps: list[Callable[[str], str]] = []  # statements that change it, each given its name
        self.number: Any = None  # where it is one number

    def show(self, level: int = 0) -> str:
        """Its name, or its text, in brackets where what is around it binds more tightly than it does."""
        if self.name:
            return self.name
        assert self.text is not None
        text, binds = self.text
        return f"({text})" if binds < level else text

    def tight(self) -> str:
        """The same before a dot or an index."""
        return self.show(9)
