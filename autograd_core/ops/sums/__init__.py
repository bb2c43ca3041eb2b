"""Many numbers into fewer: reductions, scans, statistics, sorting, differences.

Imports the engine and its sister rooms.
"""
