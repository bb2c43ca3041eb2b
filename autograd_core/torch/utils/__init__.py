"""``torch.utils``: data, and recomputation instead of memory."""

from typing import Any

from . import checkpoint, data

__all__ = ["checkpoint", "data"]


def __getattr__(name: str) -> Any:
    import importlib

    from autograd_core.support.lazy import advice

    if name == "tensorboard":
        return importlib.import_module(".tensorboard", __name__)
    raise AttributeError(advice("torch.utils", name))
