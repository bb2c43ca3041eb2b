"""The state of a model: the tensors it consists of, in dictionaries, in files, and as arguments of a function."""
