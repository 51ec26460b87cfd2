"""The specification of one version of OneRoster: operations, elements, enumerations and profiles, as data.

Everything that is not generated per operation or per model is derived from it: pages, sandbox routes, contract rules,
command-line completion.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

__all__ = [
    "Element",
    "Operation",
    "Parameter",
    "Parent",
    "Profile",
    "Property",
    "Scope",
    "Specification",
    "Subset",
    "Through",
]


class Parameter(NamedTuple):
    """A path or query parameter of an operation."""

    name: str
    """The name on the wire, as in ``orderBy``."""
    attribute: str
    """The name in Python, as in ``order_by``."""
    location: str
    """``path`` or ``query``."""
    required: bool
    kind: str
    """``string``, ``integer`` or ``enumeration``."""
    format: str | None
    """``oneroster-fields``, ``oneroster-filter``, ``oneroster-sort`` or another format of the document."""
    enumeration: str | None
    """The enumeration that lists the values, when ``kind`` is ``enumeration``."""


class Subset(NamedTuple):
    """Which part of a collection a specialised operation serves, as students are part of the users."""

    of: str
    """The operationId of the whole collection."""
    property: str
    """The property, by its wire name, that decides."""
    values: tuple[str, ...]
    """The values of ``property`` that belong to the part."""
    trust: str
    """How sure the fact is: ``A`` certain, ``B`` probable, ``C`` uncertain."""


class Through(NamedTuple):
    """The collection that ties a row to the parents in the path, as enrollments tie users to classes."""

    collection: str
    """The operationId of the collection whose records tie."""
    property: str
    """The reference of such a record to the row; ``sourcedId`` when the record is the row."""
    where: tuple[tuple[str, tuple[str, ...]], ...]
    """Property and allowed values that a tying record must have."""


class Parent(NamedTuple):
    """A record named in the path, to which the rows of the answer belong."""

    parameter: str
    """The path parameter that holds its sourcedId."""
    read: str
    """The operationId that reads it."""
    property: str
    """The reference to it, by wire name; dotted over two hops, as in ``lineItem.class``."""


class Scope(NamedTuple):
    """To which parents the rows of a nested operation are bound."""

    through: Through | None
    parents: tuple[Parent, ...]
    trust: str


class Operation(NamedTuple):
    """One operation of the document."""

    operation_id: str
    method: str
    """In capitals, as in ``GET``."""
    path: str
    """Below the base URL, with the parameters in braces."""
    tag: str
    service: str
    """The service that it belongs to, a key of `Specification.services`."""
    summary: str
    profiles: tuple[str, ...]
    """The dialects that serve it."""
    stands_for: str | None
    """The standard operation in whose place this one of a dialect stands."""
    parameters: tuple[Parameter, ...]
    wrapper: str | None
    """The key of the answer that holds the data."""
    element: str | None
    """The element found there."""
    many: bool
    """Whether the answer is a page of a collection."""
    item_read: str | None
    """For a collection: the operation that reads one of its records."""
    subset: Subset | None
    scope: Scope | None
    oauth_scopes: tuple[str, ...]
    """OAuth 2 scopes, each of which suffices."""
    body: str | None
    """For a PUT: the element to send."""
    body_wrapper: str | None
    """For a PUT: the key of the body that holds it."""
    statuses: tuple[int, ...]
    """The documented success statuses."""


class Property(NamedTuple):
    """One property of an element."""

    name: str
    """The name on the wire, as in ``sourcedId``."""
    attribute: str
    """The name in Python, as in ``sourced_id``."""
    kind: str
    """``string date date-time uri boolean number integer enumeration reference object record``, or a list of them:
    ``strings enumerations references records``."""
    required: bool
    trust: str
    """How sure name and type are: ``A`` certain, ``B`` probable, ``C`` uncertain."""
    presence: str
    """How sure it is that the property is required, or optional."""
    personal: bool
    """A person's data: never in a message, a log, a repr or a report."""
    secret: bool
    """A password."""
    profiles: tuple[str, ...]
    """The dialects that know it; empty for all."""
    enumeration: str | None
    """The enumeration, when the kind is ``enumeration`` or ``enumerations``."""
    refers_to: str | None
    """The element that a reference leads to."""
    reference_types: tuple[str, ...]
    """The values that the ``type`` of a reference may have."""
    record: str | None
    """The element inside, when the kind is ``record`` or ``records``."""


class Element(NamedTuple):
    """A model of the data: what stands under a wrapper, or inside such a record."""

    name: str
    collection: str | None
    """The operationId that lists all of them."""
    read: str | None
    """The operationId that reads one."""
    properties: dict[str, Property]
    """By wire name, in the order of the document."""


class Profile(NamedTuple):
    """A dialect of OneRoster."""

    name: str
    description: str
    booleans: str
    """How it writes booleans: ``string`` (``"true"``) or ``json`` (``true``)."""


@dataclass(frozen=True, eq=False)
class Specification:
    """What an OpenAPI document with ``x-oneroster-*`` keys specifies.

    Attributes:
        version: The version of the standard, as in ``1.1``.
        services: The base path of each service, by name.
        operations: By operationId, in the order of the document.
        elements: By schema name, in the order of the document.
        enumerations: The values of each enumeration, by schema name.
        profiles: By name, the standard first.
    """

    version: str
    services: Mapping[str, str]
    operations: Mapping[str, Operation]
    elements: Mapping[str, Element]
    enumerations: Mapping[str, tuple[str, ...]]
    profiles: Mapping[str, Profile]

    def base_path(self, operation: Operation) -> str:
        """Return the base path of the service that an operation belongs to, as in ``/ims/oneroster/v1p1``."""
        return self.services[operation.service]
