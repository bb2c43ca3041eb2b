"""How long one prediction takes in each way of docs/deployment.md, whose blocks are run here.

    python -m benchmarks.serving

The browser is left out where there is no Chromium or no `node_modules/onnxruntime-web`.
"""

from __future__ import annotations

import contextlib
import http.client
import io
import json
import re
import shutil
import statistics
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from http.server import HTTPServer, SimpleHTTPRequestHandler
from pathlib import Path
from typing import Any

from .environment import machine, version

ROOT = Path(__file__).parent.parent
WEB = ROOT / "node_modules" / "onnxruntime-web"
TIMED_IN_C = """
#include <stdio.h>
#include <time.h>
#include "digits.h"
int main(void) {
    clock_t begin;
    int runs = 20000;
    for (int k = 0; k < 64; k++) digits_x[k] = (float)(k % 16) / 16;
    for (int k = 0; k < 1000; k++) digits_run();
    begin = clock();
    for (int k = 0; k < runs; k++) digits_run();
    printf("%.9g\\n", (double)(clock() - begin) / CLOCKS_PER_SEC / runs * 1e6);
    return 0;
}
"""
TIMED_IN_JAVASCRIPT = """async (pixels) => {
    const times = [], x = Float32Array.from(pixels);
    for (let k = 0; k < 300; k++) await classify(x);
    const begin = performance.now();  // which counts in steps of 0.1 ms
    for (let k = 0; k < 2000; k++) await classify(x);
    return (performance.now() - begin) / 2000 * 1000;
}"""


def microseconds(predict: Callable[[], Any], runs: int = 2000) -> float:
    """The median of many runs."""
    for _ in range(runs // 10):
        predict()
    times = []
    for _ in range(runs):
        begin = time.perf_counter()
        predict()
        times.append(time.perf_counter() - begin)
    return 1e6 * statistics.median(times)


@contextlib.contextmanager
def serving(handler: Any) -> Iterator[int]:
    """A server on a port that is free, which says nothing."""
    handler = type("Quiet", (handler,), {"log_message": lambda *args: None})
    with HTTPServer(("localhost", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


def in_c(folder: Path) -> float:
    (folder / "timed.c").write_text(TIMED_IN_C, encoding="utf-8")
    subprocess.run("cc -std=c99 -O2 -o timed timed.c digits.c -lm", shell=True, cwd=folder, check=True)
    runs = [subprocess.run(["./timed"], cwd=folder, capture_output=True, text=True, check=True) for _ in range(5)]
    return statistics.median(float(done.stdout) for done in runs)


def in_service(handler: Any, pixels: list[list[float]]) -> float:
    with serving(handler) as port:
        connection = http.client.HTTPConnection("localhost", port)
        body = json.dumps(pixels)

        def ask() -> None:
            connection.request("POST", "/", body)
            connection.getresponse().read()

        found = microseconds(ask, 500)
        connection.close()
    return found


def in_browser(folder: Path, page: str, pixels: list[float]) -> float | None:
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None or not WEB.exists():
        return None
    from playwright.sync_api import sync_playwright

    (folder / "index.html").write_text(page, encoding="utf-8")
    (folder / "node_modules").mkdir()
    (folder / "node_modules" / WEB.name).symlink_to(WEB.resolve())
    with serving(SimpleHTTPRequestHandler) as port, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        window = browser.new_page()
        window.goto(f"http://localhost:{port}/")
        window.wait_for_function("() => Boolean(window.classify)")
        found = float(window.evaluate(TIMED_IN_JAVASCRIPT, pixels))
        browser.close()
    return found


def main() -> None:
    """Print a table of microseconds."""
    text = (ROOT / "docs/deployment.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```(\w+)\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    (page,) = [block for language, block in blocks if language == "html"]
    names: dict[str, Any] = {"__name__": "page"}
    with tempfile.TemporaryDirectory() as name, contextlib.chdir(name):
        with contextlib.redirect_stdout(io.StringIO()):
            for language, block in blocks:
                if language == "python":
                    exec(block, names)
        x, session, predict, served = (names[key] for key in ("x", "session", "predict", "served"))
        one = x[:1]
        rows = {
            "onnxruntime in Python": microseconds(lambda: session.run(None, {"input": one})),
            "onnxruntime in Chromium": in_browser(Path(name), page, one[0].tolist()),
            "C": in_c(Path(name)),
            "the web service, asked on the same machine": in_service(names["Predict"], one.tolist()),
            "in it, the model alone": microseconds(lambda: served(one)),
            "the model in Python, recorded by ag.compile": microseconds(lambda: predict(one)),
        }
    print(machine() | {name: version(name) for name in ("numpy", "onnxruntime")})
    for way, found in rows.items():
        print(f"| {way} | {'' if found is None else f'{found:,.1f} µs'} |")


if __name__ == "__main__":
    main()
