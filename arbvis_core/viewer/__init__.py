"""The page that shows a bundle: its files, and the viewer built beside them."""
