"""Passes: each takes a program and gives it fewer rows, or rows that are cheaper; none changes what it computes.

Bits may change in ``contractions`` only, where a product with ones becomes a sum in another order.
"""

from __future__ import annotations

from ..form import Program
from .common import share_common
from .constants import fold_constants
from .contractions import sum_products_with_ones
from .copies import forward_copies
from .dead import drop_dead
from .identities import simplify
from .renaming import rename

__all__ = ["ALL", "optimise"]

ALL = (rename, fold_constants, simplify, sum_products_with_ones, forward_copies, share_common, drop_dead)


def optimise(program: Program) -> Program:
    """All passes in their order."""
    for improve in ALL:
        improve(program)
    return program
