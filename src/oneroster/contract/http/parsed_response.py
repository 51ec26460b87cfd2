"""A response parsed as the document specifies: its records, or why it has none, and what is wrong with its envelope.

If the records are not in the documented place, but it is clear where they are, they are read from there: the envelope
is wrong once, and everything else can still be judged.
"""

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from oneroster.contract.http.exchange import UNREADABLE, Exchange
from oneroster.contract.http.located_rows import Location, Record, located_rows
from oneroster.transport.link_header import url_of
from oneroster_runtime.specification import Operation

__all__ = ["NOT_OFFERED", "REFUSED", "ParsedResponse", "Record", "identity"]

REFUSED: Final = frozenset({401, 403})
"""Statuses of an operation that the tenant may serve, but not with these credentials."""
NOT_OFFERED: Final = REFUSED | {404, 405, 501}
"""Statuses of an operation that the tenant does not serve, or not with these credentials."""

_JSON_TYPES: Final = {dict: "an object", list: "an array", str: "a string", bool: "a boolean", type(None): "null"}


OK: Final = 200
REDIRECT: Final = 300


@dataclass(frozen=True)
class ParsedResponse:
    """The response of an operation to given path values and query.

    Attributes:
        operation: The operation.
        values: The path values.
        query: The query parameters.
        exchange: The request and its response.
        document_words: The words that a message may quote from a response: those of the document.
    """

    operation: Operation
    values: dict[str, str]
    query: dict[str, str | int]
    exchange: Exchange
    document_words: frozenset[str] = frozenset()

    @cached_property
    def problem(self) -> str | None:
        """Why the response holds no data that can be read; None if it does, in the documented place or another.

        Data in their place are read with any status of success; the rule on statuses reports the others than 200.
        """
        status = self.exchange.status
        if status != OK and not (OK < status < REDIRECT and self.envelope_problem is None):
            return f"HTTP {self.exchange.status} instead of 200"
        return self.envelope_problem if self.location is None else None

    @cached_property
    def envelope_problem(self) -> str | None:
        """What is wrong with the envelope of a response with status 200; None if it is right."""
        payload, wrapper = self.exchange.payload, self.operation.wrapper
        if payload is UNREADABLE:
            return "the body is not JSON"
        if not isinstance(payload, dict):
            return f"the body is {json_type(payload)}, not an object with the key '{wrapper}'"
        if wrapper not in payload:
            return f"the key '{wrapper}' is missing; there is {self._keys_of(payload)}"
        expected = list if self.operation.many else dict
        if not isinstance(payload[wrapper], expected):
            return f"the key '{wrapper}' holds {json_type(payload[wrapper])}, not {_JSON_TYPES[expected]}"
        if self.operation.many and not all(isinstance(row, dict) for row in payload[wrapper]):
            kinds = sorted({json_type(row) for row in payload[wrapper] if not isinstance(row, dict)})
            return f"the array '{wrapper}' holds items that are not objects, but {' and '.join(kinds)}"
        return None

    @cached_property
    def location(self) -> Location | None:
        """Where the data of the body is; None if it is not clear."""
        return located_rows(self.exchange.payload, self.operation.wrapper, many=self.operation.many)

    @cached_property
    def rows(self) -> list[Record]:
        """The records of the page, or the single record; empty if there is a problem."""
        return list(self.location.rows) if self.problem is None and self.location is not None else []

    @property
    def other_members(self) -> dict[str, Any]:
        """The members of the body besides its data, such as warnings; empty if the body is not a JSON object."""
        payload = self.exchange.payload
        return (
            {name: value for name, value in payload.items() if name not in self._data_keys}
            if isinstance(payload, dict)
            else {}
        )

    @cached_property
    def ids(self) -> list[str | None]:
        """The sourcedIds of the records, in order."""
        return [identity(row) for row in self.rows]

    @property
    def total(self) -> int | None:
        """The number in X-Total-Count; None if it is missing or not a whole number."""
        text = self.exchange.headers.get("X-Total-Count", "").strip()
        return int(text) if re.fullmatch(r"[0-9]{1,15}", text) else None

    @property
    def next_link(self) -> str | None:
        """The URL of the next page in the Link header, unchanged."""
        return url_of(self.exchange.headers, "next")

    @property
    def _data_keys(self) -> set[str | None]:
        path = self.location.path if self.location is not None else ()
        return {self.operation.wrapper, *path[:1]}

    def _keys_of(self, payload: dict[str, Any]) -> str:
        # On a server that maps names to objects a key may be a value of a record, so other words are not shown.
        known = sorted(self.document_words & payload.keys())
        others = len(payload) - len(known)
        shown = ", ".join(f"'{key}'" for key in known) or "no key of the document"
        return shown + (f" and {others} other" if others else "")


def identity(row: Record) -> str | None:
    """Return the sourcedId of a record; None if it has none that is a non-empty string."""
    value = row.get("sourcedId")
    return value if isinstance(value, str) and value else None


def json_type(value: object) -> str:
    """Return the JSON type of a value with its article, as in ``an array``."""
    return _JSON_TYPES.get(type(value), "a number")
