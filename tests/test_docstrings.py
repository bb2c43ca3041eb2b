"""Every public function and class says what its parameters mean, and every public definition what it is for.

A docstring may leave some to another one: "Arguments are those of ``np.sum``", "p, inplace : those of ``Dropout``".
What it leaves to a name of ours must be told there.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("autograd_core", "nn", "optim")
MODULES = [
    *("autograd_core", "autograd_core.linalg", "autograd_core.fft", "autograd_core.special"),
    *("nn", "nn.functional", "nn.init", "nn.utils", "nn.utils.parametrize", "nn.utils.parametrizations"),
    *("nn.data", "nn.data.transforms", "nn.training", "nn.callbacks", "nn.metrics", "nn.estimators", "nn.monitoring"),
    "nn.distributed",
    *("autograd_core.hips", "autograd_core.hips.extend", "autograd_core.hips.misc.optimizers"),
    *("nn.tensorboard", "optim", "optim.hooks", "optim.lr_scheduler", "optim.swa_utils"),
]
ELSEWHERE = re.compile(r"Arguments are\s+those of ``np\.|^``(np|scipy\.special)\.\w+\(.*\)`` on tensors")
"""Whole signatures that NumPy or SciPy documents."""

REFERENCE = re.compile(r"\bthose of\s+``([\w.]+)``")

LEFT = re.compile(r"^([\w, ]+?) +: those of\s+``(?!np\.|scipy\.|torch\.)([\w.]+)``", re.MULTILINE)
"""Parameters that are told under another name of ours."""


def public(module: Any) -> Iterator[tuple[str, Any]]:
    for name in getattr(module, "__all__", None) or [n for n in dir(module) if not n.startswith("_")]:
        value = getattr(module, name)
        home = (getattr(value, "__module__", None) or "").split(".")[0]
        if callable(value) and not inspect.ismodule(value) and home in PACKAGES:
            yield name, value


def named(path: str) -> Any:
    """What a docstring of ours calls ``path``."""
    package, _, name = path.rpartition(".")
    for module in [package] if package else MODULES:
        found = getattr(importlib.import_module(module), name, None)
        if found is not None:
            return found
    raise AssertionError(f"a docstring refers to ``{path}``, which is no public name")


def told(value: Any, seen: tuple[str, ...] = ()) -> str:
    """The docstring of something public, and those that it refers to."""
    text = inspect.getdoc(value) or ""
    if isinstance(value, type):
        text += vars(value)["__init__"].__doc__ or "" if "__init__" in vars(value) else ""
    paths = [
        path
        for path in REFERENCE.findall(text)
        if not path.startswith(("np.", "scipy.", "torch.")) and path not in seen
    ]
    return "\n".join([text, *(told(named(path), (*seen, *paths)) for path in paths)])


def parameters(value: Any) -> list[str]:
    try:
        found = inspect.signature(value).parameters.values()
    except (TypeError, ValueError):  # built in C, as the constructors of exceptions
        return []
    plain = [p for p in found if p.name not in ("args", "kwargs")]
    return [p.name for p in plain if not p.name.startswith("_")]


@pytest.mark.parametrize("path", MODULES)
def test_a_docstring_says_what_every_parameter_means(path: str) -> None:
    silent = {}
    for name, value in public(importlib.import_module(path)):
        text = told(value)
        missing = [p for p in parameters(value) if not re.search(rf"\b{re.escape(p)}\b", text)]
        if not text or (missing and not ELSEWHERE.search(text)):
            silent[name] = missing
    assert not silent, (
        f"{path}: docstrings that do not say what these parameters are: {silent} "
        "(a primitive that NumPy lacks is a function with a docstring, under its decorator)"
    )


@pytest.mark.parametrize("path", MODULES)
def test_what_is_left_to_another_docstring_is_told_there(path: str) -> None:
    empty = []
    for name, value in public(importlib.import_module(path)):
        for names, other in LEFT.findall(inspect.getdoc(value) or ""):
            missing = [
                n for n in re.split(r",\s*", names.strip()) if not re.search(rf"\b{re.escape(n)}\b", told(named(other)))
            ]
            empty += [f"{name}: {', '.join(missing)} of ``{other}``"] * bool(missing)
    assert not empty, f"{path}: not told where the docstring says: {empty}"


def definitions(body: list[ast.stmt], prefix: str = "") -> Iterator[tuple[str, ast.AST]]:
    for node in body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)) and not node.name.startswith("_"):
            yield prefix + node.name, node
            if isinstance(node, ast.ClassDef):
                yield from definitions(node.body, f"{prefix}{node.name}.")


def inherits_docstring(module: str, path: str) -> bool:
    """Whether a method, or the getter of a property, has a docstring in the class or in one of its bases."""
    *classes, name = path.split(".")
    if not classes:
        return False
    owner: Any = importlib.import_module(module)
    for part in classes:
        owner = getattr(owner, part)
    return any(getattr(vars(base).get(name), "__doc__", None) for base in owner.__mro__)


@pytest.mark.parametrize("package", PACKAGES)
def test_every_public_definition_has_a_docstring_or_inherits_one(package: str) -> None:
    silent = []
    for file in sorted((ROOT / package).rglob("*.py")):
        module = ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for path, node in definitions(ast.parse(file.read_text(encoding="utf-8")).body):
            if not ast.get_docstring(node) and not inherits_docstring(module, path):  # type: ignore[arg-type]
                silent.append(f"{module}.{path}")
    assert not silent, f"without a docstring: {', '.join(silent)}"
