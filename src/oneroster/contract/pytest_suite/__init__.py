"""The rules as pytest tests: one test for each rule and operation, all of which read the report of one run."""
