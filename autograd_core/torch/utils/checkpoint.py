"""``torch.utils.checkpoint``: compute a part of a model again in the backward pass instead of keeping its values."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import autograd_core as ag

from ..tensor import plain, wrap

if TYPE_CHECKING:
    from autograd_core.support.types import AnyArray


def checkpoint(
    function: Callable[..., Any],
    *args: Any,
    use_reentrant: bool | None = None,
    preserve_rng_state: bool = True,
    **kwargs: Any,
) -> Any:
    """``function(*args, **kwargs)``, of which nothing is kept for the backward pass but the arguments.

    function : what is computed, twice
    use_reentrant, preserve_rng_state : accepted; random numbers are always the same the second time
    """
    recomputed = ag.checkpoint(lambda *a, **k: plain(function(*wrap(a), **wrap(k))))
    return wrap(recomputed(*plain(args), **plain(kwargs)))


def checkpoint_sequential(functions: Any, segments: int, input: AnyArray, **options: Any) -> Any:
    """A sequence of modules in so many ``checkpoint`` parts."""
    modules = list(functions)
    size = -(-len(modules) // segments)
    for i in range(0, len(modules), size):
        input = checkpoint(_chain, modules[i : i + size], input, **options)
    return input


def _chain(modules: list[Any], x: AnyArray) -> Any:
    for module in modules:
        x = module(x)
    return x
