"""Storage of the sandbox: the district in SQLite, and the SQL for scopes, filters and sorting."""
