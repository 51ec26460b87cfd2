"""What is written down about a roster: where it is from, of when, and how much it holds."""

import os
from pathlib import Path
from typing import Any, Final

import msgspec

from oneroster.pull.errors import DestinationError

__all__ = ["CHANGES", "VERSION", "WHOLE", "Holding", "Manifest", "beside", "write_beside"]

VERSION: Final = 1
WHOLE: Final = "whole"
CHANGES: Final = "changes"


class Holding(msgspec.Struct, frozen=True):
    """One collection of a roster.

    Attributes:
        element: The schema name.
        rows: Rows in the roster.
        columns: Names of the columns; empty when the format has none of its own.
    """

    element: str
    rows: int
    columns: list[str] = []


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a roster.

    Attributes:
        kind: ``whole``, or ``changes``: then rows with the status ``tobedeleted`` are deletions.
        base_url: The tenant.
        profile: The dialect.
        started_at: When the pull began, in UTC, ISO 8601 with Z.
        finished_at: When it ended.
        watermark: From when on changes may be missing: where the next pull with ``--since last`` begins.
        since: From when on changes were asked for; None for a full pull.
        collections: By wrapper name, as in ``users``.
        not_offered: Wrapper names of what the tenant does not offer, with the reason.
        choice: What was asked for, in the words of the command line.
        tool: Who wrote it.
        version: Of this form.
    """

    kind: str = WHOLE
    base_url: str = ""
    profile: str = "standard"
    started_at: str = ""
    finished_at: str = ""
    watermark: str | None = None
    since: str | None = None
    collections: dict[str, Holding] = {}
    not_offered: dict[str, str] = {}
    choice: dict[str, Any] = {}
    tool: str = "oneroster-kit"
    version: int = VERSION

    def to_json(self) -> bytes:
        """As JSON, for people too."""
        return msgspec.json.format(msgspec.json.encode(self), indent=2) + b"\n"

    @classmethod
    def from_json(cls, text: bytes, where: str = "the manifest") -> "Manifest":
        """Read JSON.

        Raises:
            PlaceError: It is none of ours, or of a newer version than this one can read.
        """
        try:
            version = msgspec.json.decode(text, type=_Version).version
            if version > VERSION:
                raise DestinationError(
                    f"{where} is of version {version}; this release reads up to {VERSION}. Update it."
                )
            return msgspec.json.decode(text, type=cls)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise DestinationError(f"{where} is no manifest of a pull ({type(error).__name__}).") from None


class _Version(msgspec.Struct):
    version: int


def beside(place: Path) -> Path:
    """Where the manifest of a place lies that has no room for it inside."""
    return place.with_name(f"{place.name}.manifest.json")


def write_beside(place: Path, manifest: Manifest) -> None:
    """Write the manifest beside the place, at once or not at all.

    Raises:
        OSError: It cannot be written.
    """
    path = beside(place)
    partial = path.with_name(f"{path.name}.partial")
    with partial.open("wb") as file:
        file.write(manifest.to_json())
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
