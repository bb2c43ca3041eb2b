"""Some of the numbers: indexing, selecting, and functional updates.

Imports the engine and its sister rooms.
"""
