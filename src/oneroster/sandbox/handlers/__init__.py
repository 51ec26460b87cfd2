"""Request handlers of the sandbox: dispatch, reads and writes."""
