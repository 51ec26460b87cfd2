"""A roster as a OneRoster 1.1 CSV bundle: whole as bulk, changes as delta."""

import csv
import io
from collections.abc import Collection, Iterable, Iterator
from contextlib import ExitStack
from functools import cache
from hashlib import sha256
from typing import Any, Final
from urllib.parse import urlsplit

import pyarrow as pa
import pyarrow.compute as pc

from oneroster.pull.errors import DestinationError
from oneroster.pull.formats.format import WriteResult
from oneroster.pull.formats.oneroster_csv.binding import ASSOCIATED, FILES, HEAD, MANIFEST, STANDARD, File
from oneroster.pull.formats.oneroster_csv.cell_writer import lines, text_of
from oneroster.pull.formats.oneroster_csv.loss_counts import LossCounts
from oneroster.pull.formats.oneroster_csv.lossy_fields import report
from oneroster.pull.formats.oneroster_csv.row_selection import Ids, RowSelection
from oneroster.pull.formats.oneroster_csv.sinks import Sink
from oneroster.pull.formats.rebatch import rebatched
from oneroster.pull.roster.columns import schema_of
from oneroster.pull.roster.elements import collection_name
from oneroster.pull.roster.manifest import CHANGES_ONLY, Manifest
from oneroster.pull.roster.roster import Roster

__all__ = ["write_bundle"]

_ROWS: Final = 128 * 1024
"""Rows that are worked on at a time. The ids that are referred to are looked up anew for each so many."""
_PRODUCER: Final = "oneroster-kit"


def write_bundle(sink: Sink, roster: Roster) -> WriteResult:
    """Write all files of a bundle.

    Args:
        sink: Where to.
        roster: What to write.

    Raises:
        PlaceError: A list of ids holds one with a comma.
    """
    return _Writer(sink, roster).run()


class _Writer:
    def __init__(self, sink: Sink, roster: Roster) -> None:
        self._sink, self._roster = sink, roster
        self._delta = roster.manifest.kind == CHANGES_ONLY
        self._ids, self._tally = Ids(), LossCounts()
        self._rows: dict[str, int] = {}

    def run(self) -> WriteResult:
        """Write everything; rows that are referred to come before those that refer to them."""
        for element in self._roster.elements():
            file = next(file for file in FILES.values() if file.element == element and file.association is None)
            if not self._delta and element in _referred():
                self._ids.begin(element)
            self._say_what_is_missing(file)
            if self._ids.knows(element) and element in _referring_to_itself():
                self._learn(file)
            self._write(file, self._chosen(file, self._tally))
        for file in FILES.values():
            if file.association is not None and self._can_associate(file):
                self._write(file, self._associations(file))
        with self._sink.file(MANIFEST) as stream:
            stream.write(_manifest(self._roster.manifest, self._rows).encode())
        rows = {f"{name}.csv": self._rows[name] for name in FILES if name in self._rows}
        return WriteResult(rows, self._tally.notes(), tuple(self._tally.rejects))

    def _say_what_is_missing(self, file: File) -> None:
        present = set(self._roster.schema(file.element).names)
        blank = [name for name in file.columns if name in file.required - present]
        if blank:
            self._tally.say(f"{file.name}.csv: {', '.join(blank)} stay blank although required; they were not fetched.")
        for name in file.columns:
            known = file.column(name).property
            leads_out = known is not None and known.refers_to not in (None, *self._roster.elements())
            if known is not None and leads_out and name in present and not self._delta:
                self._tally.say(f"{file.name}.csv: {name} leads to {known.refers_to} rows, which were not fetched.")

    def _learn(self, file: File) -> None:
        """Know which rows will be in the bundle before the first of them is written, for they refer to each other."""
        for batch in self._chosen(file, LossCounts()):
            self._ids.add(file.element, batch.column("sourcedId"))

    def _chosen(self, file: File, tally: LossCounts) -> Iterator[pa.RecordBatch]:
        """The rows of a file that is no association."""
        names = self._roster.schema(file.element).names
        selection = RowSelection(file, names, self._delta, self._ids, tally)
        for batch in rebatched(self._roster.read(file.element), _ROWS):
            yield selection.apply(batch)

    def _write(self, file: File, batches: Iterable[pa.RecordBatch]) -> None:
        """Write a file, unless it would have no row: then it must not be there (2 [B])."""
        learnt = self._ids.knows(file.element) and file.element in _referring_to_itself()
        with ExitStack() as stack:
            stream = None
            for batch in batches:
                if not batch.num_rows:
                    continue
                if stream is None:
                    stream = stack.enter_context(self._sink.file(f"{file.name}.csv"))
                    stream.write((",".join(file.header) + "\r\n").encode())
                stream.write(self._lines(file, batch))
                self._rows[file.name] = self._rows.get(file.name, 0) + batch.num_rows
                if file.association is None and not learnt:
                    self._ids.add(file.element, batch.column("sourcedId"))

    def _lines(self, file: File, batch: pa.RecordBatch) -> pa.Buffer:
        report(batch, file, self._tally)
        blank = pa.nulls(batch.num_rows, pa.string())
        shown = set(batch.schema.names) - (set() if self._delta else set(HEAD[1:]))
        try:
            return lines([text_of(batch, name, file, self._tally) if name in shown else blank for name in file.header])
        except ValueError as error:
            raise DestinationError(
                f"No OneRoster CSV can be written: {error}. Keep the roster in another format."
            ) from None

    def _can_associate(self, file: File) -> bool:
        if file.element not in self._roster.elements():
            return False
        held = ASSOCIATED in self._roster.schema(file.element).names
        return held and (self._delta or self._ids.knows("Resource"))

    def _associations(self, file: File) -> Iterator[pa.RecordBatch]:
        """Rows that tie a class or course to each of its resources (5.9, 5.10)."""
        owners = FILES[collection_name(self._roster.manifest.specification, file.element)]
        for batch in self._chosen(owners, LossCounts()):
            resources = batch.column(ASSOCIATED)
            some = batch.filter(pc.greater(pc.fill_null(pc.list_value_length(resources), 0), 0))
            made = [row for owner in some.to_pylist() for row in _ties(owner, file)]
            found = pa.RecordBatch.from_pylist(made, schema=_association_schema(file))
            if not self._delta:
                kept = self._ids.are_in("Resource", found.column("resourceSourcedId"))
                lost = found.filter(pc.invert(kept))
                self._tally.leave("resourceSourcedId refers to no row of the bundle", file.name, lost.num_rows)
                found = found.filter(kept)
            yield found


def _ties(owner: dict[str, Any], file: File) -> Iterator[dict[str, Any]]:
    for resource in dict.fromkeys(filter(None, owner[ASSOCIATED])):
        # REST has no id for it; this one stays the same from pull to pull (5.9).
        digest = sha256(f"{owner['sourcedId']}\0{resource}".encode()).hexdigest()[:32]
        yield {
            "sourcedId": f"cr-{digest}",
            "status": owner.get("status"),
            "dateLastModified": owner.get("dateLastModified"),
            "title": owner.get("title"),
            file.association or "": owner["sourcedId"],
            "resourceSourcedId": resource,
        }


@cache
def _association_schema(file: File) -> pa.Schema:
    head = schema_of(STANDARD.specification, file.element, {*HEAD, "title"})
    return pa.schema([*head, pa.field(file.association or "", pa.string()), pa.field("resourceSourcedId", pa.string())])


@cache
def _referred() -> frozenset[str]:
    """Elements that others refer to."""
    return frozenset(
        known.refers_to
        for element in STANDARD.specification.elements.values()
        for known in element.properties.values()
        if known.refers_to
    )


@cache
def _referring_to_itself() -> frozenset[str]:
    return frozenset(
        name
        for name, element in STANDARD.specification.elements.items()
        for known in element.properties.values()
        if known.refers_to == name
    )


def _manifest(manifest: Manifest, rows: Collection[str]) -> str:
    """The table of what the bundle holds (4 [A])."""
    mode = "delta" if manifest.kind == CHANGES_ONLY else "bulk"
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\r\n")
    table.writerow(("propertyName", "value"))
    table.writerow(("manifest.version", "1.0"))
    table.writerow(("oneroster.version", "1.1"))
    table.writerows((f"file.{name}", mode if name in rows else "absent") for name in FILES)
    table.writerow(("source.systemName", urlsplit(manifest.base_url).hostname or _PRODUCER))
    table.writerow(("source.systemCode", _PRODUCER))
    return text.getvalue()
