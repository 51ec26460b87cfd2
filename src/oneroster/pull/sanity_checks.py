"""Limits that a new roster must keep before it is published: its size, its references, and what was lost of it."""

import math
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Final, NamedTuple

from oneroster.counts import count_of
from oneroster.pull.formats.format import WrittenFile
from oneroster.pull.roster.columns import STATUS_COLUMN
from oneroster.pull.roster.rejects import UNREADABLE, Rejects
from oneroster.pull.roster_survey import ReferenceCounts

__all__ = [
    "SanityLimits",
    "excessive_deletions",
    "excessive_losses",
    "fewer_values",
    "shrunk_files",
    "too_many_unreadable",
    "too_many_unresolved",
]

_TOLERANCE: Final = 1e-9
"""What a share of a number may be off by: 0.29 of 100 is a little less than 29."""


class SanityLimits(NamedTuple):
    """The limits of a roster that is published, as shares from 0 to 1.

    Attributes:
        shrink: The share of a file's previous rows that may be missing.
        unreadable: The share of a collection's fetched records that may have unreadable fields.
        unresolved: The share of a collection's references that may lead to no record. A required reference without a
            value counts as one.
        left_out: The share of a file's rows that may be left out because the format cannot represent them.
        exceptions: Other shares for single collections or properties, by the name of the limit and by that of the
            collection or property, as in ``{"unresolved": {"lineItems.category": 1.0}}``.
    """

    shrink: float = 0.2
    unreadable: float = 0.01
    unresolved: float = 0.05
    left_out: float = 0.01
    exceptions: Mapping[str, Mapping[str, float]] = {}  # never written to

    def of(self, limit: str, collection: str, field: str | None = None) -> float:
        """Return the share that applies to a collection, or to one of its properties."""
        found = self.exceptions.get(limit, {})
        general: float = getattr(self, limit)
        return found.get(f"{collection}.{field}", found.get(collection, general))

    def is_exception(self, limit: str, collection: str, field: str) -> bool:
        """Return whether a property has its own share."""
        return f"{collection}.{field}" in self.exceptions.get(limit, {})


class _Count(NamedTuple):
    """What is wrong with one property of a collection.

    Attributes:
        field: The property.
        number: How often.
        of: The values or rows that it is a part of.
        shown: What to show.
        alone: Whether it is judged apart from the other properties.
        none: Whether it must not happen at all, unless the property has its own limit.
    """

    field: str
    number: int
    of: int
    shown: str
    alone: bool = False
    none: bool = False


def too_many_unreadable(
    fetched: Mapping[str, int], rejects: Rejects, limits: SanityLimits, filled: Collection[str] = ()
) -> list[str]:
    """Return the collections with too many fields or records that could not be read, one sentence each.

    Args:
        fetched: The number of records by collection.
        rejects: The rejects of the records.
        limits: The limits.
        filled: The properties for which the format writes a value where a record has none. Of these, no value may be
            unreadable, unless the property has its own limit: what is written would not be what the server sent.
    """
    found = []
    for name, rows in fetched.items():
        counts = [
            _Count(field or "sourcedId", number, rows, f"{field or 'whole record'} {number}", none=field in filled)
            for (collection, field, reason), number in rejects.fields.most_common()
            if collection == name and reason == UNREADABLE
        ]
        found += [
            f"{name}: {count_of(number, 'field or record', 'fields or records')} could not be read,"
            f" in {count_of(of, 'row')} ({shown}); {option}."
            for number, of, shown, option in _exceeded("unreadable", name, counts, rows, limits)
        ]
    return found


def too_many_unresolved(references: Mapping[tuple[str, str], ReferenceCounts], limits: SanityLimits) -> list[str]:
    """Return the collections with too many references that lead to no record, one sentence each."""
    by_collection: dict[str, list[_Count]] = {}
    for (name, field), counts in references.items():
        number = counts.missing + counts.unresolved
        missing = f", {counts.missing} of them without a value" if counts.missing else ""
        by_collection.setdefault(name, []).append(
            _Count(field, number, counts.checked, f"{field} {number}{missing}", counts.required)
        )
    return [
        f"{name}: {number} of {of} references could not be resolved ({shown}); {option}."
        for name, counts in by_collection.items()
        for number, of, shown, option in _exceeded("unresolved", name, counts, None, limits)
    ]


def excessive_losses(files: Iterable[WrittenFile], limits: SanityLimits) -> list[str]:
    """Return the files that too many rows would be left out of, one sentence each."""
    found = []
    for file in files:
        counts = [
            _Count(why.field, number, file.given, f"{why.reason} {number}") for why, number in file.left_out.items()
        ]
        found += [
            f"{file.name}: {number} of {of} rows would be left out ({shown}); {option}."
            for number, of, shown, option in _exceeded("left_out", file.collection, counts, file.given, limits)
        ]
    return found


def _exceeded(
    limit: str, collection: str, counts: Iterable[_Count], total: int | None, limits: SanityLimits
) -> Iterator[tuple[int, int, str, str]]:
    """Yield what exceeds a limit: the number, what it is a part of, what to show, and the option that accepts it.

    Args:
        limit: The limit.
        collection: The collection.
        counts: What was found, by property.
        total: What properties that are judged together are a part of; None for the sum of their own totals.
        limits: The limits.
    """
    together: list[_Count] = []
    for count in counts:
        own = limits.is_exception(limit, collection, count.field)
        if count.alone or count.none or own:
            share = 0.0 if count.none and not own else limits.of(limit, collection, count.field)
            if count.number > share * max(count.of, 1) + _TOLERANCE:
                yield count.number, count.of, count.shown, _accepting(limit, collection, [count.field], count)
        else:
            together.append(count)
    number = sum(count.number for count in together)
    of = sum(count.of for count in together) if total is None else total
    if number > limits.of(limit, collection) * max(of, 1) + _TOLERANCE:
        found = [count for count in together if count.number]
        shown = ", ".join(count.shown for count in found)
        summed = _Count("", number, of, shown)
        yield number, of, shown, _accepting(limit, collection, [count.field for count in found], summed)


def _accepting(limit: str, collection: str, fields: list[str], count: _Count) -> str:
    """Return the option that accepts what was found."""
    percent = min(100, math.ceil(100 * count.number / max(count.of, 1)))
    name = f"{collection}.{fields[0]}" if len(set(fields)) == 1 else collection
    return f"--max-{limit.replace('_', '-')} {name}={percent} accepts it"


def shrunk_files(
    files: Iterable[WrittenFile], before: Mapping[str, int], not_offered: Mapping[str, str], limits: SanityLimits
) -> list[str]:
    """Return the files that lost more rows than the limit allows, one sentence each.

    Args:
        files: The files that would be written.
        before: The rows in place, by collection.
        not_offered: Why the server does not offer a collection, by collection.
        limits: The limits.
    """
    written = {file.collection: file for file in files}
    found = []
    for collection, old in before.items():
        new = written.get(collection, WrittenFile(collection, collection, 0))
        if new.rows + _TOLERANCE < old * (1 - limits.of("shrink", collection)):
            reason = f" ({not_offered[collection]})" if collection in not_offered else ""
            percent = math.ceil(100 * (old - new.rows) / old)
            found.append(
                f"{new.name}: {new.rows} rows now{reason}, {old} before;"
                f" --accept-shrink or --max-shrink {collection}={percent} accepts it."
            )
    return found


def fewer_values(
    now: Mapping[str, int], before: Mapping[str, int], shrunk: Collection[str], limits: SanityLimits
) -> list[str]:
    """Return the properties that lost more values than the limit allows, one sentence each.

    A collection may keep all its rows and yet lose what they are worth: all are marked as deleted, or a property that
    had values has none. Values are compared as shares of the records that are not deleted.

    Args:
        now: The number of values by collection and property, and of records that are not deleted under ``status``.
        before: The same of the roster in place.
        shrunk: Collections whose rows exceed the limit already, which explains a lack of records.
        limits: The limits.
    """
    found = []
    for name in before.keys() & now.keys():
        collection, _, field = name.partition(".")
        is_status = field == STATUS_COLUMN
        status = f"{collection}.{STATUS_COLUMN}"
        kept = 1.0 if is_status else min(1.0, now.get(status, 0) / max(before.get(status, 0), 1))
        old, new, expected = before[name], now[name], before[name] * kept
        explained = is_status and collection in shrunk
        if explained or new + _TOLERANCE >= expected * (1 - limits.of("shrink", collection, field)):
            continue
        accept = f"--accept-shrink or --max-shrink {name}={math.ceil(100 * (expected - new) / expected)}"
        found.append(
            f"{collection}: {new} rows are not marked as deleted now, {old} before; {accept} accepts it."
            if is_status
            else f"{name} has {new} values now, {old} before; {accept} accepts it."
        )
    return sorted(found)


def excessive_deletions(deletions: Mapping[str, tuple[int, int]], limits: SanityLimits) -> list[str]:
    """Return the collections that lose more rows by a delta than the limit allows, one sentence each.

    Args:
        deletions: The number of deleted rows and of rows before, by collection.
        limits: The limits.
    """
    return [
        f"{name}: {deleted} of {before} rows would be deleted; --accept-shrink or"
        f" --max-shrink {name}={math.ceil(100 * deleted / before)} accepts it."
        for name, (deleted, before) in deletions.items()
        if before and deleted > before * limits.of("shrink", name) + _TOLERANCE
    ]
