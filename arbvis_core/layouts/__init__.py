"""Layouts: what lies where."""
