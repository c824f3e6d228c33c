"""How elements are stored, and how they become the numbers they mean."""
