"""The types of a specification: operations, elements, enumerations and profiles as data.

Everything that is not generated per operation or per model uses them: pages, sandbox routes, contract rules, completion
on the command line.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

__all__ = [
    "Element",
    "Operation",
    "Parameter",
    "Parent",
    "Profile",
    "Property",
    "Scope",
    "Specification",
    "SpecificationError",
    "Subset",
    "Through",
]

_DEFAULT_LIMIT: Final = 100


class SpecificationError(ValueError):
    """A part of a document cannot be read.

    Attributes:
        message: What is wrong with it.
        pointer: The JSON pointer of the part, "" for the whole document.
    """

    def __init__(self, message: str, pointer: str = "") -> None:
        super().__init__(message, pointer)
        self.message, self.pointer = message, pointer

    def __str__(self) -> str:
        return f"{self.pointer}: {self.message}" if self.pointer else self.message


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
    """The enumeration that lists the values, if ``kind`` is ``enumeration``."""
    trust: str = "A"
    """The trust mark: ``A`` certain, ``B`` probable, ``C`` uncertain."""
    default: int | None = None
    """The value of a number that a request leaves out."""
    minimum: int | None = None
    """The least number."""
    maximum: int | None = None
    """The largest number."""


class Subset(NamedTuple):
    """The part of a collection that a specialised operation serves, as students are a part of the users."""

    of: str
    """The operationId of the whole collection."""
    property: str
    """The property that decides, by wire name."""
    values: tuple[str, ...]
    """The values of ``property`` that belong to the part."""
    trust: str
    """The trust mark of the fact: ``A`` certain, ``B`` probable, ``C`` uncertain."""


class Through(NamedTuple):
    """The collection that connects a row with the parents in the path, as enrollments connect users with classes."""

    collection: str
    """The operationId of that collection."""
    property: str
    """The reference of its records to the row; ``sourcedId`` if the record is the row."""
    where: tuple[tuple[str, tuple[str, ...]], ...]
    """Properties with the values that a connecting record must have."""


class Parent(NamedTuple):
    """A parent of the rows of a response: a record named in the path."""

    parameter: str
    """The path parameter with its sourcedId."""
    read: str
    """The operationId that reads it."""
    property: str
    """The reference to it, by wire name; dotted over two hops, as in ``lineItem.class``."""


class Scope(NamedTuple):
    """The parents of the rows of a nested collection."""

    through: Through | None
    parents: tuple[Parent, ...]
    trust: str


class Operation(NamedTuple):
    """One operation of the document."""

    operation_id: str
    method: str
    """In upper case, as in ``GET``."""
    path: str
    """Below the base URL, with the parameters in braces."""
    tag: str
    service: str
    """The service that it belongs to, a key of `Specification.services`."""
    summary: str
    profiles: tuple[str, ...]
    """The profiles that serve it."""
    stands_for: str | None
    """The standard operation that this operation of a dialect replaces."""
    parameters: tuple[Parameter, ...]
    wrapper: str | None
    """The key of the response that has the data."""
    element: str | None
    """The element under that key."""
    many: bool
    """Whether the response is a page of a collection."""
    item_read: str | None
    """For a collection: the operation that reads one of its records."""
    subset: Subset | None
    scope: Scope | None
    oauth_scopes: tuple[str, ...]
    """OAuth 2 scopes; any one is sufficient."""
    body: str | None
    """For a PUT or a POST: the element to send."""
    body_wrapper: str | None
    """For a PUT or a POST: the key of the body that has it."""
    statuses: tuple[int, ...]
    """The documented success statuses."""
    trust: str = "A"
    """The trust mark of the operation."""
    status_trust: tuple[tuple[int, str], ...] = ()
    """All documented statuses, each with its trust mark."""
    body_many: bool = False
    """Whether the body has many records."""
    created: str | None = None
    """For a POST: the element that the response has for each created record."""
    created_wrapper: str | None = None
    """For a POST: the key of the response that has them."""
    header_trust: tuple[tuple[str, str], ...] = ()
    """The headers of the success response, each with its trust mark."""
    wrapper_trust: str | None = None
    """The trust mark of ``wrapper``."""

    @property
    def default_limit(self) -> int:
        """The rows of a page without ``limit``; 100 if the document does not say."""
        found = next((each.default for each in self.parameters if each.name == "limit"), None)
        return _DEFAULT_LIMIT if found is None else found


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
    """The trust mark of name and type: ``A`` certain, ``B`` probable, ``C`` uncertain."""
    presence: str
    """The trust mark of `required`."""
    personal: bool
    """Personal data: never in a message, a log, a repr or a report."""
    secret: bool
    """A password."""
    profiles: tuple[str, ...]
    """The profiles that have it; empty for all."""
    enumeration: str | None
    """The enumeration, if the kind is ``enumeration`` or ``enumerations``."""
    refers_to: str | None
    """The element that a reference refers to."""
    reference_types: tuple[str, ...]
    """The values that the ``type`` of a reference may have."""
    record: str | None
    """The nested element, if the kind is ``record`` or ``records``."""


class Element(NamedTuple):
    """A model of the data: a record under a wrapper, or nested in such a record."""

    name: str
    collection: str | None
    """The operationId that lists all of them."""
    read: str | None
    """The operationId that reads one."""
    properties: dict[str, Property]
    """By wire name, in the order of the document."""
    open: bool = False
    """Whether a record may have further properties."""


class Profile(NamedTuple):
    """A dialect of OneRoster that the document describes."""

    name: str
    description: str
    booleans: str
    """The notation of booleans: ``string`` (``"true"``) or ``json`` (``true``)."""


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
        alternatives: The alternatives of properties that allow several kinds, by element and property; the first one is
            in `elements`. Only overlays add some.
        booleans: The notation of booleans: ``string``, ``json`` or ``either``.
        contract_version: The version of the contract, as in ``1.0.0``; empty if the document has none.
        status_list: The key of the list in the payload of an error; None if the payload is one object.
        warnings: Whether a success may have a status payload beside its data.
        extensions: The pattern of further values, for the enumerations that may be extended.
        discovery: The names of the discovery documents of each service that has them, below ``discovery/``.
        security_trust: The trust mark of each security scheme.
        scope_trust: The trust mark of each OAuth 2 scope: how certain it is which operations need it.
    """

    version: str
    services: Mapping[str, str]
    operations: Mapping[str, Operation]
    elements: Mapping[str, Element]
    enumerations: Mapping[str, tuple[str, ...]]
    profiles: Mapping[str, Profile]
    alternatives: Mapping[tuple[str, str], tuple[Property, ...]] = field(default_factory=dict)
    booleans: str = "string"
    contract_version: str = ""
    security_trust: Mapping[str, str] = field(default_factory=dict)
    scope_trust: Mapping[str, str] = field(default_factory=dict)
    status_list: str | None = None
    warnings: bool = True
    extensions: Mapping[str, str] = field(default_factory=dict)
    discovery: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def allows(self, enumeration: str, value: str) -> bool:
        """Return whether an enumeration lists a value, or may be extended by it."""
        pattern = self.extensions.get(enumeration)
        return value in self.enumerations[enumeration] or (pattern is not None and bool(re.search(pattern, value)))

    def base_path(self, operation: Operation) -> str:
        """Return the base path of the service that an operation belongs to, as in ``/ims/oneroster/v1p1``."""
        return self.services[operation.service]
