"""Test oracles: the expected result of a filter, a sort, a schema or an error response."""
