"""The primitives, one family a file, and the composites made of them."""
