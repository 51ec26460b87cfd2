"""What a difference of the document means for the verdicts on servers: the rules of the contract kit that it moves."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from generation.differences import Difference
    from oneroster_runtime.specification import Specification

__all__ = ["FACETS", "moved_levels", "moved_verdicts"]

_LEVELS = {"A": "must", "B": "should", "C": "open"}
_SCHEMA = r"/components/schemas/[^/]+(?:/allOf/[^/]+)?"
_PROPERTY = rf"{_SCHEMA}/properties/[^/]+"
_OPERATION = r"/paths/[^/]+/[^/]+"
_VALUES = "OR-SCH-02 OR-SCH-03 OR-SCH-04 OR-SCH-05 OR-SCH-06 OR-SCH-07 OR-ENG-03 OR-WRT-13"
_ALL = "all rules"
_MARK = re.compile(r".*/(x-oneroster-trust|trust|x-oneroster-oauth-scopes(/.*)?)")


class Facet(NamedTuple):
    """Parts of a document, by a pattern of their pointers, and the rules that judge by them."""

    pattern: re.Pattern[str]
    rules: str


# The first pattern that fits counts.
FACETS = [
    Facet(re.compile(pattern), rules)
    for pattern, rules in (
        (rf"{_PROPERTY}/x-oneroster-presence\b.*", "OR-SCH-01 OR-SCH-06"),
        (rf"{_PROPERTY}/x-oneroster-reference\b.*", "OR-SEM-05 OR-SEM-06 OR-SEM-09"),
        (rf"{_PROPERTY}/x-oneroster-(personal|secret)", "OR-PRV-01 OR-PRV-02 OR-PRV-03 OR-PRV-04"),
        (rf"{_PROPERTY}/x-oneroster-profiles\b.*", f"OR-SCH-01 {_VALUES}"),
        (rf"{_PROPERTY}", f"OR-SCH-01 {_VALUES}"),
        (rf"{_PROPERTY}/.*", _VALUES),
        (rf"{_SCHEMA}/required\b.*", "OR-SCH-01 OR-SCH-06 OR-ENG-03 OR-WRT-13"),
        (rf"{_SCHEMA}/((enum|anyOf)\b.*|x-oneroster-trust)", "OR-SCH-03 OR-SCH-06 OR-ENG-03"),
        (rf"{_SCHEMA}/x-oneroster-(wrapper|element|many)", "OR-ENV-01 OR-ENV-02 OR-ENG-03"),
        (rf"{_SCHEMA}/x-oneroster-(collection|read)", "OR-SEM-05 OR-SEM-07 OR-SEM-08"),
        (rf"{_SCHEMA}(/.*)?", f"OR-SCH-01 {_VALUES}"),
        (rf"{_OPERATION}/x-oneroster-scope\b.*", "OR-SEM-03 OR-SEM-04 OR-SEM-11 OR-SEM-12"),
        (rf"{_OPERATION}/security\b.*", "OR-ACC-11 OR-ACC-19 OR-PRV-05 OR-WRT-29"),
        (rf"{_OPERATION}/responses/2[^/]*", "OR-ENG-02 OR-ENG-03 OR-WRT-02 OR-WRT-06 OR-WRT-18"),
        (rf"{_OPERATION}/responses\b.*", "OR-ENG-02"),
        (rf"{_OPERATION}/parameters\b.*", "OR-PAG-01 OR-SRT-01 OR-FLT-01 OR-FLD-01 OR-FLD-02"),
        (rf"{_OPERATION}/requestBody\b.*", "OR-WRT-01 OR-WRT-12 OR-WRT-13"),
        (rf"{_OPERATION}(/(operationId|x-oneroster-profiles|x-oneroster-stands-for|tags)\b.*)?", _ALL),
        (r"/components/responses/[^/]+/x-oneroster-subset\b.*", "OR-SEM-01 OR-SEM-02"),
        (r"/components/responses/[^/]+/links\b.*", "OR-SEM-08 OR-ENG-06"),
        (r"/components/responses\b.*", "OR-ENV-01 OR-ENV-02 OR-ENG-02 OR-ENG-03"),
        (r"/components/parameters/Limit\b.*", "OR-PAG-01 OR-PAG-08 OR-ERR-05"),
        (r"/components/parameters/Offset\b.*", "OR-PAG-02 OR-PAG-07 OR-ERR-05"),
        (r"/components/parameters/(Sort|OrderBy)\b.*", "OR-SRT-01 OR-SRT-02 OR-SRT-03"),
        (r"/components/parameters/Filter\b.*", "OR-FLT-01 OR-FLT-12 OR-FLT-13"),
        (r"/components/parameters/Fields\b.*", "OR-FLD-01 OR-FLD-02 OR-FLD-05"),
        (r"/components/parameters\b.*", "OR-ERR-01 OR-ENG-05"),
        (r"/components/headers/X-Total-Count\b.*", "OR-PAG-05 OR-PAG-11"),
        (r"/components/headers\b.*", "OR-PAG-06 OR-PAG-12 OR-PAG-13"),
        (r"/components/requestBodies\b.*", "OR-WRT-01 OR-WRT-12 OR-WRT-13"),
        (r"/components/securitySchemes\b.*", "OR-ACC-11 OR-ACC-19 OR-PRV-05 OR-WRT-29"),
        (r"/x-oneroster-profiles/[^/]+/booleans", "OR-SCH-06 OR-FLT-08"),
        (r"/x-oneroster-profiles/[^/]+", _ALL),
        (r"/x-oneroster-status\b.*", "OR-ERR-07 OR-ERR-08 OR-ENV-04"),
        (r"/servers\b.*", _ALL),
    )
]


def moved_verdicts(difference: Difference) -> str | None:
    """Return in words which verdicts a difference moves; None if no rule depends on the part."""
    for facet in FACETS:
        if facet.pattern.fullmatch(difference.pointer):
            rules = facet.rules if facet.rules == _ALL else facet.rules.replace(" ", ", ")
            return f"{difference}{_levels(difference)}; judged by {rules}"
    return None


def _levels(difference: Difference) -> str:
    before, after = (str(value.get("trust") if isinstance(value, dict) else value) for value in difference[1:])
    if {before, after} & _LEVELS.keys() and {before, after} <= {*_LEVELS, "None"}:
        return (
            f" (from {_LEVELS.get(before, 'the level of the fact')} to {_LEVELS.get(after, 'the level of the fact')})"
        )
    return ""


def moved_levels(found: Sequence[Difference], before: Specification, after: Specification) -> Iterator[str]:
    """Yield in words the rules whose level changes with the marks of what they stand on."""
    if not any(_MARK.fullmatch(each.pointer) for each in found):
        return
    try:
        from oneroster.contract.catalogue import catalogue
        from oneroster.contract.grounds import standing_on
    except (ImportError, OSError):  # there is no generated package yet
        return
    moved: dict[tuple[str, str], dict[str, int]] = {}
    for rule in catalogue():
        for name in before.operations.keys() & after.operations.keys():
            try:
                old = standing_on(rule, before.operations[name], before).level
                new = standing_on(rule, after.operations[name], after).level
            except KeyError:  # a mark that is none; the lint reports it
                continue
            if old is not new:
                counts = moved.setdefault((str(old), str(new)), {})
                counts[rule.id] = counts.get(rule.id, 0) + 1
    for (old_level, new_level), counts in moved.items():
        rules = ", ".join(f"{rule_id} ({count})" for rule_id, count in counts.items())
        yield f"the level changes from {old_level} to {new_level} for these rules (operations): {rules}"
