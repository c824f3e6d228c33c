"""Tensors that a file keeps side by side and that mean one weight: codes, scales, zeros, an index."""
