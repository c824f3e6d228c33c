"""Numeric kernels, compiled on first use; imported inside functions only."""
