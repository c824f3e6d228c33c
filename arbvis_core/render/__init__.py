"""Leaf renderers: what a tile looks like."""
