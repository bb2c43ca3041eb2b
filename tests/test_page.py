"""The page of a graph: one inert file, and in a real browser a walk whose every number is right."""

from __future__ import annotations

import base64
import html
import json
import os
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from math import cos, exp, log, sin
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_core as ag
import browser
import nn
from autograd_core.expressions import values
from autograd_core.graph import Graph, render, trace
from autograd_core.graph.page.heat import heat
from autograd_core.graph.page.walk import walk

E = exp(-9)
P = 1 / (1 + E)  # the probability that the lecture's neuron gives to y = 1
VALUES = [-9, E, 1 + E, P, log(P), -log(P)]
GRADIENTS = [1, -1, -1 / P, P, P, P * E, -3 * E * P]  # dL/dL, dL/dξ5, …, dL/dξ1, dL/dw


def lecture() -> Graph:
    """−y log p with p = 1/(1 + e^(−x w)), at x = 3, y = 1, w = 3."""
    return trace(lambda x, y, w: -y * np.log(1 / (1 + np.exp(-x * w))), 3.0, 1.0, 3.0, wrt="w")


def used_twice() -> Graph:
    return trace(lambda x, w: np.sin(x * w) * w, 2.0, 0.5)


def network() -> Graph:
    ag.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 3))
    loss_of, data = nn.CrossEntropyLoss(), np.random.default_rng(0).normal(size=(5, 4)).astype(np.float32)
    return trace(lambda x: loss_of(model(x), np.array([0, 1, 2, 0, 1])), data, names=model)


def number(text: str) -> float:
    return float(text.replace("−", "-"))


# The file ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("graph", [lecture, network])
def test_the_page_loads_nothing(graph: Callable[[], Graph]) -> None:
    text = graph().to_html()
    assert isinstance(text, str) and "<svg" in text
    assert not re.findall(r"https?:|\bsrc=|@import|url\(|<link(?! rel=\"icon\" href=\"data:,\")", text)


HOSTILE = "</script><script>alert(1)</script>"


def test_no_name_closes_the_data() -> None:
    """`<` stands as an escape in the JSON, and the JSON is what it was."""
    w = ag.Tensor(2.0, requires_grad=True)
    text = trace(lambda x: w * x, 3.0, names={HOSTILE: w, "<!--": ag.Tensor(1.0)}).to_html()
    assert isinstance(text, str)
    assert HOSTILE not in text and text.count("<script") == 2
    data = json.loads(re.findall(r'id="data">(.*?)</script>', text, re.DOTALL)[0])
    assert HOSTILE in [node["name"] for node in data["nodes"]]


def test_a_path_gets_the_text(tmp_path: Path) -> None:
    path = tmp_path / "walk.html"
    assert lecture().to_html(str(path)) == path
    assert path.read_text(encoding="utf-8") == lecture().to_html()


@pytest.mark.parametrize(("place", "error"), [("missing/walk.html", FileNotFoundError), ("", IsADirectoryError)])
def test_an_unwritable_path_is_named_and_nothing_is_left(tmp_path: Path, place: str, error: type[OSError]) -> None:
    with pytest.raises(error, match="to_html: cannot write the page") as caught:
        lecture().to_html(tmp_path / place)
    assert caught.value.filename == str(tmp_path / place)
    assert list(tmp_path.rglob("*")) == [] and list(tmp_path.parent.glob(f".{tmp_path.name}*")) == []


def test_a_failed_write_keeps_the_old_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "walk.html"
    path.write_text("old")

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        lecture().to_html(path)
    assert path.read_text() == "old" and list(tmp_path.iterdir()) == [path]


@given(st.floats(-2, 2), st.floats(-2, 2))
def test_what_flows_back_adds_up_to_the_gradient(x: float, w: float) -> None:
    """Σ over the uses of v of dL/du · ∂u/∂v = dL/dv, and for the inputs it is what ag.grad finds."""
    f = lambda x, w: np.sin(x * w) * w + np.exp(x)
    nodes = walk(trace(f, x, w))["nodes"]
    for i, node in enumerate(nodes[:-1]):
        shares = [number(use["share"]) for user in nodes for use in user["locals"] if use["of"] == i]
        assert sum(shares) == pytest.approx(number(node["gradient"]), rel=1e-6, abs=1e-7)
    expected = ag.grad(f, argnums=(0, 1))(np.array(x), np.array(w))
    assert [number(node["gradient"]) for node in nodes[:2]] == pytest.approx([float(g) for g in expected], abs=1e-7)


def test_numbers_are_put_in_for_names() -> None:
    nodes = {node["name"]: node for node in walk(lecture())["nodes"]}
    assert nodes["ξ4"]["put"] == "1/1.0001234" and nodes["L"]["put"] == "−1·(−0.00012340219)"
    assert nodes["ξ4"]["locals"][0]["put"] == "−1/1.0001234²"
    assert nodes["ξ4"]["closed"] == "1/(1 + exp(−x·w))" and nodes["ξ1"]["closed"] == ""
    assert walk(network())["nodes"][-1]["put"] == ""  # too many numbers


def convolutional() -> Graph:
    ag.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(1, 3, 3, padding=1), nn.ReLU(), nn.Flatten(), nn.Linear(48, 2))
    loss_of, data = nn.CrossEntropyLoss(), np.random.default_rng(0).normal(size=(2, 1, 4, 4)).astype(np.float32)
    return trace(lambda x: loss_of(model(x), np.array([0, 1])), data, names={"net": model})


def test_a_convolution_is_told_in_a_sentence() -> None:
    first = next(node for node in walk(convolutional())["nodes"] if node["op"] == "convolution")
    assert first["sentence"] == "3×3 correlation, stride 1, pad 1: each output is Σ kernel · window"
    assert first["short"] == "convolution(x, net.0.weight, net.0.bias)" and "kernel=(3, 3)" in first["formula"]
    assert all(local["sentence"] and "g" in local["sentence"] for local in first["locals"])


@given(st.integers(1, 3), st.integers(1, 40), st.integers(1, 40), st.sampled_from([np.float32, np.float64, np.int64]))
def test_a_picture_has_a_byte_for_each_number(tiles: int, height: int, width: int, dtype: Any) -> None:
    array = np.random.default_rng(tiles).integers(-9, 10, (tiles, height, width)).astype(dtype)
    picture = heat(array)
    assert (picture is None) == (array.size < 5 or not np.any(array))
    if picture is None:
        return
    step = picture["step"]
    shown = array[:, :: step if height > 32 else 1, :: step if width > 32 else 1]
    pixels = np.frombuffer(base64.b64decode(picture["pixels"]), np.uint8).reshape(shown.shape)
    np.testing.assert_allclose(
        (pixels.astype(float) - 127) / 127 * picture["bound"], shown, atol=picture["bound"] / 250
    )
    assert pixels.size <= 16 * 32 * 32


def test_what_is_no_number_has_a_colour_of_its_own() -> None:
    picture = heat(np.array([1.0, np.nan, -np.inf, 0.0, -1.0]))
    assert picture is not None and list(base64.b64decode(picture["pixels"])) == [254, 255, 255, 127, 0]
    assert heat(np.full(9, np.nan)) is None and heat(np.array(1.0)) is None


def test_a_notebook_shows_the_page_in_a_frame() -> None:
    text = lecture().to_html()
    frame = text._repr_html_()  # type: ignore[union-attr]
    assert len(repr(text)) < 60  # a notebook keeps that as well
    assert frame.startswith("<iframe srcdoc=") and 'sandbox="allow-scripts"' in frame
    assert html.unescape(re.findall(r'srcdoc="([^"]*)"', frame)[0]) == text


# In the browser ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def windows() -> Iterator[Callable[..., browser.Window]]:
    """The window of all tests, or one with settings of its own."""
    with browser.started() as chromium:
        shared = browser.Window(chromium)
        yield lambda **settings: browser.Window(chromium, **settings) if settings else shared


@pytest.fixture
def show(windows: Callable[..., browser.Window], tmp_path: Path) -> Iterator[Callable[..., Any]]:
    with ExitStack() as stack:

        def show(graph: Graph, hash: str = "", **settings: Any) -> Any:
            window = windows(**settings)
            if settings:
                stack.callback(window.context.close)
            path = graph.to_html(tmp_path / "walk.html")
            return stack.enter_context(window.showing(path, hash))  # type: ignore[arg-type]

        yield show


def current(page: Any) -> tuple[str, str]:
    """The variable of the marked row, and the id of the marked box."""
    row, box = page.evaluate("""["tbody.current td.variable", "#picture .node.current"].map(which => {
        const [marked, ...others] = document.querySelectorAll(which);
        if (others.length) throw Error(`${others.length + 1} are marked`);
        return which.startsWith("#") ? marked.id : marked.innerText;
    })""")
    return row.partition(" = ")[0], box


def result(page: Any) -> float:
    return number(page.locator("#said .result").inner_text())


def said(page: Any) -> str:
    return " ".join(page.locator("#said").text_content().split())


ROWS = [("ξ1", "row-0"), ("ξ2", "row-1"), ("ξ3", "row-2"), ("ξ4", "row-3"), ("ξ5", "row-4"), ("L", "row-5")]
LECTURE_WALK = list(zip([*ROWS, *reversed(ROWS), ("w", "source-2")], [*VALUES, *GRADIENTS], strict=True))


@browser.needed
class TestWalk:
    @pytest.mark.parametrize("by", ["keys", "buttons"])
    def test_the_lecture_step_by_step_and_back(self, show: Any, by: str) -> None:
        page = show(lecture())
        forward, back = (
            (lambda: page.keyboard.press("ArrowRight"), lambda: page.keyboard.press("ArrowLeft"))
            if by == "keys"
            else (page.locator("#next").click, page.locator("#back").click)
        )
        for place, expected in LECTURE_WALK:
            forward()
            assert current(page) == place
            assert result(page) == pytest.approx(expected, rel=1e-7)
        assert result(page) == pytest.approx(-0.00037018373, rel=1e-7)
        assert page.locator("#next").is_disabled()
        back()
        assert current(page) == ("ξ1", "row-0")

    def test_the_product_is_written_out(self, show: Any) -> None:
        """dL/dξ3 = dL/dξ4 · ∂ξ4/∂ξ3, with numbers, and the whole chain below."""
        page = show(lecture(), "#step=10")
        assert "dL/dξ3 =dL/dξ4 · ∂ξ4/∂ξ3=−1.0001234 · (−0.99975323)=0.99987661" in said(page)
        assert "∂ξ4/∂ξ3 = −1/ξ3² = −1/1.0001234² = −0.99975323" in said(page)
        assert "dL/dξ3 = ∂L/∂ξ5 · ∂ξ5/∂ξ4 · ∂ξ4/∂ξ3 = −1 · 1.0001234 · (−0.99975323)" in said(page)

    def test_numbers_appear_as_they_are_found(self, show: Any) -> None:
        page = show(lecture(), "#step=3")
        seen = lambda kind: page.locator(f"tbody td.{kind} > span").evaluate_all(
            "all => all.map(e => getComputedStyle(e).visibility === 'visible' && e.textContent !== '')"
        )
        assert seen("value") == [True] * 6 + [False] * 3  # x, y, w, ξ1, ξ2, ξ3
        assert not any(seen("gradient"))
        page.keyboard.press("End")
        assert seen("gradient") == [False] * 2 + [True] * 7  # w, ξ1, …, L

    def test_uses_add_up(self, show: Any) -> None:
        """L = w sin(xw): dL/dw = x w cos(xw) + sin(xw)."""
        page = show(used_twice())
        page.keyboard.press("End")
        assert "w is used 2 times" in said(page) and "dL/dξ1 · ∂ξ1/∂w + dL/dL · ∂L/∂w" in said(page)
        assert result(page) == pytest.approx(cos(1) + sin(1))
        assert page.locator("#picture .edge.flows").count() == 2

    def test_forward_mode_carries_the_derivative_along(self, show: Any) -> None:
        page = show(lecture())
        page.keyboard.press("m")
        assert page.locator("#product").inner_text() == "dξ/dw"
        page.keyboard.press("End")
        assert result(page) == pytest.approx(-3 * E * P, rel=1e-7)
        assert "dL/dw =∂L/∂ξ5 · dξ5/dw=−1 · 0.00037018373=−0.00037018373" in said(page)

    def test_a_step_has_an_address(self, show: Any) -> None:
        page = show(used_twice(), "#step=2&mode=forward&wrt=w")
        assert current(page) == ("ξ2", "row-1")
        assert page.evaluate("location.hash") == "#step=2&mode=forward&wrt=w"
        page.evaluate("location.hash = '#step=1'")
        page.wait_for_function("document.querySelector('tbody.current td.variable').textContent.startsWith('ξ1')")
        assert page.locator("[value=reverse]").is_checked()

    def test_play_goes_on_by_itself(self, show: Any) -> None:
        page = show(lecture(), locale="en-GB")  # a window of its own, for its clock is not put back
        page.clock.install()
        page.keyboard.press(" ")
        assert page.locator("#play").get_attribute("aria-pressed") == "true"
        page.clock.run_for(1400 * 3)
        assert current(page)[0] == "ξ3"
        page.clock.run_for(60_000)
        assert current(page)[0] == "w" and page.locator("#play").get_attribute("aria-pressed") == "false"

    def test_arrays_are_pictures_and_long_formulas_are_told_on_demand(self, show: Any) -> None:
        page = show(convolutional(), "#step=1")
        assert page.locator("#said figure").count() == 3 and "3×3 correlation" in said(page)
        assert page.locator("#said details p").is_hidden()
        page.locator("#said summary").click()
        assert "kernel=(3, 3)" in page.locator("#said details p").inner_text()
        left, top = page.evaluate("""[...document.querySelectorAll('#said canvas')].map((canvas) =>
            canvas.getContext('2d').getImageData(1, 1, 1, 1).data.join()).slice(0, 2)""")
        assert left != top  # drawn, and of different numbers

    def test_steps_by_module(self, show: Any) -> None:
        ag.manual_seed(0)
        attention = nn.MultiheadAttention(4, 2, batch_first=True)
        x = np.random.default_rng(0).normal(size=(1, 3, 4)).astype(np.float32)
        page = show(trace(lambda x: (attention(x, x, x)[0] ** 2).sum(), x))
        rows = int(page.locator("#step").get_attribute("max"))
        page.keyboard.press("b")
        page.keyboard.press("ArrowRight")
        assert "matmul → softmax → matmul" in said(page) and "that only rearrange numbers" in said(page)
        assert "rows in one step" in said(page) and page.locator("#said figure").count() >= 3
        assert page.evaluate("location.hash").endswith("&by=module")
        after_one = int(page.locator("#step").input_value())
        page.keyboard.press("ArrowRight")
        assert 10 < after_one < int(page.locator("#step").input_value()) < rows

    def test_rows_that_lose_digits_are_red(self, show: Any) -> None:
        page = show(trace(lambda p: np.log(1 - p), 1e-14), "#step=2")
        shade = lambda: (
            page.locator("tbody").nth(2).evaluate("row => getComputedStyle(row, null).getPropertyValue('--lost')")
        )
        assert float(shade()) > 0.7
        assert page.locator("#said .error").is_hidden()
        page.keyboard.press("d")
        assert page.locator("#digits").get_attribute("aria-pressed") == "true"
        assert page.locator("#said .error").inner_text().startswith("rounding error: 0.000")
        assert page.locator("#row-1").evaluate("box => box.style.getPropertyValue('--lost')")

    def test_a_network_walks_through_arrays(self, show: Any) -> None:
        graph = network()
        page = show(graph)
        for _ in range(int(page.locator("#step").get_attribute("max"))):
            page.keyboard.press("ArrowRight")
            assert page.locator("tbody.current").count() == page.locator("#picture .node.current").count() == 1
        gradients = [values.value(g) for g in graph.table().gradients.values()]
        assert page.locator("#said .result").inner_text() == gradients[-1]
        assert "sum(g, axis=0)" in said(page)


@browser.needed
class TestAround:
    def test_search_finds_names_operations_and_modules(self, show: Any) -> None:
        page = show(network())
        page.keyboard.press("/")
        for words, rows in (("tanh", ["ξ2"]), ("Sequential.2", ["ξ3"]), ("0.WEIGHT", ["0.weight"]), ("nowhere", [])):
            page.locator("#search").fill(words)
            found = page.locator("tbody.found td.variable").all_inner_texts()
            assert [text.partition(" = ")[0] for text in found] == rows
            assert page.locator("#picture .node.found").count() == len(rows)
        page.locator("#search").fill("tanh")
        page.keyboard.press("Enter")
        assert current(page) == ("ξ2", "row-1")
        page.keyboard.press("Escape")
        assert page.locator(".found").count() == 0

    def test_zoom_and_pan(self, show: Any) -> None:
        page = show(lecture())
        box = lambda: page.locator("#row-3").bounding_box()
        before = box()
        page.keyboard.press("+")
        assert box()["width"] > 1.2 * before["width"]
        page.keyboard.press("0")
        assert box() == pytest.approx(before)
        page.mouse.move(before["x"] + 5, before["y"] + 5)
        page.mouse.wheel(0, -300)
        page.wait_for_function(
            f"document.querySelector('#row-3').getBoundingClientRect().width > {1.2 * before['width']}"
        )
        assert box()["x"] < before["x"] + 5 < box()["x"] + box()["width"]  # the pointer stays where it was
        page.keyboard.press("0")
        x, y = before["x"] + before["width"] / 2, before["y"] + 12
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x + 60, y + 30)
        page.mouse.up()
        assert (box()["x"] - before["x"], box()["y"] - before["y"]) == pytest.approx((60, 30), abs=0.5)
        assert page.locator("tbody.current").count() == 0  # a drag is not a click

    def test_a_click_goes_to_the_step(self, show: Any) -> None:
        page = show(lecture(), "#step=8")
        page.locator("#row-1").click()
        assert current(page) == ("ξ2", "row-1") and "dL/dξ2" in said(page)
        page.locator("tbody", has_text="ξ4 = 1/ξ3").locator("td.variable").click()
        assert current(page) == ("ξ4", "row-3")

    def test_details_on_hover_and_focus(self, show: Any) -> None:
        page = show(network())
        details = page.locator("#details")
        page.locator("#row-1").hover()
        text = details.inner_text()
        assert all(
            part in text for part in ("5×8", "float32", "tanh", "Sequential.1", "test_page.py:", "return trace(")
        )
        page.mouse.move(5, 5)
        assert details.is_hidden()
        page.locator("tbody").first.focus()
        page.keyboard.press("ArrowDown")
        assert details.is_visible() and details.locator("strong").inner_text() == "0.weight (parameter)"

    def test_light_and_dark(self, show: Any) -> None:
        page = show(lecture(), color_scheme="dark")
        paper = lambda: page.evaluate("getComputedStyle(document.body).backgroundColor")
        dark = paper()
        page.keyboard.press("t")
        light = paper()
        brightness = lambda colour: sum(map(int, re.findall(r"\d+", colour)[:3]))
        assert brightness(dark) < 200 < 600 < brightness(light)
        page.locator("#theme").click()
        assert paper() == dark

    @pytest.mark.parametrize("graph", [lecture, convolutional])
    def test_a_phone_shows_everything(self, show: Any, graph: Any) -> None:
        page = show(graph(), "#step=9", viewport=browser.PHONE, has_touch=True, is_mobile=True)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        for control in ("first", "back", "play", "next", "last", "theme", "help"):
            box = page.locator(f"#{control}").bounding_box()
            assert box["x"] >= 0 and box["x"] + box["width"] <= 390 and box["y"] + box["height"] <= 844
            assert min(box["width"], box["height"]) >= 40
        picture, table = (page.locator(part).bounding_box() for part in ("#picture", "#rows"))
        assert picture["height"] > 150 and table["height"] > 100 and picture["y"] + picture["height"] <= table["y"]
        parts = [
            page.locator(p).bounding_box() for p in ("header", "#picture > svg", "#zoom", "#said", "#rows", "footer")
        ]
        for i, a in enumerate(parts):
            for b in parts[i + 1 :]:
                apart = a["x"] + a["width"] <= b["x"] + 1 or b["x"] + b["width"] <= a["x"] + 1
                assert apart or a["y"] + a["height"] <= b["y"] + 1
        before = current(page)
        page.locator("#next").tap()
        assert current(page) != before

    def test_the_keyboard_alone_reaches_everything(self, show: Any) -> None:
        page = show(lecture(), "#step=2")
        stops = []
        for _ in range(20):
            page.keyboard.press("Tab")
            stops.append(page.evaluate("document.activeElement.id || document.activeElement.dataset.zoom || "
                                       "document.activeElement.value || document.activeElement.tagName"))  # fmt: skip
            outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
            assert outline == "solid" or stops[-1] in ("reverse", "forward", "BODY")  # the label shows it
        order = ["reverse", "search", "theme", "help", "picture", "in", "out", "all", "TBODY", "first", "next", "step"]
        assert [stop for stop in stops if stop in order][: len(order)] == order
        page.locator("tbody[tabindex='0']").focus()
        for _ in range(5):
            page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
        assert current(page)[0] == "ξ3"
        page.keyboard.press("?")
        assert page.get_by_role("dialog", name="Keys").is_visible()
        assert page.evaluate("document.activeElement.textContent") == "Close"
        page.keyboard.press("Escape")
        assert page.get_by_role("dialog").count() == 0

    def test_what_a_reader_of_the_screen_hears(self, show: Any) -> None:
        page = show(lecture(), "#step=10")
        assert page.locator("#said").get_attribute("aria-live") == "polite"
        assert page.get_by_role("slider", name="Step").get_attribute("aria-valuetext") == "dL/dξ3, step 10 of 13"
        assert page.get_by_role("row").count() == 10 and page.get_by_role("columnheader").count() == 5
        assert page.get_by_role("button").evaluate_all("all => all.every(b => b.ariaLabel || b.textContent)")

    def test_names_are_inert(self, show: Any) -> None:
        w, v = (ag.Tensor(float(n), requires_grad=True) for n in (2, 3))
        graph = trace(lambda x: w * x + v, 3.0, names={HOSTILE: w, "<script>": v})
        page = show(graph)
        page.keyboard.press("End")
        assert current(page)[0] == "<script>" and page.locator("script").count() == 2
        assert page.locator("td.variable", has_text=HOSTILE).count() == 2

    def test_without_graphviz_the_table_walks_alone(self, show: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        def missing(*_: Any) -> str:
            raise RuntimeError('render: needs Graphviz. Fix: pip install "autograd-core[viz]".')

        monkeypatch.setattr(render, "svg", missing)
        page = show(lecture())
        assert "No picture: needs Graphviz" in page.locator("#note").inner_text()
        page.keyboard.press("End")
        assert result(page) == pytest.approx(-3 * E * P, rel=1e-7)

    def test_a_long_graph_steps_in_its_folded_picture(self, show: Any) -> None:
        def f(x: Any) -> Any:
            for _ in range(400):
                x = np.sin(x)
            return x

        page = show(trace(f, 0.5), "#step=200")
        assert page.locator("tbody.current td.variable").inner_text() == "ξ200 = sin ξ199"
        assert page.locator("tbody.current").bounding_box()["y"] < 740  # in sight
        assert page.locator("#picture .node.current").count() == 1
        page.keyboard.press("End")
        assert result(page) == pytest.approx(float(ag.grad(f)(np.array(0.5))), rel=1e-6)
