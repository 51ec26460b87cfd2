"""The families of rules, apart from the rules, so that the command line can name them without importing the kit."""

from typing import Final

__all__ = ["FAMILIES"]

FAMILIES: Final = (
    "envelope",
    "schema",
    "paging",
    "sorting",
    "filtering",
    "fields",
    "combinations",
    "semantics",
    "access",
    "errors",
    "additions",
    "privacy",
    "http",
    "writes",
    "engine",
)
"""The families, in the order of a run: earlier ones are prerequisites of later ones."""
