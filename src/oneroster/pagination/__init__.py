"""Exactly-once reading of a collection: the algorithm, its state and its concurrency, without I/O."""
