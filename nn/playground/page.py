"""The page as one file without any network: markup, style, script, programs and data."""

from __future__ import annotations

import base64
import hashlib
import json
import os
from html import escape
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd_core.engine.errors import class_name
from autograd_core.support.files import write_atomically

from ..data import datasets
from .programs import GRID, Printed, printed, with_step

if TYPE_CHECKING:
    from autograd_core.support.types import Array

_SCRIPTS = ("network.js", "rows.js", "page.js")
_MOST, _BATCH, _VALIDATION = 4096, 30, 100
ACTIVATIONS = ("Tanh", "ReLU", "Sigmoid", "Identity")
SIZES = ((4, 2), (8,), (3,), (6, 6))


def write(
    model: Any,
    x: Array,
    y: Array,
    path: str | os.PathLike[str],
    title: str = "A network that trains",
    step: Any = None,
) -> Path:
    """Write a page that trains this very model in the browser, on these data; gives its path.

    model : a Sequential that begins and ends with nn.Linear; its present weights are where the page begins
    x : examples (n, 2), points of the plane, or (n, pixels) of square images
    y : classes (n,) from 0 on; the last fifth of the examples is for validation
    path : of the page, one file that needs no network
    title : of the page
    step : of ``ag.compile``, recorded, which trains the model on a batch of x and y, with any loss and optimizer; the
        page goes on from where it is. Without one the page trains by gradient descent on the cross-entropy, and batch
        size and penalties can be chosen, too

    Losses and the rows of the ξ-table are those of the cross-entropy. A click on a neuron opens its rows.

    Raises TypeError for other models, ValueError for data of other shapes and for layers that no JavaScript can be
    printed of, OSError where the file cannot be written. Then nothing is written.

    >>> import tempfile
    >>> import nn
    >>> x, y = nn.data.datasets.moons(60)
    >>> model = nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 2))
    >>> write(model, x, y, tempfile.mkdtemp() + "/play.html").name
    'play.html'
    """
    x, y = np.asarray(x), np.asarray(y)
    if x.ndim != 2 or y.shape != x.shape[:1] or len(x) < 10 or y.dtype.kind not in "iu":
        raise ValueError(
            f"playground: x of shape {x.shape} and y of {y.dtype} {y.shape} are no examples with their classes. "
            "Fix: x (n, features), y (n,) of whole numbers, n at least 10."
        )
    if not np.isfinite(x).all() or y.min() < 0:
        raise ValueError("playground: x must be finite, classes must begin at 0.")
    x, y = x[:_MOST], y[:_MOST]
    validation = min(len(x) // 5, 300)
    if step is not None and not hasattr(step, "record"):
        raise TypeError(f"playground: the step is a {class_name(step)}. Fix: decorate it by ag.compile, run it.")
    batch = _BATCH if step is None else int((*np.shape(step.record.inputs[0]), 1)[0])
    if step is not None and batch > len(x) - validation:
        raise ValueError(f"playground: a step takes {batch} examples, for training there are {len(x) - validation}.")
    batch = min(batch, len(x) - validation)
    found = printed(model, batch, validation)
    if step is not None:
        found = with_step(found, step, model)
    if x.shape[1] != found.sizes[0] or y.max() >= found.sizes[-1]:
        raise ValueError(
            f"playground: the model takes {found.sizes[0]} features to {found.sizes[-1]} classes, the data have "
            f"{x.shape[1]} and {y.max() + 1}."
        )
    if found.sizes[-1] < 2:
        raise ValueError("playground: the model needs an output for each class, two at least. Fix: nn.Linear(…, 2).")
    side = round(x.shape[1] ** 0.5)
    if x.shape[1] != 2 and side * side != x.shape[1]:
        raise ValueError(f"playground: {x.shape[1]} features are neither points of a plane nor a square image.")
    return _write([("", "", found)], {"data": (x, y)}, batch, validation, title, path)


def playground(path: str | os.PathLike[str]) -> Path:
    """Write a page with networks to choose from, on circle, xor, gauss, spiral and moons; gives its path.

    path : of the page, one file that needs no network

    Raises OSError where the file cannot be written; then nothing is written.
    """
    import nn

    family = []
    for name in ACTIVATIONS:
        activation = getattr(nn, name)
        for hidden in SIZES:
            sizes = [2, *hidden]
            layers = [layer for n, m in zip(sizes, hidden, strict=False) for layer in (nn.Linear(n, m), activation())]
            model = nn.Sequential(*layers, nn.Linear(sizes[-1], 2))
            family.append((name, " ".join(map(str, hidden)), printed(model, _BATCH, _VALIDATION)))
    data = {
        "circle": datasets.circles(400, 0.08),
        "xor": datasets.xor(400),
        "gauss": datasets.gauss(400, 0.4),
        "spiral": datasets.spirals(400, 0.02),
        "moons": datasets.moons(400),
    }
    return _write(family, data, _BATCH, _VALIDATION, "Playground: a network, step by step", path)


def _write(
    family: list[tuple[str, str, Printed]],
    data: dict[str, tuple[Array, Array]],
    batch: int,
    validation: int,
    title: str,
    path: str | os.PathLike[str],
) -> Path:
    members = [
        {
            "activation": name,
            "hidden": hidden,
            "sizes": p.sizes,
            "kinds": p.kinds,
            "own": p.own,
            "parameters": [_short(v) for v in p.parameters.values()],
        }
        for name, hidden, p in family
    ]
    about = {
        "grid": GRID,
        "validation": validation,
        "batch": batch,
        "members": members,
        "sets": {name: {"x": _short(np.ravel(x)), "y": y.tolist()} for name, (x, y) in data.items()},
    }
    programs = ",\n".join(
        f"{{{', '.join(f'{json.dumps(key)}: {text}' for key, text in p.functions.items())}}}" for _, _, p in family
    )
    script = "".join(["'use strict';\n", f"const PROGRAMS = [{programs}];\n", *map(_asset, _SCRIPTS)])
    text = Template(_asset("page.html")).substitute(
        title=escape(title),
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        style=_asset("page.css"),
        data=json.dumps(about, separators=(",", ":")).replace("<", "\\u003c"),
        script=script,
    )
    target = Path(path)
    write_atomically(target, text.encode(), "playground: cannot write the page")
    return target


def _short(values: Any) -> list[float]:
    """Numbers as short as float32 allows."""
    return [float(f"{float(v):.9g}") for v in values]


def _asset(name: str) -> str:
    return files(__name__.rpartition(".")[0]).joinpath(name).read_text(encoding="utf-8")
