"""The same numbers in another arrangement: shapes (and dtypes), axes in another order, joins, many times over, padding,
diagonals; and new arrays, made of lists or as ranges.

Imports the engine and its sister rooms.
"""
