"""Which values of a record give a person away wherever they turn up, for the rules that look for them elsewhere.

The values are compared and never shown: findings name fields and sourcedIds.
"""

import re
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from oneroster.contract.http.parsed_response import Record
from oneroster_v1p1.tables import ELEMENTS

__all__ = ["Trait", "given_away", "traits"]

SHORTEST: Final = 6
"""Characters; a shorter value turns up by chance."""
NAMES: Final = ("givenName", "familyName")
_TELLING: Final = re.compile(r"[@\d]")


class Trait(NamedTuple):
    """Something by which one person is known: all the values have to be there."""

    field: str
    values: tuple[str, ...]

    def is_in(self, text: str) -> bool:
        """Whether the text holds all the values, each as a whole word."""
        folded = text.casefold()
        # A pattern for every value of every person would cost minutes; next to none is even there.
        return all(value.casefold() in folded for value in self.values) and all(
            re.search(rf"(?<!\w){re.escape(value)}(?!\w)", text, re.IGNORECASE) for value in self.values
        )


def traits(element: str, record: Record) -> list[Trait]:
    """The traits of a record: long personal values with a digit or an at sign, and the full name.

    A value that is a part of the sourcedId is none: ids may be told.
    """
    sourced_id = str(record.get("sourcedId", "")).casefold()
    properties = ELEMENTS[element].properties.values()
    found = [
        Trait(known.name, (text,))
        for known in properties
        if known.personal and known.kind in ("string", "date", "records") and known.name not in NAMES
        for text in _strings(record.get(known.name))
        if len(text) >= SHORTEST and _TELLING.search(text)
    ]
    names = tuple(str(record[name]).strip() for name in NAMES if isinstance(record.get(name), str))
    if len(names) == len(NAMES) and all(names):
        found.append(Trait(" and ".join(NAMES), names))
    return [trait for trait in found if not all(value.casefold() in sourced_id for value in trait.values)]


def given_away(element: str, record: Record, text: str) -> list[str]:
    """The fields of a record whose values stand in a text."""
    return [trait.field for trait in traits(element, record) if trait.is_in(text)]


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value.strip()
    elif isinstance(value, list):
        for item in value:
            yield from _strings(item)
    elif isinstance(value, dict):
        # The identifiers of userIds; their type says nothing of a person.
        yield from _strings(value.get("identifier"))
