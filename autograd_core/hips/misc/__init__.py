"""Flattening, optimizers, fixed points."""

from __future__ import annotations

from ..installing import missing
from .flatten import flatten as flatten

__getattr__ = missing(__name__)
