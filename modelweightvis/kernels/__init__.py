"""Compiled inner loops: stored units to values, values to codes, planes and statistics."""
