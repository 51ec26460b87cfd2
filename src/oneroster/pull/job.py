"""One pull from begin to end: fetch, check, write, put in place."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from oneroster.errors import OneRosterError, PagingError
from oneroster.pagination.walk import Paging
from oneroster.pull import atomic_replace as swap
from oneroster.pull import sanity_checks as guard
from oneroster.pull.errors import DestinationError, GuardError, NothingOfferedError
from oneroster.pull.fetch.collections import FetchTask, fetch_collections
from oneroster.pull.fetch.staging import StagedRoster, Staging, folder_beside
from oneroster.pull.fetch.throttled_session import ThrottledSession
from oneroster.pull.formats import Format, WriteResult, format_of
from oneroster.pull.incremental.update import Update
from oneroster.pull.incremental.watermark import LAST, text_of
from oneroster.pull.options import PullOptions
from oneroster.pull.plan import columns_to_fetch, sources
from oneroster.pull.progress import Progress
from oneroster.pull.report import PullReport
from oneroster.pull.roster import rejects
from oneroster.pull.roster.manifest import CHANGES, WHOLE, Holding, Manifest, write_beside
from oneroster.pull.roster.rejects import REPEATED, Reject, Rejects
from oneroster.pull.roster.roster import Roster, rows_of, wrapper_of
from oneroster.pull.roster.school_subset import SchoolSubset
from oneroster.pull.roster.views import active_only, with_columns, with_manifest
from oneroster_v1p1.tables import OPERATIONS

if TYPE_CHECKING:
    from oneroster.client import OneRoster
    from oneroster.pull.plan import Source

__all__ = ["pull"]

_DEFAULT: Final = PullOptions()


def pull(
    roster: "OneRoster", to: str | Path, settings: PullOptions = _DEFAULT, progress: Progress | None = None
) -> PullReport:
    """Fetch a whole roster and put it in place; until all of it is there and checked, the place stays as it is.

    Args:
        roster: The tenant.
        to: The place: a file or a folder.
        settings: How to go about it.
        progress: Who is told how it gets on.

    Raises:
        ConfigurationError: The choice names what there is not; nothing was sent.
        PlaceError: The place cannot be written, or holds something that is no roster; nothing was sent.
        GuardError: The roster is there, and looks wrong. What was fetched is kept for a pull that resumes.
        OneRosterError: It could not be fetched whole. What came is kept for a pull that resumes.
    """
    return _Pull(roster, Path(to), settings, progress or Progress()).run()


class _Pull:
    """The state of one pull."""

    def __init__(self, roster: "OneRoster", place: Path, settings: PullOptions, progress: Progress) -> None:
        self._session = roster.session
        # A link goes on leading to the roster, wherever that is.
        self._place = place.resolve() if place.is_symlink() else place
        self._settings, self._progress = settings, progress
        self._choice = settings.choice
        self._form: Format = format_of(self._place, settings.format)
        self._sources = sources(settings.profile, self._choice)
        self._columns = {source.element: columns_to_fetch(source.element, self._choice) for source in self._sources}
        self._notes: list[str] = []
        self._rejects = Rejects()
        self._began = time.monotonic()

    def run(self) -> PullReport:
        with _as_destination_errors(self._place, "prepared"):
            swap.recover(self._place)
            before = self._before()
            update = self._update(before)
            plan = self._plan(update)
            staging = Staging(folder_beside(self._place), plan, _now(), resume=self._settings.resume)
        with staging:
            courier = self._courier()
            try:
                with _as_destination_errors(staging.folder, "written"):
                    self._fetch(courier, staging, update)
            except PagingError as error:
                collection = OPERATIONS[error.collection].wrapper or ""
                self._rejects.add(Reject(collection, name, None, REPEATED) for name in error.ids)
                self._list_rejects()
                raise
            finally:
                courier.close()
            roster = self._result(staging, update)
            self._check(roster, None if before is None else before.manifest, update)
            written = self._write(staging, roster)
            staging.remove()
        return self._report(courier, staging, roster.manifest, written)

    def _before(self) -> Roster | None:
        """The roster that is in place.

        Raises:
            PlaceError: What is there is no roster, and so not ours to replace.
        """
        if not self._place.parent.is_dir():
            raise DestinationError(f"{self._place.parent} is no folder; make it first.")
        if not self._place.exists() or (self._place.is_dir() and not any(self._place.iterdir())):
            return None
        return self._form.open(self._place)

    def _update(self, before: Roster | None) -> Update | None:
        settings = self._settings
        if settings.since is None:
            return None
        base = before if self._form.embeds_manifest and before and before.manifest.kind == WHOLE else None
        if settings.base is not None:
            base = format_of(settings.base).open(settings.base)
        known = base or before
        if known is None and settings.since == LAST:
            self._notes.append("There was no roster before, so all of it was fetched.")
            return None
        return Update.of(
            settings.since,
            settings.overlap,
            None if known is None else known.manifest,
            base,
            self._choice,
            self._session.settings.base_url,
            settings.only_changes or not self._form.embeds_manifest,
        )

    def _plan(self, update: Update | None) -> dict[str, Any]:
        """What makes fetched rows useless for another pull."""
        return {
            "base_url": self._session.settings.base_url,
            "profile": self._settings.profile,
            "columns": {element: list(names) for element, names in self._columns.items()},
            "filters": {name: sha256(text.encode()).hexdigest() for name, text in self._choice.filters.items()},
            "since": update and text_of(update.since),
            "paging": list(self._paging),
        }

    @property
    def _paging(self) -> Paging:
        return self._settings.paging or Paging(windows=self._settings.workers)

    def _courier(self) -> ThrottledSession:
        return ThrottledSession(
            self._session,
            workers=self._settings.workers,
            rate=self._settings.rate,
            told=self._progress.again,
        )

    def _fetch(self, courier: ThrottledSession, staging: Staging, update: Update | None) -> None:
        self._progress.plan(tuple(source.collection for source in self._sources))
        errands = [self._errand(source, staging, update) for source in self._sources]
        workers = self._settings.workers
        fetch_collections(courier, staging, errands, self._paging, workers, self._progress)
        if update is not None:
            staged = StagedRoster(staging, Manifest(), self._there(staging))
            for errand in errands:
                if self._is_short(errand, staging, staged, update, courier):
                    name = errand.source.collection
                    self._notes.append(f"{name}: rows went or came without a change being told, so all were fetched")
                    staging.start_over(errand.source.element)
            fetch_collections(courier, staging, errands, self._paging, workers, self._progress)
        staging.tell_rejects(self._rejects)
        self._check_offer(staging)

    def _errand(self, source: "Source", staging: Staging, update: Update | None) -> FetchTask:
        changes = None if update is None else update.changes(source)
        if changes is None:
            staging.whole.add(source.element)
        columns = self._columns[source.element]
        return FetchTask(source, columns, self._choice.filters.get(source.collection), self._notes, changes)

    def _is_short(
        self, errand: FetchTask, staging: Staging, staged: Roster, update: Update, courier: ThrottledSession
    ) -> bool:
        element = errand.source.element
        asked = element in staging.done and element not in staging.whole
        return asked and update.is_short(errand.source, staged, courier)

    def _there(self, staging: Staging) -> dict[str, tuple[str, ...]]:
        return {element: columns for element, columns in self._columns.items() if element in staging.done}

    def _check_offer(self, staging: Staging) -> None:
        absent = {source.collection: staging.absent.get(source.element) for source in self._sources}
        named = [f"{name} is {reason}" for name, reason in absent.items() if reason and name in self._choice.only]
        if named:
            raise NothingOfferedError(f"The tenant does not give what was asked for: {', '.join(named)}.")
        if all(absent.values()):
            reasons = ", ".join(sorted({reason or "" for reason in absent.values()}))
            raise NothingOfferedError(
                f"The tenant gives none of the collections: {reasons}. Check base_url, credentials and scopes."
            )

    def _result(self, staging: Staging, update: Update | None) -> Roster:
        """What the place shall hold."""
        self._progress.stage("checking")
        staged: Roster = StagedRoster(staging, Manifest(), self._there(staging))
        if self._choice.schools:
            staged = SchoolSubset(staged, self._choice.schools)
        if update is None and self._choice.active:
            staged = active_only(staged)
        if self._choice.columns:
            elements = {source.collection: source.element for source in self._sources}
            staged = with_columns(
                staged, {elements[name]: tuple(names) for name, names in self._choice.columns.items()}
            )
        roster = staged if update is None else update.result(staged, Manifest(), staging)
        return with_manifest(roster, self._manifest(staging, roster, update))

    def _manifest(self, staging: Staging, roster: Roster, update: Update | None) -> Manifest:
        return Manifest(
            kind=CHANGES if update is not None and update.only_changes else WHOLE,
            base_url=self._session.settings.base_url,
            profile=self._settings.profile,
            started_at=staging.started_at,
            finished_at=_now(),
            watermark=staging.started_at,
            since=update and text_of(update.since),
            collections={
                wrapper_of(element): Holding(element, rows_of(roster, element), list(roster.schema(element).names))
                for element in roster.elements()
            },
            not_offered={wrapper_of(element): reason for element, reason in staging.absent.items()},
            choice=self._choice.as_json(),
        )

    def _check(self, roster: Roster, before: Manifest | None, update: Update | None) -> None:
        checked = {}
        if roster.manifest.kind == WHOLE and not self._choice.schools:
            checked = guard.note_unresolved(roster, self._rejects, set(self._choice.filters))
        wrong = guard.failed_limits(roster.manifest, self._rejects, checked, self._settings.bounds)
        if not self._settings.accept_shrink:
            wrong += self._losses(roster, before, update)
        if wrong:
            raise GuardError(wrong, self._list_rejects())

    def _losses(self, roster: Roster, before: Manifest | None, update: Update | None) -> list[str]:
        if update is not None and update.only_changes:
            return guard.too_many_deletions(update.deletions(roster), self._settings.bounds)
        if before is None or before.kind != WHOLE:
            return []
        if before.choice != roster.manifest.choice:
            self._notes.append("The roster before was of another choice, so the numbers of rows were not compared.")
            return []
        return guard.shrunk_collections(roster.manifest, before, self._settings.bounds)

    def _write(self, staging: Staging, roster: Roster) -> WriteResult:
        self._progress.stage("writing")
        target = staging.folder / "new" / self._place.name
        with _as_destination_errors(self._place, "written"):
            target.parent.mkdir(mode=0o700)
            written = self._form.write(target, roster)
            swap.put(target, self._place)
            if not self._form.embeds_manifest:
                write_beside(self._place, roster.manifest)
            self._rejects.add(written.rejects)
            self._list_rejects()
        return written

    def _list_rejects(self) -> Path | None:
        """Write down what was wrong with single records, and say where."""
        listed = rejects.beside(self._place)
        with _as_destination_errors(listed, "written"):
            self._rejects.write(listed)
        return listed if self._rejects.counts else None

    def _report(
        self, courier: ThrottledSession, staging: Staging, manifest: Manifest, written: WriteResult
    ) -> PullReport:
        return PullReport(
            place=self._place,
            manifest=manifest,
            fetched={source.collection: staging.rows(source.element) for source in self._sources},
            requests=courier.requests,
            retries=courier.retries,
            received=courier.received,
            seconds=time.monotonic() - self._began,
            notes=(*self._notes, *written.notes),
            rejects=dict(self._rejects.counts),
            rejects_file=rejects.beside(self._place) if self._rejects.counts else None,
            resumed=staging.resumed,
        )


def _now() -> str:
    return text_of(datetime.now(UTC))


@contextmanager
def _as_destination_errors(path: Path, done: str) -> Iterator[None]:
    """Turn what the operating system says into words of our own.

    Raises:
        PlaceError: The operating system refused.
    """
    try:
        yield
    except OneRosterError:
        raise
    except OSError as error:
        raise DestinationError(
            f"{error.filename or path} cannot be {done}: {error.strerror or type(error).__name__}."
            " What was in place before is as it was."
        ) from None
