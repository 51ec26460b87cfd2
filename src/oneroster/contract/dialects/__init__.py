"""Dialects: overlays of the OpenAPI document, and the specification that results."""
