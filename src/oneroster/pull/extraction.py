"""`extract`: collections of one tenant in Arrow files, whole or nothing, with an outcome for each.

It is what engines build upon, and it fetches as `pull` does: see `oneroster.pull.roster_fetch`.
"""

import os
import shutil
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

import pyarrow as pa

from oneroster.errors import ConfigurationError, FilterError, OneRosterError, WriteError
from oneroster.pagination.walk import Paging
from oneroster.pull.errors import PullError
from oneroster.pull.fetch.row_parser import RowsCall
from oneroster.pull.fetch.staging import Staging
from oneroster.pull.formats.rebatch import rebatch
from oneroster.pull.incremental.update import IncrementalUpdate
from oneroster.pull.incremental.watermark import DEFAULT_OVERLAP, LAST_PULL, KnownState, format_time
from oneroster.pull.options import PullOptions
from oneroster.pull.outcomes import CollectionOutcome, is_transient
from oneroster.pull.plan import RosterSelection, collections_to_fetch, columns_to_fetch
from oneroster.pull.private_files import create_private_file, make_private_folder
from oneroster.pull.progress import Progress
from oneroster.pull.roster.columns import KEY_COLUMN, MODIFIED_COLUMN, STATUS_COLUMN, schema_of
from oneroster.pull.roster.elements import collection_name
from oneroster.pull.roster.rejects import Reject, Rejects
from oneroster.pull.roster.roster_protocol import Roster
from oneroster.pull.roster.views import active_only, changed_since, with_columns
from oneroster.pull.roster_fetch import RosterFetch
from oneroster.pull.tenant import Tenant
from oneroster.standard import Standard

if TYPE_CHECKING:
    from types import TracebackType

    from oneroster.base_client import SyncClient

__all__ = ["Extract", "collection_schema", "extract"]

BATCH_ROWS: Final = 10_000
_BATCH_BYTES: Final = 64 << 20
_FILES: Final = "arrow"
_OPTIONS: Final = pa.ipc.IpcWriteOptions(compression="lz4")
_EVERYTHING: Final = RosterSelection()


@dataclass(frozen=True)
class Extract:
    """Collections of one tenant, complete or none. Use it as a context manager, or close it.

    It can be pickled; who closes it deletes the files.

    Attributes:
        tenant: The name of the tenant, or its base URL.
        folder: The temporary folder with the files, readable by its owner only.
        files: The Arrow IPC file of each collection; empty after an error, and without collections that are absent.
        outcomes: The outcome of each collection, in load order.
        rejects: The problems with single records, by id and without values; at most 10,000 of each kind.
        notes: Sentences about anything unusual.
        error: Why there are no rows; None if there are.
    """

    tenant: str
    folder: Path
    files: Mapping[str, Path]
    outcomes: tuple[CollectionOutcome, ...]
    rejects: tuple[Reject, ...] = field(default=(), repr=False)
    notes: tuple[str, ...] = ()
    error: Exception | None = None

    @property
    def transient(self) -> bool:
        """Whether the error may pass by itself, so that a later attempt may succeed."""
        return self.error is not None and is_transient(self.error)

    def outcome(self, collection: str) -> CollectionOutcome:
        """Return the outcome of a collection.

        Raises:
            KeyError: It was not requested.
        """
        for found in self.outcomes:
            if found.collection == collection:
                return found
        raise KeyError(collection)

    def raise_for_error(self) -> Self:
        """Return the extract itself.

        Raises:
            OneRosterError: The collections could not be fetched.
            OSError: They could not be stored.
        """
        if self.error is not None:
            raise self.error
        return self

    def read(self, collection: str) -> pa.RecordBatchReader:
        """Return the rows of a collection, in batches of 10,000 (fewer where rows are very large).

        Raises:
            OneRosterError: The collections could not be fetched.
            KeyError: The collection was not requested, or the server does not offer it.
        """
        path = self.raise_for_error().files[collection]
        source = pa.memory_map(str(path))
        file = pa.ipc.open_file(source)
        batches = (file.get_batch(index) for index in range(file.num_record_batches))
        return pa.RecordBatchReader.from_batches(file.schema, batches)

    def close(self) -> None:
        """Delete the files."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: "TracebackType | None"
    ) -> None:
        self.close()


def collection_schema(
    collection: str,
    selection: RosterSelection = _EVERYTHING,
    *,
    profile: str = "standard",
    standard: str | None = None,
) -> pa.Schema:
    """Return the schema of a collection in an `extract`, without a tenant.

    Args:
        collection: The collection, as in ``users``.
        selection: The masks of the extract.
        profile: The dialect.
        standard: The version of OneRoster; None for the default.

    Raises:
        ConfigurationError: The collection or a column does not exist.
    """
    specification = (Standard.of() if standard is None else Standard.of(standard)).specification
    selection = selection._replace(only=[collection])
    (source,) = collections_to_fetch(specification, profile, selection)
    names = set(columns_to_fetch(specification, source.element, selection))
    if collection in selection.columns:
        names &= {KEY_COLUMN, STATUS_COLUMN, MODIFIED_COLUMN, *selection.columns[collection]}
    return schema_of(specification, source.element, names)


def extract(
    tenant: "Tenant | SyncClient",
    collections: Sequence[str] = (),
    *,
    selection: RosterSelection = _EVERYTHING,
    since: str | datetime | None = None,
    overlap: timedelta = DEFAULT_OVERLAP,
    known: Mapping[str, KnownState] | None = None,
    workers: int = 4,
    rate: float | None = None,
    paging: Paging | None = None,
    profile: str = "",
    folder: str | Path | None = None,
    progress: Progress | None = None,
) -> Extract:
    """Read collections of one tenant into Arrow files in a temporary folder, all of them or none.

    A row is in the files only after the walk of its collection is proven complete. If one collection cannot be read,
    the extract has an error, an outcome for each collection, and no rows.

    Rows have the form of the version that the tenant speaks. There is no `as_standard` here: a row of one collection is
    converted by those of others, as the school of a line item by its class, so only a whole roster can be; use `pull`.

    Args:
        tenant: The tenant, or an open client, which stays open.
        collections: The collections, as in ``users``; empty for all that the tenant offers.
        selection: The masks: `active`, `columns`, `drop_personal`, `with_password` and `filters`. Changes include
            records that are not active any more, because they say what to delete.
        since: Read only records changed since this time (ISO 8601, or a datetime with a zone); None for all records.
        overlap: How much earlier changes are requested.
        known: By collection, the rows and the newest change known before. With it, a collection is read whole unless
            the server returns the newest known change again, no older ones, and announces a total that the changes
            can explain; a collection that is not in it is read whole. Without it, the filter of the server is trusted.
        workers: The maximum number of concurrent requests.
        rate: The maximum number of requests per second; None for no limit.
        paging: How collections are read.
        profile: The dialect; empty for that of the tenant's settings.
        folder: Where to create the temporary folder; None for the system's place.
        progress: The progress callbacks.

    Raises:
        ConfigurationError: A collection, a column, a filter or a setting of the tenant does not exist or is invalid;
            no request was sent.
        OSError: The temporary folder cannot be created.
    """
    selection = selection._replace(only=tuple(collections) or tuple(selection.only))
    if selection.schools:
        raise ConfigurationError("extract reads collections, not schools; leave out `schools`, or use pull.")
    options = PullOptions(profile=profile, selection=selection, workers=workers, rate=rate, paging=paging)
    client = tenant.open() if isinstance(tenant, Tenant) else tenant
    try:
        work = _Extraction(client, tenant, options, _time(since), overlap, known or {}, progress or Progress())
        return work.run(folder)
    finally:
        if isinstance(tenant, Tenant):
            client.close()


def _time(since: str | datetime | None) -> str | None:
    if isinstance(since, datetime):
        if since.tzinfo is None:
            raise ConfigurationError("since has no time zone; give a datetime with a zone.")
        return format_time(since)
    if since == LAST_PULL:
        raise ConfigurationError(
            f"since={LAST_PULL!r} needs a roster in place; give the watermark of the last outcome, or use pull."
        )
    return since


class _Extraction:
    """The state of one extract."""

    def __init__(
        self,
        client: "SyncClient",
        tenant: "Tenant | SyncClient",
        options: PullOptions,
        since: str | None,
        overlap: timedelta,
        known: Mapping[str, KnownState],
        progress: Progress,
    ) -> None:
        self._client, self._options, self._progress = client, options.of_client(client), progress
        self._name = tenant.name if isinstance(tenant, Tenant) else client.session.settings.base_url
        self._notes: list[str] = []
        self._fetch = RosterFetch(client.standard, self._options, progress, self._notes)
        self._selection = options.selection
        self._check_filters()
        self._update: IncrementalUpdate | None = None
        if since is not None:
            base_url = client.session.settings.base_url
            update = IncrementalUpdate.of(since, overlap, None, None, self._selection, base_url, delta=True)
            self._update = update._replace(states=known)
        self._rejects = Rejects()

    def _check_filters(self) -> None:
        """Raise for invalid filters before anything is sent."""
        for source in self._fetch.sources:
            filter_ = self._selection.filters.get(source.collection)
            try:
                RowsCall(self._client.standard, source.operation_id, {"filter": filter_}, "").request()
            except (FilterError, WriteError) as error:
                raise ConfigurationError(str(error)) from None

    def run(self, parent: str | Path | None) -> Extract:
        folder = Path(tempfile.mkdtemp(prefix="oneroster-", dir=parent))
        try:
            found = self._run(folder)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        if found.error is not None:
            shutil.rmtree(folder, ignore_errors=True)
        return found

    def _run(self, folder: Path) -> Extract:
        rows: dict[str, int] = {}
        error: Exception | None = None
        with Staging(folder / "staging", {}, format_time(datetime.now(UTC))) as staging:
            try:
                self._fetch.run(self._client.session, staging, self._update)
                rows = self._write(folder / _FILES, staging)
            except (OneRosterError, OSError) as failure:
                error = failure
            staging.collect_rejects(self._client.standard.specification, self._rejects)
            outcomes = self._fetch.outcomes(staging, self._rejects.counts)
            staging.remove()
        if error is None:
            outcomes = tuple(replace(one, rows=rows.get(one.collection, 0)) for one in outcomes)
        else:
            rows, outcomes = {}, tuple(_without_rows(one, error) for one in outcomes)
        files = {name: folder / _FILES / f"{name}.arrow" for name in rows}
        return Extract(self._name, folder, files, outcomes, tuple(self._rejects), tuple(self._notes), error)

    def _write(self, folder: Path, staging: Staging) -> dict[str, int]:
        """Write the files of the collections that the server offers, and return their rows."""
        staged, rows = self._with_columns(self._fetch.staged(staging)), {}
        make_private_folder(folder)
        for element in staged.elements():
            name = collection_name(staged.manifest.specification, element)
            roster = self._masked(staged, whole=element in staging.in_full)
            rows[name] = _write_file(folder / f"{name}.arrow", roster.schema(element), roster.read(element))
        return rows

    def _with_columns(self, staged: Roster) -> Roster:
        columns = self._selection.columns
        chosen = {
            one.element: tuple(columns[one.collection]) for one in self._fetch.sources if one.collection in columns
        }
        return with_columns(staged, chosen) if chosen else staged

    def _masked(self, staged: Roster, *, whole: bool) -> Roster:
        if whole:
            return active_only(staged) if self._selection.active else staged
        # Changes to records that are not active any more say what to delete, so they are kept.
        if self._update is not None and not self._update.states:
            return changed_since(staged, self._update.since)
        return staged


def _write_file(path: Path, schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> int:
    """Write batches to an Arrow IPC file, and return the number of rows."""
    rows = 0
    with (
        os.fdopen(create_private_file(path), "wb") as file,
        pa.ipc.new_file(file, schema, options=_OPTIONS) as writer,
    ):
        for batch in rebatch(batches, BATCH_ROWS, _BATCH_BYTES):
            writer.write_batch(batch)
            rows += batch.num_rows
    return rows


def _without_rows(outcome: CollectionOutcome, error: Exception) -> CollectionOutcome:
    """Return the outcome of a collection whose rows are dropped, because an error of any collection drops all."""
    if outcome.error is not None or outcome.absent or outcome.refused:
        return replace(outcome, rows=0)
    reason = f"Not kept, because the extract failed: {error}"
    return replace(outcome, rows=0, error=reason, error_type=PullError.__name__, transient=is_transient(error))
