"""OneRoster CSV, the format of the standard: a bundle of files and a manifest, as folder or zip."""

from pathlib import Path

from oneroster.pull.formats.format import WriteResult
from oneroster.pull.formats.oneroster_csv.reader import BundleRoster
from oneroster.pull.formats.oneroster_csv.row_selection import DEFAULTS
from oneroster.pull.formats.oneroster_csv.sinks import FolderSink, ZipSink
from oneroster.pull.formats.oneroster_csv.writer import write_bundle
from oneroster.pull.roster.roster_protocol import Roster

__all__ = ["OneRosterCsvFormat"]


class OneRosterCsvFormat:
    """See `oneroster.pull.formats.format.Format`.

    Args:
        zipped: Write a zip instead of a folder. Both can be read.
    """

    name = "csv"
    embeds_manifest = False
    filled = frozenset(DEFAULTS)

    def __init__(self, *, zipped: bool = False) -> None:
        self._zipped = zipped

    def write(self, target: Path, roster: Roster) -> WriteResult:
        """See `oneroster.pull.formats.format.Format.write`."""
        with ZipSink.create(target) if self._zipped else FolderSink.create(target) as sink:
            return write_bundle(sink, roster)

    def open(self, destination: Path) -> Roster:
        """See `oneroster.pull.formats.format.Format.open`."""
        return BundleRoster(destination)
