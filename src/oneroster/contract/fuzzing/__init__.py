"""Property-based tests by schemathesis and Hypothesis; nothing else imports either."""
