"""Write rules on PUT: it creates or replaces a record. They write, and then remove, objects of the kit."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, timedelta
from typing import Final

from oneroster.contract.errors import ExplainedBy, NotEnoughData, NotOffered
from oneroster.contract.harm import Harm
from oneroster.contract.http.exchange import Exchange
from oneroster.contract.http.parsed_response import ParsedResponse, Record, identity
from oneroster.contract.levels import Level
from oneroster.contract.observation.evidence import finding
from oneroster.contract.observation.observed_tenant import ObservedTenant
from oneroster.contract.observation.walk import walk
from oneroster.contract.oracle.filters import parse_timestamp
from oneroster.contract.result import Evidence, Finding
from oneroster.contract.rule import rule
from oneroster.contract.writes.lifecycle import METADATA, Lifecycle, changed_properties, lifecycle_of
from oneroster.contract.writes.owned_objects import DONE, REJECTED, owned_objects
from oneroster.contract.writes.sample_records import MAX_SCORE, TITLE
from oneroster_runtime.specification import Operation

LONG_TITLE: Final = 600
"""Characters; longer than the usual limits of 255 and 512 for a text column."""
TEXTS: Final = ("title", "description", "comment")
"""Properties with free text."""
ODD_TEXT: Final = "oneroster-check 'a' \\ 100% 100%25 a+b,  <i>c</i> &amp;"
"""Text that servers change which escape, decode or clean it once too often."""
BLANKS: Final = "oneroster-check,\nwill be removed "
"""Text with a line break, and with a blank at the end, which some servers remove."""
FILTERS: Final = ("OR-FLT-01", "OR-FLT-02", "OR-FLT-16")
READ_BACK: Final = ("OR-WRT-03",)
"""The rule that reports properties which are not stored; what a later write loses as well is no second finding."""
RARE_TITLE: Final = 'oneroster-check É 日本 😀 <b> & "x", will be removed'
DIGITS: Final = "0042"
"""Text that is changed by a server which takes it for a number."""
ANY_METADATA: Final = {METADATA: "1", f"{METADATA}.more": {"list": ["1", 2], "text": "3"}}
"""Metadata with values of several types, which are free."""
MANY_POINTS: Final = 12345.5
"""A score that fits no column of five digits."""
MOST_PAGES: Final = 20
SPARE: Final = 50
"""Rows that a run may add to a collection, at most, so that it still fits on one page."""


def put_operations(tenant: ObservedTenant) -> Iterator[Operation]:
    """The PUT operations of the dialect.

    Raises ``NotJudged`` when the run must not write.
    """
    return write_operations(tenant, "PUT")


def write_operations(tenant: ObservedTenant, method: str) -> Iterator[Operation]:
    """The operations with a write method whose objects can be read as well.

    Raises ``NotJudged`` when the run must not write.
    """
    owned_objects(tenant)
    paths = {read.path for read in tenant.dialect.reads}
    return (
        each
        for each in tenant.standard.specification.operations.values()
        if each.method == method and each.path in paths
    )


def write_finding(
    message: str, exchange: Exchange, *ids: str, level: Level | None = None, uncertain: str = ""
) -> Finding:
    """Return a finding with the response to a write as evidence."""
    return Finding(message, (Evidence(request=exchange.request, ids=ids),), level, uncertain=uncertain)


@rule(
    "OR-WRT-01",
    family="writes",
    title="A valid record is accepted",
    clause="2 putCategory, putLineItem and putResult [A]",
    example="PUT of a complete line item under a new id returns 400",
    fix="accept every record that the schema allows, under any id in the path",
    over=put_operations,
)
def valid_is_taken(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    lifecycle = lifecycle_of(tenant, operation)
    if lifecycle.created.status not in DONE:
        yield write_finding(
            f"a PUT of a valid record under a new id returned HTTP {lifecycle.created.status} instead of 201",
            lifecycle.created,
            lifecycle.sourced_id,
        )
        return
    if lifecycle.read_after_create.problem is not None:
        return
    exchange, reading = lifecycle.awkward
    (awkward_id,) = reading.values.values()
    if exchange.status not in DONE:
        # The record itself was accepted, so it is the id; a server may have a form of ids for what others create.
        level = Level.SHOULD if exchange.status in REJECTED else None
        message = f"a PUT under an id that is percent-encoded in the path returned HTTP {exchange.status}"
        yield write_finding(f"{message} instead of 201", exchange, awkward_id, level=level)
    elif awkward_id not in reading.ids:
        message = "a record that was written under an id that is percent-encoded in the path cannot be read by it"
        yield finding(message, reading, [awkward_id])


@rule(
    "OR-WRT-02",
    family="writes",
    harm=Harm.FORM,
    title="A PUT that creates a record returns 201",
    clause="2 note W, created 201 [B]",
    example="PUT under a new id returns 200",
    fix="return 201 if no record had the sourcedId of the path before",
    stands_on=("status 201",),
    over=put_operations,
)
def created_201(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    lifecycle = lifecycle_of(tenant, operation)
    lifecycle.require_created()
    if lifecycle.created.status != 201:
        message = f"a PUT that creates a record returned HTTP {lifecycle.created.status} instead of 201"
        yield write_finding(message, lifecycle.created, lifecycle.sourced_id)


@rule(
    "OR-WRT-03",
    family="writes",
    title="A record is read back with the values that were written",
    clause="2 putCategory, putLineItem and putResult [A]",
    example="the description of a line item is missing when it is read after the PUT",
    fix="store every documented property of the record",
    over=put_operations,
)
def read_back(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    lifecycle = lifecycle_of(tenant, operation)
    yield from _stored_differences(lifecycle, lifecycle.record, lifecycle.read_after_create)


def _stored_differences(lifecycle: Lifecycle, sent: Record, reading: ParsedResponse) -> Iterator[Finding]:
    if reading.problem is not None:
        message = f"the written record could not be read: {reading.problem}"
        yield finding(message, reading, [sent["sourcedId"]], symptom_of=READ_BACK)
    elif names := changed_properties(lifecycle.definition, sent, reading.rows[0]):
        message = f"the record is read back with other values of {', '.join(names)} than written"
        symptom_of = READ_BACK if lifecycle.changed_at_first.issuperset(names) else ()
        yield finding(message, reading, [sent["sourcedId"]], symptom_of=symptom_of)


@rule(
    "OR-WRT-04",
    family="writes",
    harm=Harm.ROWS,
    title="A written record is listed in its collection",
    clause="2 getAllCategories, getAllLineItems and getAllResults [A]",
    example="a new category can be read by its id, but GET /categories does not list it",
    fix="serve the collection from the storage that PUT writes to, or invalidate its cache",
    over=put_operations,
)
def listed_in_collection(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    lifecycle = lifecycle_of(tenant, operation)
    reading = lifecycle.read_after_create
    collection = tenant.dialect.collection_of(lifecycle.element)
    if collection is None:
        raise NotOffered("the element has no collection")
    if reading.problem is not None:
        raise ExplainedBy("OR-WRT-03", f"the written record could not be read ({reading.problem})")
    one = tenant.fetch(collection, {}, {"filter": f"sourcedId='{lifecycle.sourced_id}'"})
    if one.ids.count(lifecycle.sourced_id) > 1:
        yield finding("the collection lists the written record more than once", one, [lifecycle.sourced_id])
    if lifecycle.sourced_id in one.ids:
        yield from _missing_views(tenant, lifecycle, collection)
        return
    # Other rules check filters; here a wrong filter must not hide the record, so read the collection.
    found = walk(
        tenant.fetch, collection, {}, limit=tenant.page_size, max_rows=tenant.gateway.limits.rows, max_pages=MOST_PAGES
    )
    if lifecycle.sourced_id in found.ids:
        if one.problem is None and not one.ids:
            message = "the collection contains the written record, but not if it is filtered by its sourcedId"
            yield finding(message, one, [lifecycle.sourced_id], symptom_of=FILTERS)
        return
    if not found.complete:
        raise found.incomplete
    yield finding(
        "the written record can be read by its id, but its collection does not contain it", one, [lifecycle.sourced_id]
    )


def _missing_views(tenant: ObservedTenant, lifecycle: Lifecycle, collection: Operation) -> Iterator[Finding]:
    """Yield a finding for each view of the collection that lacks the record: whole, sorted, and what has changed."""
    known = len(tenant.walk(collection))
    whole = tenant.page_size
    if known + SPARE > whole:
        return
    changed = parse_timestamp(lifecycle.read_after_create.rows[0].get("dateLastModified"))
    since = None if changed is None else changed.astimezone(UTC) - timedelta(seconds=2)
    views: dict[str, dict[str, str | int]] = {
        "the whole collection": {"limit": whole},
        "the sorted collection": {"limit": whole, "sort": "sourcedId", "orderBy": "asc"},
    }
    if since is not None:
        views["the records changed since"] = {
            "limit": whole,
            "filter": f"dateLastModified>='{since:%Y-%m-%dT%H:%M:%S}Z'",
        }
    for what, query in views.items():
        listed = tenant.fetch(collection, {}, query)
        complete = len(listed.rows) < whole and ("filter" in query or len(listed.rows) >= known)
        if listed.problem is None and complete and lifecycle.sourced_id not in listed.ids:
            yield finding(f"{what} does not contain the written record", listed, [lifecycle.sourced_id])
        elif listed.problem is None and listed.total is not None and listed.total < len(listed.rows):
            message = f"X-Total-Count of {what} does not count the written record"
            yield finding(message, listed, [lifecycle.sourced_id], symptom_of=("OR-PAG-05",))


@rule(
    "OR-WRT-05",
    family="writes",
    title="A PUT to an existing id replaces the record",
    clause="2 putCategory, putLineItem and putResult [A]",
    example="a category is written again with another title, but GET returns the first title",
    fix="overwrite the existing record with the body of the second PUT",
    over=put_operations,
)
def replaced(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    lifecycle = lifecycle_of(tenant, operation)
    if lifecycle.replaced.status not in DONE:
        yield write_finding(
            f"a second PUT to the same id returned HTTP {lifecycle.replaced.status} instead of 200",
            lifecycle.replaced,
            lifecycle.sourced_id,
        )
        return
    differences = list(_stored_differences(lifecycle, lifecycle.replacement, lifecycle.read_after_replace))
    yield from differences or _list_differences(tenant, lifecycle)


def _list_differences(tenant: ObservedTenant, lifecycle: Lifecycle) -> Iterator[Finding]:
    """Yield a finding if the collection lists a replaced record with the values that it had before."""
    collection = tenant.dialect.collection_of(lifecycle.element)
    if collection is None:
        return
    listed = tenant.fetch(collection, {}, {"filter": f"sourcedId='{lifecycle.sourced_id}'"})
    again = [row for row in listed.rows if identity(row) == lifecycle.sourced_id]
    if len(again) > 1:
        message = f"the collection lists the replaced record {len(again)} times"
        yield finding(message, listed, [lifecycle.sourced_id], symptom_of=("OR-WRT-04",))
        return
    row = next(iter(again), None)
    before, now = lifecycle.read_after_create.rows, lifecycle.read_after_replace.rows
    if row is None or not before or not now:
        return
    names = changed_properties(lifecycle.definition, now[0], row)
    old = [name for name in names if name in before[0] and row.get(name) == before[0][name]]
    if old:
        message = f"the collection lists the replaced record with its previous values of {', '.join(old)}"
        yield finding(message, listed, [lifecycle.sourced_id])


@rule(
    "OR-WRT-06",
    family="writes",
    harm=Harm.FORM,
    title="A PUT that replaces a record returns 200",
    clause="2 note W, replaced 200 [B]",
    example="the second PUT to the same id returns 201",
    fix="return 201 only if no record had the sourcedId before",
    stands_on=("status 200",),
    over=put_operations,
    needs=("OR-WRT-05",),
)
def replaced_200(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    lifecycle = lifecycle_of(tenant, operation)
    if lifecycle.replaced.status != 200:
        message = f"a PUT that replaces a record returned HTTP {lifecycle.replaced.status} instead of 200"
        yield write_finding(message, lifecycle.replaced, lifecycle.sourced_id)


@rule(
    "OR-WRT-07",
    family="writes",
    title="A replaced record keeps no property of the previous one",
    clause="2 note W, PUT creates or replaces the object [B]",
    example="a line item is written again without its description, but GET returns the previous description",
    fix="replace the whole record; PUT is not PATCH",
    over=put_operations,
    needs=("OR-WRT-05",),
)
def nothing_kept(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    lifecycle = lifecycle_of(tenant, operation)
    second = lifecycle.read_after_replace
    left_out = sorted(lifecycle.record.keys() - lifecycle.replacement.keys())
    if second.problem is not None:
        raise ExplainedBy("OR-WRT-05", f"the replaced record could not be read ({second.problem})")
    kept = [name for name in left_out if second.rows[0].get(name) not in (None, "")]
    if kept:
        yield finding(
            f"the second PUT omitted {', '.join(kept)}, but the record still has a value there",
            second,
            [lifecycle.sourced_id],
        )
        return
    before, after = lifecycle.without_metadata
    if _has_metadata(before) and _has_metadata(after):
        yield finding("the second PUT omitted metadata, but the record still has it", after, after.ids)
    elif not left_out and not _has_metadata(before):
        raise NotEnoughData(0, 1, "optional property to omit")


def _has_metadata(reading: ParsedResponse) -> bool:
    """Return whether a record has the metadata that the kit wrote."""
    found = reading.rows[0].get("metadata") if reading.rows else None
    return isinstance(found, dict) and METADATA in found


@rule(
    "OR-WRT-08",
    family="writes",
    harm=Harm.FORM,
    title="A PUT response is empty, or contains the record under its wrapper",
    clause="2 note W, content of a PUT response [C]",
    example="the response contains the record without the key category around it",
    fix="return an empty body, or the body that GET returns for the record",
    over=put_operations,
)
def answer_of_put(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    lifecycle = lifecycle_of(tenant, operation)
    lifecycle.require_created()
    if not lifecycle.created.body.strip():
        return
    payload = lifecycle.created.json
    if not isinstance(payload, dict):
        yield write_finding(
            "the body of the PUT response is not a JSON object", lifecycle.created, lifecycle.sourced_id
        )
        return
    echo = payload.get(lifecycle.wrapper)
    if not isinstance(echo, dict):
        yield write_finding(
            f"the PUT response contains no object under the key '{lifecycle.wrapper}'",
            lifecycle.created,
            lifecycle.sourced_id,
        )
    elif names := changed_properties(lifecycle.definition, lifecycle.record, echo):
        message = f"the record in the PUT response has other values of {', '.join(names)} than written"
        same = lifecycle.changed_at_first.issuperset(names)
        found = write_finding(message, lifecycle.created, lifecycle.sourced_id)
        yield replace(found, symptom_of=READ_BACK) if same else found


def puts_with_score(tenant: ObservedTenant) -> Iterator[Operation]:
    """The PUT operations of records that have a score."""
    return (each for each in put_operations(tenant) if "score" in tenant.properties(each.body))


@rule(
    "OR-WRT-09",
    family="writes",
    title="A score may exceed resultValueMax",
    clause="5.12 Result.score, extra credit [A]",
    example="a score of 12.5 for a line item with resultValueMax 10 returns 422, or is stored as 10",
    fix="store the score unchanged; teachers give extra credit",
    stands_on=("property Result.score",),
    over=puts_with_score,
)
def extra_credit(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    lifecycle = lifecycle_of(tenant, operation)
    yield from _put_changed_copy(lifecycle, {"score": MAX_SCORE * 1.25}, "a score above resultValueMax")
    yield from _put_changed_copy(
        lifecycle, {"score": MANY_POINTS}, "a score far above resultValueMax", rejection_level=Level.SHOULD
    )


def puts_with_text(tenant: ObservedTenant) -> Iterator[Operation]:
    """The PUT operations of records that have a title or another free text."""
    return (each for each in put_operations(tenant) if set(TEXTS) & tenant.properties(each.body).keys())


@rule(
    "OR-WRT-10",
    family="writes",
    title="A text is stored in full, however long and whatever its letters",
    clause="5.8, 5.9 and 5.12 title, description and comment, strings without a maximum length [A]",
    example="a title of 600 characters is read back with 255, É as ?, or & as &amp;",
    fix="store the text in full, or reject the record with 422; never truncate, escape or clean it silently",
    over=puts_with_text,
)
def long_title(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    lifecycle = lifecycle_of(tenant, operation)
    names = [name for name in TEXTS if name in lifecycle.record]
    what = " and ".join(names)
    long = (f"{TITLE} " * LONG_TITLE)[:LONG_TITLE].strip().ljust(LONG_TITLE, ".")
    # No source sets a maximum length, so rejecting a long title is only an open point.
    yield from _put_changed_copy(
        lifecycle, dict.fromkeys(names, long), f"a {what} of {LONG_TITLE} characters", rejection_level=Level.OPEN
    )
    for text, content in (
        (RARE_TITLE, "letters beyond ASCII"),
        (ODD_TEXT, "punctuation"),
    ):
        yield from _put_changed_copy(
            lifecycle, dict.fromkeys(names, text), f"a {what} with {content}", rejection_level=Level.SHOULD
        )
    if notes := [name for name in names if name != "title"]:
        # The title tells people where an object comes from that could not be removed.
        content = f"a {' and '.join(notes)} of digits"
        yield from _put_changed_copy(lifecycle, dict.fromkeys(notes, DIGITS), content, rejection_level=Level.SHOULD)
    yield from _put_changed_copy(
        lifecycle, dict.fromkeys(names, BLANKS), f"a {what} with a line break", Level.OPEN, Level.SHOULD
    )
    yield from _put_changed_copy(lifecycle, {"metadata": ANY_METADATA}, "metadata", Level.SHOULD, Level.SHOULD)


def _put_changed_copy(
    lifecycle: Lifecycle,
    changes: Record,
    content: str,
    rejection_level: Level | None = None,
    difference_level: Level | None = None,
) -> Iterator[Finding]:
    """Write a copy of the first object with some other values, and check that it is stored."""
    _ = lifecycle.read_after_create
    sourced_id = lifecycle.objects.new_id()
    record = {**lifecycle.record, **changes, "sourcedId": sourced_id}
    exchange = lifecycle.objects.put(lifecycle.element, sourced_id, {lifecycle.wrapper: record})
    if exchange.status not in DONE:
        level = rejection_level if exchange.status < 500 else None
        yield write_finding(
            f"a PUT with {content} returned HTTP {exchange.status} instead of 201", exchange, sourced_id, level=level
        )
    else:
        reading = lifecycle.objects.read(lifecycle.element, sourced_id)
        for each in _stored_differences(lifecycle, record, reading):
            yield each if difference_level is None else replace(each, level=difference_level)
