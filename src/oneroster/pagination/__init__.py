"""Reading a collection exactly once: the algorithm, its state and its concurrency. No I/O."""
