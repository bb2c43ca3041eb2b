"""The pages of the API: every public name under the module that defines it."""

from __future__ import annotations

import importlib
import inspect
from collections import defaultdict
from pathlib import Path
from types import ModuleType
from typing import Any

PACKAGES = {
    "autograd_core": "the engine",
    "autograd_core.linalg": "linear algebra",
    "autograd_core.fft": "Fourier transforms",
    "autograd_core.special": "special functions",
    "autograd_core.graph": "graphs",
    "nn": "layers, losses, initialisers",
    "nn.functional": "layers and losses as functions",
    "nn.init": "initialisation",
    "nn.utils": "clipping, parameters as vectors, parametrizations",
    "nn.data": "data for training",
    "nn.training": "the training loop",
    "nn.estimators": "scikit-learn estimators",
    "optim": "optimizers",
    "optim.lr_scheduler": "schedules",
    "optim.swa_utils": "averaging of weights",
    "optim.hooks": "hooks of optimizers",
}


_MEMBERS = "   :members:\n   :exclude-members: set_fit_request, set_partial_fit_request, set_score_request\n"


def write(folder: Path) -> None:
    """One page a package into ``folder``, and an index of them."""
    folder.mkdir(exist_ok=True)
    described: set[Any] = set()
    for package, subject in PACKAGES.items():
        (folder / f"{package}.md").write_text(
            _page(importlib.import_module(package), subject, described), encoding="utf-8"
        )
    listed = "\n".join(PACKAGES)
    (folder / "index.md").write_text(f"# API\n\n```{{toctree}}\n:maxdepth: 1\n\n{listed}\n```\n", encoding="utf-8")


def _page(package: ModuleType, subject: str, described: set[Any]) -> str:
    """What the package names and no page before has described, under what its modules say of themselves."""
    homes: dict[str, list[str]] = defaultdict(list)
    for name in sorted(getattr(package, "__all__", dir(package)), key=str.lower):
        thing = getattr(package, name)
        documented = inspect.isclass(thing) or inspect.isroutine(thing)
        if not name.startswith("_") and documented and _is_ours(thing) and id(thing) not in described:
            described.add(id(thing))
            homes[thing.__module__].append(name)
    text = f"# {package.__name__}: {subject}\n\n{_first(package)}\n"
    for home in sorted(homes):
        module = importlib.import_module(home)
        text += f"\n## {_first(module).rstrip('.')}\n\n```{{eval-rst}}\n"
        for name in homes[home]:
            thing = getattr(package, name)
            directive = "autoclass" if inspect.isclass(thing) else "autofunction"
            text += f".. {directive}:: {package.__name__}.{name}\n"
            text += _MEMBERS if inspect.isclass(thing) else ""
        text += "```\n"
    return text


def _is_ours(thing: Any) -> bool:
    return (getattr(thing, "__module__", None) or "").split(".")[0] in ("autograd_core", "nn", "optim")


def _first(module: ModuleType) -> str:
    """The first line of what a module says of itself."""
    return (module.__doc__ or module.__name__).strip().split("\n")[0]
