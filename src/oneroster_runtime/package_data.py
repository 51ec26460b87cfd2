"""The OpenAPI document that lies in a generated package, and its specification."""

from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from oneroster_runtime.specification import Specification

__all__ = ["load_document", "load_profile_document", "load_specification"]


def load_document(package: str) -> dict[str, Any]:
    """Return the document of a generated package, as a fresh copy."""
    path = Path(import_module(package).__file__ or "").with_name("openapi.json")
    found: dict[str, Any] = msgspec.json.decode(path.read_bytes())
    return found


def load_profile_document(package: str, profile: str) -> dict[str, Any]:
    """Return the self-contained document of one profile, as a fresh copy.

    Raises:
        FileNotFoundError: The package has no such profile.
    """
    path = Path(import_module(package).__file__ or "").with_name("documents") / f"{profile}.json"
    found: dict[str, Any] = msgspec.json.decode(path.read_bytes())
    return found


@cache
def load_specification(package: str) -> "Specification":
    """Return the specification of a generated package. It is read once."""
    from oneroster_runtime.specification import read_specification

    return read_specification(load_document(package))
