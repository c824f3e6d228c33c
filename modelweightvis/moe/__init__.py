"""Mixtures of experts at a glance: layers × experts, one cell per expert's matrix."""
