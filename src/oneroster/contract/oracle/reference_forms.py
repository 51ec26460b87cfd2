"""Read references that a server writes in another form than the document, so that they can still be followed.

Examples are the id alone instead of an object, and a property `userSourcedId` instead of `user`.
"""

from collections.abc import Iterator
from typing import Any, Final

from oneroster.contract.http.parsed_response import Record

__all__ = ["references_at", "references_in", "stand_in"]

_SUFFIXES: Final = ("", "id", "ids", "sourcedid", "sourcedids", "guid", "guids", "guidref", "ref", "refs")
"""What servers append to the name of a property, without capitals and separators."""
_OTHER_IDS: Final = {"sourcedId": {"id", "guid"}}


def references_at(record: Record, name: str) -> Iterator[Record]:
    """Yield the references in a property of a record, or in the property that stands in its place."""
    value = record.get(name)
    other = stand_in(record, name) if value is None else None
    yield from references_in(value if other is None else record[other])


def references_in(value: Any) -> Iterator[Record]:
    """Yield the references in a value, which may be one or a list of them; an id alone counts as a reference."""
    for item in value if isinstance(value, list) else [value]:
        if isinstance(item, dict):
            yield item
        elif isinstance(item, str) and item:
            yield {"sourcedId": item}


def stand_in(record: Record, name: str) -> str | None:
    """Return the property of a record that has the place of a documented one, such as `userSourcedId` for `user`."""
    singular = name.removesuffix("s")
    wanted = {_plain(stem + suffix) for stem in (name, singular) for suffix in _SUFFIXES} | _OTHER_IDS.get(name, set())
    return next((other for other in record if other != name and _plain(other) in wanted), None)


def _plain(name: str) -> str:
    return "".join(letter for letter in name if letter.isalnum()).lower()
