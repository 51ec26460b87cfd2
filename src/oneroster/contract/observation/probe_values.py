"""Which of a tenant's own fields and values a law is tried on.

Values go into addresses and addresses into logs, so none is ever taken from a field that may be personal; and none that
would have to be quoted, since how is the matter of other rules.
"""

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final
from weakref import WeakKeyDictionary

from oneroster.contract.errors import NotExercised
from oneroster.contract.http.parsed_response import Record
from oneroster.contract.observation.tenant import ObservedTenant, collections
from oneroster.contract.oracle.filters import moment, number, text_of, values_at
from oneroster_v1p1.tables import ELEMENTS, Operation, Property

__all__ = ["Candidate", "best", "candidates", "draw", "sortable", "usable", "wholes"]

LISTS: Final = {"strings": "string", "enumerations": "enumeration"}
REFERENCES: Final = frozenset({"reference", "references"})
AWKWARD: Final = frozenset("'\"`,%_*\\;&#+?")
LONGEST: Final = 80
"""Characters of a value that is drawn."""


@dataclass(frozen=True)
class Candidate:
    """A field of a collection with its values: ``counts`` says how many rows hold each of them, as text."""

    operation: Operation
    path: str
    kind: str
    many: bool
    counts: Counter[str]

    @property
    def name(self) -> str:
        """The field with its collection, for messages."""
        return f"{self.operation.operation_id}, {self.path}"


_KEPT: Final[WeakKeyDictionary[ObservedTenant, dict[tuple[str, bool], list[Candidate]]]] = WeakKeyDictionary()


def wholes(tenant: ObservedTenant) -> Iterator[tuple[Operation, dict[str, Record]]]:
    """The collections that hold all of an element and were read to their end, with at least two rows.

    A specialised collection is left out: it is the same rows again.
    """
    for operation in collections(tenant):
        try:
            rows = tenant.whole(operation)
        except NotExercised:
            continue
        if operation.subset is None and len(rows) > 1:
            yield operation, rows


def candidates(tenant: ObservedTenant, kind: str, *, personal: bool = False) -> list[Candidate]:
    """The fields of a kind that hold at least two different values, those with most of them first.

    ``kind`` is that of a single value, one of the tables' list kinds, or ``reference``. With ``personal`` also fields
    that may be personal, for laws that send no value.
    """
    kept = _KEPT.setdefault(tenant, {})
    if (kind, personal) not in kept:
        found = [each for each in _all(tenant, kind, personal=personal) if len(each.counts) > 1]
        kept[kind, personal] = sorted(found, key=lambda each: (-len(each.counts), each.name))
    return kept[kind, personal]


def _all(tenant: ObservedTenant, kind: str, *, personal: bool) -> Iterator[Candidate]:
    for operation, rows in wholes(tenant):
        documented = ELEMENTS[operation.element or ""].properties
        for known in tenant.dialect.facts.elements[operation.element or ""].properties.values():
            # What only a dialect has may be as personal as anything.
            hidden = known.personal or known.name not in documented or documented[known.name].personal
            if known.secret or (hidden and not personal) or not _fits(known, kind):
                continue
            path = f"{known.name}.sourcedId" if known.kind in REFERENCES else known.name
            many = known.kind in LISTS or known.kind == "references"
            values = (value for row in rows.values() for value in values_at(row, path))
            yield Candidate(operation, path, _single(known), many, Counter(_usable(known, values)))


def _fits(known: Property, kind: str) -> bool:
    return known.name != "sourcedId" and (known.kind == kind or (kind == "reference" and known.kind in REFERENCES))


def _single(known: Property) -> str:
    return "string" if known.kind in REFERENCES else LISTS.get(known.kind, known.kind)


def _usable(known: Property, values: Iterator[Any]) -> Iterator[str]:
    """The values as text, without those that are not what the document says."""
    for value in values:
        if isinstance(value, dict | list):
            continue
        parse = {"date-time": moment, "date": moment, "number": number, "integer": number}.get(known.kind)
        if parse is None or parse(value) is not None:
            yield text_of(value)


def usable(candidate: Candidate) -> list[str]:
    """The field's values that can stand in a filter as they are, in their order."""
    order = {"date-time": moment, "number": number, "integer": number}.get(candidate.kind, text_of)
    plain = (text for text in candidate.counts if text.isprintable() and not AWKWARD & set(text))
    return sorted(
        (text for text in plain if len(text) <= LONGEST and text == text.strip()), key=lambda text: order(text) or 0
    )


def best(tenant: ObservedTenant, *kinds: str, most: int = 1) -> list[Candidate]:
    """The most telling fields of the kinds, ``most`` of each and no two of one collection, that have usable values."""
    chosen: dict[str, Candidate] = {}
    for kind in kinds:
        fresh = (each for each in candidates(tenant, kind) if each.operation.operation_id not in chosen)
        for _, each in zip(range(most), filter(usable, fresh), strict=False):
            chosen[each.operation.operation_id] = each
    return list(chosen.values())


def draw(tenant: ObservedTenant, candidate: Candidate, salt: str = "") -> str:
    """One of the field's values, the same in every run of one seed: neither the least nor the greatest where it can be.

    Raises ``NotExercised`` when there is none that can stand in a filter as it is.
    """
    texts = usable(candidate)
    inner = texts[1:-1] or texts
    if not inner:
        raise NotExercised(f"{candidate.path} has no value that could be asked for")
    seed = f"{tenant.seed} {candidate.name} {salt}"
    return random.Random(seed).choice(inner)  # noqa: S311 - it only names a row


def sortable(tenant: ObservedTenant) -> dict[str, list[tuple[str, str]]]:
    """For each collection the fields, with their kinds, on which sorting is tried: every kind where it tells most."""
    chosen: dict[str, list[tuple[str, str]]] = {operation.operation_id: [] for operation, _ in wholes(tenant)}
    for operation_id, fields in chosen.items():
        for each in candidates(tenant, "date-time"):
            if each.operation.operation_id == operation_id and each.path == "dateLastModified":
                fields.append((each.path, each.kind))
    for kind in ("string", "enumeration", "date", "number", "boolean"):
        for each in candidates(tenant, kind, personal=True)[:1]:
            chosen[each.operation.operation_id].append((each.path, kind))
    return {operation_id: fields for operation_id, fields in chosen.items() if fields}
