"""Parses the body of a page into rows: strictly and fast for valid records, tolerantly for others.

A record that the wire structs refuse is read by the tolerant models. A field that cannot be read is left empty and
reported as a reject, as is a required field that is missing. A record without a readable sourcedId cannot be a row.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import MAXYEAR, MINYEAR, UTC, datetime
from functools import lru_cache
from operator import attrgetter
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from oneroster.errors import DecodeError, FieldError, MissingFieldError
from oneroster.operation_call import OperationCall, advice_on_refused
from oneroster.other_versions import warn_of_other_version
from oneroster.pagination.walk import PageRequest, ReceivedPage
from oneroster.pull.roster.columns import EXTRAS_COLUMN
from oneroster.pull.roster.rejects import EMPTY_REFERENCE, MISSING, UNREADABLE, WITHOUT_ZONE, Reject
from oneroster.standard import Standard
from oneroster.transport.bounded_response import RawResponse
from oneroster_runtime.lenient_json import parse_json
from oneroster_runtime.responses import NO_CONTENT, media_type_of
from oneroster_runtime.specification import Property
from oneroster_runtime.tolerant_decoding import is_empty_reference
from oneroster_runtime.wrappers import unwrap

__all__ = ["RowsCall", "RowsPage", "extras_of", "has_extras"]

# A server with ever new field names must not cause a new struct for each of them.
_MAX_EXTRAS: Final = 64
_EXTRAS: Final = "extras_"
_EXTRAS_NAME: Final = "oneroster-kit:extras"
# A date-time in the first or the last year may be none in UTC, which msgspec does not notice.
_EDGES_OF_TIME: Final = {MINYEAR, MAXYEAR}
_UNREADABLE: Final = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)

Flaw = tuple[str, str]


class RowsPage(NamedTuple):
    """A parsed page.

    Attributes:
        info: The paging information for the collection walk.
        rows: A struct for each record; None for a record that cannot be a row.
        flaws: The rejects of the records, by index.
        size: The bytes of the body.
    """

    info: ReceivedPage
    rows: list[Any]
    flaws: dict[int, list[Reject]]
    size: int

    def __repr__(self) -> str:
        return f"RowsPage({len(self.rows)} rows, {len(self.flaws)} with flaws)"


class RowsCall(OperationCall):
    """A call of a collection operation whose pages are parsed into rows. Threads may share it.

    Args:
        standard: The version of the standard.
        operation_id: The operation.
        arguments: The arguments by Python name, as for the client.
        base_url: The base URL of the tenant, or that of each of its services by name.
        time_zone: The time zone of the tenant, in which date-times without one are read; None to read them as UTC and
            to report them.
    """

    def __init__(
        self,
        standard: Standard,
        operation_id: str,
        arguments: Mapping[str, Any],
        base_url: str | Mapping[str, str],
        time_zone: str | None = None,
    ) -> None:
        super().__init__(standard, operation_id, arguments, base_url)
        self._standard = standard
        self._zone = ZoneInfo(time_zone) if time_zone else None
        self.element = self.operation.element or ""
        self.collection = self.operation.wrapper or ""
        self._reader = _strict_reader(standard, self.element, self.collection, ())

    def read_rows(self, response: RawResponse) -> RowsPage:
        """Parse a page of the collection.

        Raises:
            StatusError: The status is not a success.
            DecodeError: The page cannot be read.
            ForeignOriginError: The next link leads to another origin.
        """
        if not 200 <= response.status_code < 300:
            self.response(response)
        rows: list[Any] = []
        flaws: dict[int, list[Flaw]] = {}
        # Some servers have no body for a collection without records; with another status it is an error.
        if response.status_code != NO_CONTENT or response.content.strip():
            try:
                rows = self._reader.page(response.content)
            except _UNREADABLE:
                rows, flaws = self._parse_irregular(response)
                self._look_for_another_version(response.content)
        ids = [None if row is None else row.sourced_id for row in rows]
        rejects = {index: [self._reject(ids[index], flaw) for flaw in found] for index, found in flaws.items() if found}
        return RowsPage(self.page_info(response, ids), rows, rejects, len(response.content))

    def read_requested_rows(self, page: PageRequest, response: RawResponse) -> RowsPage:
        """Parse a page, or which record exists if one was requested in place of a page; see `read_requested`."""
        if page.row is None and page.copies_of is None:
            with advice_on_refused(page, self.arguments):
                return self.read_rows(response)
        return RowsPage(self.read_requested(page, response).info, [], {}, 0)

    def _look_for_another_version(self, content: bytes) -> None:
        first = next(iter(self._items(content)), None)
        if isinstance(first, dict) and self.element:
            warn_of_other_version(self._standard, self.element, first.keys())

    def _reject(self, sourced_id: str | None, flaw: Flaw) -> Reject:
        field, reason = flaw
        return Reject(self.collection, sourced_id, field or None, reason, kept=sourced_id is not None)

    def _parse_irregular(self, response: RawResponse) -> tuple[list[Any], dict[int, list[Flaw]]]:
        problem = ""
        try:
            return self._parse_one_by_one(response.content)
        except DecodeError as error:
            problem = error.message
        # Raised outside of the handler, because the error above may hold the text.
        media_type = media_type_of(response.headers)
        raise DecodeError(problem, self.operation.operation_id, media_type, response.status_code)

    def _parse_one_by_one(self, content: bytes) -> tuple[list[Any], dict[int, list[Flaw]]]:
        rows, flaws = [], {}
        for index, (row, found) in enumerate(self._records(content)):
            rows.append(row)
            flaws[index] = found
        return rows, flaws

    def _records(self, content: bytes) -> Iterator[tuple[Any, list[Flaw]]]:
        try:
            raws = self._standard.wire.raw_page_decoder(self.element)(content)
        except _UNREADABLE:
            # Another wrapper, or JSON that only a more tolerant parser reads.
            for source in self._items(content):
                yield self._parse_tolerantly(source)
            return
        for raw in raws:
            try:
                yield self._reader.record(raw), []
            except _UNREADABLE:
                yield self._parse_tolerantly(parse_json(bytes(raw)))

    def _items(self, content: bytes) -> list[Any]:
        body = parse_json(content)
        items = body.get(self.collection) if isinstance(body, dict) else body
        if isinstance(items, list):
            # An item that is not an object becomes a record without an id; the other items are not affected.
            return items
        found: list[Any] = unwrap(body, self.collection, many=True)[self.collection]
        return found

    def _parse_tolerantly(self, source: Any) -> tuple[Any, list[Flaw]]:
        if not isinstance(source, dict):
            return None, [("", UNREADABLE)]
        model: Any = getattr(self._standard.models, self.element)
        record = model.from_dict(source)
        values: dict[str, Any] = {}
        flaws: list[Flaw] = []
        for known in self._standard.specification.elements[self.element].properties.values():
            values[known.attribute] = _value(record, known, flaws)
            if known.kind in ("reference", "references") and _has_empty_reference(source.get(known.name), known):
                flaws.append((known.name, EMPTY_REFERENCE))
            if known.kind == "date-time" and values[known.attribute] is not None:
                values[known.attribute] = self._instant(values[known.attribute], known.name, source, flaws)
        if not values["sourced_id"]:
            return None, [("sourcedId", UNREADABLE)]
        extras = {name: value for name, value in record.additional_properties.items() if _is_text(name)}
        if len(extras) < len(record.additional_properties):
            flaws.append((EXTRAS_COLUMN, UNREADABLE))
        for name in [name for name, value in extras.items() if not _is_json(value)]:
            del extras[name]
            flaws.append((name, UNREADABLE))
        self._learn(extras)
        return self._reader.row(values, extras), flaws

    def _instant(self, value: datetime, name: str, source: Mapping[str, Any], flaws: list[Flaw]) -> datetime | None:
        """Return an instant in the zone that the server wrote, or in that of the tenant; the models have it in UTC."""
        try:
            written = datetime.fromisoformat(str(source.get(name)).upper())
        except ValueError:
            return value
        try:
            if written.tzinfo is None:
                if self._zone is None:
                    flaws.append((name, WITHOUT_ZONE))
                    return value
                return written.replace(tzinfo=self._zone).astimezone(UTC)
            value.astimezone(written.tzinfo)
        except (ValueError, OverflowError):
            flaws.append((name, UNREADABLE))
            return None
        return written

    def _learn(self, extras: Mapping[str, Any]) -> None:
        """Add unknown field names to the strict reader, so that the next record with them is read fast."""
        names = dict.fromkeys((*self._reader.extras, *filter(_is_plain, extras)))
        if len(self._reader.extras) < len(names) <= _MAX_EXTRAS:
            self._reader = _strict_reader(self._standard, self.element, self.collection, tuple(names))


class _StrictReader:
    """Reads records strictly, with some field names in addition to those of the document."""

    def __init__(self, standard: Standard, element: str, collection: str, extras: tuple[str, ...]) -> None:
        self.extras = extras
        fields: list[Any] = [
            (f"{_EXTRAS}{index}", Any, msgspec.field(default=msgspec.UNSET, name=name))
            for index, name in enumerate(extras)
        ]
        # Set by `row` only: in JSON it may only be null, under a name that no server uses.
        fields.append((_EXTRAS, None, msgspec.field(default=None, name=_EXTRAS_NAME)))
        self._kind = msgspec.defstruct(
            f"{element}Row",
            fields,
            bases=(standard.wire.STRUCTS[element],),
            kw_only=True,
            forbid_unknown_fields=True,
            gc=False,
        )
        page = msgspec.defstruct("Page", [("records", list[self._kind], msgspec.field(name=collection))])  # type: ignore[name-defined]  # made at run time
        self._page: Callable[[bytes], Any] = msgspec.json.Decoder(page).decode
        self._record: Callable[[Any], Any] = msgspec.json.Decoder(self._kind).decode
        known = standard.specification.elements[element].properties.values()
        self._times = [attrgetter(each.attribute) for each in known if each.kind == "date-time"]

    def page(self, content: bytes) -> list[Any]:
        """Return all records of a page.

        Raises:
            msgspec.MsgspecError: One of them must be read tolerantly.
        """
        return self._checked(self._page(content).records)

    def record(self, content: Any) -> Any:
        """Return one record; see `page`."""
        (found,) = self._checked([self._record(content)])
        return found

    def _checked(self, rows: list[Any]) -> list[Any]:
        for time in self._times:
            if not _EDGES_OF_TIME.isdisjoint([found.year for found in map(time, rows) if found is not None]):
                raise msgspec.ValidationError
        return rows

    def row(self, values: dict[str, Any], extras: dict[str, Any]) -> Any:
        """Return a row of values that were read tolerantly."""
        return self._kind(**values, **{_EXTRAS: extras or None})


@lru_cache(256)
def _strict_reader(standard: Standard, element: str, collection: str, extras: tuple[str, ...]) -> _StrictReader:
    """Return a reader, which takes as long to make as a page to read."""
    return _StrictReader(standard, element, collection, extras)


def has_extras(rows: Sequence[Any]) -> bool:
    """Return whether any of the rows may have fields that the document does not know."""
    kinds: set[Any] = set(map(type, rows))
    return any(map(attrgetter(_EXTRAS), rows)) or any(map(_extra_fields, kinds))


def extras_of(row: Any) -> dict[str, Any] | None:
    """Return the fields of a row that the document does not know; None without any."""
    if row.extras_ is not None:
        found: dict[str, Any] = row.extras_
        return found
    found = {}
    kind: Any = type(row)
    for attribute, name in _extra_fields(kind):
        value = getattr(row, attribute)
        if value is not msgspec.UNSET:
            found[name] = value
    return found or None


@lru_cache(256)
def _extra_fields(kind: Any) -> tuple[tuple[str, str], ...]:
    names = zip(kind.__struct_fields__, kind.__struct_encode_fields__, strict=True)
    return tuple(pair for pair in names if pair[0].startswith(_EXTRAS) and pair[0] != _EXTRAS)


def _value(record: Any, known: Property, flaws: list[Flaw]) -> Any:
    try:
        value = getattr(record, known.attribute)
        if known.kind in ("references", "records", "strings", "enumerations"):
            return _list(value, known, flaws)
        return _single(value, known)
    except MissingFieldError as error:
        nested = error.field != known.name
        flaws.append((f"{known.name}.{error.field}", UNREADABLE) if nested else (known.name, MISSING))
    except (FieldError, ValueError, OverflowError, RecursionError):
        flaws.append((known.name, UNREADABLE))
    return None


def _list(value: list[Any] | None, known: Property, flaws: list[Flaw]) -> list[Any] | None:
    if value is None:
        return None
    readable = []
    for item in value:
        try:
            readable.append(_single(item, known))
        except (FieldError, ValueError):
            flaws.append((known.name, UNREADABLE))
    return readable


def _has_empty_reference(value: object, known: Property) -> bool:
    """Return whether an object, or one of a list, stands for a reference and leads to nothing; see `MISSING`."""
    if known.kind == "references":
        return any(map(is_empty_reference, value if isinstance(value, list) else [value] if value else []))
    return not known.required and isinstance(value, dict | list) and is_empty_reference(value)


def _single(value: Any, known: Property) -> Any:
    """Return the value after checking that a column can hold it.

    Raises:
        FieldError: A reference has no id.
        ValueError: It is not Unicode text, or not a finite number.
    """
    if known.kind in ("reference", "references") and value is not None:
        if not value.sourced_id:
            raise ValueError
        value.sourced_id.encode()
    elif known.kind in ("record", "records") and value is not None:
        value = _NestedRecord(value)
    elif known.kind == "number" and value is not None:
        float(value)
    elif known.kind == "object":
        msgspec.json.encode(value)
    elif isinstance(value, str):
        value.encode()
    return value


class _NestedRecord:
    """A nested record, any of whose fields may be missing."""

    def __init__(self, record: Any) -> None:
        for known in record.FIELDS:
            try:
                value = getattr(record, known.attribute)
            except FieldError:
                value = None
            if isinstance(value, str):
                value.encode()
            setattr(self, known.attribute, value)


def _is_json(value: Any) -> bool:
    """Return whether a value can be written as JSON: it has no half of a character, and no endless number."""
    try:
        msgspec.json.encode(value)
    except (ValueError, OverflowError, RecursionError, TypeError):
        return False
    return True


def _is_plain(name: str) -> bool:
    """Return whether a name can be that of a field of a struct. Records with other names are read tolerantly."""
    return name.isprintable() and not {'"', "\\"} & set(name) and name not in ("", _EXTRAS_NAME)


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
