"""One pull from begin to end: fetch, check, write, put in place."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from oneroster.errors import OneRosterError
from oneroster.paging import Paging
from oneroster.pull import guard, rejects, swap
from oneroster.pull.courier import Courier
from oneroster.pull.errors import GuardError, NothingOfferedError, PlaceError
from oneroster.pull.guard import Bounds
from oneroster.pull.harvest import Errand, harvest
from oneroster.pull.manifest import Holding, Manifest, write_beside
from oneroster.pull.places import format_of
from oneroster.pull.places.form import Form, Written
from oneroster.pull.plan import Choice, Source, columns_to_fetch, sources
from oneroster.pull.progress import Progress
from oneroster.pull.rejects import Rejects
from oneroster.pull.report import Report
from oneroster.pull.roster import Roster, wrapper_of
from oneroster.pull.staging import StagedRoster, Staging, folder_beside
from oneroster.pull.views import active_only, with_columns, with_manifest

if TYPE_CHECKING:
    from oneroster.client import OneRoster

__all__ = ["Settings", "pull"]


class Settings(NamedTuple):
    """How a pull goes.

    Attributes:
        format: One of ``csv``, ``ndjson``, ``ndjson.gz``, ``ndjson.zst``, ``parquet``, ``duckdb``, ``sqlite``; None to
            go by the name of the place.
        profile: The dialect of the tenant.
        choice: What of the roster is wanted.
        bounds: How wrong it may look.
        accept_shrink: Put it in place however much smaller it is than before.
        resume: Go on where an earlier pull to this place ended.
        workers: Requests on their way at once, at most.
        rate: Requests a second, at most; None for no bound.
        paging: How collections are read; None for pages of a thousand rows, as many at once as there are workers.
    """

    format: str | None = None
    profile: str = "standard"
    choice: Choice = Choice()
    bounds: Bounds = Bounds()
    accept_shrink: bool = False
    resume: bool = False
    workers: int = 4
    rate: float | None = None
    paging: Paging | None = None


_DEFAULT = Settings()


def pull(
    roster: "OneRoster", to: str | Path, settings: Settings = _DEFAULT, progress: Progress | None = None
) -> Report:
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

    def __init__(self, roster: "OneRoster", place: Path, settings: Settings, progress: Progress) -> None:
        self._roster, self._place, self._settings, self._progress = roster, place, settings, progress
        self._form: Form = format_of(place, settings.format)
        self._sources = sources(settings.profile, settings.choice)
        self._columns = {source.element: columns_to_fetch(source.element, settings.choice) for source in self._sources}
        self._notes: list[str] = []
        self._rejects = Rejects()
        self._began = time.monotonic()

    def run(self) -> Report:
        with _said(self._place, "prepared"):
            swap.recover(self._place)
            before = self._before()
            staging = Staging(folder_beside(self._place), self._plan(), _now(), resume=self._settings.resume)
        with staging:
            courier = self._courier()
            try:
                self._fetch(courier, staging)
            finally:
                courier.close()
            staged = self._staged(staging)
            self._check(staged, before)
            written = self._write(staging, staged)
            staging.remove()
        return self._report(courier, staging, staged.manifest, written)

    def _before(self) -> Manifest | None:
        """What is known of the roster that is in place.

        Raises:
            PlaceError: What is there is no roster, and so not ours to replace.
        """
        if not self._place.parent.is_dir():
            raise PlaceError(f"{self._place.parent} is no folder; make it first.")
        if not self._place.exists() or (self._place.is_dir() and not any(self._place.iterdir())):
            return None
        return self._form.open(self._place).manifest

    def _plan(self) -> dict[str, Any]:
        filters = {name: sha256(text.encode()).hexdigest() for name, text in self._settings.choice.filters.items()}
        return {
            "base_url": self._roster.session.settings.base_url,
            "profile": self._settings.profile,
            "columns": {element: list(names) for element, names in self._columns.items()},
            "filters": filters,
        }

    def _courier(self) -> Courier:
        session = self._roster.session
        return Courier(
            session.settings,
            session.retry,
            session.limits,
            workers=self._settings.workers,
            rate=self._settings.rate,
            told=self._progress.again,
        )

    def _fetch(self, courier: Courier, staging: Staging) -> None:
        workers = self._settings.workers
        paging = self._settings.paging or Paging(windows=workers)
        self._progress.plan(tuple(source.collection for source in self._sources))
        filters = self._settings.choice.filters
        errands = [
            Errand(source, self._columns[source.element], filters.get(source.collection), self._notes)
            for source in self._sources
        ]
        with _said(staging.folder, "written"):
            harvest(courier, staging, errands, paging, workers, self._progress)
        self._rejects.add(staging.rejects())
        self._check_offer(staging)

    def _check_offer(self, staging: Staging) -> None:
        absent = {source.collection: staging.absent.get(source.element) for source in self._sources}
        named = [
            f"{name} is {reason}" for name, reason in absent.items() if reason and name in self._settings.choice.only
        ]
        if named:
            raise NothingOfferedError(f"The tenant does not give what was asked for: {', '.join(named)}.")
        if all(absent.values()):
            reasons = ", ".join(sorted({reason or "" for reason in absent.values()}))
            raise NothingOfferedError(
                f"The tenant gives none of the collections: {reasons}. Check base_url and scopes."
            )

    def _staged(self, staging: Staging) -> Roster:
        there = {name: columns for name, columns in self._columns.items() if name in staging.done}
        roster: Roster = StagedRoster(staging, Manifest(), there)
        if self._settings.choice.active:
            roster = active_only(roster)
        columns = {_element(self._sources, name): tuple(names) for name, names in self._settings.choice.columns.items()}
        if columns:
            roster = with_columns(roster, columns)
        return with_manifest(roster, self._manifest(staging, roster))

    def _manifest(self, staging: Staging, roster: Roster) -> Manifest:
        return Manifest(
            base_url=self._roster.session.settings.base_url,
            profile=self._settings.profile,
            started_at=staging.started_at,
            finished_at=_now(),
            watermark=staging.started_at,
            collections={
                wrapper_of(element): Holding(
                    element, _rows(roster, element), list(roster.schema(element).names)
                )
                for element in roster.elements()
            },
            not_offered={wrapper_of(element): reason for element, reason in staging.absent.items()},
            choice=self._settings.choice.as_json(),
        )

    def _check(self, roster: Roster, before: Manifest | None) -> None:
        self._progress.stage("checking")
        checked = guard.note_unresolved(roster, self._rejects)
        wrong = guard.objections(roster, self._rejects, checked, self._settings.bounds)
        if before is not None and not self._settings.accept_shrink:
            wrong += self._losses(roster.manifest, before)
        if wrong:
            with _said(self._place, "written"):
                self._rejects.write(rejects.beside(self._place))
            raise GuardError(wrong)

    def _losses(self, new: Manifest, before: Manifest) -> list[str]:
        if (before.base_url or new.base_url) != new.base_url or before.choice != new.choice:
            self._notes.append("The roster before was of another choice or tenant, so their sizes were not compared.")
            return []
        return guard.losses(new, before, self._settings.bounds)

    def _write(self, staging: Staging, roster: Roster) -> Written:
        self._progress.stage("writing")
        target = staging.folder / "new" / self._place.name
        with _said(self._place, "written"):
            target.parent.mkdir(mode=0o700)
            written = self._form.write(target, roster)
            swap.put(target, self._place)
            if not self._form.embeds_manifest:
                write_beside(self._place, roster.manifest)
            self._rejects.add(written.rejects)
            self._rejects.write(rejects.beside(self._place))
        return written

    def _report(self, courier: Courier, staging: Staging, manifest: Manifest, written: Written) -> Report:
        listed = rejects.beside(self._place)
        return Report(
            place=self._place,
            manifest=manifest,
            fetched={source.collection: staging.rows(source.element) for source in self._sources},
            requests=courier.requests,
            retries=courier.retries,
            received=courier.received,
            seconds=time.monotonic() - self._began,
            notes=(*self._notes, *written.notes),
            rejects=dict(self._rejects.counts),
            rejects_file=listed if self._rejects.counts else None,
            resumed=staging.resumed,
        )


def _rows(roster: Roster, element: str) -> int:
    return sum(batch.num_rows for batch in roster.read(element))


def _element(known: tuple[Source, ...], collection: str) -> str:
    return next(source.element for source in known if source.collection == collection)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@contextmanager
def _said(path: Path, done: str) -> Iterator[None]:
    """Turn what the operating system says into words of our own.

    Raises:
        PlaceError: The operating system refused.
    """
    try:
        yield
    except OneRosterError:
        raise
    except OSError as error:
        raise PlaceError(
            f"{error.filename or path} cannot be {done}: {error.strerror or type(error).__name__}."
            " What was there before is as it was."
        ) from None
