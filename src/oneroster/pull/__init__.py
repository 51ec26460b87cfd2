"""A whole roster, exactly once, where it is needed: files, a database, or Arrow."""
