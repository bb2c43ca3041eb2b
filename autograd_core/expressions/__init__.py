"""Formulas: names that answer operations with expressions, their simplification, and their notation.

Knows nothing of graphs. Imports the engine and the operations.
"""
