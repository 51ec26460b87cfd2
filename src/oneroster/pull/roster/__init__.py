"""Rosters: the protocol, the columns of a collection, the manifest, and rosters derived from other rosters."""
