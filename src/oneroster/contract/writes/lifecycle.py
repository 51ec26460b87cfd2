"""The lifecycle of one test object: create, read, replace, read, delete, read. Each step is performed once."""

from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any, Final, NamedTuple

import msgspec

from oneroster.contract.errors import ExplainedBy, NotOffered
from oneroster.contract.http.exchange import Exchange
from oneroster.contract.http.parsed_response import ParsedResponse, Record
from oneroster.contract.observation.observed_tenant import ObservedTenant, Offer
from oneroster.contract.observation.obstacles import obstacle_of_status, unread
from oneroster.contract.oracle.reference_forms import references_in
from oneroster.contract.writes.owned_objects import DONE, REJECTED, OwnedObjects, not_offered, owned_objects
from oneroster.contract.writes.sample_records import other_references, sample_record, written_at
from oneroster_runtime.specification import Element, Operation, Property

__all__ = [
    "Attempt",
    "Lifecycle",
    "changed_properties",
    "element_written_by",
    "invalid_records",
    "is_rejected",
    "lifecycle_of",
    "require_served",
]

_OTHER_WORDS: Final = {"fully graded": "submitted"}
"""By enumerated value: another one that fits the same record."""
_WRONG_VALUES: Final[Mapping[str, tuple[tuple[str, Any], ...]]] = {
    "string": (("a number", 12345), ("null", None)),
    "number": (("a text", "seven"), ("null", None)),
    "date": (("a text that is no date", "oneroster-check"),),
    "date-time": (("a text that is no date", "oneroster-check"),),
    "enumeration": (("an unknown word", "oneroster-check"),),
    "reference": (("a text", "oneroster-check"), ("an object without sourcedId", {})),
}
"""By kind of property: values that it cannot have, with what they are."""
_OFTEN_OPTIONAL: Final = frozenset({"gradingPeriod", "category", "dueDate", "resultValueMax", "title"})
"""Required properties that known servers let clients leave out, and one that `invalid_records` leaves out."""
_BASE: Final = frozenset({"sourcedId", "status", "dateLastModified"})
"""Properties of every record, which servers complete."""
_SET_BY_SERVER: Final = frozenset({"dateLastModified"})
AWKWARD: Final = " \u00fc+"
"""The end of an id with a blank, a letter beyond ASCII and a plus sign."""
METADATA: Final = "oneroster-check"
"""The name of the kit's own entry in the metadata of a record."""
_CUT_OFF: Final = 9
_LEFT_OUT: Final = ("title", "score", "scoreDate")
"""Properties that are left out of an invalid record: the first one that it must have."""
"""Bytes removed from the end of a JSON body to make it invalid."""


class _Lifecycles(dict[str, "Lifecycle"]):
    """The lifecycles of a tenant, by element."""


def lifecycle_of(tenant: ObservedTenant, operation: Operation) -> "Lifecycle":
    """Return the lifecycle of the test object for the element of a PUT or a DELETE.

    Raises:
        NotJudged: Writes are not allowed.
        NotOffered: The tenant does not serve the element.
    """
    objects, element = owned_objects(tenant), element_written_by(tenant, operation)
    require_served(tenant, element)
    lifecycles = tenant.memo(_Lifecycles, _Lifecycles)
    if element not in lifecycles:
        lifecycles[element] = Lifecycle(objects, element)
    return lifecycles[element]


def require_served(tenant: ObservedTenant, element: str) -> None:
    """Raise why an element is not served, or not with these credentials, unless it is.

    Raises:
        NotJudged: It is not.
    """
    collection = tenant.dialect.collection_of(element)
    if collection is not None and tenant.offer(collection) is Offer.NO:
        unanswered = tenant.unanswered.get(collection.operation_id)
        raise unread(collection, tenant.readings(collection), unanswered)


def element_written_by(tenant: ObservedTenant, operation: Operation) -> str:
    """Return the name of the element that a PUT or a DELETE writes.

    Raises:
        NotJudged: The dialect has no read at the same path.
    """
    found = (each.element for each in tenant.dialect.reads if each.path == operation.path)
    element = operation.body or next(found, None)
    if element is None:
        raise NotOffered("the dialect has no read at this path")
    return element


class Attempt(NamedTuple):
    """A PUT that should be rejected.

    Attributes:
        what: What is wrong with its body.
        sourced_id: The id in its path.
        exchange: The exchange.
    """

    what: str
    sourced_id: str
    exchange: Exchange


class Lifecycle:
    """The lifecycle of one object. Each property performs its step, and all earlier steps, once.

    Attributes:
        objects: Creates and removes the object.
        element: The name of its element.
        definition: Its element.
        wrapper: The key of a PUT body that holds the record.
        refused: The response to the first PUT, if it says that the tenant does not offer it.
    """

    refused: Exchange | None = None

    def __init__(self, objects: OwnedObjects, element: str) -> None:
        self.objects: Final = objects
        self.element: Final = element
        self.definition: Final[Element] = objects.tenant.specification.elements[element]
        self.wrapper: Final = objects.operation(element, "PUT").body_wrapper or ""

    @cached_property
    def record(self) -> Record:
        """The record that is created.

        Raises:
            NotJudged: The tenant has no records that it could refer to.
        """
        return sample_record(self.objects, self.element)

    @property
    def put_id(self) -> str:
        """The operationId of the PUT, whose checks explain what its failure prevents."""
        return self.objects.operation(self.element, "PUT").operation_id

    @property
    def sourced_id(self) -> str:
        """The id of the object."""
        return str(self.record["sourcedId"])

    @cached_property
    def created(self) -> Exchange:
        """The PUT that creates the object.

        Raises:
            NotOffered: The tenant does not serve the operation, or not with these credentials.
        """
        exchange = self.refused or self.objects.put(self.element, self.sourced_id, {self.wrapper: self.record})
        if (why := not_offered(exchange)) is not None:
            # Kept, so that the other rules do not send it again.
            self.refused = exchange
            raise why
        return exchange

    @cached_property
    def read_after_create(self) -> ParsedResponse:
        """The object after it was created.

        Raises:
            NotJudged: It could not be created.
        """
        self.require_created()
        return self.objects.read(self.element, self.sourced_id)

    def require_created(self) -> None:
        """Raise ``NotJudged`` unless the object was created."""
        if self.created.status not in DONE:
            text = f"no test object could be created (HTTP {self.created.status})"
            raise obstacle_of_status(self.created, text) or ExplainedBy("OR-WRT-01", text, self.put_id)

    @cached_property
    def changed_at_first(self) -> frozenset[str]:
        """The properties that were read back with other values than written when the object was created."""
        rows = self.read_after_create.rows
        return frozenset(changed_properties(self.definition, self.record, rows[0]) if rows else ())

    @cached_property
    def awkward(self) -> tuple[Exchange, ParsedResponse]:
        """The PUT of a copy under an id that must be percent-encoded in the path, and the copy afterwards."""
        self._require_object()
        sourced_id = self.objects.new_id(AWKWARD)
        exchange = self.objects.put(self.element, sourced_id, {self.wrapper: {**self.record, "sourcedId": sourced_id}})
        return exchange, self.objects.read(self.element, sourced_id)

    @cached_property
    def rejected(self) -> tuple[Exchange, ParsedResponse]:
        """The PUT of an invalid record over the object, and the object afterwards."""
        self._require_object()
        record = invalid_records(self.record, self._required)[0][1]
        exchange = self.objects.put(self.element, self.sourced_id, {self.wrapper: record})
        return exchange, self.objects.read(self.element, self.sourced_id)

    @cached_property
    def not_json(self) -> list[Attempt]:
        """Bodies that are not JSON, each put under a separate id."""
        cut_off = msgspec.json.encode({self.wrapper: self.record})[:-_CUT_OFF]
        bodies = (("JSON that is cut off", cut_off), ("plain text", b"hello"))
        return [self._attempt(what, body) for what, body in bodies]

    @cached_property
    def unwrapped(self) -> list[Attempt]:
        """A valid record without its wrapper, or in another one."""
        attempts = []
        for what, wrapped in (
            ("a record without its wrapper", lambda record: record),
            ("a record in an array under the key of the collection", lambda record: {f"{self.wrapper}s": [record]}),
            ("a record under an unknown key", lambda record: {"oneroster_check": record}),
        ):
            sourced_id = self.objects.new_id()
            attempts.append(self._attempt(what, wrapped({**self.record, "sourcedId": sourced_id}), sourced_id))
        return attempts

    @cached_property
    def invalid(self) -> list[Attempt]:
        """Records that violate the schema, with their wrapper."""
        return [self._attempt_with(what, record) for what, record in invalid_records(self.record, self._required)]

    @cached_property
    def further_invalid(self) -> list[Attempt]:
        """Records with one part that is left out or of a wrong type, beyond `invalid`; sent only after these."""
        return [
            self._attempt_with(what, record) for what, record in further_invalid_records(self.definition, self.record)
        ]

    def _attempt_with(self, what: str, record: Record) -> Attempt:
        sourced_id = self.objects.new_id()
        return self._attempt(what, {self.wrapper: {**record, "sourcedId": sourced_id}}, sourced_id)

    def _attempt(self, what: str, body: Any, sourced_id: str | None = None) -> Attempt:
        self._require_object()
        path_id = sourced_id or self.objects.new_id()
        return Attempt(what, path_id, self.objects.put(self.element, path_id, body))

    @cached_property
    def replacement(self) -> Record:
        """The record that replaces the first: values differ, as far as others fit; optional strings are left out."""
        known = self.definition.properties
        kept = {name: value for name, value in self.record.items() if known[name].required or known[name].refers_to}
        others = other_references(self.objects, self.element, self.record)
        return {name: others.get(name) or self._other_value(known[name], value) for name, value in kept.items()}

    def _other_value(self, known: Property, value: Any) -> Any:
        """Return another valid value of a property, of the same kind."""
        if known.name == "dateLastModified":
            return written_at(datetime.now(UTC))
        if known.name == "title":
            return f"{value}, replaced"
        if known.kind == "number":
            return value + 1
        if known.kind in ("date", "date-time") and isinstance(value, str):
            before = datetime.fromisoformat(value) - timedelta(days=1)
            return f"{before:%Y-%m-%d}" if known.kind == "date" else f"{before:%Y-%m-%dT%H:%M:%S}Z"
        return _OTHER_WORDS.get(value, value) if known.kind == "enumeration" else value

    @cached_property
    def without_metadata(self) -> tuple[ParsedResponse, ParsedResponse]:
        """Another object that was written with metadata, and the same after a PUT without it."""
        self._require_object()
        sourced_id = self.objects.new_id()
        record = {**self.record, "sourcedId": sourced_id}
        readings = []
        for body in ({**record, "metadata": {METADATA: "1"}}, record):
            self.objects.put(self.element, sourced_id, {self.wrapper: body})
            readings.append(self.objects.read(self.element, sourced_id))
        return readings[0], readings[1]

    @cached_property
    def extended(self) -> Exchange:
        """The PUT of a record with a property that the standard does not have; a server may accept or reject it."""
        self._require_object()
        sourced_id = self.objects.new_id()
        record = {**self.record, "sourcedId": sourced_id, "oneroster_check": "1"}
        return self.objects.put(self.element, sourced_id, {self.wrapper: record})

    @cached_property
    def replaced(self) -> Exchange:
        """The PUT that replaces the object."""
        self._require_object()
        _ = self.rejected
        return self.objects.put(self.element, self.sourced_id, {self.wrapper: self.replacement})

    @cached_property
    def read_after_replace(self) -> ParsedResponse:
        """The object after it was replaced.

        Raises:
            NotJudged: It could not be replaced.
        """
        if self.replaced.status not in DONE:
            text = f"the object could not be replaced (HTTP {self.replaced.status})"
            raise obstacle_of_status(self.replaced, text) or ExplainedBy("OR-WRT-05", text, self.put_id)
        return self.objects.read(self.element, self.sourced_id)

    @property
    def current(self) -> Record:
        """The object as it was last read before it was deleted, or as it was written."""
        is_replaced = "replaced" in vars(self) and self.replaced.status in DONE
        rows = (self.read_after_replace if is_replaced else self.read_after_create).rows
        return rows[0] if rows else self.record

    @cached_property
    def deleted(self) -> Exchange:
        """The DELETE of the object.

        Raises:
            NotOffered: The tenant does not serve the operation, or not with these credentials.
        """
        self._require_object()
        _ = self.replaced
        exchange = self.objects.delete(self.element, self.sourced_id)
        if (why := not_offered(exchange)) is not None and exchange.status != 404:
            raise why
        return exchange

    @cached_property
    def read_after_delete(self) -> ParsedResponse:
        """The object after it was deleted."""
        _ = self.deleted
        return self.objects.read(self.element, self.sourced_id)

    @property
    def _required(self) -> list[str]:
        return [name for name, known in self.definition.properties.items() if known.required]

    def _require_object(self) -> None:
        if (problem := self.read_after_create.problem) is not None:
            text = f"the object could not be read back ({problem})"
            raise ExplainedBy("OR-WRT-03", text, self.put_id)


def invalid_records(record: Record, required: Collection[str] = _LEFT_OUT) -> list[tuple[str, Record]]:
    """Return variants of a record with one invalid part each, and what that is.

    Args:
        record: A valid record.
        required: The properties that it must have.
    """
    name = next(name for name in _LEFT_OUT if name in record and name in required)
    return [
        (f"a record without {name}", {key: value for key, value in record.items() if key != name}),
        (f"a record whose {name} is an object", {**record, name: {"is": "an object"}}),
        ("a record with an unknown status", {**record, "status": "oneroster-check"}),
    ]


def further_invalid_records(element: Element, record: Record) -> Iterator[tuple[str, Record]]:
    """Yield variants of a record, each without one required property or with one value of a wrong type.

    Args:
        element: The element of the record.
        record: A valid record.
    """
    kinds: set[str] = set()
    yield "an empty record", {}
    for name, known in element.properties.items():
        if name in _BASE or name not in record or not known.required:
            continue
        if name not in _OFTEN_OPTIONAL:
            yield f"a record without {name}", {key: value for key, value in record.items() if key != name}
        if known.kind not in kinds or known.kind in ("date-time", "number", "reference"):
            kinds.add(known.kind)
            for what, value in _WRONG_VALUES.get(known.kind, ()):
                yield f"a record whose {name} is {what}", {**record, name: value}


def is_rejected(exchange: Exchange) -> bool:
    """Return whether a body was rejected for its content (6.1)."""
    return exchange.status in REJECTED


def changed_properties(element: Element, sent: Record, found: Record) -> list[str]:
    """Return the properties that differ from what was sent; references are compared by id, date-times by value."""
    known = element.properties
    return sorted(
        name
        for name, value in sent.items()
        if name not in _SET_BY_SERVER and _comparable(known[name], value) != _comparable(known[name], found.get(name))
    )


def _comparable(known: Property, value: Any) -> Any:
    if known.refers_to is not None:
        return sorted(str(item.get("sourcedId")) for item in references_in(value))
    if known.kind == "date-time" and isinstance(value, str):
        try:
            return datetime.fromisoformat(value)
        except ValueError:
            return value
    if known.kind == "records" and isinstance(value, list):
        # No source says that nested records have an order, and an absent value may come as null.
        return _without_absent(value)
    return value


def _in_order(value: Any) -> bytes:
    return msgspec.json.encode(value, order="sorted")


def _without_absent(value: Any) -> Any:
    """Return a value without what is null, and with numbers of one form."""
    if isinstance(value, dict):
        return {name: _without_absent(each) for name, each in value.items() if each is not None}
    if isinstance(value, list):
        return sorted(map(_without_absent, value), key=_in_order)
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value
