"""First steps at a terminal: what is installed, a table or a page of a formula, a network that learns.

python -m autograd_core
python -m autograd_core table "log(1/(1+exp(-x*w)))" x=3 w=3
python -m autograd_core page "log(1/(1+exp(-x*w)))" x=3 w=3
python -m autograd_core demo
"""

from __future__ import annotations

import argparse
import ast
import platform
import re
import time
from collections import defaultdict
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

import autograd_core as ag
from autograd_core.engine.errors import class_name
from autograd_core.support.hidden import refuse

FORMULA = "log(1/(1+exp(-x*w)))"
NOT_FOR_USERS = {"all", "dev", "docs", "peers", "clients"}


def main(argv: list[str] | None = None) -> None:
    """Do what the command line says.

    argv : the words after the program's name; those of this process by default
    """
    parser = argparse.ArgumentParser(
        prog="python -m autograd_core", description="Derivatives of what NumPy computes, and the way they come about."
    )
    commands = parser.add_subparsers(dest="command", metavar="table | page | demo")
    for name, what in (("table", "print the ξ-table of a formula"), ("page", "write it as a page to step through")):
        command = commands.add_parser(name, help=what, description=f"{what[0].upper()}{what[1:]}.")
        command.add_argument("formula", help=f'of NumPy\'s functions, e.g. "{FORMULA}"')
        command.add_argument("values", nargs="*", metavar="name=value", help="x=3 or x=[1,2]")
        command.add_argument("--wrt", action="append", metavar="NAME", help="the variables (default: all)")
        if name == "page":
            command.add_argument("--out", type=Path, default=Path("page.html"), help="the file (default page.html)")
    demo = commands.add_parser("demo", help="train a small network, and write its page")
    demo.add_argument("--seed", type=int, default=0, help="of points and weights (default 0)")
    demo.add_argument("--out", type=Path, default=Path("demo.html"), help="the page (default demo.html)")
    options = parser.parse_args(argv)
    if options.command is None:
        print(about())
        return
    try:
        if options.command == "demo":
            learn(options.seed, options.out)
            return
        graph = traced(options.formula, options.values, options.wrt)
        if options.command == "table":
            print(graph.table())
        else:
            graph.to_html(options.out)
            print(f"{options.out}: open it in a browser")
    except (ValueError, TypeError, OSError, ImportError) as error:
        commands.choices[options.command].error(str(error))


# What is here --------------------------------------------------------------------------------------------------------


def about() -> str:
    """Versions, the library behind matrix products, the extras that are installed, and what to try."""
    blas = np.show_config(mode="dicts").get("Build Dependencies", {}).get("blas", {})  # type: ignore[call-arg,union-attr]
    lines = [
        f"autograd-core {_version('autograd-core') or '(not installed: run from its folder)'}, "
        f"Python {platform.python_version()}, NumPy {np.__version__}, "
        f"BLAS {blas.get('name', 'unknown')} {blas.get('version', '')}".rstrip(),
        "",
    ]
    for extra, packages in extras().items():
        found = [f"{name} {version}" for name in packages if (version := _version(name))]
        missing = "" if len(found) == len(packages) else f"pip install 'autograd-core[{extra}]'"
        lines.append(f"  {extra:<12} {', '.join([*found, missing] if missing else found)}")
    command = "python -m autograd_core"
    lines += ["", "Try", f'  {command} table "{FORMULA}" x=3 w=3', f'  {command} page "{FORMULA}" x=3 w=3']
    return "\n".join([*lines, f"  {command} demo"])


def extras() -> dict[str, list[str]]:
    """The packages of each extra."""
    found: dict[str, list[str]] = defaultdict(list)
    try:
        required = metadata.requires("autograd-core") or []
    except metadata.PackageNotFoundError:
        return found
    for line in required:
        match = re.match(r"([\w.-]+)(?:\[.*?\])?.*;.*extra == ['\"]([\w-]+)['\"]", line)
        if match and match[2] not in NOT_FOR_USERS:
            found[match[2]].append(match[1])
    return found


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


# Formulas ------------------------------------------------------------------------------------------------------------

_PARTS = (
    *(ast.Expression, ast.BinOp, ast.UnaryOp, ast.Call, ast.Name, ast.Constant, ast.keyword, ast.Tuple, ast.List),
    *(ast.Subscript, ast.Slice, ast.operator, ast.unaryop, ast.expr_context),
)


def traced(formula: str, given: list[str], wrt: list[str] | None) -> Any:
    """The graph of a formula at the values that are given as ``name=value``."""
    values = dict(map(_value, given))
    try:
        tree = ast.parse(formula, mode="eval")
    except SyntaxError as error:
        raise ValueError(f"{formula!r} is no formula: {error.msg}.") from None
    functions: dict[str, Any] = {"e": np.e, "pi": np.pi}
    for node in ast.walk(tree):
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitXor):
            raise ValueError(f"{formula!r}: a power is written x**2, not x^2.")
        if not isinstance(node, _PARTS):
            raise ValueError(f"{formula!r}: {class_name(node)} is no part of a formula.")
        if isinstance(node, ast.Name) and node.id not in values and node.id not in functions:
            functions[node.id] = _function(node.id, values)
    f = eval(f"lambda {', '.join(values)}: {formula}", {"__builtins__": {}, **functions})
    return ag.trace(f, *values.values(), wrt=None if wrt is None else tuple(wrt))


def _value(given: str) -> tuple[str, Any]:
    name, _, number = given.partition("=")
    if not name.isidentifier() or not number:
        raise ValueError(f"{given!r}: values are given as x=3 or x=[1,2].")
    try:
        found = np.asarray(ast.literal_eval(number), np.float64)
    except (ValueError, SyntaxError):
        raise ValueError(f"{given!r}: {number!r} is neither a number nor a list of numbers.") from None
    return name, found if found.ndim else float(found)


def _function(name: str, values: dict[str, Any]) -> Any:
    found = getattr(ag, name, None) or getattr(ag.special, name, None)
    if name.startswith("_") or not callable(found) or isinstance(found, type):
        known = ", ".join(values) or "no variables"
        raise ValueError(f"{name!r} has no value and is no function. Fix: give {name}=…; there are {known}.")
    return found


# A network that learns -----------------------------------------------------------------------------------------------


def learn(seed: int, out: Path) -> None:
    """Train 2 → 16 → 16 → 2 on two moons, and write the page of its loss at three points."""
    for package in ("nn", "optim"):
        refuse(package)
    import nn
    import optim
    from nn.data import datasets

    x, y = datasets.moons(400, 0.15, seed)
    ag.manual_seed(seed)
    model = nn.Sequential(nn.Linear(2, 16), nn.Tanh(), nn.Linear(16, 16), nn.Tanh(), nn.Linear(16, 2))
    loss_of, optimizer = nn.CrossEntropyLoss(), optim.Adam(model.parameters(), lr=0.02)
    print("two moons: 400 points, a network of 2 → 16 → 16 → 2, Adam")
    began = time.perf_counter()
    for step in range(301):
        optimizer.zero_grad()
        logits = model(x)
        loss = loss_of(logits, y)
        if step % 100 == 0:
            right = np.mean(np.argmax(logits.numpy(), axis=1) == y)
            print(f"  step {step:3}   loss {loss.item():.4f}   {right:.1%} of the points right")
        loss.backward()
        optimizer.step()
    print(f"{time.perf_counter() - began:.1f} s")
    graph = ag.trace(lambda points: loss_of(model(points), y[:3]), x[:3], names=model)
    graph.to_html(out)
    print(f"{out}: every derivative of its loss at three points; open it in a browser")


if __name__ == "__main__":
    main()
