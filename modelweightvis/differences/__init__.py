"""What differs between models: which tensor belongs to which, and by how much."""
