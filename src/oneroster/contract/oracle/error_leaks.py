"""Detect internals of a server in error responses: stack traces, SQL, markup. Reported by kind, never quoted."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from oneroster.contract.http.exchange import UNREADABLE, Exchange
from oneroster.contract.oracle.status_payload_parser import json_strings

__all__ = ["internals_in", "leaks_in", "response_texts"]

MAX_LENGTH: Final = 100_000
"""Characters of one text that are searched."""

_FRAMES: Final = (
    r"Traceback \(most recent call last\)",  # Python
    r"File \"[^\"\n]+\", line \d+",
    r"^\s*at [\w.$<>/]+\([\w.$ ]*(?::\d+)?\)",  # Java, Kotlin, Scala
    r"\([\w$]{1,100}\.(?:java|kt|scala|groovy):\d+\)",  # the same, all in one line
    r"^\s*at .{1,300}:\d+:\d+\)?$",  # JavaScript
    r"^\s*at .{1,300} in .{1,300}:line \d+",  # C#
    r"\.(?:php|rb)(?::\d+:in |\(\d+\): | on line \d+)",  # PHP, Ruby
    r"^goroutine \d+ \[",  # Go
)
_STATEMENTS: Final = (
    r"\bSELECT\b.{1,2000}\bFROM\b",
    r"\bINSERT INTO\b",
    r"\bUPDATE\b.{1,300}\bSET\b",
    r"\bSQLSTATE\b",
    r"\bORA-\d{5}\b",
    r"syntax error (?:at or )?near",
    r"error in your SQL syntax",
)
_TAGS: Final = r"<(?:!doctype|html|head|body|title|script|h[1-6]|pre|p|div|span|br|table|a)\b[^<>]{0,300}>"
MARKUP: Final = "markup"

_KINDS: Final = {
    "a stack trace": re.compile("|".join(_FRAMES), re.MULTILINE),
    "SQL": re.compile("|".join(_STATEMENTS)),
    MARKUP: re.compile(_TAGS, re.IGNORECASE),
}


def response_texts(exchange: Exchange) -> Iterator[str]:
    """Yield the texts of a response: every string of its JSON, or the whole body if it is not JSON."""
    if exchange.payload is UNREADABLE:
        yield exchange.body[:MAX_LENGTH].decode("utf-8", "replace")
    else:
        yield from (text[:MAX_LENGTH] for text in json_strings(exchange.payload))


def leaks_in(exchange: Exchange) -> list[str]:
    """Return the kinds of internals found in the body: a stack trace, SQL, markup."""
    return internals_in(list(response_texts(exchange)))


def internals_in(known: Sequence[str]) -> list[str]:
    """Return the kinds of internals found in some texts: a stack trace, SQL, markup."""
    return [kind for kind, pattern in _KINDS.items() if any(pattern.search(text) for text in known)]
