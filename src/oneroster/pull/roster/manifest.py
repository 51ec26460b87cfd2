"""The manifest of a roster: its source, its times, and its collections."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec

from oneroster.atomic_files import write_atomically
from oneroster.error_words import words_of
from oneroster.errors import ConfigurationError
from oneroster.pull.errors import DestinationError
from oneroster.standard import DEFAULT, Standard

if TYPE_CHECKING:
    from oneroster_runtime.specification import Specification

__all__ = [
    "CHANGES_ONLY",
    "MANIFEST_FORMAT",
    "WHOLE_ROSTER",
    "Manifest",
    "StoredCollection",
    "manifest_path",
    "write_manifest",
]

MANIFEST_FORMAT: Final = 2
"""The form of the JSON. Form 1 has ``version`` in place of ``format`` and ``choice`` in place of ``selection``."""

WHOLE_ROSTER: Final = "whole"
CHANGES_ONLY: Final = "changes"


class StoredCollection(msgspec.Struct, frozen=True):
    """A collection of a roster.

    Attributes:
        element: The schema name.
        rows: The number of rows.
        columns: The names of the columns; empty when the format has fixed columns.
    """

    element: str
    rows: int
    columns: list[str] = []


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """The manifest of a roster.

    Attributes:
        kind: `WHOLE_ROSTER`, or `CHANGES_ONLY`, where rows with the status ``tobedeleted`` are deletions.
        standard: The version of OneRoster.
        converted_from: The version of OneRoster that the tenant speaks, if the roster was converted to another one.
        base_url: The tenant.
        profile: The dialect.
        time_zone: The time zone of the tenant, in which days are written; empty if it is not known.
        started_at: The start of the pull, in UTC, ISO 8601 with Z.
        finished_at: The end of the pull.
        watermark: Changes after this time may be missing; ``--since last`` starts from it.
        since: The time from which changes were requested; None for a full pull.
        collections: The collections by wrapper name, as in ``users``.
        values: The number of values of required properties in records that are not deleted, as in ``users.username``,
            and under ``users.status`` that of these records; empty in manifests of earlier releases and of CSV bundles.
        files: The rows as written, by collection or by file of another name; empty in manifests of earlier releases.
        not_offered: The wrapper names of collections that the server does not offer, with the reason.
        selection: What was selected, by the names of the options.
        run_id: The name of the run that wrote the roster; empty for none.
        data_folder: On an object store, the folder with the data of this roster, beside the manifest.
        data_format: On an object store, the format of the data.
        tool: The program that wrote the manifest.
        format: The form of the JSON.
    """

    kind: str = WHOLE_ROSTER
    standard: str = DEFAULT
    converted_from: str = ""
    base_url: str = ""
    profile: str = "standard"
    time_zone: str = ""
    started_at: str = ""
    finished_at: str = ""
    watermark: str | None = None
    since: str | None = None
    collections: dict[str, StoredCollection] = {}
    files: dict[str, int] = {}
    values: dict[str, int] = {}
    not_offered: dict[str, str] = {}
    selection: dict[str, Any] = {}
    run_id: str = ""
    data_folder: str = ""
    data_format: str = ""
    tool: str = "oneroster-kit"
    format: int = MANIFEST_FORMAT

    @property
    def specification(self) -> "Specification":
        """The specification of the version of OneRoster.

        Raises:
            ConfigurationError: The version is not supported.
        """
        return Standard.of(self.standard).specification

    def to_json(self) -> bytes:
        """Return the manifest as indented JSON."""
        return msgspec.json.format(msgspec.json.encode(self), indent=2) + b"\n"

    @classmethod
    def from_json(cls, text: bytes, where: str = "the manifest") -> "Manifest":
        """Read a manifest from JSON of this form or an earlier one.

        Args:
            text: The JSON.
            where: The file or table that it was read from, for messages.

        Raises:
            DestinationError: It is not a manifest of a pull, or was written by a later release.
        """
        try:
            head = msgspec.json.decode(text, type=_Head)
            form = head.version if head.format is None else head.format
            if form is None:
                raise DestinationError(f"{where} is not a manifest of a pull (it has no format number).")
            if form > MANIFEST_FORMAT:
                raise DestinationError(
                    f"{where} has format {form}, and this release reads up to {MANIFEST_FORMAT}. Update oneroster-kit."
                )
            if form == MANIFEST_FORMAT:
                manifest = msgspec.json.decode(text, type=cls)
            else:
                manifest = msgspec.json.decode(text, type=_Form1).converted()
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise DestinationError(f"{where} is not a manifest of a pull ({words_of(error)}).") from None
        try:
            Standard.of(manifest.standard)
        except ConfigurationError as error:
            raise DestinationError(f"{where} cannot be read by this release: {error}") from None
        return manifest


class _Head(msgspec.Struct):
    format: int | None = None
    version: int | None = None


class _Form1(msgspec.Struct, kw_only=True):
    """The manifest in form 1."""

    kind: str = WHOLE_ROSTER
    base_url: str = ""
    profile: str = "standard"
    started_at: str = ""
    finished_at: str = ""
    watermark: str | None = None
    since: str | None = None
    collections: dict[str, StoredCollection] = {}
    not_offered: dict[str, str] = {}
    choice: dict[str, Any] = {}
    tool: str = "oneroster-kit"

    def converted(self) -> Manifest:
        """Return the manifest in the present form."""
        known = msgspec.structs.asdict(self)
        return Manifest(selection=known.pop("choice"), **known)


def manifest_path(destination: Path) -> Path:
    """Return the path of the manifest beside a destination whose format cannot embed it."""
    return destination.with_name(f"{destination.name}.manifest.json")


def write_manifest(destination: Path, manifest: Manifest) -> None:
    """Write the manifest beside a destination, atomically.

    Raises:
        OSError: It cannot be written.
    """
    write_atomically(manifest_path(destination), manifest.to_json())
