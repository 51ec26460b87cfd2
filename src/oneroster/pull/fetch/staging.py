"""The folder in which fetched rows wait until all are there; what a killed pull goes on from.

Rows lie in Arrow files of some ten thousand rows. A journal says, line by line, which files are whole and which pages
they came from; a line is written after its file has reached the disk, so whatever the journal names is there, and what
it does not name is thrown away. From the pages it names, the walk of a collection is played again and goes on.

The folder lies beside the place and holds what the place will hold, so it is readable to its owner alone.
"""

import os
import shutil
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import Any, Final

import msgspec
import pyarrow as pa

from oneroster.pull.errors import StagingError
from oneroster.pull.private_files import settled
from oneroster.pull.roster.columns import schema_of
from oneroster.pull.roster.manifest import Manifest
from oneroster.pull.roster.rejects import Reject, Rejects
from oneroster.pull.roster.roster import in_load_order, wrapper_of

__all__ = ["PageNote", "StagedRoster", "Staging", "Stretch", "folder_beside"]

_JOURNAL: Final = "journal.ndjson"
_LOCK: Final = "lock"
_SUFFIX: Final = ".arrow"
_OPTIONS: Final = pa.ipc.IpcWriteOptions(compression="lz4")


class PageNote(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the walk has to know of a page to go on behind it.

    Attributes:
        count: Records in the page.
        total: The announced total.
        cursor: The query of its next link.
        known: By index, as text, the ids of records that had been given before.
        nameless: The indexes of records without an id.
    """

    count: int
    total: int | None = None
    cursor: str | None = None
    known: dict[str, str] = {}
    nameless: list[int] = []


class Stretch(msgspec.Struct, frozen=True, omit_defaults=True):
    """A finished stretch of pages of one collection.

    Attributes:
        element: The schema name.
        file: Where its rows are; empty when the pages brought none.
        rows: How many.
        pages: The pages, in order.
        rejects: What was wrong with single records.
        surplus: By reason, what else was wrong, and is not listed any more.
    """

    element: str
    file: str
    rows: int
    pages: list[PageNote]
    rejects: list[Reject] = []
    surplus: dict[str, int] = {}


class _Line(msgspec.Struct, omit_defaults=True):
    """One line of the journal; the first one has a plan."""

    plan: dict[str, Any] | None = None
    started_at: str = ""
    stretch: Stretch | None = None
    done: str = ""
    absent: tuple[str, str] | None = None
    whole: str = ""


_decode: Final = msgspec.json.Decoder(_Line).decode


def folder_beside(place: Path) -> Path:
    """Where the staging of a place lies."""
    return place.with_name(f".{place.name}.pull")


class Staging:
    """The staging of one pull; use it as a context manager. Threads may share it.

    Args:
        folder: Where it lies; its parent exists.
        plan: What is pulled; rows fetched under another plan are of no use.
        started_at: When the pull begins; one that goes on keeps the time when it began first.
        resume: Whether to go on where an earlier pull ended.

    Attributes:
        resumed: Whether there was something to go on from.
        started_at: When the pull began.
        absent: By element, why the tenant gives nothing of it.
        done: Elements that are wholly fetched.
        whole: Elements of which all rows are fetched, although changes were asked for at first.

    Raises:
        StagingError: Another pull is at work here, or the earlier one had another plan.
        OSError: The folder cannot be written.
    """

    def __init__(self, folder: Path, plan: Mapping[str, Any], started_at: str, *, resume: bool = False) -> None:
        self.folder = folder
        self.started_at = started_at
        self.resumed = False
        self.absent: dict[str, str] = {}
        self.done: set[str] = set()
        self.whole: set[str] = set()
        self._stretches: dict[str, list[Stretch]] = defaultdict(list)
        self._plan = dict(plan)
        self._write_lock = Lock()
        self._serial = 0
        folder.mkdir(mode=0o700, exist_ok=True)
        self._lock = _locked(folder / _LOCK)
        try:
            self._begin(resume)
        except BaseException:
            self._lock.close()
            raise

    def _begin(self, resume: bool) -> None:
        lines = list(_lines(self.folder / _JOURNAL)) if resume else []
        if lines:
            self._take_up(lines)
        self._sweep()
        # Written anew, so that a torn line at the end of the old one does not swallow the next.
        self._rewrite([_Line(plan=self._plan, started_at=self.started_at), *lines[1:]])

    def _take_up(self, lines: list[_Line]) -> None:
        head = lines[0]
        if head.plan is None or head.plan != self._plan:
            raise StagingError(
                f"{self.folder} holds rows that were fetched for another choice, tenant or release. Pull without resume"
                " to begin anew, or with the same options to go on."
            )
        self.resumed, self.started_at = True, head.started_at
        for line in lines[1:]:
            if line.stretch is not None:
                self._stretches[line.stretch.element].append(line.stretch)
                # Numbers may be missing, of stretches that were written and not noted any more.
                self._serial = max(self._serial, _serial_of(line.stretch.file))
            if line.absent is not None:
                self.absent[line.absent[0]] = line.absent[1]
            if line.whole:
                self.whole.add(line.whole)
            if line.done:
                self.done.add(line.done)

    def _sweep(self) -> None:
        named = {stretch.file for stretches in self._stretches.values() for stretch in stretches}
        for path in self.folder.iterdir():
            if path.name not in {_JOURNAL, _LOCK, *named}:
                shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()

    def add(
        self,
        element: str,
        batch: pa.RecordBatch,
        pages: list[PageNote],
        rejects: list[Reject],
        surplus: Mapping[str, int] | None = None,
    ) -> None:
        """Keep a stretch of pages, for good; the arguments are the attributes of a `Stretch`.

        Raises:
            OSError: It cannot be written; the stretch is then as if it had never come.
        """
        with self._write_lock:
            self._serial += 1
            name = f"{element}-{self._serial:06}{_SUFFIX}" if batch.num_rows else ""
        if name:
            self._write(name, batch)
        stretch = Stretch(element, name, batch.num_rows, pages, rejects, dict(surplus or {}))
        with self._write_lock:
            self._append(_Line(stretch=stretch))
            self._stretches[element].append(stretch)

    def finish(self, element: str) -> None:
        """Note that an element is wholly fetched."""
        with self._write_lock:
            self._append(_Line(done=element))
            self.done.add(element)

    def leave_out(self, element: str, reason: str) -> None:
        """Note that the tenant gives nothing of an element."""
        with self._write_lock:
            self._append(_Line(absent=(element, reason)))
            self.absent[element] = reason

    def start_over(self, element: str) -> None:
        """Forget the changes that were fetched of an element, because all of its rows will be.

        Raises:
            OSError: The journal cannot be written.
        """
        with self._write_lock:
            stretches = self._stretches.pop(element, [])
            self.done.discard(element)
            self.whole.add(element)
            lines = [line for line in _lines(self.folder / _JOURNAL) if not _is_of(line, element)]
            self._journal.close()
            self._rewrite([*lines, _Line(whole=element)])
        for stretch in stretches:
            if stretch.file:
                (self.folder / stretch.file).unlink()

    def _rewrite(self, lines: list[_Line]) -> None:
        partial = self.folder / f"{_JOURNAL}.partial"
        with _private(partial) as file:
            file.writelines(msgspec.json.encode(line) + b"\n" for line in lines)
            _flush(file)
        partial.replace(self.folder / _JOURNAL)
        settled(self.folder)
        self._journal = (self.folder / _JOURNAL).open("ab")

    def stretches(self, element: str) -> list[Stretch]:
        """The finished stretches of an element, in order."""
        return list(self._stretches[element])

    def rows(self, element: str) -> int:
        """Rows of an element that are there."""
        return sum(stretch.rows for stretch in self._stretches[element])

    def batches(self, stretch: Stretch) -> Iterator[pa.RecordBatch]:
        """The rows of a stretch.

        Raises:
            StagingError: Its file is damaged.
        """
        if not stretch.file:
            return
        try:
            with pa.memory_map(str(self.folder / stretch.file)) as source:
                reader = pa.ipc.open_file(source)
                for index in range(reader.num_record_batches):
                    yield reader.get_batch(index)
        except (pa.ArrowInvalid, OSError) as error:
            raise StagingError(
                f"{self.folder / stretch.file} cannot be read ({type(error).__name__}). Pull without resume."
            ) from None

    def tell_rejects(self, rejects: Rejects) -> None:
        """Hand over what was wrong with single records."""
        for element, stretches in self._stretches.items():
            for stretch in stretches:
                rejects.add(stretch.rejects)
                for reason, number in stretch.surplus.items():
                    rejects.count(wrapper_of(element), reason, number)

    def _write(self, name: str, batch: pa.RecordBatch) -> None:
        partial = self.folder / f"{name}.partial"
        try:
            with _private(partial) as file:
                with pa.ipc.new_file(file, batch.schema, options=_OPTIONS) as writer:
                    writer.write_batch(batch)
                _flush(file)
            partial.replace(self.folder / name)
            settled(self.folder)
        except BaseException:
            with suppress(OSError):
                partial.unlink(missing_ok=True)
            raise

    def _append(self, line: _Line) -> None:
        at = self._journal.tell()
        try:
            self._journal.write(msgspec.json.encode(line) + b"\n")
            _flush(self._journal)
        except OSError:
            # On a full disk half a line may stand there, and would spoil the next.
            with suppress(OSError):
                os.ftruncate(self._journal.fileno(), at)
            raise

    def remove(self) -> None:
        """Throw everything away."""
        # The journal first: without it nobody counts on the files.
        (self.folder / _JOURNAL).unlink(missing_ok=True)
        settled(self.folder)
        shutil.rmtree(self.folder, ignore_errors=True)

    def close(self) -> None:
        """Let go of it; what is there stays."""
        self._journal.close()
        self._lock.close()

    def __enter__(self) -> "Staging":
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()


class StagedRoster:
    """What a staging holds, as a roster.

    Args:
        staging: The staging.
        manifest: What is known of the roster.
        columns: By element, the columns that were fetched.
    """

    def __init__(self, staging: Staging, manifest: Manifest, columns: Mapping[str, tuple[str, ...]]) -> None:
        self.manifest = manifest
        self._staging = staging
        self._schemas = {element: schema_of(element, names) for element, names in columns.items()}

    def elements(self) -> tuple[str, ...]:
        """See `Roster.elements`."""
        return in_load_order(self._schemas)

    def schema(self, element: str) -> pa.Schema:
        """See `Roster.schema`."""
        return self._schemas[element]

    def read(self, element: str) -> pa.RecordBatchReader:
        """See `Roster.read`."""
        batches = (batch for stretch in self._staging.stretches(element) for batch in self._staging.batches(stretch))
        return pa.RecordBatchReader.from_batches(self._schemas[element], batches)


def _serial_of(file: str) -> int:
    return int(file.rpartition("-")[2].removesuffix(_SUFFIX)) if file else 0


def _is_of(line: _Line, element: str) -> bool:
    return line.done == element or (line.stretch is not None and line.stretch.element == element)


def _lines(path: Path) -> Iterator[_Line]:
    """The lines of a journal up to the first that did not reach the disk as a whole."""
    if not path.exists():
        return
    with path.open("rb") as file:
        for text in file:
            try:
                line = _decode(text)
            except msgspec.MsgspecError:
                return
            if not text.endswith(b"\n"):
                return
            yield line


def _locked(path: Path) -> Any:
    file = path.open("ab")
    try:
        import fcntl
    except ModuleNotFoundError:  # Windows: two pulls to one place are then the caller's care
        return file
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        raise StagingError(f"Another pull is at work in {path.parent}. Wait for it, or end it.") from None
    return file


def _private(path: Path) -> Any:
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb")


def _flush(file: Any) -> None:
    file.flush()
    os.fsync(file.fileno())
