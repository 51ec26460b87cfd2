"""Choose the record that a fault changes: always the same one of a district, and late in its collection."""

from collections.abc import Callable, Iterator

from oneroster.sandbox.requests.operation_request import all_records
from oneroster.sandbox.serialization import Record
from oneroster.sandbox.store.result_sets import ResultSet
from oneroster.sandbox.store.store import Store

_ROWS_PER_READ = 200


def last_record(store: Store, element: str, matches: Callable[[Record], bool] = lambda _: True) -> Record:
    """Return the last active record of an element, in the default order, that matches.

    Raises:
        ValueError: The district has no such record.
    """
    rows = reversed_rows(all_records(element).select(store)) if store.has(element) else ()
    for record in rows:
        if is_active(record) and matches(record):
            return record
    raise ValueError(f"this district has no {element} that the fault could change")


def roles_of(user: Record) -> set[str]:
    """Return the roles of a user: one, or those of a list."""
    return {user["role"]} if "role" in user else {each["role"] for each in user["roles"]}


def with_role(user: Record, role: str) -> Record:
    """Return a user with another role, everywhere if there are several."""
    return user | ({"role": role} if "role" in user else {"roles": [each | {"role": role} for each in user["roles"]]})


def is_active(record: Record) -> bool:
    """Return whether a record is active; clients may skip deleted records, so that a fault in one would not show."""
    return bool(record["status"] == "active")


def reversed_rows(rows: ResultSet) -> Iterator[Record]:
    """Yield the rows from the last to the first."""
    for end in range(rows.total, 0, -_ROWS_PER_READ):
        start = max(0, end - _ROWS_PER_READ)
        yield from reversed(rows.page(start, end - start))
