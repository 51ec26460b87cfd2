"""What is fetched of a tenant: the collections of its dialect, narrowed by choice. Derived from the tables."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from oneroster.errors import ConfigurationError
from oneroster.pull.roster.columns import EXTRAS, KEY, columns_of
from oneroster.pull.roster.roster import in_load_order, wrapper_of
from oneroster_v1p1.tables import ELEMENTS, OPERATIONS, PROFILES, Operation

__all__ = ["RosterSelection", "Source", "columns_to_fetch", "personal_columns", "sources"]


class Source(NamedTuple):
    """One collection to fetch.

    Attributes:
        element: The schema name, as in ``User``.
        collection: The wrapper name, as in ``users``; how people name it.
        operation_id: The operation that reads all of it.
    """

    element: str
    collection: str
    operation_id: str


class RosterSelection(NamedTuple):
    """What of a roster is wanted; by default all but passwords.

    Attributes:
        only: Collections wanted, as in ``users``; empty for all that the tenant offers.
        without: Collections not wanted.
        schools: sourcedIds of schools: their classes, and what belongs to these; empty for all.
        active: Leave out records whose status is neither absent nor ``active``.
        columns: By collection, the columns wanted; sourcedId always comes along.
        drop_personal: Leave out all columns that the document marks as personal, and what it does not know.
        with_password: Keep the passwords of users.
        filters: By collection, a filter that is sent to the tenant.
    """

    only: Sequence[str] = ()
    without: Sequence[str] = ()
    schools: Sequence[str] = ()
    active: bool = False
    columns: Mapping[str, Sequence[str]] = {}  # nobody writes to it
    drop_personal: bool = False
    with_password: bool = False
    filters: Mapping[str, str] = {}  # nobody writes to it

    def as_json(self) -> dict[str, Any]:
        """What differs from the default, for the manifest. Filters are named, for they may hold a child's name."""
        found: dict[str, Any] = {name: value for name, value in self._asdict().items() if value}
        found |= {name: sorted(found[name]) for name in ("only", "without", "schools") if name in found}
        if self.columns:
            found["columns"] = {name: sorted(columns) for name, columns in sorted(self.columns.items())}
        if self.filters:
            found["filters"] = sorted(self.filters)
        return found


_ALL: Final = RosterSelection()


def sources(profile: str = "standard", choice: RosterSelection = _ALL) -> tuple[Source, ...]:
    """The collections of a dialect that are wanted, in the order in which references lead backwards.

    Raises:
        ConfigurationError: The choice names a dialect, a collection or a column that there is not.
    """
    if profile not in PROFILES:
        raise ConfigurationError(f"There is no profile {profile!r}; there are {', '.join(PROFILES)}.")
    offered = {source.collection: source for source in _whole_collections(profile)}
    _check_names(choice, offered)
    wanted = [name for name in offered if (not choice.only or name in choice.only) and name not in choice.without]
    if choice.drop_personal:
        # A collection that is personal altogether would be a list of naked ids.
        wanted = [name for name in wanted if name in choice.only or not _only_personal(offered[name].element)]
    if not wanted:
        raise ConfigurationError("The choice leaves no collection to fetch.")
    elements = {offered[name].element: offered[name] for name in wanted}
    return tuple(elements[element] for element in in_load_order(elements))


def personal_columns(element: str) -> frozenset[str]:
    """The columns of an element that hold, or may hold, a person's data."""
    marked = {column.name for column in columns_of(element) if column.property and column.property.personal}
    return frozenset(marked | {EXTRAS})


def columns_to_fetch(element: str, choice: RosterSelection) -> tuple[str, ...]:
    """The columns that are kept of what is fetched; the others are not even written to the staging folder."""
    dropped = personal_columns(element) if choice.drop_personal else frozenset()
    secret = {column.name for column in columns_of(element) if column.property and column.property.secret}
    if choice.with_password:
        secret.clear()
    return tuple(column.name for column in columns_of(element) if column.name not in dropped | secret)


def _whole_collections(profile: str) -> list[Source]:
    own = [operation for operation in OPERATIONS.values() if profile in operation.profiles]
    return [
        Source(name, wrapper_of(name), operation.operation_id)
        for name, element in ELEMENTS.items()
        for operation in own
        if element.collection is not None and _is_whole(operation, element.collection)
    ]


def _is_whole(operation: Operation, collection: str) -> bool:
    return collection in (operation.operation_id, operation.stands_for)


def _check_names(choice: RosterSelection, offered: Mapping[str, Source]) -> None:
    named = {*choice.only, *choice.without, *choice.columns, *choice.filters}
    for name in sorted(named - offered.keys()):
        raise ConfigurationError(f"There is no collection {name!r}; there are {', '.join(sorted(offered))}.")
    for name, columns in choice.columns.items():
        known = [column.name for column in columns_of(offered[name].element)]
        for column in columns:
            if column not in known:
                raise ConfigurationError(f"{name} has no column {column!r}; it has {', '.join(known)}.")


def _only_personal(element: str) -> bool:
    base = {name for name in ELEMENTS[element].properties if all(name in ELEMENTS[e].properties for e in _elements())}
    return {column.name for column in columns_of(element)} - base - personal_columns(element) <= {KEY}


def _elements() -> list[str]:
    return [name for name, element in ELEMENTS.items() if element.collection is not None]
