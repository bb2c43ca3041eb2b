"""Primitives that stand for several operations where a benchmark shows that it pays; tests hold each to those.

Imports autograd_core alone.
"""
