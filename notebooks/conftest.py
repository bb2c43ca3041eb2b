"""Every notebook is a test: nbmake runs it from top to bottom. With ``--overwrite`` its outputs are kept.

Collected here and not by ``--nbmake``, which would print a line of its own at the end of every test run.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
from nbmake.pytest_items import NotebookFile, NotebookItem
from PIL import Image


def pytest_collect_file(file_path: Path, parent: Any) -> Notebook | None:
    return Notebook.from_parent(parent, path=file_path) if file_path.suffix == ".ipynb" else None


class Notebook(NotebookFile):
    def collect(self) -> Iterator[NotebookItem]:
        yield Run.from_parent(self, filename=str(self.path))


class Run(NotebookItem):
    def runtest(self) -> None:
        super().runtest()
        if self.config.option.overwrite:
            tidy(self.path)


def tidy(path: Path) -> None:
    """Keep of a run what a reader sees: no times, no versions; pictures with a palette, a third of the size."""
    notebook = nbformat.read(path, as_version=4)
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    notebook.metadata = nbformat.from_dict({"kernelspec": kernel, "language_info": {"name": "python"}})
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        for output in cell.get("outputs", ()):
            data = output.get("data", {})
            if "image/png" in data:
                data["image/png"] = _with_palette(data["image/png"])
    nbformat.write(notebook, path)


def _with_palette(png: str) -> str:
    picture = Image.open(io.BytesIO(base64.b64decode(png))).convert("RGB")
    small = io.BytesIO()
    picture.quantize(256, Image.Quantize.MAXCOVERAGE, kmeans=2, dither=Image.Dither.NONE).save(
        small, "PNG", optimize=True
    )
    return base64.b64encode(small.getvalue()).decode()
