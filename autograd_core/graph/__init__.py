"""See a computation: ``trace`` gives its ``Graph``, which prints as the ξ-table and draws itself.

Imports the engine, expressions, watching and the support room; nothing imports it.
"""

from ..expressions.symbol import Symbol
from .graph import Graph, Row
from .trace import trace

__all__ = ["trace", "Graph", "Row", "Symbol"]
