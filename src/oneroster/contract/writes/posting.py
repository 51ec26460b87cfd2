"""The steps of one POST operation: create two objects, read them, and send what must be refused. Each is done once."""

from functools import cached_property
from typing import Any, Final

import msgspec

from oneroster.contract.errors import ExplainedBy, NotEnoughData, NotOffered
from oneroster.contract.http.credentials import Credentials
from oneroster.contract.http.exchange import Exchange
from oneroster.contract.http.gateway import id_pairs
from oneroster.contract.http.parsed_response import ParsedResponse, Record, identity
from oneroster.contract.observation.observed_tenant import ObservedTenant, Query
from oneroster.contract.observation.obstacles import obstacle_of_status
from oneroster.contract.oracle.reference_forms import references_in
from oneroster.contract.writes.lifecycle import invalid_records, require_served
from oneroster.contract.writes.owned_objects import DONE, MARKED, mark_of, not_offered, owned_objects
from oneroster.contract.writes.sample_records import sample_record
from oneroster_runtime.specification import Operation, Parent

__all__ = ["Posting", "posting_of"]

_RECORDS: Final = 2
"""Records of the POST that creates objects."""


class _Postings(dict[str, "Posting"]):
    """The postings of a tenant, by operation."""


def posting_of(tenant: ObservedTenant, operation: Operation) -> "Posting":
    """Return the steps of a POST operation.

    Raises:
        NotJudged: Writes are not allowed, or the tenant does not serve the element.
    """
    owned_objects(tenant)
    require_served(tenant, operation.body or "")
    known = tenant.memo(_Postings, _Postings)
    if operation.operation_id not in known:
        known[operation.operation_id] = Posting(tenant, operation)
    return known[operation.operation_id]


class Posting:
    """The steps of one POST operation.

    Attributes:
        tenant: The tenant.
        operation: The operation.
        element: The name of the element that it creates.
        refused: The response to the first POST, if it says that the tenant does not offer it.
    """

    refused: Exchange | None = None

    def __init__(self, tenant: ObservedTenant, operation: Operation) -> None:
        self.tenant: Final = tenant
        self.operation: Final = operation
        self.element: Final = operation.body or ""
        self._objects: Final = owned_objects(tenant)

    @cached_property
    def known(self) -> frozenset[str]:
        """The ids of all records of the element before; an object with one of these is never removed.

        Raises:
            NotJudged: The collection could not be read whole.
        """
        found = self.tenant.walk(self.tenant.dialect.collection_of(self.element))
        if not found.complete:
            raise found.incomplete
        return frozenset(name for name in found.ids if name is not None)

    def record(self) -> Record:
        """Return a new valid record, which its mark names whatever id it gets.

        Raises:
            NotJudged: The tenant has no records that it could refer to.
        """
        made = sample_record(self._objects, self.element)
        return made | {name: mark_of(str(made["sourcedId"])) for name in MARKED if name in made}

    @cached_property
    def records(self) -> list[Record]:
        """The records that are created."""
        return [self.record() for _ in range(_RECORDS)]

    @cached_property
    def parents(self) -> dict[str, str]:
        """The ids in the path: those to which the records refer.

        Raises:
            NotJudged: The records refer to no such parent.
        """
        found: dict[str, str] = {}
        for parent in self.operation.scope.parents if self.operation.scope else ():
            sourced_id = self._referenced(self.element, self.records[0], parent.property)
            if sourced_id is None:
                raise NotEnoughData(0, 1, f"{parent.property} for the path")
            found[parent.parameter] = sourced_id
        return found

    def _referenced(self, element: str, record: Record, path: str) -> str | None:
        name, _, rest = path.partition(".")
        sourced_id = next((found for item in references_in(record.get(name)) if (found := identity(item))), None)
        between = self.tenant.specification.elements[element].properties[name].refers_to
        if not rest or sourced_id is None or between is None:
            return sourced_id
        # It may be an object of the kit, which no collection read before holds.
        rows = self._objects.read(between, sourced_id).rows
        return self._referenced(between, rows[0], rest) if rows else None

    def send(
        self,
        body: Any,
        *,
        parents: dict[str, str] | None = None,
        access: Credentials | None = None,
    ) -> Exchange:
        """Send a POST with some records, or with bytes."""
        content = body if isinstance(body, bytes) else {self.operation.body_wrapper: body}
        return self._objects.post(self.operation, parents or self.parents, content, self.known, access=access)

    @cached_property
    def created(self) -> Exchange:
        """The POST that creates objects.

        Raises:
            NotOffered: The tenant does not serve the operation, or not with these credentials.
        """
        exchange = self.refused or self.send(self.records)
        if (why := not_offered(exchange)) is not None:
            # Kept, so that the other rules do not send it again.
            self.refused = exchange
            raise why
        return exchange

    @cached_property
    def pairs(self) -> dict[str, str]:
        """The allocated ids by the supplied ones.

        Raises:
            NotJudged: Nothing was created.
        """
        if self.created.status not in DONE:
            text = f"no test object could be created (HTTP {self.created.status})"
            raise obstacle_of_status(self.created, text) or ExplainedBy("OR-WRT-31", text)
        return id_pairs(self.created, self.operation)

    @cached_property
    def stored(self) -> list[tuple[Record, str, ParsedResponse]]:
        """The records for which an id was returned, that id, and what is read under it.

        Raises:
            NotJudged: Nothing was created.
        """
        found = [(record, self.pairs[name]) for record in self.records if (name := record["sourcedId"]) in self.pairs]
        if not found:
            raise ExplainedBy("OR-WRT-32", "no id was returned")
        return [(record, name, self._objects.read(self.element, name)) for record, name in found]

    @cached_property
    def invalid(self) -> list[tuple[str, Record, Exchange]]:
        """The records that violate the schema, each sent alone, and the responses."""
        self._require_objects()
        known = self.tenant.specification.elements[self.element].properties
        required = [name for name, each in known.items() if each.required]
        kinds = [what for what, _ in invalid_records(self.record(), required)]
        sent = []
        for number, what in enumerate(kinds):
            _, record = invalid_records(self.record(), required)[number]
            sent.append((what, record, self.send([record])))
        return sent

    @cached_property
    def not_json(self) -> Exchange:
        """A POST with a body that is not JSON."""
        self._require_objects()
        return self.send(msgspec.json.encode({self.operation.body_wrapper: [self.record()]})[:-9])

    def copies(self, record: Record, sourced_id: str) -> tuple[ParsedResponse, list[str]] | None:
        """Return the collection with the mark of a stored record, and the other ids that have it; None without one."""
        marked = next((name for name in MARKED if isinstance(record.get(name), str)), None)
        collection = self.tenant.dialect.collection_of(self.element)
        if marked is None or collection is None:
            return None
        query: Query = {"limit": self.tenant.page_size, "filter": f"{marked}='{record[marked]}'"}
        listed = self.tenant.fetch(collection, {}, query)
        same = [identity(row) for row in listed.rows if row.get(marked) == record[marked]]
        return listed, [name for name in same if name is not None and name not in {sourced_id, *self.known}]

    def is_stored(self, record: Record) -> bool:
        """Return whether the tenant has a record with the mark of another, or under its id."""
        marked = next((name for name in MARKED if isinstance(record.get(name), str)), None)
        if marked is not None:
            # A server that ignores filters returns other records as well.
            query: Query = {"limit": self.tenant.page_size, "filter": f"{marked}='{record[marked]}'"}
            collection = self.tenant.dialect.collection_of(self.element)
            rows = [] if collection is None else self.tenant.fetch(collection, {}, query).rows
            if any(row.get(marked) == record[marked] for row in rows):
                return True
        return bool(self._objects.read(self.element, str(record["sourcedId"])).rows)

    def other_parents(self) -> dict[str, str]:
        """Return the ids of the path with another first parent, to which the records do not refer.

        Raises:
            NotJudged: The tenant has no other one.
        """
        parent = self._first_parent()
        listed = self.tenant.dialect.list_of(parent.read)
        ids = self.tenant.walk(listed).ids if listed is not None else []
        other = next((name for name in ids if name is not None and name != self.parents[parent.parameter]), None)
        if other is None:
            raise NotEnoughData(1, 2, f"records of {parent.read}")
        return self.parents | {parent.parameter: other}

    def unknown_parents(self) -> dict[str, str]:
        """Return the ids of the path with a first parent that does not exist."""
        return self.parents | {self._first_parent().parameter: self._objects.new_id()}

    def _first_parent(self) -> Parent:
        if self.operation.scope is None:
            raise NotOffered("the operation has no parents")
        return self.operation.scope.parents[0]

    def _require_objects(self) -> None:
        if self.created.status not in DONE:
            raise ExplainedBy("OR-WRT-31", f"no test object could be created (HTTP {self.created.status})")
