"""What the tests of the district and its store share."""

from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from typing import Any

from oneroster.sandbox.district.generator import district_entities
from oneroster.sandbox.district.mapping_v1p1 import map_entity
from oneroster.sandbox.district.size import Size

Record = dict[str, Any]


def records(size: Size, seed: int) -> Iterator[tuple[str, Record]]:
    """Yield the records of OneRoster 1.1 of a district, each with the name of its element."""
    for entity in district_entities(size, seed):
        yield from map_entity(entity)


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
