"""Rosters: the protocol, the schema of a collection, the manifest, and rosters derived from others."""
