"""The site: every public name has an entry, and every page stands in a list of pages."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import re
from pathlib import Path
from types import ModuleType

import pytest

from test_docstrings import MODULES, public

DOCS = Path(__file__).parents[1] / "docs"


@pytest.fixture(scope="module")
def pages() -> ModuleType:
    spec = importlib.util.spec_from_file_location("pages", DOCS / "pages.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("package", MODULES)
def test_every_public_name_has_an_entry(package: str, pages: ModuleType) -> None:
    inside = {"autograd_core.hips.extend", "autograd_core.hips.misc.optimizers"}  # as in HIPS autograd
    if package in inside:
        return
    assert package in pages.PACKAGES
    listed = {name for names in pages.entries(package).values() for name in names}
    assert {name for name, _ in public(importlib.import_module(package))} <= listed


def test_nothing_of_others_and_nothing_inside_is_listed(pages: ModuleType) -> None:
    for package in pages.PACKAGES:
        module = importlib.import_module(package)
        for home, names in pages.entries(package).items():
            for name in names:
                assert not name.startswith("_")
                assert home.split(".")[0] in ("autograd_core", "nn", "optim")
                assert inspect.getdoc(getattr(module, name)), f"{package}.{name} says nothing of itself"


def test_a_written_page_has_no_more_than_one_module_of_its_package(pages: ModuleType, tmp_path: Path) -> None:
    pages.write(tmp_path)
    trainer = next(path for path in tmp_path.glob("*.md") if ".. autoclass:: nn.Trainer\n" in path.read_text())
    assert trainer.read_text().count("autoclass::") == 1


def test_every_written_page_stands_in_the_index() -> None:
    trees = re.findall(r"^:::\{toctree\}\n(.*?)^:::$", (DOCS / "index.md").read_text(), re.DOTALL | re.MULTILINE)
    listed = {line for tree in trees for line in tree.splitlines() if line and not line.startswith(":")}
    made = ("api", "notebooks", "coverage", "conventions")
    written = {str(path.relative_to(DOCS).with_suffix("")) for path in DOCS.rglob("*.md")} - {"index"}
    assert {page for page in written if not page.startswith(made)} <= listed
