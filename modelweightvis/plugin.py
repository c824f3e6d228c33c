"""Everything that modelweightvis adds to arbvis, on one page."""
