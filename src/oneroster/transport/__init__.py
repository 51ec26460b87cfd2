"""Sending HTTP requests with httpx: sessions, authentication, retries, decompression and transport errors."""
