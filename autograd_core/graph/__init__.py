"""See a computation: ``trace`` gives its ``Graph``, which prints as the ξ-table and draws itself."""

from .graph import Graph, Row
from .symbol import Symbol
from .trace import trace

__all__ = ["trace", "Graph", "Row", "Symbol"]
