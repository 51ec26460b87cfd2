"""An answer, unwrapped strictly: the records where the document says they are, or what is in their place."""

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import httpx

from oneroster.contract.http.exchange import UNREADABLE, Exchange
from oneroster_v1p1.tables import OPERATIONS, Operation

__all__ = ["NOT_OFFERED", "ParsedResponse", "Record", "identity"]

Record = dict[str, Any]

NOT_OFFERED: Final = frozenset({401, 403, 404, 405, 501})
"""Statuses with which a tenant says that it does not serve a collection, or not to us."""

_KNOWN_KEYS: Final = frozenset(
    word for operation in OPERATIONS.values() for word in (operation.wrapper, *operation.path.split("/")) if word
)
_JSON_KINDS: Final = {dict: "an object", list: "an array", str: "a string", bool: "a boolean", type(None): "null"}


@dataclass(frozen=True)
class ParsedResponse:
    """What one operation answered for given path values and query."""

    operation: Operation
    values: dict[str, str]
    query: dict[str, str | int]
    exchange: Exchange

    @cached_property
    def fault(self) -> str | None:
        """Why the answer does not hold its data where the document says; None when it does."""
        if self.exchange.status != 200:
            return f"HTTP {self.exchange.status} instead of 200"
        return self.misplaced

    @cached_property
    def misplaced(self) -> str | None:
        """What is wrong with the envelope of a 200 answer."""
        payload, wrapper = self.exchange.json, self.operation.wrapper
        if payload is UNREADABLE:
            return "the body is not JSON"
        if not isinstance(payload, dict):
            return f"the body is {kind_of(payload)}, not an object with the key '{wrapper}'"
        if wrapper not in payload:
            return f"the key '{wrapper}' is missing; there is {_keys_of(payload)}"
        expected = list if self.operation.many else dict
        if not isinstance(payload[wrapper], expected):
            return f"the key '{wrapper}' holds {kind_of(payload[wrapper])}, not {_JSON_KINDS[expected]}"
        if self.operation.many and not all(isinstance(row, dict) for row in payload[wrapper]):
            return f"the array '{wrapper}' holds items that are no objects"
        return None

    @cached_property
    def rows(self) -> list[Record]:
        """The records of the answer: those of the page, or the single one; empty when there is a fault."""
        if self.fault is not None:
            return []
        data = self.exchange.json[self.operation.wrapper]
        return list(data) if self.operation.many else [data]

    @property
    def beside(self) -> dict[str, Any]:
        """What stands in the answer beside its data, such as warnings; empty when the body is no JSON object."""
        payload = self.exchange.json
        return (
            {name: value for name, value in payload.items() if name != self.operation.wrapper}
            if isinstance(payload, dict)
            else {}
        )

    @property
    def ids(self) -> list[str | None]:
        """The sourcedIds of the records, in order."""
        return [identity(row) for row in self.rows]

    @property
    def total(self) -> int | None:
        """The number in X-Total-Count; None when it is not sent or no whole number."""
        text = self.exchange.headers.get("X-Total-Count", "").strip()
        return int(text) if re.fullmatch(r"[0-9]{1,15}", text) else None

    @property
    def next_link(self) -> str | None:
        """The address that the Link header gives for the next page, as it was sent."""
        return httpx.Response(200, headers=self.exchange.headers).links.get("next", {}).get("url")


def identity(row: Record) -> str | None:
    """The sourcedId of a record; None when it has none that is a string."""
    value = row.get("sourcedId")
    return value if isinstance(value, str) and value else None


def kind_of(value: object) -> str:
    """The JSON type of a value, in words."""
    return _JSON_KINDS.get(type(value), "a number")


def _keys_of(payload: dict[str, Any]) -> str:
    # A key may be a value of a record on a server that maps names to objects; only words of the document are shown.
    known = sorted(_KNOWN_KEYS & payload.keys())
    others = len(payload) - len(known)
    shown = ", ".join(f"'{key}'" for key in known) or "no key of the document"
    return shown + (f" and {others} other" if others else "")
