"""The ξ-table in every format: the same rows, whatever the names are and however many there are."""

from __future__ import annotations

import io
import re
import sys
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd_core as ag
import nn
from autograd_core.expressions import latex as tex
from autograd_core.expressions.notation import write
from autograd_core.expressions.symbol import shortened
from autograd_core.graph import Graph, Symbol, trace
from autograd_core.graph.table import Table

HOSTILE = [
    *("<script>alert(1)</script>", "a_b", "x|y", "$", "\\", "two\nlines", "50%", "#1", "{x}", "~^", "&amp;", "'\""),
    *("`code`", "*bold*", "[red]x[/red]", "\x1b[31mx", "é", "α", "a b", "[x](y)", "$a$", "a\\|b"),
]


def lecture() -> Graph:
    return trace(lambda x, y, w: -y * np.log(1 / (1 + np.exp(-x * w))), 3.0, 1.0, 3.0, wrt="w")


def hostile() -> Graph:
    named = {name: ag.Tensor(np.array(1.5 + i), requires_grad=True) for i, name in enumerate(HOSTILE)}
    total = sum((w * w for w in named.values()), ag.Tensor(0.0))
    return trace(total, names=named)


def long(rows: int) -> Graph:
    def f(x: Any) -> Any:
        for _ in range(rows):
            x = np.sin(x)
        return x

    return trace(f, 0.5)


def networks() -> dict[str, Graph]:
    rng = np.random.default_rng(0)
    ag.manual_seed(0)
    mlp = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.LayerNorm(8), nn.Linear(8, 3))
    convolution = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.ReLU(), nn.MaxPool2d(2))
    cnn = nn.Sequential(*convolution, nn.Flatten(), nn.Linear(8, 3))
    lstm, head = nn.LSTM(3, 5), nn.Linear(5, 3)
    loss, labels = nn.CrossEntropyLoss(), np.array([0, 2])
    return {
        "MLP": trace(lambda x: loss(mlp(x), labels), rng.normal(size=(2, 4)).astype(np.float32)),
        "CNN": trace(lambda x: loss(cnn(x), labels), rng.normal(size=(2, 1, 6, 6)).astype(np.float32)),
        "LSTM": trace(lambda x: loss(head(lstm(x)[0][-1]), labels), rng.normal(size=(50, 2, 3)).astype(np.float32)),
    }


NETWORKS = networks()
GRAPHS = {"lecture": lecture(), "hostile": hostile(), **NETWORKS}


@pytest.fixture(params=GRAPHS)
def table(request: pytest.FixtureRequest) -> Table:
    return GRAPHS[request.param].table()


def expected(table: Table) -> list[list[str]]:
    return [[column.heading for column in table.columns], *map(table.cells, table.lines())]


class Cells(HTMLParser):
    """What a browser makes of a page: the text of every cell, and the tags."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.tags: set[str] = set()
        self.inside = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.add(tag)
        self.inside = tag in ("th", "td")
        if tag == "tr":
            self.rows.append([])
        elif self.inside:
            self.rows[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        self.inside = False

    def handle_data(self, data: str) -> None:
        if self.inside:
            self.rows[-1][-1] += data


# Formats -------------------------------------------------------------------------------------------------------------


def test_the_columns_are_the_lectures() -> None:
    reverse, forward = lecture().table(), lecture().table("forward")
    assert [c.heading for c in reverse.columns] == [
        *("variable", "local derivative", "value", "value of derivative"),
        "dL/dξ",
    ]
    assert forward.columns[-1].heading == "dξ/dw"
    assert reverse.cells(list(reverse.lines())[3]) == [
        *("ξ4 = 1/ξ3", "∂ξ4/∂ξ3 = −1/ξ3²", "0.99987661", "−0.99975323", "−1.0001234")
    ]


def test_captions_say_the_mode_and_zero_has_no_sign() -> None:
    assert lecture().table().head[0] == "reverse mode at x = 3, y = 1, w = 3"
    assert NETWORKS["CNN"].table("forward", wrt="x").head[0] == "forward mode"
    assert trace(lambda x: -x * 0, 3.0).table().records()[1]["value"] == 0
    assert "−0 " not in str(trace(lambda x: -x * np.array([0.0, 1.0]), 0.0).table())


def test_every_row_names_its_module_or_says_that_there_is_none() -> None:
    table = trace(lambda x: (nn.Linear(2, 2)(x) * 2).sum(), np.ones((1, 2), np.float32)).table()
    cells = [table.cells(line)[0] for line in table.lines() if line and line.first]
    assert cells == ["Linear", "–", "–"]


def test_a_browser_shows_the_cells_as_they_are(table: Table) -> None:
    for page in (table.to_html(), table._repr_html_()):
        read = Cells(page)
        assert read.rows == expected(table)
        assert "script" not in read.tags


def test_github_shows_the_cells_as_they_are(table: Table) -> None:
    markdown_it = pytest.importorskip("markdown_it", reason="rich brings it along")
    page = markdown_it.MarkdownIt("commonmark").enable("table").render(table.to_markdown())
    assert Cells(page).rows == [[cell.strip() for cell in row] for row in expected(table)]


def test_no_dollar_starts_mathematics_in_markdown(table: Table) -> None:
    assert not re.search(r"(?<!\\)(\\\\)*\$", table.to_markdown())


def test_text_shows_every_cell_whole(table: Table) -> None:
    text = str(table)
    assert all(char == "\n" or char.isprintable() for char in text)
    for row in expected(table):
        for cell in row:
            if len(cell) <= 44:  # a longer one goes on in the next line
                assert cell in text


def test_latex_is_well_formed(table: Table) -> None:
    source = table.to_latex()
    assert_well_formed(source)
    columns = len(table.columns) - 1
    for line in source.splitlines():
        if line.endswith(r"\\"):
            outside = re.sub(r"\\begin{bmatrix}.*?\\end{bmatrix}", "", line)
            assert len(re.findall(r"(?<!\\)&", outside)) == columns


def assert_well_formed(source: str) -> None:
    """Braces and \\left … \\right match, mathematics is closed on every line, nothing is a comment or a parameter."""
    source = "\n".join(line for line in source.splitlines() if not line.startswith("% "))
    bare = re.sub(r"\\[\\{}$&#%_]", "", source)
    depth = 0
    for char in bare:
        depth += (char == "{") - (char == "}")
        assert depth >= 0
    assert depth == 0
    assert all(line.count("$") % 2 == 0 for line in bare.splitlines())
    assert len(re.findall(r"\\left\b", bare)) == len(re.findall(r"\\right\b", bare))
    assert not re.search(r"[#%~<>|\"](?![^$]*\$)|[\x00-\x09\x0b-\x1f]", re.sub(r"\$[^$]*\$|\\\[.*?\\\]", "", bare))


@given(st.text())
def test_any_name_is_well_formed_latex(name: str) -> None:
    assert_well_formed(f"${tex.name(name)}$")
    assert "\n" not in tex.name(name)


@pytest.mark.parametrize("mode", ["reverse", "forward"])
def test_latex_is_typeset(mode: str) -> None:
    """By the one typesetter that pip installs."""
    pytest.importorskip("matplotlib", reason="typesets the formulas")
    from matplotlib.mathtext import MathTextParser

    formulas = re.findall(r"\$[^$]+\$", lecture().table(mode).to_latex())
    assert len(formulas) == 6 * 5 + 1
    for formula in formulas:
        MathTextParser("agg").parse(formula)


x, y, W = Symbol("x1"), Symbol("y"), Symbol("W", (3, 2))


@pytest.mark.parametrize(
    ("formula", "source"),
    [
        (-1 / Symbol("ξ3") ** 2, r"-\frac{1}{\xi_{3}^{2}}"),
        ((-x - y) / y, r"\frac{-x_{1} - y}{y}"),
        ((x / y) ** 2, r"\left(\frac{x_{1}}{y}\right)^{2}"),
        (-(1 - y) * np.log(x), r"-\left(1 - y\right) \cdot \log x_{1}"),
        (np.exp(x + 1) * y, r"\exp\left(x_{1} + 1\right) \cdot y"),
        (np.sqrt(abs(x)), r"\sqrt{\left\lvert x_{1}\right\rvert }"),
        ((x + 1) @ W.mT, r"\left(x_{1} + 1\right)\,W^{\top}"),
        (x * (y > 0), r"x_{1} \cdot \left[y > 0\right]"),
        (x * 1e-5, r"x_{1} \cdot 1 \cdot 10^{-5}"),
        (W[1:, 0], r"W\text{[1:, 0]}"),
        (np.sum(W, axis=0), r"\sum\left(W, \text{axis=0}\right)"),
        (np.broadcast_to(y, (3, 2)), r"y \cdot 1_{3 \times 2}"),
    ],
)
def test_formulas_in_latex(formula: Any, source: str) -> None:
    assert tex.latex(formula) == source


def test_values_in_latex() -> None:
    assert tex.value(np.array([[1.0, 2.0], [3.0, -0.5]])) == r"\begin{bmatrix}1 & 2 \\ 3 & -0.5\end{bmatrix}"
    assert tex.value(np.ones((2, 4))) == r"2 \times 4\colon 1 \ldots 1 \ldots 1\;\lVert 2.83\rVert"
    assert tex.value(None) == r"\text{--}" and tex.value(np.float64("nan")) == r"\text{nan}"


def test_records_hold_the_numbers(table: Table) -> None:
    for record, line in zip(table.records(), table.lines(), strict=True):
        assert line is not None and record["value"] is line.row.value
        assert record["variable"] == line.row.name and record.get("module", "").startswith(line.module)


def test_a_data_frame_holds_the_records() -> None:
    pytest.importorskip("pandas", reason='comes with "autograd-core[pandas]"')
    frame = lecture().table().to_pandas()
    assert list(frame["variable"]) == ["ξ1", "ξ2", "ξ3", "ξ4", "ξ5", "L"]
    assert frame["derivative_value"].prod() == pytest.approx(-3 / (1 + np.exp(9)))


def test_missing_libraries_are_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    for library in ("pandas", "rich.console"):
        monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(ModuleNotFoundError, match=r'pip install "autograd-core\[pandas\]"'):
        lecture().table().to_pandas()
    lecture().table().show()
    assert capsys.readouterr().out == f"{lecture().table()}\n"


# The terminal --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [16, 40, 2000])
def test_a_terminal_of_any_width_shows_everything(table: Table, width: int) -> None:
    console = pytest.importorskip("rich.console", reason='comes with "autograd-core[viz]"')
    output = io.StringIO()
    console.Console(file=output, width=width).print(table)
    printed = re.sub(r"\s", "", output.getvalue())
    for cell in (*(c for line in table.lines() for c in table.cells(line)), *table.head, *table.foot):
        assert re.sub(r"\s", "", cell) in printed
    assert max(map(len, output.getvalue().splitlines())) <= width


def test_colours_are_for_terminals(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("rich", reason='comes with "autograd-core[viz]"')
    lecture().table().show()
    assert capsys.readouterr().out == f"{lecture().table()}\n"
    monkeypatch.setenv("FORCE_COLOR", "1")
    lecture().table().show()
    assert "\x1b[1m" in capsys.readouterr().out


# Many rows, long formulas --------------------------------------------------------------------------------------------


def test_the_middle_of_a_long_table_is_left_out_with_a_notice() -> None:
    table = long(2000).table(max_rows=10)
    for printed in (str(table), table.to_markdown(), table.to_latex(), table.to_html()):
        assert "1,990 of 2,000 rows are left out" in printed
    shown = [line.row.name if line else "⋮" for line in table.lines()]
    assert shown == [*(f"ξ{i}" for i in range(1, 6)), "⋮", *(f"ξ{i}" for i in range(1996, 2000)), "L"]
    assert len(table.records()) == 2000


def test_rows_are_chosen_by_slice_name_or_place() -> None:
    graph = lecture()

    def names(rows: Any) -> list[str]:
        return [record["variable"] for record in graph.table(rows=rows).records()]

    assert names(slice(1, 3)) == ["ξ2", "ξ3"]
    assert names("ξ4") == ["ξ4"] and names(-1) == ["L"] and names(["L", 0]) == ["ξ1", "L"]
    assert graph.table(rows=slice(1, 3)).foot == graph.table().foot
    assert len(str(graph.table(rows=slice(0, 0))).splitlines()) == 5


def test_a_formula_whose_parts_are_shared_is_cut_before_it_is_written() -> None:
    """Thirty squarings are 2³⁰ factors on paper."""
    formula = x
    for _ in range(30):
        formula = formula * formula + formula
    assert len(write(formula, 40)) < 200 and "…" in write(formula, 40) and "…" in repr(formula)
    assert shortened(x * y + 1, 5) is not None and write(x * y + 1, 5) == "x1·y + 1"


@pytest.mark.parametrize("name", NETWORKS)
def test_tables_of_networks_are_readable(name: str) -> None:
    text = str(NETWORKS[name].table())
    assert max(map(len, text.splitlines())) < 260
    assert "module" in text and "weight" in text


def test_rules_that_loop_over_time_are_named() -> None:
    assert "= ∂lstm/∂weight" in str(NETWORKS["LSTM"].table())


def test_the_module_column_says_where_a_row_was_computed() -> None:
    table = NETWORKS["MLP"].table()
    modules = [record["module"] for record in table.records() if record["wrt"]]
    assert table.columns[0].heading == "module"
    assert [m.rpartition(".")[2] for m in dict.fromkeys(modules)][:4] == ["0", "1", "2", "3"]
    assert lecture().table().columns[0].heading == "variable"


def test_a_row_without_a_derivative_has_a_line() -> None:
    op = ag.elementwise(lambda x, y: x * y, name="one-sided", x=lambda y: y, y=None)
    (row,) = trace(lambda y: op(2.0, y), 3.0).table().records()
    assert row["variable"] == "L" and row["wrt"] is None and row["value"] == 6


def test_large_arrays_stand_as_shape_range_mean_and_norm() -> None:
    assert "4×2: 1 … 1 … 1 ‖2.83‖" in str(trace(lambda w: (w * w).sum(), np.ones((4, 2))).table())


# Closed forms --------------------------------------------------------------------------------------------------------


def logistic(x: Any, y: Any, w: Any) -> Any:
    p = 1 / (1 + np.exp(-x * w))
    return -y * np.log(p) - (1 - y) * np.log(1 - p)


@given(st.tuples(*[st.floats(0.2, 2.0)] * 3))
@settings(max_examples=4, deadline=None)  # SymPy takes its time
def test_closed_forms_are_the_values_and_the_derivatives(point: tuple[float, ...]) -> None:
    graph = trace(logistic, *point)
    table = graph.table(closed=True)
    inputs = dict(zip("xyw", point, strict=True))
    assert table.closed is not None and len(table.forms) == 3
    for row in graph.rows:
        assert table.closed.values[row].evaluate(inputs) == pytest.approx(row.value, rel=1e-9)
    for name, form in table.forms.items():
        assert form.evaluate(inputs) == pytest.approx(table.gradients[name], rel=1e-8, abs=1e-12)


def test_the_closed_form_is_as_short_as_in_a_textbook(monkeypatch: pytest.MonkeyPatch) -> None:
    table = lecture().table(closed=True)
    assert [c.heading for c in table.columns][1:4] == ["in x, y, w", "local derivative", "derivative in x, y, w"]
    assert "1/(1 + exp(−x·w))" in str(table) and r"\frac{1}{1 + \exp" in table.to_latex()
    assert table.records()[4]["closed derivative"] == "1 + exp(−x·w)"
    pytest.importorskip("sympy", reason="shortens them")
    assert "= −x·y/(exp(x·w) + 1) =" in table.foot[0]
    monkeypatch.setitem(sys.modules, "sympy", None)
    assert "exp(−x·w)" in lecture().table(closed=True).foot[0].split(" = ")[2]


def test_a_closed_form_of_arrays_sums_only_what_it_can_write() -> None:
    x, w = np.arange(3.0), np.array([0.5, -1.0, 0.25])
    inner = trace(lambda x, w: 1 / (1 + np.exp(-(x @ w))), x, w).table(closed=True)
    assert inner.forms["w"].evaluate({"x": x, "w": w}) == pytest.approx(inner.gradients["w"])
    assert set(trace(lambda x, w: (x * w).sum(), x, np.array(2.0)).table(closed=True).forms) == {"x"}
    assert trace(lambda x: (x * 1j).imag.sum(), x).table(closed=True).forms == {}
    assert trace(lambda g, w: (g @ w) ** 2, x, w).table(closed=True).forms == {}  # g is what adjoints are maps of


# Rounding errors -----------------------------------------------------------------------------------------------------


def errors(graph: Graph, **options: Any) -> dict[str, Any]:
    """By variable the relative errors of its value, local derivative and cotangent."""
    records = graph.table(rounding=True, **options).records()
    return {r["variable"]: [v for k, v in r.items() if k.startswith("error of")] for r in records}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@given(st.integers(1, 6))
def test_the_error_of_log_one_minus_p_is_what_log1p_says(dtype: Any, digits: int) -> None:
    p = dtype(10.0) ** -digits
    found = errors(trace(lambda p: np.log(1 - p), p))["L"][0]
    exact = np.log1p(-p.astype(np.longdouble))
    assert found == pytest.approx(float(abs(np.log(1 - p) - exact) / abs(exact)), rel=1e-2, abs=1e-18)


@pytest.mark.parametrize("tiny", [1e-12, 1e-17, 1e-19, 1e-25, 1e-300])
def test_digits_that_the_wider_type_loses_as_well_are_not_called_right(tiny: float) -> None:
    lost = errors(trace(lambda p: np.log(1 - p), tiny))["L"][0]
    assert lost > 1e-6 and (tiny > 1e-16 or lost >= 1)


def test_what_is_exact_has_no_error_and_a_difference_of_large_numbers_has() -> None:
    exact = errors(trace(lambda x: (x + 1 - 2) * x, 3.0))
    assert {error for row in exact.values() for error in row} == {0}
    found = errors(trace(lambda a: (a + 1e8) - 1e8, np.array([1.1, 2.2])))
    assert found["ξ1"][0] < 1e-16 and 1e-10 < found["L"][0] < 1e-8
    table = trace(lambda a: (a + 1e16) - 1e16, 1.1).table(rounding=True)
    exact, lost = table.lines()
    assert table.severity(exact) == 0 < 0.9 < table.severity(lost) and "rgb(220 38 38" in table.to_html()
    assert table.severity(lost, table.columns[-1]) == 0 < table.severity(lost, table.columns[2])  # dL/dL, and L itself


@pytest.mark.parametrize("mode", ["reverse", "forward"])
@pytest.mark.parametrize("name", NETWORKS)
def test_networks_lose_a_digit_or_two(name: str, mode: str) -> None:
    graph = NETWORKS[name]
    found = errors(graph, mode=mode, wrt=graph.variables[0].name)
    known = [e for row in found.values() for e in row if e is not None]
    assert len(known) > len(graph.rows) and max(known) < 1e-3
    assert str(graph.table(rounding=True)) and graph.table(rounding=True).to_latex()


def test_what_cannot_run_again_says_so_in_its_cell() -> None:
    rng, seen, buffer = np.random.default_rng(0), [], np.ones(3)
    noisy = ag.elementwise(lambda x: x * rng.normal(size=x.shape), name="noisy", x=1)

    def only_double(x: Any) -> Any:
        seen.append(x.dtype)
        if x.dtype != np.float64:
            raise TypeError("float64 only, please")
        return x + x

    narrow = ag.elementwise(only_double, name="narrow", x=lambda x: 2 * x / x)
    table = trace(lambda x: (narrow(noisy(x)) * buffer).sum(), np.ones(3)).table(rounding=True)
    text = re.sub(r"\s+", " ", table.to_markdown())
    assert "run again, it gives other numbers" in text and "not replayed: narrow" in text and len(seen) > 1
    graph = trace(lambda x: (x * ag.Tensor(buffer)).sum(), np.arange(1.0, 4.0))
    buffer[0] = 7
    table = graph.table(rounding=True)
    assert "other numbers (random, or overwritten)" in table.to_html()


def test_a_rule_that_the_wider_type_has_not_is_taken_as_it_was() -> None:
    def narrow(rule: Any) -> Any:
        def only_double(x: Any) -> Any:
            if np.asarray(x).dtype == np.longdouble:
                raise TypeError("float64 only, please")
            return rule(x)

        return only_double

    cube = ag.elementwise(narrow(lambda x: x**3), name="cube", x=narrow(lambda x: 3 * x**2))
    for mode in ("reverse", "forward"):
        found = errors(trace(lambda x: (cube(x * 3) + 1e8) - 1e8, 1.1), mode=mode)
        assert found["ξ2"][:2] == [None, None] and found["ξ2"][2] < 1e-15 and found["ξ1"][2] < 1e-15
        assert found["L"][0] > 1e-11


def test_measuring_draws_no_random_numbers_of_the_program() -> None:
    ag.manual_seed(0)
    noisy = ag.elementwise(lambda x: x * ag.default_generator().normal(), name="drawing", x=1)
    graph = trace(noisy, 2.0)
    state = ag.default_generator().bit_generator.state
    graph.table(rounding=True)
    assert ag.default_generator().bit_generator.state == state


def test_errors_are_measured_in_a_block_that_does_not_record() -> None:
    outside = lecture().table(rounding=True)
    with ag.no_grad():
        assert str(outside.graph.table(rounding=True)) == str(outside) and "not replayed" not in str(outside)


def test_a_machine_without_a_wider_type_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(np, "longdouble", np.float64)
    assert "no wider type on this machine" in str(lecture().table(rounding=True))


# Bad input -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"rows": "ξ9"}, r"rows='ξ9' is not a row: there are 6, ξ1 … L"),
        ({"rows": [0, 6]}, "rows=6 is not a row"),
        ({"rows": 1.5}, "rows=1.5 is not a row"),
        ({"max_rows": 0}, "at least 1, or None"),
    ],
)
def test_wrong_rows_are_named(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        lecture().table(**arguments)


def test_a_graph_released_since_says_so() -> None:
    kept = []

    def loss(w: Any) -> Any:
        kept.append(w * w * w)
        return kept[0]

    graph = trace(loss, 2.0)
    kept[0].backward()
    with pytest.raises(RuntimeError, match="released by a backward pass since it was traced"):
        graph.table()


def test_python_objects_may_go_round_in_circles() -> None:
    w = ag.Tensor(2.0, requires_grad=True)
    circle: list[Any] = [w]
    circle.append(circle)
    book: dict[str, Any] = {"w": w}
    book["book"] = book
    model = nn.Sequential(nn.Linear(1, 1))
    model[0].parent = model
    graph = trace(lambda x: (model(x) * circle[0] * book["w"]).sum(), np.ones((1, 1), np.float32), names=book)
    assert {v.name for v in graph.variables} == {"x", "w", "model.0.weight", "model.0.bias"}
    assert "dL/dw" in str(graph.table())
