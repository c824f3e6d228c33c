"""modelweightvis shows every weight of a model; it is a plugin of arbvis."""
