"""The primitives, one family a file, and the composites made of them.

Imports the engine and the support room.
"""
