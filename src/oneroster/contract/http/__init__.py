"""HTTP of the contract kit: the gateway, its credentials, and requests and responses as recorded."""
