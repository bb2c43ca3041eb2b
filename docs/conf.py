"""Sphinx: the pages beside this file, the notebooks as they were run, and the API from the docstrings."""

from __future__ import annotations

import base64
import json
import re
import shutil
import sys
from pathlib import Path
from typing import Any

from docutils import nodes
from latex2mathml.converter import convert

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

project = "autograd-core"
author = "the autograd-core authors"
copyright = author
extensions = ["sphinx.ext.autodoc", "myst_nb"]
html_math_renderer = "mathml"
myst_enable_extensions = ["colon_fence", "dollarmath"]
nb_execution_mode = "off"  # the notebooks are run by the tests, and kept with their outputs
html_theme = "furo"
html_title = "autograd-core"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sphinx = False
exclude_patterns = ["api/_*", "notebooks/_*"]
autodoc_member_order = "bysource"
autodoc_typehints = "none"
suppress_warnings = ["myst.xref_missing"]  # the README's links lead into the repository

_SETTING = re.compile(r"^([\w.*…, ]{1,60}?) +: (.*)$")
_NEXT = re.compile(r"^(\w+(?:, \w+)*): (.*)$")  # below a setting, a longer list of names may touch its colon


def _fields(app: Any, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    """Our docstrings in reStructuredText: ``name : meaning`` is a field, an indented paragraph a formula."""
    out: list[str] = []
    in_field = in_code = in_formula = False
    for line in lines:
        in_code = line.startswith(">>>") or (in_code and bool(line.strip()))
        found = None if in_code else _SETTING.match(line) or (in_field and _NEXT.match(line))
        if line.strip():
            in_formula = line.startswith("    ") and not in_field and (in_formula or not out or not out[-1].strip())
        if in_formula and line.strip() and not (out and out[-2:] == ["::", ""]) and not out[-1].strip():
            out += ["::", ""]
        if found and not in_formula:
            if not in_field:
                out.append("")
            out.append(_escaped(f":{found[1]}: {found[2]}"))
            in_field = True
            continue
        if in_field and line.strip() and not line.startswith(" "):
            out.append("")
        in_field = in_field and line.startswith(" ")
        out.append(line if in_code or in_formula else _escaped(line))
    lines[:] = out


def _escaped(line: str) -> str:
    """|x| is a modulus here, no substitution; what stands in double quotes of code is left alone."""
    parts = line.split("``")
    return "``".join(part if i % 2 else re.sub(r"[|*]", r"\\\g<0>", part) for i, part in enumerate(parts))


def _write_sources(app: Any) -> None:
    """The API's pages, and copies of the notebooks, beside the written pages."""
    import pages

    pages.write(HERE / "api")
    shutil.rmtree(HERE / "notebooks", ignore_errors=True)
    notebooks = sorted((HERE.parent / "notebooks").glob("*.ipynb"))
    (HERE / "notebooks").mkdir()
    for notebook in notebooks:
        shutil.copy(notebook, HERE / "notebooks")
    _write_pictures(notebooks)
    listed = "\n".join(path.stem for path in notebooks)
    (HERE / "notebooks" / "index.md").write_text(
        f"# Notebooks\n\nEach is one idea, with its outputs as they were computed.\n\n```{{toctree}}\n{listed}\n```\n"
    )


def _write_pictures(notebooks: list[Path]) -> None:
    """The last picture of every notebook, under its title: the gallery."""
    text = ""
    for path in notebooks:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        title = "".join(cells[0]["source"]).split("\n")[0].lstrip("# ")
        outputs = [output.get("data", {}) for cell in cells for output in cell.get("outputs", [])]
        for kind, mode in (("image/png", "png"), ("image/svg+xml", "svg")):
            found = [data[kind] for data in outputs if kind in data]
            if found:
                content = "".join(found[-1])
                picture = HERE / "notebooks" / f"{path.stem}.{mode}"
                picture.write_bytes(base64.b64decode(content) if mode == "png" else content.encode())
                text += f"## [{title}](notebooks/{path.stem}.ipynb)\n\n![{title}](notebooks/{picture.name})\n\n"
                break
    (HERE / "notebooks" / "_pictures.md").write_text(text, encoding="utf-8")


def _formula(self: Any, node: Any) -> None:
    """A formula as MathML, which browsers draw without a script or a network."""
    block = node.tagname == "math_block"
    text = node.astext()
    if block and "\\\\" in text and "\\begin" not in text:
        text = rf"\begin{{aligned}}{text}\end{{aligned}}"
    self.body.append(convert(text, display="block" if block else "inline"))
    raise nodes.SkipNode


def _write_playgrounds(app: Any, error: Exception | None) -> None:
    """Pages that train, beside those that tell of them."""
    if error is not None or app.builder.name != "html":
        return
    import nn

    folder = Path(app.outdir)
    nn.playground.playground(folder / "playground.html")
    x, y = nn.data.datasets.digits()
    model = nn.Sequential(nn.Linear(64, 16), nn.ReLU(), nn.Linear(16, 10))
    nn.playground.write(model, x.reshape(len(x), -1), y, folder / "playground-digits.html", "Digits: draw one")


def setup(app: Any) -> None:
    app.add_html_math_renderer("mathml", (_formula, None), (_formula, None))
    app.connect("builder-inited", _write_sources)
    app.connect("build-finished", _write_playgrounds)
    app.connect("autodoc-process-docstring", _fields)
