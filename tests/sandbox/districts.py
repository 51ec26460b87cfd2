"""What the tests of the district and its store share."""

from collections import defaultdict
from functools import cache
from typing import Any

from oneroster.sandbox.district import Size, records

Record = dict[str, Any]


@cache
def district(users: int, seed: int) -> dict[str, list[Record]]:
    """The records of a district by element, in their default order; to be read, not changed."""
    found: dict[str, list[Record]] = defaultdict(list)
    for element, record in records(Size(users), seed):
        found[element].append(record)
    return dict(found)


def by_id(rows: list[Record]) -> dict[str, Record]:
    """Records by their sourcedId."""
    return {row["sourcedId"]: row for row in rows}
