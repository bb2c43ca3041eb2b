"""Functions and their derivatives by hand in NumPy, in place where a value is dead: the floor under the table.

Each takes the arrays and returns the value and a function from its cotangent to that of the first array.
"""
