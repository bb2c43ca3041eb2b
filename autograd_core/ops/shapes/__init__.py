"""The same numbers in another arrangement: shapes, joins, padding, diagonals, ranges.

Imports the engine and its sister rooms.
"""
