"""Which collections and columns a pull fetches: those of the tenant's dialect, narrowed by a selection."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from oneroster.errors import ConfigurationError
from oneroster.pull.roster.columns import EXTRAS_COLUMN, KEY_COLUMN, columns_of
from oneroster.pull.roster.elements import collection_name, in_load_order
from oneroster_runtime.specification import Operation, Specification

__all__ = [
    "CollectionSource",
    "RosterSelection",
    "collections_to_fetch",
    "columns_to_fetch",
    "fields_to_drop",
    "personal_columns",
]


class CollectionSource(NamedTuple):
    """A collection to fetch.

    Attributes:
        element: The schema name, as in ``User``.
        collection: The wrapper name, as in ``users``, as options name the collection.
        operation_id: The operation that reads all of it.
    """

    element: str
    collection: str
    operation_id: str


class RosterSelection(NamedTuple):
    """The part of a roster to pull; by default everything but passwords.

    Attributes:
        only: The collections to pull, as in ``users``; empty for all that the tenant offers.
        without: Collections to leave out.
        schools: sourcedIds of schools: only their records, and the records they reference; empty for all.
        active: Leave out records whose status is set and not ``active``.
        columns: The columns to pull, by collection; sourcedId is always included.
        drop_personal: Leave out all columns that the document marks as personal, and unknown fields.
        with_password: Include the passwords of users.
        filters: A filter to send to the tenant, by collection.
    """

    only: Sequence[str] = ()
    without: Sequence[str] = ()
    schools: Sequence[str] = ()
    active: bool = False
    columns: Mapping[str, Sequence[str]] = {}  # never written to
    drop_personal: bool = False
    with_password: bool = False
    filters: Mapping[str, str] = {}  # never written to

    def as_json(self) -> dict[str, Any]:
        """Return what differs from the default, for the manifest.

        Filters are listed by collection only, because an expression may hold a child's name.
        """
        found: dict[str, Any] = {name: value for name, value in self._asdict().items() if value}
        found |= {name: sorted(found[name]) for name in ("only", "without", "schools") if name in found}
        if self.columns:
            found["columns"] = {name: sorted(columns) for name, columns in sorted(self.columns.items())}
        if self.filters:
            found["filters"] = sorted(self.filters)
        return found


_EVERYTHING: Final = RosterSelection()


def collections_to_fetch(
    specification: Specification, profile: str = "standard", selection: RosterSelection = _EVERYTHING
) -> tuple[CollectionSource, ...]:
    """Return the selected collections of a dialect, in load order.

    Args:
        specification: The version of the standard.
        profile: The dialect.
        selection: The part of the roster to pull.

    Raises:
        ConfigurationError: The dialect, or a collection or column of the selection, does not exist.
    """
    if profile not in specification.profiles:
        known = ", ".join(specification.profiles)
        raise ConfigurationError(f"Profile {profile!r} does not exist; choose one of {known}.")
    offered = {source.collection: source for source in _collections_of(specification, profile)}
    _check_names(specification, selection, offered)
    wanted = [name for name in offered if not selection.only or name in selection.only]
    wanted = [name for name in wanted if name not in selection.without]
    if selection.drop_personal:
        # A collection of personal columns only would be a list of bare ids.
        wanted = [
            name
            for name in wanted
            if name in selection.only or not _is_all_personal(specification, offered[name].element)
        ]
    if not wanted:
        raise ConfigurationError("The selection leaves no collection to fetch; change --only or --without.")
    elements = {offered[name].element: offered[name] for name in wanted}
    return tuple(elements[element] for element in in_load_order(specification, elements))


def personal_columns(specification: Specification, element: str) -> frozenset[str]:
    """Return the columns of an element that hold, or may hold, a person's data."""
    columns = columns_of(specification, element)
    marked = {column.name for column in columns if column.property and column.property.personal}
    return frozenset(marked | {EXTRAS_COLUMN})


def columns_to_fetch(specification: Specification, element: str, selection: RosterSelection) -> tuple[str, ...]:
    """Return the columns to keep of the fetched rows; the others are not even staged."""
    columns = columns_of(specification, element)
    dropped = set(personal_columns(specification, element)) if selection.drop_personal else set()
    if not selection.with_password:
        dropped |= {column.name for column in columns if column.property and column.property.secret}
    return tuple(column.name for column in columns if column.name not in dropped)


def fields_to_drop(specification: Specification, element: str, selection: RosterSelection) -> frozenset[str]:
    """Return the fields of nested records to drop of the fetched rows, as in ``userProfiles.credentials.password``."""
    return frozenset(_fields_to_drop(specification, element, selection, ""))


def _fields_to_drop(
    specification: Specification, element: str, selection: RosterSelection, prefix: str
) -> Iterator[str]:
    for known in specification.elements[element].properties.values():
        is_dropped = (known.secret and not selection.with_password) or (known.personal and selection.drop_personal)
        if prefix and is_dropped:
            yield f"{prefix}{known.name}"
        elif known.record is not None:
            yield from _fields_to_drop(specification, known.record, selection, f"{prefix}{known.name}.")


def _collections_of(specification: Specification, profile: str) -> list[CollectionSource]:
    served = [operation for operation in specification.operations.values() if profile in operation.profiles]
    return [
        CollectionSource(name, collection_name(specification, name), operation.operation_id)
        for name, element in specification.elements.items()
        for operation in served
        if element.collection is not None and _reads_all_of(operation, element.collection)
    ]


def _reads_all_of(operation: Operation, collection: str) -> bool:
    return collection in (operation.operation_id, operation.stands_for)


def _check_names(
    specification: Specification, selection: RosterSelection, offered: Mapping[str, CollectionSource]
) -> None:
    named = {*selection.only, *selection.without, *selection.columns, *selection.filters}
    for name in sorted(named - offered.keys()):
        raise ConfigurationError(f"Collection {name!r} does not exist; choose from {', '.join(sorted(offered))}.")
    for name, columns in selection.columns.items():
        known = [column.name for column in columns_of(specification, offered[name].element)]
        for column in columns:
            if column not in known:
                raise ConfigurationError(f"{name} has no column {column!r}; choose from {', '.join(known)}.")


def _is_all_personal(specification: Specification, element: str) -> bool:
    columns = {column.name for column in columns_of(specification, element)}
    personal = personal_columns(specification, element)
    return columns - _shared_properties(specification) - personal <= {KEY_COLUMN}


def _shared_properties(specification: Specification) -> set[str]:
    """The properties that all collections have, as in ``status``."""
    elements = [element for element in specification.elements.values() if element.collection is not None]
    return set.intersection(*(set(element.properties) for element in elements))
