"""The life of one object of the kit's own making: put, read, replaced, read, deleted, read. Each step happens once."""

from datetime import datetime
from functools import cached_property
from typing import Any, Final, NamedTuple

import msgspec

from oneroster.contract.errors import NotExercised, NotOffered
from oneroster.contract.http.exchange import Exchange
from oneroster.contract.http.parsed_response import ParsedResponse, Record
from oneroster.contract.observation.membership import references
from oneroster.contract.observation.tenant import ObservedTenant, Offer
from oneroster.contract.writes.owned_objects import DONE, REFUSED, OwnedObjects, not_offered, owned_objects
from oneroster.contract.writes.sample_records import sample_record
from oneroster_v1p1.tables import ELEMENTS, Operation, Property

__all__ = ["Attempt", "Lifecycle", "changed_properties", "element_of", "lifecycle_of"]

_SET_BY_SERVER: Final = frozenset({"dateLastModified"})


def lifecycle_of(tenant: ObservedTenant, operation: Operation) -> "Lifecycle":
    """The life of the object that stands for the element of a PUT or a DELETE.

    Raises ``NotExercised`` when nothing may be written, ``NotOffered`` when the tenant has no such objects.
    """
    shop, element = owned_objects(tenant), element_of(tenant, operation)
    collection = tenant.dialect.all_of(element)
    if collection is not None and tenant.offer(collection) is Offer.NO:
        raise NotOffered(f"not offered, as {collection.operation_id} shows")
    if element not in shop.lives:
        shop.lives[element] = Lifecycle(shop, element)
    return shop.lives[element]


def element_of(tenant: ObservedTenant, operation: Operation) -> str:
    """The element that stands at the path of a write."""
    found = (each.element for each in tenant.dialect.reads if each.path == operation.path)
    element = operation.body or next(found, None)
    if element is None:
        raise NotExercised("the dialect reads nothing at this path")
    return element


class Attempt(NamedTuple):
    """A PUT that should be refused: what was wrong with its body, under which id it went, and the answer."""

    what: str
    sourced_id: str
    exchange: Exchange


class Lifecycle:
    """One object; what is asked of it last has all that comes before done first."""

    def __init__(self, shop: OwnedObjects, element: str) -> None:
        self.shop: Final = shop
        self.element: Final = element
        self.wrapper: Final = shop.operation(element, "PUT").body_wrapper or ""

    @cached_property
    def record(self) -> Record:
        """What is put first.

        Raises ``NotExercised`` when there is nothing to refer to.
        """
        return sample_record(self.shop, self.element)

    @property
    def sourced_id(self) -> str:
        """The id of the object."""
        return str(self.record["sourcedId"])

    @cached_property
    def created(self) -> Exchange:
        """The answer to the first PUT.

        Raises ``NotOffered`` when the tenant serves none, or not to us.
        """
        exchange = self.shop.put(self.element, self.sourced_id, {self.wrapper: self.record})
        if (why := not_offered(exchange)) is not None:
            raise NotOffered(why)
        return exchange

    @cached_property
    def first(self) -> ParsedResponse:
        """The object as it was made.

        Raises ``NotExercised`` when it could not be made.
        """
        if self.created.status not in DONE:
            raise NotExercised(f"no object of its own could be made (HTTP {self.created.status})")
        return self.shop.read(self.element, self.sourced_id)

    @cached_property
    def refused(self) -> tuple[Exchange, ParsedResponse]:
        """The answer to a PUT of an invalid record over the object, and the object behind it."""
        self._there(self.first)
        exchange = self.shop.put(self.element, self.sourced_id, {self.wrapper: invalid_records(self.record)[0][1]})
        return exchange, self.shop.read(self.element, self.sourced_id)

    @cached_property
    def no_json(self) -> list[Attempt]:
        """Bodies that are no JSON, each put under an id of its own."""
        cut = msgspec.json.encode({self.wrapper: self.record})[:-9]
        return [self._attempt(what, body) for what, body in (("JSON that is cut off", cut), ("plain text", b"hello"))]

    @cached_property
    def unwrapped(self) -> list[Attempt]:
        """A valid record without the key around it."""
        sourced_id = self.shop.new_id()
        return [self._attempt("a record without its wrapper", {**self.record, "sourcedId": sourced_id}, sourced_id)]

    @cached_property
    def invalid(self) -> list[Attempt]:
        """Records that the schema does not allow, in their wrapper."""
        attempts = []
        for what, record in invalid_records(self.record):
            sourced_id = self.shop.new_id()
            attempts.append(self._attempt(what, {self.wrapper: {**record, "sourcedId": sourced_id}}, sourced_id))
        return attempts

    def _attempt(self, what: str, body: Any, sourced_id: str | None = None) -> Attempt:
        self._there(self.first)
        named = sourced_id or self.shop.new_id()
        return Attempt(what, named, self.shop.put(self.element, named, body))

    @cached_property
    def replacement(self) -> Record:
        """What is put in the place of the first record: one value is another, and the optional texts are left out."""
        known = ELEMENTS[self.element].properties
        kept = {name: value for name, value in self.record.items() if known[name].required or known[name].refers_to}
        if "title" in kept:
            return kept | {"title": f"{kept['title']}, replaced"}
        return kept | {"score": self.record["score"] + 1}

    @cached_property
    def replaced(self) -> Exchange:
        """The answer to the second PUT."""
        self._there(self.first)
        _ = self.refused
        return self.shop.put(self.element, self.sourced_id, {self.wrapper: self.replacement})

    @cached_property
    def second(self) -> ParsedResponse:
        """The object as it was replaced.

        Raises ``NotExercised`` when it could not be.
        """
        if self.replaced.status not in DONE:
            raise NotExercised(f"the object could not be replaced (HTTP {self.replaced.status})")
        return self.shop.read(self.element, self.sourced_id)

    @cached_property
    def deleted(self) -> Exchange:
        """The answer to the DELETE.

        Raises ``NotOffered`` when the tenant serves none, or not to us.
        """
        self._there(self.first)
        _ = self.replaced
        exchange = self.shop.delete(self.element, self.sourced_id)
        if (why := not_offered(exchange)) is not None and exchange.status != 404:
            raise NotOffered(why)
        return exchange

    @cached_property
    def after(self) -> ParsedResponse:
        """What is read behind the DELETE."""
        _ = self.deleted
        return self.shop.read(self.element, self.sourced_id)

    def _there(self, reading: ParsedResponse) -> None:
        if reading.fault is not None:
            raise NotExercised(f"the object could not be read back ({reading.fault})")


def invalid_records(record: Record) -> list[tuple[str, Record]]:
    """The record made invalid, each time by one thing, and what that is."""
    name = "title" if "title" in record else "score"
    return [
        (f"a record without {name}", {key: value for key, value in record.items() if key != name}),
        (f"a record whose {name} is an object", {**record, name: {"is": "an object"}}),
        ("a record with an unknown status", {**record, "status": "oneroster-check"}),
    ]


def is_refused(exchange: Exchange) -> bool:
    """Whether a body was refused for what it holds (6.1)."""
    return exchange.status in REFUSED


def changed_properties(element: str, sent: Record, found: Record) -> list[str]:
    """The properties that were sent and do not come back: references by their ids, moments as moments."""
    known = ELEMENTS[element].properties
    return sorted(
        name
        for name, value in sent.items()
        if name not in _SET_BY_SERVER and _meaning(known[name], value) != _meaning(known[name], found.get(name))
    )


def _meaning(known: Property, value: Any) -> Any:
    if known.refers_to is not None:
        return sorted(str(item.get("sourcedId")) for item in references(value))
    if known.kind == "date-time" and isinstance(value, str):
        try:
            return datetime.fromisoformat(value)
        except ValueError:
            return value
    return value
