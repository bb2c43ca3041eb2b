"""Watching a computation: where numbers go wrong, what it costs, what became of its graph. Loaded when asked for.

Imports the engine and expressions.
"""
