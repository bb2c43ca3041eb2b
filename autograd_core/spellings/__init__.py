"""PyTorch's spellings: its functions, with its names, arguments and meanings, said in the operations here.

Imports the engine, the operations, the border and support. Loaded when a tensor is first asked for a method that NumPy
does not have (``methods.py``), or by the face ``autograd_core.torch``. Arguments are those of the functions of the same
names in PyTorch, unless a docstring says otherwise.
"""
