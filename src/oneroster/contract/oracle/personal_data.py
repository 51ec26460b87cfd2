"""Find personal data of a record in other texts, such as error messages and URLs.

The values are compared and never shown: findings name fields and sourcedIds.
"""

import re
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from oneroster.contract.http.parsed_response import Record
from oneroster_runtime.specification import Element

__all__ = ["IdentifyingValues", "personal_fields_in", "personal_traits"]

MIN_LENGTH: Final = 6
"""Characters; shorter values appear in texts by coincidence."""
NAMES: Final = ("givenName", "familyName")
_IDENTIFYING: Final = re.compile(r"[@\d]")


class IdentifyingValues(NamedTuple):
    """One or more values that together identify a person."""

    field: str
    values: tuple[str, ...]

    def is_in(self, text: str) -> bool:
        """Return whether a text contains all values, each as a whole word."""
        folded = text.casefold()
        # Compiling a pattern for every value of every person would take minutes; most values do not appear at all.
        return all(value.casefold() in folded for value in self.values) and all(
            re.search(rf"(?<!\w){re.escape(value)}(?!\w)", text, re.IGNORECASE) for value in self.values
        )


def personal_traits(element: Element, record: Record) -> list[IdentifyingValues]:
    """Return the traits of a record: long personal values with a digit or an at sign, and the full name.

    A value that is part of the sourcedId is left out, because ids may be shown.
    """
    sourced_id = str(record.get("sourcedId", "")).casefold()
    properties = element.properties.values()
    found = [
        IdentifyingValues(known.name, (text,))
        for known in properties
        if known.personal and known.kind in ("string", "date", "records") and known.name not in NAMES
        for text in _strings(record.get(known.name))
        if len(text) >= MIN_LENGTH and _IDENTIFYING.search(text)
    ]
    names = tuple(str(record[name]).strip() for name in NAMES if isinstance(record.get(name), str))
    if len(names) == len(NAMES) and all(names):
        found.append(IdentifyingValues(" and ".join(NAMES), names))
    return [trait for trait in found if not all(value.casefold() in sourced_id for value in trait.values)]


def personal_fields_in(element: Element, record: Record, text: str) -> list[str]:
    """Return the personal fields of a record whose values appear in a text."""
    return [trait.field for trait in personal_traits(element, record) if trait.is_in(text)]


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value.strip()
    elif isinstance(value, list):
        for item in value:
            yield from _strings(item)
    elif isinstance(value, dict):
        # The identifiers of userIds; their type does not identify a person.
        yield from _strings(value.get("identifier"))
