"""Differences of files that are not models."""
