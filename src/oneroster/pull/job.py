"""`pull`: fetch, check, write and publish a roster."""

import time
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec

from oneroster.errors import ConfigurationError, PagingError
from oneroster.pull import atomic_replace, sanity_checks
from oneroster.pull.conversion.converted_roster import ConvertedRoster, check_conversion
from oneroster.pull.destination_path import as_destination_errors
from oneroster.pull.destinations import Destination, destination_of
from oneroster.pull.errors import DestinationError, GuardError
from oneroster.pull.fetch.staging import REFUSED, Staging, staging_path
from oneroster.pull.formats import Format, WriteResult
from oneroster.pull.formats.detection import check_version, open_destination
from oneroster.pull.incremental.update import IncrementalUpdate, check_form
from oneroster.pull.incremental.watermark import LAST_PULL, format_time
from oneroster.pull.options import PullOptions
from oneroster.pull.plan import columns_to_fetch
from oneroster.pull.private_files import make_private_folder, write_new_file
from oneroster.pull.progress import Progress
from oneroster.pull.report import PullReport
from oneroster.pull.roster.elements import collection_name
from oneroster.pull.roster.manifest import CHANGES_ONLY, WHOLE_ROSTER, Manifest, StoredCollection
from oneroster.pull.roster.rejects import REPEATED, Reject, Rejects
from oneroster.pull.roster.roster_protocol import Roster, describe_collections, rows_in_place
from oneroster.pull.roster.school_subset import SchoolSubset
from oneroster.pull.roster.views import active_only, with_columns, with_manifest
from oneroster.pull.roster_fetch import RosterFetch
from oneroster.pull.roster_survey import RosterSurvey, survey
from oneroster.pull.store_location import StoreLocation
from oneroster.standard import Standard

if TYPE_CHECKING:
    from oneroster.base_client import SyncClient

__all__ = ["pull"]

_DEFAULT_OPTIONS: Final = PullOptions()


def pull(
    client: "SyncClient",
    destination: str | Path | StoreLocation,
    options: PullOptions = _DEFAULT_OPTIONS,
    progress: Progress | None = None,
    filesystem: Any = None,
) -> PullReport:
    """Fetch a whole roster and write it to a destination.

    The existing roster is replaced atomically, after every row has been fetched and checked.

    Args:
        client: The tenant.
        destination: The file or folder to create or replace, or the URI of a folder on an object store (``s3://``,
            ``gs://``, ``abfss://``).
        options: The options of the pull.
        progress: The progress callbacks.
        filesystem: A filesystem of pyarrow or fsspec, which the destination is a path of; None for none.

    Raises:
        ConfigurationError: The options name something that does not exist; no request was sent.
        DestinationError: The destination cannot be written, or holds something other than a roster; in the latter
            case no request was sent.
        GuardError: The roster was fetched but exceeds a sanity limit. Fetched rows are kept for ``resume``.
        OneRosterError: The roster could not be fetched completely. Fetched rows are kept for ``resume``.
    """
    options = options.of_client(client)
    return _Pull(client, destination_of(destination, options, filesystem), options, progress or Progress()).run()


class _Pull:
    """The state of one pull."""

    def __init__(self, client: "SyncClient", place: Destination, options: PullOptions, progress: Progress) -> None:
        self._standard = client.standard
        self._specification = client.standard.specification
        self._session = client.session
        self._place, self._destination = place, place.path
        self._options, self._progress = options, progress
        self._selection = options.selection
        self._format: Format = place.format
        self._version = options.as_standard or self._standard.version
        check_conversion(self._standard.version, self._version)
        check_version(self._format, self._version)
        self._without_form: dict[str, dict[str, int]] = {}
        self._notes: list[str] = []
        self._fetch = RosterFetch(client.standard, options, progress, self._notes)
        self._rejects = Rejects()
        self._began = time.monotonic()

    def run(self) -> PullReport:
        with as_destination_errors(self._destination, "prepared"):
            existing = self._place.existing()
            update = self._update(existing)
            plan, folder = self._plan(update), staging_path(self._destination)
            staging = Staging(folder, plan, _now(), resume=self._options.resume)
        with staging:
            try:
                with as_destination_errors(staging.folder, "written"):
                    self._fetch.run(self._session, staging, update)
                self._fetch.check_offered(staging)
            except PagingError as error:
                collection = self._specification.operations[error.collection].wrapper or ""
                self._rejects.add(Reject(collection, name, None, REPEATED) for name in error.ids)
                self._keep_rejects(staging)
                raise
            staging.collect_rejects(self._specification, self._rejects)
            roster, found = self._result(staging, update)
            written = self._write(staging, roster)
            manifest = _as_written(roster.manifest, written)
            self._check(staging, roster, found, written, existing, update)
            self._rejects.add(written.rejects)
            manifest = self._place.publish(staging, manifest, self._rejects.as_ndjson())
            staging.remove()
        return self._report(staging, manifest, written)

    def _update(self, existing: Roster | None) -> IncrementalUpdate | None:
        options = self._options
        if options.since is None:
            return None
        if self._version != self._standard.version:
            raise ConfigurationError(
                f"--since cannot be combined with --as {self._version}: the tenant speaks {self._standard.version}, and"
                " a roster is converted as a whole. Pull without --since."
            )
        base = None
        if options.base is not None:
            base = open_destination(options.base)
        elif self._format.embeds_manifest and existing and existing.manifest.kind == WHOLE_ROSTER:
            base = existing
        known = base or existing
        if known is not None:
            check_form(known.manifest, self._standard.version, str(options.base or self._place.shown()))
        if known is None and options.since == LAST_PULL:
            self._notes.append("The destination had no roster, so everything was fetched.")
            return None
        return IncrementalUpdate.of(
            options.since,
            options.overlap,
            None if known is None else known.manifest,
            base,
            self._selection,
            self._session.settings.base_url,
            options.delta or not self._format.embeds_manifest,
        )

    def _plan(self, update: IncrementalUpdate | None) -> dict[str, Any]:
        """What the staged rows depend on; they cannot be used for a pull with another plan."""
        return {
            "standard": self._standard.version,
            "base_url": self._session.settings.base_url,
            "profile": self._options.profile,
            "time_zone": self._session.settings.time_zone,
            "columns": {element: list(names) for element, names in self._fetch.columns.items()},
            "filters": {name: sha256(text.encode()).hexdigest() for name, text in self._selection.filters.items()},
            "since": update and format_time(update.since),
            "paging": list(self._fetch.paging),
        }

    def _result(self, staging: Staging, update: IncrementalUpdate | None) -> tuple[Roster, RosterSurvey]:
        """Return the roster to write, and what its survey shows."""
        self._progress.stage("checking")
        staged = whole = self._fetch.staged(staging)
        if self._selection.schools:
            staged = SchoolSubset(staged, self._selection.schools)
        if update is None and self._selection.active and self._format.embeds_manifest:
            # A CSV bundle leaves out deleted records itself, and must know them to tell deletions from losses.
            staged = active_only(staged)
        if self._selection.columns:
            elements = {source.collection: source.element for source in self._fetch.sources}
            columns = {elements[name]: tuple(names) for name, names in self._selection.columns.items()}
            staged = with_columns(staged, columns)
        is_converted = self._version != self._standard.version
        if is_converted:
            staged = self._converted(staged)
        roster = staged if update is None else update.result(staged, staging)
        partial = None if update is not None and update.delta else set(self._selection.filters)
        if is_converted or (update is None and (self._selection.schools or self._selection.active)):
            # What is not selected may be referenced, so the references of all fetched records are checked.
            references = survey(whole, self._rejects, partial).references
            found = survey(roster, Rejects(), None)._replace(references=references)
        else:
            found = survey(roster, self._rejects, partial)
        if self._format.embeds_manifest:
            self._notes += found.notes()
        collections = describe_collections(roster, found.rows)
        manifest = self._manifest(staging, collections, update)
        if self._format.embeds_manifest:
            # The file sizes of a CSV bundle, which has no rows without required values, say as much.
            manifest = msgspec.structs.replace(manifest, values=found.values)
        return with_manifest(roster, manifest), found

    def _converted(self, roster: Roster) -> Roster:
        """Return a roster in the form of another version, and note what has none."""
        selection, specification = self._selection, Standard.of(self._version).specification

        def wanted(element: str) -> tuple[str, ...] | None:
            if collection_name(specification, element) in selection.columns:
                return None
            return columns_to_fetch(specification, element, selection)

        converted = ConvertedRoster(roster, self._version, wanted)
        counts = converted.counts()
        self._notes += counts.notes(self._version)
        self._without_form = counts.without_form()
        return converted

    def _manifest(
        self, staging: Staging, collections: dict[str, StoredCollection], update: IncrementalUpdate | None
    ) -> Manifest:
        return Manifest(
            kind=CHANGES_ONLY if update is not None and update.delta else WHOLE_ROSTER,
            standard=self._version,
            converted_from="" if self._version == self._standard.version else self._standard.version,
            base_url=self._session.settings.base_url,
            profile=self._options.profile,
            time_zone=self._session.settings.time_zone or "",
            started_at=staging.started_at,
            finished_at=_now(),
            watermark=staging.started_at,
            since=update and format_time(update.since),
            collections=collections,
            not_offered={self._name_of(element): reason for element, reason in staging.not_offered.items()},
            selection=self._selection.as_json(),
            run_id=self._options.run_id,
        )

    def _name_of(self, element: str) -> str:
        return collection_name(self._specification, element)

    def _check(
        self,
        staging: Staging,
        roster: Roster,
        found: RosterSurvey,
        written: WriteResult,
        existing: Roster | None,
        update: IncrementalUpdate | None,
    ) -> None:
        """Check what was fetched and what would be written.

        Raises:
            GuardError: A limit is exceeded.
            DestinationError: Rows were lost while they were written.
        """
        _check_all_counted(found, roster, written)
        limits = self._options.limits
        fetched = {
            source.collection: max(staging.count_rows(source.element), found.rows.get(source.element, 0))
            for source in self._fetch.sources
        }
        violations = sanity_checks.too_many_unreadable(fetched, self._rejects, limits, self._format.filled)
        violations += sanity_checks.too_many_unresolved(found.references, limits)
        violations += sanity_checks.excessive_losses(written.files, limits)
        if not self._options.accept_shrink:
            violations += self._losses(roster, written, existing, update)
        if violations:
            self._rejects.add(written.rejects)
            raise GuardError(violations, self._keep_rejects(staging))

    def _losses(
        self, roster: Roster, written: WriteResult, existing: Roster | None, update: IncrementalUpdate | None
    ) -> list[str]:
        limits = self._options.limits
        if update is not None and update.delta:
            deletions = {self._name_of(element): found for element, found in update.deletions(roster).items()}
            return sanity_checks.excessive_deletions(deletions, limits)
        if existing is None or existing.manifest.kind != WHOLE_ROSTER:
            return []
        if existing.manifest.selection != roster.manifest.selection:
            self._notes.append("The existing roster has another selection, so the numbers of rows were not compared.")
            return []
        manifest, before = roster.manifest, rows_in_place(existing)
        found = sanity_checks.shrunk_files(written.files, before, manifest.not_offered, limits)
        shrunk = {
            name for name, rows in before.items() if sanity_checks.shrunk_files(written.files, {name: rows}, {}, limits)
        }
        return found + sanity_checks.fewer_values(manifest.values, existing.manifest.values, shrunk, limits)

    def _write(self, staging: Staging, roster: Roster) -> WriteResult:
        """Write the roster to the staging folder."""
        self._progress.stage("writing")
        new = staging.folder / atomic_replace.NEW / self._destination.name
        with as_destination_errors(self._destination, "written"):
            make_private_folder(new.parent)
            return self._format.write(new, roster)

    def _keep_rejects(self, staging: Staging) -> Path | None:
        """Write the list of rejects of a roster that is not published to the staging folder, and return its path."""
        path, listed = staging.folder / REFUSED, self._rejects.as_ndjson()
        if not listed:
            return None
        with as_destination_errors(path, "written"):
            write_new_file(path, listed)
        return path

    def _report(self, staging: Staging, manifest: Manifest, written: WriteResult) -> PullReport:
        session = self._fetch.session
        return PullReport(
            destination=self._place.shown(),
            manifest=manifest,
            fetched={source.collection: staging.count_rows(source.element) for source in self._fetch.sources},
            requests=session.requests if session else 0,
            retries=session.retries if session else 0,
            received=session.received if session else 0,
            seconds=time.monotonic() - self._began,
            notes=(*self._notes, *written.notes),
            rejects=dict(self._rejects.counts),
            rejects_file=self._place.rejects_file() if self._rejects.counts else None,
            resumed=staging.resumed,
            written={file.name: file.rows for file in written.files},
            outcomes=self._fetch.outcomes(staging, self._rejects.counts),
            without_form=self._without_form,
        )


def _as_written(manifest: Manifest, written: WriteResult) -> Manifest:
    """Return the manifest with the rows that were written."""
    rows = {file.collection: file.rows for file in written.files}
    collections = {
        name: msgspec.structs.replace(stored, rows=rows.get(name, 0)) for name, stored in manifest.collections.items()
    }
    return msgspec.structs.replace(manifest, collections=collections, files=rows)


def _check_all_counted(found: RosterSurvey, roster: Roster, written: WriteResult) -> None:
    """Check that each row is written, or counted as left out.

    Raises:
        DestinationError: Rows are missing.
    """
    given = {file.collection: file.given for file in written.files}
    for element, rows in found.rows.items():
        name = collection_name(roster.manifest.specification, element)
        if given.get(name) != rows:
            raise DestinationError(
                f"{name}: {given.get(name, 0)} of {rows} rows are accounted for in what was written; the roster was not"
                " published. This is an error of oneroster-kit; please report it, or use another format."
            )


def _now() -> str:
    return format_time(datetime.now(UTC))
