"""Contractions: matrix products, einsum, polynomials.

Imports the engine and its sister rooms.
"""
