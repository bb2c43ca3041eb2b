"""Functions from functions: gradients, Jacobians, checkpointing, the check by finite differences, and trees.

Imports the engine, the operations and the support room.
"""
