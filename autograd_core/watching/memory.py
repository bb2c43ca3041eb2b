"""What the rows of a graph keep alive for the backward pass."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    pass

__all__ = ["arrays_kept", "owner"]


def owner(array: Any) -> Any:
    """The array that holds the memory which ``array`` may be a view of.

    >>> a = np.zeros((2, 3))
    >>> owner(a.T[1]) is a
    True
    """
    while isinstance(getattr(array, "base", None), np.ndarray):
        array = array.base
    return array


def arrays_kept(node: Any) -> list[Any]:
    """The arrays whose memory a row keeps alive."""
    owned = (owner(saved) for saved in node.saved if hasattr(saved, "nbytes"))
    return [array for array in owned if not isinstance(array, np.generic)]
