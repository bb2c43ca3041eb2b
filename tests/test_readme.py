"""What the README, CONTRIBUTING and the written pages of the site show is what happens."""

from __future__ import annotations

import contextlib
import doctest
import io
import re
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
ELSEWHERE = {"docs/deployment.md": "test_deployment.py runs it, with its servers and compilers"}
MADE = ("docs/api", "docs/notebooks", "docs/coverage")
WRITTEN = sorted(str(path.relative_to(ROOT)) for path in (ROOT / "docs").rglob("*.md"))
PAGES = ["README.md", "CONTRIBUTING.md", *(p for p in WRITTEN if p not in ELSEWHERE and not p.startswith(MADE))]


def blocks(page: str) -> list[tuple[str, str]]:
    """Language and text of every fenced block."""
    return re.findall(r"^```(\w*)\n(.*?)^```$", (ROOT / page).read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("page", PAGES)
def test_the_examples_run_and_print_what_is_shown(page: str) -> None:
    names: dict[str, Any] = {}
    printed = ""
    for language, text in blocks(page):
        if language == "python" and ">>>" in text:
            examples = doctest.DocTestParser().get_doctest(text, names, page, page, 0)
            flags = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
            assert doctest.DocTestRunner(optionflags=flags).run(examples, clear_globs=False).failed == 0
            names.update(examples.globs)
        elif language == "python":
            with contextlib.redirect_stdout(io.StringIO()) as out:
                exec(text, names)
            printed = out.getvalue()
        elif not language:
            assert text.strip() == printed.strip()
