"""Rules on score scales, and on the scores and classes of results, as OneRoster 1.2 describes them."""

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from typing import Any, Final

from oneroster.contract.errors import NotEnoughData
from oneroster.contract.http.parsed_response import Record, identity
from oneroster.contract.levels import Level
from oneroster.contract.observation.evidence import CauseCount, count_of, counted_finding
from oneroster.contract.observation.membership import is_live
from oneroster.contract.observation.observed_tenant import ObservedTenant
from oneroster.contract.oracle.filters import parse_number
from oneroster.contract.oracle.reference_forms import references_at
from oneroster.contract.result import Finding
from oneroster.contract.rule import rule
from oneroster.contract.rules.additions import records_at
from oneroster.contract.rules.semantics_records import records_that
from oneroster.contract.rules.semantics_values import base_collection_of
from oneroster_runtime.specification import Operation


def _bounds(value: Any) -> tuple[float, float] | None:
    """Return the ends of a range of numbers; None for any other value, which may be anything."""
    first, dash, last = value.partition("-") if isinstance(value, str) else ("", "", "")
    ends = parse_number(first.strip()), parse_number(last.strip())
    return (ends[0], ends[1]) if dash and ends[0] is not None and ends[1] is not None else None


@rule(
    "OR-ADD-05",
    family="additions",
    title="The values of a score scale do not contradict each other",
    clause="2.4 ScoreScaleValue.itemValueLHS, a value or a range with both ends [B]",
    example="a score scale has the range 100-90, or the ranges 80-90 and 90-100, which share 90",
    fix="write the lower end of a range first, and let no two ranges share a value",
    over=base_collection_of("ScoreScale"),
)
def possible_scales(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    def contradicts(row: Record) -> bool:
        values = [each.get("itemValueLHS") for each in records_at(row, "scoreScaleValue")]
        texts = [value for value in values if isinstance(value, str)]
        ranges = sorted(bounds for value in values if (bounds := _bounds(value)) is not None)
        shared = any(one[1] >= other[0] for one, other in pairwise(ranges))
        return len(set(texts)) < len(texts) or any(low > high for low, high in ranges) or shared

    what = "a value stands twice, a range is reversed, or two ranges share a value"
    yield from records_that(tenant, operation, contradicts, what, "scoreScaleValue[].itemValueLHS")


def _is_no_text_of(value: Any, values: list[Record]) -> bool | None:
    """Return whether a textScore is no value of a scale; None without one."""
    if not isinstance(value, str) or not value:
        return None
    return value not in {each.get(name) for each in values for name in ("itemValueLHS", "itemValueRHS")}


def _is_below(value: Any, values: list[Record]) -> bool | None:
    """Return whether a score is below all numbers of a scale; None if one of them is not a number.

    A score above them may be extra credit, and one between two ranges is rounded.
    """
    texts = [each.get("itemValueLHS") for each in values]
    lowest = [_bounds(text) or (parse_number(text), None) for text in texts]
    numbers = [low for low, _ in lowest if low is not None]
    score = parse_number(value)
    return None if score is None or not numbers or len(numbers) < len(texts) else score < min(numbers)


SCORES: Final = {
    "textScore": (_is_no_text_of, "textScore is no value of the score scale"),
    "score": (_is_below, "score is below all values of the score scale"),
}


@rule(
    "OR-ADD-06",
    family="additions",
    title="A score and a textScore fit their score scale",
    clause="2.4 score, 2.5 textScore, must fit the score scale [A]",
    example="the textScore is Z, and the score scale of the result has the values A to F",
    fix="send a value of the score scale, or leave out scoreScale",
    over=base_collection_of("Result", "AssessmentResult"),
)
def scores_fit(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    found, judged = tenant.walk(operation), Counter[str]()
    scales = tenant.all_rows(tenant.dialect.collection_of("ScoreScale"))
    tallies = {name: CauseCount(found.pages[0]) for name in SCORES}
    for row in filter(is_live, found.rows):
        known = [scales[name] for item in references_at(row, "scoreScale") if (name := identity(item) or "") in scales]
        values = [each for scale in known for each in records_at(scale, "scoreScaleValue")]
        for name, (fails, _) in SCORES.items():
            if values and (failed := fails(row.get(name), values)) is not None:
                judged[name] += 1
                if failed:
                    tallies[name].add(identity(row))
    if not judged:
        raise NotEnoughData(0, 1, "score with a score scale")
    for name, tally in tallies.items():
        if tally.count:
            message = f"{SCORES[name][1]} in {tally.count} of {count_of(judged[name], 'record')}"
            stated = (operation.element, name) != ("Result", "textScore")
            yield counted_finding(message, tally, name, judged[name], None if stated else Level.SHOULD)


@rule(
    "OR-ADD-19",
    family="additions",
    title="The class of a result is that of its line item",
    clause="6.8 class of a result, equal to the class of its line item [B]",
    example="a result names class c-2, and its line item belongs to class c-1",
    fix="derive the class of a result from its line item, or leave it out",
    over=base_collection_of("Result"),
    needs=("OR-SEM-05",),
)
def class_of_the_line_item(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    found, judged = tenant.walk(operation), 0
    items = tenant.all_rows(tenant.dialect.collection_of("LineItem"))
    tally = CauseCount(found.pages[0])
    for row in filter(is_live, found.rows):
        own = {identity(item) for item in references_at(row, "class")}
        belongs = [items.get(identity(item) or "", {}) for item in references_at(row, "lineItem")]
        classes = {identity(item) for each in belongs for item in references_at(each, "class")}
        if not own or not classes:
            continue
        judged += 1
        if own.isdisjoint(classes):
            tally.add(identity(row))
    if not judged:
        raise NotEnoughData(0, 1, "result with a class")
    if tally.count:
        message = f"class is not that of the line item in {tally.count} of {count_of(judged, 'record')}"
        yield counted_finding(message, tally, "class", judged)
