"""A traced computation as TensorFlow's GraphDef, the form in which TensorBoard reads it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from tensorboard.compat.proto.attr_value_pb2 import AttrValue
from tensorboard.compat.proto.graph_pb2 import GraphDef
from tensorboard.compat.proto.node_def_pb2 import NodeDef
from tensorboard.compat.proto.tensor_shape_pb2 import TensorShapeProto
from tensorboard.compat.proto.versions_pb2 import VersionDef

import autograd_core as ag
from autograd_core.engine.errors import class_name
from autograd_core.support.modes import modes_of, restoring

from ..modules.hooks import first_tensor
from ..modules.module import Module

if TYPE_CHECKING:
    from autograd_core.graph.graph import Row


def graph_def(model: Module, inputs: Any = None) -> GraphDef:
    """A node for each row, input, parameter and constant; names are module paths: ``Sequential/0/linear``.

    model : a module (run in eval mode, without its state changing), a function, or a Graph made by ``ag.trace``
    """
    graph = model if hasattr(model, "rows") and hasattr(model, "sources") else _traced(model, inputs)
    names: dict[int, str] = {}
    taken: set[str] = set()
    root = next((class_name(row.origin.root) for row in graph.rows if row.origin and row.origin.root), "")
    user = {id(source): row for row in reversed(graph.rows) for source in row.inputs}
    for row in graph.rows:
        names[id(row)] = _unique(f"{_scope(row)}{row.op.name}", taken)
    for source in graph.sources:
        if source.kind == "parameter":
            name = "/".join((*filter(None, [root]), *source.name.split(".")))
        else:
            name = source.name if source.kind == "input" else f"{_scope(user.get(id(source)))}{source.name}"
        names[id(source)] = _unique(name, taken)
    nodes = []
    for row in (*graph.sources, *graph.rows):
        operation = row.op.name if row.op else row.kind.capitalize()
        sources = [names[id(source)] for source in row.inputs]
        nodes.append(NodeDef(name=names[id(row)], op=operation, input=sources, attr=_attributes(row)))
    return GraphDef(node=nodes, versions=VersionDef(producer=22))


def _traced(model: Module, inputs: Any) -> Any:
    if not callable(model):
        raise TypeError(f"add_graph: needs a module, a function or a Graph of ag.trace, not {class_name(model)}.")
    if inputs is None:
        raise ValueError("add_graph: a model is traced with an input. Fix: add_graph(model, x), or give a Graph.")
    args = inputs if isinstance(inputs, tuple) else (inputs,)
    if not isinstance(model, Module):
        return ag.trace(model, *args)

    def traced() -> Any:
        model.eval()
        return ag.trace(lambda *x: first_tensor(model(*x)), *args, names=model)

    return restoring(traced, modes_of(model))


def _scope(row: Row | None) -> str:
    """``Sequential/encoder/0/`` of what a module computed; empty for the rest."""
    if row is None or row.origin is None or row.origin.root is None:
        return ""
    return "/".join((class_name(row.origin.root), *filter(None, row.origin.path.split(".")), ""))


def _unique(name: str, taken: set[str]) -> str:
    """The name in characters that TensorBoard takes, numbered where there is one already."""
    base = name = re.sub(r"[^\w./\-]", "_", name, flags=re.ASCII)
    number = 0
    while name in taken:
        number += 1
        name = f"{base}_{number}"
    taken.add(name)
    return name


def _attributes(row: Row) -> dict[str, AttrValue]:
    found = {}
    if row.shape is not None:
        shape = TensorShapeProto(dim=[TensorShapeProto.Dim(size=size) for size in row.shape])
        found["_output_shapes"] = AttrValue(list=AttrValue.ListValue(shape=[shape]))
    if row.op:
        found["formula"] = AttrValue(s=f"{row.name} = {row.expression}"[:200].encode())
    for key, value in (row.params or {}).items():
        found[key] = AttrValue(s=repr(value)[:200].encode())
    return found
