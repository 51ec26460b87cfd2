"""The staging folder, which keeps fetched rows until all are fetched, so that a killed pull can resume.

Rows are in Arrow files of some ten thousand rows. The journal records which files are complete and which pages they
hold; on resume, the collection walk is replayed over these pages and continues.

The folder is beside the destination and holds the same data, so it has owner-only permissions as well.
"""

import os
import re
import shutil
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import Any, Final

import pyarrow as pa

from oneroster.error_words import words_of
from oneroster.pull import atomic_replace
from oneroster.pull.errors import StagingError
from oneroster.pull.fetch.journal import (
    JOURNAL_FORMAT,
    Journal,
    JournalLine,
    PageEntry,
    Segment,
    read_journal,
    write_private_file,
)
from oneroster.pull.private_files import (
    check_own_folder,
    lexists,
    make_private_folder,
    open_own_file,
    sync_to_disk,
)
from oneroster.pull.roster.elements import collection_name
from oneroster.pull.roster.rejects import Reject, Rejects
from oneroster_runtime.specification import Specification

__all__ = ["REFUSED", "Staging", "finish_publication", "staging_path", "unfinished_pull"]

_JOURNAL: Final = "journal.ndjson"
_LOCK: Final = "lock"

REFUSED: Final = "rejects.ndjson"
"""The list of rejects of a roster that was not published."""

_SUFFIX: Final = ".arrow"
_KNOWN: Final = re.compile(
    rf"(?:{_JOURNAL}|rejects\.ndjson|\w+-[0-9]+\{_SUFFIX})(?:\.partial)?"
    rf"|{_LOCK}|{atomic_replace.NEW}|{atomic_replace.OLD}|{atomic_replace.RECORD}"
)
"""The names in a staging folder."""
_OPTIONS: Final = pa.ipc.IpcWriteOptions(compression="lz4")


def staging_path(destination: Path) -> Path:
    """Return the path of the staging folder of a destination."""
    return destination.with_name(f".{destination.name}.pull")


def unfinished_pull(destination: Path) -> Path | None:
    """Return the staging folder of a pull that has ended without publishing its rows; None without one.

    Raises:
        StagingError: The pull has not ended.
        OSError: The folder cannot be examined.
    """
    folder = staging_path(destination)
    if not lexists(folder):
        return None
    _check_ours(folder)
    if not lexists(folder / _JOURNAL):
        return None
    _locked(folder / _LOCK).close()
    return folder


def finish_publication(destination: Path) -> bool:
    """Finish what a pull that was killed while it published its roster has begun.

    Returns:
        Whether there was such a pull.

    Raises:
        StagingError: Another pull uses the folder, or it is not of a pull.
        OSError: It cannot be finished.
    """
    folder = staging_path(destination)
    if not lexists(folder) or not lexists(folder / atomic_replace.RECORD):
        return False
    _check_ours(folder)
    with _locked(folder / _LOCK):
        found = atomic_replace.recover(folder)
        if found:
            # The pull is complete; its pages must not be published a second time by a later one.
            (folder / _JOURNAL).unlink(missing_ok=True)
    return found


def _check_ours(folder: Path) -> None:
    """Check that a folder was made by a pull.

    Raises:
        StagingError: It was not.
    """
    folders = (atomic_replace.NEW, atomic_replace.OLD)
    reason = check_own_folder(folder, lambda name: _KNOWN.fullmatch(name) is not None, folders)
    journal = folder / _JOURNAL
    if not reason and lexists(journal) and journal.stat().st_size:
        head = next(read_journal(journal), None)
        reason = "" if head is not None and head.plan is not None else "its journal is not of a pull"
    if reason:
        raise StagingError(
            f"{folder} is in the way: a pull keeps its rows there, and {reason}. Move it away, or choose another --to."
        )


class Staging:
    """The staging of one pull, as a context manager. Threads may share it.

    Args:
        folder: The folder; its parent exists.
        plan: What is pulled; rows fetched for another plan cannot be used.
        started_at: The start of the pull; a resumed pull keeps the first one.
        resume: Whether to resume an earlier pull.

    Attributes:
        resumed: Whether an earlier pull was resumed.
        started_at: The start of the pull.
        not_offered: The elements that the server does not offer, with the reason.
        fetched: The elements that are completely fetched.
        in_full: The elements that are fetched in full, although only changes were requested at first.

    Raises:
        StagingError: Another pull uses the folder, or the earlier one had another plan.
        OSError: The folder cannot be written.
    """

    def __init__(self, folder: Path, plan: Mapping[str, Any], started_at: str, *, resume: bool = False) -> None:
        self.folder = folder
        self.started_at = started_at
        self.resumed = False
        self.not_offered: dict[str, str] = {}
        self.fetched: set[str] = set()
        self.in_full: set[str] = set()
        self._segments: dict[str, list[Segment]] = defaultdict(list)
        self._plan = dict(plan)
        self._write_lock = Lock()
        self._serial = 0
        if lexists(folder):
            _check_ours(folder)
        else:
            make_private_folder(folder)
        self._lock = _locked(folder / _LOCK)
        try:
            self._begin(resume)
        except BaseException:
            self._lock.close()
            raise

    def _begin(self, resume: bool) -> None:
        lines = list(read_journal(self.folder / _JOURNAL)) if resume else []
        if lines:
            self._resume(lines)
        self._delete_unnamed_files()
        # The journal is rewritten, because a torn last line would spoil the next one.
        head = JournalLine(format=JOURNAL_FORMAT, plan=self._plan, started_at=self.started_at)
        self._journal = Journal(self.folder / _JOURNAL, [head, *lines[1:]])

    def _resume(self, lines: list[JournalLine]) -> None:
        head = lines[0]
        if head.format != JOURNAL_FORMAT or head.plan != self._plan:
            raise StagingError(
                f"{self.folder} holds rows of another selection, tenant or release. Pull without --resume to start"
                " again, or with the options of the unfinished pull."
            )
        self.resumed, self.started_at = True, head.started_at
        for line in lines[1:]:
            if line.segment is not None:
                self._segments[line.segment.element].append(line.segment)
                # Numbers may be missing: those of files whose line was not written any more.
                self._serial = max(self._serial, _serial_of(line.segment.file))
            if line.not_offered is not None:
                self.not_offered[line.not_offered[0]] = line.not_offered[1]
            if line.in_full:
                self.in_full.add(line.in_full)
            if line.fetched:
                self.fetched.add(line.fetched)

    def _delete_unnamed_files(self) -> None:
        named = {segment.file for segments in self._segments.values() for segment in segments}
        for path in self.folder.iterdir():
            if path.name not in {_JOURNAL, _LOCK, *named}:
                atomic_replace.remove(path)

    def add(
        self,
        element: str,
        batch: pa.RecordBatch,
        pages: list[PageEntry],
        rejects: list[Reject],
        unlisted: Mapping[str, int] | None = None,
    ) -> None:
        """Stage consecutive pages; the arguments are the attributes of a `Segment`.

        Raises:
            OSError: They cannot be written; the staging is then unchanged.
        """
        with self._write_lock:
            self._serial += 1
            name = f"{element}-{self._serial:06}{_SUFFIX}" if batch.num_rows else ""
        if name:
            self._write(name, batch)
        segment = Segment(element, name, batch.num_rows, pages, rejects, dict(unlisted or {}))
        with self._write_lock:
            self._journal.append(JournalLine(segment=segment))
            self._segments[element].append(segment)

    def mark_fetched(self, element: str) -> None:
        """Record that an element is completely fetched."""
        with self._write_lock:
            self._journal.append(JournalLine(fetched=element))
            self.fetched.add(element)

    def mark_not_offered(self, element: str, reason: str) -> None:
        """Record that the server does not offer an element."""
        with self._write_lock:
            self._journal.append(JournalLine(not_offered=(element, reason)))
            self.not_offered[element] = reason

    def restart_in_full(self, element: str) -> None:
        """Discard the fetched changes of an element, because all of its rows will be fetched.

        Raises:
            OSError: The journal cannot be written.
        """
        path = self.folder / _JOURNAL
        with self._write_lock:
            segments = self._segments.pop(element, [])
            self.fetched.discard(element)
            self.in_full.add(element)
            lines = [line for line in read_journal(path) if not line.concerns(element)]
            self._journal.close()
            self._journal = Journal(path, [*lines, JournalLine(in_full=element)])
        for segment in segments:
            if segment.file:
                (self.folder / segment.file).unlink()

    def segments(self, element: str) -> list[Segment]:
        """Return the staged segments of an element, in order."""
        return list(self._segments[element])

    def count_rows(self, element: str) -> int:
        """Return the number of staged rows of an element."""
        return sum(segment.rows for segment in self._segments[element])

    def batches(self, segment: Segment) -> Iterator[pa.RecordBatch]:
        """Return the rows of a segment.

        Raises:
            StagingError: The file is damaged.
        """
        if not segment.file:
            return
        try:
            with pa.memory_map(str(self.folder / segment.file)) as source:
                reader = pa.ipc.open_file(source)
                for index in range(reader.num_record_batches):
                    yield reader.get_batch(index)
        except (pa.ArrowInvalid, OSError) as error:
            raise StagingError(
                f"{self.folder / segment.file} cannot be read ({words_of(error)}). Pull without --resume."
            ) from None

    def collect_rejects(self, specification: Specification, rejects: Rejects) -> None:
        """Add the rejects of all segments to `rejects`."""
        for element, segments in self._segments.items():
            for segment in segments:
                rejects.add(segment.rejects)
                for kind, number in segment.unlisted.items():
                    reason, _, field = kind.partition("\n")
                    rejects.count(collection_name(specification, element), reason, number, field)

    def _write(self, name: str, batch: pa.RecordBatch) -> None:
        partial = self.folder / f"{name}.partial"
        try:
            with write_private_file(partial) as file:
                with pa.ipc.new_file(file, batch.schema, options=_OPTIONS) as writer:
                    writer.write_batch(batch)
                file.flush()
                os.fsync(file.fileno())
            partial.replace(self.folder / name)
            sync_to_disk(self.folder)
        except BaseException:
            with suppress(OSError):
                partial.unlink(missing_ok=True)
            raise

    def remove(self) -> None:
        """Delete the folder, as far as it can be deleted: the roster is published."""
        with suppress(OSError):
            # The journal first: without it, the other files are not used any more.
            (self.folder / _JOURNAL).unlink(missing_ok=True)
            sync_to_disk(self.folder)
        shutil.rmtree(self.folder, ignore_errors=True)

    def close(self) -> None:
        """Close the journal and release the lock; the files are kept."""
        self._journal.close()
        self._lock.close()

    def __enter__(self) -> "Staging":
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()


def _serial_of(file: str) -> int:
    return int(file.rpartition("-")[2].removesuffix(_SUFFIX)) if file else 0


def _locked(path: Path) -> Any:
    file = open_own_file(path)
    try:
        import fcntl
    except ModuleNotFoundError:  # Windows: the caller must not run two pulls to one destination
        return file
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        raise StagingError(f"Another pull uses {path.parent}. Wait until it ends, or stop it.") from None
    return file
