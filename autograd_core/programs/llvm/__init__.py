"""Machine code for recorded programs, by LLVM through llvmlite (extra ``compile``).

Imports support; llvmlite is imported where this room is used.
"""
