"""Request handlers of the sandbox: dispatch, reads, writes and the serialization of records."""
