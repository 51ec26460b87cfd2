"""Incremental pulls: the watermark of a destination, and the update by changed rows."""
