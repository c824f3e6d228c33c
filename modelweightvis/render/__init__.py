"""How tensors are coloured: by sign and magnitude at 1:1, by what lies under a pixel above."""
