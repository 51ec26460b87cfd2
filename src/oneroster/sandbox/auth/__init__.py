"""Authentication of the sandbox: bearer tokens, OAuth 1 signatures and the OAuth 2 token endpoint."""
