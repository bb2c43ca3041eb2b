"""The page of a graph: one file, without any network, that walks through its values and derivatives on a screen."""

from __future__ import annotations

import base64
import hashlib
import json
from html import escape
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING, Any

from ...support.files import write_atomically
from .walk import walk

if TYPE_CHECKING:
    from ..graph import Graph

_SCRIPTS = ("heat.js", "formulas.js", "picture.js", "page.js")


class Page(str):
    """The whole document as text; a notebook shows it below the cell, in a frame."""

    def _repr_html_(self) -> str:
        """The page inside another, whose styles and scripts it neither sees nor disturbs."""
        frame = "width:100%;height:min(46rem,90vh);border:1px solid #94a3b8;border-radius:8px"
        return (
            f'<iframe srcdoc="{escape(self)}" sandbox="allow-scripts" title="{self._title}" style="{frame}"></iframe>'
        )

    def __repr__(self) -> str:
        return f"<page {self._title}: {len(self.encode('utf-8', 'replace')):,} bytes>"

    @property
    def _title(self) -> str:
        return self.partition("<title>")[2].partition("</title>")[0]


def page(graph: Graph, rounding: bool | None = None) -> Page:
    """The whole document as text: markup, style, script, numbers and picture in one."""
    picture, note = _picture(graph)
    script = "".join(["'use strict';\n", *map(_asset, _SCRIPTS)])
    data = walk(graph, rounding)
    text = Template(_asset("page.html")).substitute(
        title=escape(data["title"]),
        note=escape(note),
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        style=_asset("page.css"),
        picture=picture,
        data=_embedded(data),
        script=script,
    )
    return Page(text)


def write(text: str, path: str | Path) -> Path:
    """Put the text into a file, all of it or none."""
    path = Path(path)
    write_atomically(path, text.encode("utf-8", "replace"), "to_html: cannot write the page")
    return path


def _asset(name: str) -> str:
    return files(__name__).joinpath(name).read_text(encoding="utf-8")


def _embedded(data: Any) -> str:
    """JSON that can stand inside a script element, whatever is in its strings."""
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")


def _picture(graph: Graph) -> tuple[str, str]:
    """The picture as an svg element, or nothing and why."""
    from ..render import svg

    try:
        text = svg(graph.dot())
    except ImportError as error:
        return "", f"No picture: {error}"
    except RuntimeError as error:
        return "", f"No picture: {str(error).removeprefix('render: ')}"
    element = text[text.index("<svg") :]
    for namespace in (' xmlns="http://www.w3.org/2000/svg"', ' xmlns:xlink="http://www.w3.org/1999/xlink"'):
        element = element.replace(namespace, "", 1)  # HTML knows both
    return element, ""
