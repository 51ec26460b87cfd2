"""The explanation of one check: what was asked, what came, and what follows from it.

Values are masked: of a body only the names that the document knows and the JSON types are shown, and of the response
headers only the values of a few that hold no data.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from oneroster.contract.http.exchange import UNREADABLE, Exchange
from oneroster.contract.result import CheckReport, Status
from oneroster.contract.rule import Rule
from oneroster.counts import count_of

__all__ = ["explanation", "shape_of"]

SHOWN_HEADERS: Final = frozenset(
    {
        "allow",
        "cache-control",
        "content-encoding",
        "content-length",
        "content-type",
        "date",
        "retry-after",
        "transfer-encoding",
        "vary",
        "x-total-count",
    }
)
"""Response headers whose values are shown, in lower case; of all others only the names."""
DEEPEST: Final = 4
"""Levels of a body that are shown."""
MOST_EXCHANGES: Final = 200
LONGEST_VALUE: Final = 80


def explanation(rule: Rule, report: CheckReport, exchanges: Sequence[Exchange], words: frozenset[str]) -> str:
    """Return the explanation of a run that judged one rule on one operation.

    Args:
        rule: The rule.
        report: The report of the run.
        exchanges: All requests of the run, in order.
        words: The words of the document, which may be shown.
    """
    lines = [f"{rule.id}  {rule.title}", f"  level: {rule.level}, harm: {rule.harm}", f"  clause: {rule.clause}"]
    lines += [f"  example of a violation: {rule.example}"] if rule.example else []
    lines += ["", count_of(len(exchanges), "request")]
    for number, exchange in enumerate(exchanges[:MOST_EXCHANGES], 1):
        lines += [f"{number}. {_printable(exchange.request)}: HTTP {exchange.status}", *_response(exchange, words)]
    if len(exchanges) > MOST_EXCHANGES:
        lines.append(f"and {len(exchanges) - MOST_EXCHANGES} more")
    lines += ["", *_checks(report), "", report.verdict().headline]
    return "\n".join(lines)


def _response(exchange: Exchange, words: frozenset[str]) -> Iterator[str]:
    for name, value in exchange.headers.items():
        shown = _printable(value)[:LONGEST_VALUE] if name.lower() in SHOWN_HEADERS else "(not shown)"
        yield f"   {_printable(name)}: {shown}"
    body = exchange.payload
    yield (
        f"   body: {len(exchange.body)} bytes, not JSON" if body is UNREADABLE else f"   body: {shape_of(body, words)}"
    )


def _checks(report: CheckReport) -> Iterator[str]:
    for check in report.checks:
        cause = f" ({check.cause})" if check.cause else ""
        yield f"{check.id} {check.operation_id or ''}: {check.status}{cause}: {check.message}".replace(" :", ":")
        for item in check.evidence:
            yield from (f"   {name}: {value}" for name, value in item.as_json().items())
        if check.status is Status.PASSED:
            yield "   no request above showed a violation"


def shape_of(value: Any, words: frozenset[str], depth: int = DEEPEST) -> str:
    """Return the names and types of a JSON value, without its values.

    Args:
        value: A decoded JSON value.
        words: The names that may be shown; others are counted, because a name may be data.
        depth: How many levels to show.
    """
    if isinstance(value, dict):
        return _object([value], words, depth)
    if not isinstance(value, list):
        return _type(value)
    objects = [item for item in value if isinstance(item, dict)]
    others = sorted({_type(item) for item in value if not isinstance(item, dict)})
    inside = ([_object(objects, words, depth - 1)] if objects else []) + others
    return f"array of {len(value)}" + (f" [{' | '.join(inside)}]" if inside and depth else "")


def _object(objects: list[dict[str, Any]], words: frozenset[str], depth: int) -> str:
    """Return the names of several objects, each with all types that its values have."""
    if not depth:
        return "object"
    names: dict[str, list[Any]] = {}
    for each in objects:
        for name, inner in each.items():
            names.setdefault(name, []).append(inner)
    parts = [f"{name}: {_shapes(inner, words, depth - 1)}" for name, inner in names.items() if name in words]
    hidden = len(names) - len(parts)
    return "{" + ", ".join(parts + ([count_of(hidden, "other name")] if hidden else [])) + "}"


def _shapes(values: list[Any], words: frozenset[str], depth: int) -> str:
    objects = [each for each in values if isinstance(each, dict)]
    rest: Iterable[str] = dict.fromkeys(shape_of(each, words, depth) for each in values if not isinstance(each, dict))
    return " | ".join(([_object(objects, words, depth)] if objects else []) + sorted(rest)[:3])


def _type(value: object) -> str:
    kinds = {str: "string", bool: "boolean", type(None): "null", dict: "object", list: "array"}
    return kinds.get(type(value), "number")


def _printable(text: str) -> str:
    return "".join(character if character.isprintable() else "?" for character in text)
