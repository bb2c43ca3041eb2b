"""Recorded runs as people read them: code that runs by itself, a table, a picture, formulas."""
