"""Choose the fields and values of a tenant that rules filter and sort by.

Values are sent in URLs, and URLs are logged; so values of fields that may be personal are never used. Values of letters
and digits are preferred, because other rules test special characters; if a field has none, other values are used,
except those with a quote, which no filter can express. Instants are written in UTC, numbers without an exponent.
"""

import math
import random
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC
from decimal import Decimal
from typing import Any, Final

from oneroster.contract.errors import NotEnoughData, NotJudged
from oneroster.contract.http.parsed_response import Record
from oneroster.contract.observation.observed_tenant import ObservedTenant
from oneroster.contract.observation.operation_selectors import all_collections, collections
from oneroster.contract.oracle.filters import filter_text, parse_date, parse_number, parse_timestamp, values_at
from oneroster_runtime.specification import Operation, Property

__all__ = [
    "ProbeField",
    "best_fields",
    "compared_as",
    "draw_value",
    "fields_to_sort_by",
    "known_collections",
    "largest_collections",
    "largest_of_each_kind",
    "probe_fields",
    "second_list_value",
    "usable_pieces",
    "usable_values",
    "values_of_one_row",
]

LIST_KINDS: Final = {"strings": "string", "enumerations": "enumeration"}
REFERENCES: Final = frozenset({"reference", "references"})
SPECIAL_CHARACTERS: Final = frozenset("'\"`,%_*\\;&#+?")
WILDCARDS: Final = frozenset("'\"%_*\\")
"""Characters that a server may read as part of a pattern or of the filter itself."""
TEXT: Final = "string"
OTHER_FORM: Final = "other form"
"""The kind of a property that is not text in the standard, and whose values have none of its forms."""
_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
QUOTE: Final = "'"
SEPARATOR: Final = ","
MAX_LENGTH: Final = 80
"""Characters of a value that is sent, if a field has a value that short."""
LONGEST: Final = 500
PIECE: Final = 6
"""Characters of a value that are searched for."""
MOST_COLLECTIONS: Final = 4


@dataclass(frozen=True)
class ProbeField:
    """A field of a collection with its values.

    Attributes:
        operation: The collection.
        path: The field, as a filter names it.
        kind: The kind of a single value.
        many: Whether a row holds a list of values.
        counts: How many rows hold each value, by the value as text.
    """

    operation: Operation
    path: str
    kind: str
    many: bool
    counts: Counter[str]

    @property
    def name(self) -> str:
        """The field with its collection, for messages."""
        return f"{self.operation.operation_id}, {self.path}"


@dataclass
class _ProbeFields:
    """The fields of a tenant, by kind and whether they may be personal."""

    by_kind: dict[tuple[str, bool], list[ProbeField]] = field(default_factory=dict)


def known_collections(tenant: ObservedTenant) -> Iterator[tuple[Operation, dict[str, Record]]]:
    """Yield the collections of all records of an element with the rows that were read, if they are at least two.

    Collections that were not read to their end are included: a rule that needs all rows says so itself. Specialised
    collections are left out: they hold the same rows.
    """
    for operation in collections(tenant):
        try:
            rows = tenant.known_rows(operation)
        except NotJudged:
            continue
        if operation.subset is None and len(rows) > 1:
            yield operation, rows


def largest_collections(tenant: ObservedTenant) -> list[Operation]:
    """Return the collections with the most rows, one per element, for rules that need not run on all of them."""
    sized = sorted(known_collections(tenant), key=lambda each: len(each[1]), reverse=True)
    return [operation for operation, _ in sized[:MOST_COLLECTIONS]]


def largest_of_each_kind(tenant: ObservedTenant) -> list[Operation]:
    """Return the largest collections of all records, and the largest specialised and nested one."""
    known = [each for each in all_collections(tenant) if each.subset is not None or each.scope is not None]
    sized = sorted(known, key=lambda each: max(map(len, tenant.walks(each)), default=0), reverse=True)
    nested = {each.scope is not None: each for each in reversed(sized) if any(map(len, tenant.walks(each)))}
    return largest_collections(tenant) + list(nested.values())


def probe_fields(tenant: ObservedTenant, kind: str, *, personal: bool = False) -> list[ProbeField]:
    """Return the fields of a kind with at least two different values, those with most values first.

    Args:
        tenant: The tenant.
        kind: The kind of a single value, a list kind of the specification, or ``reference``.
        personal: Include fields that may be personal, for rules that send no value.
    """
    known = tenant.memo(_ProbeFields, _ProbeFields).by_kind
    if (kind, personal) not in known:
        found = [each for each in _all_fields(tenant, kind, personal=personal) if len(each.counts) > 1]
        known[kind, personal] = sorted(found, key=lambda each: (-len(each.counts), each.name))
    return known[kind, personal]


def _all_fields(tenant: ObservedTenant, kind: str, *, personal: bool) -> Iterator[ProbeField]:
    for operation, rows in known_collections(tenant):
        element = operation.element or ""
        standard = tenant.standard.specification.elements[element].properties
        for declared in tenant.specification.elements[element].properties.values():
            known = compared_as(declared, standard.get(declared.name), rows.values())
            # A property that only a dialect has may be personal, even if its overlay does not say so.
            hidden = known.personal or known.name not in standard or standard[known.name].personal
            if known.secret or (hidden and not personal) or not _is_of_kind(known, kind):
                continue
            path = f"{known.name}.sourcedId" if known.kind in REFERENCES else known.name
            many = known.kind in LIST_KINDS or known.kind == "references"
            values = (value for row in rows.values() for value in values_at(row, path))
            yield ProbeField(operation, path, _single_kind(known), many, Counter(_valid_values(known, values)))


def compared_as(declared: Property, standard: Property | None, rows: Iterable[Record]) -> Property:
    """Return a property with the kind as which a server compares it.

    An overlay may declare any value as text, and the column behind it still takes only dates or numbers.

    Args:
        declared: The property of the dialect.
        standard: The property of the standard; None if it has no such property.
        rows: The records, whose values have the form that the server knows.
    """
    if declared.kind != TEXT or (standard is not None and standard.kind == TEXT):
        return declared
    values = [value for row in rows for value in values_at(row, declared.name)]
    if standard is not None and (not values or standard.kind not in _FORMS):
        return declared._replace(kind=standard.kind)
    kinds = list(_FORMS) if standard is None else [standard.kind]
    found = next((kind for kind in kinds if values and all(map(_FORMS[kind], values))), None)
    if found is None and standard is not None:
        return declared._replace(kind=OTHER_FORM)
    return declared if found is None else declared._replace(kind=found)


def _is_of_kind(known: Property, kind: str) -> bool:
    return known.name != "sourcedId" and (known.kind == kind or (kind == "reference" and known.kind in REFERENCES))


def _single_kind(known: Property) -> str:
    return "string" if known.kind in REFERENCES else LIST_KINDS.get(known.kind, known.kind)


def _valid_values(known: Property, values: Iterator[Any]) -> Iterator[str]:
    """Yield the values as text, without those that do not have the documented type."""
    write = _WRITERS.get(known.kind, filter_text)
    for value in values:
        if not isinstance(value, dict | list) and (text := write(value)) is not None:
            yield text


def instant_text(value: Any) -> str | None:
    """Return a date-time in UTC, in the form of the standard; None if it is not valid."""
    found = parse_timestamp(value)
    return None if found is None else found.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def number_text(value: Any) -> str | None:
    """Return a number without an exponent; None if it is not one."""
    found = parse_number(value)
    return f"{Decimal(str(value)):f}" if found is not None and math.isfinite(found) else None


_WRITERS: Final[dict[str, Callable[[Any], str | None]]] = {
    "date-time": instant_text,
    "date": parse_date,
    "number": number_text,
    "integer": number_text,
}
"""How values are written in a filter, by kind; the others as they are."""


def _is_day(value: Any) -> bool:
    return isinstance(value, str) and _DAY.fullmatch(value) is not None and parse_date(value) is not None


_FORMS: Final[dict[str, Callable[[Any], bool]]] = {
    "boolean": lambda value: filter_text(value) in ("true", "false"),
    "number": lambda value: number_text(value) is not None,
    "integer": lambda value: number_text(value) is not None,
    "date": _is_day,
    "date-time": lambda value: not _is_day(value) and parse_timestamp(value) is not None,
}
"""Whether a value has the form of a kind, by kind."""


def usable_values(probe: ProbeField) -> list[str]:
    """Return the values of a field that can be written in a filter, in their order; plain ones if there are any."""
    order = {"date-time": parse_timestamp, "number": parse_number, "integer": parse_number}.get(probe.kind, filter_text)
    separators = {QUOTE, SEPARATOR} if probe.many else {QUOTE}
    possible = [text for text in probe.counts if text.isprintable() and not separators & set(text)]
    short = [text for text in possible if len(text) <= MAX_LENGTH and text == text.strip()]
    plain = [text for text in short if not SPECIAL_CHARACTERS & set(text)]
    chosen = plain or short or [text for text in possible if text.strip() and len(text) <= LONGEST]
    return sorted(chosen, key=lambda text: order(text) or 0)


def usable_pieces(probe: ProbeField) -> list[str]:
    """Return parts of the values of a field, each without wildcards and not at the beginning if possible."""
    pieces: dict[str, None] = {}
    for text in sorted(probe.counts):
        inner = "".join(letter if letter.isprintable() and letter not in WILDCARDS else "\n" for letter in text[1:])
        pieces |= dict.fromkeys(longest[:PIECE].strip() for longest in [max(inner.split("\n"), key=len)])
    whole = [text for text in usable_values(probe) if not WILDCARDS & set(text)]
    return [piece for piece in pieces if piece] or [text[:PIECE] for text in whole]


def best_fields(
    tenant: ObservedTenant,
    *kinds: str,
    most: int = 1,
    usable: Callable[[ProbeField], list[str]] = usable_values,
) -> list[ProbeField]:
    """Return the fields of the given kinds with most values that can be sent.

    Args:
        tenant: The tenant.
        kinds: See `probe_fields`.
        most: The number of fields of each kind; no two are of one collection.
        usable: Returns the texts of a field that can be sent.
    """
    chosen: dict[str, ProbeField] = {}
    for kind in kinds:
        others = (each for each in probe_fields(tenant, kind) if each.operation.operation_id not in chosen)
        for _, each in zip(range(most), filter(usable, others), strict=False):
            chosen[each.operation.operation_id] = each
    return list(chosen.values())


def draw_value(
    tenant: ObservedTenant,
    probe: ProbeField,
    salt: str = "",
    usable: Callable[[ProbeField], list[str]] = usable_values,
) -> str:
    """Return one value of a field, the same in every run with one seed, and not the least or greatest if possible.

    Args:
        tenant: The tenant; its seed decides.
        probe: The field.
        salt: Decides as well, for a second value of the same field.
        usable: Returns the texts of a field that can be sent.

    Raises:
        NotJudged: No value can be written in a filter.
    """
    texts = usable(probe)
    inner = texts[1:-1] or texts
    if not inner:
        raise NotEnoughData(0, 1, f"value of {probe.path} that can be used in a filter")
    seed = f"{tenant.seed} {probe.name} {salt}"
    return random.Random(seed).choice(inner)  # noqa: S311 - not used for security


def lists_of_values(tenant: ObservedTenant, candidate: ProbeField) -> list[set[str]]:
    """Return the values of a list field that the rows have, row by row."""
    rows = tenant.all_rows(candidate.operation).values()
    return [set(map(filter_text, values_at(row, candidate.path))) for row in rows]


def second_list_value(tenant: ObservedTenant, candidate: ProbeField, first: str) -> str:
    """Return a second value that some rows have without the first, or the reverse; otherwise the first value."""
    held = lists_of_values(tenant, candidate)
    plain = (text for text in sorted(candidate.counts) if "," not in text and "'" not in text)
    return next((text for text in plain if any((first in each) != (text in each) for each in held)), first)


def values_of_one_row(tenant: ObservedTenant, candidate: ProbeField, first: str) -> list[str]:
    """Return a list of a value and another that one row has both: a join may return such a row twice."""
    usable = set(usable_values(candidate))
    rows = (sorted((each & usable) - {first}) for each in lists_of_values(tenant, candidate) if first in each)
    return next(([f"{first},{others[0]}"] for others in rows if others), [])


def fields_to_sort_by(tenant: ObservedTenant) -> dict[str, list[tuple[str, str]]]:
    """Return the fields to sort by with their kinds, by operation id: each kind where it has most values."""
    chosen: dict[str, list[tuple[str, str]]] = {
        operation.operation_id: [] for operation, _ in known_collections(tenant)
    }
    for operation_id, fields in chosen.items():
        for each in probe_fields(tenant, "date-time"):
            if each.operation.operation_id == operation_id and each.path == "dateLastModified":
                fields.append((each.path, each.kind))
    for kind in ("string", "enumeration", "date", "number", "boolean"):
        for each in probe_fields(tenant, kind, personal=True)[:1]:
            chosen[each.operation.operation_id].append((each.path, kind))
    return {operation_id: fields for operation_id, fields in chosen.items() if fields}
