"""The page on deployment: what it shows reads the digits, in each of its ways."""

from __future__ import annotations

import contextlib
import http.client
import io
import json
import shutil
import subprocess
import threading
from collections.abc import Iterator
from http.server import HTTPServer, SimpleHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

import browser
from test_readme import ROOT, blocks

for package in ("onnx", "onnxruntime", "sklearn", "safetensors"):
    pytest.importorskip(package)

PAGE = "docs/deployment.md"
WEB = ROOT / "node_modules" / "onnxruntime-web"


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, dict[str, Any]]]:
    """The folder in which the page's Python was run, and its names."""
    folder, names, printed = tmp_path_factory.mktemp("page"), {"__name__": "page"}, ""
    with contextlib.chdir(folder):
        for language, text in blocks(PAGE):
            if language == "python":
                with contextlib.redirect_stdout(io.StringIO()) as out:
                    exec(text, names)
                printed = out.getvalue()
            elif not language:
                assert text.strip() == printed.strip()
    yield folder, names


def block(language: str) -> str:
    (text,) = [text for name, text in blocks(PAGE) if name == language]
    return text


@pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler")
def test_on_a_device(shown: tuple[Path, dict[str, Any]]) -> None:
    folder, names = shown
    (folder / "classify.c").write_text(block("c"), encoding="utf-8")
    subprocess.run(
        block("sh").replace("-O2", "-O2 -Wall -Wextra -Werror -pedantic"), shell=True, cwd=folder, check=True
    )
    for k in (0, 5, 9):
        given = " ".join(map(str, names["x"][k].tolist()))
        done = subprocess.run([folder / "classify"], input=given, capture_output=True, text=True, check=True)
        assert int(done.stdout) == names["y"][k]


@contextlib.contextmanager
def serving(handler: Any) -> Iterator[int]:
    """A server on a port that is free."""
    with HTTPServer(("localhost", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


def test_as_a_service(shown: tuple[Path, dict[str, Any]]) -> None:
    _, names = shown
    handler = type("Quiet", (names["Predict"],), {"log_message": lambda *args: None})
    with serving(handler) as port:
        connection = http.client.HTTPConnection("localhost", port)
        connection.request("POST", "/", json.dumps(names["x"][:9].tolist()))
        assert json.loads(connection.getresponse().read()) == names["y"][:9].tolist()
        connection.close()


@browser.needed
@pytest.mark.skipif(not WEB.exists(), reason="npm install onnxruntime-web")
def test_in_a_browser(shown: tuple[Path, dict[str, Any]]) -> None:
    folder, names = shown
    (folder / "index.html").write_text(block("html"), encoding="utf-8")
    (folder / "node_modules").mkdir()
    (folder / "node_modules" / WEB.name).symlink_to(WEB)

    class Files(SimpleHTTPRequestHandler):
        def __init__(self, *args: Any) -> None:
            super().__init__(*args, directory=str(folder))

        def log_message(self, *args: Any) -> None:
            pass

    with serving(Files) as port, browser.started() as chromium:
        window = browser.Window(chromium)
        window.page.goto(f"http://localhost:{port}/")
        window.page.wait_for_function("() => Boolean(window.classify)")
        for k in (0, 5, 9):
            found = window.page.evaluate("p => classify(Float32Array.from(p))", names["x"][k].tolist())
            assert found == names["y"][k]
        assert window.complaints == []
        assert all(url.startswith((f"http://localhost:{port}/", "data:", "blob:")) for url in window.asked)
