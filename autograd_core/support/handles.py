"""Handles: what registering a hook returns."""

from __future__ import annotations

import itertools
from typing import Any, Self

_keys = itertools.count()


class RemovableHandle:
    """Puts a hook in its place; ``remove()`` takes it away again, as a context manager the end of the block does.

    hooks : where it is put, under a key of its own; they are called in this order
    hook : what is called, with whatever belongs to it
    prepend : before all others, instead of after them
    """

    def __init__(self, hooks: dict[int, Any], hook: Any, prepend: bool = False) -> None:
        self.hooks, self.key = hooks, next(_keys)
        later = dict(hooks) if prepend else {}
        if prepend:
            hooks.clear()
        hooks[self.key] = hook
        hooks.update(later)

    def remove(self) -> None:
        """Take the hook away; a second time nothing happens."""
        self.hooks.pop(self.key, None)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.remove()
