"""What the text of an error lets out of the inside of a server; told by its kind, never by its words."""

import re
from collections.abc import Iterator
from typing import Final

from oneroster.contract.http.exchange import UNREADABLE, Exchange
from oneroster.contract.oracle.status_payload import strings

__all__ = ["betrayed", "texts"]

LONGEST: Final = 100_000
"""Characters of one text that are looked at."""

_FRAMES: Final = (
    r"Traceback \(most recent call last\)",  # Python
    r"File \"[^\"\n]+\", line \d+",
    r"^\s*at [\w.$<>/]+\([\w.$ ]*(?::\d+)?\)",  # Java, Kotlin, Scala
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
_KINDS: Final = {
    "a stack trace": re.compile("|".join(_FRAMES), re.MULTILINE),
    "SQL": re.compile("|".join(_STATEMENTS)),
    "markup": re.compile(_TAGS, re.IGNORECASE),
}


def texts(exchange: Exchange) -> Iterator[str]:
    """The texts of an answer: every string of its JSON, or the whole body when it is none."""
    if exchange.json is UNREADABLE:
        yield exchange.body[:LONGEST].decode("utf-8", "replace")
    else:
        yield from (text[:LONGEST] for text in strings(exchange.json))


def betrayed(exchange: Exchange) -> list[str]:
    """The kinds of things in the body that are nobody's business: a stack trace, SQL, markup."""
    known = list(texts(exchange))
    return [kind for kind, pattern in _KINDS.items() if any(pattern.search(text) for text in known)]
