"""From the bytes of a page to rows: strictly and fast where a record keeps to the document, tolerantly where not.

A record that the wire structs refuse is read by the tolerant models. A field that has no meaning at all stays empty
and is told as a reject; so is a required field that is missing. A record without a readable sourcedId cannot be a row.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from operator import attrgetter
from typing import Any, Final, NamedTuple

import msgspec

from oneroster.errors import DecodeError, FieldError, MissingFieldError
from oneroster.operation_call import OperationCall
from oneroster.pagination.walk import PageInfo
from oneroster.pull.roster.rejects import MISSING, UNREADABLE, Reject
from oneroster.standard import Standard
from oneroster.transport.response import RawResponse
from oneroster_runtime.json_body import parse_json
from oneroster_runtime.wrappers import unwrap
from oneroster_v1p1 import models
from oneroster_v1p1.tables import ELEMENTS, Property
from oneroster_v1p1.wire import STRUCTS, raw_page_decoder

__all__ = ["RowsCall", "RowsPage", "extras_of", "has_extras"]

# A server that invents names without end must not make a new struct for each of them.
_MOST_EXTRAS: Final = 64
_OTHERS: Final = "others_"
_UNREADABLE: Final = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)

Flaw = tuple[str, str]


class RowsPage(NamedTuple):
    """A page that came.

    Attributes:
        facts: What the walk looks at.
        rows: A struct for each record; None for one that cannot be a row.
        flaws: What is wrong with the record of an index.
        size: Bytes of the body.
    """

    facts: PageInfo
    rows: list[Any]
    flaws: dict[int, list[Reject]]
    size: int

    def __repr__(self) -> str:
        return f"RowsPage({len(self.rows)} rows, {len(self.flaws)} with flaws)"


class RowsCall(OperationCall):
    """A collection, whose pages are read into rows. Threads may share it.

    Args:
        standard: The version of the standard.
        operation_id: The collection.
        arguments: By Python name, as for the client.
        base_url: The tenant.
    """

    def __init__(self, standard: Standard, operation_id: str, arguments: Mapping[str, Any], base_url: str) -> None:
        super().__init__(standard, operation_id, arguments, base_url)
        self.element = self.operation.element or ""
        self.collection = self.operation.wrapper or ""
        self._reader = _Reader(self.element, self.collection, ())

    def read_rows(self, answer: RawResponse) -> RowsPage:
        """A page of the collection.

        Raises:
            StatusError: The status is no success.
            DecodeError: The page cannot be read.
            ForeignOriginError: The server pages by links that lead elsewhere.
        """
        if not 200 <= answer.status_code < 300:
            self.response(answer)
        try:
            rows: list[Any] = self._reader.page(answer.content)
            flaws: dict[int, list[Flaw]] = {}
        except _UNREADABLE:
            rows, flaws = self._one_by_one(answer.content)
        ids = [None if row is None else row.sourced_id for row in rows]
        rejects = {index: [self._reject(ids[index], flaw) for flaw in found] for index, found in flaws.items() if found}
        return RowsPage(self.page_info(answer, ids), rows, rejects, len(answer.content))

    def _reject(self, sourced_id: str | None, flaw: Flaw) -> Reject:
        field, reason = flaw
        return Reject(self.collection, sourced_id, field or None, reason, kept=sourced_id is not None)

    def _one_by_one(self, content: bytes) -> tuple[list[Any], dict[int, list[Flaw]]]:
        rows, flaws = [], {}
        for index, (row, found) in enumerate(self._records(content)):
            rows.append(row)
            flaws[index] = found
        return rows, flaws

    def _records(self, content: bytes) -> Iterator[tuple[Any, list[Flaw]]]:
        try:
            raws = raw_page_decoder(self.element)(content)
        except _UNREADABLE:
            # Another wrapper, no body at all, or JSON that only a more patient parser takes.
            for source in self._items(content):
                yield self._tolerantly(source)
            return
        for raw in raws:
            try:
                yield self._reader.record(raw), []
            except _UNREADABLE:
                yield self._tolerantly(parse_json(bytes(raw)))

    def _items(self, content: bytes) -> list[Any]:
        if not content.strip():
            return []
        problem = ""
        try:
            body = parse_json(content)
            items = body.get(self.collection) if isinstance(body, dict) else body
            if isinstance(items, list):
                # An item that is no object becomes a record without an id, and costs only itself.
                return items
            found: list[Any] = unwrap(body, self.collection, many=True)[self.collection]
            return found
        except DecodeError as error:
            problem = error.message
        raise DecodeError(problem, self.operation.operation_id)

    def _tolerantly(self, source: Any) -> tuple[Any, list[Flaw]]:
        if not isinstance(source, dict):
            return None, [("", UNREADABLE)]
        model: Any = getattr(models, self.element)
        record = model.from_dict(source)
        values: dict[str, Any] = {}
        flaws: list[Flaw] = []
        for known in ELEMENTS[self.element].properties.values():
            values[known.attribute] = _value(record, known, source, flaws)
        if not values["sourced_id"]:
            return None, [("sourcedId", UNREADABLE)]
        others = {name: value for name, value in record.additional_properties.items() if _is_text(name)}
        self._learn(others)
        return self._reader.row(values, others), flaws

    def _learn(self, others: Mapping[str, Any]) -> None:
        """Know names that the document does not have, so that the next record with them is read fast."""
        names = dict.fromkeys((*self._reader.extras, *others))
        if len(self._reader.extras) < len(names) <= _MOST_EXTRAS:
            self._reader = _Reader(self.element, self.collection, tuple(names))


class _Reader:
    """Reads records strictly, with some names beside those of the document."""

    def __init__(self, element: str, collection: str, extras: tuple[str, ...]) -> None:
        self.extras = extras
        fields: list[Any] = [
            (f"{_OTHERS}{index}", Any, msgspec.field(default=msgspec.UNSET, name=name))
            for index, name in enumerate(extras)
        ]
        # Set by `row` alone: what JSON may say for it is null at most, under a name that no server knows.
        fields.append((_OTHERS, None, msgspec.field(default=None, name="oneroster-kit:others")))
        self._kind = msgspec.defstruct(
            f"{element}Row", fields, bases=(STRUCTS[element],), kw_only=True, forbid_unknown_fields=True, gc=False
        )
        page = msgspec.defstruct("Page", [("records", list[self._kind], msgspec.field(name=collection))])  # type: ignore[name-defined]  # made at run time
        self._page: Callable[[bytes], Any] = msgspec.json.Decoder(page).decode
        self.record: Callable[[Any], Any] = msgspec.json.Decoder(self._kind).decode

    def page(self, content: bytes) -> list[Any]:
        """All records of a page, strictly."""
        found: list[Any] = self._page(content).records
        return found

    def row(self, values: dict[str, Any], others: dict[str, Any]) -> Any:
        """A row of values that were read otherwise; what has none is None."""
        return self._kind(**values, **{_OTHERS: others or None})


def has_extras(rows: Sequence[Any]) -> bool:
    """Whether some of the rows may have something beside the document."""
    kinds: set[Any] = set(map(type, rows))
    return any(map(attrgetter(_OTHERS), rows)) or any(map(_others, kinds))


def extras_of(row: Any) -> dict[str, Any] | None:
    """What a row has beside the document, None when nothing."""
    if row.others_ is not None:
        found: dict[str, Any] = row.others_
        return found
    found = {}
    kind: Any = type(row)
    for attribute, name in _others(kind):
        value = getattr(row, attribute)
        if value is not msgspec.UNSET:
            found[name] = value
    return found or None


@lru_cache(256)
def _others(kind: Any) -> tuple[tuple[str, str], ...]:
    names = zip(kind.__struct_fields__, kind.__struct_encode_fields__, strict=True)
    return tuple(pair for pair in names if pair[0].startswith(_OTHERS) and pair[0] != _OTHERS)


def _value(record: Any, known: Property, source: Mapping[str, Any], flaws: list[Flaw]) -> Any:
    try:
        value = getattr(record, known.attribute)
        if known.kind in ("references", "records", "strings", "enumerations"):
            return _list(value, known, flaws)
        return _single(value, known, source)
    except MissingFieldError as error:
        inside = error.field != known.name
        flaws.append((f"{known.name}.{error.field}", UNREADABLE) if inside else (known.name, MISSING))
    except (FieldError, ValueError, OverflowError):
        flaws.append((known.name, UNREADABLE))
    return None


def _list(value: list[Any] | None, known: Property, flaws: list[Flaw]) -> list[Any] | None:
    if value is None:
        return None
    kept = []
    for item in value:
        try:
            kept.append(_single(item, known, {}))
        except (FieldError, ValueError):
            flaws.append((known.name, UNREADABLE))
    return kept


def _single(value: Any, known: Property, source: Mapping[str, Any]) -> Any:
    """The value, once it is sure that a column can hold it.

    Raises:
        FieldError: A reference has no id.
        ValueError: It is no Unicode text, or no finite number.
    """
    if known.kind in ("reference", "references") and value is not None:
        if not value.sourced_id:
            raise ValueError
        value.sourced_id.encode()
    elif known.kind == "records":
        value = _UserId(value)
    elif known.kind == "date-time" and value is not None:
        return _as_written(value, source.get(known.name))
    elif known.kind == "number" and value is not None:
        float(value)
    elif known.kind == "object":
        msgspec.json.encode(value)
    elif isinstance(value, str):
        value.encode()
    return value


class _UserId:
    """A record inside, whose fields may be missing one by one."""

    def __init__(self, record: Any) -> None:
        for known in record.FIELDS:
            try:
                value = getattr(record, known.attribute)
            except FieldError:
                value = None
            if isinstance(value, str):
                value.encode()
            setattr(self, known.attribute, value)


def _as_written(value: datetime, text: object) -> datetime:
    """The instant in the zone that the server wrote it in; the models know it in UTC alone."""
    try:
        zone = datetime.fromisoformat(str(text).upper()).tzinfo
    except ValueError:
        return value
    return value if zone is None else value.astimezone(zone)


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
