"""Where in a model an error arose: the module's path is put before the message on the way out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from autograd_core.engine.errors import class_name, printable

if TYPE_CHECKING:
    from .module import Module


def locate(error: Exception, module: Module) -> None:
    """Note that ``error`` left ``module``: its message begins with the path from here to where it arose.

    ``Module.__call__`` calls this at every level, innermost first, so that the path grows from its end. A message
    that is a plain string is rewritten (the type stays); any other exception gets a note.

    >>> import numpy as np, nn
    >>> model = nn.Sequential(nn.Sequential(nn.Linear(2, 2)))
    >>> model(np.ones((1, 3), np.float32))
    Traceback (most recent call last):
    ValueError: 0.0: Linear(in_features=2, out_features=2, bias=True): input of shape (1, 3); ...
    """
    trail = getattr(error, "_left", None)
    if trail is None:
        plain = len(error.args) == 1 and type(error.args[0]) is str and str(error) == error.args[0]
        error._left = (module, "", str(error) if plain else None)  # type: ignore[attr-defined]
        return
    inner, path, words = trail
    step = printable(name_within(module, inner))
    longer = f"{step}.{path}" if step and path else step or path
    error._left = (module, longer, words)  # type: ignore[attr-defined]
    if words is not None:
        error.args = (f"{longer}: {words}",) if longer else (words,)
        return
    if path:
        error.__notes__.remove(_note(path))
    if longer:
        error.add_note(_note(longer))


def name_within(module: Module, inner: Module) -> str:
    """What ``inner`` is called in ``module``; its class in brackets where it is not part of it."""
    return next((name for name, child in module.named_modules() if child is inner), f"<{class_name(inner)}>")


def _note(path: str) -> str:
    return f"raised in {path}"
