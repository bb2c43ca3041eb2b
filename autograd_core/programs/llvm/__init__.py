"""Machine code for recorded programs, by LLVM through llvmlite (extra ``compile``).

Imports nothing of other rooms; llvmlite is imported where this room is used.
"""
