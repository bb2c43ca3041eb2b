"""Contracts: what the sizes of a primitive's arguments must satisfy, such as ``x.shape[-1] == 2 * y.shape[-2]``."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

_OPPOSITE = {"==": "!=", "!=": "==", "<=": ">", ">=": "<", "<": ">=", ">": "<="}
_TERM = r"(?:(\d+) \* )?([^\W\d]\w*)\.(?:ndim|shape\[(-?\d+)\])|(\d+)"
_CONTRACT = re.compile(f"({_TERM}) ({'|'.join(_OPPOSITE)}) ({_TERM})")


class Contract:
    """The comparison that ``text`` says; ValueError where it is none, or one of something else than ``arguments``.

    >>> import numpy as np
    >>> broken = Contract("x.shape[-1] == y.shape[-2]", ["x", "y"]).broken
    >>> broken({"x": np.ones((2, 3)), "y": np.ones((4, 5))}), broken({"x": np.ones((2, 3)), "y": np.ones((3, 5))})
    ('needs x.shape[-1] == y.shape[-2] (3 != 4)', '')
    """

    def __init__(self, text: str, arguments: Sequence[str]) -> None:
        self.text, found = text, _CONTRACT.fullmatch(text)
        if found is None:
            example = "'x.shape[-1] == 2 * y.shape[-2]' or 'x.ndim > 1', with spaces around the sign"
            raise ValueError(f"contract={text!r} is not a comparison of two terms. Fix: write one such as {example}.")
        parts = found.groups()  # each side: its text, factor, name, axis, number
        self.left, self.sign, self.right = parts[1:5], parts[5], parts[7:11]
        unknown = {side[1] for side in (self.left, self.right) if side[1]} - set(arguments)
        if unknown:
            names = ", ".join(arguments)
            raise ValueError(f"contract={text!r} speaks of {', '.join(unknown)}; Fix: the arguments are {names}.")

    def broken(self, args: Mapping[str, Any]) -> str:
        """``needs x.shape[-1] == y.shape[-2] (3 != 4)`` where that does not hold, else an empty string."""
        try:
            a, b = _value(args, *self.left), _value(args, *self.right)
        except (IndexError, AttributeError):  # an operand has fewer axes than the contract speaks of: NumPy knows more
            return ""
        holds = {"==": a == b, "!=": a != b, "<=": a <= b, ">=": a >= b, "<": a < b, ">": a > b}[self.sign]
        return "" if holds else f"needs {self.text} ({a} {_OPPOSITE[self.sign]} {b})"


def _value(args: Mapping[str, Any], factor: str | None, name: str, axis: str | None, number: str | None) -> int:
    if number is not None:
        return int(number)
    shape = args[name].shape
    return int(factor or 1) * (len(shape) if axis is None else shape[int(axis)])
