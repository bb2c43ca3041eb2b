"""Many numbers into fewer: reductions, scans, spread (var, cov), order (sort, median, quantiles), differences.

Imports the engine and its sister rooms.
"""
