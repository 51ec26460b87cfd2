"""A generated school district: the same size and seed give the same district on every machine."""
