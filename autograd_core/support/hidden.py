"""Files beside a script that bear the names of this library's packages: ``import optim`` would bring them instead."""

from __future__ import annotations

import os
import sys
import warnings

HERE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
MESSAGE = "{} hides this library's package {}, so that `import {}` brings your file. Fix: rename it."


def tell_of_files() -> None:
    """Warn of a ``nn`` or ``optim`` beside the script that is not this library's; two looks at the folder."""
    folder = sys.path[0] if sys.path else ""
    for package in ("nn", "optim"):
        for path in (os.path.join(folder, f"{package}.py"), os.path.join(folder, package, "__init__.py")):
            if os.path.exists(path) and os.path.abspath(folder) != HERE:
                warnings.warn(MESSAGE.format(os.path.abspath(path), package, package), stacklevel=3)


def refuse(package: str) -> None:
    """ImportError where ``import package`` does not bring this library's.

    package : "nn" or "optim"
    """
    import importlib.util

    loaded = sys.modules.get(package)
    spec = getattr(loaded, "__spec__", None) or importlib.util.find_spec(package)
    origin = getattr(spec, "origin", None)
    if origin and os.path.dirname(os.path.dirname(os.path.abspath(origin))) != HERE:
        raise ImportError(MESSAGE.format(origin, package, package))
