"""A real browser for the tests of the page: the system's Chromium, driven by Playwright, without any network."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

NAMES = "chromium", "chromium-browser", "google-chrome"
CHROMIUM = next(filter(None, map(shutil.which, NAMES)), None)
FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
DESKTOP, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}

needed = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on the PATH (Debian: apt install chromium)")


@contextmanager
def started() -> Iterator[Any]:
    """The browser."""
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS), timeout=120_000)
        try:
            yield browser
        finally:
            browser.close()


class Window:
    """A page whose console and requests are watched; it shows one file after the other."""

    def __init__(self, browser: Any, **settings: Any) -> None:
        self.context = browser.new_context(**{"viewport": DESKTOP, "reduced_motion": "reduce", **settings})
        self.context.set_default_timeout(120_000)
        self.page = self.context.new_page()
        self.complaints: list[str] = []
        self.asked: list[str] = []
        say = self.complaints.append
        self.page.on("console", lambda message: say(message.text))
        self.page.on("pageerror", lambda error: say(str(error)))
        self.page.on("dialog", lambda dialog: (say(f"dialog: {dialog.message}"), dialog.dismiss()))
        self.page.on("request", lambda request: self.asked.append(request.url.partition("#")[0]))

    @contextmanager
    def showing(self, path: Path, hash: str = "") -> Iterator[Any]:
        """The file as a page; at the end it has said nothing on the console and asked for nothing but itself."""
        self.complaints.clear()
        self.asked.clear()
        self.page.mouse.move(0, 0)
        self.page.goto(path.as_uri() + hash)
        yield self.page
        assert self.complaints == [], self.complaints
        assert {url for url in self.asked if not url.startswith("data:")} == {path.as_uri()}
