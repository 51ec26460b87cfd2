"""The fetch of all collections of a pull, in full or incrementally, into the staging."""

from typing import TYPE_CHECKING

from oneroster.pagination.walk import Paging
from oneroster.pull.errors import NothingOfferedError
from oneroster.pull.fetch.collections import FetchTask, fetch_collections
from oneroster.pull.fetch.staged_roster import StagedRoster
from oneroster.pull.options import PullOptions
from oneroster.pull.plan import CollectionSource, collections_to_fetch, columns_to_fetch
from oneroster.pull.progress import Progress
from oneroster.pull.roster.manifest import Manifest
from oneroster.pull.roster.roster_protocol import Roster

if TYPE_CHECKING:
    from oneroster.pull.fetch.staging import Staging
    from oneroster.pull.fetch.throttled_session import ThrottledSession
    from oneroster.pull.incremental.update import IncrementalUpdate
    from oneroster.standard import Standard

__all__ = ["RosterFetch"]


class RosterFetch:
    """The fetch of all collections of a pull.

    Args:
        standard: The version of the standard.
        options: The options of the pull.
        progress: The progress callbacks.
        notes: Receives sentences for the report.

    Attributes:
        sources: The collections to fetch.
        columns: The columns to keep, by element.
        paging: How the collections are read.

    Raises:
        ConfigurationError: The options name something that does not exist.
    """

    def __init__(self, standard: "Standard", options: PullOptions, progress: Progress, notes: list[str]) -> None:
        self._standard, self._options, self._progress, self._notes = standard, options, progress, notes
        selection, specification = options.selection, standard.specification
        self.sources = collections_to_fetch(specification, options.profile, selection)
        self.columns = {
            source.element: columns_to_fetch(specification, source.element, selection) for source in self.sources
        }
        self.paging = options.paging or Paging(windows=options.workers)

    def run(self, session: "ThrottledSession", staging: "Staging", update: "IncrementalUpdate | None") -> None:
        """Fetch all collections; those whose changes are incomplete are fetched again in full.

        Raises:
            NothingOfferedError: The server offers none of the collections, or not all that were named.
            OneRosterError: A collection could not be fetched completely.
            OSError: The staging cannot be written.
        """
        self._progress.plan(tuple(source.collection for source in self.sources))
        tasks = [self._task(source, staging, update) for source in self.sources]
        self._fetch(session, staging, tasks)
        if update is not None:
            staged = self.staged(staging)
            for source in self.sources:
                if self._is_incomplete(source, staging, staged, update, session):
                    self._notes.append(
                        f"{source.collection}: the server did not report all changes, so all of it was fetched"
                    )
                    staging.restart_in_full(source.element)
            self._fetch(session, staging, tasks)
        self._check_offered(staging)

    def staged(self, staging: "Staging") -> Roster:
        """Return the completely fetched collections as a roster."""
        columns = {element: names for element, names in self.columns.items() if element in staging.fetched}
        return StagedRoster(staging, Manifest(standard=self._standard.version), columns)

    def _task(self, source: CollectionSource, staging: "Staging", update: "IncrementalUpdate | None") -> FetchTask:
        changes = None if update is None else update.changes(self._standard, source)
        if changes is None:
            staging.in_full.add(source.element)
        filter_ = self._options.selection.filters.get(source.collection)
        return FetchTask(source, self.columns[source.element], filter_, self._notes, changes)

    def _fetch(self, session: "ThrottledSession", staging: "Staging", tasks: list[FetchTask]) -> None:
        workers = self._options.workers
        fetch_collections(self._standard, session, staging, tasks, self.paging, workers, self._progress)

    def _is_incomplete(
        self,
        source: CollectionSource,
        staging: "Staging",
        staged: Roster,
        update: "IncrementalUpdate",
        session: "ThrottledSession",
    ) -> bool:
        changes_only = source.element in staging.fetched and source.element not in staging.in_full
        return changes_only and update.is_incomplete(self._standard, source, staged, session)

    def _check_offered(self, staging: "Staging") -> None:
        reasons = {source.collection: staging.not_offered.get(source.element) for source in self.sources}
        selected = self._options.selection.only
        named = [f"{name} is {reason}" for name, reason in reasons.items() if reason and name in selected]
        if named:
            raise NothingOfferedError(
                f"The server does not offer collections that --only names: {', '.join(named)}. Leave them out."
            )
        if all(reasons.values()):
            text = ", ".join(sorted({reason or "" for reason in reasons.values()}))
            raise NothingOfferedError(
                f"The server offers none of the collections: {text}. Check base_url, credentials and scopes."
            )
