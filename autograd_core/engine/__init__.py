"""The engine: a Tensor, the Node that recorded it, primitives with their rules, and the two walks over the rows.

Read tensor, node, primitive, arithmetic, forms, calls, reverse, forward in this order. Imports no other room.
"""
