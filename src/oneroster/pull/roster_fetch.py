"""The seam of `pull` and `extract`: all collections of a tenant, in full or incrementally, proven and in a staging.

Both call `RosterFetch.run` and then `RosterFetch.outcomes`; what they fetch, and how it is proven, differs in nothing.
They differ in what becomes of the staging. `pull` keeps it beside its destination, so that a later pull can resume it,
and judges and publishes the roster. `extract` keeps it in a temporary folder, and turns it into Arrow files.
"""

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING

from oneroster.pagination.walk import Paging
from oneroster.pull.errors import NothingOfferedError
from oneroster.pull.fetch.collections import REFUSED, FetchTask, fetch_collections
from oneroster.pull.fetch.staged_roster import StagedRoster
from oneroster.pull.fetch.statistics import FetchStatistics
from oneroster.pull.fetch.throttled_session import PullStoppedError, ThrottledSession
from oneroster.pull.options import PullOptions
from oneroster.pull.outcomes import CollectionOutcome, is_transient
from oneroster.pull.plan import CollectionSource, collections_to_fetch, columns_to_fetch, fields_to_drop
from oneroster.pull.progress import Progress
from oneroster.pull.roster.manifest import Manifest
from oneroster.pull.roster.roster_protocol import Roster

if TYPE_CHECKING:
    from oneroster.pull.fetch.staging import Staging
    from oneroster.pull.incremental.update import IncrementalUpdate
    from oneroster.standard import Standard
    from oneroster.transport.session import Session

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
        statistics: What happened, by element.
        session: The session of the last `run`, which has counted its requests.

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
        self.session: ThrottledSession | None = None
        self.statistics = {source.element: FetchStatistics() for source in self.sources}

    def run(self, session: "Session", staging: "Staging", update: "IncrementalUpdate | None") -> None:
        """Fetch all collections; those whose changes are incomplete are fetched again in full.

        Args:
            session: The session of the client, which stays open.
            staging: Receives the rows; collections that it holds are not fetched again.
            update: Which changes to fetch; None for all rows.

        Raises:
            OneRosterError: A collection could not be fetched completely.
            OSError: The staging cannot be written.
        """
        options = self._options
        self.session = ThrottledSession(
            session,
            workers=options.workers,
            rate=options.rate,
            shared_rate=options.shared_rate,
            on_retry=self._progress.wait,
        )
        try:
            self._run(self.session, staging, update)
        finally:
            self.session.close()

    def _run(self, session: ThrottledSession, staging: "Staging", update: "IncrementalUpdate | None") -> None:
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

    def outcomes(self, staging: "Staging", rejects: Mapping[tuple[str, str], int]) -> tuple[CollectionOutcome, ...]:
        """Return the outcome of each collection in the last `run`, also after an error.

        Args:
            staging: The staging with the rows.
            rejects: The number of rejects by collection and reason.
        """
        return tuple(self._outcome(source, staging, rejects) for source in self.sources)

    def _outcome(
        self,
        source: CollectionSource,
        staging: "Staging",
        rejects: Mapping[tuple[str, str], int],
    ) -> CollectionOutcome:
        noted, element = self.statistics[source.element], source.element
        reason, error = staging.not_offered.get(element, ""), noted.error
        if error is None and not reason and element not in staging.fetched:
            error = PullStoppedError()
        counts = self.session.reads if self.session is not None else Counter[tuple[str, bool]]()
        reads, retries = counts[source.operation_id, False], counts[source.operation_id, True]
        rows = staging.count_rows(element)
        return CollectionOutcome(
            collection=source.collection,
            rows=rows,
            fetched=rows,
            announced=noted.announced,
            requests=reads + retries,
            retries=retries,
            seconds=noted.seconds,
            watermark=staging.started_at,
            whole=element in staging.in_full,
            rejects={why: number for (name, why), number in rejects.items() if name == source.collection},
            identical=noted.identical,
            gone=noted.gone,
            absent=bool(reason) and not reason.startswith(REFUSED),
            refused=reason.startswith(REFUSED),
            error=None if error is None else str(error),
            error_type=None if error is None else type(error).__name__,
            transient=error is not None and is_transient(error),
        )

    def staged(self, staging: "Staging") -> Roster:
        """Return the completely fetched collections as a roster."""
        columns = {element: names for element, names in self.columns.items() if element in staging.fetched}
        return StagedRoster(staging, Manifest(standard=self._standard.version), columns)

    def _task(self, source: CollectionSource, staging: "Staging", update: "IncrementalUpdate | None") -> FetchTask:
        changes = None if update is None else update.changes(self._standard, source)
        if changes is None:
            staging.in_full.add(source.element)
        filter_ = self._options.selection.filters.get(source.collection)
        noted = self.statistics[source.element]
        dropped = fields_to_drop(self._standard.specification, source.element, self._options.selection)
        return FetchTask(source, self.columns[source.element], filter_, self._notes, changes, noted, dropped)

    def _fetch(self, session: ThrottledSession, staging: "Staging", tasks: list[FetchTask]) -> None:
        workers = self._options.workers
        fetch_collections(self._standard, session, staging, tasks, self.paging, workers, self._progress)

    def _is_incomplete(
        self,
        source: CollectionSource,
        staging: "Staging",
        staged: Roster,
        update: "IncrementalUpdate",
        session: ThrottledSession,
    ) -> bool:
        if source.element not in staging.fetched or source.element in staging.in_full:
            return False
        if update.base is None and not update.states:
            return False
        announced = update.announced(self._standard, source, session)
        self.statistics[source.element].announced = announced
        return update.is_incomplete(source, staged, announced)

    def check_offered(self, staging: "Staging") -> None:
        """Check that the server offers the collections that were named, and any at all.

        Raises:
            NothingOfferedError: It does not.
        """
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
