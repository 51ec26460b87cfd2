"""Inspect a tenant or a pulled roster: read records, compare two rosters, compute statistics.

Personal data is masked unless it is requested.
"""
