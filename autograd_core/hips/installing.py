"""This face under the name ``autograd``, and what is said of names that are not here."""

from __future__ import annotations

import importlib
import pkgutil
import sys
from collections.abc import Callable
from typing import Any

_INSTEAD = {
    "JVPNode": "nothing: forward mode walks the same graph as reverse mode; defjvp gives a primitive its rule",
    "VJPNode": "defvjp, or autograd_core.primitive",
    "SparseObject": "nothing: cotangents of indexing are accumulated in place",
    "def_linear": "defjvp(f, 'same'), or autograd_core.linear",
    "register_notrace": "notrace_primitive",
    "trace": "autograd_core.vjp, which answers with a value and its pullback",
    "new_box": "autograd_core.Tensor",
    "const_graph": "autograd_core.compile, which records a function once",
    "full_graph": "autograd_core.Graph, which shows every intermediate",
}


def missing(module: str) -> Callable[[str], Any]:
    """``__getattr__`` of a module of this face: what to use in the place of a name that is not here.

    module : the module's own name
    """

    def answer(name: str) -> Any:
        if not name.startswith("__"):
            where = module.replace("autograd_core.hips", "autograd")
            instead = _INSTEAD.get(name, "autograd_core's own functions, or extend.primitive with a rule of your own")
            raise AttributeError(f"{where}.{name} is not in autograd_core.hips. Fix: use {instead}.")
        raise AttributeError(f"module {module!r} has no attribute {name!r}")

    return answer


def install() -> None:
    """Put this face under the name ``autograd`` for the rest of the process, with all its modules.

    Raises RuntimeError where HIPS autograd itself has been imported: its functions could not be told from these.

    First in a program, before whatever imports autograd::

        import autograd_core.hips

        autograd_core.hips.install()
        import lifelines
    """
    package = importlib.import_module(__package__)
    present = sys.modules.get("autograd")
    if present is not None and present is not package:
        raise RuntimeError(
            "install: HIPS autograd is imported already. Fix: call autograd_core.hips.install() before the first "
            "import of autograd or of a package that stands on it, or run python -m autograd_core.hips script.py."
        )
    names = [m.name for m in pkgutil.walk_packages(package.__path__, f"{__package__}.")]
    modules = {n: importlib.import_module(n) for n in names if not n.endswith(("__main__", ".installing"))}
    for name, module in {str(__package__): package, **modules}.items():
        sys.modules[name.replace(str(__package__), "autograd", 1)] = module
