"""Many numbers into fewer: sums, means, products (reductions), extremes and their ties, exponentials (softmax), scans,
spread (var, cov), order (sort, median, quantiles), and sampled functions (differences, gradient, interpolation).

Imports the engine and its sister rooms.
"""
