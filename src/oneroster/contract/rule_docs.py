"""The catalogue of rules as a text to look things up in: for the command `oneroster rules`, and as a page."""

from collections.abc import Iterable, Iterator
from typing import Any, Final

from oneroster.contract.levels import Level
from oneroster.contract.rule import FAMILIES, Rule

__all__ = ["FAMILY_TEXTS", "LEVEL_TEXTS", "as_json", "page"]

LEVEL_TEXTS: Final = {
    Level.MUST: "The standard surely says so: a breach fails the server.",
    Level.SHOULD: "The standard probably says so: a breach is a warning.",
    Level.OPEN: "The sources do not agree: what the server does is told, and never held against it.",
}
"""What each level means for a server."""

FAMILY_TEXTS: Final = {
    "envelope": "where the data of an answer stands, and as what it is declared",
    "schema": "every record, property by property, against the strict document",
    "paging": "limit, offset, totals, links, and that no row is lost on the way",
    "sorting": "the order that sort and orderBy ask for",
    "filtering": "the rows that a filter selects, and what happens to a filter that is none",
    "fields": "the properties that a field selection leaves",
    "semantics": "subsets, nested collections, references, and single records beside their lists",
    "access": "who comes in, and who does not",
    "errors": "how a request that cannot be answered is refused",
    "privacy": "what must not be seen by those whom it does not concern",
    "http": "media types, methods, caches and the like",
    "writes": "putting and deleting, on objects that the kit makes itself (only with --allow-writes)",
    "engine": "whatever lawful thing nobody thought of, asked by schemathesis",
}
"""What each family is about."""

_HEAD: Final = """# The rules

<!-- Made by scripts/docs from the rules themselves. Do not edit. -->

What `oneroster check` judges a server by; `oneroster rules` shows the same on the command line. Numbers never change
their meaning. A clause names the place in the OneRoster 1.1 documents, with a mark for how certain it is: A certain,
B probable, C the sources do not agree. The mark gives the level:

"""


def as_json(rule: Rule) -> dict[str, Any]:
    """All that is to be said of a rule, as JSON types."""
    return {
        "id": rule.id,
        "family": rule.family,
        "title": rule.title,
        "level": str(rule.level),
        "clause": rule.clause,
        "example": rule.example,
        "fix": rule.fix,
        "needs": list(rule.needs),
    }


def page(rules: Iterable[Rule]) -> str:
    """The catalogue as a page in Markdown, family by family."""
    known = list(rules)
    return _HEAD + "\n".join(_lines(known)) + "\n"


def _lines(rules: list[Rule]) -> Iterator[str]:
    for level, text in LEVEL_TEXTS.items():
        yield f"- **{level}**: {text[0].lower()}{text[1:]}"
    for family in FAMILIES:
        mine = sorted((rule for rule in rules if rule.family == family), key=lambda rule: rule.id)
        if mine:
            yield f"\n## {family.capitalize()}\n"
            text = FAMILY_TEXTS[family]
            yield f"{text[0].upper()}{text[1:]}."
            for rule in mine:
                yield from _entry(rule)


def _entry(rule: Rule) -> Iterator[str]:
    yield f"\n### {rule.id}: {rule.title}\n"
    yield f"- **Level**: {rule.level}; clause {rule.clause}"
    yield f"- **Example**: {rule.example}."
    yield f"- **Fix**: {rule.fix}."
    if rule.needs:
        yield f"- **Judged only where these hold**: {', '.join(rule.needs)}"
