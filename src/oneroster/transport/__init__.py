"""The httpx side of the client: sending, authentication, retries, decompression and transport errors."""
