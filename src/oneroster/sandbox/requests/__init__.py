"""Requests of the sandbox, parsed: query parameters, bodies and the operation they are bound to."""
