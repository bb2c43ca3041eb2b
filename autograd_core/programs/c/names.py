"""Names of Python's things as identifiers and comments of C."""

from __future__ import annotations

import re
from collections.abc import Iterable

KEYWORDS = frozenset(
    (
        *("auto", "break", "case", "char", "const", "continue", "default", "do", "double", "else", "enum", "extern"),
        *("float", "for", "goto", "if", "inline", "int", "long", "register", "restrict", "return", "short", "signed"),
        *("sizeof", "static", "struct", "switch", "typedef", "union", "unsigned", "void", "volatile", "while"),
    )
)


def identifier(name: str) -> str:
    """Letters, digits and single underscores of ASCII, no keyword, with a letter first."""
    found = re.sub(r"[^0-9A-Za-z]+", "_", name).strip("_")
    if not found or found[0].isdigit() or found in KEYWORDS:
        found = f"v_{found}".rstrip("_")
    return found[:60].rstrip("_")


def comment(text: str) -> str:
    """Text that ends no comment, continues no line and is ASCII."""
    found = re.sub(r"[^ -~]", lambda m: ascii(m[0])[1:-1], text).replace("\\", "|")
    return found.replace("*/", "* /").replace("/*", "/ *").replace("??", "? ?")


class Names:
    """Identifiers with a prefix, each given once.

    taken : identifiers that are the file's own
    """

    def __init__(self, prefix: str, taken: Iterable[str] = ()) -> None:
        self.prefix = prefix
        self._given = {*taken, *(f"{prefix}_{x}" for x in ("run", "draw"))}
        self._given |= {f"{prefix.upper()}_{x}" for x in ("H", "MAIN", "CBLAS")}

    def new(self, name: str, public: bool = True) -> str:
        """An identifier for a name; a number tells apart what would be the same."""
        wanted = f"{self.prefix}_{identifier(name)}" if public else identifier(name)
        found, k = wanted, 2
        while found in self._given:
            found, k = f"{wanted}_{k}", k + 1
        self._given.add(found)
        return found
