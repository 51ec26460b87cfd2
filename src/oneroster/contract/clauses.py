"""The clauses of OneRoster 1.1, with the rules that check each, or why none does.

The sections and marks are those of the facts of ``openapi.yaml``: A certain, B probable, C uncertain or
contradictory. `oneroster rules --uncovered` shows the clauses without a rule.
"""

from collections.abc import Iterable
from typing import Final, NamedTuple

__all__ = ["CLAUSES", "Fact", "rule_ids", "uncovered_clauses"]


class Fact(NamedTuple):
    """One fact of the standard.

    Attributes:
        section: The section of the facts.
        trust: The trust mark: A, B or C.
        text: The fact.
        rules: The ids of the rules that check it.
        reason: Why no rule checks it; empty if one does.
    """

    section: str
    trust: str
    text: str
    rules: tuple[str, ...] = ()
    reason: str = ""


def rule_ids(prefix: str, *numbers: int) -> tuple[str, ...]:
    """Return the ids of rules of one family, as in ``OR-PAG-01``."""
    return tuple(f"OR-{prefix}-{number:02d}" for number in numbers)


_ids = rule_ids
_NO_RULE: Final = "no source gives a rule, so a server may do either"
_CHOICE: Final = "an advice to clients"
_VOCABULARY: Final = "schools outside the USA use local values"

CLAUSES: Final[tuple[Fact, ...]] = (
    Fact("1", "A", "the API root is /ims/oneroster and the version", (), "the base URL is an argument of the run"),
    Fact("1", "B", "transport is HTTPS", (), "the URL decides; a warning of the settings, not of the server"),
    Fact("1", "A", "requests and responses are JSON", _ids("ENV", 3, 5, 7) + _ids("HTP", 6, 8)),
    Fact("1", "B", "JSON is UTF-8", _ids("HTP", 1)),
    Fact("1", "A", "a PUT body has the wrapper of the GET", _ids("WRT", 1, 8, 12)),
    Fact("1", "A", "a date is YYYY-MM-DD", _ids("SCH", 4) + _ids("WRT", 26)),
    Fact("1", "A", "a dateTime is ISO 8601 in UTC", _ids("SCH", 5) + _ids("WRT", 26)),
    Fact("1", "A", "schoolYear is the year in which the school year ends", _ids("SEM", 18)),
    Fact("1", "B", "booleans are the strings true and false", _ids("SCH", 6) + _ids("FLT", 8)),
    Fact("1", "A", "numbers are JSON numbers", _ids("SCH", 2)),
    Fact("1", "A", "sourcedId is an opaque string", _ids("SEM", 17, 29, 30)),
    Fact("1", "A", "identifier lists are JSON arrays of strings", _ids("SCH", 2)),
    Fact("1", "B", "enumerations are not extended", _ids("SCH", 3)),
    Fact("1", "C", "null or absent", (), _NO_RULE),
    Fact("2", "A", "the operations and their paths", _ids("SEM", 23, 25, 35)),
    Fact("2", "A", "the wrappers of lists and single records", _ids("ENV", 1, 2, 6, 8) + _ids("ENG", 3)),
    Fact("2", "A", "a single read returns the record of the path", _ids("SEM", 7, 8, 24) + _ids("ENG", 5, 6)),
    Fact("2", "B", "what the specialised endpoints select", _ids("SEM", 1, 2, 26, 27)),
    Fact("2", "B", "nested endpoints return the rows of their parents", _ids("SEM", 3, 4, 11, 12, 28)),
    Fact("2", "A", "PUT creates or replaces the record", _ids("WRT", 3, 4, 5, 24)),
    Fact("6.2", "A", "code values in the responses to writes", _ids("WRT", 43)),
    Fact("2", "B", "PUT returns 201 or 200, and replaces the whole record", _ids("WRT", 2, 6, 7)),
    Fact("2", "C", "content of a PUT response, and another id in its body", _ids("WRT", 8, 15)),
    Fact("2", "A", "DELETE removes the record in the path", _ids("WRT", 19, 23, 25)),
    Fact("2", "B", "DELETE returns 204", _ids("WRT", 18)),
    Fact("2", "A", "no writes outside the gradebook, and no POST", _ids("WRT", 28)),
    Fact("3.1", "A", "limit", _ids("PAG", 1, 3, 4, 9, 10)),
    Fact("3.1", "A", "the default of limit is 100", _ids("PAG", 8)),
    Fact("3.1", "A", "offset", _ids("PAG", 2)),
    Fact("3.1", "A", "sort and orderBy", _ids("SRT", 1, 2, 6, 7)),
    Fact("3.1", "B", "without orderBy the order is ascending", _ids("SRT", 3)),
    Fact("3.1", "A", "all parameters on every collection", _ids("CMB", 1, 5)),
    Fact("3.2", "B", "bounds of filters, on every collection", _ids("CMB", 6)),
    Fact("3.1", "C", "sort by a nested field, and the collation", (), _NO_RULE),
    Fact("3.2", "A", "every data element can be filtered, with seven operators", _ids("FLT", 1, 2, 3, 4, 5, 6, 16)),
    Fact("3.2", "A", "texts of digits are texts", _ids("FLT", 17)),
    Fact("3.2", "A", "a value that no record has matches none", _ids("ERR", 11)),
    Fact("3.2", "A", "values are in single quotes, whatever their type", _ids("FLT", 7, 8)),
    Fact("3.2", "A", "AND and OR join two clauses", _ids("FLT", 11) + _ids("ERR", 12)),
    Fact("3.2", "B", "fields of references and lists can be filtered", _ids("FLT", 9, 10)),
    Fact("3.2", "A", "characters of a value have no other meaning", _ids("FLT", 14, 15)),
    Fact("3.2", "C", "case of string comparison, a quote inside a value, further entries of a list", (), _NO_RULE),
    Fact("3.3", "A", "a sort by an unknown field: all data, a warning", _ids("SRT", 4, 5) + _ids("ERR", 13)),
    Fact("3.3", "A", "the codes of a warning", _ids("ERR", 15, 18)),
    Fact("3.3", "A", "a filter by an unknown field returns 400 and no data", _ids("FLT", 12)),
    Fact("3.3", "C", "a filter that cannot be parsed", _ids("FLT", 13)),
    Fact("3.3", "A", "an unknown selected field returns all fields with a warning", _ids("FLD", 3, 4)),
    Fact("3.3", "B", "a blank selection returns 400", _ids("FLD", 5)),
    Fact("3.3", "C", "malformed limit, offset and orderBy", _ids("ERR", 4, 5)),
    Fact("3.3", "C", "unknown query parameters", (), _NO_RULE),
    Fact("3.3", "B", "an offset beyond the end returns an empty array", _ids("PAG", 7)),
    Fact("3.4", "B", "exactly the requested fields", _ids("FLD", 1, 2, 6) + _ids("ERR", 14) + _ids("CMB", 4)),
    Fact("3.4", "C", "nested selection", (), _NO_RULE),
    Fact("4", "A", "X-Total-Count is the number of matching records", _ids("PAG", 5, 11, 14) + _ids("CMB", 2)),
    Fact("4", "A", "Link with next, prev, first and last is recommended", _ids("PAG", 6, 12)),
    Fact("4", "B", "links repeat the parameters", _ids("PAG", 13) + _ids("CMB", 3) + _ids("PRV", 4, 6)),
    Fact("4", "C", "Retry-After", (), "a tenant is not made busy on purpose"),
    Fact("5", "A", "required properties and types of every element", _ids("SCH", 1, 2, 8)),
    Fact("5", "B", "probable cardinalities", _ids("SCH", 6)),
    Fact("5.1", "A", "sourcedId is unique and stays", _ids("SEM", 10, 16, 28)),
    Fact("5.1", "A", "dateLastModified is the last change", _ids("WRT", 22) + _ids("SEM", 33, 38)),
    Fact("5.1", "A", "status is active or tobedeleted", _ids("SCH", 3) + _ids("WRT", 30)),
    Fact("5.1", "A", "metadata is free", (), "any value is valid"),
    Fact("5.2", "A", "a reference leads to a record of its type", _ids("SEM", 5, 6, 32) + _ids("WRT", 16, 27)),
    Fact("5.2", "A", "href is the URL of the record", _ids("SCH", 7) + _ids("SEM", 31)),
    Fact("5.2", "B", "href has no personal data", _ids("PRV", 3)),
    Fact("5.3", "B", "sessions begin before they end, and lie within their parents", _ids("SEM", 13, 22)),
    Fact("5.3", "B", "parent and children refer to each other", _ids("SEM", 9)),
    Fact("5.4", "A", "as many subjectCodes as subjects", _ids("SEM", 21)),
    Fact("5.5", "B", "schoolYear of a course, gradingPeriod, student: the kind of the record", _ids("SEM", 19)),
    Fact("5.6", "A", "demographics have the id of their user", _ids("SEM", 15)),
    Fact("5.6", "B", "demographics are apart from other records", _ids("PRV", 8)),
    Fact("5.7", "A", "one primary teacher of a class in a period", _ids("SEM", 20)),
    Fact("5.7", "A", "an enrollment begins within the sessions of its class", _ids("SEM", 14)),
    Fact("5.7", "B", "an enrollment ends within the sessions of its class", _ids("SEM", 36)),
    Fact("5.7", "B", "roles of enrollments", (), "the sources list other roles as well"),
    Fact("5.8", "B", "resultValueMin and resultValueMax", _ids("SEM", 34)),
    Fact("5.8", "A", "titles of any length", _ids("WRT", 10)),
    Fact("5.12", "A", "a score may exceed resultValueMax", _ids("WRT", 9)),
    Fact("5.13", "A", "agents, in both directions", _ids("SEM", 37)),
    Fact("5.13", "C", "password", _ids("PRV", 1)),
    Fact("5.15", "A", "the enumerations", _ids("SCH", 3) + _ids("WRT", 26)),
    Fact("5.16", "B", "grades, subject codes and CEDS codes", (), _VOCABULARY),
    Fact("6.1", "A", "400 for an invalid request", _ids("WRT", 11, 14)),
    Fact("6.1", "A", "401 without valid credentials", _ids("ACC", 1, 2, 4, 16) + _ids("WRT", 17)),
    Fact("6.1", "B", "401 names the scheme", _ids("ACC", 5)),
    Fact("7.4", "B", "the scheme Bearer in any case", _ids("ACC", 22)),
    Fact("6.1", "A", "403 for what the caller may not do", _ids("ACC", 11, 19) + _ids("WRT", 21, 29)),
    Fact("6.1", "A", "404 for an unknown id or path", _ids("ERR", 1, 2) + _ids("WRT", 20)),
    Fact("6.1", "B", "422 for a body that cannot be processed", _ids("WRT", 12, 13)),
    Fact("6.1", "B", "429 for too many requests", (), "a tenant is not made busy on purpose"),
    Fact("6.1", "A", "500 for catastrophes only", _ids("ERR", 4, 10) + _ids("ENG", 1, 4)),
    Fact("6.1", "A", "a read that succeeds returns 200", _ids("ENV", 9)),
    Fact("6.1", "B", "a collection without records is 200 with an empty array", _ids("ENV", 10)),
    Fact("6.1", "B", "only documented statuses", _ids("ENG", 2)),
    Fact("6.1", "C", "304 and conditional requests", (), _NO_RULE),
    Fact("6.1", "C", "nested endpoint with an unknown parent", _ids("SEM", 11)),
    Fact("6.2", "B", "an error has a status payload with four elements", _ids("ERR", 6, 7, 9, 17) + _ids("ACC", 3)),
    Fact("6.2", "A", "the code values", _ids("ERR", 8, 16)),
    Fact("6.2", "B", "a description names no person and no credential", _ids("PRV", 2, 7)),
    Fact("6.3", "C", "the shape of the status payload", _ids("ENV", 4)),
    Fact("7.1", "B", "OAuth 1.0a timestamps and nonces", _ids("ACC", 12, 13)),
    Fact("7.2", "A", "OAuth 1.0a signing", _ids("ACC", 14, 18)),
    Fact("7.3", "A", "ClassLink's class", (), _CHOICE),
    Fact("7.4", "A", "client credentials", _ids("ACC", 6, 7, 17)),
    Fact("7.4", "B", "client id and secret by HTTP Basic", _ids("ACC", 20)),
    Fact("7.4", "A", "the token response", _ids("ACC", 8, 9, 15)),
    Fact("7.4", "B", "tokens expire", _ids("ACC", 10)),
    Fact("7.4", "B", "which scope an operation needs", _ids("ACC", 11, 19, 21) + _ids("PRV", 5) + _ids("WRT", 29)),
    Fact(
        "RFC 9110",
        "B",
        "methods, caching, compression, redirects",
        _ids("HTP", 2, 3, 4, 5, 7, 9, 10) + _ids("ERR", 3),
    ),
)
"""All clauses, in the order of the facts."""


def uncovered_clauses(clauses: Iterable[Fact] = CLAUSES) -> tuple[Fact, ...]:
    """Return the clauses that no rule checks."""
    return tuple(clause for clause in clauses if not clause.rules)
