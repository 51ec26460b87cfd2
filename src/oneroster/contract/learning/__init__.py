"""Overlays written from observations of a tenant."""
