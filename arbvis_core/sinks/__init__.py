"""Where bundles go: a folder, or memory."""
