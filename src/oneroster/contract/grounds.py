"""What a rule stands on in the document besides its clause: the marks of that lower its level, never raise it.

A ground is a word, and a name where it needs one:

- ``operation``: the operation with its path parameters, and the response of a read; every rule about one stands on it
- ``wrapper``: the key of the data in that response
- ``parameter NAME``, ``status CODE``, ``header NAME``: of the operation
- ``name NAME``: a parameter that the operation has, whatever is certain of the form of its values
- ``scopes``: which OAuth 2 scopes the operation needs
- ``scheme NAME``: a security scheme
- ``subset`` and ``parents``: which rows a specialised and a nested collection have
- ``property ELEMENT.NAME``: one property that the rule is about
- ``token endpoint``: the scheme ``oauth2`` alone; such a rule is about no operation
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Final, NamedTuple

from oneroster.contract.clauses_by_version import basis
from oneroster.contract.levels import Level, level_of, level_of_clause, lower_here, weakest
from oneroster.contract.rule import Rule
from oneroster_runtime.specification import Operation, Specification

__all__ = [
    "GROUND_KINDS",
    "NO_OPERATION",
    "Standing",
    "ground_marks",
    "grounds_of",
    "standing_of",
    "standing_on",
    "strongest_standing",
]

NO_OPERATION: Final = "token endpoint"
_GROUND_WORDS: Final[Mapping[str, str]] = {
    "operation": "this operation",
    "wrapper": "the key of its data",
    "scopes": "its scopes",
    "subset": "which rows it has",
    "parents": "which rows it has",
}
"""How a report calls the grounds that are words of this module."""
_SUCCESS: Final = 200
_BY_NAME: Final = "name"
_OF_FAMILY: Final[Mapping[str, tuple[str, ...]]] = {
    "paging": ("parameter limit", "parameter offset"),
    "sorting": ("parameter sort",),
    "filtering": ("parameter filter",),
    "fields": ("parameter fields",),
}
"""What all rules of a family stand on."""


def _operation(operation: Operation, _name: str, _specification: Specification) -> str:
    marks = [operation.trust, *(each.trust for each in operation.parameters if each.location == "path")]
    if operation.method == "GET":
        marks.append(dict(operation.status_trust).get(_SUCCESS, "A"))
    return max(marks)


def _parameter(operation: Operation, name: str, _specification: Specification) -> str | None:
    return next((each.trust for each in operation.parameters if each.name == name and each.location == "query"), None)


def _scopes(operation: Operation, _name: str, specification: Specification) -> str | None:
    return max((specification.scope_trust.get(scope, "A") for scope in operation.oauth_scopes), default=None)


def _property(_operation: Operation, name: str, specification: Specification) -> str | None:
    element, _, known = name.partition(".")
    found = specification.elements.get(element)
    return found and (found.properties[known].trust if known in found.properties else None)


_MARKS: Final[Mapping[str, Callable[[Operation, str, Specification], str | None]]] = {
    "operation": _operation,
    "wrapper": lambda operation, _name, _specification: operation.wrapper_trust,
    "parameter": _parameter,
    _BY_NAME: lambda operation, name, specification: "A" if _parameter(operation, name, specification) else None,
    "status": lambda operation, code, _specification: dict(operation.status_trust).get(int(code)),
    "header": lambda operation, name, _specification: dict(operation.header_trust).get(name),
    "scopes": _scopes,
    "scheme": lambda _operation, name, specification: specification.security_trust.get(name),
    "subset": lambda operation, _name, _specification: operation.subset and operation.subset.trust,
    "parents": lambda operation, _name, _specification: operation.scope and operation.scope.trust,
    "property": _property,
    "token": lambda _operation, _name, specification: specification.security_trust.get("oauth2"),
}
GROUND_KINDS: Final = frozenset(_MARKS)
"""The first words of grounds."""


class Standing(NamedTuple):
    """How certain a rule is on an operation.

    Attributes:
        level: The level.
        clause: The clause, and the marks of the document that lower its level.
    """

    level: Level
    clause: str


def grounds_of(rule: Rule) -> tuple[str, ...]:
    """Return what a rule stands on: what it names, what its family stands on, and the operation."""
    if NO_OPERATION in rule.stands_on:
        return rule.stands_on
    by_name = {ground.partition(" ")[2] for ground in rule.stands_on if ground.startswith(f"{_BY_NAME} ")}
    of_family = (each for each in _OF_FAMILY.get(rule.family, ()) if each.partition(" ")[2] not in by_name)
    return ("operation", *of_family, *rule.stands_on)


def ground_marks(rule: Rule, operation: Operation, specification: Specification) -> dict[str, str]:
    """Return the mark of each ground of a rule on an operation, without those that the document does not have."""
    found = {}
    for ground in grounds_of(rule):
        kind, _, name = ground.partition(" ")
        mark = _MARKS[kind](operation, name, specification)
        if mark is not None:
            found[ground] = mark
    return found


def standing_of(rule: Rule, version: str) -> Standing:
    """Return the level of a rule in a version, without the marks of the document."""
    clause = basis(rule, version).clause or rule.clause
    return Standing(level_of_clause(clause), clause)


def standing_on(rule: Rule, operation: Operation, specification: Specification) -> Standing:
    """Return the level of a rule on an operation: that of the weakest of its clause and its grounds."""
    own = standing_of(rule, specification.version)
    marks = ground_marks(rule, operation, specification)
    level = weakest(own.level, *(level_of(mark) for mark in marks.values()))
    if level is own.level:
        return own
    weak = ", ".join(_GROUND_WORDS.get(ground, ground) for ground, mark in marks.items() if level_of(mark) is level)
    return Standing(level, f"{own.clause}; {lower_here(level)} {weak}")


def strongest_standing(rule: Rule, operations: Iterable[Operation], specification: Specification) -> Standing:
    """Return the highest level that a rule has on any of the operations that have all of its grounds."""
    wanted = len(grounds_of(rule))
    fitting = (each for each in operations if len(ground_marks(rule, each, specification)) == wanted)
    found = [standing_on(rule, each, specification) for each in fitting] or [standing_of(rule, specification.version)]
    return min(found, key=lambda each: tuple(Level).index(each.level))
