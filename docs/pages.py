"""The pages of the API: every public name under the module that defines it, each module on a page of its own."""

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
    "autograd_core.signal": "signals",
    "autograd_core.stats": "distributions",
    "autograd_core.graph": "graphs",
    "autograd_core.hips": "HIPS autograd's face",
    "nn": "layers, losses",
    "nn.functional": "layers and losses as functions",
    "nn.init": "initialisation",
    "nn.utils": "clipping, parameters as vectors",
    "nn.utils.parametrize": "parametrized weights",
    "nn.utils.parametrizations": "weights of a given norm, orthogonal weights",
    "nn.utils.rnn": "sequences of different lengths",
    "nn.data": "data for training",
    "nn.data.datasets": "data to begin with",
    "nn.data.transforms": "changing data",
    "nn.training": "the training loop",
    "nn.callbacks": "what hangs on the loop",
    "nn.metrics": "what is measured",
    "nn.monitoring": "watching a network",
    "nn.tensorboard": "logs",
    "nn.estimators": "scikit-learn estimators",
    "nn.export": "other runtimes",
    "nn.playground": "pages that train",
    "nn.distributed": "several processes",
    "optim": "optimizers",
    "optim.lr_scheduler": "schedules",
    "optim.swa_utils": "averaging of weights",
    "optim.hooks": "hooks of optimizers",
}
"""What has pages. ``autograd_core.torch`` has PyTorch's names with PyTorch's meanings, and none."""

_MEMBERS = "   :members:\n   :exclude-members: set_fit_request, set_partial_fit_request, set_score_request\n"


def write(folder: Path) -> None:
    """A page for every module that defines public names into ``folder``, one with their list for every package."""
    folder.mkdir(exist_ok=True)
    described: dict[int, str] = {}
    for package, subject in PACKAGES.items():
        module = importlib.import_module(package)
        homes = entries(package)
        pages = []
        for home, names in homes.items():
            new = [name for name in names if id(getattr(module, name)) not in described]
            page = f"{package}-{home.removeprefix(f'{package}.')}"
            described |= {id(getattr(module, name)): page for name in new}
            if new:
                pages.append(page)
                (folder / f"{page}.md").write_text(_page(module, home, new), encoding="utf-8")
        (folder / f"{package}.md").write_text(_list(module, subject, homes, pages, described), encoding="utf-8")
    listed = "\n".join(PACKAGES)
    (folder / "index.md").write_text(f"# API\n\n```{{toctree}}\n:maxdepth: 1\n\n{listed}\n```\n", encoding="utf-8")


def entries(package: str) -> dict[str, list[str]]:
    """The public names of a package by the module that defines them."""
    module = importlib.import_module(package)
    homes: dict[str, list[str]] = defaultdict(list)
    for name in sorted(getattr(module, "__all__", dir(module)), key=str.lower):
        thing = getattr(module, name)
        documented = inspect.isclass(thing) or inspect.isroutine(thing) or callable(thing)
        if not name.startswith("_") and documented and not inspect.ismodule(thing) and _is_ours(thing):
            homes[thing.__module__].append(name)
    return dict(sorted(homes.items()))


def _page(package: ModuleType, home: str, names: list[str]) -> str:
    text = f"# {_first(importlib.import_module(home)).rstrip('.')}\n\n```{{eval-rst}}\n"
    for name in names:
        thing = getattr(package, name)
        directive = "autoclass" if inspect.isclass(thing) else "autofunction"
        text += f".. {directive}:: {package.__name__}.{name}\n"
        text += _MEMBERS if inspect.isclass(thing) else ""
    return text + "```\n"


def _list(
    package: ModuleType, subject: str, homes: dict[str, list[str]], pages: list[str], described: dict[int, str]
) -> str:
    """What the package names, each with the first line of its docstring."""
    text = f"# {package.__name__}: {subject}\n\n{_first(package)}\n"
    for home, names in homes.items():
        text += f"\n## {_first(importlib.import_module(home)).rstrip('.')}\n\n"
        for name in names:
            thing = getattr(package, name)
            text += f"- [`{name}`]({described[id(thing)]}.md): {_summary(thing)}\n"
    return text + "\n```{toctree}\n:hidden:\n\n" + "\n".join(pages) + "\n```\n"


def _summary(thing: Any) -> str:
    first = (inspect.getdoc(thing) or "").split("\n\n")[0].replace("\n", " ")
    return first.replace("|", r"\|").replace("*", r"\*").replace("<", "&lt;")


def _is_ours(thing: Any) -> bool:
    return (getattr(thing, "__module__", None) or "").split(".")[0] in ("autograd_core", "nn", "optim")


def _first(module: ModuleType) -> str:
    """The first line of what a module says of itself."""
    return (module.__doc__ or module.__name__).strip().split("\n")[0]
