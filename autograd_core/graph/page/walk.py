"""What the page shows, as data: every variable with its value, its local derivatives and what flows through them."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ...engine.errors import class_name, printable
from ...engine.forms import Elementwise
from ...engine.reverse import pull
from ...expressions import sentences, values
from ...expressions.notation import write
from ...expressions.symbol import Symbol, apply, fold, variables
from .. import picture
from ..closed import Closed
from ..derivatives import LONGEST, Local, cotangents, local_derivatives, tangents
from ..graph import Graph, Row
from ..rounding import NO_ERROR, Rounding
from .heat import heat

if TYPE_CHECKING:
    from ...support.types import AnyArray, Array, ArrayLike, Fields

_MOST_PIXELS = 400_000  # of all pictures; those of inputs, parameters and the first rows are kept
_MEASURED = 5000  # numbers in all rows; beyond, their rounding errors are measured only where they are asked for
_MOST_TANGENTS = 4000  # variables times rows: beyond, the page has no forward mode
_BRIEF = 28  # characters; a longer formula stands in the table without its settings
_BRIEFLY = 48  # characters of a formula of the inputs
_LONGEST = 120  # characters of a formula with its numbers put in


def walk(graph: Graph, rounding: bool | None = None) -> Fields:
    """The data of the page: text and places only, ready for JSON.

    rounding : whether rounding errors are measured; None: of a small graph

    >>> import autograd_core.graph as see
    >>> data = walk(see.trace(lambda w: w * w, 3.0))
    >>> data["nodes"][1]["put"], data["nodes"][1]["value"], data["nodes"][0]["gradient"]
    ('3·3', '9', '6')
    """
    with np.errstate(all="ignore"):
        nodes = (*graph.sources, *graph.rows)
        places = {row: i for i, row in enumerate(nodes)}
        boxes = picture.places(graph)
        gradients = cotangents(graph)
        if rounding is None:
            rounding = sum(math.prod(row.shape or ()) for row in graph.rows) <= _MEASURED
        errors = _errors(graph, gradients) if rounding else {}
        pictures = _Pictures()
        closed = Closed(graph).values if all(row.shape == () for row in graph.rows) else {}
        inputs = ", ".join(printable(s.name) for s in graph.sources if s.kind == "input")
        return {
            "title": f"{printable(graph.output.name)}({inputs})",
            "output": printable(graph.output.name),
            "summed": bool(graph.output.shape),
            "nodes": [
                {
                    "box": boxes[row],
                    **_describe(row, places, gradients, row in graph.variables),
                    **pictures.of(picture=row.value, gradientPicture=gradients.get(row)),
                    "closed": _closed(row, closed),
                    **errors.get(row, {}),
                }
                for row in nodes
            ],
            "measured": bool(errors),
            "modules": any(row.origin and row.origin.module for row in graph.rows),
            "forward": _forward(graph, nodes),
        }


def _describe(row: Row, places: Mapping[Row, int], gradients: Mapping[Row, Array], varied: bool) -> Fields:
    known = {r.name: r for r in (*row.inputs, row)}
    locals_ = local_derivatives(row) if row.op else []
    shares = _shares(row, locals_, gradients)
    origin = row.origin
    return {
        "name": printable(row.name),
        "kind": row.kind,
        "op": row.op.name if row.op else "",
        "formula": write(row.expression, LONGEST) if row.op else "",
        "short": _short(row) if row.op else "",
        "sentence": _sentence(row),
        "put": _with_numbers(row.expression, known) if row.op else "",
        "value": values.value(row.value),
        "scalar": row.shape == (),
        "shape": values.UNKNOWN if row.shape is None else values.shape(row.shape),
        "dtype": str(row.dtype or ""),
        "module": origin.module if origin else "",
        "class": class_name(origin.owner) if origin and origin.owner is not None else "",
        "line": printable(f"{os.path.basename(origin.file)}:{origin.line}") if origin else "",
        "source": origin.source if origin else "",
        "inputs": [places[r] for r in row.inputs],
        "gradient": values.value(gradients.get(row, 0)) if row.op or varied else None,
        "locals": [
            {
                "of": places[d.parent],
                "text": d.text,
                "sentence": _sentence(row, row.parents.index(d.parent)),
                "map": d.is_map,
                "put": "" if d.is_map else _with_numbers(d.formula, known),
                "value": None if d.value is None else values.value(d.value),
                "share": shares.get(d.parent),
                "narrowed": isinstance(row.op, Elementwise) and d.parent.shape != row.shape,
            }
            for d in locals_
        ],
    }


def _closed(row: Row, known: Mapping[Row, Any]) -> str:
    """The row as a formula of the inputs, where that is short and not what the row says anyway."""
    form = known.get(row)
    text = "" if form is None else write(form, LONGEST)
    return text if len(text) <= _BRIEFLY and text != write(row.expression, LONGEST) else ""


def _sentence(row: Row, argument: int | None = None) -> str:
    """What an operation on arrays does, or its derivative by an argument."""
    if row.op is None or not any(r.shape for r in row.inputs):
        return ""
    if argument is None:
        return sentences.value(row.op.name, row.params)
    return sentences.derivative(row.op.name, row.op.argument_names(len(row.parents))[argument], argument == 0)


def _short(row: Row) -> str:
    """The formula without its settings, where it is long and they can be left out."""
    formula = write(row.expression, LONGEST)
    call = row.expression
    if len(formula) <= _BRIEF or "=" not in formula or not isinstance(call, Symbol):
        return formula
    return write(apply(call.function, call.args, {}, simplify=False), LONGEST)  # type: ignore[arg-type]


class _Pictures:
    """Pictures of arrays, as long as there is room for them."""

    def __init__(self) -> None:
        self.room = _MOST_PIXELS

    def of(self, **arrays: AnyArray | None) -> Fields:
        """Those of some arrays, by name, where there is something to see."""
        found: Fields = {}
        for name, array in arrays.items():
            shown = heat(array) if array is not None and self.room > 0 else None
            if shown:
                self.room -= shown["tiles"] * shown["height"] * shown["width"]
                found[name] = shown
        return found


def _errors(graph: Graph, gradients: Mapping[Row, Array]) -> dict[Row, Fields]:
    """The rounding errors of each row's value and cotangent as text, and how many of the digits are lost, 0 to 1."""
    rounding = Rounding(graph)
    pulled = rounding.cotangents(gradients)
    found = {}
    for row, error in rounding.values.items():
        back = pulled.get(row, NO_ERROR)
        lost = [round(rounding.severity(e.relative), 3) for e in (error, back)]
        found[row] = {"error": error.text, "gradientError": back.text, "lost": lost[0], "gradientLost": lost[1]}
    return found


def _shares(row: Row, locals_: list[Local], gradients: Mapping[Row, Array]) -> dict[Row, str]:
    """What the row passes back to each of its parents: dL/drow through the local derivative, as text."""
    if row not in gradients:
        return {}
    parents = {d.parent.node: d.parent for d in locals_}
    pulled = pull([row.node], {row.node: gradients[row]}, wanted=parents)
    return {parents[node]: values.value(c) for node, c in pulled.items() if node in parents}


def _with_numbers(formula: AnyArray, known: Mapping[str, Row]) -> str:
    """The formula with values in the place of names; nothing where an array is too large to be written out."""
    texts = {name: values.value(known[name].value) for name in variables(formula) if name in known}
    if not texts or any(":" in text or text == values.UNKNOWN for text in texts.values()):
        return ""
    numbers = {name: Symbol(f"({t})" if "−" in t and not t.startswith("[") else t) for name, t in texts.items()}

    def leaf(x: ArrayLike) -> Any:
        return numbers.get(x.head, x) if isinstance(x, Symbol) else x

    numeric = fold(formula, leaf, lambda s, args: apply(s.function, args, s.settings, simplify=False))  # type: ignore[arg-type]
    text = write(numeric, LONGEST)
    return text if len(text) <= _LONGEST else ""


def _forward(graph: Graph, nodes: tuple[Row, ...]) -> list[Fields]:
    """For each variable the derivatives of all rows with respect to it, of an array along ones."""
    if len(graph.variables) * len(graph.rows) > _MOST_TANGENTS:
        return []
    found = []
    for v in graph.variables:
        direction = np.ones(v.shape or (), getattr(v.node, "dtype", np.float64))
        try:
            along = tangents(graph, v, direction)
        except Exception:  # an operation of the user's may have no forward mode; all else is shown nevertheless
            continue
        texts = [values.value(along.get(row, 0)) if row.op or row is v else None for row in nodes]
        found.append({"wrt": nodes.index(v), "tangents": texts})
    return found
