"""The tile engine: blocks, folding, executors."""
