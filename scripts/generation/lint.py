"""Lint a document: its vocabulary, valid OpenAPI 3.1, and the rules of `lint_rules`."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from jsonschema.exceptions import ValidationError
from openapi_spec_validator import OpenAPIV31SpecValidator
from openapi_spec_validator.validation.exceptions import DuplicateOperationIDError, UnresolvableParameterError

from generation import document
from generation.lint_document import Found, Path, target, walk
from generation.lint_rules import STAGES
from oneroster_runtime.specification.schemas import escape
from oneroster_runtime.specification.vocabulary import nearest, vocabulary_problems

_MOST_LINES = 5
_UNEXPECTED = re.compile(r"\('([^']+)' was unexpected\)")

__all__ = ["Problem", "pointer", "problems"]


class Problem(NamedTuple):
    """A violation of a rule, and its place."""

    rule: str
    pointer: str
    line: int
    message: str
    file: str = "openapi.yaml"

    def __str__(self) -> str:
        """Return the problem as one line that an editor can follow."""
        return f"{self.file}:{self.line}: {self.message} [{self.rule}] at {self.pointer or '/'}"


def problems(source: document.Document, file: str = "openapi.yaml") -> list[Problem]:
    """Return all problems of a document, in the order of its lines.

    The lint goes on only while there are none: first the vocabulary, then OpenAPI, then the stages of the rules. What
    follows would repeat the same mistake in other words. A mistake at several places is one problem.

    Args:
        source: The document.
        file: The name of its file, for messages.
    """
    found = _located(source, file, "vocabulary", vocabulary_problems(source.data))
    found = found or _located(source, file, "openapi-3.1", _invalid(source.data))
    for stage in STAGES:
        found = found or [each for rule in stage for each in _located(source, file, rule.name, rule.check(source.data))]
    return _merged(sorted(found, key=lambda problem: (problem.line, problem.rule, problem.message)))


def pointer(path: Path) -> str:
    """Return a path of keys and indices as a JSON pointer (RFC 6901)."""
    return "".join(f"/{escape(str(step))}" for step in path)


def _merged(found: list[Problem]) -> list[Problem]:
    """Return one problem for each message, with the lines of its other places."""
    places: dict[str, list[Problem]] = {}
    for each in found:
        places.setdefault(each.message, []).append(each)
    merged = []
    for first, *others in places.values():
        lines = list(dict.fromkeys(str(each.line) for each in others if each.line != first.line))
        shown = ", ".join(lines[:_MOST_LINES]) + (
            f" and {len(lines) - _MOST_LINES} more" if lines[_MOST_LINES:] else ""
        )
        also = f"; also on line{'s' if len(lines) > 1 else ''} {shown}" if lines else ""
        merged.append(first._replace(message=first.message + also))
    return merged


def _located(source: document.Document, file: str, rule: str, found: Iterable[tuple[Path, str]]) -> list[Problem]:
    return [
        Problem(rule, place, source.line(place) or 1, message, file)
        for path, message in found
        for place in [pointer(path)]
    ]


def _invalid(data: Any) -> Found:
    if not str(data.get("openapi", "")).startswith("3.1."):
        yield ("openapi",), "the document does not say openapi: 3.1.x"
        return
    # The validator stops at a reference that leads nowhere and does not report its place.
    lost = list(_lost_references(data))
    yield from lost
    for error in () if lost else OpenAPIV31SpecValidator(data).iter_errors():
        if isinstance(error, DuplicateOperationIDError | UnresolvableParameterError):
            continue  # it has no place; the rules operation-id and path-parameters report it
        cause = _innermost(error)
        path, message = _whole_path(data, cause), str(cause.message).splitlines()[0][:300]
        named = _UNEXPECTED.search(message)
        yield (*path, named.group(1)) if named else path, message


def _innermost(error: ValidationError) -> ValidationError:
    """Return the cause of an error that is as near to the mistake as the validator knows it."""
    while error.context:
        deepest = max(len(each.absolute_path) for each in error.context)
        error = next(each for each in error.context if len(each.absolute_path) == deepest)
    return error


def _whole_path(data: Any, error: ValidationError) -> Path:
    """Return the path from the root of the document; the validator gives that of a schema from the schema on."""
    path = tuple(error.absolute_path)
    if _has(data, path, error.instance):
        return path
    above = (prefix for prefix, part in walk(data) if _has(part, path, error.instance))
    return (*next(above, ()), *path)


def _has(part: Any, path: Path, value: Any) -> bool:
    for step in path:
        known = isinstance(part, Mapping) if isinstance(step, str) else isinstance(part, list)
        if not known or (step not in part if isinstance(step, str) else step >= len(part)):
            return False
        part = part[step]
    return bool(part is value or (part == value and not isinstance(value, Mapping | list)))


def _lost_references(data: Mapping[str, Any]) -> Found:
    references = {path: value for path, value in walk(data) if path[-1:] == ("$ref",) and isinstance(value, str)}
    used = set(references.values())
    for path, value in references.items():
        if target(data, value) is None:
            section, _, name = value.rpartition("/")
            known = target(data, section)
            known = list(known) if isinstance(known, Mapping) else []
            # What nothing refers to is likely the part whose name changed.
            unused = [each for each in known if f"{section}/{each}" not in used]
            yield path, f"nothing is at {value}{nearest(name, unused) or nearest(name, known)}"
