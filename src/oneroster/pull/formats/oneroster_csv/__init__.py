"""OneRoster 1.1 CSV: the standard's own format, as a folder or a zip of thirteen files and a manifest."""

from pathlib import Path

from oneroster.pull.formats.format import WriteResult
from oneroster.pull.formats.oneroster_csv.reader import BundleRoster
from oneroster.pull.formats.oneroster_csv.sinks import FolderSink, ZipSink
from oneroster.pull.formats.oneroster_csv.writer import write_bundle
from oneroster.pull.roster.roster import Roster

__all__ = ["Bundle"]


class Bundle:
    """The format; see `oneroster.pull.formats.format.Form`.

    Args:
        zipped: Whether it is written as one zip and not as a folder; both are read.
    """

    name = "csv"
    embeds_manifest = False

    def __init__(self, *, zipped: bool = False) -> None:
        self._zipped = zipped

    def write(self, target: Path, roster: Roster) -> WriteResult:
        """See `oneroster.pull.formats.format.Form`."""
        with ZipSink.made(target) if self._zipped else FolderSink.made(target) as sink:
            return write_bundle(sink, roster)

    def open(self, place: Path) -> Roster:
        """See `oneroster.pull.formats.format.Form`."""
        return BundleRoster(place)
