"""Steps that know the curvature: L-BFGS, Newton's, and how far to go along a direction. For losses without noise."""
