"""What files are."""
