"""The command line: one application, started as `arbvis` and as `modelweightvis`."""
