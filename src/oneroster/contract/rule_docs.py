"""Documentation of the rules, for the command `oneroster rules` and for docs/rules.md."""

from collections.abc import Iterable, Iterator
from typing import Any, Final

from oneroster.contract.clauses import Fact
from oneroster.contract.clauses_by_version import VERSIONS, Basis, basis, clauses_in
from oneroster.contract.grounds import grounds_of
from oneroster.contract.levels import Level
from oneroster.contract.rule import FAMILIES, Rule

__all__ = ["FAMILY_TEXTS", "LEVEL_TEXTS", "basis_text", "clauses_as_markdown", "rule_as_json", "rules_as_markdown"]

LEVEL_TEXTS: Final = {
    Level.MUST: "The standard certainly requires this. A violation fails the run.",
    Level.SHOULD: "The standard probably requires this. A violation is a warning.",
    Level.OPEN: "The sources disagree, or do not say. The report describes what the server does and never fails it.",
}
"""What each level means for a server."""

FAMILY_TEXTS: Final = {
    "envelope": "the key that contains the data of a response, and its media type",
    "schema": "every record, property by property, against the strict document",
    "paging": "limit, offset, totals and links, and that every row is returned exactly once",
    "sorting": "the order of the rows with sort and orderBy",
    "filtering": "the rows that a filter returns, and the rejection of invalid filters",
    "fields": "the properties that a field selection returns",
    "combinations": "filter, sort, fields, limit and offset together, on whole, specialised and nested collections",
    "semantics": "specialised and nested collections, references, ids, and single reads compared with their lists",
    "access": "authentication, tokens, signatures and scopes",
    "errors": "status codes and bodies of error responses",
    "additions": "what later versions add: roles, profiles, score scales, objectives, status objects, discovery",
    "privacy": "passwords, personal data in errors, URLs and links, and the scope of demographics",
    "http": "charset, HEAD and OPTIONS, caching, compression, content negotiation and redirects",
    "writes": "PUT and DELETE, on objects that the kit creates (only with --allow-writes)",
    "engine": "responses to requests that schemathesis generates",
}
"""What the rules of each family check."""

_MARKS: Final = {Level.MUST: "[A], certain", Level.SHOULD: "[B], probable", Level.OPEN: "[C], uncertain"}

_HEAD: Final = """# Rules

<!-- Written by scripts/docs from the rules. Do not edit. -->

`oneroster check` tests a server against these rules. `oneroster rules` shows them in the terminal,
`oneroster rules OR-PAG-05` a single one. The ids of rules do not change between versions.

Each rule has:

- for each version of OneRoster a **level**, which says how much a violation counts, and a **clause**: the fact of the
  standard, or the section of an RFC, that the rule is based on. A mark says how certain the fact is, and gives the
  level. A single finding can have a lower level than its rule, if it is about a less certain fact. Rules that do not
  apply to a version say why;
- a **harm**: what a violation does to those who read the tenant. Reports list what to fix first by harm: rows lost,
  foreign or hidden; access and injection; privacy; wrong values; form;
- often what else it **stands on** in the document, besides the operation: parameters, statuses, headers, scopes. A rule
  is at most as certain on an operation as the marks of these, so no server fails for an uncertain part of the document;
- an **example** of a violation, and how to **fix** the server;
- often **prerequisites**: the rule is evaluated only on operations where these rules hold, because a violation of a
  prerequisite would cause the same finding here. A violated should does not keep a must from being evaluated.

| level | mark | meaning |
|---|---|---|
"""


_CLAUSES_HEAD: Final = """# Clauses

<!-- Written by scripts/docs from oneroster.contract.clauses. Do not edit. -->

The facts of OneRoster on which [the rules](rules.md) are based, and the rules that check each, for each version. A mark
says how certain a fact is: A certain, B probable, C uncertain or contradictory. `oneroster rules --uncovered` lists the
clauses that no rule checks, with `--standard` those of another version.
"""
_CLAUSES_TABLE: Final = "\n| section | mark | clause | rules |\n|---|---|---|---|\n"


def clauses_as_markdown() -> str:
    """Return the clauses of each version as a Markdown page, each with its rules or the reason why it has none."""
    tables = (f"\n## OneRoster {version}\n{_CLAUSES_TABLE}{_rows(clauses_in(version))}" for version in VERSIONS)
    return _CLAUSES_HEAD + "".join(tables)


def _rows(clauses: Iterable[Fact]) -> str:
    rows = (
        f"| {each.section} | {each.trust} | {each.text} | {', '.join(each.rules) or f'none: {each.reason}'} |"
        for each in clauses
    )
    return "\n".join(rows) + "\n"


def rule_as_json(rule: Rule, version: str | None = None) -> dict[str, Any]:
    """Return the documentation of a rule as JSON types.

    Args:
        rule: The rule.
        version: The version that ``level`` and ``clause`` are of; the rule's first one if None.
    """
    own = basis(rule, version) if version else Basis(rule.clause)
    return {
        "id": rule.id,
        "family": rule.family,
        "title": rule.title,
        "level": str(own.level or "none"),
        "harm": str(rule.harm),
        "clause": own.clause,
        "versions": {version: _basis_as_json(rule, version) for version in VERSIONS},
        "example": rule.example,
        "fix": rule.fix,
        "stands_on": list(grounds_of(rule)),
        "needs": list(rule.needs),
    }


def _basis_as_json(rule: Rule, version: str) -> dict[str, str]:
    found = basis(rule, version)
    return {"level": str(found.level), "clause": found.clause} if found.level else {"does_not_apply": found.reason}


def basis_text(rule: Rule, version: str) -> str:
    """Return the level and the clause of a rule in a version, or why it does not apply."""
    found = basis(rule, version)
    return f"{found.level}, {found.clause}" if found.level else f"does not apply: {found.reason}"


def rules_as_markdown(rules: Iterable[Rule]) -> str:
    """Return the documentation of the rules as a Markdown page, by family."""
    return _HEAD + "\n".join(_lines(list(rules))) + "\n"


def _lines(rules: list[Rule]) -> Iterator[str]:
    for level, text in LEVEL_TEXTS.items():
        yield f"| {level} | {_MARKS[level]} | {text} |"
    by_family = {family: [rule for rule in rules if rule.family == family] for family in FAMILIES}
    yield "\n| family | rules | what they check |\n|---|--:|---|"
    for family, members in by_family.items():
        if members:
            yield f"| [{family}](#{family}) | {len(members)} | {FAMILY_TEXTS[family]} |"
    for family, members in by_family.items():
        if members:
            text = FAMILY_TEXTS[family]
            yield f"\n## {family.capitalize()}\n"
            yield f"{text[0].upper()}{text[1:]}."
            for rule in sorted(members, key=lambda rule: rule.id):
                yield from _entry(rule)


def _entry(rule: Rule) -> Iterator[str]:
    yield f"\n### {rule.id}: {rule.title}\n"
    for version in VERSIONS:
        yield f"- **OneRoster {version}**: {basis_text(rule, version)}"
    yield f"- **Harm**: {rule.harm}"
    yield f"- **Example**: {rule.example}"
    yield f"- **Fix**: {rule.fix}"
    if rule.stands_on:
        yield f"- **Stands on**: {', '.join(rule.stands_on)}"
    if rule.needs:
        yield f"- **Prerequisites**: {', '.join(rule.needs)}"
