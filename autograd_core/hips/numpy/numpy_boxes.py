"""The box of an array."""

from __future__ import annotations

from ..installing import missing
from ..tracer import Box

ArrayBox = Box
"""What stands for an array while it is being differentiated."""

__getattr__ = missing(__name__)
