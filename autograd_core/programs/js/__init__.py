"""Recorded programs as JavaScript: to run in a browser, or wherever else a JavaScript engine is.

The sibling of ``programs/c``, whose plan, loops and calls it shares; it prints what JavaScript writes otherwise.
"""
